//! Describes how a candidate was understood, for people.

use super::keys::KnownBy;
use super::layout::{Form, Ty};
use super::select::Candidate;
use crate::config::line;
use crate::openapi::{Document, Type, declares_header};

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

/// Where the schema of a candidate's row is from.
pub fn rows(candidate: &Candidate) -> Rows {
    let answer = &candidate.row.answer;
    Rows {
        operation: format!("{} {}", answer.method, answer.path),
        under: answer.keys.iter().map(|key| (*key).to_owned()).collect(),
        is_body: answer.is_body,
    }
}

/// What had to be guessed of a candidate's row and key.
pub fn guesses(document: &Document, candidate: &Candidate) -> Vec<Guess> {
    let mut guesses = Vec::new();
    let name = &candidate.name;
    let answer = &candidate.row.answer;
    let operation = format!("{} {}", answer.method, answer.path);
    if answer.is_body {
        guesses.push(Guess {
            what: format!("a row is what {operation} takes, and what its item's path takes: no answer has a schema"),
            otherwise: "give the answers of GET a schema".to_owned(),
        });
    } else if !answer.keys.is_empty() && (answer.keys != ["data"] || candidate.row.form == Form::Plain) {
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
    let resource = &candidate.resource;
    let writes =
        [resource.collection_operation("post"), resource.item_operation("patch"), resource.item_operation("put")];
    if candidate.row.form == Form::JsonApi(Ty::Any) && writes.iter().any(Option::is_some) {
        guesses.push(Guess {
            what: format!("the `type` of an object is `{}`, as its path ends", resource.last_segment()),
            otherwise: "give `type` an `enum` with its one value".to_owned(),
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
            otherwise: format!("{} in the config", line::of_model(name, None, "key: […]")),
        });
    }
    for name in &candidate.key {
        let resolved = candidate.row.properties.get(name.as_str()).and_then(|property| property.resolve(document));
        if resolved.is_some_and(|resolved| resolved.schema.scalar() == Some(Type::Number)) {
            guesses.push(Guess {
                what: format!("`{name}` is a whole number, as the key"),
                otherwise: "give it the type `integer`".to_owned(),
            });
        }
    }
    guesses
}

/// Whether the document declares the header `Idempotency-Key` for each write.
pub fn takes_idempotency_key(document: &Document, candidate: &Candidate) -> bool {
    let resource = &candidate.resource;
    let create = resource.collection_operation("post");
    let others = ["patch", "put", "delete"].map(|method| resource.item_operation(method));
    let mut writes = std::iter::once(create).chain(others).flatten();
    writes.all(|(item, operation)| declares_header(document, &item.node, &operation, "Idempotency-Key"))
}
