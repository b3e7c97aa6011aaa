//! From a document and the config to the project: finds the resources, chooses among them, and makes models.

use std::collections::HashMap;

use rayon::prelude::*;

use super::maker::{Attempt, attempt};
use super::references::Parents;
use super::shapes::Types;
use super::type_names::TypeNames;
use crate::config::Config;
use crate::diagnostics::{Code, Input, Problem, Problems, Severity, child, closest, one_of};
use crate::discovery::{Candidate, ConfigEntry, LeftOut, choose};
use crate::model::project::{Model, Project};
use crate::model::types::rename;
use crate::openapi::Document;

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
            let message = format!("`{name}` is a guess: `sync-patterns inspect {name}` says of what");
            problems.push(Problem::new(
                Severity::Note,
                Code::Guess,
                (Input::Spec, candidate.resource.pointer()),
                message,
            ));
        }
    }
    if made.project.models.is_empty() {
        if !problems.has_errors() {
            let message = "none of the models that were found can be generated";
            problems.error(Code::NoModels, (Input::Spec, "/paths"), message);
        }
        return None;
    }
    Some(made.project)
}

/// What is made of candidates.
pub struct Made {
    pub project: Project,
    /// What is to be said of each of its models, in their order.
    pub notes: Vec<Vec<String>>,
    pub refused: Vec<LeftOut>,
}

/// Makes models of all candidates that can be understood.
pub fn make(document: &Document, config: &Config, mut chosen: Vec<&Candidate>, problems: &mut Problems) -> Made {
    chosen.sort_by(|one, two| one.name.cmp(&two.name));
    let attempts: Vec<Attempt> = chosen.par_iter().map(|candidate| attempt(document, config, candidate)).collect();
    let mut types = Types::new(document);
    let mut type_names = TypeNames::new(document.schema_names());
    let mut models: Vec<Model> = Vec::new();
    let mut of_models: Vec<&Candidate> = Vec::new();
    let (mut notes, mut refused) = (Vec::new(), Vec::new());
    for (candidate, Attempt { model, refusal, problems: own, reached }) in chosen.iter().zip(attempts) {
        types.reach(reached);
        refused.extend(refusal);
        if let Some(mut model) = model {
            if !candidate.row.is_guess {
                model.type_name = type_names.model(&candidate.row, &candidate.resource);
            }
            models.push(model);
            of_models.push(*candidate);
            notes.push(own.iter().map(|problem| problem.message.clone()).collect());
        }
        problems.append(own);
    }
    let mut types = types.named();
    let final_names: HashMap<String, String> =
        types.iter().map(|named| (named.name.clone(), type_names.component(&named.name))).collect();
    for named in &mut types {
        rename(&mut named.shape, &final_names);
        if let Some(name) = final_names.get(&named.name) {
            named.name = name.clone();
        }
    }
    for field in models.iter_mut().flat_map(|model| &mut model.fields) {
        rename(&mut field.shape, &final_names);
    }
    for (model, candidate) in models.iter_mut().zip(&of_models).filter(|(_, candidate)| candidate.row.is_guess) {
        model.type_name = type_names.model(&candidate.row, &candidate.resource);
    }
    set_references(&mut models, &of_models, problems);
    types.sort_by(|one, two| one.name.cmp(&two.name));
    Made { project: Project { models, types }, notes, refused }
}

/// References name fields of their own model and models that exist. Those that the config gives go before those found.
fn set_references(models: &mut [Model], chosen: &[&Candidate], problems: &mut Problems) {
    let names: Vec<String> = models.iter().map(|model| model.name.clone()).collect();
    // Nothing refers to what is a guess itself.
    let sure = models.iter().zip(chosen).filter(|(_, candidate)| !candidate.row.is_guess).map(|(model, _)| model);
    let parents = Parents::new(sure);
    let found: Vec<_> = models.iter().map(|model| parents.of(model)).collect();
    let configs = chosen.iter().filter_map(|candidate| Some((candidate.name.as_str(), candidate.config.as_ref()?)));
    let configs: HashMap<&str, &ConfigEntry> = configs.collect();
    for (model, found) in models.iter_mut().zip(found) {
        model.references = found;
        let Some(config) = configs.get(model.name.as_str()) else { continue };
        let pointer = child(&config.pointer, "references");
        for (field, target) in &config.entry.references {
            if names.contains(target) {
                continue;
            }
            let help = match closest(target, names.iter().map(String::as_str)) {
                Some(similar) => format!("did you mean `{similar}`?"),
                None => format!("models are {}", one_of(&names, 10)),
            };
            let message = format!("`{field}` refers to `{target}`, which isn't a model");
            let at = child(&pointer, field);
            problems.push(Problem::new(Severity::Error, Code::UnknownModel, (Input::Config, &at), message).help(help));
        }
        let given = &config.entry.references;
        model.references.retain(|(field, _)| !given.iter().any(|(name, _)| name == field));
        model.references.extend(given.iter().cloned());
        model.references.sort();
    }
}
