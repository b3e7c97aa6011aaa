//! Surveys everything that a document offers, chosen or not, with all guesses: for `inspect` and
//! they generate.

use super::build::{Made, Notes, make};
use super::project::{Model, Project};
use crate::config::{Config, line};
use crate::diagnostics::Problems;
use crate::discovery::{self, Candidate, Choices, Guess, LeftOut, Rows, choose};
use crate::openapi::Document;

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
    /// Those of them that are writes.
    pub unused: Vec<String>,
    /// Whether the document declares the header `Idempotency-Key` for each write.
    pub takes_idempotency_key: bool,
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
    let noted = models.into_iter().zip(made.notes);
    let known = noted.filter_map(|(model, notes)| Some((of(&model.name)?, model, notes)));
    let surveyed = known.map(|(candidate, model, Notes { all, unused })| Surveyed {
        is_chosen,
        path: candidate.resource.path().to_owned(),
        also: candidate.resource.also.iter().map(|path| (*path).to_owned()).collect(),
        rows: discovery::rows(candidate),
        guesses: guesses(document, candidate, &model, of),
        notes: all,
        unused,
        takes_idempotency_key: discovery::takes_idempotency_key(document, candidate),
        model,
    });
    surveyed.collect()
}

/// What had to be guessed of a candidate, and of the references of its model.
fn guesses<'c, 'a: 'c>(
    document: &Document,
    candidate: &Candidate,
    model: &Model,
    of: impl Fn(&str) -> Option<&'c Candidate<'a>>,
) -> Vec<Guess> {
    let mut guesses = discovery::guesses(document, candidate);
    let name = &model.name;
    let config = candidate.config.as_ref().map(|config| config.entry);
    let given = config.map(|config| config.references.as_slice()).unwrap_or_default();
    let from_path = model.fields.iter().filter(|field| field.from_path.is_some());
    let from_path: Vec<&str> = from_path.map(|field| field.name.as_str()).collect();
    let is_said = |field: &str, parent: &str| {
        let ty = candidate.row.related.get(field);
        // Of a model that isn't described here, the relationship itself says enough.
        ty.is_some_and(|ty| of(parent).is_none_or(|parent| parent.row.ty(&parent.resource) == Some(ty)))
    };
    let is_known = |field: &str, parent: &str| {
        is_said(field, parent) || from_path.contains(&field) || given.iter().any(|(name, _)| name == field)
    };
    for (field, parent) in model.references.iter().filter(|(field, parent)| !is_known(field, parent)) {
        guesses.push(Guess {
            what: format!("`{field}` holds the key of a row of `{parent}`, by its name and type"),
            otherwise: {
                let says = format!("references: {}", line::undecided(&[field]));
                format!("{} in the config", line::of_model(name, None, &says))
            },
        });
    }
    guesses
}
