//! Finds fields that hold the key of another row: by what JSON:API says of them, else by their names and types.

use std::collections::{BTreeMap, HashMap};

use crate::model::project::FieldType;
use crate::names;

/// The part of a model that references are found by.
pub struct Row<'m> {
    pub name: &'m str,
    pub type_name: &'m str,
    /// The `type` of its rows, in JSON:API.
    pub ty: Option<&'m str>,
    /// Whether the document says it: else it is taken from the collection's name.
    pub says_ty: bool,
    /// Of fields that are relationships, the `type` of the row whose id they hold.
    pub related: &'m BTreeMap<&'m str, &'m str>,
    pub key: &'m [String],
    pub fields: Vec<(&'m str, FieldType)>,
}

/// The models with a single-column key, by the names of fields that could hold it.
pub struct Parents<'m> {
    /// `account_id`, `country_code`.
    by_key: HashMap<String, Vec<Parent<'m>>>,
    /// `account`.
    by_row: HashMap<String, Vec<Parent<'m>>>,
    /// By the `type` of their rows.
    by_ty: HashMap<String, Vec<Parent<'m>>>,
}

#[derive(Clone, Copy)]
struct Parent<'m> {
    model: &'m Row<'m>,
    /// Of its key.
    ty: FieldType,
}

impl<'m> Parents<'m> {
    pub fn new(models: impl Iterator<Item = &'m Row<'m>>) -> Self {
        let mut parents = Self { by_key: HashMap::new(), by_row: HashMap::new(), by_ty: HashMap::new() };
        for parent in models.filter_map(Parent::of) {
            parents.add(parent);
        }
        parents
    }

    fn add(&mut self, parent: Parent<'m>) {
        let model = parent.model;
        let mut rows = vec![names::singular(model.name), model.name.to_owned(), names::snake_case(model.type_name)];
        rows.sort();
        rows.dedup();
        // The key's own name, beside `id`.
        let mut keys = vec!["id".to_owned()];
        keys.extend(model.key.iter().map(|key| names::snake_case(key)).filter(|key| key != "id"));
        let both = rows.iter().flat_map(|row| keys.iter().map(move |key| format!("{row}_{key}")));
        let mut both: Vec<String> = both.collect();
        both.sort();
        both.dedup();
        both.into_iter().for_each(|name| self.by_key.entry(name).or_default().push(parent));
        rows.into_iter().for_each(|name| self.by_row.entry(name).or_default().push(parent));
        model.ty.into_iter().for_each(|ty| self.by_ty.entry(ty.to_owned()).or_default().push(parent));
    }

    /// The certain references of a model, in order of field name.
    pub fn of(&self, model: &Row) -> Vec<(String, String)> {
        let found = model.fields.iter().filter_map(|(field, ty)| {
            let child = Child { model, is_own_key: model.key == [*field], ty: *ty };
            let parent = match model.related.get(field) {
                Some(ty) => self.parent_of_type(ty, field, &child)?,
                None => self.parent(&names::snake_case(field), &child)?,
            };
            Some(((*field).to_owned(), parent.name.to_owned()))
        });
        let mut found: Vec<(String, String)> = found.collect();
        found.sort();
        found
    }

    /// The only model that has the rows of this type. Where the document says of no model's rows that they have it, the
    /// field's name counts, among the models of whose rows it says nothing.
    fn parent_of_type(&self, ty: &str, field: &str, child: &Child) -> Option<&'m Row<'m>> {
        if let [only] = child.fitting(&self.by_ty, ty).as_slice() {
            return Some(only);
        }
        let is_said = self.by_ty.get(ty).into_iter().flatten().any(|parent| parent.model.says_ty);
        let by_name = || self.parent(&names::snake_case(field), child).filter(|parent| !parent.says_ty);
        if is_said { None } else { by_name() }
    }

    /// The only model whose key a field with this name can hold.
    fn parent(&self, field: &str, child: &Child) -> Option<&'m Row<'m>> {
        // Text matches only by the exact name: `country` or `origin_country_code` may be anything.
        let is_plain_text = child.ty == FieldType::Text;
        let by_key = child.fitting(&self.by_key, field);
        let bare = || if is_plain_text { Vec::new() } else { child.fitting(&self.by_row, field) };
        let found = if by_key.is_empty() { bare() } else { by_key };
        match found.as_slice() {
            // `account_id` in an account with another key comes from another system.
            [only] => return (only.name != child.model.name).then_some(only),
            [] => {}
            _ => return None,
        }
        if matches!(field, "parent_id" | "parent") {
            return child
                .fitting(&self.by_row, child.model.name)
                .into_iter()
                .find(|only| only.name == child.model.name);
        }
        // `billing_address_id`, `parent_account_id`: the most words that name a model.
        let tails = field.match_indices('_').filter_map(|(at, _)| field.get(at + 1..));
        for tail in tails.filter(|_| !is_plain_text) {
            match child.fitting(&self.by_key, tail).as_slice() {
                [] => {}
                [only] => return Some(only),
                _ => return None,
            }
        }
        None
    }
}

impl<'m> Parent<'m> {
    fn of(model: &'m Row<'m>) -> Option<Self> {
        let [key] = model.key else { return None };
        let (_, ty) = model.fields.iter().find(|(name, _)| name == key)?;
        Some(Self { model, ty: *ty })
    }
}

/// A field that may hold the key of another row.
struct Child<'c> {
    model: &'c Row<'c>,
    is_own_key: bool,
    ty: FieldType,
}

impl Child<'_> {
    /// The models under a name whose key fits the field.
    fn fitting<'m>(&self, parents: &HashMap<String, Vec<Parent<'m>>>, name: &str) -> Vec<&'m Row<'m>> {
        let fits = |parent: &&Parent| {
            same_kind(parent.ty, self.ty) && !(self.is_own_key && parent.model.name == self.model.name)
        };
        parents.get(name).into_iter().flatten().filter(fits).map(|parent| parent.model).collect()
    }
}

fn same_kind(one: FieldType, other: FieldType) -> bool {
    let is_integer = |ty| matches!(ty, FieldType::Int32 | FieldType::Int64);
    one == other || is_integer(one) && is_integer(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    static NONE: BTreeMap<&str, &str> = BTreeMap::new();

    fn row<'r>(name: &'r str, type_name: &'r str, key: &'r [String], fields: &[(&'r str, FieldType)]) -> Row<'r> {
        Row { name, type_name, ty: None, says_ty: false, related: &NONE, key, fields: fields.to_vec() }
    }

    fn keys(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    /// `field parent, field parent`, of a model `notes` with these fields.
    fn found(fields: &[(&str, FieldType)]) -> String {
        use FieldType::{Int64, Text, Uuid};
        let mut own = vec![("id", Uuid)];
        own.extend_from_slice(fields);
        let (id, code, both) = (keys(&["id"]), keys(&["code"]), keys(&["org_id", "user_id"]));
        let models = [
            row("accounts", "Account", &id, &[("id", Uuid)]),
            row("countries", "Country", &code, &[("code", Text)]),
            row("memberships", "Membership", &both, &[("org_id", Uuid), ("user_id", Uuid)]),
            row("notes", "Note", &id, &own),
            row("people", "Person", &id, &[("id", Int64)]),
            row("staff_person", "StaffPeople", &id, &[("id", Uuid)]),
            row("v2_staff", "StaffPerson", &id, &[("id", Uuid)]),
        ];
        let pairs: Vec<String> = Parents::new(models.iter())
            .of(&models[3])
            .into_iter()
            .map(|(field, parent)| format!("{field} {parent}"))
            .collect();
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
    fn relationships_by_the_type_that_they_say() {
        use FieldType::{Int64, Text};
        let id = keys(&["id"]);
        let typed = |name, ty, key_ty| Row { ty: Some(ty), says_ty: true, ..row(name, name, &id, &[("id", key_ty)]) };
        let related = BTreeMap::from([
            ("author", "people"),
            ("account", "people"),
            ("origin", "articles"),
            ("editor", "staff"),
            ("shop", "shops"),
            ("gone", "ghosts"),
            // No model says that its rows are of this type, and accounts are said to be of another one.
            ("spirit_id", "ghosts"),
            ("account_id", "ghosts"),
        ]);
        let fields = related.keys().copied().chain(["id"]).map(|name| (name, Text)).collect::<Vec<_>>();
        let models = [
            Row { ty: Some("articles"), says_ty: true, related: &related, ..row("articles", "Article", &id, &fields) },
            typed("accounts", "accounts", Text),
            typed("persons", "people", Text),
            // Rows of this type are in two collections; those of the next have another kind of key.
            typed("editors", "staff", Text),
            typed("interns", "staff", Text),
            typed("shops", "shops", Int64),
            row("spirits", "Spirit", &id, &[("id", Text)]),
        ];
        let found = Parents::new(models.iter()).of(&models[0]);
        let pairs: Vec<String> = found.into_iter().map(|(field, parent)| format!("{field} {parent}")).collect();
        assert_eq!(pairs, ["account persons", "author persons", "origin articles", "spirit_id spirits"]);
    }

    #[test]
    fn of_the_same_model() {
        use FieldType::{Text, Uuid};
        assert_eq!(found(&[("parent_id", Uuid)]), "parent_id notes");
        assert_eq!(found(&[("parent_note_id", Uuid)]), "parent_note_id notes");
        assert_eq!(found(&[("parent_id", Text), ("note_id", Uuid)]), "");
        let key = keys(&["account_id"]);
        let own_key = row("accounts", "Account", &key, &[("account_id", FieldType::Uuid)]);
        assert_eq!(Parents::new(std::iter::once(&own_key)).of(&own_key), []);
    }
}
