//! The modules of `src` stand in one order, and none uses one that stands after it.

mod graph;

use std::path::Path;
use std::sync::OnceLock;

use graph::Modules;

/// The way of the data, from what everything may use to what uses everything.
const ORDER: &[&str] = &[
    "parallel",
    "names",
    "diagnostics",
    "source",
    "config",
    "openapi",
    "discovery",
    "model",
    "plan",
    "schema_json",
    "codegen",
    "output",
    "inspect",
    "init",
    "cli",
];

/// Those of `src`, which are read once.
fn modules() -> &'static Modules {
    static MODULES: OnceLock<Modules> = OnceLock::new();
    MODULES.get_or_init(|| Modules::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")))
}

#[test]
fn no_module_uses_one_that_uses_it() {
    let circles = modules().circles();
    assert!(circles.is_empty(), "these modules use each other:\n{}", circles.join("\n"));
}

#[test]
fn the_data_goes_one_way() {
    let place = |name: &str| ORDER.iter().position(|known| *known == name);
    let modules = modules();
    let top: Vec<String> = modules.children_of("").collect();
    let unknown: Vec<&String> = top.iter().filter(|name| place(name).is_none()).collect();
    assert!(unknown.is_empty(), "{unknown:?} have no place in the order");
    let back: Vec<String> = modules
        .uses_between(&top)
        .filter(|(from, to, _)| place(from) < place(to))
        .map(|(from, to, why)| format!("{from} uses {to}: {why}"))
        .collect();
    assert!(back.is_empty(), "these stand in front of what they use:\n{}", back.join("\n"));
}

/// The check itself finds circles: between files of one folder, through a re-export, and between a folder and its file.
#[test]
fn circles_are_found() {
    let files = [
        ("lib.rs", "mod a; mod b; mod c;"),
        ("a.rs", "use crate::b::B; pub struct A;"),
        ("b/mod.rs", "mod inner; pub use inner::B; pub fn none() {}"),
        ("b/inner.rs", "pub struct B(pub crate::c::C);"),
        ("c.rs", "#[cfg(test)] mod tests { use crate::b::none; } pub struct C;"),
    ];
    let of = |change: (&str, &str)| {
        let changed = files.iter().map(|(path, text)| (*path, if *path == change.0 { change.1 } else { text }));
        Modules::of(changed.map(|(path, text)| (path.to_owned(), text.to_owned()))).circles()
    };
    assert_eq!(of(("", "")), Vec::<String>::new());
    assert_eq!(of(("c.rs", "pub struct C(crate::a::A);")).len(), 1);
    assert_eq!(of(("b/inner.rs", "use super::none; pub struct B;")), Vec::<String>::new());
    let both = "mod inner; pub use inner::B; pub fn none() -> inner::B { B }";
    assert_eq!(of(("b/mod.rs", both)), Vec::<String>::new());
    let folder = [("lib.rs", "mod b;"), ("b/mod.rs", both), ("b/inner.rs", "use super::none; pub struct B;")];
    let circles = Modules::of(folder.map(|(path, text)| (path.to_owned(), text.to_owned()))).circles();
    assert_eq!(circles.len(), 1, "{circles:?}");
}
