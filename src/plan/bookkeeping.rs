//! Names of the columns that local tables and views have besides the model's own.

use crate::model::Model;

/// Each takes leading underscores until no field is called the same, whatever its case: an API's own `is_deleted`
/// is common.
#[derive(Debug, Clone)]
pub struct Bookkeeping {
    /// Local table: the columns that local writes have set.
    pub changed_columns: String,
    /// Local table: hides the synced row.
    pub is_deleted: String,
    /// View.
    pub has_local_changes: String,
    /// View.
    pub pending_write_id: String,
}

impl Bookkeeping {
    pub fn of(model: &Model) -> Self {
        let free = |name: &str| {
            let mut name = name.to_owned();
            while model.fields.iter().any(|field| field.name.to_lowercase() == name.to_lowercase()) {
                name.insert(0, '_');
            }
            name
        };
        Self {
            changed_columns: free("changed_columns"),
            is_deleted: free("is_deleted"),
            has_local_changes: free("_has_local_changes"),
            pending_write_id: free("_pending_write_id"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Collections, Transport};
    use crate::model::{Field, FieldType, Insert, KeyOrigin, Operations, Server, Shape, WriteId};

    fn model_with(names: &[&str]) -> Model {
        let field = |name: &&str| Field {
            name: (*name).to_owned(),
            ty: FieldType::Boolean,
            shape: Shape::Boolean,
            nullable: true,
            insert: Insert::Optional,
            update: true,
            default: None,
            doc: None,
            deprecated: false,
            owner_only: false,
            rules: Default::default(),
            place: Vec::new(),
            from_path: None,
            metadata: None,
        };
        Model {
            name: "notes".into(),
            type_name: "Note".into(),
            doc: None,
            local_first: true,
            key: vec!["id".into()],
            key_origin: KeyOrigin::Client,
            fields: names.iter().map(field).collect(),
            write_id: WriteId::default(),
            inputs: Vec::new(),
            operations: Operations::default(),
            server: Server::default(),
            indexes: Vec::new(),
            references: Vec::new(),
            rbac: None,
            collections: Collections::Local,
            transport: Transport::Electric,
            list: None,
            deleted: None,
            priority: None,
            sync: Default::default(),
        }
    }

    #[test]
    fn names_step_aside() {
        let plain = Bookkeeping::of(&model_with(&["id"]));
        assert_eq!((plain.is_deleted.as_str(), plain.pending_write_id.as_str()), ("is_deleted", "_pending_write_id"));
        let taken = Bookkeeping::of(&model_with(&["id", "Is_Deleted", "_is_deleted", "changed_columns"]));
        assert_eq!((taken.is_deleted.as_str(), taken.changed_columns.as_str()), ("__is_deleted", "_changed_columns"));
    }
}
