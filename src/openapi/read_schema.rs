//! Reads a schema from its value, on its own level alone: its parts are read when they are asked for.
//!
//! What limits a value (lengths, bounds, patterns) is the server's to check, and isn't read. A keyword of the wrong
//! type is passed over: a quarter of real documents have one somewhere.

use serde_json::{Map, Value};

use super::schema::{Part, Schema, SchemaAt, Type, is_scalar};
use crate::diagnostics::child;

/// A schema that says nothing.
static NOTHING: Value = Value::Null;

/// The keywords that say of what type a value is.
#[derive(Default)]
struct TypeKeywords<'a> {
    types: Option<&'a Value>,
    format: Option<&'a str>,
    pattern: Option<&'a str>,
    is_base64: bool,
    is_binary: bool,
    choices: Option<&'a [Value]>,
    properties: Option<&'a Value>,
    required: Option<&'a [Value]>,
    additional: Option<&'a Value>,
    items: Option<&'a Value>,
    prefix_items: Option<&'a Value>,
}

impl<'a> SchemaAt<'a> {
    /// Whether it may be nothing but a reference.
    pub fn reference(&self) -> Option<&'a str> {
        self.read().reference
    }

    pub fn read(&self) -> Schema<'a> {
        let mut schema = Schema { pointer: self.pointer.clone(), ..Schema::default() };
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

impl<'a> TypeKeywords<'a> {
    fn of(raw: &'a Map<String, Value>) -> Self {
        let mut keywords = Self::default();
        raw.iter().for_each(|(key, value)| keywords.take(key, value));
        keywords
    }

    fn take(&mut self, key: &str, value: &'a Value) {
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
    fn scalars(&self) -> impl Iterator<Item = &'a Value> + Clone + use<'a> {
        self.choices.into_iter().flatten().filter(|value| is_scalar(value))
    }

    /// The type of a schema that names none, from what only one type can have.
    fn implied_type(&self) -> Option<&'static str> {
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
    fn string_format(&self) -> Option<&'a str> {
        self.format
            .or(self.is_base64.then_some("byte"))
            .or(self.is_binary.then_some("binary"))
            .or(self.pattern.is_some_and(is_decimal_pattern).then_some("decimal"))
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

/// Pydantic's pattern for `Decimal`: digits with an optional point, and nothing else.
fn is_decimal_pattern(pattern: &str) -> bool {
    pattern.starts_with("^(?!^[-+.]*$)[+-]?0*")
}

#[cfg(test)]
mod tests {
    use openapiv3::{AdditionalProperties, ReferenceOr, SchemaKind, VariantOrUnknownOrEmpty};
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
        assert_eq!(said(&json!({ "$ref": "#/a", "allOf": [{ "type": "object" }] })), "all of  #/a and /allOf/0 object");
    }

    #[test]
    fn wrong_keywords_do_no_harm() {
        let odd = json!({ "type": "object", "properties": [], "required": true, "items": 3, "allOf": {}, "enum": 1 });
        assert_eq!(said(&odd), "object");
        assert_eq!(said(&json!(true)), "");
    }

    /// Holds what is read of a schema against what `openapiv3` reads of it, as far as it gives it a type.
    fn compare(at: &SchemaAt, other: &ReferenceOr<Box<openapiv3::Schema>>, compared: &mut usize) {
        let ours = at.read();
        let other = match other {
            ReferenceOr::Reference { reference } => return assert_eq!(ours.reference, Some(reference.as_str())),
            ReferenceOr::Item(other) => other,
        };
        let data = &other.schema_data;
        assert_eq!(ours.description, data.description.as_deref(), "{}", at.pointer);
        let flags = (ours.nullable, ours.read_only, ours.write_only, ours.deprecated);
        assert_eq!(flags, (data.nullable, data.read_only, data.write_only, data.deprecated), "{}", at.pointer);
        assert_eq!(ours.default_value(), data.default.as_ref().filter(|value| !value.is_null()), "{}", at.pointer);
        let SchemaKind::Type(ty) = &other.schema_kind else { return };
        *compared += 1;
        use openapiv3::Type as Other;
        match ty {
            Other::String(string) => {
                assert_eq!((ours.ty, ours.format), (Some(Type::String), format(&string.format).as_deref()));
                let choices: Vec<Value> = string.enumeration.iter().flatten().map(|text| json!(text)).collect();
                assert_eq!(ours.choices(), choices, "{}", at.pointer);
            }
            Other::Number(number) => {
                assert_eq!((ours.ty, ours.format), (Some(Type::Number), format(&number.format).as_deref()));
            }
            Other::Integer(integer) => {
                assert_eq!((ours.ty, ours.format), (Some(Type::Integer), format(&integer.format).as_deref()));
            }
            Other::Boolean(_) => assert_eq!(ours.ty, Some(Type::Boolean)),
            Other::Array(array) => {
                assert_eq!(ours.ty, Some(Type::Array));
                if let Some(items) = &array.items {
                    compare(&ours.items().unwrap(), items, compared);
                }
            }
            Other::Object(object) => {
                assert_eq!(
                    (ours.ty, ours.required().collect::<Vec<_>>()),
                    (Some(Type::Object), strs(&object.required))
                );
                assert_eq!(ours.properties().count(), object.properties.len(), "{}", at.pointer);
                for (name, property) in ours.properties() {
                    compare(&property, &object.properties[name], compared);
                }
                if let Some(AdditionalProperties::Schema(values)) = &object.additional_properties {
                    let values = values.as_ref().clone();
                    let values = match values {
                        ReferenceOr::Reference { reference } => ReferenceOr::Reference { reference },
                        ReferenceOr::Item(item) => ReferenceOr::Item(Box::new(item)),
                    };
                    compare(&ours.map_values().unwrap().unwrap(), &values, compared);
                }
            }
        }
    }

    fn strs(names: &[String]) -> Vec<&str> {
        names.iter().map(String::as_str).collect()
    }

    fn format<F: serde::Serialize>(format: &VariantOrUnknownOrEmpty<F>) -> Option<String> {
        serde_json::to_value(format).unwrap().as_str().filter(|format| !format.is_empty()).map(str::to_owned)
    }

    #[test]
    fn as_another_reader_does() {
        let documents = [
            include_str!("../../fixtures/composition/openapi.yaml"),
            include_str!("../../fixtures/envelopes/openapi.yaml"),
            include_str!("../../fixtures/keys/openapi.yaml"),
            include_str!("../../fixtures/nested-paths/openapi.yaml"),
        ];
        let mut compared = 0;
        for document in documents {
            let document: Value = serde_saphyr::from_str(document).unwrap();
            for (name, raw) in document["components"]["schemas"].as_object().unwrap() {
                let other: ReferenceOr<Box<openapiv3::Schema>> = serde_json::from_value(raw.clone()).unwrap();
                compare(&SchemaAt::new(raw, name.clone()), &other, &mut compared);
            }
        }
        assert!(compared > 20, "{compared}");
    }
}
