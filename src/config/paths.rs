//! Paths of the config, which start at its folder.

use std::path::{Component, Path, PathBuf};

/// `./x` below a folder, without the dot, as people write it.
pub fn below(folder: &Path, path: &str) -> PathBuf {
    folder.join(path.strip_prefix("./").unwrap_or(path))
}

/// The way from one folder to a file, with `/` and as imports have it: `../../server/sync.server.js`. Both paths start
/// where the program does, or at the root.
pub fn way(from: &Path, to: &Path) -> String {
    let (from, to) = (parts(from), parts(to));
    let common = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
    let up = from.iter().skip(common).map(|_| "..");
    let down = to.iter().skip(common).map(String::as_str);
    let way = up.chain(down).collect::<Vec<_>>().join("/");
    if way.starts_with("..") { way } else { format!("./{way}") }
}

/// The names on the way to a path from the root, without `.` and `..`.
fn parts(path: &Path) -> Vec<String> {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut parts = Vec::new();
    for component in path.components() {
        match component {
            Component::ParentDir => drop(parts.pop()),
            Component::CurDir | Component::RootDir => {}
            Component::Prefix(_) | Component::Normal(_) => {
                parts.push(component.as_os_str().to_string_lossy().into_owned());
            }
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_from_a_folder_to_a_file() {
        let is = |from: &str, to: &str, expected: &str| {
            assert_eq!(way(Path::new(from), Path::new(to)), expected, "{from} {to}");
        };
        is("src/routes/api/sync/push", "src/server/sync.server.js", "../../../../server/sync.server.js");
        is("src/routes", "src/routes/sync.server.js", "./sync.server.js");
        is("./a/../b", "b/c.js", "./c.js");
        is("web/src/routes/push", "web/../server/sync.server.js", "../../../../server/sync.server.js");
        is("/a/b", "/a/c/d.js", "../c/d.js");
    }
}
