//! What a JSON value is, as a type.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexSet;
use serde_json::Value;

use super::comment::Comment;
use super::layout::{Member, Type};
use super::literal;
use crate::model::{Field, FieldType, NamedType, Property, Shape};
use crate::target::Int64;

/// The type of a field's value, null left out.
pub fn field(field: &Field, int64: Int64) -> Type {
    match field.ty {
        FieldType::Decimal { .. } | FieldType::Bytes => Type::word("string"),
        FieldType::Int64 if int64 == Int64::String => Type::word("string"),
        FieldType::Int64 if int64 == Int64::Bigint => Type::word("bigint"),
        _ => shape(&field.shape),
    }
}

pub fn or_null(ty: Type) -> Type {
    union(vec![ty, Type::word("null")])
}

fn shape(shape: &Shape) -> Type {
    convert(shape, &|_| false)
}

/// `is_cyclic`: whether the value of a map leads back to the alias that is being defined.
fn convert(shape: &Shape, is_cyclic: &dyn Fn(&Shape) -> bool) -> Type {
    let nested = |inner: &Shape| convert(inner, &|_| false);
    match shape {
        Shape::Unknown => Type::word("unknown"),
        Shape::Null => Type::word("null"),
        Shape::Boolean => Type::word("boolean"),
        Shape::Number => Type::word("number"),
        Shape::String => Type::word("string"),
        Shape::Enum(values) => union(values.iter().map(scalar).collect()),
        Shape::Array(item) => Type::Array(Box::new(nested(item))),
        Shape::Map(value) if is_cyclic(value) => Type::Dictionary(Box::new(nested(value))),
        Shape::Map(value) => Type::Record(Box::new(convert(value, is_cyclic))),
        Shape::Object(properties) if properties.is_empty() => Type::Record(Box::new(Type::word("unknown"))),
        Shape::Object(properties) => Type::Object(members(properties)),
        Shape::Union(shapes) => union(shapes.iter().map(|shape| convert(shape, is_cyclic)).collect()),
        Shape::Named(name) => Type::Name(name.clone()),
    }
}

pub fn members(properties: &[Property]) -> Vec<Member> {
    properties
        .iter()
        .map(|property| Member {
            comment: Comment::new(property.doc.as_deref(), false),
            name: property.name.clone(),
            optional: !property.required,
            ty: shape(&property.shape),
        })
        .collect()
}

fn scalar(value: &Value) -> Type {
    match value {
        Value::Array(_) | Value::Object(_) => Type::word("unknown"),
        value => Type::Word(literal::scalar(value)),
    }
}

/// Each type once, null last, without the literals of a keyword that is there as well.
fn union(types: Vec<Type>) -> Type {
    let mut members: IndexSet<Type> = IndexSet::new();
    for ty in types {
        if let Type::Union(parts) = ty {
            members.extend(parts);
        } else {
            members.insert(ty);
        }
    }
    if members.contains(&Type::word("unknown")) {
        return Type::word("unknown");
    }
    let keywords: Vec<Type> = ["string", "number", "boolean"].map(Type::word).into();
    let present: Vec<&Type> = keywords.iter().filter(|keyword| members.contains(*keyword)).collect();
    let implied = |member: &Type| keyword_of(member).is_some_and(|keyword| present.contains(&&Type::word(keyword)));
    let (mut nulls, mut rest): (Vec<Type>, Vec<Type>) =
        members.iter().filter(|member| !implied(member)).cloned().partition(|member| *member == Type::word("null"));
    rest.append(&mut nulls);
    match rest.len() {
        0 => Type::word("unknown"),
        1 => rest.remove(0),
        _ => Type::Union(rest),
    }
}

/// The keyword whose values a literal is among.
fn keyword_of(ty: &Type) -> Option<&'static str> {
    let Type::Word(text) = ty else { return None };
    match text.chars().next()? {
        '"' | '\'' => Some("string"),
        '-' | '0'..='9' => Some("number"),
        _ if matches!(text.as_str(), "true" | "false") => Some("boolean"),
        _ => None,
    }
}

/// The types of a project, which can refer to one another and to themselves.
pub struct Aliases<'a> {
    shapes: BTreeMap<&'a str, &'a Shape>,
}

impl<'a> Aliases<'a> {
    pub fn new(types: &'a [NamedType]) -> Self {
        Self { shapes: types.iter().map(|named| (named.name.as_str(), &named.shape)).collect() }
    }

    /// What the alias `named` stands for. TypeScript resolves a union or a `Record` when it meets one, so an
    /// alias can't reach itself through these: a map becomes a dictionary, and what is still circular (`A` is
    /// `A` or text) says nothing about a value.
    pub fn definition(&self, named: &NamedType) -> Type {
        if self.reaches(&named.shape, &named.name, false, &mut BTreeSet::new()) {
            return Type::word("unknown");
        }
        convert(&named.shape, &|value| self.reaches(value, &named.name, true, &mut BTreeSet::new()))
    }

    fn reaches<'s>(&'s self, shape: &'s Shape, target: &str, through_maps: bool, seen: &mut BTreeSet<&'s str>) -> bool {
        match shape {
            Shape::Named(name) if name == target => true,
            Shape::Named(name) => {
                let next = self.shapes.get(name.as_str()).filter(|_| seen.insert(name));
                next.is_some_and(|shape| self.reaches(shape, target, through_maps, seen))
            }
            Shape::Union(shapes) => shapes.iter().any(|shape| self.reaches(shape, target, through_maps, seen)),
            Shape::Map(value) if through_maps => self.reaches(value, target, through_maps, seen),
            _ => false,
        }
    }
}
