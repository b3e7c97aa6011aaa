//! The templates' filter `fit`.

use crate::codegen::width::{WIDTH, width};

/// Joins lines to one where that fits, as Prettier does: a template writes the form over several lines. What is inside of
/// brackets loses its last comma. `always`: also where the line gets too long.
pub fn fit(text: String, always: Option<bool>) -> String {
    let mut line = String::with_capacity(text.len());
    for part in text.lines() {
        let part = if line.is_empty() { part.trim_end() } else { part.trim() };
        if part.starts_with([')', ']', '}']) && line.ends_with(',') {
            line.pop();
        }
        if !(line.is_empty() || line.ends_with(['(', '[']) || part.starts_with([')', ']'])) {
            line.push(' ');
        }
        line.push_str(part);
    }
    if always == Some(true) || width(&line) <= WIDTH { line + "\n" } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_lines_are_joined() {
        let call = "  return call(\n    one,\n    two,\n  );\n";
        assert_eq!(fit(call.into(), None), "  return call(one, two);\n");
        let import = "import type {\n  One,\n  Two,\n} from \"./x.js\";\n";
        assert_eq!(fit(import.into(), None), "import type { One, Two } from \"./x.js\";\n");
        assert_eq!(fit("type Both = One &\n  Two;\n".into(), None), "type Both = One & Two;\n");
    }

    #[test]
    fn long_lines_stay_apart() {
        let import = format!("import {{\n  {},\n  b,\n}} from \"./x.js\";\n", "a".repeat(100));
        assert_eq!(fit(import.clone(), None), import);
        assert_eq!(fit(import, Some(true)).lines().count(), 1);
    }
}
