//! Prints what was understood: a line for each model, or one model in full.

use std::io::{self, Write};

use anstyle::Style;

use super::backend::{ADDITIONS, Addition, settling};
use super::table::{Table, cut};
use super::{FieldView, ModelView, View};
use crate::diagnostics::{clean, count};
use crate::discovery::HOW_TO_CHOOSE;
use crate::model::{Filling, Insert, KeyOrigin};
use crate::names::json;
use crate::schema_json::document::Operation;

const BOLD: Style = Style::new().bold();

/// Each addition names its section of the page.
const COULD_ADD: &str = "What your backend could add (docs/backend.md says how)";

/// The widest TypeScript type that a table shows.
const TYPE_WIDTH: usize = 44;

/// Prints all models, and what is left out.
pub fn overview(out: &mut impl Write, view: &View) -> io::Result<()> {
    let is_polled = view.models.iter().any(|model| model.transport == "rest");
    let pages = is_polled.then_some("PAGES");
    let columns = ["MODEL", "MODE", "KEY", "FIELDS", "WRITES", "SETTLED BY", "GUESSES"].into_iter().chain(pages);
    let mut table = Table::new(&columns.collect::<Vec<_>>());
    for model in &view.models {
        let guesses = if model.guesses.is_empty() { "-".to_owned() } else { model.guesses.len().to_string() };
        let pages = is_polled.then(|| model.pages.to_owned());
        let cells = [
            model.name.clone(),
            if model.chosen { model.mode.to_owned() } else { "not chosen".to_owned() },
            model.key.fields.join(" + "),
            model.fields.len().to_string(),
            writes(model),
            if model.is_read_only() { "-".to_owned() } else { model.settled_by.to_owned() },
            guesses,
        ];
        table.row(cells.into_iter().chain(pages));
    }
    if view.models.is_empty() {
        writeln!(out, "No models were found.")?;
    } else {
        table.print(out, "")?;
    }
    if !view.left_out.is_empty() {
        heading(out, "Left out")?;
        let mut table = Table::headless();
        for left_out in &view.left_out {
            table.row([left_out.path.clone(), left_out.why.clone()]);
        }
        table.print(out, "  ")?;
        for help in &view.helps {
            writeln!(out, "  help: {help}")?;
        }
    }
    let unused: Vec<&String> = view.models.iter().flat_map(|model| &model.unused).collect();
    if !unused.is_empty() {
        heading(out, "Writes that can't be made locally")?;
        for note in unused {
            writeln!(out, "  {}", clean(&note.replace(" locally: ", ": ")))?;
        }
    }
    could_add(out, view)?;
    last_lines(out, view)
}

/// Prints what the backend could add, with the models that lack it.
fn could_add(out: &mut impl Write, view: &View) -> io::Result<()> {
    let chosen = || view.models.iter().filter(|model| model.chosen);
    let additions: Vec<&Addition> =
        ADDITIONS.iter().filter(|addition| chosen().any(|model| model.backend.contains(addition))).collect();
    if additions.is_empty() {
        return Ok(());
    }
    heading(out, COULD_ADD)?;
    for addition in additions {
        let lacking: Vec<&str> =
            chosen().filter(|model| model.backend.contains(addition)).map(|model| model.name.as_str()).collect();
        let whose = if lacking.len() == chosen().count() {
            "every model".to_owned()
        } else if lacking.len() > 6 {
            count(lacking.len(), "model")
        } else {
            lacking.join(", ")
        };
        writeln!(out, "  {whose}: {} (\"{}\")", addition.what, addition.section)?;
    }
    Ok(())
}

fn last_lines(out: &mut impl Write, view: &View) -> io::Result<()> {
    let chosen = view.models.iter().filter(|model| model.chosen).count();
    let others = view.models.len() - chosen;
    writeln!(out)?;
    if chosen == 0 && others > 0 {
        writeln!(out, "No model is chosen yet: {HOW_TO_CHOOSE}.")?;
    }
    let mut parts = vec![count(chosen, "model")];
    if others > 0 {
        parts.push(format!("{others} not chosen"));
    }
    if !view.left_out.is_empty() {
        parts.push(format!("{} left out", view.left_out.len()));
    }
    let next = match view.models.first() {
        Some(model) => format!("; `sync-patterns inspect {}` shows one in full", clean(&model.name)),
        None => String::new(),
    };
    writeln!(out, "{}{next}", parts.join(", "))
}

/// `create, update (PUT), delete`, or `read-only`.
pub fn writes(model: &ModelView) -> String {
    let can = ["create", "update", "delete"].into_iter().filter_map(|name| {
        let is_put = model.endpoints.get(name)?.method == "PUT" && model.transport != "push-pull";
        Some(if is_put { format!("{name} (PUT)") } else { name.to_owned() })
    });
    let can: Vec<String> = can.collect();
    if can.is_empty() { "read-only".to_owned() } else { can.join(", ") }
}

/// Prints one model in full.
pub fn detail(out: &mut impl Write, model: &ModelView, view: &View) -> io::Result<()> {
    writeln!(out, "{BOLD}{}{BOLD:#} (TypeScript: {})", clean(&model.name), clean(&model.type_name))?;
    if let Some(line) = model.description.as_deref().and_then(|text| text.lines().next()) {
        writeln!(out, "  {}", clean(line))?;
    }
    writeln!(out)?;
    let mut facts = Table::headless();
    for (name, fact) in facts_of(model) {
        facts.row([name.to_owned(), fact]);
    }
    facts.print(out, "  ")?;

    heading(out, "Fields")?;
    let mut fields = Table::new(&["NAME", "TYPE", &view.adapter.to_uppercase(), "TYPESCRIPT", "INSERT", "UPDATE", ""]);
    for field in &model.fields {
        fields.row([
            field.name.clone(),
            field.ty.to_owned(),
            field.sql.to_owned(),
            cut(&field.typescript, TYPE_WIDTH),
            match field.insert {
                Insert::Required => "required",
                Insert::Optional => "optional",
                Insert::Never => "never",
            }
            .to_owned(),
            if field.update { "yes" } else { "no" }.to_owned(),
            remarks(model, field),
        ]);
    }
    fields.print(out, "  ")?;

    heading(out, "Endpoints")?;
    let mut endpoints = Table::headless();
    for (name, operation) in &model.endpoints {
        endpoints.row([name.clone(), operation.method.clone(), operation.path.clone(), what_it_takes(operation)]);
    }
    endpoints.print(out, "  ")?;

    if !model.guesses.is_empty() {
        heading(out, "Guessed")?;
        for guess in &model.guesses {
            writeln!(out, "  {}\n    otherwise: {}", clean(&guess.guess), clean(&guess.otherwise))?;
        }
    }
    if !model.backend.is_empty() {
        heading(out, COULD_ADD)?;
        for addition in &model.backend {
            writeln!(out, "  {} (\"{}\")", addition.what, addition.section)?;
        }
    }
    if !model.notes.is_empty() {
        heading(out, "Not used")?;
        for note in &model.notes {
            writeln!(out, "  {}", clean(note))?;
        }
    }
    if !model.chosen {
        writeln!(out, "\nIt isn't chosen: {HOW_TO_CHOOSE}.")?;
    }
    Ok(())
}

fn facts_of(model: &ModelView) -> Vec<(&'static str, String)> {
    let saved = match model.mode {
        "optimistic" => "once it is in the local database",
        _ => "once the server has accepted it",
    };
    let made_by = match model.key.made_by {
        KeyOrigin::Client => "made by the client if none is given",
        KeyOrigin::Server => "made by the server",
        KeyOrigin::Given => "given by the application",
    };
    let under = match model.rows.under.as_slice() {
        [] => String::new(),
        keys => format!(" under `{}`", keys.join(".")),
    };
    let mut facts = vec![("path", model.path.clone())];
    if !model.also.is_empty() {
        facts.push(("also", model.also.join(", ")));
    }
    let says = if model.rows.is_body { "takes" } else { "answers" };
    facts.push(("rows", format!("as {} {says}{under}", model.rows.answer)));
    facts.extend(model.lists.clone().map(|lists| ("lists", lists)));
    facts.extend(model.deleted.as_ref().map(|field| ("shape", format!("without deleted rows, by `{field}`"))));
    facts.push(("key", format!("{}, {made_by}", model.key.fields.join(" + "))));
    facts.extend(model.table.clone().map(|table| ("table", format!("{table} on the server"))));
    if model.collections == "electric" {
        facts.push(("kept", "nothing on the device (`collections: electric`)".to_owned()));
    }
    if !model.is_read_only() {
        facts.push(("mode", format!("{}: a write is saved {saved}", model.mode)));
    }
    facts.push(("settled", settling(model.settled_by).to_owned()));
    facts
}

fn remarks(model: &ModelView, field: &FieldView) -> String {
    let mut remarks = Vec::new();
    if model.key.fields.contains(&field.name) {
        remarks.push("key".to_owned());
    }
    remarks.extend(field.references.as_ref().map(|parent| format!("key of {parent}")));
    remarks.extend(field.default.as_ref().map(|default| format!("default {}", cut(&default.to_string(), 20))));
    if !field.place.is_empty() {
        remarks.push(format!("at {}", clean(&field.place.join("."))));
    }
    remarks.extend(field.column.as_ref().map(|column| format!("column {column}")));
    remarks.join(", ")
}

/// `{contact_id}: id; sends first_name, email (at attributes.email), type = "contacts"`
fn what_it_takes(operation: &Operation) -> String {
    let renamed = operation.parameters.iter().filter(|(parameter, field)| parameter != field);
    let mut parts: Vec<String> = renamed.map(|(parameter, field)| format!("{{{parameter}}}: {field}")).collect();
    let query = operation.query.iter().map(|(name, filling)| (format!("?{name}"), filling));
    let beside_path = query.chain(operation.headers.iter().map(|(name, filling)| (name.clone(), filling)));
    parts.extend(beside_path.map(|(name, filling)| match filling {
        Filling::Field(field) => format!("{name}: {field}"),
        Filling::Value(value) => format!("{name} = {}", json::string(value)),
        Filling::WriteId => format!("{name}: the id of the write"),
    }));
    if !operation.body.is_empty() || !operation.constants.is_empty() {
        let under = operation.envelope.as_ref().map(|key| format!(" under `{key}`")).unwrap_or_default();
        let named =
            operation.body.iter().map(|field| match (operation.places.get(field), operation.names.get(field)) {
                (Some(place), _) => format!("{field} (at {})", place.join(".")),
                (None, Some(name)) => format!("{field} (as {name})"),
                (None, None) => field.clone(),
            });
        let constants = operation.constants.iter();
        let always = constants.map(|constant| format!("{} = {}", constant.place.join("."), constant.value));
        let media = operation.media.as_ref().map(|media| format!(", {media}")).unwrap_or_default();
        parts.push(format!("sends {}{under}{media}", named.chain(always).collect::<Vec<_>>().join(", ")));
    }
    parts.join("; ")
}

fn heading(out: &mut impl Write, text: &str) -> io::Result<()> {
    writeln!(out, "\n{BOLD}{text}{BOLD:#}")
}
