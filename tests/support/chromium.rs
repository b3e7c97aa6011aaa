//! A Chromium to test pages in: the one that is named, the machine's own, or one from an npm package.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::npm::npm_chromium;

const ON_THE_PATH: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

pub struct Chromium {
    program: PathBuf,
    /// What the machine lacks for the program to start.
    libraries: Option<PathBuf>,
}

impl Chromium {
    /// The one that `CHROMIUM` names, or that is on the `PATH`, or else the package's, which is installed on first use.
    /// Says what stands in the way where there is none.
    pub fn find() -> Result<Self, String> {
        if let Some(program) = env::var_os("CHROMIUM").map(PathBuf::from).or_else(on_the_path) {
            let chromium = Self { program, libraries: None };
            return chromium.version().map(|_| chromium);
        }
        if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
            return Err("none is installed, and the npm package has one for Linux on x86-64 only".into());
        }
        let [program, libraries] = unpacked();
        let own = Self { program: program.clone(), libraries: None };
        if own.version().is_ok() {
            return Ok(own);
        }
        let chromium = Self { program, libraries: Some(libraries) };
        chromium.version().map(|_| chromium)
    }

    /// Tells a process which one to start.
    pub fn give_to(&self, command: &mut Command) {
        command.env("CHROMIUM", &self.program);
        if let Some(libraries) = &self.libraries {
            command.env("LD_LIBRARY_PATH", libraries);
        }
    }

    /// Where it is, and what it calls itself.
    pub fn name(&self) -> String {
        format!("{}, {}", self.program.display(), self.version().unwrap_or_default())
    }

    fn version(&self) -> Result<String, String> {
        let mut command = Command::new(&self.program);
        self.give_to(&mut command);
        let output = command.arg("--version").output();
        let output = output.map_err(|error| format!("{} doesn't start: {error}", self.program.display()))?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        } else {
            Err(format!("{} doesn't start: {}", self.program.display(), String::from_utf8_lossy(&output.stderr)))
        }
    }
}

fn on_the_path() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let files = env::split_paths(&path).flat_map(|folder| ON_THE_PATH.map(|name| folder.join(name)));
    files.into_iter().find(|file| file.is_file())
}

/// The package's program and libraries. The package unpacks them where temporary files are: in a folder of ours, which
/// another version doesn't share.
fn unpacked() -> [PathBuf; 2] {
    let npm = npm_chromium();
    let package = fs::read_to_string(npm.join("package-lock.json")).expect("package-lock.json");
    let package: serde_json::Value = serde_json::from_str(&package).expect("JSON");
    let version = package["packages"]["node_modules/@sparticuz/chromium"]["version"].as_str().expect("a version");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let guard = File::create(folder.join("chromium.lock")).expect("a lock file");
    guard.lock().expect("the lock on Chromium");
    let folder = folder.join(format!("chromium-{version}"));
    fs::create_dir_all(&folder).expect("a folder");
    let told = folder.join("unpacked.json");
    if !told.exists() {
        let output = Command::new("node").arg("unpack.mjs").env("TMPDIR", &folder).current_dir(&npm).output();
        let output = output.expect("Node on the PATH");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        fs::write(&told, output.stdout).expect("room for it");
    }
    let told: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&told).expect("what was unpacked")).expect("JSON");
    ["program", "libraries"].map(|name| PathBuf::from(OsStr::new(told[name].as_str().expect("a path"))))
}

/// Where there is no browser, nothing is tested: said so that it can't be overlooked, and a failure in CI.
pub fn chromium() -> Option<&'static Chromium> {
    static CHROMIUM: OnceLock<Option<Chromium>> = OnceLock::new();
    let chromium = CHROMIUM.get_or_init(|| match Chromium::find() {
        Ok(chromium) => {
            eprintln!("The page is tested in {}", chromium.name());
            Some(chromium)
        }
        Err(why) => {
            eprintln!(
                "\n*** No Chromium: THE PAGE WAS NOT TESTED. Install one, or say where it is (CHROMIUM=…): {why} ***\n"
            );
            None
        }
    });
    assert!(chromium.is_some() || env::var_os("CI").is_none(), "no Chromium, and in CI the page has to be tested");
    chromium.as_ref()
}
