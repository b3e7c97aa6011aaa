//! A folder with generated sources, and the tools that an application would run on it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use sync_patterns::codegen::Files;

use super::npm::{link_packages, npm_frameworks, npm_harness, npm_sync_server};
use super::size::is_long;

/// What a browser has, and nothing of Node. The packages' own declarations aren't ours to check.
const BROWSER: &str =
    r#""declaration": true, "lib": ["es2023", "dom", "dom.iterable"], "types": [], "skipLibCheck": true"#;

pub struct Workspace {
    folder: PathBuf,
    /// Where the tools are.
    npm: PathBuf,
}

impl Workspace {
    pub fn new(name: &str) -> Self {
        Self::with_packages(name, &npm_harness())
    }

    /// With the other set of packages, where every framework has an adapter.
    pub fn for_frameworks(name: &str) -> Self {
        Self::with_packages(name, &npm_frameworks())
    }

    /// With what the generated sync server runs with.
    pub fn for_sync_server(name: &str) -> Self {
        Self::with_packages(name, &npm_sync_server())
    }

    fn with_packages(name: &str, packages: &Path) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("typescript").join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).expect("the folder of an earlier run removed");
        }
        let workspace = Self { folder, npm: npm_harness() };
        workspace.write_file("package.json", r#"{ "type": "module" }"#);
        link_packages(packages, &workspace.folder);
        workspace
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The TypeScript files below a folder of this repository.
    pub fn copy(&self, from: &Path, to: &str) {
        for entry in fs::read_dir(from).expect("the folder") {
            let path = entry.expect("an entry").path();
            let target = format!("{to}/{}", path.file_name().expect("a name").to_string_lossy());
            if path.is_dir() {
                self.copy(&path, &target);
            } else if path.extension().is_some_and(|extension| extension == "ts") {
                self.write_file(&target, &fs::read_to_string(&path).expect("text"));
            }
        }
    }

    pub fn write_file(&self, path: &str, text: &str) {
        let path = self.folder.join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    pub fn write(&self, folder: &str, files: &Files) {
        files.iter().for_each(|(path, text)| self.write_file(&format!("{folder}/{path}"), text));
    }

    /// All strictness, with the newer compiler, as bundlers resolve imports. In a long run with the older compiler as well, which
    /// takes three times as long, and as Node resolves imports.
    pub fn type_check(&self) {
        self.type_check_as("esnext", "bundler", "typescript");
        if is_long() {
            self.type_check_as("esnext", "bundler", "typescript5");
            self.type_check_as("nodenext", "nodenext", "typescript");
        }
    }

    fn type_check_as(&self, module: &str, resolution: &str, compiler: &str) {
        self.write_config(module, resolution, &format!(r#"{BROWSER}, "noEmit": true"#));
        self.tsc(compiler);
    }

    /// As Vite's React template checks a page.
    pub fn type_check_page(&self) {
        let options = format!(r#"{BROWSER}, "noEmit": true, "jsx": "react-jsx", "allowImportingTsExtensions": true"#);
        self.write_config("esnext", "bundler", &options);
        self.tsc("typescript");
    }

    /// A page and its tests as JavaScript that Node runs, in `dist`.
    pub fn compile_page(&self) {
        let types = self.npm.join("node_modules/@types");
        let options = format!(
            r#""lib": ["es2023", "dom", "dom.iterable"], "types": ["node"], "typeRoots": [{types:?}], "skipLibCheck": true,
            "jsx": "react-jsx", "outDir": "dist", "rootDir": "src""#
        );
        self.write_config("nodenext", "nodenext", &options);
        self.tsc("typescript");
    }

    /// The sources as JavaScript without comments, in `dist`.
    pub fn emit(&self) {
        let emit = r#""outDir": "dist", "rootDir": "src", "removeComments": true"#;
        self.write_config("nodenext", "nodenext", &format!("{BROWSER}, {emit}"));
        self.tsc("typescript");
    }

    /// The sources as JavaScript that Node runs, in `dist`.
    pub fn compile(&self) {
        self.compile_checking("src", "");
    }

    /// The same, but only the types of this folder are checked, with all that it imports: many clients take their time.
    pub fn compile_checked_from(&self, folder: &str) {
        self.compile_unchecked();
        self.compile_checking(folder, r#", "noEmit": true"#);
    }

    /// The same without a look at types.
    pub fn compile_unchecked(&self) {
        self.compile_checking("src", r#", "noCheck": true"#);
    }

    fn compile_checking(&self, folder: &str, more: &str) {
        let types = self.npm.join("node_modules/@types");
        let options = format!(
            r#""lib": ["es2023", "dom", "dom.iterable"], "types": ["node"], "typeRoots": [{types:?}], "skipLibCheck": true,
            "outDir": "dist", "rootDir": "src", "inlineSourceMap": true{more}"#
        );
        self.write_config_for(folder, "nodenext", "nodenext", &options);
        self.tsc("typescript");
    }

    fn write_config(&self, module: &str, resolution: &str, more: &str) {
        self.write_config_for("src", module, resolution, more);
    }

    fn write_config_for(&self, folder: &str, module: &str, resolution: &str, more: &str) {
        let config = format!(
            r#"{{
              "compilerOptions": {{
                "strict": true, "exactOptionalPropertyTypes": true, "noUncheckedIndexedAccess": true,
                "noPropertyAccessFromIndexSignature": true, "verbatimModuleSyntax": true, "isolatedModules": true,
                "noImplicitOverride": true, "noUnusedLocals": true, "noUnusedParameters": true,
                "erasableSyntaxOnly": true, "target": "es2022",
                "module": "{module}", "moduleResolution": "{resolution}", {more}
              }},
              "include": [{folder:?}]
            }}"#
        );
        self.write_file("tsconfig.json", &config);
    }

    fn tsc(&self, compiler: &str) {
        let tsc = self.npm.join("node_modules").join(compiler).join("bin/tsc");
        self.succeed(Command::new("node").arg(tsc).arg("--project").arg("."));
    }

    /// Prettier, at the width that generated code has, finds nothing to change in files of these patterns.
    pub fn assert_formatted(&self, patterns: &[&str]) {
        let prettier = self.npm.join("node_modules/prettier/bin/prettier.cjs");
        let options = ["--check", "--no-config", "--print-width=120"];
        self.succeed(Command::new("node").arg(prettier).args(options).args(patterns));
    }

    /// Runs a script as a module, and gives what it prints.
    pub fn run(&self, name: &str, script: &str) -> String {
        let file = format!("{name}.mjs");
        self.write_file(&file, script);
        let output = self.succeed(Command::new("node").arg(&file));
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// Text of each JavaScript file in a folder.
    pub fn read_folder(&self, folder: &str) -> Files {
        let entries = fs::read_dir(self.folder.join(folder)).expect("the folder");
        let paths = entries.map(|entry| entry.expect("an entry").path());
        let scripts = paths.filter(|path| path.extension().is_some_and(|extension| extension == "js"));
        scripts.map(|path| (path.display().to_string(), fs::read_to_string(&path).expect("text"))).collect()
    }

    fn succeed(&self, command: &mut Command) -> Output {
        let output = command.current_dir(&self.folder).output().expect("Node on the PATH");
        assert!(
            output.status.success(),
            "{command:?}\n{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        output
    }
}
