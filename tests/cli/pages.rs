//! What the pages say and link to is there.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;
use sync_patterns::diagnostics::{Code, Reason, Severity};

use crate::cli::docs::{page, pages};
use crate::cli::home;
use crate::support::binary::sync_patterns;

#[test]
fn the_readme_is_a_front_page() {
    let readme = fs::read_to_string(home().join("README.md")).expect("the README");
    assert!(readme.lines().count() <= 250, "{} lines", readme.lines().count());
    for (name, _) in pages().iter().filter(|(name, _)| name.starts_with("docs/")) {
        assert!(readme.contains(&format!("]({name})")), "the README leads to {name}");
    }
}

/// The links of a page, but for what stands in code.
fn links(text: &str) -> Vec<String> {
    let prose: String = text.split("```").step_by(2).collect();
    let targets = prose.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.map(str::to_owned).collect()
}

/// What GitHub calls the headings of a page.
fn anchors(text: &str) -> BTreeSet<String> {
    let prose: String = text.split("```").step_by(2).collect();
    let headings = prose.lines().filter(|line| line.starts_with('#'));
    let anchor = |line: &str| {
        let text = line.trim_start_matches('#').trim().to_lowercase();
        let kept = text.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    headings.map(anchor).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let more = [
        "examples/code-review/README.md",
        "examples/contacts/README.md",
        "examples/notes/README.md",
        "templates/README.md",
        "packaging/README.md",
        "tests/README.md",
        "packaging/npm/launcher/README.md",
    ];
    let mut texts = pages();
    texts
        .extend(more.iter().filter_map(|name| Some(((*name).to_owned(), fs::read_to_string(home().join(name)).ok()?))));
    let mut count = 0;
    for (name, text) in &texts {
        // In its package, it stands beside the pages.
        let is_launcher = name.ends_with("launcher/README.md");
        let folder = if is_launcher { Path::new("") } else { Path::new(name).parent().expect("a folder") };
        for link in links(text).iter().filter(|link| !link.starts_with("https://") && !link.starts_with("http://")) {
            let (path, anchor) =
                link.split_once('#').map_or((link.as_str(), None), |(path, anchor)| (path, Some(anchor)));
            let target = if path.is_empty() { home().join(name) } else { home().join(folder).join(path) };
            assert!(target.exists(), "{name} leads to {link}");
            if let Some(anchor) = anchor {
                let headings = anchors(&fs::read_to_string(&target).expect("a page"));
                assert!(headings.contains(anchor), "{name} leads to {link}; there are {headings:?}");
            }
            count += 1;
        }
    }
    assert!(count > 50, "only {count} links were found");
}

/// The part of a page below a heading, to the next one of the same rank.
fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    let (_, rest) = text.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("no section {heading}"));
    let rank = heading.split(' ').next().expect("its rank");
    rest.split(&format!("\n{rank} ")).next().expect("its text")
}

/// The first cells of the tables in a text, without their quotes.
fn first_cells(text: &str) -> Vec<String> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| row.split('`').next()).map(str::to_owned).collect()
}

fn sorted(mut words: Vec<String>) -> Vec<String> {
    words.sort();
    words
}

/// The folders of the sources that the page explains are those that there are.
#[test]
fn the_folders_of_the_sources() {
    let text = page("architecture.md");
    let rows = section(&text, "## The way of the data").lines().filter(|line| line.starts_with("| `"));
    let cells = rows.filter_map(|row| row.split(" | ").next());
    let explained = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(str::to_owned).collect();
    let entries = fs::read_dir(home().join("src")).expect("the sources").map(|entry| entry.expect("an entry"));
    let folders = entries.filter(|entry| entry.path().is_dir());
    let folders = folders.map(|folder| folder.file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(sorted(explained), sorted(folders));
}

/// The folder that the page draws is the one that is generated.
#[test]
fn the_folder_of_the_client() {
    let text = page("architecture.md");
    let (_, tree) = text.split_once("├── db/ ").expect("the folder");
    let (tree, _) = tree.split_once("└── .gitattributes").expect("the end of the tree");
    let drawn = tree.lines().skip(1).filter_map(|line| line.get("│   ├── ".len()..)?.split_whitespace().next());
    let drawn = drawn.map(|name| name.trim_end_matches('/').to_owned()).collect();
    let generated = fs::read_dir(home().join("examples/contacts/src/generated/db")).expect("the client");
    let names = generated.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(sorted(drawn), sorted(names));
}

/// The keys that the page explains are those that the config has.
#[test]
fn the_keys_of_the_config() {
    let schema: Value = serde_json::from_str(&sync_patterns(&["schema"], home()).stdout).expect("JSON");
    let keys = |pointer: &str| {
        let members = schema.pointer(pointer).and_then(Value::as_object).expect("properties");
        sorted(members.keys().cloned().collect())
    };
    let text = page("configuration.md");
    assert_eq!(sorted(first_cells(section(&text, "## Keys"))), keys("/properties"));
    let of_models = section(&text, "## Keys of a model");
    assert_eq!(sorted(first_cells(of_models)), keys("/definitions/model/properties"));
    for key in keys("/definitions/model/properties/rbac/properties") {
        assert!(of_models.contains(&format!("`{key}`")), "{key}");
    }
}

/// The codes that the page lists are those of the registry, with the same words.
#[test]
fn the_codes_of_messages() {
    let word = |severity: &Severity| match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let codes = Code::ALL.iter().map(|code| {
        let severities: Vec<&str> = code.severities().iter().map(word).collect();
        format!("| `{}` | {} | {} |", code.word(), severities.join(", "), code.meaning())
    });
    let reasons = Reason::ALL.iter().map(|reason| format!("| `{}` | {} |", reason.word(), reason.meaning()));
    let text = page("cli.md");
    let rows: Vec<&str> = section(&text, "## Messages").lines().filter(|line| line.starts_with("| `")).collect();
    assert_eq!(rows, codes.chain(reasons).collect::<Vec<_>>());
}
