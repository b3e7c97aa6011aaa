//! How generated files name each other.
//!
//! Templates end the paths of imports in `.js`, which is right for Node, browsers and most bundlers. Where the config wants
//! another ending, it is put in here.

use super::Files;
use crate::config::ImportExtension;

/// What stands before the path of another file.
const BEFORE: [&str; 4] = ["from \"", "import \"", "import(\"", WORKER];
/// A worker's own file: bundlers take its path as it is, so it always has an ending.
const WORKER: &str = "new Worker(new URL(\"";

/// What a line of a comment begins with, in TypeScript and in the SQL within.
const COMMENTS: [&str; 4] = ["//", "/*", "*", "--"];

/// Gives the imports of TypeScript's files this ending.
pub fn with_imports(mut files: Files, extension: ImportExtension) -> Files {
    if extension != ImportExtension::Js {
        let sources = files.iter_mut().filter(|(path, _)| path.ends_with(".ts"));
        sources.for_each(|(_, text)| *text = text.split_inclusive('\n').map(|line| ending(line, extension)).collect());
    }
    files
}

fn ending(line: &str, extension: ImportExtension) -> String {
    let is_comment = COMMENTS.iter().any(|start| line.trim_start().starts_with(start));
    let place = BEFORE.iter().find_map(|before| Some((*before, line.find(before)? + before.len())));
    let Some((before, start)) = place.filter(|_| !is_comment) else { return line.to_owned() };
    let (code, rest) = line.split_at(start);
    let Some((path, after)) = rest.split_once('"') else { return line.to_owned() };
    match path.strip_suffix(".js").filter(|path| path.starts_with("./") || path.starts_with("../")) {
        Some(path) if before == WORKER || extension == ImportExtension::Ts => format!("{code}{path}.ts\"{after}"),
        Some(path) => format!("{code}{path}\"{after}"),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &str, extension: ImportExtension) -> String {
        let files = with_imports(Files::from([("a.ts".to_owned(), text.to_owned())]), extension);
        files["a.ts"].clone()
    }

    #[test]
    fn imports_of_our_own_files_get_the_ending() {
        let text = r#"
            import { a } from "./a.js";
            import "../b.js";
            export type { C } from "../../c/d.js";
            const e = () => import("./e.js");
            type F = typeof import("./f.js");
            new Worker(new URL("./g.js", import.meta.url));
        "#;
        let none = with(text, ImportExtension::None);
        for path in ["\"./a\"", "\"../b\"", "\"../../c/d\"", "\"./e\"", "\"./f\"", "\"./g.ts\""] {
            assert!(none.contains(path), "{path}: {none}");
        }
        assert_eq!(with(text, ImportExtension::Ts), text.replace(".js\"", ".ts\""));
        assert_eq!(with(text, ImportExtension::Js), text);
    }

    #[test]
    fn everything_else_stays() {
        let text = r#"
            // import { a } from "./a.js";
            /** See import("./b.js"). */
             * import "./c.js"
            import { d } from "d/e.js";
            const f = "from \"./f.js\"";
            new URL("./g.js", import.meta.url);
        "#;
        assert_eq!(with(text, ImportExtension::None), text);
    }
}
