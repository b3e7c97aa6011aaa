/// `#/components/schemas/Contact` as a JSON pointer, percent-encoding undone. `None` for a reference to another
/// document.
pub fn local_pointer(reference: &str) -> Option<String> {
    let fragment = reference.strip_prefix('#')?;
    let mut bytes = Vec::with_capacity(fragment.len());
    let mut rest = fragment.as_bytes();
    while let [first, tail @ ..] = rest {
        let decoded = match tail {
            [high, low, after @ ..] if *first == b'%' => {
                let digit = |byte: &u8| char::from(*byte).to_digit(16);
                digit(high).zip(digit(low)).map(|(high, low)| ((high * 16 + low) as u8, after))
            }
            _ => None,
        };
        let (byte, after) = decoded.unwrap_or((*first, tail));
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}

/// The last token of a pointer to a component schema: its name.
pub fn component_name(pointer: &str) -> Option<String> {
    let name = pointer.strip_prefix("/components/schemas/").or_else(|| pointer.strip_prefix("/definitions/"))?;
    (!name.contains('/')).then(|| name.replace("~1", "/").replace("~0", "~"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers() {
        assert_eq!(local_pointer("#/definitions/a%20b").as_deref(), Some("/definitions/a b"));
        assert_eq!(local_pointer("#/definitions/50%"), Some("/definitions/50%".to_owned()));
        assert_eq!(local_pointer("other.yaml#/x"), None);
        assert_eq!(component_name("/components/schemas/a~1b").as_deref(), Some("a/b"));
        assert_eq!(component_name("/components/schemas/A/properties/b"), None);
    }
}
