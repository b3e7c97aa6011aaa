//! The earlier models that a command compares with.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::global_options::Global;
use super::project::Project;
use super::{git, report};
use crate::codegen::typescript::SCHEMA_JSON;
use crate::diagnostics::{Input, Problems};
use crate::schema_json::diff::{self, Report};
use crate::schema_json::document::Document;
use crate::source::Source;

/// The earlier schema.json.
struct Base {
    /// The file, or the revision with the file.
    name: String,
    /// `None` if there is no such file yet.
    bytes: Option<Vec<u8>>,
}

/// Compares a project with its generated schema.json, or with what an option names: a file, or a git revision that has one.
/// `None` where that couldn't be read: the problems are told then, and `consequence` is what wasn't done.
pub fn compare(
    project: &Project,
    (option, base): (&str, Option<&str>),
    consequence: &str,
    global: &Global,
) -> anyhow::Result<Option<Report>> {
    let base = find(project, option, base)?;
    let mut problems = Problems::default();
    let has_base = base.bytes.is_some();
    let old = match base.bytes {
        None => Some(Document::default()),
        Some(bytes) => {
            let source = Source::new(&base.name, bytes, Input::Base, &mut problems);
            let schema = diff::read(&source, &mut problems);
            report::problems(&problems, &[(Input::Base, &source)], global)?;
            schema
        }
    };
    let Some(old) = old else {
        report::failed(&problems, consequence, global)?;
        return Ok(None);
    };
    let text = project.client.files.get(SCHEMA_JSON).context("no schema.json was generated")?;
    let new: Document = serde_json::from_str(text).context("the generated schema.json")?;
    let (changes, tables) = (diff::compare(&old, &new), diff::compare_tables(&old, &new));
    Ok(Some(Report { base: base.name, has_base, changes, tables, is_existing: diff::are_existing(&new) }))
}

fn find(project: &Project, option: &str, base: Option<&str>) -> anyhow::Result<Base> {
    let generated = project.config.output.join(SCHEMA_JSON);
    Ok(match base {
        None => Base { name: slashes(&generated), bytes: read(&generated)? },
        Some(base) if Path::new(base).is_file() => Base { name: base.to_owned(), bytes: read(Path::new(base))? },
        Some(revision) => {
            let file = git::file(option, revision, &generated)?;
            Base { name: format!("{revision}:{}", file.path), bytes: file.bytes }
        }
    })
}

/// `None` if there is no such file.
fn read(path: &Path) -> anyhow::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("can't read {}", path.display())),
    }
}

fn slashes(path: &Path) -> String {
    let plain: PathBuf = path.components().collect();
    plain.display().to_string().replace(std::path::MAIN_SEPARATOR, "/")
}
