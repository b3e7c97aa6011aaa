//! Tells the statements of a text apart.

/// Each statement with its semicolon, and the comments before it.
pub fn statements(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut rest = text;
    while let Some(at) = rest.find(['\'', '"', '$', '-', ';']) {
        let after = rest.get(at..).unwrap_or_default();
        let length = match after.as_bytes() {
            [quote @ (b'\'' | b'"'), ..] => closed(after, 1, &char::from(*quote).to_string()),
            [b'-', b'-', ..] => after.find('\n').unwrap_or(after.len()),
            [b'$', ..] => match dollar_quote(after) {
                Some(tag) => closed(after, tag.len(), tag),
                None => 1,
            },
            [b';', ..] => {
                let end = text.len() - after.len() + 1;
                found.extend(text.get(start..end).map(str::trim));
                start = end;
                1
            }
            _ => 1,
        };
        rest = after.get(length..).unwrap_or_default();
    }
    found
}

/// Gives the length of a quoted part: from its opening quote, which has `opening` bytes, to the end of the next `end`.
fn closed(text: &str, opening: usize, end: &str) -> usize {
    let inside = text.get(opening..).unwrap_or_default();
    inside.find(end).map_or(text.len(), |at| opening + at + end.len())
}

/// `$$` or `$body1$` at the start of a text.
fn dollar_quote(text: &str) -> Option<&str> {
    let inside = text.get(1..)?;
    let end = inside.find('$')?;
    let is_tag = inside.get(..end)?.chars().all(|c| c.is_alphanumeric() || c == '_');
    is_tag.then(|| text.get(..end + 2)).flatten()
}

#[cfg(test)]
mod tests {
    use super::statements;

    #[test]
    fn statements_end_outside_of_quotes_and_comments() {
        let text = "-- It's; one.\nSELECT 'a;''b', \"c;d\" - 1; SELECT 2;\n\nDO $$ BEGIN; -- '\n END $$;\nDO $a1$ $$;$$ ; $a1$;\n-- End;\n";
        let expected = [
            "-- It's; one.\nSELECT 'a;''b', \"c;d\" - 1;",
            "SELECT 2;",
            "DO $$ BEGIN; -- '\n END $$;",
            "DO $a1$ $$;$$ ; $a1$;",
        ];
        assert_eq!(statements(text), expected);
    }
}
