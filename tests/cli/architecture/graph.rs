//! Which modules of a crate use which, as its sources say.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use petgraph::algo::kosaraju_scc;
use petgraph::graphmap::DiGraphMap;
use syn::visit::{self, Visit};
use syn::{Item, ItemUse, UseTree, Visibility};

/// Names of re-exports that are followed at most, against circles among them.
const MOST_EXPORTS: usize = 8;

/// A module's path below the crate: `["codegen", "sql"]`.
type Module = Vec<String>;

pub struct Modules {
    all: BTreeSet<Module>,
    /// What each module's `use` declarations bring in, by the name that it has there.
    bindings: BTreeMap<Module, BTreeMap<String, Vec<String>>>,
    /// Module, what it uses, and the path that says so.
    uses: BTreeSet<(Module, Module, String)>,
}

impl Modules {
    pub fn read(folder: &Path) -> Self {
        let mut files = Vec::new();
        list(folder, "", &mut files);
        Self::of(files)
    }

    /// Of files by their path below `src`.
    pub fn of(files: impl IntoIterator<Item = (String, String)>) -> Self {
        let parsed: Vec<(Module, syn::File)> = files
            .into_iter()
            .filter(|(path, _)| path != "main.rs")
            .map(|(path, text)| (module_of(&path), syn::parse_file(&text).unwrap_or_else(|e| panic!("{path}: {e}"))))
            .collect();
        let all = parsed.iter().map(|(module, _)| module.clone()).collect();
        let mut modules = Self { all, bindings: BTreeMap::new(), uses: BTreeSet::new() };
        let mentions: Vec<(Module, Mentions)> =
            parsed.iter().map(|(module, file)| (module.clone(), Mentions::of(file))).collect();
        for (module, mentions) in &mentions {
            modules.bindings.insert(module.clone(), mentions.bindings.clone());
        }
        for (module, Mentions { paths, .. }) in mentions {
            for path in paths {
                if let Some(target) = modules.resolve(&module, &path, MOST_EXPORTS) {
                    modules.uses.insert((module.clone(), target, path.join("::")));
                }
            }
        }
        modules
    }

    /// The module that an item of a path stands in, where it is one of the crate's.
    fn resolve(&self, from: &Module, path: &[String], exports: usize) -> Option<Module> {
        let (first, mut rest) = path.split_first()?;
        let mut at = match first.as_str() {
            "crate" => Vec::new(),
            "self" => from.clone(),
            "super" => from.split_last()?.1.to_vec(),
            name if self.all.contains(&joined(from, name)) => joined(from, name),
            name => {
                let bound = self.bindings.get(from)?.get(name).filter(|_| exports > 0)?;
                let whole: Vec<String> = bound.iter().chain(rest).cloned().collect();
                return self.resolve(from, &whole, exports - 1);
            }
        };
        while let Some((name, others)) = rest.split_first() {
            let next = joined(&at, name);
            if name == "super" {
                at.pop();
            } else if self.all.contains(&next) {
                at = next;
            } else {
                let bound = self.bindings.get(&at).and_then(|bindings| bindings.get(name)).filter(|_| exports > 0);
                let Some(bound) = bound else { return Some(at) };
                let whole: Vec<String> = bound.iter().chain(others).cloned().collect();
                return self.resolve(&at, &whole, exports - 1).or(Some(at));
            }
            rest = others;
        }
        Some(at)
    }

    /// The names of the modules right below one, which is given as `codegen::sql`.
    pub fn children_of(&self, module: &str) -> impl Iterator<Item = String> {
        let parent: Module = module.split("::").filter(|name| !name.is_empty()).map(str::to_owned).collect();
        let children =
            self.all.iter().filter(move |child| child.len() == parent.len() + 1 && child.starts_with(&parent));
        children.filter_map(|child| child.last().cloned()).collect::<Vec<_>>().into_iter()
    }

    /// Which of the top modules use which, once for each path that says so.
    pub fn uses_between<'m>(&'m self, top: &'m [String]) -> impl Iterator<Item = (&'m str, &'m str, String)> {
        let is_top = |name: &&String| top.contains(name);
        self.uses.iter().filter_map(move |(from, to, path)| {
            let (one, other) = (from.first().filter(is_top)?, to.first().filter(is_top)?);
            (one != other).then(|| (one.as_str(), other.as_str(), format!("{} has {path}", from.join("::"))))
        })
    }

    /// Modules that use each other, a line for each circle: among those of one folder, the folder's own file included.
    pub fn circles(&self) -> Vec<String> {
        let parents: BTreeSet<&[String]> = self.all.iter().filter_map(|module| Some(module.split_last()?.1)).collect();
        let mut circles = Vec::new();
        for parent in parents {
            let below = |module: &Module| {
                module.starts_with(parent).then(|| module.get(parent.len()).map_or("", |name| name.as_str()).to_owned())
            };
            let inner: Vec<(String, String, &str)> = self
                .uses
                .iter()
                .filter_map(|(from, to, path)| Some((below(from)?, below(to)?, path.as_str())))
                // What the crate's root does is to call them all.
                .filter(|(from, to, _)| from != to && !(parent.is_empty() && (from.is_empty() || to.is_empty())))
                .collect();
            let graph: DiGraphMap<&str, ()> = inner.iter().map(|(from, to, _)| (from.as_str(), to.as_str())).collect();
            for circle in kosaraju_scc(&graph).into_iter().filter(|circle| circle.len() > 1) {
                let why: BTreeSet<String> = inner
                    .iter()
                    .filter(|(from, to, _)| circle.contains(&from.as_str()) && circle.contains(&to.as_str()))
                    .map(|(from, to, path)| format!("  {} → {} by {path}", or_own(from), or_own(to)))
                    .collect();
                let name = if parent.is_empty() { "the crate".to_owned() } else { parent.join("::") };
                circles.push(format!("in {name}:\n{}", why.into_iter().collect::<Vec<_>>().join("\n")));
            }
        }
        circles
    }
}

fn or_own(name: &str) -> &str {
    if name.is_empty() { "its own file" } else { name }
}

fn joined(module: &[String], name: &str) -> Module {
    module.iter().map(String::as_str).chain([name]).map(str::to_owned).collect()
}

/// `a/mod.rs` and `a.rs` are the module `a`.
fn module_of(path: &str) -> Module {
    let stem = path.trim_end_matches(".rs");
    let names = stem.split('/').filter(|name| !matches!(*name, "mod" | "lib"));
    names.map(str::to_owned).collect()
}

fn list(folder: &Path, below: &str, files: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if path.is_dir() {
            list(&path, &format!("{below}{name}/"), files);
        } else if name.ends_with(".rs") {
            files.push((format!("{below}{name}"), fs::read_to_string(&path).expect("text")));
        }
    }
}

/// The paths that a file mentions outside of its tests.
#[derive(Default)]
struct Mentions {
    bindings: BTreeMap<String, Vec<String>>,
    paths: Vec<Vec<String>>,
}

impl Mentions {
    fn of(file: &syn::File) -> Self {
        let mut mentions = Self::default();
        for item in &file.items {
            mentions.visit_item(item);
        }
        mentions
    }

    /// A re-export is an address for others; it says nothing of what the module itself needs.
    fn add(&mut self, tree: &UseTree, prefix: &[String], is_export: bool) {
        let with = |name: &syn::Ident| joined(prefix, &name.to_string());
        match tree {
            UseTree::Path(path) => self.add(&path.tree, &with(&path.ident), is_export),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.add(tree, prefix, is_export)),
            UseTree::Name(name) if name.ident == "self" => {
                let last = prefix.last().cloned().unwrap_or_default();
                self.bind(last, prefix.to_vec(), is_export);
            }
            UseTree::Name(name) => self.bind(name.ident.to_string(), with(&name.ident), is_export),
            UseTree::Rename(name) => self.bind(name.rename.to_string(), with(&name.ident), is_export),
            UseTree::Glob(_) => self.paths.extend((!is_export).then(|| prefix.to_vec())),
        }
    }

    fn bind(&mut self, name: String, path: Vec<String>, is_export: bool) {
        if !is_export {
            self.paths.push(path.clone());
        }
        self.bindings.insert(name, path);
    }
}

impl<'f> Visit<'f> for Mentions {
    fn visit_item(&mut self, item: &'f Item) {
        match item {
            Item::Mod(module) if module.ident == "tests" => {}
            item => visit::visit_item(self, item),
        }
    }

    fn visit_item_use(&mut self, item: &'f ItemUse) {
        self.add(&item.tree, &[], !matches!(item.vis, Visibility::Inherited));
    }

    fn visit_visibility(&mut self, _: &'f Visibility) {}

    fn visit_path(&mut self, path: &'f syn::Path) {
        let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.paths.push(names);
        visit::visit_path(self, path);
    }
}
