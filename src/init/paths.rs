//! Writes paths for a config.

use std::io;
use std::path::{Component, Path};

/// The user's path, rewritten for a config in `folder`: with `/`, and relative to that folder.
pub fn beside(folder: &Path, path: &str) -> io::Result<String> {
    let is_path = path != "-" && !path.starts_with("http://") && !path.starts_with("https://");
    if !is_path {
        return Ok(path.to_owned());
    }
    let with_slashes = |path: &Path| path.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/");
    let given = Path::new(path);
    if folder.as_os_str().is_empty() || given.is_absolute() {
        return Ok(with_slashes(given));
    }
    let goes_up = |path: &Path| path.components().any(|part| part == Component::ParentDir);
    let (there, path) = (std::path::absolute(folder)?, std::path::absolute(given)?);
    if goes_up(folder) || goes_up(given) {
        // A folder above may be a link, so the two paths needn't meet.
        return Ok(with_slashes(&path));
    }
    let folder = there;
    let common = folder.components().zip(path.components()).take_while(|(one, two)| one == two).count();
    let up = folder.components().skip(common).map(|_| "..".to_owned());
    let down = path.components().skip(common).map(|part| part.as_os_str().to_string_lossy().into_owned());
    let parts: Vec<String> = up.chain(down).collect();
    let relative = parts.join("/");
    Ok(if relative.starts_with("..") { relative } else { format!("./{relative}") })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn from_where_the_config_is() {
        let beside = |folder: &str, path: &str| beside(Path::new(folder), path).unwrap_or_default();
        assert_eq!(beside("", "./openapi.json"), "./openapi.json");
        assert_eq!(beside("web", "openapi.json"), "../openapi.json");
        assert_eq!(beside("web/app", "web/app/src/client"), "./src/client");
        assert_eq!(beside("web/app", "web/openapi.json"), "../openapi.json");
        assert_eq!(beside("web", "-"), "-");
        assert_eq!(beside("web", "http://localhost:8000/openapi.json"), "http://localhost:8000/openapi.json");
        assert_eq!(beside("web", "/srv/openapi.json"), "/srv/openapi.json");
        assert!(beside("../web", "openapi.json").starts_with('/'));
    }
}
