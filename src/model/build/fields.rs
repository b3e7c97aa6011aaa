//! Makes the fields of a model from the properties of its row.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::operations::{Bodies, RowField, Writer};
use super::shapes::{Typed, Types};
use crate::discovery::{PathColumn, is_resource_name};
use crate::model::project::{Field, FieldRules, FieldType, FromPath, Insert, KeyOrigin, Rules};
use crate::model::types::Shape;
use crate::openapi::{Document, Properties, RawProperty, Resolved, Type};

/// A property of the row that becomes a field.
pub struct RowProperty<'p, 'a> {
    pub name: &'p str,
    pub raw: &'p RawProperty<'a>,
    pub typed: Typed,
    pub resolved: Resolved<'a>,
    /// Where it is from, if not from the row.
    pub from_path: Option<&'p PathColumn<'a>>,
}

impl<'p, 'a> RowProperty<'p, 'a> {
    /// `Err` with the name and the pointer of the property whose reference can't be resolved.
    pub fn all(
        types: &Types<'a>,
        bodies: &Bodies<'a>,
        properties: &'p Properties<'a>,
        key: &[String],
        keep: impl Fn(&str) -> bool,
    ) -> Result<Vec<Self>, (&'p str, String)> {
        let kept = properties.iter().filter(|(name, _)| keep(name));
        kept.map(|(name, raw)| {
            let is_key = key.iter().any(|key| key == name);
            let property = Self::typed(types, bodies, name, raw, is_key);
            property.ok_or_else(|| (*name, raw.pointer().to_owned()))
        })
        .collect()
    }

    fn typed(
        types: &Types<'a>,
        bodies: &Bodies<'a>,
        name: &'a str,
        raw: &'p RawProperty<'a>,
        is_key: bool,
    ) -> Option<Self> {
        let typed = types.property(raw)?;
        let ty = match typed.ty {
            // A key of type `number` is an integer.
            FieldType::Float if is_key => FieldType::Int64,
            FieldType::Text if !is_key && bodies.take_decimal(types, name) => FieldType::Decimal { as_number: false },
            ty => ty,
        };
        let resolved = raw.resolve(types.document())?;
        Some(Self { name, raw, typed: Typed { ty, ..typed }, resolved, from_path: None })
    }

    /// A column of the path has the type of a key, and nothing of what the parent says of its own.
    pub fn from_path(types: &Types<'a>, column: &'p PathColumn<'a>) -> Option<Self> {
        let typed = types.property(&column.raw)?;
        let typed = match typed.ty {
            FieldType::Float => Typed { ty: FieldType::Int64, ..typed },
            FieldType::Text | FieldType::Uuid | FieldType::Int32 | FieldType::Int64 => typed,
            _ => Typed { ty: FieldType::Text, shape: Shape::String, nullable: false },
        };
        let mut resolved = column.raw.resolve(types.document())?;
        (resolved.read_only, resolved.deprecated) = (false, false);
        (resolved.description, resolved.default) = (None, None);
        let typed = Typed { nullable: false, ..typed };
        Some(Self { name: &column.name, raw: &column.raw, typed, resolved, from_path: Some(column) })
    }

    pub fn row_field(&self) -> RowField {
        RowField {
            name: self.name.to_owned(),
            ty: self.typed.ty,
            choices: self.resolved.schema.choices(),
            is_loose: matches!(self.typed.shape, Shape::Unknown | Shape::Union(_)),
            is_resource_name: is_resource_name(self.raw),
            nullable: self.typed.nullable || !self.raw.required,
            read_only: self.resolved.read_only,
            place: self.from_path.map(|column| column.place.clone()),
        }
    }
}

/// The operations and config that decide how fields are written.
pub struct Writers<'w, 'a> {
    pub key: &'w [String],
    /// The key without the columns from the path.
    pub own_key: &'w [String],
    pub create: Option<&'w Writer<'a>>,
    pub update: Option<&'w Writer<'a>>,
    /// The paths of those fields that are nested in the row.
    pub places: &'w BTreeMap<&'a str, Vec<&'a str>>,
    /// What the config says of fields that only a row's owner may see.
    pub owner_only: &'w [String],
}

impl Writers<'_, '_> {
    /// Makes a field. Its shape refers to components by their final names.
    pub fn field(
        &self,
        document: &Document,
        property: &RowProperty,
        key_origin: KeyOrigin,
        components: &HashMap<String, String>,
    ) -> Field {
        let name = property.name;
        let is_key = self.key.iter().any(|key| key == name);
        let default = if is_key { None } else { self.default(document, property) };
        let insert =
            if is_key { self.insert_of_key(name, key_origin) } else { self.insert(document, name, default.is_some()) };
        Field {
            name: name.to_owned(),
            ty: property.typed.ty,
            shape: without_null(property.typed.shape.clone()).with_names(components),
            nullable: !is_key && (property.typed.nullable || !property.raw.required),
            insert,
            update: !is_key && self.update.is_some_and(|update| takes(update, name)),
            default,
            doc: property.resolved.description.map(str::to_owned),
            deprecated: property.resolved.deprecated,
            place: self.places.get(name).into_iter().flatten().map(|name| (*name).to_owned()).collect(),
            from_path: property.from_path.map(|column| FromPath { parent: column.parent.clone() }),
            metadata: None,
            rules: Box::new(self.rules(document, property)),
            owner_only: property.resolved.flag("x-owner-only") || self.owner_only.iter().any(|owned| owned == name),
        }
    }

    /// What values have to be like.
    fn rules(&self, document: &Document, property: &RowProperty) -> FieldRules {
        let of_body = |writer: Option<&Writer>| {
            let raw = writer.and_then(|writer| writer.property(property.name));
            raw.and_then(|raw| raw.resolve(document)).map(|resolved| rules(document, &resolved)).unwrap_or_default()
        };
        let row = if property.from_path.is_some() { Rules::default() } else { rules(document, &property.resolved) };
        FieldRules { row, create: of_body(self.create), update: of_body(self.update) }
    }

    /// Who makes the key.
    pub fn key_origin(&self, ty: FieldType) -> KeyOrigin {
        let Some(create) = self.create else { return KeyOrigin::Given };
        let [name] = self.own_key else { return KeyOrigin::Given };
        let in_path = create.operation.has_outside_body(name);
        if in_path {
            return KeyOrigin::Given;
        }
        if !takes(create, name) {
            return KeyOrigin::Server;
        }
        let required = create.property(name).is_some_and(|property| property.required);
        match ty {
            FieldType::Uuid => KeyOrigin::Client,
            _ if required => KeyOrigin::Given,
            FieldType::Int32 | FieldType::Int64 => KeyOrigin::Server,
            _ => KeyOrigin::Client,
        }
    }

    fn insert_of_key(&self, name: &str, key_origin: KeyOrigin) -> Insert {
        let given = !self.own_key.iter().any(|own| own == name)
            || self.own_key.len() > 1
            || (key_origin == KeyOrigin::Given && self.create.is_some())
            || self.create.is_some_and(|create| {
                create.operation.has_outside_body(name)
                    || (takes(create, name) && create.property(name).is_some_and(|property| property.required))
            });
        match self.create {
            _ if given => Insert::Required,
            Some(create) if takes(create, name) => Insert::Optional,
            _ => Insert::Never,
        }
    }

    fn insert(&self, document: &Document, name: &str, has_default: bool) -> Insert {
        let Some(create) = self.create else { return Insert::Never };
        if create.operation.has_outside_body(name) {
            return Insert::Required;
        }
        if !takes(create, name) {
            return Insert::Never;
        }
        let Some(property) = create.property(name) else { return Insert::Optional };
        let nullable = property.schemas.iter().any(|at| Resolved::of(document, at).is_some_and(|m| m.nullable));
        if property.required && !nullable && !has_default { Insert::Required } else { Insert::Optional }
    }

    /// The default of the create schema, else of the row, where it is a value of the row's type.
    fn default(&self, document: &Document, property: &RowProperty) -> Option<Value> {
        let create = self.create?;
        let in_body = create.property(property.name).filter(|_| takes(create, property.name));
        let of_body = in_body.and_then(|raw| raw.resolve(document)?.default);
        let default = of_body.or(property.resolved.default)?;
        fits(default, property.typed.ty, &property.typed.shape).then(|| default.clone())
    }
}

/// What a schema asks of values. Of a union, that is what its only variant beside null does.
fn rules(document: &Document, resolved: &Resolved) -> Rules {
    let own = rules_of(resolved);
    if own != Rules::default() {
        return own;
    }
    let variants: Vec<Resolved> =
        resolved.schema.variants().iter().filter_map(|at| Resolved::of(document, at)).collect();
    let mut variants = variants.iter().filter(|variant| !variant.schema.is_only_null);
    match (variants.next(), variants.next()) {
        (Some(only), None) => rules_of(only),
        _ => own,
    }
}

fn rules_of(resolved: &Resolved) -> Rules {
    let number = |name: &str| resolved.limit(name).and_then(Value::as_number).cloned();
    let length = |name: &str| resolved.limit(name).and_then(Value::as_u64);
    // That of a number says how it is spelled where it comes as text.
    let is_text = !matches!(resolved.schema.scalar(), Some(Type::Integer | Type::Number));
    // Before OpenAPI 3.1, it says of `minimum` and `maximum` whether these are left out.
    let limit = |inclusive: &str, exclusive: &str| match resolved.limit(exclusive) {
        Some(Value::Bool(true)) => (None, number(inclusive)),
        _ => (number(inclusive), number(exclusive)),
    };
    let (minimum, exclusive_minimum) = limit("minimum", "exclusiveMinimum");
    let (maximum, exclusive_maximum) = limit("maximum", "exclusiveMaximum");
    Rules {
        min_length: length("minLength").filter(|length| *length > 0),
        max_length: length("maxLength"),
        pattern: resolved.limit("pattern").filter(|_| is_text).and_then(Value::as_str).map(str::to_owned),
        minimum,
        maximum,
        exclusive_minimum,
        exclusive_maximum,
    }
}

fn takes(writer: &Writer, name: &str) -> bool {
    writer.operation.body.iter().any(|field| field == name)
}

fn without_null(shape: Shape) -> Shape {
    match shape {
        Shape::Union(mut variants) => {
            variants.retain(|variant| *variant != Shape::Null);
            match <[Shape; 1]>::try_from(variants) {
                Ok([only]) => only,
                Err(variants) => Shape::Union(variants),
            }
        }
        shape => shape,
    }
}

/// Whether a default is a value that a column of the type can take.
fn fits(value: &Value, ty: FieldType, shape: &Shape) -> bool {
    if let Shape::Enum(values) = shape
        && !values.contains(value)
    {
        return false;
    }
    // Real documents have `now`, `0` and placeholders as defaults; a wrong one would make every insert fail.
    match ty {
        FieldType::Text => value.as_str().is_some_and(|text| !text.contains('\0')),
        FieldType::Int32 => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
        FieldType::Int64 => value.is_i64(),
        FieldType::Float => value.is_number(),
        FieldType::Boolean => value.is_boolean(),
        // PostgreSQL's JSON has no NUL.
        FieldType::Json => (value.is_object() || value.is_array()) && !value.to_string().contains("\\u0000"),
        FieldType::Decimal { .. } => value.as_str().is_some_and(is_decimal),
        FieldType::Uuid => value.as_str().is_some_and(|text| is_like(text, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx")),
        FieldType::Date => value.as_str().is_some_and(is_date),
        FieldType::DateTime => value.as_str().is_some_and(is_date_time),
        FieldType::Time | FieldType::Bytes => false,
    }
}

/// Whether a text has the form of a pattern: `9` is a digit, `x` one of base 16, everything else itself.
fn is_like(text: &str, pattern: &str) -> bool {
    let fits = |(byte, form): (u8, u8)| match form {
        b'9' => byte.is_ascii_digit(),
        b'x' => byte.is_ascii_hexdigit(),
        form => byte == form,
    };
    text.len() == pattern.len() && text.bytes().zip(pattern.bytes()).all(fits)
}

/// A date that every month of every year has: a default of the 29th to 31st isn't taken.
fn is_date(text: &str) -> bool {
    let part =
        |range: std::ops::Range<usize>| text.get(range).and_then(|part| part.parse::<u8>().ok()).unwrap_or_default();
    is_like(text, "9999-99-99") && (1..=12).contains(&part(5..7)) && (1..=28).contains(&part(8..10))
}

/// A date and a time in UTC, to the second.
fn is_date_time(text: &str) -> bool {
    let part = |range: std::ops::Range<usize>| text.get(range).and_then(|part| part.parse::<u8>().ok()).unwrap_or(99);
    is_like(text, "9999-99-99T99:99:99Z")
        && text.get(..10).is_some_and(is_date)
        && (part(11..13) < 24 && part(14..16) < 60 && part(17..19) < 60)
}

/// Digits that every database's decimals have room for.
const MAX_DECIMAL_DIGITS: usize = 1_000;

fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.len() <= MAX_DECIMAL_DIGITS && all_digits(whole) && all_digits(fraction)
}
