//! Gives what was understood of a document as data, which `inspect` shows. Programs read the names of the members, so
//! they stay.

pub mod backend;
mod lists;
mod table;
pub mod text;

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::Value;

use crate::codegen::typescript;
use crate::codegen::{Settings, sql};
use crate::config::Int64;
use crate::diagnostics::{Problems, Severity, Told, clean, told};
use crate::discovery::LeftOut;
use crate::model::{Insert, KeyOrigin, Model, Survey, Surveyed};
use crate::plan::{Column, ModelPlan};
use crate::schema_json::document::{self, Operation};
use backend::Addition;

#[derive(Debug, Serialize)]
pub struct View {
    pub adapter: &'static str,
    pub models: Vec<ModelView>,
    pub left_out: Vec<LeftOutView>,
    /// What to do about those that are left out, each once, with what it is about.
    #[serde(skip)]
    pub helps: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct ModelView {
    pub name: String,
    pub chosen: bool,
    pub path: String,
    pub also: Vec<String>,
    #[serde(rename = "type")]
    pub type_name: String,
    pub description: Option<String>,
    pub mode: &'static str,
    pub collections: &'static str,
    pub transport: &'static str,
    /// How the rows are read from the API, as `schema/<model>.ts` has it.
    pub list: Option<Value>,
    /// The same in words, and in one.
    #[serde(skip)]
    pub lists: Option<String>,
    #[serde(skip)]
    pub pages: &'static str,
    /// The field that says that a row is deleted, which its shape lacks then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted: Option<String>,
    /// The server's.
    pub table: Option<String>,
    pub key: KeyView,
    pub rows: RowsView,
    pub fields: Vec<FieldView>,
    pub endpoints: IndexMap<String, Operation>,
    pub settled_by: &'static str,
    pub backend: Vec<Addition>,
    pub guesses: Vec<GuessView>,
    pub notes: Vec<String>,
    /// Those of them that say why a write isn't used.
    #[serde(skip)]
    pub unused: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct KeyView {
    pub fields: Vec<String>,
    pub made_by: KeyOrigin,
}

/// The operation whose answer says what a row is, and the keys of its envelope.
#[derive(Debug, Serialize)]
pub struct RowsView {
    pub answer: String,
    pub under: Vec<String>,
    /// Whether the request body says it instead.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_body: bool,
}

#[derive(Debug, Serialize)]
pub struct FieldView {
    pub name: String,
    #[serde(rename = "type")]
    pub ty: &'static str,
    pub sql: &'static str,
    pub typescript: String,
    pub nullable: bool,
    pub insert: Insert,
    pub update: bool,
    pub default: Option<Value>,
    /// The model whose key it holds.
    pub references: Option<String>,
    /// The server's column, where that has another name.
    pub column: Option<String>,
    /// The members that lead to it in the API's rows, where it doesn't lie at their top.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub place: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct GuessView {
    pub guess: String,
    pub otherwise: String,
}

#[derive(Debug, Serialize)]
pub struct LeftOutView {
    pub name: String,
    pub path: String,
    pub why: String,
    pub help: Option<String>,
}

impl View {
    pub fn of(survey: &Survey, settings: &Settings) -> Self {
        let left_out = survey.left_out.iter().map(|left_out| LeftOutView {
            name: left_out.name.clone(),
            path: left_out.path.clone(),
            why: left_out.why.clone(),
            help: left_out.help.clone(),
        });
        Self {
            adapter: settings.adapter.word(),
            models: survey.models.iter().map(|surveyed| ModelView::of(surveyed, settings)).collect(),
            left_out: left_out.collect(),
            helps: helps(&survey.left_out),
        }
    }

    /// Keeps one model, by name or by path, and what was left out under that name. `Err` with the known names.
    pub fn keep(&mut self, name: &str) -> Result<(), Vec<String>> {
        let is_meant = |own: &str, path: &str| own == name || path == name;
        if !self.models.iter().any(|model| is_meant(&model.name, &model.path)) {
            return Err(self.models.iter().map(|model| model.name.clone()).collect());
        }
        self.models.retain(|model| is_meant(&model.name, &model.path));
        self.left_out.retain(|left_out| is_meant(&left_out.name, &left_out.path));
        Ok(())
    }
}

impl ModelView {
    fn of(surveyed: &Surveyed, settings: &Settings) -> Self {
        let model = &surveyed.model;
        let plan = ModelPlan::alone(model);
        let guesses = surveyed.guesses.iter();
        let rows = &surveyed.rows;
        // Where the client makes no rows, nobody gives it keys.
        let made_by = if model.operations.create.is_some() { model.key_origin } else { KeyOrigin::Server };
        Self {
            name: model.name.clone(),
            chosen: surveyed.is_chosen,
            path: surveyed.path.clone(),
            also: surveyed.also.clone(),
            type_name: model.type_name.clone(),
            description: model.doc.clone(),
            mode: if model.local_first { "optimistic" } else { "confirmed" },
            collections: model.collections.word(),
            transport: model.transport.word(),
            list: model.list.as_ref().map(|list| typescript::list(list, model.operations.list.as_ref())),
            lists: model.list.as_ref().map(lists::sentence),
            pages: lists::word(model),
            deleted: model.deleted.clone(),
            table: model.server.table.clone(),
            key: KeyView { fields: model.key.clone(), made_by },
            rows: RowsView { answer: rows.operation.clone(), under: rows.under.clone(), is_body: rows.is_body },
            fields: plan.columns.iter().map(|column| field_view(model, column, settings)).collect(),
            endpoints: document::operations(&model.operations),
            settled_by: backend::settled_by(model),
            backend: backend::additions(surveyed, &plan),
            guesses: guesses
                .map(|guess| GuessView { guess: guess.what.clone(), otherwise: guess.otherwise.clone() })
                .collect(),
            notes: surveyed.notes.clone(),
            unused: surveyed.unused.clone(),
        }
    }

    /// Whether anything can be written.
    pub fn is_read_only(&self) -> bool {
        !["create", "update", "delete"].iter().any(|operation| self.endpoints.contains_key(*operation))
    }
}

fn field_view(model: &Model, column: &Column, settings: &Settings) -> FieldView {
    let field = column.field;
    let of =
        |pairs: &[(String, String)]| pairs.iter().find(|(name, _)| *name == field.name).map(|(_, value)| value.clone());
    FieldView {
        name: field.name.clone(),
        ty: document::type_word(field.ty),
        sql: sql::column_type(settings.adapter, field.ty).unwrap_or(typescript::stored_type(field.ty)),
        typescript: typescript_type(column, settings.int64),
        nullable: field.nullable,
        insert: if model.operations.create.is_some() { field.insert } else { Insert::Never },
        update: field.update,
        default: field.default.clone(),
        references: of(&model.references),
        column: of(&model.server.columns),
        place: field.place.clone(),
    }
}

/// Where several are left out for one reason, one help for all, and the items that it needs.
fn helps(left_out: &[LeftOut]) -> Vec<String> {
    let mut problems = Problems::default();
    for one in left_out {
        problems.push(one.problem(Severity::Warning, &one.pointer));
    }
    let mut helps = Vec::new();
    for told in told(&problems, |_| true) {
        let (help, items) = match told {
            Told::Alone(problem) => (problem.help.clone(), Vec::new()),
            Told::Together(summed) => (summed.help, summed.items),
        };
        // A path is in the help.
        let items = items.into_iter().filter(|item| item.contains(' ')).map(|item| format!("\n    - {}", clean(item)));
        helps.extend(help.map(|help| clean(&help) + &items.collect::<String>()));
    }
    helps.sort_unstable();
    helps.dedup();
    helps
}

fn typescript_type(column: &Column, int64: Int64) -> String {
    typescript::type_of(column, int64)
}
