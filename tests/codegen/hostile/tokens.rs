//! SQL and TypeScript as far as their literals, comments and names go.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Word,
    /// A string.
    Text,
    /// A name in quotes.
    Quoted,
    /// A text between backquotes.
    Template,
    Comment,
    Mark,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub kind: Kind,
    pub text: String,
}

struct Scanner<'t> {
    rest: &'t str,
    tokens: Vec<Token>,
}

impl<'t> Scanner<'t> {
    fn new(text: &'t str) -> Self {
        Self { rest: text, tokens: Vec::new() }
    }

    fn push(&mut self, kind: Kind, length: usize) -> &'t str {
        let (text, rest) = self.rest.split_at(length);
        self.rest = rest;
        self.tokens.push(Token { kind, text: text.to_owned() });
        text
    }

    /// What is left behind spaces, and its first character.
    fn next(&mut self) -> Option<(&'t str, char)> {
        self.rest = self.rest.trim_start_matches([' ', '\n']);
        Some((self.rest, self.rest.chars().next()?))
    }

    /// Up to the end of the line or the text.
    fn line_comment(&mut self, ends: &[char]) {
        self.push(Kind::Comment, self.rest.find(ends).unwrap_or(self.rest.len()));
    }

    fn block_comment(&mut self) -> Result<(), String> {
        let end = self.rest[2..].find("*/").ok_or("a comment without an end")?;
        self.push(Kind::Comment, end + 4);
        Ok(())
    }

    fn word_or_mark(&mut self, is_part: fn(char) -> bool) {
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let first = self.rest.chars().next().map_or(0, char::len_utf8);
        if end == 0 {
            self.push(Kind::Mark, first)
        } else {
            self.push(Kind::Word, end)
        };
    }
}

/// The bodies of functions, which PostgreSQL has in dollar quotes, count as the tokens that they are.
pub fn sql(text: &str) -> Result<Vec<Token>, String> {
    let mut scanner = Scanner::new(text);
    while let Some((rest, first)) = scanner.next() {
        match first {
            '\0' => return Err("a NUL".to_owned()),
            '-' if rest.starts_with("--") => scanner.line_comment(&['\n', '\r']),
            '/' if rest.starts_with("/*") => scanner.block_comment()?,
            '\'' | '"' => {
                let kind = if first == '\'' { Kind::Text } else { Kind::Quoted };
                scanner.push(kind, sql_string(rest, first)?);
            }
            '$' if dollar_tag(rest).is_some() => {
                let tag = dollar_tag(rest).unwrap_or_default();
                let end = rest[tag.len()..].find(tag).ok_or("a dollar quote without an end")?;
                let body = &rest[tag.len()..tag.len() + end];
                scanner.tokens.push(Token { kind: Kind::Mark, text: "$$".to_owned() });
                scanner.tokens.extend(sql(body)?);
                scanner.rest = &rest[end + 2 * tag.len()..];
            }
            _ => scanner.word_or_mark(|c| c.is_alphanumeric() || c == '_'),
        }
    }
    Ok(scanner.tokens)
}

fn sql_string(text: &str, quote: char) -> Result<usize, String> {
    let mut quotes = text.match_indices(quote).skip(1).peekable();
    while let Some((index, _)) = quotes.next() {
        if quotes.next_if(|(next, _)| *next == index + 1).is_none() {
            return Ok(index + 1);
        }
    }
    Err("a string without an end".to_owned())
}

fn dollar_tag(text: &str) -> Option<&str> {
    let end = text[1..].find('$')? + 2;
    let name = &text[1..end - 1];
    let is_tag = name.chars().all(|c| c.is_alphanumeric() || c == '_') && !name.starts_with(|c: char| c.is_numeric());
    is_tag.then(|| &text[..end])
}

const LINE_ENDS: [char; 4] = ['\n', '\r', '\u{2028}', '\u{2029}'];

pub fn typescript(text: &str) -> Result<Vec<Token>, String> {
    let mut scanner = Scanner::new(text);
    while let Some((rest, first)) = scanner.next() {
        match first {
            '/' if rest.starts_with("//") => scanner.line_comment(&LINE_ENDS),
            '/' if rest.starts_with("/*") => scanner.block_comment()?,
            '\'' | '"' => {
                let string = scanner.push(Kind::Text, ts_string(rest, first)?);
                if string.contains(LINE_ENDS) {
                    return Err("a line break in a string".to_owned());
                }
            }
            '`' => {
                scanner.push(Kind::Template, ts_string(rest, '`')?);
            }
            _ => scanner.word_or_mark(|c| unicode_ident::is_xid_continue(c) || c == '$'),
        }
    }
    Ok(scanner.tokens)
}

fn ts_string(text: &str, quote: char) -> Result<usize, String> {
    let mut chars = text.char_indices().skip(1);
    while let Some((index, c)) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            '$' if quote == '`' && text[index..].starts_with("${") => return Err("a substitution".to_owned()),
            c if c == quote => return Ok(index + 1),
            _ => {}
        }
    }
    Err("a string without an end".to_owned())
}
