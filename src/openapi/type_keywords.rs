//! The keywords of a schema that say of what type a value is.

use serde_json::{Map, Value};

use super::schema::is_scalar;

/// The keywords that say of what type a value is.
#[derive(Default)]
pub struct TypeKeywords<'a> {
    pub types: Option<&'a Value>,
    pub format: Option<&'a str>,
    pub pattern: Option<&'a str>,
    pub is_base64: bool,
    pub is_binary: bool,
    pub choices: Option<&'a [Value]>,
    pub properties: Option<&'a Value>,
    pub required: Option<&'a [Value]>,
    pub additional: Option<&'a Value>,
    pub items: Option<&'a Value>,
    pub prefix_items: Option<&'a Value>,
}

impl<'a> TypeKeywords<'a> {
    pub fn of(raw: &'a Map<String, Value>) -> Self {
        let mut keywords = Self::default();
        raw.iter().for_each(|(key, value)| keywords.take(key, value));
        keywords
    }

    pub fn take(&mut self, key: &str, value: &'a Value) {
        let list = || value.as_array().map(Vec::as_slice);
        match key {
            "type" => self.types = Some(value),
            "format" => self.format = value.as_str(),
            "pattern" => self.pattern = value.as_str(),
            "contentEncoding" => self.is_base64 = value == "base64",
            "contentMediaType" => self.is_binary = value == "application/octet-stream",
            "enum" => self.choices = list().or(self.choices),
            "const" => self.choices = self.choices.or(Some(std::slice::from_ref(value))),
            "properties" => self.properties = Some(value),
            "required" => self.required = list(),
            "additionalProperties" => self.additional = Some(value).filter(|v| v.is_boolean() || v.is_object()),
            "items" => self.items = Some(value),
            "prefixItems" => self.prefix_items = Some(value),
            _ => {}
        }
    }

    /// What the schema can be one of, null left out.
    pub fn scalars(&self) -> impl Iterator<Item = &'a Value> + Clone + use<'a> {
        self.choices.into_iter().flatten().filter(|value| is_scalar(value))
    }

    /// The type of a schema that names none, from what only one type can have.
    pub fn implied_type(&self) -> Option<&'static str> {
        let all = |check: fn(&Value) -> bool| self.scalars().next().is_some() && self.scalars().all(check);
        if all(Value::is_string) {
            Some("string")
        } else if all(Value::is_boolean) {
            Some("boolean")
        } else if all(Value::is_i64) {
            Some("integer")
        } else if self.properties.is_some() {
            Some("object")
        } else if self.items.is_some() || self.prefix_items.is_some() {
            Some("array")
        } else {
            None
        }
    }

    /// 3.1 says by content encoding what 3.0 says by format, and FastAPI writes a decimal as a pattern.
    pub fn string_format(&self) -> Option<&'a str> {
        self.format
            .or(self.is_base64.then_some("byte"))
            .or(self.is_binary.then_some("binary"))
            .or(self.pattern.is_some_and(is_decimal_pattern).then_some("decimal"))
    }
}

/// Pydantic's pattern for `Decimal`: digits with an optional point, and nothing else.
fn is_decimal_pattern(pattern: &str) -> bool {
    pattern.starts_with("^(?!^[-+.]*$)[+-]?0*")
}
