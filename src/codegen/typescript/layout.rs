//! Type expressions, and where they break over lines: as Prettier would leave them, so that formatting a
//! project's sources doesn't touch generated files.

use std::collections::BTreeSet;

use super::comment::Comment;
use crate::codegen::width::{WIDTH, width};
use crate::names::ts;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Type {
    /// A keyword or a literal.
    Word(String),
    /// The name of a shared type.
    Name(String),
    Array(Box<Type>),
    /// `Record<string, T>`
    Record(Box<Type>),
    /// `{ [key: string]: T }`, which a type alias may use to refer to itself, as it may not in a `Record`.
    Dictionary(Box<Type>),
    Object(Vec<Member>),
    /// Two or more, of which none is a union.
    Union(Vec<Type>),
}

/// A property of an object type.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Member {
    pub comment: Comment,
    /// `None`: an index signature, for all other names.
    pub name: Option<String>,
    pub optional: bool,
    pub ty: Type,
}

impl Member {
    pub fn index(ty: Type) -> Self {
        Self { comment: Comment::default(), name: None, optional: false, ty }
    }

    /// The property name with its question mark.
    pub fn key(&self) -> String {
        let Some(name) = &self.name else { return "[key: string]".to_owned() };
        format!("{}{}", ts::property_key(name), if self.optional { "?" } else { "" })
    }

    /// Lays out the type between the colon and the semicolon of a line that is indented by `indent`. The template writes
    /// the rest of the line; where a type breaks depends on how wide that is, so it is measured here.
    pub fn annotation(&self, indent: usize) -> String {
        annotation(&self.ty, indent, indent + width(&self.key()) + 1)
    }
}

impl Type {
    pub fn word(text: &str) -> Self {
        Self::Word(text.to_owned())
    }

    /// Adds the shared types that the expression names.
    pub fn collect_names(&self, names: &mut BTreeSet<String>) {
        match self {
            Self::Word(_) => {}
            Self::Name(name) => {
                names.insert(name.clone());
            }
            Self::Array(inner) | Self::Record(inner) | Self::Dictionary(inner) => inner.collect_names(names),
            Self::Object(members) => members.iter().for_each(|member| member.ty.collect_names(names)),
            Self::Union(members) => members.iter().for_each(|member| member.collect_names(names)),
        }
    }
}

/// What an alias stands for: behind the equals sign, which ends before `column`, and before the semicolon.
pub fn definition(ty: &Type, column: usize) -> String {
    match flat(ty) {
        Some(text) if fits(&text, column + 1, 1) => format!(" {text}"),
        Some(text) if is_solid(ty) => format!("\n  {text}"),
        _ => annotation(ty, 0, column),
    }
}

/// `ty` behind a `:` or `=` that ends before `column`, on a line indented by `indent`, with the blank before it.
fn annotation(ty: &Type, indent: usize, column: usize) -> String {
    match (flat(ty), ty) {
        (Some(text), _) if fits(&text, column + 1, 1) => format!(" {text}"),
        (_, Type::Union(members)) if hugged(members).is_none() => {
            format!("{}{}", line(indent + 2), branches(ty, members, indent + 2, 1))
        }
        _ => format!(" {}", lay_out(ty, indent, column + 1, 1)),
    }
}

/// `after`: how many columns the text behind `ty` takes on the same line.
fn lay_out(ty: &Type, indent: usize, column: usize, after: usize) -> String {
    if let Some(text) = flat(ty).filter(|text| fits(text, column, after)) {
        return text;
    }
    match ty {
        Type::Word(text) | Type::Name(text) => text.clone(),
        Type::Array(item) => match item.as_ref() {
            Type::Union(members) if hugged(members).is_some() => {
                format!("({})[]", lay_out(item, indent, column + 1, after + 3))
            }
            Type::Union(members) => {
                format!("({}{}{})[]", line(indent + 2), branches(item, members, indent + 2, 0), line(indent))
            }
            _ => format!("{}[]", lay_out(item, indent, column, after + 2)),
        },
        Type::Record(value) => {
            let inner = line(indent + 2);
            let value = lay_out(value, indent + 2, indent + 2, 0);
            format!("Record<{inner}string,{inner}{value}{}>", line(indent))
        }
        Type::Dictionary(value) => {
            let key = "[key: string]:";
            let value = annotation(value, indent + 2, indent + 2 + key.len());
            format!("{{{}{key}{value};{}}}", line(indent + 2), line(indent))
        }
        Type::Object(members) => {
            let members: String = members.iter().map(|member| member_lines(member, indent + 2)).collect();
            format!("{{\n{members}{}}}", " ".repeat(indent))
        }
        Type::Union(members) => match hugged(members) {
            Some(object) => format!("{}{OR_NULL}", lay_out(object, indent, column, after + OR_NULL.len())),
            None => branches(ty, members, indent, after),
        },
    }
}

/// A union that begins on a line of its own: on that line where it fits, or each member behind a bar.
fn branches(ty: &Type, members: &[Type], indent: usize, after: usize) -> String {
    if let Some(text) = flat(ty).filter(|text| fits(text, indent, after)) {
        return text;
    }
    let lines = members.iter().enumerate().map(|(index, member)| {
        let after = if index + 1 == members.len() { after } else { 0 };
        format!("| {}", lay_out(member, indent + 2, indent + 2, after))
    });
    lines.collect::<Vec<_>>().join(&line(indent))
}

fn member_lines(member: &Member, indent: usize) -> String {
    let (comment, key, ty) = (member.comment.text(indent), member.key(), member.annotation(indent));
    format!("{comment}{}{key}:{ty};\n", " ".repeat(indent))
}

/// The type by itself, of whatever width.
pub fn text(ty: &Type) -> String {
    flat(ty).unwrap_or_else(|| lay_out(ty, 0, 0, 0))
}

/// The type on one line; none where a comment needs a line of its own.
fn flat(ty: &Type) -> Option<String> {
    let mut text = String::new();
    write_flat(&mut text, ty)?;
    Some(text)
}

fn write_flat(out: &mut String, ty: &Type) -> Option<()> {
    let between = |out: &mut String, before: &str, ty: &Type, after: &str| {
        out.push_str(before);
        write_flat(out, ty)?;
        out.push_str(after);
        Some(())
    };
    match ty {
        Type::Word(text) | Type::Name(text) => out.push_str(text),
        Type::Array(item) if matches!(item.as_ref(), Type::Union(_)) => between(out, "(", item, ")[]")?,
        Type::Array(item) => between(out, "", item, "[]")?,
        Type::Record(value) => between(out, "Record<string, ", value, ">")?,
        Type::Dictionary(value) => between(out, "{ [key: string]: ", value, " }")?,
        Type::Object(members) => {
            out.push('{');
            for (index, member) in members.iter().enumerate() {
                if !member.comment.is_empty() {
                    return None;
                }
                out.push_str(if index == 0 { " " } else { "; " });
                out.push_str(&member.key());
                between(out, ": ", &member.ty, "")?;
            }
            out.push_str(" }");
        }
        Type::Union(members) => {
            for (index, member) in members.iter().enumerate() {
                between(out, if index == 0 { "" } else { " | " }, member, "")?;
            }
        }
    }
    Some(())
}

/// Whether there is no place in the type to break it.
fn is_solid(ty: &Type) -> bool {
    match ty {
        Type::Word(_) | Type::Name(_) => true,
        Type::Array(item) => is_solid(item),
        _ => false,
    }
}

const OR_NULL: &str = " | null";

/// `{ … } | null` and `Record<…> | null` break inside the brackets and not before the bar.
fn hugged(members: &[Type]) -> Option<&Type> {
    match members {
        [object @ (Type::Object(_) | Type::Dictionary(_) | Type::Record(_) | Type::Name(_)), other] => {
            (*other == Type::word("null")).then_some(object)
        }
        _ => None,
    }
}

fn fits(text: &str, column: usize, after: usize) -> bool {
    column + width(text) + after <= WIDTH
}

fn line(indent: usize) -> String {
    format!("\n{}", " ".repeat(indent))
}
