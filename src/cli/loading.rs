//! Whether the application can load what is generated, as far as the files beside it tell.

use std::fs;
use std::path::{Path, PathBuf};

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::CstRootNode;

use crate::config::Config;
use crate::diagnostics::{Code, Input, Problem, Problems, Severity};
use crate::init::surroundings;

/// What bundles or runs modules, whatever `tsconfig.json` would make of them.
const BUNDLERS: [&str; 18] = [
    "@angular/cli",
    "@rspack/core",
    "@sveltejs/kit",
    "@vue/cli-service",
    "astro",
    "bun",
    "esbuild",
    "expo",
    "next",
    "nuxt",
    "parcel",
    "react-native",
    "react-scripts",
    "rollup",
    "tsup",
    "tsx",
    "vite",
    "webpack",
];

/// Those without `bigint`.
const OLD_TARGETS: [&str; 8] = ["es3", "es5", "es6", "es2015", "es2016", "es2017", "es2018", "es2019"];

/// Warns of what is certain to fail. The nearest `package.json` decides, as it does for Node and bundlers.
pub fn check(config: &Config, problems: &mut Problems) {
    let Ok(output) = std::path::absolute(&config.output) else { return };
    let Some(package) = output.ancestors().find(|folder| folder.join("package.json").is_file()) else { return };
    let warn = |message: String, help: &str| {
        Problem::new(Severity::Warning, Code::NotLoaded, (Input::Config, "/output"), message).help(help)
    };
    let bundler = surroundings::bundler_without_endings(package);
    if let Some(bundler) = bundler.filter(|_| config.import_extension.is_none()) {
        let message = format!("{bundler} doesn't find `./client.ts` where generated files import `./client.js`");
        let help = "set `import_extension: none`; or `.js`, where the bundler is told to (`resolve.extensionAlias`)";
        problems.push(warn(message, help));
    }
    let mut of_package = output.ancestors().take_while(|folder| folder.starts_with(package));
    let Some(settings) = of_package.find_map(compiler_settings) else { return };
    let name = settings.path.display();
    let is_bundled = BUNDLERS.iter().any(|bundler| surroundings::lists_package(package, bundler));
    if !is_bundled && settings.makes_commonjs(package) {
        let message =
            format!("{name} makes CommonJS of the generated files, and they are ES modules that use `import.meta`");
        let help = "set `\"module\": \"nodenext\"` there, and `\"type\": \"module\"` in package.json; or give the output folder these two files of its own";
        problems.push(warn(message, help));
    }
    if let Some(target) = settings.target.as_deref().filter(|target| OLD_TARGETS.contains(target)) {
        let message =
            format!("the generated files don't compile for {target}, the target in {name}: it has no `bigint`");
        problems.push(warn(message, "set `\"target\": \"ES2020\"` or later"));
    }
}

struct CompilerSettings {
    path: PathBuf,
    /// In lower case, as the next.
    module: Option<String>,
    target: Option<String>,
}

impl CompilerSettings {
    fn makes_commonjs(&self, package: &Path) -> bool {
        match self.module.as_deref() {
            Some("commonjs") => true,
            Some("node16" | "node18" | "node20" | "nodenext") => !surroundings::is_of_modules(package),
            _ => false,
        }
    }
}

/// What `tsconfig.json` in a folder says itself: what it extends may say anything.
fn compiler_settings(folder: &Path) -> Option<CompilerSettings> {
    let path = folder.join("tsconfig.json");
    let text = fs::read_to_string(&path).ok()?;
    let here = std::env::current_dir().ok()?;
    let path = path.strip_prefix(here).map(Path::to_path_buf).unwrap_or(path);
    let root = CstRootNode::parse(&text, &ParseOptions::default()).ok()?;
    let options = root.object_value()?.get("compilerOptions")?.object_value()?;
    let word = |name: &str| {
        let text = options.get(name)?.value()?.as_string_lit()?.decoded_value().ok()?;
        Some(text.to_ascii_lowercase())
    };
    Some(CompilerSettings { path, module: word("module"), target: word("target") })
}
