//! Reads the folder with the user's templates.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::path::Path;

use super::user_templates::OwnTemplates;
use crate::diagnostics::{Code, Input, Problem, Problems, Severity, closest, one_of};
use crate::source::Source;

const AT: (Input, &str) = (Input::Config, "/templates");

/// Reads what in the folder replaces one of the `known` templates of ours, each of which is rendered or not, and reports what
/// doesn't.
pub fn read(folder: &Path, known: &HashMap<String, bool>, problems: &mut Problems) -> Option<OwnTemplates> {
    // The config has been told already that there is none.
    if !folder.is_dir() {
        return None;
    }
    let mut found = Vec::new();
    if let Err(error) = list(folder, "", known, &mut found, problems) {
        let message = format!("can't read the folder: {error}");
        problems.error(Code::UnreadableTemplate, AT, message);
    }
    found.sort();
    let mut sources = BTreeMap::new();
    for path in found {
        let file = folder.join(&path);
        let number = sources.len();
        match fs::read(&file) {
            Ok(bytes) => {
                let mut source = Source::new(&file.to_string_lossy(), bytes, Input::Template(number), problems);
                source.text = source.text.replace("\r\n", "\n");
                sources.insert(path, source);
            }
            Err(error) => {
                problems.error(Code::UnreadableTemplate, AT, format!("can't read {}: {error}", file.display()));
            }
        }
    }
    let own = OwnTemplates::new(sources);
    let errors = own.syntax_errors(|path| known.get(path).is_some_and(|is_rendered| *is_rendered));
    errors.iter().for_each(|error| problems.push(error.problem()));
    Some(own)
}

/// Finds the files below `below`, a path that ends in `/` or is empty. Folders that hold no template aren't looked into.
fn list(
    folder: &Path,
    below: &str,
    known: &HashMap<String, bool>,
    found: &mut Vec<String>,
    problems: &mut Problems,
) -> io::Result<()> {
    let mut entries = fs::read_dir(folder.join(below))?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{below}{name}");
        let as_folder = format!("{path}/");
        if name.starts_with('.') || path == "README.md" {
            // What editors, systems and people leave beside templates.
        } else if known.contains_key(&path) {
            found.push(path);
        } else if known.keys().any(|path| path.starts_with(&as_folder)) && entry.path().is_dir() {
            list(folder, &as_folder, known, found, problems)?;
        } else {
            problems.push(unknown(&path, known));
        }
    }
    Ok(())
}

fn unknown(path: &str, known: &HashMap<String, bool>) -> Problem {
    let mut names: Vec<&str> = known.keys().map(String::as_str).collect();
    names.sort_unstable();
    let file_name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    // In the wrong folder, rather than misspelt.
    let same_name: Vec<&str> = names.iter().copied().filter(|known| file_name(known) == file_name(path)).collect();
    let help = match closest(path, names.iter().copied()) {
        Some(similar) => format!("did you mean `{similar}`?"),
        None if !same_name.is_empty() => format!("did you mean {}?", one_of(&same_name, 8)),
        None => "it is called as the template that it replaces; templates/README.md lists them".to_owned(),
    };
    Problem::new(
        Severity::Warning,
        Code::UnknownTemplate,
        AT,
        format!("there is no template `{path}`, so it isn't used"),
    )
    .help(help)
}
