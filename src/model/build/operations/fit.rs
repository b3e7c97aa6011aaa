//! How the value of a row's field becomes that of a body's property.

use super::writing::RowField;
use crate::model::build::shapes::Typed;
use crate::model::project::{Cast, FieldType};
use crate::model::types::Shape;
use crate::names;
use crate::openapi::{Document, RawProperty};

/// How a value of a row becomes one of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    AsItIs,
    As(Cast),
}

/// Says how a row's value is sent as a property of a body, if it can be. `names_row`: the property is the key of the row.
pub fn fit<'a>(
    document: &'a Document,
    row: &RowField,
    body: &Typed,
    property: &RawProperty<'a>,
    names_row: bool,
) -> Option<Fit> {
    use FieldType::*;
    let text = |ty| matches!(ty, Text | Uuid | DateTime | Date | Time);
    let number = |ty| matches!(ty, Int32 | Int64 | Float | Decimal { as_number: true });
    let is_said_by_digits = || {
        let pattern = property.resolve(document).and_then(|resolved| resolved.limit("pattern")?.as_str());
        names_row || pattern.is_some_and(is_pattern_of_numbers) || ends_as_id(&row.name)
    };
    match (row.ty, body.ty) {
        (row, body) if row == body || (text(row) && text(body)) || (number(row) && number(body)) => Some(Fit::AsItIs),
        (Decimal { as_number: false }, body) if number(body) => Some(Fit::As(Cast::Number)),
        (row, Decimal { as_number: false }) if number(row) => Some(Fit::As(Cast::String)),
        (Decimal { as_number: false }, Text) => Some(Fit::AsItIs),
        (ty, Text) if number(ty) && is_said_by_digits() => Some(Fit::As(Cast::String)),
        (Text, body) if number(body) => Some(Fit::As(Cast::Number)),
        (_, Json) if matches!(body.shape, Shape::Union(_) | Shape::Unknown) => Some(Fit::AsItIs),
        (Json, _) if row.is_loose => Some(Fit::AsItIs),
        _ => None,
    }
}

/// Whether a form has a text for it.
pub fn fits_form(ty: FieldType) -> bool {
    !matches!(ty, FieldType::Json | FieldType::Bytes)
}

/// Whether a pattern has nothing but digits, signs and points: `^[0-9]+.?[0-9]*$`.
fn is_pattern_of_numbers(pattern: &str) -> bool {
    let rest = pattern.replace("\\d", "").replace("0-9", "").replace("1-9", "");
    let has_digits = rest.len() < pattern.len();
    has_digits && rest.chars().all(|c| c.is_ascii_digit() || "^$[](){}?:*+-.,|\\".contains(c))
}

pub fn ends_as_id(name: &str) -> bool {
    names::snake_case(name).ends_with("_id")
}
