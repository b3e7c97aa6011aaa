//! Makes the SQL that programs get: it has no comments and no indentation, so that bundles are smaller.

use memchr::memmem;

use super::lines::lines;

/// The statements of a text. The `.sql` files, which people read, keep the rest.
pub fn compact(text: &str) -> String {
    // Own templates may have what isn't told apart here: block comments, and quotes behind a backslash.
    if ["/*", "\\'"].iter().any(|unknown| memmem::find(text.as_bytes(), unknown.as_bytes()).is_some()) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut quote = None;
    for line in lines(text) {
        let starts_in_quote = quote.is_some();
        let comment = comment(line, &mut quote);
        let mut code = comment.and_then(|at| line.get(..at)).unwrap_or(line);
        if !starts_in_quote {
            code = code.trim_start();
        }
        if quote.is_some() {
            out.push_str(code);
            continue;
        }
        code = code.trim_end();
        if !code.is_empty() {
            out.push_str(code);
            out.push('\n');
        }
    }
    out
}

/// Where a comment begins in a line, which may begin and end inside of quotes. Goes from one sign that matters to the next,
/// which with [`lines`] halves what compacting takes.
fn comment(line: &str, quote: &mut Option<u8>) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = line.as_bytes().get(at..)?;
        at += match *quote {
            Some(open) => memchr::memchr(open, rest)?,
            None => memchr::memchr3(b'\'', b'"', b'-', rest)?,
        };
        match line.as_bytes().get(at..)? {
            [b'-', b'-', ..] => return Some(at),
            [b'-', ..] => {}
            [byte, ..] => *quote = if quote.is_none() { Some(*byte) } else { None },
            [] => return None,
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::compact;

    #[test]
    fn only_statements_are_left() {
        for (text, expected) in [
            ("-- It's a table.\nCREATE TABLE a (\n  b TEXT -- a \"name\"\n);\n\n", "CREATE TABLE a (\nb TEXT\n);\n"),
            ("  SELECT '--', \"--\", 'it''s' -- it's\n", "SELECT '--', \"--\", 'it''s'\n"),
            ("SELECT 'a\n  -- b  \n\n  c', \"d\n\n  e\"  \n", "SELECT 'a\n  -- b  \n\n  c', \"d\n\n  e\"\n"),
            ("AS $$\n  -- Why.\n  RETURN 1 - -1;\n$$;", "AS $$\nRETURN 1 - -1;\n$$;\n"),
            ("/* -- */ SELECT 1; -- one\n", "/* -- */ SELECT 1; -- one\n"),
            ("SELECT E'\\'' -- '\n", "SELECT E'\\'' -- '\n"),
        ] {
            assert_eq!(compact(text), expected, "{text}");
        }
    }
}
