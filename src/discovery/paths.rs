//! Path templates: `/contacts/{contact_id}/notes`.

/// A part of a path between slashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Segment<'a> {
    Fixed(&'a str),
    Parameter(&'a str),
    /// A parameter that is a whole segment and has one value in all requests: `{version}`.
    Constant(&'a str),
    /// A place that a parameter fills together with others: the first `*` of `{name=projects/*/topics/*}`.
    Within,
}

/// Why a path isn't read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// Braces that don't match, or several parameters in one segment.
    Odd,
    /// An action on an item: `/contacts/{id}:archive`.
    Action,
}

/// A parameter that is a part of a segment, with the text around it: `v{version}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Partial<'a> {
    before: &'a str,
    name: &'a str,
    after: &'a str,
}

/// The segments of a path in which nothing is constant; `None` where it can't be read.
pub fn segments(path: &str) -> Option<Vec<Segment<'_>>> {
    read(path, |_| false).ok()
}

/// The segments of a path, a trailing slash and the suffix `.json` left out. `is_constant`: whether a parameter that is a
/// whole segment has the same value in every request; one that is a part of a segment always has.
pub fn read(path: &str, is_constant: impl Fn(&str) -> bool) -> Result<Vec<Segment<'_>>, Unread> {
    let path = plain(path);
    let mut segments = Vec::new();
    for part in split(path) {
        match partial(part)? {
            None => segments.push(Segment::Fixed(part)),
            Some(Partial { before: "", name, after: "" }) => match template(name) {
                Some((name, template)) => segments.extend(of_template(name, template)),
                None if is_constant(name) => segments.push(Segment::Constant(name)),
                None => segments.push(Segment::Parameter(name)),
            },
            Some(Partial { before: "", after, .. }) if after.starts_with(':') => return Err(Unread::Action),
            Some(Partial { before, name, after }) if is_call(before, after) => {
                let collection = before.split('(').next().unwrap_or(before);
                segments.extend([Segment::Fixed(collection), Segment::Parameter(name)]);
            }
            Some(_) => segments.push(Segment::Fixed(part)),
        }
    }
    Ok(segments)
}

/// The parameters that are only a part of a segment, and no key in `Products('{id}')`: a client can't send the path
/// without a value for each.
pub fn partial_parameters(path: &str) -> Vec<&str> {
    let parts = split(plain(path)).filter_map(|part| partial(part).ok().flatten());
    let is_partial = |part: &Partial| {
        let is_whole = part.before.is_empty() && (part.after.is_empty() || part.after.starts_with(':'));
        !is_whole && !is_call(part.before, part.after)
    };
    parts.filter(is_partial).map(|part| part.name).collect()
}

/// A path as a client sends it: constants filled in, and `{+name}` for a parameter whose value has slashes.
pub fn sent<'v>(path: &str, value: impl Fn(&str) -> Option<&'v str>) -> String {
    let mut sent = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        sent.push_str(before);
        match (value(name), template(name)) {
            (Some(value), _) => sent.push_str(value),
            (None, Some((name, _))) => sent.extend(["{+", name, "}"]),
            (None, None) => sent.extend(["{", name, "}"]),
        }
        rest = after;
    }
    sent + rest
}

/// Without a query, and what says only that the answer is JSON.
fn plain(path: &str) -> &str {
    let path = path.split(['?', '#']).next().unwrap_or(path);
    path.strip_suffix(".json").unwrap_or(path)
}

/// The parts between slashes, but for those in braces.
fn split(path: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_usize;
    let parts = path.split(move |c| {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == '/' && depth == 0
    });
    parts.filter(|part| !part.is_empty())
}

/// The only parameter of a segment; `None` where it has none.
fn partial(part: &str) -> Result<Option<Partial<'_>>, Unread> {
    let Some((before, rest)) = part.split_once('{') else {
        return if part.contains('}') { Err(Unread::Odd) } else { Ok(None) };
    };
    let Some((name, after)) = rest.split_once('}') else { return Err(Unread::Odd) };
    let is_odd = name.is_empty() || [before, name, after].iter().any(|part| part.contains(['{', '}']));
    if is_odd { Err(Unread::Odd) } else { Ok(Some(Partial { before, name, after })) }
}

/// Whether the text around a parameter makes it a key: `Products('{id}')`, `Products({id})`.
fn is_call(before: &str, after: &str) -> bool {
    let opened = before.strip_suffix('\'').unwrap_or(before);
    let is_closed =
        after.strip_prefix('\'').unwrap_or(after) == ")" && before.ends_with('\'') == after.starts_with('\'');
    is_closed && opened.strip_suffix('(').is_some_and(|name| !name.is_empty() && !name.contains('('))
}

/// The name and the parts of a template: `name=projects/*/topics/*`.
fn template(parameter: &str) -> Option<(&str, &str)> {
    let is_name = |name: &str| name.chars().all(|c| c.is_alphanumeric() || "_.".contains(c));
    parameter.split_once('=').filter(|(name, parts)| is_name(name) && parts.contains('*'))
}

/// What a template of Google's API guidelines spans: `projects/*/topics/*`. Its last place is that of the parameter.
fn of_template<'a>(name: &'a str, template: &'a str) -> Vec<Segment<'a>> {
    let parts: Vec<&str> = template.split('/').filter(|part| !part.is_empty()).collect();
    let last = parts.iter().rposition(|part| part.starts_with('*'));
    let segment = |(index, part): (usize, &&'a str)| match part.starts_with('*') {
        true if Some(index) == last => Segment::Parameter(name),
        true => Segment::Within,
        false => Segment::Fixed(part),
    };
    parts.iter().enumerate().map(segment).collect()
}

/// What two spellings of one path have in common: parameter names and trailing slashes don't count.
pub fn normal_form(segments: &[Segment]) -> String {
    let mut form = String::new();
    for segment in segments {
        form.push('/');
        form.push_str(match segment {
            Segment::Fixed(text) => text,
            Segment::Parameter(_) | Segment::Constant(_) | Segment::Within => "{}",
        });
    }
    form
}

/// The fixed segments, in order.
pub fn fixed<'a>(segments: &[Segment<'a>]) -> Vec<&'a str> {
    let fixed = |segment: &Segment<'a>| match segment {
        Segment::Fixed(text) => Some(*text),
        Segment::Parameter(_) | Segment::Constant(_) | Segment::Within => None,
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
            Segment::Constant(_) | Segment::Within => {}
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
    }

    #[test]
    fn parameters_in_a_part_of_a_segment() {
        use Segment::{Constant, Fixed, Parameter, Within};
        let read = |path| super::read(path, |name| name == "tenant");
        let cases: [(&str, Result<Vec<Segment>, Unread>); 11] = [
            ("/a}/b", Err(Unread::Odd)),
            ("/a/{b", Err(Unread::Odd)),
            ("/files/{name}.{ext}", Err(Unread::Odd)),
            ("/a/{b}.json", Ok(vec![Fixed("a"), Parameter("b")])),
            ("/a.json", Ok(vec![Fixed("a")])),
            ("/v{version}/a", Ok(vec![Fixed("v{version}"), Fixed("a")])),
            ("/{tenant}/a", Ok(vec![Constant("tenant"), Fixed("a")])),
            ("/a('{id}')", Ok(vec![Fixed("a"), Parameter("id")])),
            ("/a({id})", Ok(vec![Fixed("a"), Parameter("id")])),
            ("/a/{id}:archive", Err(Unread::Action)),
            ("/v1/{name=a/*/b/*}", Ok(vec![Fixed("v1"), Fixed("a"), Within, Fixed("b"), Parameter("name")])),
        ];
        for (path, expected) in cases {
            assert_eq!(read(path), expected, "{path}");
        }
        assert_eq!(partial_parameters("/v{version}/a('{id}')/{b}/{c}:d"), ["version"]);
    }

    #[test]
    fn what_is_sent() {
        let value = |name: &str| (name == "version").then_some("1");
        assert_eq!(sent("/v{version}/a/{id}.json", value), "/v1/a/{id}.json");
        assert_eq!(sent("/v1/{parent=a/*}/b", value), "/v1/{+parent}/b");
    }
}
