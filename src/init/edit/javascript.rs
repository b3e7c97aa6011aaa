//! The tokens of JavaScript, as far as finding a list or an object in a config takes.

/// A token with its place in the text, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    pub kind: Kind<'a>,
    pub start: usize,
    pub end: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind<'a> {
    Word(&'a str),
    /// A string with what is between its quotes.
    Text(&'a str),
    Mark(char),
}

/// Comments and white space are left out. Regular expressions aren't known: a quote in one begins a string, which ends
/// with the line.
pub fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let start = text.len() - rest.len();
        let length = match first {
            _ if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            _ if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            '"' | '\'' | '`' => string(rest, first),
            _ if is_word(first) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        let (taken, left) = rest.split_at(length);
        rest = left;
        let kind = match first {
            _ if taken.starts_with("//") || taken.starts_with("/*") || first.is_whitespace() => continue,
            '"' | '\'' | '`' => {
                let inner = taken.strip_prefix(first).unwrap_or(taken);
                Kind::Text(inner.strip_suffix(first).unwrap_or(inner))
            }
            _ if is_word(first) => Kind::Word(taken),
            _ => Kind::Mark(first),
        };
        tokens.push(Token { kind, start, end: start + length });
    }
    tokens
}

/// Whether a token is this one.
pub fn is(tokens: &[Token], at: usize, kind: Kind) -> bool {
    tokens.get(at).is_some_and(|token| token.kind == kind)
}

/// What `read` makes of the expression that the module exports, by the expression's first token: of the one that follows
/// `export default` or `module.exports =`, or, where that is a name, of the one that the name stands for.
pub fn exported<T>(tokens: &[Token], read: impl Fn(usize) -> Option<T>) -> Option<T> {
    let is = |at, kind| is(tokens, at, kind);
    let start = (0..tokens.len()).find_map(|at| {
        if is(at, Kind::Word("export")) && is(at + 1, Kind::Word("default")) {
            return Some(at + 2);
        }
        let is_module =
            is(at, Kind::Word("module")) && is(at + 1, Kind::Mark('.')) && is(at + 2, Kind::Word("exports"));
        (is_module && is(at + 3, Kind::Mark('='))).then_some(at + 4)
    })?;
    read(start).or_else(|| {
        let Kind::Word(name) = tokens.get(start)?.kind else { return None };
        let declared = (0..tokens.len()).find(|at| {
            let declares = ["const", "let", "var"].iter().any(|word| is(*at, Kind::Word(word)));
            declares && is(at + 1, Kind::Word(name))
        })?;
        // A type may stand before the value: `const config: NextConfig = {`.
        let assigned = (declared + 2..declared + 6).find(|at| is(*at, Kind::Mark('=')))?;
        read(assigned + 1)
    })
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '$')
}

/// How many bytes the string takes that the text begins with.
fn string(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '\n' if quote != '`' => return at,
            _ if character == quote => return at + character.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_strings() {
        let kinds = |text| tokens(text).into_iter().map(|token| token.kind).collect::<Vec<_>>();
        let text = "// \"a\n/* b */ c('d\\'e', `f\n`) // g";
        let expected = [
            Kind::Word("c"),
            Kind::Mark('('),
            Kind::Text("d\\'e"),
            Kind::Mark(','),
            Kind::Text("f\n"),
            Kind::Mark(')'),
        ];
        assert_eq!(kinds(text), expected);
        assert_eq!(kinds("'a\nb"), [Kind::Text("a"), Kind::Word("b")]);
        assert_eq!(kinds("/* a"), []);
        assert_eq!(kinds("é\"ü"), [Kind::Word("é"), Kind::Text("ü")]);
    }
}
