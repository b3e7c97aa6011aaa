//! The views of `index.ts`, `models/index.ts` and `schema-sql.ts`.

use std::collections::BTreeSet;

use serde::Serialize;
use twox_hash::XxHash3_64;

use super::model;
use crate::codegen::BANNER;
use crate::names::ts;
use crate::plan::Plan;
use crate::schema_json::document;

#[derive(Serialize)]
pub struct SqlView {
    pub banner: &'static str,
    /// What stands between the backquotes.
    pub text: String,
}

#[derive(Serialize)]
pub struct ModelsView {
    banner: &'static str,
    models: Vec<ModelImport>,
}

#[derive(Serialize)]
struct ModelImport {
    name: String,
    /// A string literal.
    module: String,
    entry: String,
    /// The model's name as a key.
    key: String,
}

#[derive(Serialize)]
pub struct IndexView {
    banner: &'static str,
    /// A string literal.
    schema: String,
    /// A string literal.
    tables: String,
    /// The kinds of scopes, as keys.
    kinds: Vec<String>,
    /// Whether roles say what a user may set.
    has_roles: bool,
    /// The members of a user.
    user: &'static str,
}

pub fn models(plan: &Plan) -> ModelsView {
    let import = |module: &model::Module| {
        let (path, entry) = model::entry(module);
        let key = ts::property_key(&module.plan.model.name);
        ModelImport { name: module.constant.clone(), module: path, entry, key }
    };
    ModelsView { banner: BANNER, models: model::modules(plan).iter().map(import).collect() }
}

pub fn view(plan: &Plan, tables: &str) -> anyhow::Result<IndexView> {
    let kinds: BTreeSet<&str> =
        plan.models.iter().filter_map(|plan| Some(plan.model.sync.scope.as_ref()?.kind.as_str())).collect();
    let has_roles = plan.models.iter().any(|plan| model::access(plan.model).is_some());
    Ok(IndexView {
        banner: BANNER,
        schema: ts::string(&schema(plan)?),
        tables: ts::string(tables),
        kinds: kinds.into_iter().map(ts::property_key).collect(),
        has_roles,
        user: if has_roles {
            "id: user.id, scopes: { ...user.scopes }, roles: user.roles"
        } else {
            "id: user.id, scopes: { ...user.scopes }"
        },
    })
}

/// The same text for the same models.
pub fn schema(plan: &Plan) -> anyhow::Result<String> {
    let models: Vec<document::Model> = plan.models.iter().map(|one| document::Model::from(one.model)).collect();
    Ok(format!("{:016x}", XxHash3_64::oneshot(serde_json::to_string(&models)?.as_bytes())))
}
