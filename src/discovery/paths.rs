//! Path templates: `/contacts/{contact_id}/notes`.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Segment<'a> {
    Fixed(&'a str),
    Parameter(&'a str),
}

/// The segments of a path, a trailing slash left out. `None` where braces don't match, or a parameter is only
/// a part of a segment.
pub fn segments(path: &str) -> Option<Vec<Segment<'_>>> {
    let path = path.split(['?', '#']).next().unwrap_or(path);
    path.split('/').filter(|part| !part.is_empty()).map(segment).collect()
}

fn segment(part: &str) -> Option<Segment<'_>> {
    match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
        Some(name) if !name.is_empty() && !name.contains(['{', '}']) => Some(Segment::Parameter(name)),
        _ if part.contains(['{', '}']) => None,
        _ => Some(Segment::Fixed(part)),
    }
}

/// What two spellings of one path have in common: parameter names and trailing slashes don't count.
pub fn normal_form(segments: &[Segment]) -> String {
    let mut form = String::new();
    for segment in segments {
        form.push('/');
        form.push_str(match segment {
            Segment::Fixed(text) => text,
            Segment::Parameter(_) => "{}",
        });
    }
    form
}

/// The fixed segments, in order.
pub fn fixed<'a>(segments: &[Segment<'a>]) -> Vec<&'a str> {
    let fixed = |segment: &Segment<'a>| match segment {
        Segment::Fixed(text) => Some(*text),
        Segment::Parameter(_) => None,
    };
    segments.iter().filter_map(fixed).collect()
}

/// Each parameter with the fixed segment that stands before it.
pub fn parameters<'a>(segments: &[Segment<'a>]) -> Vec<(&'a str, Option<&'a str>)> {
    let mut before = None;
    let mut parameters = Vec::new();
    for segment in segments {
        match segment {
            Segment::Fixed(text) => before = Some(*text),
            Segment::Parameter(name) => parameters.push((*name, before)),
        }
    }
    parameters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts() {
        let path = segments("/orgs/{org_id}/notes/").unwrap_or_default();
        assert_eq!(normal_form(&path), "/orgs/{}/notes");
        assert_eq!(fixed(&path), ["orgs", "notes"]);
        assert_eq!(parameters(&path), [("org_id", Some("orgs"))]);
        assert_eq!(segments("/a}/b"), None);
        assert_eq!(segments("/a/{b}.json"), None);
    }
}
