//! What the names of schemas have beside the name of the thing.

/// Ends of a schema's name that say only that it is one, or that it is answered: a model's name doesn't need them.
const ENDS: &[&str] = &[
    "Response",
    "Read",
    "Output",
    "Out",
    "Public",
    "Dto",
    "Schema",
    "Serializer",
    "Resource",
    "Details",
    "Detail",
    "View",
    "Object",
    "Entity",
    "Representation",
];

/// The same at the front: Spring's HATEOAS.
const FRONTS: &[&str] = &["EntityModel"];

/// Words that nothing follows when an end is gone: `SequenceWithDetails`.
const JOINTS: &[&str] = &["With", "And", "For", "Of"];

/// The name of a type without what it doesn't need, `User` of `UserResponse`; all of it where nothing would be left.
pub fn without_affixes(full: &str) -> &str {
    let front = FRONTS.iter().find_map(|front| full.strip_prefix(front));
    let mut name = front.filter(|rest| rest.starts_with(char::is_uppercase)).unwrap_or(full);
    let without = |name: &'_ str, ends: &[&str]| -> Option<usize> {
        let end = ends.iter().find(|end| name.ends_with(**end))?;
        Some(name.len() - end.len()).filter(|rest| *rest > 0)
    };
    if let Some(rest) = without(name, ENDS) {
        name = name.get(..rest).unwrap_or(name);
        if let Some(rest) = without(name, JOINTS) {
            name = name.get(..rest).unwrap_or(name);
        }
    }
    name
}
