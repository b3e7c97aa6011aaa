//! What real documents offer to write on the models' own paths, and what of it the models lack.
//!
//! What a document offers is read here from its JSON alone, by rules that know nothing of discovery's: a POST beside a list
//! creates, a PUT or PATCH on an item changes it, a DELETE there removes it. With `--nocapture`, the figures are printed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use sync_patterns::config::{Config, References};
use sync_patterns::diagnostics::Problems;
use sync_patterns::model::{Field, FieldType, Method, Model, Operation, Surveyed};
use sync_patterns::openapi::fetch::{self, Access};
use sync_patterns::survey;

/// What counts as an item's own id, whatever its rows are called.
const IDS: &[&str] = &["id", "pk", "uuid", "guid", "uid"];

/// Properties that tell a person which row it is, and the API often not.
const NAMES: &[&str] = &["name", "title", "label", "slug", "code", "key", "email"];

/// The writes of one kind.
#[derive(Default)]
pub struct Writes {
    pub offered: usize,
    /// Where each missing one is, and what is said of it.
    pub missing: Vec<(String, String)>,
}

impl Writes {
    /// Percent of those offered.
    pub fn share(&self) -> f64 {
        100.0 * self.missing.len() as f64 / self.offered.max(1) as f64
    }
}

/// The figures of one or more documents.
#[derive(Default)]
pub struct Offers {
    pub models: usize,
    /// `create`, `update`, `delete`.
    pub writes: BTreeMap<&'static str, Writes>,
    /// Models that can be neither listed nor written.
    pub idle: Vec<String>,
    pub wrong: Vec<String>,
}

impl Offers {
    /// Adds the figures of a document, which every model is made of that can be.
    pub fn add(&mut self, document: &Path, config: &Config) {
        let name = document.file_name().unwrap_or_default().to_string_lossy();
        let access = Access { headers: Vec::new(), timeout: Duration::from_secs(1), references: References::Folder };
        let spec = fetch::read(&config.spec, access, &mut Problems::default()).expect("a document that can be read");
        let Some(tree) = spec.tree else { return };
        let root = tree.root.clone();
        let Some(found) = survey(tree, config, &mut Problems::default()) else { return };
        let paths = Paths::of(&root);
        for surveyed in found.models.iter().filter(|surveyed| surveyed.is_chosen) {
            self.models += 1;
            let own = paths.own(surveyed);
            let at = |what: &str| format!("{name}  {}: {what}", surveyed.model.name);
            self.count(surveyed, &own, &at);
            self.wrong.extend(paths.wrong(&surveyed.model, &own).iter().map(|what| at(what)));
            let operations = &surveyed.model.operations;
            let is_written = operations.create.is_some() || operations.update.is_some() || operations.delete.is_some();
            if operations.list.is_none() && !is_written {
                self.idle.push(at(&surveyed.path));
            }
        }
    }

    fn count(&mut self, surveyed: &Surveyed, own: &Own, at: &impl Fn(&str) -> String) {
        let operations = &surveyed.model.operations;
        let kinds = [
            ("create", "created", &own.create, operations.create.is_some()),
            ("update", "updated", &own.update, operations.update.is_some()),
            ("delete", "deleted", &own.delete, operations.delete.is_some()),
        ];
        for (kind, done, offered, is_there) in kinds {
            let Some(offered) = offered else { continue };
            let writes = self.writes.entry(kind).or_default();
            writes.offered += 1;
            if !is_there {
                let noted = surveyed.notes.iter().find(|note| note.contains(&format!("can't be {done}")));
                let said =
                    noted.and_then(|note| note.split_once("locally: ")).map_or("nothing is said", |(_, why)| why);
                writes.missing.push((at(offered), said.to_owned()));
            }
        }
    }

    pub fn print(&self) {
        println!("{} models", self.models);
        for (kind, writes) in &self.writes {
            let (offered, missing) = (writes.offered, writes.missing.len());
            println!("{kind}: {offered} offered, {missing} missing ({:.1} %)", writes.share());
            for (at, why) in &writes.missing {
                println!("    {at}\n        {why}");
            }
        }
        for (what, list) in [("neither list nor write", &self.idle), ("wrong places", &self.wrong)] {
            println!("{what}: {}", list.len());
            list.iter().for_each(|one| println!("    {one}"));
        }
    }
}

/// The writes that a document offers on a model's own paths, as `POST /contacts`.
struct Own {
    create: Option<String>,
    update: Option<String>,
    delete: Option<String>,
    lists: BTreeSet<String>,
}

/// The paths of a document, without what spells one path in two ways.
struct Paths<'d> {
    root: &'d Value,
    by_form: BTreeMap<String, Vec<(&'d str, &'d Value)>>,
}

impl<'d> Paths<'d> {
    fn of(root: &'d Value) -> Self {
        let mut by_form: BTreeMap<String, Vec<(&str, &Value)>> = BTreeMap::new();
        for (path, item) in root["paths"].as_object().into_iter().flatten() {
            by_form.entry(form(path)).or_default().push((path, resolved(root, item)));
        }
        Self { root, by_form }
    }

    fn operation(&self, form: &str, method: &str) -> Option<(&'d str, &'d Value)> {
        let items = self.by_form.get(form)?;
        items.iter().find_map(|(path, item)| Some((*path, item.get(method).filter(|node| node.is_object())?)))
    }

    fn own(&self, surveyed: &Surveyed) -> Own {
        let lists: BTreeSet<String> =
            std::iter::once(&surveyed.path).chain(&surveyed.also).map(|path| form(path)).collect();
        let items: Vec<&String> = self.by_form.keys().filter(|path| self.is_item_of(path, &lists)).collect();
        let on_list = |methods: &[&str]| {
            let mut all = methods.iter().flat_map(|method| lists.iter().map(move |list| (list, *method)));
            all.find_map(|(list, method)| Some(said(method, self.operation(list, method)?.0)))
        };
        let on_item = |methods: &[&str]| {
            let mut all = methods.iter().flat_map(|method| items.iter().map(move |item| (*item, *method)));
            all.find_map(|(item, method)| Some(said(method, self.operation(item, method)?.0)))
        };
        Own {
            create: on_list(&["post"]).or_else(|| on_list(&["put"])),
            update: on_item(&["patch", "put"]).or_else(|| on_item(&["post"])),
            delete: on_item(&["delete"]),
            lists,
        }
    }

    /// Whether a path leads to one row of these lists: only parameters follow, and it doesn't answer a list itself.
    fn is_item_of(&self, path: &str, lists: &BTreeSet<String>) -> bool {
        let follows = |list: &String| {
            let rest = path.strip_prefix(list.as_str()).unwrap_or_default();
            !rest.is_empty() && (1..=4).any(|count| rest == "/{}".repeat(count))
        };
        lists.iter().any(follows) && !self.answers_array(path)
    }

    fn answers_array(&self, form: &str) -> bool {
        let Some((_, operation)) = self.operation(form, "get") else { return false };
        let answer = ["200", "201", "default"].iter().find_map(|status| operation["responses"].get(status));
        let answer = answer.map(|answer| resolved(self.root, answer));
        let of_content = |answer: &'d Value| answer["content"].as_object()?.values().next()?.get("schema");
        let schema = answer.and_then(|answer| of_content(answer).or_else(|| answer.get("schema")));
        schema.is_some_and(|schema| resolved(self.root, schema)["type"] == "array")
    }

    /// What of a model's writes goes where it must not, in words.
    fn wrong(&self, model: &Model, own: &Own) -> Vec<String> {
        let operations = &model.operations;
        let writes = [&operations.create, &operations.update, &operations.delete].into_iter().flatten();
        let mut wrong = Vec::new();
        for operation in writes.chain(&operations.get) {
            let at = format!("{:?} {}", operation.method, operation.path);
            if !self.has(operation) {
                wrong.push(format!("{at} isn't in the document"));
            }
            for (parameter, field) in &operation.parameters {
                let has_own = model.fields.iter().any(|one| plain(&one.name) == plain(parameter));
                let is_id = IDS.contains(&plain(parameter).as_str());
                if has_own && !is_id && plain(field) != plain(parameter) {
                    wrong.push(format!("{at} is filled with `{field}`, though the rows have `{parameter}`"));
                }
                let holds =
                    |one: &&Field| one.ty == FieldType::Json && plain(parameter) == format!("{}id", plain(&one.name));
                if let Some(other) = model.fields.iter().find(holds).filter(|_| IDS.contains(&plain(field).as_str())) {
                    wrong.push(format!("{at} is filled with `{field}`, though it is the id of `{}`", other.name));
                }
                if (is_id || plain(parameter).ends_with("id")) && NAMES.contains(&plain(field).as_str()) {
                    wrong.push(format!("{at} is filled with `{field}`"));
                }
            }
            let parts = operation.parameters.iter().filter(|(_, field)| !model.key.contains(field));
            let is_made = model.key.iter().any(|key| is_own_id(key, model));
            let is_item = operation.method != Method::Post && !own.lists.contains(&form(&operation.path));
            if let (true, false, Some((parameter, _))) = (is_item, is_made, parts.into_iter().next()) {
                wrong.push(format!("{at}: `{parameter}` isn't in the key {:?}", model.key));
            }
        }
        if let Some(update) = operations.update.as_ref().filter(|update| update.method == Method::Put) {
            let list = form(&update.path);
            let is_list = own.lists.contains(&list);
            if is_list && self.operation(&list, "post").is_none() {
                wrong.push(format!("PUT {} creates", update.path));
            }
        }
        if operations.get.as_ref().is_some_and(|get| self.answers_array(&form(&get.path))) {
            wrong.push("the item's GET answers a list".to_owned());
        }
        wrong
    }

    fn has(&self, operation: &Operation) -> bool {
        let method = format!("{:?}", operation.method).to_lowercase();
        let all = self.by_form.values().flatten();
        all.into_iter().any(|(path, item)| item.get(&method).is_some() && leads_to(path, &operation.path))
    }
}

fn said(method: &str, path: &str) -> String {
    format!("{} {path}", method.to_uppercase())
}

/// A path without what doesn't tell it from others: names of parameters, a slash at its end, a suffix.
fn form(path: &str) -> String {
    let path = path.split(['?', '#']).next().unwrap_or(path).trim_end_matches('/');
    let path = path.strip_suffix(".json").unwrap_or(path);
    let mut form = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        form.push_str(before);
        // `{name=topics/*}` is `topics/{}`.
        match name.split_once('=') {
            Some((_, template)) => form.push_str(&template.replace("**", "{}").replace('*', "{}")),
            None => form.push_str("{}"),
        }
        rest = after;
    }
    form.push_str(rest);
    // OData's `Products('{}')`.
    form.replace("('{}')", "/{}").replace("({})", "/{}")
}

/// Whether a path of the document is what is sent, where parameters may have become text.
pub fn leads_to(path: &str, sent: &str) -> bool {
    let (mut rest, mut place) = (path, 0);
    while let Some((before, after)) = rest.split_once('{') {
        let Some(found) = sent.get(place..).and_then(|sent| sent.find(before)) else { return false };
        if place == 0 && found > 0 {
            return false;
        }
        place += found + before.len();
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    sent.get(place..).is_some_and(|sent| sent.ends_with(rest))
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// `id`, or `contact_id` in contacts.
fn is_own_id(key: &str, model: &Model) -> bool {
    let (key, rows) = (plain(key), plain(&model.name));
    let of_rows = IDS.iter().any(|id| {
        key.strip_suffix(id)
            .is_some_and(|rest| rest.is_empty() || (rest.len() > 2 && rows.contains(rest.trim_end_matches('y'))))
    });
    of_rows || IDS.contains(&key.as_str())
}

pub fn resolved<'d>(root: &'d Value, mut value: &'d Value) -> &'d Value {
    for _ in 0..16 {
        let Some(reference) = value["$ref"].as_str() else { break };
        let Some(target) = reference.strip_prefix('#').and_then(|pointer| root.pointer(pointer)) else { break };
        value = target;
    }
    value
}
