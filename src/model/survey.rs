//! Everything that a document has to offer, chosen or not, with what had to be guessed: for people who look before
//! they generate.

use super::build::{Made, make};
use super::project::{Model, Project};
use crate::config::Config;
use crate::diagnostics::Problems;
use crate::discovery::{Candidate, Choices, KnownBy, LeftOut, choose};
use crate::openapi::{Document, Type, declares_header};

#[derive(Debug)]
pub struct Survey {
    /// In order of name.
    pub models: Vec<Surveyed>,
    /// In order of path.
    pub left_out: Vec<LeftOut>,
}

/// A model, and how it was understood.
#[derive(Debug)]
pub struct Surveyed {
    pub model: Model,
    pub is_chosen: bool,
    /// The collection's path.
    pub path: String,
    /// Other paths that lead to the same rows.
    pub also: Vec<String>,
    pub rows: Rows,
    pub guesses: Vec<Guess>,
    /// What of the API can't be used.
    pub notes: Vec<String>,
    /// Whether the document says of each write that it takes `Idempotency-Key`.
    pub takes_idempotency_key: bool,
}

/// What says what a row is.
#[derive(Debug)]
pub struct Rows {
    /// `GET /contacts/{id}`
    pub operation: String,
    /// The keys that the row stands under in its answer.
    pub under: Vec<String>,
    /// Whether it isn't its answer but its body that says so.
    pub is_body: bool,
}

/// Something that the document doesn't say outright.
#[derive(Debug)]
pub struct Guess {
    /// What was taken for what, and by what.
    pub what: String,
    /// How to say it otherwise.
    pub otherwise: String,
}

/// Nothing chosen is no problem here; that is left to the caller.
pub fn survey(document: &Document, config: &Config, problems: &mut Problems) -> Survey {
    let Choices { chosen, others, mut left_out } = choose(document, config, problems);
    let made = make(document, config, chosen.iter().collect(), problems);
    let mut models = describe(document, made, &chosen, true, &mut left_out);
    if !others.is_empty() {
        // As they would be beside those that are chosen. What is wrong with them is nobody's problem yet.
        let both = chosen.iter().chain(&others).collect();
        let made = make(document, config, both, &mut Problems::default());
        models.extend(describe(document, made, &others, false, &mut left_out));
    }
    models.sort_by(|one, two| one.model.name.cmp(&two.model.name));
    left_out.sort_by(|one, two| one.path.cmp(&two.path));
    Survey { models, left_out }
}

/// Those of the models that were made of `candidates`.
fn describe(
    document: &Document,
    made: Made,
    candidates: &[Candidate],
    is_chosen: bool,
    left_out: &mut Vec<LeftOut>,
) -> Vec<Surveyed> {
    let of = |name: &str| candidates.iter().find(|candidate| candidate.name == name);
    left_out.extend(made.refused.into_iter().filter(|refused| of(&refused.name).is_some()));
    let Project { models, .. } = made.project;
    let known = models.into_iter().zip(made.notes).filter_map(|(model, notes)| Some((of(&model.name)?, model, notes)));
    let surveyed = known.map(|(candidate, model, notes)| {
        let answer = &candidate.row.answer;
        Surveyed {
            is_chosen,
            path: candidate.resource.path().to_owned(),
            also: candidate.resource.also.iter().map(|path| (*path).to_owned()).collect(),
            rows: Rows {
                operation: format!("{} {}", answer.method, answer.path),
                under: answer.keys.iter().map(|key| (*key).to_owned()).collect(),
                is_body: answer.is_body,
            },
            guesses: guesses(document, candidate, &model),
            notes,
            takes_idempotency_key: takes_idempotency_key(document, candidate),
            model,
        }
    });
    surveyed.collect()
}

fn guesses(document: &Document, candidate: &Candidate, model: &Model) -> Vec<Guess> {
    let mut guesses = Vec::new();
    let name = &model.name;
    let answer = &candidate.row.answer;
    let operation = format!("{} {}", answer.method, answer.path);
    if answer.is_body {
        guesses.push(Guess {
            what: format!("a row is what {operation} takes, and what its item's path takes: no answer has a schema"),
            otherwise: "give the answers of GET a schema".to_owned(),
        });
    } else if !answer.keys.is_empty() {
        let keys = answer.keys.join(".");
        guesses.push(Guess {
            what: format!("a row is what {operation} answers under `{keys}`"),
            otherwise: "answer the row itself, or a list of rows".to_owned(),
        });
    } else if answer.method != "GET" {
        guesses.push(Guess {
            what: format!("a row is what {operation} answers"),
            otherwise: "give the answers of GET a schema".to_owned(),
        });
    }
    let config = candidate.config.as_ref().map(|config| config.entry);
    if config.is_none_or(|config| config.key.is_none())
        && let Some(detected) = candidate.row.key(&candidate.resource)
        && detected.by != KnownBy::Id
    {
        let why = match detected.by {
            KnownBy::Path => "by the parameters of its path",
            KnownBy::Id | KnownBy::Name => "by its name",
            KnownBy::Rows => "which is called as the rows are",
            KnownBy::OnlyId => "as a row has no other id",
            KnownBy::Address => "as the address of a row",
        };
        guesses.push(Guess {
            what: format!("the key is `{}`, {why}", detected.names.join("` and `")),
            otherwise: format!("`models: {{ {name}: {{ key: [...] }} }}` in the config"),
        });
    }
    for name in &model.key {
        let resolved = candidate.row.properties.get(name.as_str()).and_then(|property| property.resolve(document));
        if resolved.is_some_and(|resolved| resolved.schema.scalar() == Some(Type::Number)) {
            guesses.push(Guess {
                what: format!("`{name}` is a whole number, as the key"),
                otherwise: "give it the type `integer`".to_owned(),
            });
        }
    }
    let given = config.map(|config| config.references.as_slice()).unwrap_or_default();
    for (field, parent) in model.references.iter().filter(|(field, _)| !given.iter().any(|(name, _)| name == field)) {
        guesses.push(Guess {
            what: format!("`{field}` holds the key of a row of `{parent}`, by its name and type"),
            otherwise: format!("`models: {{ {name}: {{ references: {{ {field}: … }} }} }}` in the config"),
        });
    }
    guesses
}

fn takes_idempotency_key(document: &Document, candidate: &Candidate) -> bool {
    let resource = &candidate.resource;
    let create = resource.collection_operation("post");
    let others = ["patch", "put", "delete"].map(|method| resource.item_operation(method));
    let mut writes = std::iter::once(create).chain(others).flatten();
    writes.all(|(item, operation)| declares_header(document, &item.node, &operation, "Idempotency-Key"))
}
