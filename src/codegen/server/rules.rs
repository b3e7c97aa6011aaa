//! What values have to be like: as calls that check them in TypeScript, and as conditions of SQL.

use serde_json::{Map, Number, Value};

use crate::codegen::typescript::Language;
use crate::model::{Field, FieldType, Rules, Shape};
use crate::names::sql;

/// The function that checks a column's values, and its call.
pub struct Check {
    pub function: &'static str,
    pub call: String,
}

/// The check of the values that a write may give a field.
pub fn check(field: &Field, rules: &Rules) -> Check {
    let (function, arguments) = match field.ty {
        FieldType::Text | FieldType::Time => ("text", options(text_rules(field, rules))),
        FieldType::Uuid => ("uuid", String::new()),
        FieldType::DateTime => ("dateTime", String::new()),
        FieldType::Date => ("date", String::new()),
        FieldType::Int32 => ("integer", join("32", options(number_rules(field, rules)))),
        FieldType::Int64 => ("integer", join("64", options(number_rules(field, rules)))),
        FieldType::Float => ("float", options(number_rules(field, rules))),
        FieldType::Decimal { .. } => ("decimal", options(number_rules(field, rules))),
        FieldType::Boolean => ("boolean", String::new()),
        FieldType::Bytes => ("bytes", String::new()),
        FieldType::Json => ("json", String::new()),
    };
    Check { function, call: format!("{function}({arguments})") }
}

fn join(first: &str, options: String) -> String {
    if options.is_empty() { first.to_owned() } else { format!("{first}, {options}") }
}

fn options(members: Map<String, Value>) -> String {
    if members.is_empty() { String::new() } else { Language::TypeScript.text(&Value::Object(members), 2, 2, 40) }
}

fn text_rules(field: &Field, rules: &Rules) -> Map<String, Value> {
    let mut members = Map::new();
    members.extend(rules.min_length.map(|length| ("min".to_owned(), length.into())));
    members.extend(rules.max_length.map(|length| ("max".to_owned(), length.into())));
    members.extend(rules.pattern.clone().map(|pattern| ("pattern".to_owned(), pattern.into())));
    members.extend(choices(field).map(|choices| ("oneOf".to_owned(), choices.into())));
    members
}

/// Limits are text, so that no digit is lost.
fn number_rules(field: &Field, rules: &Rules) -> Map<String, Value> {
    let limits = [
        ("min", &rules.minimum),
        ("max", &rules.maximum),
        ("above", &rules.exclusive_minimum),
        ("below", &rules.exclusive_maximum),
    ];
    let text = |(name, limit): (&str, &Option<Number>)| Some((name.to_owned(), limit.as_ref()?.to_string().into()));
    let mut members: Map<String, Value> = limits.into_iter().filter_map(text).collect();
    members.extend(choices(field).map(|choices| ("oneOf".to_owned(), choices.into())));
    members
}

/// The text of each value that the field can have, where only some are allowed.
fn choices(field: &Field) -> Option<Vec<String>> {
    let Shape::Enum(values) = &field.shape else { return None };
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    values.iter().filter(|value| !value.is_null()).map(text).collect()
}

/// Conditions of SQL that hold for all values that the document allows.
pub fn conditions(field: &Field) -> Vec<String> {
    let name = sql::identifier(&field.name);
    let rules = common(field);
    let mut conditions = Vec::new();
    let is_text = matches!(field.ty, FieldType::Text);
    let is_number =
        matches!(field.ty, FieldType::Int32 | FieldType::Int64 | FieldType::Float | FieldType::Decimal { .. });
    if is_text || is_number {
        // No text of PostgreSQL has a NUL.
        let choices = choices(field).unwrap_or_default().into_iter().filter(|choice| !choice.contains('\0'));
        let values: Vec<String> = choices.map(|choice| if is_text { sql::literal(&choice) } else { choice }).collect();
        if !values.is_empty() {
            conditions.push(format!("{name} IN ({})", values.join(", ")));
        }
    }
    if is_text {
        conditions.extend(rules.min_length.map(|length| format!("char_length({name}) >= {length}")));
        conditions.extend(rules.max_length.map(|length| format!("char_length({name}) <= {length}")));
        let pattern = rules.pattern.as_deref().filter(|pattern| is_sql_pattern(pattern));
        conditions.extend(pattern.map(|pattern| format!("{name} ~ {}", sql::literal(pattern))));
    }
    if is_number {
        let limits = [
            (">=", &rules.minimum),
            ("<=", &rules.maximum),
            (">", &rules.exclusive_minimum),
            ("<", &rules.exclusive_maximum),
        ];
        conditions.extend(
            limits.into_iter().filter_map(|(operator, limit)| Some(format!("{name} {operator} {}", limit.as_ref()?))),
        );
    }
    conditions
}

/// What all writes have to keep to. Where nobody writes the field, that is what rows have to be like.
fn common(field: &Field) -> Rules {
    let is_inserted = field.insert != crate::model::Insert::Never;
    let (row, create, update) = (&field.rules.row, &field.rules.create, &field.rules.update);
    match (is_inserted, field.update) {
        (false, false) => row.clone(),
        (true, false) => create.clone(),
        (false, true) => update.clone(),
        (true, true) => both(create, update),
    }
}

/// A length or limit of which the two say different things is left to the check of each write.
fn both(one: &Rules, other: &Rules) -> Rules {
    fn same<T: Clone + PartialEq>(one: &Option<T>, other: &Option<T>) -> Option<T> {
        one.clone().filter(|_| one == other)
    }
    Rules {
        min_length: same(&one.min_length, &other.min_length),
        max_length: same(&one.max_length, &other.max_length),
        pattern: same(&one.pattern, &other.pattern),
        minimum: same(&one.minimum, &other.minimum),
        maximum: same(&one.maximum, &other.maximum),
        exclusive_minimum: same(&one.exclusive_minimum, &other.exclusive_minimum),
        exclusive_maximum: same(&one.exclusive_maximum, &other.exclusive_maximum),
    }
}

/// Whether JavaScript and PostgreSQL read a pattern alike: letters, digits, classes, groups and quantifiers.
fn is_sql_pattern(pattern: &str) -> bool {
    let plain = |char: char| char.is_ascii_alphanumeric() || " _^$[](){}+*?|,-/@:;=#%&~<>!\\.".contains(char);
    let mut escaped = false;
    let mut in_class = false;
    let mut previous = '\0';
    for char in pattern.chars() {
        if escaped {
            // PostgreSQL has other letters behind a backslash, and takes none of these in a class for granted.
            if char.is_ascii_alphanumeric() && (in_class || !matches!(char, 'd' | 'w' | 's')) {
                return false;
            }
            escaped = false;
        } else {
            match char {
                '\\' => escaped = true,
                '[' if in_class => return false,
                '[' => in_class = true,
                ']' => in_class = false,
                // A line break is one to PostgreSQL, and none to JavaScript.
                '.' if !in_class => return false,
                '?' if previous == '(' => return false,
                _ => {}
            }
        }
        if !plain(char) {
            return false;
        }
        previous = char;
    }
    // A repetition of more than 255 times is an error, and so may be what these leave open.
    let numbers = pattern.split(|char: char| !char.is_ascii_digit());
    let is_small = numbers.filter_map(|number| number.parse::<u64>().ok()).all(|number| number <= 255);
    let is_balanced = pattern.matches('(').count() == pattern.matches(')').count();
    !escaped
        && !in_class
        && is_small
        && is_balanced
        && !pattern.starts_with(['*', '+', '?', '{'])
        && !pattern.contains("***")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_that_both_read_alike() {
        for pattern in ["^[a-z]{2,8}$", r"^\d+(-\d+)?$", "^#[0-9a-fA-F]{6}$", "^(a|b)$"] {
            assert!(is_sql_pattern(pattern), "{pattern}");
        }
        for pattern in ["^.+$", r"\p{L}", "(?=a)", "^[^[]$", "a{1,1000}", "(", "+a", "é", r"[\d-]", "a\\"] {
            assert!(!is_sql_pattern(pattern), "{pattern}");
        }
    }
}
