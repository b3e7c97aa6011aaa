//! Completes what the document says of a list with what is known of the models.

use super::fields::RowProperty;
use crate::config::{ModelConfig, line};
use crate::diagnostics::{Code, Input, Problem, Problems, Severity};
use crate::discovery::lists::{self, Listing};
use crate::model::list::{List, ListParent, Required, Since};
use crate::model::project::{FieldType, Model, Operation};

/// What decides how a list is read, besides the list itself.
pub struct Reading<'r> {
    pub name: &'r str,
    pub key: &'r [String],
    /// Seconds.
    pub overlap: u32,
    pub entry: Option<&'r ModelConfig>,
    /// The pointer of the entry.
    pub pointer: &'r str,
}

impl Reading<'_> {
    /// The list of a model, as far as it doesn't depend on other models.
    pub fn list(
        &self,
        listing: Listing,
        mut required: Required,
        properties: &[RowProperty],
        problems: &mut Problems,
    ) -> List {
        let of_type = |ty: FieldType| properties.iter().filter(move |one| one.typed.ty == ty).map(|one| one.name);
        let config = self.entry.and_then(|entry| entry.list.as_ref());
        let changed = match config.and_then(|list| list.changed.as_ref()) {
            Some(choice) => choice.name(),
            None => lists::changed(of_type(FieldType::DateTime)),
        };
        let deleted = match self.entry.and_then(|entry| entry.soft_delete.as_ref()) {
            Some(choice) => choice.name(),
            None => lists::deleted(of_type(FieldType::DateTime), of_type(FieldType::Boolean)),
        };
        let Listing { path, rows, row, beside: _, media, page, unpaged, since, lacks } = listing;
        let is_given = config.is_some_and(|list| list.since.as_ref().is_some_and(|since| since.name().is_some()));
        if is_given && changed.is_none() {
            problems.push(self.no_column());
        }
        let is_own = |name: &String| properties.iter().any(|one| one.name == name && !self.key.contains(name));
        let lacks = lacks.into_iter().filter(is_own).collect();
        let overlap = config.and_then(|list| list.overlap).unwrap_or(self.overlap);
        required.since = since.clone().filter(|since| required.query.contains(since));
        let since =
            since.zip(changed).map(|(parameter, column)| Since { parameter, column: column.to_owned(), overlap });
        List {
            path,
            parents: Vec::new(),
            rows,
            row,
            media,
            page,
            unpaged,
            since,
            deleted: deleted.map(str::to_owned),
            changed: changed.map(str::to_owned),
            required,
            lacks,
        }
    }

    fn no_column(&self) -> Problem {
        let message = format!("`{}` has no field with the time of a row's last change", self.name);
        let help = format!("name it: {}", line::of_model(self.name, None, "list: { changed: … }"));
        let at = format!("{}/list/since", self.pointer);
        Problem::new(Severity::Error, Code::UnknownField, (Input::Config, &at), message).help(help)
    }
}

/// Says of each list what fills the placeholders of its path. Without all of them there is no list.
pub fn find_parents(models: &mut [Model]) {
    let parents: Vec<Option<Vec<ListParent>>> = models.iter().map(|model| parents(model, models)).collect();
    for (model, parents) in models.iter_mut().zip(parents) {
        match (&mut model.list, parents) {
            (Some(list), Some(parents)) => list.parents = parents,
            (list, _) => *list = None,
        }
    }
}

fn parents(model: &Model, models: &[Model]) -> Option<Vec<ListParent>> {
    let operation = model.operations.list.as_ref()?;
    let placeholders = operation.path.split('{').skip(1).filter_map(|part| part.split('}').next());
    let placeholders = placeholders.map(|placeholder| placeholder.trim_start_matches('+'));
    placeholders.map(|placeholder| parent(model, operation, placeholder, models)).collect()
}

/// The model whose key the placeholder takes, by the column that refers to it.
pub fn parent(model: &Model, operation: &Operation, placeholder: &str, models: &[Model]) -> Option<ListParent> {
    let (parameter, column) = operation.parameters.iter().find(|(name, _)| name == placeholder)?;
    let found = |parent: &Model, field: &str| ListParent {
        parameter: parameter.clone(),
        model: parent.name.clone(),
        field: field.to_owned(),
        column: column.clone(),
    };
    let from_path = model.fields.iter().find(|field| field.name == *column)?.from_path.as_ref();
    if let Some(parent) = from_path.and_then(|from_path| from_path.parent.as_ref()) {
        let other = models.iter().find(|other| other.name == parent.model)?;
        return Some(found(other, &parent.field));
    }
    let (_, parent) = model.references.iter().find(|(field, _)| field == column)?;
    let parent = models.iter().find(|other| other.name == *parent)?;
    let own = parent.own_key().next().filter(|_| parent.own_key().count() == 1)?;
    Some(found(parent, &own.name))
}
