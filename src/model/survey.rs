//! Surveys everything that a document offers, chosen or not, with all guesses: for `inspect` and
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

/// A model, with the evidence for it.
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
    /// Parts of the API that the client can't use.
    pub notes: Vec<String>,
    /// Whether the document declares the header `Idempotency-Key` for each write.
    pub takes_idempotency_key: bool,
}

/// The source of the row's schema.
#[derive(Debug)]
pub struct Rows {
    /// `GET /contacts/{id}`
    pub operation: String,
    /// The keys of its envelopes in the response.
    pub under: Vec<String>,
    /// Whether it is the request body.
    pub is_body: bool,
}

/// A conclusion that the document doesn't state.
#[derive(Debug)]
pub struct Guess {
    /// The conclusion, and its reason.
    pub what: String,
    /// How to correct it.
    pub otherwise: String,
}

/// Surveys a document. It is no error if nothing is chosen.
pub fn survey(document: &Document, config: &Config, problems: &mut Problems) -> Survey {
    let Choices { chosen, others, mut left_out } = choose(document, config, problems);
    let made = make(document, config, chosen.iter().collect(), problems);
    let mut models = describe(document, made, &chosen, true, &mut left_out);
    if !others.is_empty() {
        // As they would be beside the chosen ones. Their problems aren't reported: nobody chose them.
        let both = chosen.iter().chain(&others).collect();
        let made = make(document, config, both, &mut Problems::default());
        models.extend(describe(document, made, &others, false, &mut left_out));
    }
    models.sort_by(|one, two| one.model.name.cmp(&two.model.name));
    left_out.sort_by(|one, two| one.path.cmp(&two.path));
    Survey { models, left_out }
}

/// Describes the models made of `candidates`.
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
