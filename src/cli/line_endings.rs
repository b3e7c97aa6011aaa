//! Finds why a checkout has other line endings than what was committed.

use std::path::Path;
use std::process::Command;

/// The setting of git, with its place, that gives the file Windows line endings. `None` where git has none for it.
pub fn cause(file: &Path) -> Option<String> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = file.file_name()?.to_str()?;
    let attribute = |attribute: &str| {
        let answer = git(folder, &["check-attr", attribute, "--", name])?;
        answer.rsplit(": ").next().map(str::to_owned)
    };
    // Without the attribute `text`, git keeps every byte, whatever its other settings say.
    if attribute("text")? == "unset" {
        return None;
    }
    match attribute("eol")?.as_str() {
        "crlf" => return Some("`eol=crlf` in .gitattributes".to_owned()),
        "lf" => return None,
        _ => {}
    }
    [("core.autocrlf", "true"), ("core.eol", "crlf")].iter().find_map(|(key, value)| {
        let setting = git(folder, &["config", "--show-origin", "--get", key])?;
        let (origin, found) = setting.split_once('\t')?;
        let file = origin.strip_prefix("file:").unwrap_or(origin);
        found.eq_ignore_ascii_case(value).then(|| format!("`{key} = {value}` in {file}"))
    })
}

/// The first line of an answer of git. `None` where there is no git, no repository, or no answer.
fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").arg("-C").arg(folder).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim_end().to_owned())
}
