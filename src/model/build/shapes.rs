//! Converts schemas to column types and JSON types.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use serde_json::Value;

use crate::model::project::FieldType;
use crate::model::types::{NamedType, Property, Shape};
use crate::openapi::{Document, RawProperty, Resolved, Schema, SchemaAt, Type, local_pointer, properties};

/// The maximum depth of inline types; deeper ones are untyped. Components have names, and don't count.
const MAX_DEPTH: usize = 24;

/// The maximum of variants of one property, nested ones counted each time. With more, it is a JSON column.
const MAX_VARIANTS: usize = 5_000;

/// The maximum of objects without a name in one property or component. With more, the rest is untyped.
const MAX_OBJECTS: usize = 5_000;

/// The maximum of parts of an `allOf` that are asked for what an object may have beside its properties, nested ones counted
/// each time.
const MAX_PARTS: usize = 1_000;

/// The depth that a reference to an unnamed schema counts for: it may lead back to itself.
const UNNAMED_REFERENCE_DEPTH: usize = 8;

/// The type of a field.
#[derive(Debug, Clone, PartialEq)]
pub struct Typed {
    pub ty: FieldType,
    pub shape: Shape,
    pub nullable: bool,
}

/// Converts schemas to types, and collects the components that they refer to.
pub struct Types<'a> {
    document: &'a Document,
    /// The variants left for the current property.
    variants_left: Cell<usize>,
    /// The objects left for the current property or component.
    objects_left: Cell<usize>,
    /// The objects that the current one is within, by identity: one within itself has no name to refer to.
    open: RefCell<Vec<BTreeSet<Cow<'a, str>>>>,
    reached: RefCell<BTreeSet<String>>,
    /// Those whose types aren't made yet.
    waiting: RefCell<Vec<String>>,
}

impl<'a> Types<'a> {
    pub fn new(document: &'a Document) -> Self {
        Self {
            document,
            variants_left: Cell::new(0),
            objects_left: Cell::new(0),
            open: RefCell::default(),
            reached: RefCell::default(),
            waiting: RefCell::default(),
        }
    }

    pub fn document(&self) -> &'a Document {
        self.document
    }

    /// The components that were referred to.
    pub fn reached(self) -> BTreeSet<String> {
        self.reached.into_inner()
    }

    /// Counts components as referred to.
    pub fn reach(&mut self, names: BTreeSet<String>) {
        let reached = self.reached.get_mut();
        self.waiting.get_mut().extend(names.into_iter().filter(|name| reached.insert(name.clone())));
    }

    /// `None` where a reference leads nowhere.
    pub fn property(&self, property: &RawProperty<'a>) -> Option<Typed> {
        self.variants_left.set(MAX_VARIANTS);
        self.objects_left.set(MAX_OBJECTS);
        let variants: Option<Vec<Typed>> = property.schemas.iter().map(|schema| self.typed(schema, 0)).collect();
        variants.map(unite)
    }

    /// The components that were referred to, and those that they refer to, in order of name.
    pub fn named(&self) -> Vec<NamedType> {
        let mut named = Vec::new();
        loop {
            let Some(name) = self.waiting.borrow_mut().pop() else { break };
            let Some(at) = self.document.schema(&self.document.component_pointer(&name)) else { continue };
            let doc = at.read().description.map(str::to_owned);
            self.objects_left.set(MAX_OBJECTS);
            let shape = self.structure(&at, 0);
            named.push(NamedType { name, doc, shape });
        }
        named.sort_by(|one, two| one.name.cmp(&two.name));
        named
    }

    fn typed(&self, at: &SchemaAt<'a>, depth: usize) -> Option<Typed> {
        let resolved = Resolved::of(self.document, at)?;
        let nullable = resolved.nullable;
        let scalar = |ty| Some(Typed { ty, shape: self.bare_shape(at, depth), nullable });
        let schema = &resolved.schema;
        let format = schema.format.map(str::to_ascii_lowercase).unwrap_or_default();
        match schema.scalar() {
            Some(Type::String) => scalar(string_type(&format)),
            Some(Type::Integer) => match format.as_str() {
                "int32" | "int16" | "int8" => scalar(FieldType::Int32),
                _ => scalar(FieldType::Int64),
            },
            Some(Type::Number) => match format.as_str() {
                "decimal" | "money" | "currency" => scalar(FieldType::Decimal { as_number: true }),
                _ => scalar(FieldType::Float),
            },
            Some(Type::Boolean) => scalar(FieldType::Boolean),
            _ if schema.is_only_null => Some(Typed { ty: FieldType::Json, shape: Shape::Null, nullable: true }),
            _ => {
                let variants = schema.variants();
                let left = self.variants_left.get().saturating_sub(variants.len());
                self.variants_left.set(left);
                if variants.is_empty() || depth >= MAX_DEPTH || left == 0 {
                    return Some(Typed { ty: FieldType::Json, shape: self.bare_shape(at, depth), nullable });
                }
                let variants: Option<Vec<Typed>> = variants.iter().map(|part| self.typed(part, depth + 1)).collect();
                let mut union = unite(variants?);
                union.nullable |= nullable;
                // A component of variants keeps its name.
                union.shape = self.bare_shape(at, depth);
                Some(union)
            }
        }
    }

    /// The JSON type, null included where it is allowed.
    fn shape(&self, at: &SchemaAt<'a>, depth: usize) -> Shape {
        let shape = self.bare_shape(at, depth);
        match Resolved::of(self.document, at) {
            Some(resolved) if resolved.nullable => union(vec![shape, Shape::Null]),
            _ => shape,
        }
    }

    /// The JSON type without null: a name for a component, unless that is a plain scalar.
    fn bare_shape(&self, at: &SchemaAt<'a>, depth: usize) -> Shape {
        if depth > MAX_DEPTH {
            return Shape::Unknown;
        }
        if let Some((name, target)) = self.component(at)
            && let Some(resolved) = Resolved::of(self.document, &target)
        {
            if resolved.schema.is_only_null {
                return Shape::Null;
            }
            let plain = matches!(scalar(&resolved.schema), Some(shape) if !matches!(shape, Shape::Enum(_)));
            if !plain {
                if self.reached.borrow_mut().insert(name.clone()) {
                    self.waiting.borrow_mut().push(name.clone());
                }
                return Shape::Named(name);
            }
        }
        let is_reference = at.reference().is_some();
        self.structure(at, if is_reference { depth + UNNAMED_REFERENCE_DEPTH } else { depth })
    }

    /// The component that a schema is, directly or through an `allOf` that only annotates it.
    fn component(&self, at: &SchemaAt<'a>) -> Option<(String, SchemaAt<'a>)> {
        let mut at = at.clone();
        for _ in 0..8 {
            let schema = at.read();
            if let Some(reference) = schema.reference {
                let pointer = local_pointer(reference)?;
                let name = self.document.component_name(&pointer)?;
                return Some((name, self.document.schema(&pointer)?));
            }
            at = schema.only_part()?.clone();
        }
        None
    }

    /// The type of a schema written out, whether or not it has a name.
    fn structure(&self, at: &SchemaAt<'a>, depth: usize) -> Shape {
        let Some(resolved) = Resolved::of(self.document, at).filter(|_| depth <= MAX_DEPTH) else {
            return Shape::Unknown;
        };
        let schema = &resolved.schema;
        if let Some(scalar) = scalar(schema) {
            return scalar;
        }
        let variants = schema.variants();
        if !variants.is_empty() && !schema.has_properties() && schema.all_of().is_empty() {
            return union(variants.iter().map(|variant| self.shape(variant, depth + 1)).collect());
        }
        let properties = properties(self.document, at);
        if !properties.is_empty() {
            let left = self.objects_left.get().saturating_sub(1);
            self.objects_left.set(left);
            let identity = at.identity();
            if left == 0 || self.open.borrow().contains(&identity) {
                return Shape::Unknown;
            }
            self.open.borrow_mut().push(identity);
            let property = |(name, raw): (&str, RawProperty<'a>)| Property {
                name: name.to_owned(),
                shape: union(raw.schemas.iter().map(|schema| self.shape(schema, depth + 1)).collect()),
                required: raw.required,
                doc: raw.schemas.first().and_then(|schema| self.doc(schema)),
            };
            let properties = properties.into_iter().map(property).collect();
            let others = self.other_values(schema, 0, &mut { MAX_PARTS }).map(|others| self.shape(&others, depth + 1));
            self.open.borrow_mut().pop();
            return match others {
                Some(others) => Shape::OpenObject(properties, Box::new(others)),
                None => Shape::Object(properties),
            };
        }
        if let Some(items) = schema.items() {
            return Shape::Array(Box::new(self.shape(&items, depth + 1)));
        }
        match schema.map_values() {
            Some(Some(values)) => Shape::Map(Box::new(self.shape(&values, depth + 1))),
            Some(None) => Shape::Map(Box::new(Shape::Unknown)),
            None => Shape::Unknown,
        }
    }

    /// What an object may have beside its properties: as it says itself, or a part of it.
    fn other_values(&self, schema: &Schema<'a>, depth: usize, parts: &mut usize) -> Option<SchemaAt<'a>> {
        if let Some(own) = schema.other_values() {
            return Some(own);
        }
        schema.all_of().iter().filter(|_| depth < MAX_DEPTH).find_map(|part| {
            *parts = parts.checked_sub(1)?;
            self.other_values(&self.document.follow(part)?, depth + 1, parts)
        })
    }

    fn doc(&self, at: &SchemaAt<'a>) -> Option<String> {
        Resolved::of(self.document, at)?.description.map(str::to_owned)
    }
}

/// The type of a schema that is a scalar or a choice of scalars.
fn scalar(schema: &Schema) -> Option<Shape> {
    if schema.is_only_null {
        return Some(Shape::Null);
    }
    let choices = schema.choices();
    if !choices.is_empty() {
        return Some(Shape::Enum(choices));
    }
    Some(match schema.scalar()? {
        Type::String => Shape::String,
        Type::Integer | Type::Number => Shape::Number,
        Type::Boolean => Shape::Boolean,
        Type::Array | Type::Object => return None,
    })
}

fn string_type(format: &str) -> FieldType {
    match format {
        "uuid" | "guid" => FieldType::Uuid,
        "date-time" => FieldType::DateTime,
        "date" => FieldType::Date,
        "time" => FieldType::Time,
        "decimal" => FieldType::Decimal { as_number: false },
        "byte" | "binary" => FieldType::Bytes,
        _ => FieldType::Text,
    }
}

/// The type that takes every one of the variants.
fn unite(variants: Vec<Typed>) -> Typed {
    let nullable = variants.iter().any(|variant| variant.nullable);
    let shapes = variants.iter().map(|variant| variant.shape.clone()).collect();
    let types: Vec<FieldType> =
        variants.iter().filter(|variant| variant.shape != Shape::Null).map(|variant| variant.ty).collect();
    let all = |check: fn(FieldType) -> bool| types.iter().all(|ty| check(*ty));
    let ty = match types.as_slice() {
        [] => FieldType::Json,
        [first, rest @ ..] if rest.iter().all(|ty| ty == first) => *first,
        _ if all(is_text) => FieldType::Text,
        _ if all(|ty| matches!(ty, FieldType::Int32 | FieldType::Int64)) => FieldType::Int64,
        _ if all(|ty| matches!(ty, FieldType::Int32 | FieldType::Int64 | FieldType::Float)) => FieldType::Float,
        _ => FieldType::Json,
    };
    Typed { ty, shape: union(shapes), nullable }
}

/// Whether the type is stored as the JSON's text.
fn is_text(ty: FieldType) -> bool {
    matches!(ty, FieldType::Text | FieldType::Uuid | FieldType::DateTime | FieldType::Date | FieldType::Time)
}

/// Builds a union: flat, without duplicates; unknown if one variant is.
fn union(shapes: Vec<Shape>) -> Shape {
    let mut flat: Vec<Shape> = Vec::new();
    let mut add = |shape: Shape| {
        if !flat.contains(&shape) {
            flat.push(shape);
        }
    };
    for shape in shapes {
        match shape {
            Shape::Union(inner) => inner.into_iter().for_each(&mut add),
            shape => add(shape),
        }
    }
    if flat.contains(&Shape::Unknown) {
        return Shape::Unknown;
    }
    // `string` includes every enum of strings.
    if flat.contains(&Shape::String) {
        flat.retain(|shape| !matches!(shape, Shape::Enum(values) if values.iter().all(Value::is_string)));
    }
    // Null comes last, as people write it.
    flat.sort_by_key(|shape| *shape == Shape::Null);
    match <[Shape; 1]>::try_from(flat) {
        Ok([only]) => only,
        Err(flat) if flat.is_empty() => Shape::Unknown,
        Err(flat) => Shape::Union(flat),
    }
}
