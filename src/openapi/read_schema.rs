//! Reads one level of a schema from its value. Its parts are read when they are asked for.
//!
//! What limits a value (lengths, bounds, patterns) is the server's to check, and isn't read. A keyword of the wrong
//! type is passed over: a quarter of real documents have one somewhere.

use serde_json::{Map, Value};

use super::schema::{LIMITS, Part, Schema, SchemaAt, Type};
use super::type_keywords::TypeKeywords;
use crate::diagnostics::child;

/// Formats that only numbers have.
const NUMBERS: &[&str] =
    &["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float", "double", "decimal"];

/// A schema that says nothing.
static NOTHING: Value = Value::Null;

impl<'a> SchemaAt<'a> {
    /// Whether it may be nothing but a reference.
    pub fn reference(&self) -> Option<&'a str> {
        self.read().reference
    }

    /// What the reference leads to, where it is nothing else: the same for every place that refers to one component.
    pub fn pointer_of_reference(&self) -> Option<&'a str> {
        let schema = self.read();
        schema.reference.or_else(|| schema.only_part()?.reference())
    }

    pub fn read(&self) -> Schema<'a> {
        let mut schema = Schema { pointer: self.pointer.clone(), ..Schema::default() };
        if let Some(both) = &self.both {
            schema.description = both.parts.iter().rev().find_map(|part| part.read().description);
            schema.nullable = both.nullable && !self.null_is_said;
            schema.all_of = Some(both.parts.clone());
            return schema;
        }
        match (self.part, self.value) {
            (Part::All, Value::Object(raw)) => schema.read(raw, self),
            (Part::Reference, value) => schema.reference = value.get("$ref").and_then(Value::as_str),
            (Part::OfType(name), Value::Object(raw)) => schema.read_type(name, &TypeKeywords::of(raw)),
            (Part::Tuple, Value::Array(items)) => {
                schema.read_union(items, &self.pointer);
                // An item that may be missing isn't null.
                schema.nullable = false;
            }
            _ => {}
        }
        schema.nullable &= !self.null_is_said;
        schema
    }
}

impl<'a> Schema<'a> {
    fn read(&mut self, raw: &'a Map<String, Value>, at: &SchemaAt<'a>) {
        let mut keywords = TypeKeywords::default();
        let mut reference = None;
        let [mut all_of, mut any_of, mut one_of]: [Option<&[Value]>; 3] = Default::default();
        for (key, value) in raw {
            let list = || value.as_array().map(Vec::as_slice);
            let is_true = || value == &Value::Bool(true);
            match key.as_str() {
                "$ref" => reference = value.as_str(),
                "nullable" | "x-nullable" => self.nullable |= is_true(),
                "readOnly" => self.read_only = is_true(),
                "writeOnly" => self.write_only = is_true(),
                "deprecated" => self.deprecated = is_true(),
                "description" => self.description = value.as_str(),
                "default" => self.default = Some(value),
                "allOf" => all_of = list(),
                "anyOf" => any_of = list(),
                "oneOf" => one_of = list(),
                key => keywords.take(key, value),
            }
            if LIMITS.contains(&key.as_str()) && self.limited.is_empty() {
                self.limited.push(raw);
            }
            if key.starts_with("x-") && self.sources.is_empty() {
                self.sources.push(raw);
            }
        }
        self.read_types(&keywords, at);
        if !self.is_only_null {
            if let Some(parts) = all_of {
                let parent = child(&self.pointer, "allOf");
                let part = |(index, value)| SchemaAt::new(value, format!("{parent}/{index}"));
                self.all_of = Some(parts.iter().enumerate().map(part).collect());
            }
            // A schema may have both, or a list of types besides; the first counts.
            for (key, variants) in [("anyOf", any_of), ("oneOf", one_of)] {
                if let Some(variants) = variants {
                    self.read_union(variants, &child(&self.pointer, key));
                }
            }
        }
        let Some(reference) = reference else { return };
        if self.is_bare_type() {
            // The component says more than the type beside the reference: its values, its format.
            (self.ty, self.format) = (None, None);
        }
        if self.says_anything() {
            let part = SchemaAt { part: Part::Reference, ..at.clone() };
            self.all_of.get_or_insert_default().insert(0, part);
        } else {
            self.reference = Some(reference);
        }
    }

    /// Types and what they are made of.
    fn read_types(&mut self, keywords: &TypeKeywords<'a>, at: &SchemaAt<'a>) {
        let is_null = |name: &&str| *name == "null";
        let (one, several) = match keywords.types {
            Some(Value::String(name)) => (Some(name.as_str()), Vec::new()),
            Some(Value::Array(names)) => (None, names.iter().filter_map(Value::as_str).collect()),
            _ => (None, Vec::new()),
        };
        let allows_null = one.iter().chain(&several).any(is_null);
        let (one, several): (_, Vec<&str>) = match several.as_slice() {
            [] => (one.filter(|name| !is_null(name)), several),
            _ => (None, several.into_iter().filter(|name| !is_null(name)).collect()),
        };
        let several = numbers_alone(several, keywords);
        let (one, several) = if let [only] = several[..] { (Some(only), &[][..]) } else { (one, several.as_slice()) };
        let is_untyped = one.is_none() && several.is_empty();
        self.nullable |= allows_null || keywords.choices.is_some_and(|choices| choices.iter().any(Value::is_null));
        let has_no_choice = keywords.choices.is_some() && keywords.scalars().next().is_none();
        if (allows_null && is_untyped) || (has_no_choice && self.nullable) {
            (self.is_only_null, self.nullable) = (true, true);
            return;
        }
        if !several.is_empty() {
            let variant = |name: &&'a str| SchemaAt { part: Part::OfType(name), ..at.clone() };
            self.variants = several.iter().map(variant).collect();
        } else if let Some(name) = one.or(keywords.implied_type()) {
            self.read_type(name, keywords);
        } else {
            self.choices = keywords.choices.filter(|_| keywords.scalars().next().is_some());
            // A part of an `allOf` may say only what is required.
            self.required = keywords.required;
        }
    }

    fn read_type(&mut self, name: &str, keywords: &TypeKeywords<'a>) {
        let choices = |fits: fn(&Value) -> bool| {
            let has_choices = keywords.scalars().next().is_some() && keywords.scalars().all(fits);
            keywords.choices.filter(|_| has_choices)
        };
        match name {
            "string" => {
                (self.ty, self.format) = (Some(Type::String), keywords.string_format());
                self.choices = choices(|_| true);
            }
            "integer" => {
                (self.ty, self.format) = (Some(Type::Integer), keywords.format);
                self.choices = choices(Value::is_i64);
            }
            "number" => {
                (self.ty, self.format) = (Some(Type::Number), keywords.format);
                self.choices = choices(Value::is_number);
            }
            "boolean" => {
                self.ty = Some(Type::Boolean);
                self.choices = choices(Value::is_boolean);
            }
            "array" => {
                self.ty = Some(Type::Array);
                let prefix = keywords.prefix_items.filter(|items| items.is_array()).map(|items| ("prefixItems", items));
                self.items = prefix.or(Some(("items", keywords.items.unwrap_or(&NOTHING))));
            }
            "object" => {
                self.ty = Some(Type::Object);
                self.properties = keywords.properties.and_then(Value::as_object);
                (self.required, self.additional) = (keywords.required, keywords.additional);
            }
            "file" => (self.ty, self.format) = (Some(Type::String), Some("binary")),
            _ => {}
        }
    }

    /// Takes the variants of a union, null left out; a union of one is that one.
    fn read_union(&mut self, variants: &'a [Value], pointer: &str) {
        let mut kept: Vec<(SchemaAt<'a>, Schema<'a>)> = Vec::new();
        for (index, value) in variants.iter().enumerate() {
            let at = SchemaAt::new(value, format!("{pointer}/{index}"));
            let variant = at.read();
            self.nullable |= variant.nullable;
            if !variant.is_only_null {
                kept.push((SchemaAt { null_is_said: true, ..at }, variant));
            }
        }
        if let [(first, _), others @ ..] = kept.as_slice()
            && others.iter().all(|(other, _)| other.value == first.value)
        {
            kept.truncate(1);
        }
        // FastAPI takes a decimal as a number or as a string of digits.
        if let [(_, one), (_, two)] = kept.as_slice() {
            if one.is_number() && two.is_decimal_text() {
                kept.remove(0);
            } else if one.is_decimal_text() && two.is_number() {
                kept.truncate(1);
            }
        }
        match <[_; 1]>::try_from(kept) {
            Ok([(_, only)]) if only.has_no_parts() => self.absorb(only),
            Ok([(at, _)]) => self.all_of.get_or_insert_default().push(at),
            Err(kept) if self.variants.is_empty() => self.variants = kept.into_iter().map(|(at, _)| at).collect(),
            Err(_) => {}
        }
    }

    /// Takes over what the only variant of a union says, where nothing is said yet.
    fn absorb(&mut self, variant: Schema<'a>) {
        self.ty = self.ty.or(variant.ty);
        self.format = self.format.or(variant.format);
        self.choices = self.choices.or(variant.choices);
        self.description = self.description.or(variant.description);
        self.default = self.default.or(variant.default);
        self.read_only |= variant.read_only;
        self.write_only |= variant.write_only;
        self.deprecated |= variant.deprecated;
        self.sources.extend(variant.sources);
        self.limited.extend(variant.limited);
    }

    /// Whether it says of values no more than their type.
    fn is_bare_type(&self) -> bool {
        self.ty.is_some()
            && self.format.is_none()
            && self.choices.is_none()
            && (self.has_no_parts() || self.is_bare_object())
    }

    /// An object or a list of anything.
    fn is_bare_object(&self) -> bool {
        let is_object = self.ty == Some(Type::Object) && self.properties.is_none() && self.additional.is_none();
        is_object && self.required.is_none() && self.all_of.is_none() && self.variants.is_empty()
    }

    fn is_number(&self) -> bool {
        matches!(self.ty, Some(Type::Number | Type::Integer))
    }

    fn is_decimal_text(&self) -> bool {
        self.ty == Some(Type::String) && self.format == Some("decimal")
    }

    fn says_anything(&self) -> bool {
        let is_annotated = self.description.is_some() || self.default.is_some() || !self.sources.is_empty();
        let is_flagged = self.nullable || self.read_only || self.write_only || self.deprecated;
        let is_typed = self.ty.is_some() || self.choices.is_some() || self.is_only_null;
        is_annotated || is_flagged || is_typed || !self.has_no_parts()
    }
}

/// The types of a value without `string`, where its text is only another spelling of the number: .NET says so of every
/// number that it also reads from text.
fn numbers_alone<'a>(types: Vec<&'a str>, keywords: &TypeKeywords) -> Vec<&'a str> {
    let [one, two] = types[..] else { return types };
    let number = match (one, two) {
        ("integer" | "number", "string") => one,
        ("string", "integer" | "number") => two,
        _ => return types,
    };
    let has_format = keywords.format.is_some_and(|format| NUMBERS.contains(&format));
    let has_pattern = keywords.pattern.is_some_and(|pattern| pattern.starts_with("^-?(?:0|[1-9]"));
    if has_format || has_pattern { vec![number] } else { types }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Reads a schema, and what it says in words.
    fn said(raw: &Value) -> String {
        let schema = SchemaAt::new(raw, String::new()).read();
        let mut words: Vec<String> = Vec::new();
        words.extend(schema.reference.map(str::to_owned));
        words.extend(schema.ty.map(|ty| format!("{ty:?}").to_lowercase()));
        words.extend(schema.format.map(str::to_owned));
        words.extend(Some(schema.choices()).filter(|c| !c.is_empty()).map(|choices| json!(choices).to_string()));
        words.extend(schema.is_only_null.then(|| "null alone".to_owned()));
        words.extend(schema.nullable.then(|| "or null".to_owned()));
        words.extend(schema.description.map(|text| format!("({text})")));
        let parts =
            |parts: &[SchemaAt]| parts.iter().map(|part| format!("{} {}", part.pointer, said_at(part))).collect();
        let (all, any): (Vec<String>, Vec<String>) = (parts(schema.all_of()), parts(schema.variants()));
        words.extend(Some(all).filter(|all| !all.is_empty()).map(|all| format!("all of {}", all.join(" and "))));
        words.extend(Some(any).filter(|any| !any.is_empty()).map(|any| format!("one of {}", any.join(" or "))));
        words.join(" ")
    }

    fn said_at(at: &SchemaAt) -> String {
        let schema = at.read();
        let words = [schema.reference.map(str::to_owned), schema.ty.map(|ty| format!("{ty:?}").to_lowercase())];
        words.into_iter().flatten().chain(schema.nullable.then(|| "or null".to_owned())).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn nullables_in_each_spelling() {
        for raw in [
            json!({ "anyOf": [{ "type": "string" }, { "type": "null" }] }),
            json!({ "type": ["string", "null"] }),
            json!({ "type": "string", "nullable": true }),
            json!({ "type": "string", "x-nullable": true }),
            json!({ "oneOf": [{ "type": "string", "nullable": true }] }),
        ] {
            assert_eq!(said(&raw), "string or null", "{raw}");
        }
        let reference = json!({ "anyOf": [{ "$ref": "#/a" }, { "type": "null" }], "description": "d" });
        assert_eq!(said(&reference), "or null (d) all of /anyOf/0 #/a");
        let union = json!({ "anyOf": [{ "type": "null" }, { "type": ["string", "null"] }, { "$ref": "#/a" }] });
        assert_eq!(said(&union), "or null one of /anyOf/1 string or /anyOf/2 #/a");
        assert_eq!(said(&json!({ "type": ["null"] })), "null alone or null");
        assert_eq!(said(&json!({ "enum": [null] })), "null alone or null");
    }

    #[test]
    fn constants_and_enums() {
        assert_eq!(said(&json!({ "const": "a" })), r#"string ["a"]"#);
        assert_eq!(said(&json!({ "type": "string", "enum": ["a", null, ""] })), r#"string ["a",""] or null"#);
        assert_eq!(said(&json!({ "type": "string", "enum": [1, true] })), r#"string ["1","true"]"#);
        assert_eq!(said(&json!({ "type": "integer", "enum": [1, "a"] })), "integer");
        assert_eq!(said(&json!({ "enum": [1, "a"] })), r#"[1,"a"]"#);
    }

    #[test]
    fn types_that_are_implied_or_several() {
        assert_eq!(said(&json!({ "properties": {} })), "object");
        assert_eq!(said(&json!({ "items": {} })), "array");
        assert_eq!(said(&json!({ "type": "file" })), "string binary");
        assert_eq!(said(&json!({ "type": ["integer", "string"] })), "one of  integer or  string");
        let either =
            json!({ "type": ["null", "integer", "string"], "format": "int32", "pattern": "^-?(?:0|[1-9]\\d*)$" });
        assert_eq!(said(&either), "integer int32 or null");
        let decimal = json!({ "type": ["number", "string"], "pattern": "^-?(?:0|[1-9]\\d*)(?:\\.\\d+)?$" });
        assert_eq!(said(&decimal), "number");
        let tuple = json!({ "type": "array", "prefixItems": [{ "type": "string" }, { "type": "number" }] });
        let items = SchemaAt::new(&tuple, String::new()).read().items().unwrap().read();
        assert_eq!(items.variants().len(), 2);
        assert_eq!(items.variants()[1].pointer, "/prefixItems/1");
    }

    #[test]
    fn decimals() {
        let pattern = r"^(?!^[-+.]*$)[+-]?0*\d*\.?\d*$";
        assert_eq!(said(&json!({ "type": "string", "pattern": pattern })), "string decimal");
        let either = json!({ "anyOf": [{ "type": "number" }, { "type": "string", "pattern": pattern }] });
        assert_eq!(said(&either), "string decimal");
        assert_eq!(said(&json!({ "type": "string", "pattern": "^[a-z]+$" })), "string");
    }

    #[test]
    fn references_keep_their_siblings() {
        assert_eq!(said(&json!({ "$ref": "#/a" })), "#/a");
        assert_eq!(said(&json!({ "$ref": "#/a", "title": "t" })), "#/a");
        assert_eq!(said(&json!({ "$ref": "#/a", "description": "d" })), "(d) all of  #/a");
        assert_eq!(said(&json!({ "$ref": "#/a", "type": "string" })), "#/a");
        assert_eq!(said(&json!({ "$ref": "#/a", "type": "string", "nullable": true })), "or null all of  #/a");
        assert_eq!(said(&json!({ "$ref": "#/a", "allOf": [{ "type": "object" }] })), "all of  #/a and /allOf/0 object");
    }

    #[test]
    fn wrong_keywords_do_no_harm() {
        let odd = json!({ "type": "object", "properties": [], "required": true, "items": 3, "allOf": {}, "enum": 1 });
        assert_eq!(said(&odd), "object");
        assert_eq!(said(&json!(true)), "");
    }
}
