//! Makes the project from a document and the config.

use std::collections::HashMap;

use super::base_url;
use super::complete::{Draft, Relations};
use super::draft::{Attempt, attempt};
use super::lists::find_parents;
use super::metadata;
use super::reads;
use super::references::{Parents, Row};
use super::shapes::Types;
use super::type_names::TypeNames;
use crate::config::{Config, ServerOrm, line};
use crate::diagnostics::{Code, Input, Problem, Problems, Severity, all_of, child, closest};
use crate::discovery::{Candidate, LeftOut, choose};
use crate::model::project::{Filling, Model, Parameter, Project};
use crate::model::types::NamedType;
use crate::names::http::{header_value, is_header_value};
use crate::openapi::Document;
use crate::parallel;

/// `None`, with problems, where there is nothing to generate.
pub fn build(document: &Document, config: &Config, problems: &mut Problems) -> Option<Project> {
    let choices = choose(document, config, problems);
    if choices.chosen.is_empty() {
        if !problems.has_errors() {
            problems.push(choices.nothing_chosen());
        }
        return None;
    }
    let made = make(document, config, choices.chosen.iter().collect(), problems);
    for candidate in choices.chosen.iter().filter(|candidate| candidate.row.is_guess) {
        let name = &candidate.name;
        let known =
            made.project.model(name).is_some() && candidate.config.as_ref().is_none_or(|c| c.entry.key.is_none());
        if known {
            let message = format!("`{name}` rests on a guess: `sync-patterns inspect {name}` shows it");
            let at = (Input::Spec, candidate.resource.pointer());
            let problem = Problem::new(Severity::Note, Code::Guess, at, message);
            problems.push(problem.summed("model", "rest on a guess: `sync-patterns inspect MODEL` shows it", name));
        }
    }
    // Where a path lacks a value, that is what to see to first.
    for candidate in choices.chosen.iter().filter(|candidate| candidate.resource.without_value().next().is_none()) {
        let local = made.project.model(&candidate.name).filter(|model| model.is_local());
        if let Some(model) = local {
            reads::check(model, &made.project.models, candidate.resource.pointer(), problems);
        }
    }
    metadata::check(config, &made.project.models, problems);
    if config.server.is_some() {
        check_tables(&made.project.models, &choices.chosen, problems);
    }
    if config.server.as_ref().is_some_and(|server| server.orm == ServerOrm::Drizzle) {
        check_names(&made.project.models, &choices.chosen, problems);
    }
    base_url::check(&config.api_base_url, &document.servers(), &made.project.models, problems);
    if made.project.models.is_empty() {
        if !problems.has_errors() {
            let message = "none of the models that were found can be generated";
            problems.error(Code::NoModels, (Input::Spec, "/paths"), message);
        }
        return None;
    }
    Some(made.project)
}

/// The rows of two models can't be in one table of the sync server: each model has its own columns, triggers and log.
fn check_tables(models: &[Model], chosen: &[Candidate], problems: &mut Problems) {
    // Without a schema, PostgreSQL means this one.
    let table = |model: &Model| {
        let name = model.server.table.as_deref().unwrap_or(&model.name);
        name.strip_prefix("public.").unwrap_or(name).to_owned()
    };
    let (given, plain): (Vec<&Model>, Vec<&Model>) = models.iter().partition(|model| model.server.table.is_some());
    let mut taken: HashMap<String, &Model> = plain.into_iter().map(|model| (table(model), model)).collect();
    for model in given {
        let Some(other) = taken.insert(table(model), model) else { continue };
        let config = chosen.iter().find(|candidate| candidate.name == model.name).and_then(|one| one.config.as_ref());
        let at = child(config.map_or("", |config| &config.pointer), "table");
        let message = format!("`{}` would have the same table of the sync server as `{}`", model.name, other.name);
        let problem = Problem::new(Severity::Error, Code::NameCollision, (Input::Config, &at), message);
        let own = line::of_model(&model.name, None, "table: …");
        problems.push(problem.help(format!("give each model a table of its own: {own}")));
    }
}

/// Drizzle doesn't quote what means something to it in a name.
fn check_names(models: &[Model], chosen: &[Candidate], problems: &mut Problems) {
    let is_taken = |name: &&str| ["\"", ";", ",", "--"].iter().any(|sign| name.contains(sign));
    for model in models {
        let fields = || model.fields.iter().map(|field| field.name.as_str());
        let columns = model.server.columns.iter().map(|(_, column)| column.as_str());
        let given = columns.chain(model.server.table.as_deref());
        let Some(name) = fields().chain(given).find(is_taken) else { continue };
        let candidate = chosen.iter().find(|candidate| candidate.name == model.name);
        let at = (Input::Spec, candidate.map_or("/paths", |candidate| candidate.resource.pointer()));
        let message = format!("`{}`: Drizzle can't write the name `{name}` into SQL", model.name);
        let problem = Problem::new(Severity::Error, Code::BadName, at, message);
        let without = line::of_model(&model.name, None, &format!("exclude: {}", line::list(&[name])));
        let otherwise = match fields().any(|field| field == name && !model.key.iter().any(|key| key == name)) {
            true => format!("leave the property out, {without}, or "),
            false => String::new(),
        };
        problems.push(problem.help(format!("{otherwise}do without Drizzle's schema: `server: {{ orm: none }}`")));
    }
}

/// The models made of candidates.
pub struct Made {
    pub project: Project,
    /// The notes of each model, in their order.
    pub notes: Vec<Notes>,
    pub refused: Vec<LeftOut>,
}

/// What was noted of a model, in words.
pub struct Notes {
    pub all: Vec<String>,
    /// Those that say why a write isn't used.
    pub unused: Vec<String>,
}

/// Makes models of all candidates that can be understood: drafts first, then the names of all types and the references
/// among them, then the models.
pub fn make<'a>(
    document: &'a Document,
    config: &Config,
    mut chosen: Vec<&Candidate<'a>>,
    problems: &mut Problems,
) -> Made {
    chosen.sort_by(|one, two| one.name.cmp(&two.name));
    let attempts = parallel::each(&chosen, |candidate| attempt(document, config, candidate));
    let mut types = Types::new(document);
    let (mut drafts, mut notes, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for Attempt { draft, refusal, problems: own, reached } in attempts {
        types.reach(reached);
        refused.extend(refusal);
        if let Some(draft) = draft {
            drafts.push(draft);
            let unused = own.iter().filter(|problem| problem.code.is_of_unused_write());
            let unused = unused.map(|problem| problem.message.clone()).collect();
            notes.push(Notes { all: own.iter().map(|problem| problem.message.clone()).collect(), unused });
        }
        problems.append(own);
    }
    let names = Names::give(document, &drafts, types.named());
    let references = references(&drafts, &names.models, problems);
    let models = drafts.into_iter().zip(names.models).zip(references);
    let models = models.map(|((draft, type_name), References { columns, inputs })| {
        let components = &names.components;
        draft.model(document, config, Relations { type_name, references: columns, of_inputs: inputs, components })
    });
    let mut models: Vec<Model> = models.collect();
    find_parents(&mut models);
    check_params(config, &models, problems);
    Made { project: Project { models, types: names.types }, notes, refused }
}

/// Checks what the config gives for parameters: no request may have it, and no header may hold it.
fn check_params(config: &Config, models: &[Model], problems: &mut Problems) {
    let (mut query, mut headers): (Vec<&Parameter>, Vec<&Parameter>) = Default::default();
    let mut paged: Vec<&str> = Vec::new();
    for model in models {
        let all = &model.operations;
        for operation in [&all.get, &all.create, &all.update, &all.delete].into_iter().flatten() {
            query.extend(&operation.query);
            headers.extend(&operation.headers);
        }
        // A list that isn't polled is never asked for.
        let Some((list, operation)) = model.list.as_ref().zip(all.list.as_ref()) else { continue };
        query.extend(&operation.query);
        headers.extend(&operation.headers);
        paged.extend(list.page.parameters());
    }
    let is_value = |parameter: &Parameter| matches!(parameter.filling, Filling::Value(_));
    for (name, value) in &config.params {
        let is_header = headers.iter().any(|one| one.name.eq_ignore_ascii_case(name) && is_value(one));
        if is_header && !is_header_value(header_value(value)) {
            let message = format!("the header `{name}` can't be sent: its value has what no header can hold");
            let at = child("/params", name);
            let problem = Problem::new(Severity::Error, Code::BadHeader, (Input::Config, &at), message);
            problems.push(problem.help("say it in printable characters, none of them beyond ÿ (U+00FF)"));
        }
        if is_header || query.iter().any(|one| one.name == *name && is_value(one)) {
            continue;
        }
        let (message, help) = if paged.contains(&name.as_str()) {
            let message = format!("no list is asked with this `{name}`: the client gives its own, page by page");
            (message, "take it out of `params`; `list` of a model says how its pages are asked for")
        } else {
            let why = "none that can be made requires it, or the rows have a column for it";
            (format!("no request has `{name}`: {why}"), "take it out of `params`, or correct its name")
        };
        let at = child("/params", name);
        let problem = Problem::new(Severity::Note, Code::UnusedParameter, (Input::Config, &at), message);
        problems.push(problem.help(help));
    }
}

/// The final names of all types.
struct Names {
    /// In the order of the drafts.
    models: Vec<String>,
    /// By the names that they have in the document.
    components: HashMap<String, String>,
    /// The components, in order of name.
    types: Vec<NamedType>,
}

impl Names {
    /// Models are named first, then components, then models that are guesses.
    fn give(document: &Document, drafts: &[Draft], components: Vec<NamedType>) -> Self {
        let mut scope = TypeNames::new(document.schema_names());
        let mut models = vec![String::new(); drafts.len()];
        let mut name_models = |scope: &mut TypeNames, is_guess: bool| {
            let named = drafts.iter().zip(&mut models);
            for (Draft { candidate, .. }, name) in named.filter(|(draft, _)| draft.candidate.row.is_guess == is_guess) {
                *name = scope.model(&candidate.row, &candidate.resource);
            }
        };
        name_models(&mut scope, false);
        let names: HashMap<String, String> =
            components.iter().map(|named| (named.name.clone(), scope.component(&named.name))).collect();
        name_models(&mut scope, true);
        let component = |NamedType { name, doc, shape }| NamedType {
            name: names.get(&name).cloned().unwrap_or(name),
            doc,
            shape: shape.with_names(&names),
        };
        let mut types: Vec<NamedType> = components.into_iter().map(component).collect();
        types.sort_by(|one, two| one.name.cmp(&two.name));
        Self { models, components: names, types }
    }
}

/// Names of columns, or of inputs, and the models whose keys they hold.
struct References {
    columns: Vec<(String, String)>,
    inputs: Vec<(String, String)>,
}

/// Finds the references of each draft. Those in the config, of columns or of inputs, replace those found.
fn references(drafts: &[Draft], type_names: &[String], problems: &mut Problems) -> Vec<References> {
    let rows: Vec<Row> = drafts.iter().zip(type_names).map(|(draft, type_name)| row(draft, type_name)).collect();
    // A guessed model is never found as a parent.
    let sure = rows.iter().zip(drafts).filter(|(_, draft)| !draft.candidate.row.is_guess).map(|(row, _)| row);
    let parents = Parents::new(sure);
    let names: Vec<&str> = rows.iter().map(|row| row.name).collect();
    let of = |(row, draft): (&Row, &Draft)| {
        let found = with_path_parents(parents.of(row), draft, drafts);
        let inputs = parents.of(&row_of_inputs(row, draft));
        let Some(config) = &draft.candidate.config else { return References { columns: found, inputs } };
        let given = &config.entry.references;
        for (field, target) in given.iter().filter(|(_, target)| !names.contains(&target.as_str())) {
            problems.push(unknown_model(&names, field, target, &child(&config.pointer, "references")));
        }
        let is_input =
            |name: &String| draft.create.iter().flat_map(|writer| &writer.inputs).any(|input| input.name == *name);
        let (given_inputs, others): (Vec<_>, Vec<_>) = given.iter().cloned().partition(|(name, _)| is_input(name));
        // Of a create that can't be used, there are no inputs.
        let is_column = |name: &String| draft.properties.iter().any(|property| property.name == name);
        let given_columns = others.into_iter().filter(|(name, _)| is_column(name)).collect();
        References { columns: replaced(found, given_columns), inputs: replaced(inputs, given_inputs) }
    };
    rows.iter().zip(drafts).map(of).collect()
}

/// What was found, and in the place of it what is given; in order of name.
fn replaced(found: Vec<(String, String)>, given: Vec<(String, String)>) -> Vec<(String, String)> {
    let found = found.into_iter().filter(|(name, _)| !given.iter().any(|(own, _)| own == name));
    let mut all: Vec<_> = found.chain(given.iter().cloned()).collect();
    all.sort();
    all
}

/// The columns of the path refer to the models whose keys they hold.
fn with_path_parents(mut found: Vec<(String, String)>, draft: &Draft, drafts: &[Draft]) -> Vec<(String, String)> {
    for property in &draft.properties {
        let Some(column) = property.from_path else { continue };
        found.retain(|(field, _)| *field != column.name);
        let parent = column.parent.as_ref().and_then(|parent| {
            let other = drafts.iter().find(|other| other.candidate.name == parent.model)?;
            (other.own_key == [parent.field.as_str()]).then_some(other)
        });
        found.extend(parent.map(|parent| (column.name.clone(), parent.candidate.name.clone())));
    }
    found
}

fn row<'d>(draft: &'d Draft, type_name: &'d str) -> Row<'d> {
    let fields = draft.properties.iter().map(|property| (property.name, property.typed.ty)).collect();
    let Candidate { name, row, resource, .. } = draft.candidate;
    let (ty, says_ty) = (row.ty(resource), row.says_ty());
    Row { name, type_name, ty, says_ty, related: &row.related, key: &draft.own_key, fields }
}

/// What only a create's body has, as if it were a row: such a value refers to a row by the same rules.
fn row_of_inputs<'d>(row: &Row<'d>, draft: &'d Draft) -> Row<'d> {
    let inputs = draft.create.iter().flat_map(|writer| &writer.inputs);
    Row { fields: inputs.map(|input| (input.name.as_str(), input.ty)).collect(), ..*row }
}

fn unknown_model(names: &[&str], field: &str, target: &str, pointer: &str) -> Problem {
    let help = match closest(target, names.iter().copied()) {
        Some(similar) => format!("did you mean `{similar}`?"),
        None => format!("models are {}", all_of(names, 10)),
    };
    let message = format!("`{field}` refers to `{target}`, which isn't a model");
    let at = child(pointer, field);
    Problem::new(Severity::Error, Code::UnknownModel, (Input::Config, &at), message).help(help)
}
