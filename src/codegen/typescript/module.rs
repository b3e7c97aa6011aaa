//! The modules of each model, and what they export.

use std::collections::BTreeMap;

use super::access;
use crate::codegen::{Files, sql::compact};
use crate::model::Model;
use crate::names::{self, Scope, ts};
use crate::parallel;
use crate::plan::{ModelPlan, Plan};

/// The module of the types that more than one model can refer to.
pub const SHARED: &str = "_shared";

/// The module of the schema's SQL.
pub const SCHEMA: &str = "_schema";

/// Names that generated modules have for every spec; none that is made from a model may be the same.
const RESERVED: &[&str] = &[
    "clearDatabase",
    "closeDatabase",
    "configureSync",
    "createBase",
    "createClient",
    "createCollection",
    "defaultBase",
    "defaultClient",
    "deletedRows",
    "discardChange",
    "flushed",
    "electricCollection",
    "getDatabase",
    "getRejectedChanges",
    "getSyncStatus",
    "initializeDatabase",
    "listChanges",
    "listDeleted",
    "listDeletedOf",
    "localCollection",
    "nativeDriver",
    "newClient",
    "onChanges",
    "onSyncError",
    "onSyncStatus",
    "options",
    "pgliteDriver",
    "RejectedError",
    "retryChange",
    "store",
    "storeOf",
    "syncNow",
    "table",
    "useChanges",
    "useLiveQuery",
    "useRejectedChanges",
    "useRow",
    "useStore",
    "useSyncStatus",
    "writeTogether",
];

/// The constant that holds the text of an SQL file.
#[derive(Debug, Clone)]
pub struct SqlModule {
    pub constant: String,
    /// Name of the module's own file, without folder and extension. Not that of the SQL with `.ts` behind it: an import
    /// without an ending would find the SQL.
    pub stem: String,
    /// Its statements, without comments.
    pub text: String,
}

impl SqlModule {
    /// Seen from the same folder.
    pub fn module(&self) -> String {
        format!("./{}.js", self.stem)
    }
}

/// The modules of SQL files, by the path of the file.
pub fn sql_modules(schema: &Files) -> BTreeMap<&str, SqlModule> {
    let mut constants = Scope::with(&["modelSql", "sharedSql"]);
    let mut modules = BTreeMap::new();
    let files: Vec<_> = schema.iter().collect();
    let texts = parallel::each(&files, |(_, text)| compact(text));
    for ((path, _), text) in files.into_iter().zip(texts) {
        let file = path.strip_prefix("schema/").unwrap_or(path);
        let stem = file.strip_suffix(".sql").unwrap_or(file);
        let constant = constants.unique(&ts::identifier(&names::camel_case(&format!("{stem}_sql"))));
        let stem = format!("{stem}-sql");
        modules.insert(path.as_str(), SqlModule { constant, stem, text });
    }
    modules
}

/// A model with the names of what its modules export.
pub struct Module<'a> {
    pub plan: &'a ModelPlan<'a>,
    /// File name without folder and extension.
    pub stem: String,
    pub row: String,
    pub create: Option<String>,
    pub update: Option<String>,
    /// The constant of the access metadata, and its function.
    pub access: Option<(String, String)>,
    /// The constant that describes the model, and that of its SQL.
    pub description: String,
    pub sql: Option<&'a SqlModule>,
    pub collection: String,
    /// The function that makes the model's part of the store, where the local database has it.
    pub table: Option<String>,
    pub hook_all: String,
    pub hook_one: String,
}

pub fn modules<'a>(plan: &'a Plan<'a>, sql: &'a BTreeMap<&str, SqlModule>) -> Vec<Module<'a>> {
    let mut stems = Scope::with(&[SCHEMA, SHARED, "index"]);
    let mut constants = Scope::with(RESERVED);
    plan.models
        .iter()
        .map(|plan| {
            let model = plan.model;
            let name = &model.type_name;
            let mut constant = |name: String| constants.unique(&ts::identifier(&name));
            let camel_name = names::camel_case(&model.name);
            let (hook_all, hook_one) = hook_names(model);
            Module {
                plan,
                stem: stems.unique(&model.name),
                row: name.clone(),
                create: model.operations.create.as_ref().map(|_| format!("{name}Create")),
                update: model.operations.update.as_ref().map(|_| format!("{name}Update")),
                access: access::has_metadata(model).then(|| {
                    let camel_type = names::camel_case(&format!("{name}Access"));
                    (constant(camel_type), constant(format!("canEdit{}Field", names::pascal_case(name))))
                }),
                description: constant(format!("{camel_name}Model")),
                sql: sql.get(format!("schema/{}.sql", model.name).as_str()),
                collection: constant(format!("{camel_name}Collection")),
                table: model.is_local().then(|| constant(format!("{camel_name}Table"))),
                hook_all: constant(hook_all),
                hook_one: constant(hook_one),
            }
        })
        .collect()
}

/// Names of the hooks for all rows and for one.
fn hook_names(model: &Model) -> (String, String) {
    let all = format!("use{}", names::pascal_case(&model.name));
    let one = format!("use{}", names::pascal_case(&model.type_name));
    if all == one { (format!("{all}List"), one) } else { (all, one) }
}
