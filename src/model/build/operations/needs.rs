//! What a body requires that no field of the row fills.

use super::fit::fits_form;
use super::writing::Writing;
use crate::discovery;
use crate::model::project::Input;
use crate::openapi::{Properties, RawProperty, Type, properties};

/// What stands in for the rows where they lack what a body requires.
#[derive(Default)]
pub struct Needs<'a> {
    /// What an insert has to give.
    pub inputs: Vec<Input>,
    /// Objects that ask for nothing: they are sent without members.
    pub empty: Vec<&'a str>,
}

impl Needs<'_> {
    pub fn fill(&self, name: &str) -> bool {
        self.inputs.iter().any(|input| input.name == name) || self.empty.contains(&name)
    }
}

impl<'a> Writing<'_, 'a> {
    /// `Err` with the reason where nobody can say what is needed.
    pub(super) fn needs(
        &self,
        taken: &Properties<'a>,
        is_filled: impl Fn(&str) -> bool,
        files: &[&str],
        is_form: bool,
        creates: bool,
    ) -> Result<Needs<'a>, String> {
        let is_missing = |name: &str, property: &RawProperty<'a>| {
            property.required && !is_filled(name) && !self.has_default(property)
        };
        let missing: Vec<&'a str> =
            taken.iter().filter(|(name, property)| is_missing(name, property)).map(|(name, _)| *name).collect();
        if missing.iter().any(|name| files.contains(name)) {
            return Err(format!("it takes a file, {}", list(&missing)));
        }
        if self.is_for_api && creates {
            let all: Option<Vec<Input>> = missing.iter().map(|name| self.input(name, taken, is_form)).collect();
            if let Some(inputs) = all {
                return Ok(Needs { inputs, ..Needs::default() });
            }
        }
        let is_free = |name: &&str| {
            !is_form && !self.is_carried(name) && taken.get(name).is_some_and(|property| self.asks_nothing(property))
        };
        let (empty, missing): (Vec<&str>, Vec<&str>) = missing.into_iter().partition(is_free);
        if missing.is_empty() {
            return Ok(Needs { empty, ..Needs::default() });
        }
        let carried =
            missing.iter().all(|name| self.fields.iter().any(|field| field.name == *name && !field.read_only));
        let why = if carried { "which its rows have with another type" } else { "which its rows don't have" };
        Err(format!("it needs {}, {why}", list(&missing)))
    }

    /// What an insert has to give of a property that no row has; `None` where one has it, or nobody can give it.
    fn input(&self, name: &str, taken: &Properties<'a>, is_form: bool) -> Option<Input> {
        let property = taken.get(name)?;
        let typed = self.types.property(property).filter(|typed| !is_form || fits_form(typed.ty))?;
        let doc = property.resolve(self.document)?.description.map(str::to_owned);
        let (name, ty, shape) = (name.to_owned(), typed.ty, typed.shape);
        (!self.is_carried(&name)).then_some(Input { name, ty, shape, doc, parent: None })
    }

    /// Whether it is an object that may have no members at all.
    fn asks_nothing(&self, property: &RawProperty<'a>) -> bool {
        let [at] = property.schemas.as_slice() else { return false };
        let Some(resolved) = property.resolve(self.document) else { return false };
        let is_object = resolved.schema.ty == Some(Type::Object) && resolved.schema.variants().is_empty();
        let members = properties(self.document, at);
        is_object && resolved.limit("minProperties").is_none() && members.values().all(|member| !member.required)
    }

    pub(super) fn is_carried(&self, name: &str) -> bool {
        self.fields.iter().any(|field| discovery::same_name(&field.name, name))
    }

    pub(super) fn has_default(&self, property: &RawProperty<'a>) -> bool {
        property.resolve(self.document).is_some_and(|resolved| resolved.default.is_some())
    }
}

fn list(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().take(4).map(|name| format!("`{name}`")).collect();
    let more = if names.len() > 4 { ", …" } else { "" };
    format!("{}{more}", quoted.join(", "))
}
