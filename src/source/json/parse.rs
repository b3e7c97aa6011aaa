use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::source::error::SyntaxError;
use crate::source::tree::{Part, Reader};

/// Reads a JSON text as far as `part` keeps it.
pub fn parse(text: &str, part: impl Part, reader: &mut Reader) -> Result<Value, SyntaxError> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Reading(reader, part).deserialize(&mut deserializer);
    value.and_then(|value| deserializer.end().map(|()| value)).map_err(|error| {
        let message = error.to_string();
        // The position is printed in front, so it is cut from the text.
        let message = message.split(" at line ").next().unwrap_or(&message);
        let message = match message {
            "recursion limit exceeded" => "the JSON is nested too deeply".to_owned(),
            message => format!("not valid JSON: {message}"),
        };
        SyntaxError { message, position: (error.line(), error.column().max(1)) }
    })
}

/// Reads one JSON value, and notes duplicate keys.
struct Reading<'r, P>(&'r mut Reader, P);

impl<'de, P: Part> DeserializeSeed<'de> for Reading<'_, P> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, P: Part> Visitor<'de> for Reading<'_, P> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("any valid JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        let mut before = self.0.repeated.told();
        while let Some(value) = items.next_element_seed(Reading(&mut *self.0, self.1.item()))? {
            self.0.repeated.put_below(before, || values.len().to_string());
            before = self.0.repeated.told();
            values.push(value);
        }
        values.shrink_to_fit();
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let start = self.0.open();
        while let Some(key) = members.next_key::<String>()? {
            let Some(part) = self.1.member(&key) else {
                members.next_value::<IgnoredAny>()?;
                continue;
            };
            let before = self.0.repeated.told();
            let value = members.next_value_seed(Reading(&mut *self.0, part))?;
            self.0.repeated.put_below(before, || key.clone());
            self.0.member(key, value);
        }
        Ok(self.1.object(self.0.close(start)))
    }
}
