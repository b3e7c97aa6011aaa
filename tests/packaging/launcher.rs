//! The program as npm installs it, run as its users run it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::packaging::npm::{installed, project, tarballs};
use crate::packaging::{repository, run, succeed};

const LAUNCHER: &str = "node_modules/@pattern-stack/sync-patterns/sync-patterns.js";

fn npx(arguments: &[&str], folder: &Path) -> Output {
    run(Command::new("npx").args(["--no", "--", "sync-patterns"]).args(arguments).current_dir(folder))
}

/// The launcher, on a machine that Node takes for another.
fn launch_on(platform: &str, project: &Path) -> Output {
    let other = project.join("other-platform.cjs");
    fs::write(&other, format!("Object.defineProperty(process, 'platform', {{ value: '{platform}' }});"))
        .expect("a file");
    run(Command::new("node").arg("--require").arg(other).arg(LAUNCHER).current_dir(project))
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn npx_runs_this_version() {
    let output = npx(&["--version"], installed());
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), concat!("sync-patterns ", env!("CARGO_PKG_VERSION")));
}

#[test]
fn npx_generates() {
    let folder = installed();
    fs::copy(repository().join("fixtures/contacts/openapi.yaml"), folder.join("openapi.yaml")).expect("the document");
    let config = "version: 1\nspec: ./openapi.yaml\noutput: ./src/generated\n";
    fs::write(folder.join("contacts.yaml"), config).expect("the config");
    let output = npx(&["generate", "--config", "contacts.yaml"], folder);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(folder.join("src/generated/index.ts").exists());
}

/// Messages name the command as it was started.
#[test]
fn messages_name_npx() {
    let output = npx(&["generate", "--config", "nowhere.yaml"], installed());
    assert!(stderr(&output).contains("help: `npx sync-patterns init` writes one"), "{}", stderr(&output));
    let launched = |agent: Option<&str>, folder: &Path| {
        let mut command = Command::new("node");
        command.arg(installed().join(LAUNCHER)).args(["generate", "--config", "nowhere.yaml"]).current_dir(folder);
        match agent {
            Some(agent) => command.env("npm_config_user_agent", agent),
            None => command.env_remove("npm_config_user_agent"),
        };
        stderr(&run(&mut command))
    };
    let pnpm = launched(Some("pnpm/10.0.0 npm/? node/v22.0.0 linux x64"), installed());
    assert!(pnpm.contains("`pnpm exec sync-patterns init`"), "{pnpm}");
    assert!(launched(None, installed()).contains("`npx sync-patterns init`"));
    // From elsewhere it is one that is installed for all.
    let elsewhere = tempfile::tempdir().expect("a folder");
    assert!(launched(None, elsewhere.path()).contains("`sync-patterns init`"));
}

/// A page that a message names is in the package that is installed.
#[test]
fn the_pages_that_messages_name_are_installed() {
    let folder = installed();
    let package = folder.join("node_modules/@pattern-stack/sync-patterns");
    let document = repository().join("fixtures/contacts/openapi.yaml");
    let output = npx(&["inspect", "--spec", &document.to_string_lossy()], folder);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(said.contains("(docs/backend.md says how)"), "{said}");
    for page in ["docs/backend.md", "docs/configuration.md", "templates/README.md"] {
        let text = fs::read_to_string(package.join(page)).expect("a page");
        assert_eq!(text, fs::read_to_string(repository().join(page)).expect("the page"), "{page}");
    }
    let manifest = fs::read_to_string(package.join("package.json")).expect("the manifest");
    assert!(manifest.contains("\"homepage\": \"https://github.com/pattern-stack/sync-patterns#readme\""), "{manifest}");
}

#[test]
fn the_exit_code_and_the_messages_are_the_programs() {
    let output = npx(&["generate", "--config", "none.yaml"], installed());
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("none.yaml"), "{}", stderr(&output));
}

#[cfg(unix)]
#[test]
fn a_signal_ends_both() {
    use std::io::{Read, Write};
    use std::os::unix::process::ExitStatusExt;
    use std::process::Stdio;
    use std::sync::mpsc;

    use crate::support::patience::PATIENCE;

    let arguments = [LAUNCHER, "generate", "--spec", "-", "--output", "never"];
    let mut launcher = Command::new("node");
    launcher.args(arguments).current_dir(installed()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = launcher.spawn().expect("the launcher");
    let mut input = child.stdin.take().expect("its input");
    // More than a pipe holds: when it has gone through, the program is there and waits for the rest.
    input.write_all(&[b' '; 1 << 20]).expect("the program reads");
    succeed(Command::new("kill").args(["-TERM", &child.id().to_string()]));

    assert_eq!(child.wait().expect("its end").signal(), Some(15));
    // The program holds the other end of its output until it ends, and would do so for ever.
    let mut output = child.stdout.take().expect("its output");
    let (ended, end) = mpsc::channel();
    std::thread::spawn(move || ended.send(output.read_to_end(&mut Vec::new())));
    end.recv_timeout(PATIENCE).expect("the program has ended").expect("its output");
}

#[test]
fn a_platform_without_a_package_is_told_of_cargo() {
    let output = launch_on("freebsd", installed());
    assert_eq!(output.status.code(), Some(2));
    let message = stderr(&output);
    assert!(message.contains("no package with the program for freebsd-"), "{message}");
    assert!(message.contains("cargo install sync-patterns"), "{message}");
}

#[test]
fn a_package_that_was_left_out_is_named() {
    let (_, launcher) = tarballs().split_at(1);
    let output = npx(&["--version"], &project("without-optional", launcher));
    assert_eq!(output.status.code(), Some(2));
    let message = stderr(&output);
    assert!(message.contains("(@pattern-stack/sync-patterns-"), "{message}");
    assert!(message.contains("with optional dependencies"), "{message}");
}

/// As after `node_modules` was copied to a machine with another C library, whose loader isn't there.
#[cfg(unix)]
#[test]
fn a_program_of_another_machine_is_told_of() {
    let folder = project("other-machine", tarballs());
    let packages = fs::read_dir(folder.join("node_modules/@pattern-stack")).expect("the packages");
    let mut programs = packages.map(|package| package.expect("a package").path().join("sync-patterns"));
    let program = programs.find(|program| program.exists()).expect("the program");
    fs::write(&program, "#!/lib/ld-of-another-machine.so\n").expect("a file");
    let output = npx(&["--version"], &folder);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("doesn't start"), "{}", stderr(&output));
}
