//! Says what will not work when a client reads the rows of its models.

use super::lists::parent;
use crate::config::{Transport, line};
use crate::diagnostics::{Code, Input, Problem, Problems, Severity};
use crate::discovery::paths;
use crate::model::list::{List, Required};
use crate::model::project::{Field, FieldType, Insert, Model, Operation};
use crate::names::{snake_case, unique};

/// `pointer`: where the model is in the document.
pub fn check(model: &Model, models: &[Model], pointer: &str, problems: &mut Problems) {
    let found = match (model.transport, &model.list) {
        (Transport::Electric, _) => {
            [column_in_doubt(model, pointer), path_column_in_doubt(model, pointer)].into_iter().flatten().collect()
        }
        (Transport::PushPull, _) => Vec::new(),
        (Transport::Rest, None) => vec![not_polled(model, models, pointer)],
        (Transport::Rest, Some(list)) => {
            [not_paged(model, list, pointer), list_parameters(model, list, pointer)].into_iter().flatten().collect()
        }
    };
    found.into_iter().for_each(|problem| problems.push(problem));
}

fn not_polled(model: &Model, models: &[Model], pointer: &str) -> Problem {
    match &model.operations.list {
        None => not_listed(model, models, pointer),
        Some(list) => match unsaid(model, list, models).as_slice() {
            [] => not_filled(model, list, pointer),
            unsaid => not_related(model, list, unsaid, pointer),
        },
    }
}

fn not_listed(model: &Model, models: &[Model], pointer: &str) -> Problem {
    let name = &model.name;
    // Nothing would fill the lists below its rows.
    let goes_through = |other: &&Model| {
        other.list.as_ref().is_some_and(|list| list.parents.iter().any(|parent| parent.model == *name))
    };
    let below: Vec<&str> = models.iter().filter(goes_through).map(|other| other.name.as_str()).collect();
    let all = [&[name.as_str()], below.as_slice()].concat();
    let also = match below.as_slice() {
        [] => String::new(),
        below => format!(" and what is read through it, {},", quoted(below)),
    };
    let message = format!("`{name}` can't be polled: the API has no list of its rows");
    let help =
        format!("its rows are those that this client writes; leave it{also} out with {}", line::without_all(&all));
    let problem = Problem::new(Severity::Warning, Code::NotPolled, (Input::Spec, pointer), message).help(help);
    let through = match below.as_slice() {
        [] => String::new(),
        below => format!(", and through it {}", quoted(below)),
    };
    let shared = "can't be polled: the API has no list of their rows";
    problem.summed("model", shared, format!("`{name}`{through}")).help_of_all(|items| {
        let names: Vec<&str> = items.iter().flat_map(|item| item.split('`').skip(1).step_by(2)).collect();
        let without = line::without_all(&unique(names));
        format!("their rows are those that this client writes; leave them out with {without}")
    })
}

fn not_filled(model: &Model, list: &Operation, pointer: &str) -> Problem {
    let (name, path) = (&model.name, &list.path);
    let message = format!("`{name}` can't be polled: no model that is synced fills the parameters of {path}");
    let without = line::without(name);
    let help = format!("sync the model whose rows the path goes through, too, or leave it out with {without}");
    let problem = Problem::new(Severity::Warning, Code::NotPolled, (Input::Spec, pointer), message).help(help);
    let shared = "can't be polled: no model that is synced fills the parameters of their paths";
    problem.summed("model", shared, name).help_of_all(|names| {
        let without = line::without_all(names);
        format!("sync the models whose rows the paths go through, too, or leave them out with {without}")
    })
}

/// A model that is synced could fill the path, if its column were known to hold that model's key.
fn not_related(model: &Model, list: &Operation, unsaid: &[(&str, &str)], pointer: &str) -> Problem {
    let (name, path) = (&model.name, &list.path);
    let fields: Vec<&str> = unsaid.iter().map(|(field, _)| *field).collect();
    let message = format!("`{name}` can't be polled: nothing says which model fills {} of {path}", quoted(&fields));
    let references = line::of_model(name, None, &format!("references: {}", line::pairs(unsaid)));
    let help = format!("where that is right, say it: {references}, or leave it out with {}", line::without(name));
    let problem = Problem::new(Severity::Warning, Code::NotPolled, (Input::Spec, pointer), message).help(help);
    let held: Vec<String> = unsaid.iter().map(|(field, parent)| format!("`{field}` (a key of {parent})")).collect();
    let shared = "can't be polled: nothing says which models fill the parameters of their paths";
    problem.summed("model", shared, format!("`{name}`: {}", held.join(", "))).help_of_all(|_| {
        "where that is right, say it: `models: { NAME: { references: { FIELD: … } } }`, or leave it out with `models: { NAME: false }`"
            .to_owned()
    })
}

/// The columns that a list's path needs and that no model fills yet, each with the model that it seems to be of. Empty where
/// one seems to be of none.
fn unsaid<'m>(model: &'m Model, list: &Operation, models: &'m [Model]) -> Vec<(&'m str, &'m str)> {
    let unfilled = list.parameters.iter().filter(|(parameter, _)| parent(model, list, parameter, models).is_none());
    let unsaid = unfilled.map(|(parameter, column)| {
        let field = model.fields.iter().find(|field| field.name == *column)?;
        let is_known = field.from_path.as_ref().is_some_and(|from_path| from_path.parent.is_some());
        let (before, _) = list.path.split_once(&format!("/{{{parameter}}}")).filter(|_| !is_known)?;
        let form = |path: &str| paths::segments(path).map(|segments| paths::normal_form(&segments));
        let item = form(&format!("{before}/{{id}}"))?;
        let is_item = |operation: &Operation| form(&operation.path).as_ref() == Some(&item);
        let has_path = |other: &&Model| {
            let all = &other.operations;
            [&all.get, &all.update, &all.delete].into_iter().flatten().any(is_item)
        };
        let collection = snake_case(before.rsplit('/').next()?);
        // `/objects/{apiName}` may be of a row whose key is its `id`: that wouldn't fill it.
        let names = [snake_case(parameter), snake_case(column)];
        let is_of =
            |key: &Field| names.iter().any(|name| format!("_{name}").ends_with(&format!("_{}", snake_case(&key.name))));
        let is_number = |field: &Field| matches!(field.ty, FieldType::Int32 | FieldType::Int64);
        let is_same = |key: &Field| is_number(key) == is_number(field);
        let fits =
            |other: &&Model| other.own_key().count() == 1 && other.own_key().all(|key| is_of(key) && is_same(key));
        let others = || models.iter().filter(|other| other.name != model.name).filter(fits);
        let found = others().find(has_path).or_else(|| others().find(|other| other.name == collection))?;
        Some((field.name.as_str(), found.name.as_str()))
    });
    unsaid.collect::<Option<Vec<_>>>().unwrap_or_default()
}

fn not_paged(model: &Model, list: &List, pointer: &str) -> Option<Problem> {
    let (name, path, parameter) = (&model.name, &list.path, list.unpaged.as_ref()?);
    let message = format!("GET {path} takes `{parameter}`, and nothing says how its next page is asked for");
    let help = format!("if that is all of the list: {}; else {}", whole_list(name), how_to_page(name));
    let problem = Problem::new(Severity::Warning, Code::NotPaged, (Input::Spec, pointer), message).help(help);
    let item = format!("`{name}`: GET {path} (`{parameter}`)");
    let shared = "may come in pages, and nothing says how the next one is asked for";
    Some(problem.summed("list", shared, item).help_of_all(|_| {
        format!("for one whose answer is all of the list: {}; for others, {}", whole_list("NAME"), how_to_page("NAME"))
    }))
}

fn whole_list(name: &str) -> String {
    line::of_model(name, None, "list: { page: false }")
}

fn how_to_page(name: &str) -> String {
    let paged = line::of_model(name, None, "list: { offset: … }");
    format!(
        "name the parameter that leads on, such as {paged} (or `page`, `after`, or `cursor` with `next`), or with `link` where the answer has the next page's link"
    )
}

/// Says what of a list's parameters nothing fills, and who can: the config, or the application at run time.
fn list_parameters(model: &Model, list: &List, pointer: &str) -> Option<Problem> {
    let Required { query, since, cursors, keys, headers, pointer: first } = &list.required;
    let names = unique(query.iter().chain(cursors).chain(keys).chain(headers).map(String::as_str));
    if names.is_empty() {
        return None;
    }
    let at_run_time = match (query.is_empty() && cursors.is_empty() && keys.is_empty(), headers.is_empty()) {
        (_, true) => "`configureSync({ listParams: (model) => … })`",
        (true, false) => "`configureSync({ headers: … })`",
        (false, false) => "`configureSync({ listParams: (model) => …, headers: … })`",
    };
    // A key is no matter of a file that everybody has, unless everybody may see it.
    let same: Vec<&str> = query.iter().chain(cursors).chain(headers).map(String::as_str).collect();
    let in_config = match same.as_slice() {
        [] => String::new(),
        same => format!("what is the same in every request, say in the config: {}; else ", line::params(same)),
    };
    let message = format!("GET {} requires {}, which nothing fills", list.path, quoted(&names));
    let from =
        since.as_ref().map(|since| format!("; `{since}` has to be a time before all rows: older ones don't come"));
    let open = match keys.as_slice() {
        [] => String::new(),
        keys => {
            let all: Vec<&str> = same.iter().copied().chain(keys.iter().map(String::as_str)).collect();
            format!("; {OPEN_KEY}: {}", line::params(&all))
        }
    };
    let help = format!("{in_config}the application gives it: {at_run_time}{}{open}", from.unwrap_or_default());
    let at = (Input::Spec, first.as_deref().unwrap_or(pointer));
    let problem = Problem::new(Severity::Warning, Code::ListParameter, at, message).help(help);
    let before = since.as_ref().map(|since| format!(" (`{since}`: a time before all rows)")).unwrap_or_default();
    let item = format!("GET {}: {}{before}, for `{}`", list.path, quoted(&names), model.name);
    if same.is_empty() {
        let keyed = problem.summed("list", "can't be read without keys in their query, which nothing fills", item);
        let help = |_: &[&str]| {
            format!(
                "the application gives it: `configureSync({{ listParams: (model) => … }})`; {OPEN_KEY}: `params: {{ NAME: … }}`"
            )
        };
        return Some(keyed.help_of_all(help));
    }
    Some(problem.summed("list", "can't be read without parameters that nothing fills", item).help_of_all(|_| {
        "what is the same in every request, say in the config: `params: { NAME: … }`; else the application gives it: a parameter of the query, and every key there, with `configureSync({ listParams: (model) => … })`, a header with `headers`"
            .to_owned()
    }))
}

/// The config's values are in the generated code.
const OPEN_KEY: &str = "a key that everybody may see can be in the config";

/// Fields that may be computed, and then are no columns of the server's table: Electric refuses a shape that asks for one.
fn column_in_doubt(model: &Model, pointer: &str) -> Option<Problem> {
    let is_written = model.operations.create.is_some() || model.operations.update.is_some();
    let names: Vec<&str> = model
        .fields
        .iter()
        .filter(|field| is_written && is_in_doubt(model, field))
        .map(|field| field.name.as_str())
        .collect();
    if names.is_empty() {
        return None;
    }
    let message =
        format!("`{}` has {}, which only the server sets: {}", model.name, quoted(&names), are_they_columns(&names));
    let (excluded, named) = excluded_or_named(model, &names);
    let help = format!("{NO_SUCH_COLUMN}: leave out what is computed, {excluded}, or name the column, {named}");
    let item = format!("`{}`: {}", model.name, quoted(&names));
    let problem = Problem::new(Severity::Note, Code::ColumnInDoubt, (Input::Spec, pointer), message).help(help);
    let shared = "have fields that only the server sets: are they columns of their tables?";
    Some(problem.summed("model", shared, item).help_of_all(|_| {
        format!("{NO_SUCH_COLUMN}: leave out of each model what is computed, {EXCLUDED}, or name the columns, {NAMED}")
    }))
}

/// Columns that the API's rows lack: the server's table has them under some name, or the shape is refused.
fn path_column_in_doubt(model: &Model, pointer: &str) -> Option<Problem> {
    let is_named = |field: &&Field| model.server.columns.iter().any(|(name, _)| *name == field.name);
    let from_path = model.fields.iter().filter(|field| field.from_path.is_some() && !is_named(field));
    let names: Vec<&str> = from_path.map(|field| field.name.as_str()).collect();
    if names.is_empty() {
        return None;
    }
    let message = format!("`{}` has {} from its path: {}", model.name, quoted(&names), are_they_columns(&names));
    let (excluded, named) = excluded_or_named(model, &names);
    let help = format!("{NO_SUCH_COLUMN}: leave it out with the writes that need it, {excluded}, or name it, {named}");
    let item = format!("`{}`: {}", model.name, quoted(&names));
    let problem = Problem::new(Severity::Note, Code::ColumnInDoubt, (Input::Spec, pointer), message).help(help);
    let shared = "have fields from their paths: are they columns of their tables?";
    Some(problem.summed("model", shared, item).help_of_all(|_| {
        format!(
            "{NO_SUCH_COLUMN}: leave out of each model what is none, with the writes that need it, {EXCLUDED}, or name the columns, {NAMED}"
        )
    }))
}

const NO_SUCH_COLUMN: &str = "Electric refuses a shape with a column that isn't there";

/// The two ways out, of several models at once.
const EXCLUDED: &str = "`models: { NAME: { exclude: [FIELDS] } }`";
const NAMED: &str = "`models: { NAME: { columns: { FIELD: … } } }`";

fn are_they_columns(names: &[&str]) -> &'static str {
    if names.len() == 1 { "is it a column of its table?" } else { "are they columns of its table?" }
}

/// The two ways out of a doubt about columns.
fn excluded_or_named(model: &Model, names: &[&str]) -> (String, String) {
    let of_model = |says: String| line::of_model(&model.name, None, &says);
    let named = of_model(format!("columns: {}", line::undecided(names)));
    (of_model(format!("exclude: {}", line::list(names))), named)
}

/// Times that only the server sets are columns as a rule.
fn is_in_doubt(model: &Model, field: &Field) -> bool {
    let is_time = matches!(field.ty, FieldType::DateTime | FieldType::Date | FieldType::Time);
    let is_named = model.server.columns.iter().any(|(name, _)| *name == field.name);
    let is_of_server = field.insert == Insert::Never && !field.update && field.from_path.is_none();
    is_of_server && !is_time && !is_named && !model.is_key(field)
}

fn quoted(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}
