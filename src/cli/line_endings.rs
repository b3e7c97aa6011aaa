//! Why a checkout has other line endings than what was committed.

use std::path::Path;
use std::process::Command;

/// What gives the file Windows line endings: a setting of git with its place, where git has one for it.
pub fn cause(file: &Path) -> Option<String> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = file.file_name()?.to_str()?;
    let attribute = git(folder, &["check-attr", "eol", "--", name])?;
    match attribute.rsplit(": ").next() {
        Some("crlf") => return Some("`eol=crlf` in .gitattributes".to_owned()),
        Some("lf") => return None,
        _ => {}
    }
    [("core.autocrlf", "true"), ("core.eol", "crlf")].iter().find_map(|(key, value)| {
        let setting = git(folder, &["config", "--show-origin", "--get", key])?;
        let (origin, found) = setting.split_once('\t')?;
        let file = origin.strip_prefix("file:").unwrap_or(origin);
        found.eq_ignore_ascii_case(value).then(|| format!("`{key} = {value}` in {file}"))
    })
}

/// One line that git answers. `None` also where there is no git, or no repository.
fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").arg("-C").arg(folder).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim_end().to_owned())
}
