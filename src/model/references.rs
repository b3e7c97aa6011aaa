//! Fields that hold the key of another row, found by what they are called and of what type they are.

use super::{FieldType, Model};
use crate::names;

/// The reference of each field that surely is one, in order of name.
pub fn find(model: &Model, models: &[Model]) -> Vec<(String, String)> {
    let parents: Vec<Parent> = models.iter().filter_map(Parent::of).collect();
    let mut found: Vec<(String, String)> = Vec::new();
    for field in &model.fields {
        let is_own_key = model.key == [field.name.as_str()];
        let fits = |parent: &&Parent| same_kind(parent.ty, field.ty) && !(is_own_key && parent.name == model.name);
        let parents: Vec<&Parent> = parents.iter().filter(fits).collect();
        if let Some(parent) = parent(&names::snake_case(&field.name), field.ty, model, &parents) {
            found.push((field.name.clone(), parent.to_owned()));
        }
    }
    found.sort();
    found
}

/// A model with a key that one column can hold.
struct Parent<'m> {
    name: &'m str,
    ty: FieldType,
    /// What one of its rows is called.
    words: [String; 3],
    /// What a field ends in that holds its key: `id`, and the key's own name.
    endings: [String; 2],
}

impl<'m> Parent<'m> {
    fn of(model: &'m Model) -> Option<Self> {
        let [key] = model.key.as_slice() else { return None };
        let ty = model.key_fields().next()?.ty;
        let words = [names::singular(&model.name), model.name.clone(), names::snake_case(&model.type_name)];
        Some(Self { name: &model.name, ty, words, endings: ["_id".to_owned(), format!("_{}", names::snake_case(key))] })
    }

    fn is_called(&self, words: &str) -> bool {
        self.words.iter().any(|name| name == words)
    }

    /// `account_id`, `country_code`.
    fn is_meant_by(&self, field: &str) -> bool {
        self.endings.iter().any(|ending| field.strip_suffix(ending.as_str()).is_some_and(|words| self.is_called(words)))
    }
}

/// The model whose key a field of this name holds, where there is one alone.
fn parent<'m>(field: &str, ty: FieldType, model: &'m Model, parents: &[&Parent<'m>]) -> Option<&'m str> {
    // A text may be anything, what is called like a row as well as what has more words in front.
    let is_plain_text = ty == FieldType::Text;
    let by_name = parents.iter().filter(|parent| parent.is_meant_by(field)).collect::<Vec<_>>();
    let bare = || parents.iter().filter(|parent| !is_plain_text && parent.is_called(field)).collect::<Vec<_>>();
    let found = if by_name.is_empty() { bare() } else { by_name };
    match found.as_slice() {
        // `account_id` of an account that has another key is somebody else's number.
        [only] => return (only.name != model.name).then_some(only.name),
        [] => {}
        _ => return None,
    }
    if matches!(field, "parent_id" | "parent") {
        return parents.iter().map(|parent| parent.name).find(|name| *name == model.name);
    }
    // `billing_address_id`, `parent_account_id`: the most words that name a model.
    let tails = field.match_indices('_').filter_map(|(at, _)| field.get(at + 1..));
    for tail in tails.filter(|_| !is_plain_text) {
        match parents.iter().filter(|parent| parent.is_meant_by(tail)).collect::<Vec<_>>().as_slice() {
            [] => {}
            [only] => return Some(only.name),
            _ => return None,
        }
    }
    None
}

fn same_kind(one: FieldType, other: FieldType) -> bool {
    let is_integer = |ty| matches!(ty, FieldType::Int32 | FieldType::Int64);
    one == other || is_integer(one) && is_integer(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Collections;
    use crate::model::{Field, Insert, KeyOrigin, Operations, Server, Shape, WriteId};

    fn model(name: &str, type_name: &str, key: &[&str], fields: &[(&str, FieldType)]) -> Model {
        let field = |(name, ty): &(&str, FieldType)| Field {
            name: (*name).to_owned(),
            ty: *ty,
            shape: Shape::Unknown,
            nullable: true,
            insert: Insert::Optional,
            update: true,
            default: None,
            doc: None,
            deprecated: false,
            owner_only: false,
        };
        Model {
            name: name.into(),
            type_name: type_name.into(),
            doc: None,
            local_first: true,
            key: key.iter().map(|name| (*name).to_owned()).collect(),
            key_origin: KeyOrigin::Client,
            fields: fields.iter().map(field).collect(),
            write_id: WriteId::default(),
            operations: Operations::default(),
            server: Server::default(),
            indexes: Vec::new(),
            references: Vec::new(),
            rbac: None,
            collections: Collections::Local,
        }
    }

    /// `field parent, field parent`, of a model `notes` with these fields.
    fn found(fields: &[(&str, FieldType)]) -> String {
        use FieldType::{Int64, Text, Uuid};
        let mut own = vec![("id", Uuid)];
        own.extend_from_slice(fields);
        let models = [
            model("accounts", "Account", &["id"], &[("id", Uuid)]),
            model("countries", "Country", &["code"], &[("code", Text)]),
            model("memberships", "Membership", &["org_id", "user_id"], &[("org_id", Uuid), ("user_id", Uuid)]),
            model("notes", "Note", &["id"], &own),
            model("people", "Person", &["id"], &[("id", Int64)]),
            model("staff_person", "StaffPeople", &["id"], &[("id", Uuid)]),
            model("v2_staff", "StaffPerson", &["id"], &[("id", Uuid)]),
        ];
        let pairs: Vec<String> =
            find(&models[3], &models).into_iter().map(|(field, parent)| format!("{field} {parent}")).collect();
        pairs.join(", ")
    }

    #[test]
    fn by_name_and_type() {
        use FieldType::{Int32, Int64, Text, Uuid};
        assert_eq!(found(&[("account_id", Uuid)]), "account_id accounts");
        assert_eq!(found(&[("accountId", Uuid)]), "accountId accounts");
        assert_eq!(found(&[("account", Uuid)]), "account accounts");
        assert_eq!(found(&[("account_id", Text), ("accountId", Int64)]), "");
        // By the name of the type, whatever the path calls its collection.
        assert_eq!(found(&[("person_id", Int64), ("person", Int32)]), "person people, person_id people");
        assert_eq!(
            found(&[("country_code", Text), ("countryId", Text)]),
            "countryId countries, country_code countries"
        );
        // Text of that name is a name.
        assert_eq!(found(&[("country", Text), ("code", Text), ("country_name", Text)]), "");
        assert_eq!(found(&[("membership_id", Uuid), ("memory_id", Uuid)]), "");
        // Two models are called so.
        assert_eq!(found(&[("staff_person_id", Uuid)]), "");
    }

    #[test]
    fn words_in_front() {
        use FieldType::{Text, Uuid};
        assert_eq!(found(&[("parent_account_id", Uuid)]), "parent_account_id accounts");
        assert_eq!(found(&[("billingAccountId", Uuid)]), "billingAccountId accounts");
        assert_eq!(found(&[("subaccount_id", Uuid), ("old_account", Uuid)]), "");
        assert_eq!(found(&[("origin_country_code", Text)]), "");
        assert_eq!(found(&[("new_staff_person_id", Uuid)]), "");
    }

    #[test]
    fn of_the_same_model() {
        use FieldType::{Text, Uuid};
        assert_eq!(found(&[("parent_id", Uuid)]), "parent_id notes");
        assert_eq!(found(&[("parent_note_id", Uuid)]), "parent_note_id notes");
        assert_eq!(found(&[("parent_id", Text), ("note_id", Uuid)]), "");
        let own_key = model("accounts", "Account", &["account_id"], &[("account_id", FieldType::Uuid)]);
        assert_eq!(find(&own_key, std::slice::from_ref(&own_key)), []);
    }
}
