//! ESLint: an entry of its flat config that has `ignores` alone, or one more pattern in its `globalIgnores([…])`.

use super::pattern::{covers, pattern};
use crate::init::edit::javascript::{Kind, Token, exported, is, tokens};
use crate::init::edit::{Edit, newline};

pub const FILES: &[&str] = &[
    "eslint.config.js",
    "eslint.config.mjs",
    "eslint.config.cjs",
    "eslint.config.ts",
    "eslint.config.mts",
    "eslint.config.cts",
];

/// The pattern as a string of JavaScript.
pub fn quoted(path: &str, quote: char) -> String {
    let escaped = pattern(path).replace('\\', "\\\\").replace(quote, &format!("\\{quote}"));
    format!("{quote}{escaped}{quote}")
}

pub fn edit(text: &str, path: &str) -> Edit {
    let tokens = tokens(text);
    if ignored(&tokens).any(|pattern| covers(&pattern.replace("\\\\", "\\"), path)) {
        return Edit::None;
    }
    let quote = match tokens.iter().find(|token| matches!(token.kind, Kind::Text(_))) {
        Some(token) if text.get(token.start..).is_some_and(|text| text.starts_with('\'')) => '\'',
        _ => '"',
    };
    let pattern = quoted(path, quote);
    let after = |index: Option<usize>| index.map(|index| (index, format!("{{ ignores: [{pattern}] }}")));
    let exported = || exported(&tokens, |at| list(&tokens, at));
    let place = global_ignores(&tokens).map(|index| (index, pattern.clone())).or_else(|| after(exported()));
    place.and_then(|(index, entry)| insert(text, &tokens, index, &entry)).map_or(Edit::ByHand, Edit::Text)
}

/// Puts an entry first into the list that the token opens.
fn insert(text: &str, tokens: &[Token], opening: usize, entry: &str) -> Option<String> {
    let at = tokens.get(opening)?.end;
    let next = tokens.get(opening + 1)?;
    let is_empty = matches!(next.kind, Kind::Mark(']' | ')'));
    let (before, after) = text.split_at_checked(at)?;
    let gap = text.get(at..next.start)?;
    let added = match gap.rsplit_once('\n') {
        _ if is_empty => entry.to_owned(),
        Some((_, indent)) => format!("{}{indent}{entry},", newline(text)),
        None => format!("{entry}, "),
    };
    Some(format!("{before}{added}{after}"))
}

/// The patterns in `globalIgnores([…])` and `ignores: […]`.
fn ignored<'a>(tokens: &'a [Token<'a>]) -> impl Iterator<Item = &'a str> {
    let starts = |before: [Kind<'static>; 3]| {
        (0..tokens.len()).filter(move |at| (*at..).zip(before).all(|(at, kind)| is(tokens, at, kind)))
    };
    let global = starts([Kind::Word("globalIgnores"), Kind::Mark('('), Kind::Mark('[')]);
    let lists = global.chain(starts([Kind::Word("ignores"), Kind::Mark(':'), Kind::Mark('[')]));
    lists.flat_map(|at| {
        let inside = tokens.iter().skip(at + 3).take_while(|token| token.kind != Kind::Mark(']'));
        inside.filter_map(|token| match token.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        })
    })
}

/// The bracket of `globalIgnores([`.
fn global_ignores(tokens: &[Token]) -> Option<usize> {
    let is = |at, kind| is(tokens, at, kind);
    (0..tokens.len())
        .find(|at| is(*at, Kind::Word("globalIgnores")) && is(at + 1, Kind::Mark('(')) && is(at + 2, Kind::Mark('[')))
        .map(|at| at + 2)
}

/// What opens the list that an expression is: `[`, `defineConfig([`, `defineConfig(` or `tseslint.config(`.
fn list(tokens: &[Token], at: usize) -> Option<usize> {
    let is = |at, kind| is(tokens, at, kind);
    let arguments = if is(at, Kind::Word("defineConfig")) {
        at + 1
    } else if is(at, Kind::Word("tseslint")) && is(at + 1, Kind::Mark('.')) && is(at + 2, Kind::Word("config")) {
        at + 3
    } else {
        return is(at, Kind::Mark('[')).then_some(at);
    };
    if !is(arguments, Kind::Mark('(')) {
        return None;
    }
    Some(if is(arguments + 1, Kind::Mark('[')) { arguments + 1 } else { arguments })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::edit::tests::edited;

    fn added(text: &str) -> String {
        edited(edit(text, "src/generated"))
    }

    #[test]
    fn one_pattern_more() {
        let text = "export default defineConfig([\r\n  globalIgnores(['dist']), // ours\r\n  {},\r\n])\r\n";
        assert_eq!(added(text), text.replace("['dist']", "['src/generated', 'dist']"));
        let text = "globalIgnores([\n    \"dist\",\n  ])";
        assert_eq!(added(text), "globalIgnores([\n    \"src/generated\",\n    \"dist\",\n  ])");
        assert_eq!(added("globalIgnores([])"), "globalIgnores([\"src/generated\"])");
    }

    #[test]
    fn one_entry_more() {
        let entry = "{ ignores: [\"src/generated\"] }";
        for (before, after) in [
            ("export default [", "\n  js.configs.recommended,\n];\n"),
            ("import x from \"x\";\r\nexport default defineConfig([", "\r\n\tx,\r\n]);\r\n"),
            ("export default tseslint.config(", "\n  // ours\n  tseslint.configs.recommended,\n);\n"),
            ("module.exports = defineConfig([", "\n  {},\n]);\n"),
            ("const config = [", "\n  ...compat.extends(\"next\"),\n];\nexport default config;\n"),
        ] {
            let line_end = newline(after);
            let indent: String =
                after.trim_start_matches(['\r', '\n']).chars().take_while(|c| c.is_whitespace()).collect();
            let text = format!("{before}{after}");
            let expected = match after.contains("// ours") {
                false => format!("{before}{line_end}{indent}{entry},{after}"),
                true => format!("{before}\n  {entry},{after}"),
            };
            assert_eq!(added(&text), expected);
        }
        assert_eq!(added("export default [a]"), format!("export default [{entry}, a]"));
        assert_eq!(added("export default []"), format!("export default [{entry}]"));
    }

    #[test]
    fn it_is_added_once() {
        for text in ["globalIgnores(['dist', 'src/generated/**'])", "[{ ignores: [\"**/generated\"] }]"] {
            assert_eq!(edit(text, "src/generated"), Edit::None, "{text}");
        }
        assert_eq!(edit(&added("export default []"), "src/generated"), Edit::None);
        let odd = "app/[id]/it's";
        assert_eq!(
            edited(edit("export default [a('b')]", odd)),
            "export default [{ ignores: ['app/\\\\[id\\\\]/it\\'s'] }, a('b')]"
        );
    }

    #[test]
    fn what_is_unknown_is_left_alone() {
        for text in [
            "",
            "export default antfu({ react: true });",
            "// export default [\nexport default withNuxt();",
            "export default config;",
            "export default \"[\";",
            "export default",
        ] {
            assert_eq!(edit(text, "src/generated"), Edit::ByHand, "{text}");
        }
    }
}
