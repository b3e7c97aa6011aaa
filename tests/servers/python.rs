//! A Python that has the packages of `requirements.txt`.

use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

const PACKAGES: &str = "import django, drf_spectacular, fastapi, rest_framework, sqlalchemy, uvicorn";

pub struct Python {
    pub program: OsString,
}

impl Python {
    /// The one that `SYNC_PATTERNS_PYTHON` names, or `python3`. Says what it lacks.
    fn find() -> Result<Self, String> {
        let program = env::var_os("SYNC_PATTERNS_PYTHON").unwrap_or_else(|| "python3".into());
        let output = Command::new(&program).args(["-c", PACKAGES]).output();
        let output = output.map_err(|error| format!("{} doesn't start: {error}", program.display()))?;
        if output.status.success() {
            return Ok(Self { program });
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(format!("{}: {}", program.display(), said.lines().last().unwrap_or_default()))
    }

    /// The document of a server in `tests/servers`.
    ///
    /// # Panics
    /// With what it says, where it gives none.
    pub fn document(&self, script: &Path) -> String {
        let output = Command::new(&self.program).arg(script).arg("--openapi").output().expect("Python");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    }
}

/// Where there is none, nothing is tested: said so that it can't be overlooked, and a failure in CI.
pub fn python() -> Option<&'static Python> {
    static PYTHON: OnceLock<Option<Python>> = OnceLock::new();
    let python = PYTHON.get_or_init(|| match Python::find() {
        Ok(python) => Some(python),
        Err(why) => {
            eprintln!(
                "\n*** {why}. FASTAPI AND DJANGO WERE NOT TESTED. Install tests/servers/requirements.txt, or say where a \
                 Python is that has them (SYNC_PATTERNS_PYTHON=…). ***\n"
            );
            None
        }
    });
    assert!(python.is_some() || env::var_os("CI").is_none(), "in CI, FastAPI and Django have to be tested");
    python.as_ref()
}

/// The same for other packages.
pub fn python_with(packages: &str) -> Option<OsString> {
    let program = env::var_os("SYNC_PATTERNS_PYTHON").unwrap_or_else(|| "python3".into());
    let output = Command::new(&program).args(["-c", &format!("import {packages}")]).output();
    let is_there = output.is_ok_and(|output| output.status.success());
    assert!(is_there || env::var_os("CI").is_none(), "in CI, the backend of fixtures/contacts has to be tested");
    if !is_there {
        eprintln!(
            "\n*** {} has not all of {packages}. THE BACKEND OF fixtures/contacts WAS NOT TESTED. Install \
             tests/servers/requirements.txt, or say where a Python is that has them (SYNC_PATTERNS_PYTHON=…). ***\n",
            program.display()
        );
    }
    is_there.then_some(program)
}
