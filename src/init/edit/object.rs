//! Adds to the object that a config written in JavaScript or TypeScript exports.

use super::Edit;
use super::javascript::{Kind, Token, exported, is, tokens};
use super::newline;

/// What is added.
pub struct Member<'a> {
    /// The keys of the objects around it, from the outside in.
    pub within: &'a [&'a str],
    /// Its key, as text.
    pub key: &'a str,
    /// Its lines, without a comma at the end; two blanks for each level, double quotes.
    pub lines: &'a str,
}

/// The text with the member in it. `None` where it is there. By hand, where the config is written in another way than
/// as an object.
pub fn add(text: &str, member: &Member) -> Edit {
    let tokens = tokens(text);
    match place(&tokens, member) {
        Place::In { opening, missing } => {
            insert(text, &tokens, opening, missing, member.lines).map_or(Edit::ByHand, Edit::Text)
        }
        Place::Taken => Edit::None,
        Place::Unknown => Edit::ByHand,
    }
}

enum Place<'a> {
    /// The object that the token opens, with the keys of the objects that it lacks.
    In {
        opening: usize,
        missing: &'a [&'a str],
    },
    /// The member is there.
    Taken,
    Unknown,
}

fn place<'a>(tokens: &[Token], member: &Member<'a>) -> Place<'a> {
    let Some(mut opening) = exported(tokens, |at| object(tokens, at)) else { return Place::Unknown };
    let mut missing = member.within;
    while let Some((key, inner)) = missing.split_first() {
        match value(tokens, opening, key) {
            Some(at) if is(tokens, at, Kind::Mark('{')) => (opening, missing) = (at, inner),
            Some(_) => return Place::Unknown,
            // What is called so elsewhere may be taken in.
            None if mentions(tokens, key) => return Place::Unknown,
            None => return Place::In { opening, missing },
        }
    }
    match value(tokens, opening, member.key) {
        Some(_) => Place::Taken,
        None if mentions(tokens, member.key) => Place::Unknown,
        None => Place::In { opening, missing },
    }
}

fn is_key(token: &Token, key: &str) -> bool {
    matches!(token.kind, Kind::Word(name) | Kind::Text(name) if name == key)
}

fn mentions(tokens: &[Token], key: &str) -> bool {
    tokens.iter().any(|token| is_key(token, key))
}

/// The first token of a member's value.
fn value(tokens: &[Token], opening: usize, key: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(opening) {
        match token.kind {
            Kind::Mark('{' | '[' | '(') => depth += 1,
            Kind::Mark('}' | ']' | ')') => depth = depth.checked_sub(1).filter(|depth| *depth > 0)?,
            _ if depth == 1 && is_key(token, key) && is(tokens, at + 1, Kind::Mark(':')) => {
                let begins =
                    at.checked_sub(1).is_some_and(|before| is(tokens, before, Kind::Mark(',')) || before == opening);
                if begins {
                    return Some(at + 2);
                }
            }
            _ => {}
        }
    }
    None
}

/// What opens the object that an expression is: `{`, `define…({`, `define…(() => ({`.
fn object(tokens: &[Token], at: usize) -> Option<usize> {
    let is = |at, kind| is(tokens, at, kind);
    if is(at, Kind::Mark('{')) {
        return Some(at);
    }
    let Kind::Word(function) = tokens.get(at)?.kind else { return None };
    if !function.starts_with("define") || !is(at + 1, Kind::Mark('(')) {
        return None;
    }
    if is(at + 2, Kind::Mark('{')) {
        return Some(at + 2);
    }
    // A function of few parameters that gives nothing but an object.
    let arrow = (at + 2..at + 16).find(|at| is(*at, Kind::Mark('=')) && is(at + 1, Kind::Mark('>')))?;
    (is(arrow + 2, Kind::Mark('(')) && is(arrow + 3, Kind::Mark('{'))).then_some(arrow + 3)
}

/// Puts the lines, within the objects that are missing, first into the object.
fn insert(text: &str, tokens: &[Token], opening: usize, missing: &[&str], lines: &str) -> Option<String> {
    let token = tokens.get(opening)?;
    let next = tokens.get(opening + 1)?;
    let (before, after) = text.split_at_checked(token.end)?;
    let gap = text.get(token.end..next.start)?;
    let line = before.rsplit('\n').next().unwrap_or_default();
    let outer: String = line.chars().take_while(|character| character.is_whitespace()).collect();
    let inner = match gap.rsplit_once('\n') {
        Some((_, indent)) if !is(tokens, opening + 1, Kind::Mark('}')) && indent.len() > outer.len() => {
            indent.to_owned()
        }
        _ => format!("{outer}{}", unit(text)),
    };
    let step = inner.strip_prefix(outer.as_str()).filter(|step| !step.is_empty()).unwrap_or("  ");
    let quote = match tokens.iter().find(|token| matches!(token.kind, Kind::Text(_))) {
        Some(token) if text.get(token.start..).is_some_and(|text| text.starts_with('\'')) => "'",
        _ => "\"",
    };
    let newline = newline(text);
    let mut added = String::new();
    for line in nested(missing, lines).lines() {
        let content = line.trim_start();
        let depth = (line.len() - content.len()) / 2;
        added += &format!("{newline}{inner}{}{}", step.repeat(depth), content.replace('"', quote));
    }
    // What stood on the same line goes to one of its own.
    let rest =
        if gap.contains('\n') { after.to_owned() } else { format!("{newline}{}", after_brace(after, &inner, &outer)) };
    Some(format!("{before}{added}{rest}"))
}

fn after_brace(after: &str, inner: &str, outer: &str) -> String {
    let rest = after.trim_start_matches([' ', '\t']);
    let indent = if rest.starts_with('}') { outer } else { inner };
    format!("{indent}{rest}")
}

/// How the text is indented.
fn unit(text: &str) -> &str {
    let indents = text.lines().filter_map(|line| line.get(..line.len() - line.trim_start().len()));
    indents.filter(|indent| !indent.is_empty()).min_by_key(|indent| indent.len()).unwrap_or("  ")
}

/// The lines within objects, with the comma at the end.
pub fn nested(within: &[&str], lines: &str) -> String {
    match within.split_first() {
        None => format!("{lines},"),
        Some((key, inner)) => {
            let inner = nested(inner, lines);
            let inner: Vec<String> = inner.lines().map(|line| format!("  {line}")).collect();
            format!("{key}: {{\n{}\n}},", inner.join("\n"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::edited;
    use super::*;

    const PROXY: Member = Member {
        within: &["server", "proxy"],
        key: "/api",
        lines: "\"/api\": {\n  target: \"http://localhost:8000\",\n}",
    };

    fn added(text: &str) -> String {
        edited(add(text, &PROXY))
    }

    #[test]
    fn a_config_of_vite() {
        let text =
            "import react from '@vitejs/plugin-react'\n\nexport default defineConfig({\n  plugins: [react()],\n})\n";
        let expected = "import react from '@vitejs/plugin-react'\n\nexport default defineConfig({\n  server: {\n    proxy: {\n      '/api': {\n        target: 'http://localhost:8000',\n      },\n    },\n  },\n  plugins: [react()],\n})\n";
        assert_eq!(added(text), expected);
        assert_eq!(add(expected, &PROXY), Edit::None);
    }

    #[test]
    fn what_is_there_stays() {
        let lines = "\"/api\": {\n\t\t\t\ttarget: \"http://localhost:8000\",\n\t\t\t},";
        let text = "export default {\n\tplugins: [],\n\tserver: {\n\t\tport: 1, // ours\n\t\tproxy: {\n\t\t\t\"/x\": \"http://x\"\n\t\t}\n\t}\n};\n";
        assert_eq!(added(text), text.replace("\"/x\"", &format!("{lines}\n\t\t\t\"/x\"")));
        let text = "export default defineConfig({\r\n    server: { port: 1 },\r\n})\r\n";
        let expected = "export default defineConfig({\r\n    server: {\r\n        proxy: {\r\n            \"/api\": {\r\n                target: \"http://localhost:8000\",\r\n            },\r\n        },\r\n        port: 1 },\r\n})\r\n";
        assert_eq!(added(text), expected);
    }

    #[test]
    fn ways_to_export_an_object() {
        for before in [
            "export default {",
            "export default defineConfig(({ mode }) => ({",
            "export default defineConfig(() => ({",
            "const config: UserConfig = {",
            "module.exports = {",
        ] {
            let after = match before {
                _ if before.ends_with("({") => "\n  base: \"/\",\n}));\n",
                _ if before.starts_with("const") => "\n  base: \"/\",\n};\nexport default config;\n",
                _ => "\n  base: \"/\",\n};\n",
            };
            let text = added(&format!("{before}{after}"));
            assert!(text.starts_with(&format!("{before}\n  server: {{\n    proxy: {{\n")), "{text}");
            assert!(text.ends_with(&format!("\n  }},{after}")), "{text}");
        }
        assert_eq!(
            added("export default defineConfig({})"),
            "export default defineConfig({\n  server: {\n    proxy: {\n      \"/api\": {\n        target: \"http://localhost:8000\",\n      },\n    },\n  },\n})"
        );
    }

    #[test]
    fn what_is_unknown_is_left_alone() {
        for text in [
            "",
            "export default",
            "export default mergeConfig(base, { plugins: [] });",
            "export default defineConfig(async () => { const x = 1; return { plugins: [] }; });",
            "export default defineConfig({ server })",
            "export default defineConfig({ server: options })",
            "export default defineConfig({ server: { ...proxy } })",
            "const proxy = {};\nexport default defineConfig({ server: { proxy } })",
        ] {
            assert_eq!(add(text, &PROXY), Edit::ByHand, "{text}");
        }
        assert_eq!(add("export default { server: { proxy: { '/api': 'http://x' } } }", &PROXY), Edit::None);
    }
}
