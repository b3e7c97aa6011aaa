//! A folder with generated sources, and the tools that an application would run on it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use sync_patterns::target::Files;

use crate::support::npm::npm_harness;

pub struct Workspace {
    folder: PathBuf,
    npm: PathBuf,
}

impl Workspace {
    pub fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("typescript").join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).expect("the folder of an earlier run removed");
        }
        let workspace = Self { folder, npm: npm_harness() };
        workspace.write_file("package.json", r#"{ "type": "module" }"#);
        workspace
    }

    pub fn write_file(&self, path: &str, text: &str) {
        let path = self.folder.join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    pub fn write(&self, folder: &str, files: &Files) {
        files.iter().for_each(|(path, text)| self.write_file(&format!("{folder}/{path}"), text));
    }

    /// Both compilers, both ways to resolve imports, all strictness.
    pub fn type_check(&self) {
        for (module, resolution) in [("esnext", "bundler"), ("nodenext", "nodenext")] {
            self.write_config(module, resolution, r#""noEmit": true"#);
            for compiler in ["typescript", "typescript5"] {
                self.tsc(compiler);
            }
        }
    }

    /// The sources as JavaScript without comments, in `dist`.
    pub fn emit(&self) {
        self.write_config("nodenext", "nodenext", r#""outDir": "dist", "rootDir": "src", "removeComments": true"#);
        self.tsc("typescript5");
    }

    fn write_config(&self, module: &str, resolution: &str, more: &str) {
        let config = format!(
            r#"{{
              "compilerOptions": {{
                "strict": true, "exactOptionalPropertyTypes": true, "noUncheckedIndexedAccess": true,
                "noPropertyAccessFromIndexSignature": true, "verbatimModuleSyntax": true, "isolatedModules": true,
                "isolatedDeclarations": true, "declaration": true, "noUnusedLocals": true, "noUnusedParameters": true,
                "target": "es2022", "lib": ["es2022"], "types": [],
                "module": "{module}", "moduleResolution": "{resolution}", {more}
              }},
              "include": ["src"]
            }}"#
        );
        self.write_file("tsconfig.json", &config);
    }

    fn tsc(&self, compiler: &str) {
        let tsc = self.npm.join("node_modules").join(compiler).join("bin/tsc");
        self.succeed(Command::new("node").arg(tsc).arg("--project").arg("."));
    }

    /// Prettier, at the width that generated code has, finds nothing to change.
    pub fn assert_formatted(&self, folder: &str) {
        let prettier = self.npm.join("node_modules/prettier/bin/prettier.cjs");
        self.succeed(Command::new("node").arg(prettier).args(["--check", "--no-config", "--print-width=120", folder]));
    }

    /// Runs a script as a module, and gives what it prints.
    pub fn run(&self, script: &str) -> String {
        self.write_file("script.mjs", script);
        let output = self.succeed(Command::new("node").arg("script.mjs"));
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
