//! What a JSON value is, as a type.

use std::collections::HashMap;

use indexmap::IndexSet;
use petgraph::algo::kosaraju_scc;
use petgraph::graphmap::DiGraphMap;
use serde_json::Value;

use super::comment::Comment;
use super::layout::{Member, Type};
use super::literal;
use crate::config::Int64;
use crate::model::{FieldType, NamedType, Property, Shape};
use crate::plan::Column;

/// The type of a column's value, null left out.
pub fn column(column: &Column, int64: Int64) -> Type {
    match (column.field.ty, int64) {
        (FieldType::Decimal { .. } | FieldType::Bytes, _) => Type::word("string"),
        (FieldType::Int64, Int64::String) => Type::word("string"),
        (FieldType::Int64, Int64::Bigint) => Type::word("bigint"),
        // Text where a number doesn't hold all digits.
        (FieldType::Int64, Int64::Number) if column.holds_key => {
            union(vec![shape(&column.field.shape), Type::word("string")])
        }
        _ => shape(&column.field.shape),
    }
}

pub fn or_null(ty: Type) -> Type {
    union(vec![ty, Type::word("null")])
}

/// The type of any JSON value.
pub fn shape(shape: &Shape) -> Type {
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
        Shape::OpenObject(properties, others) => Type::Object(with_others(members(properties), nested(others))),
        Shape::Union(shapes) => union(shapes.iter().map(|shape| convert(shape, is_cyclic)).collect()),
        Shape::Named(name) => Type::Name(name.clone()),
    }
}

pub fn members(properties: &[Property]) -> Vec<Member> {
    properties
        .iter()
        .map(|property| Member {
            comment: Comment::new(property.doc.as_deref(), false),
            name: Some(property.name.clone()),
            optional: !property.required,
            ty: shape(&property.shape),
        })
        .collect()
}

/// With an index signature. TypeScript wants every property's type in it, and `undefined` for one that may be missing.
fn with_others(mut members: Vec<Member>, others: Type) -> Vec<Member> {
    let own = members.iter().map(|member| member.ty.clone());
    let missing = members.iter().any(|member| member.optional).then(|| Type::word("undefined"));
    let ty = union(std::iter::once(others).chain(own).chain(missing).collect());
    members.push(Member::index(ty));
    members
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
    /// What TypeScript resolves at once: what unions name.
    through_unions: Cycles<'a>,
    /// The same with the values of maps.
    through_maps: Cycles<'a>,
}

impl<'a> Aliases<'a> {
    pub fn new(types: &'a [NamedType]) -> Self {
        Self { through_unions: Cycles::new(types, false), through_maps: Cycles::new(types, true) }
    }

    /// What the alias `named` stands for. TypeScript resolves a union or a `Record` when it meets one, so an
    /// alias can't reach itself through these: a map becomes a dictionary, and what is still circular (`A` is
    /// `A` or text) says nothing about a value.
    pub fn definition(&self, named: &NamedType) -> Type {
        let leads_back = |cycles: &Cycles, shape: &Shape, through_maps: bool| {
            let mut names = Vec::new();
            resolved_names(shape, through_maps, &mut names);
            names.iter().any(|name| cycles.has_both(name, &named.name))
        };
        if leads_back(&self.through_unions, &named.shape, false) {
            return Type::word("unknown");
        }
        convert(&named.shape, &|value| leads_back(&self.through_maps, value, true))
    }
}

/// The types that lead to one another: equal numbers.
struct Cycles<'a>(HashMap<&'a str, usize>);

impl<'a> Cycles<'a> {
    fn new(types: &'a [NamedType], through_maps: bool) -> Self {
        let mut graph = DiGraphMap::<&str, ()>::new();
        for named in types {
            let mut names = Vec::new();
            resolved_names(&named.shape, through_maps, &mut names);
            for name in names {
                graph.add_edge(named.name.as_str(), name, ());
            }
        }
        let cycles = kosaraju_scc(&graph).into_iter().enumerate();
        Self(cycles.flat_map(|(number, names)| names.into_iter().map(move |name| (name, number))).collect())
    }

    fn has_both(&self, one: &str, other: &str) -> bool {
        self.0.get(one).is_some_and(|number| self.0.get(other) == Some(number))
    }
}

/// The names in a type that TypeScript resolves when it meets the type.
fn resolved_names<'s>(shape: &'s Shape, through_maps: bool, names: &mut Vec<&'s str>) {
    match shape {
        Shape::Named(name) => names.push(name),
        Shape::Union(shapes) => shapes.iter().for_each(|shape| resolved_names(shape, through_maps, names)),
        Shape::Map(value) if through_maps => resolved_names(value, through_maps, names),
        _ => {}
    }
}
