//! Completes what the document says of a list with what is known of the models.

use crate::discovery::lists::Listing;
use crate::model::list::{List, ListParent};
use crate::model::project::{Model, Operation};

/// The list of a model: what fills the placeholders of its path is known once all models are.
pub fn list(operation: &Operation, listing: Listing) -> List {
    let Listing { rows, row, page, required } = listing;
    let path = operation.path.clone();
    List { path, parents: Vec::new(), rows, row, page, since: None, deleted: None, changed: None, required }
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
    placeholders.map(|placeholder| parent(model, operation, placeholder, models)).collect()
}

/// The model whose key the placeholder takes, by the column that refers to it.
fn parent(model: &Model, operation: &Operation, placeholder: &str, models: &[Model]) -> Option<ListParent> {
    let (parameter, column) = operation.parameters.iter().find(|(name, _)| name == placeholder)?;
    let (_, parent) = model.references.iter().find(|(field, _)| field == column)?;
    let parent = models.iter().find(|other| other.name == *parent)?;
    let [field] = parent.key.as_slice() else { return None };
    Some(ListParent {
        parameter: parameter.clone(),
        model: parent.name.clone(),
        field: field.clone(),
        column: column.clone(),
    })
}
