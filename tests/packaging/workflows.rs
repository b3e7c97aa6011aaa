//! The workflows of GitHub Actions.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::packaging::npm::platforms;
use crate::packaging::{repository, succeed};

fn text(name: &str) -> String {
    fs::read_to_string(repository().join(".github/workflows").join(name)).expect("a workflow")
}

fn jobs(name: &str) -> Vec<(String, Value)> {
    let workflow: Value = serde_saphyr::from_str(&text(name)).expect("YAML");
    workflow["jobs"].as_object().expect("jobs").clone().into_iter().collect()
}

fn steps(job: &Value) -> Vec<Value> {
    job["steps"].as_array().expect("steps").clone()
}

#[test]
fn actions_are_pinned_to_a_commit() {
    for name in ["ci.yml", "release.yml"] {
        let text = text(name);
        let used: Vec<&str> =
            text.lines().filter_map(|line| line.trim().split_once("uses: ")).map(|(_, used)| used).collect();
        assert_eq!(
            used.len(),
            jobs(name).iter().flat_map(|(_, job)| steps(job)).filter(|step| step["uses"].is_string()).count()
        );
        for action in used {
            let (_, version) = action.split_once('@').expect("a version");
            let (commit, version) = version.split_once(" # v").expect("the version's name");
            assert!(commit.len() == 40 && commit.chars().all(|digit| digit.is_ascii_hexdigit()), "{action}");
            assert_eq!(version.split('.').count(), 3, "{action}");
        }
    }
}

#[test]
fn jobs_may_no_more_than_they_need() {
    let mut writes = BTreeSet::new();
    for name in ["ci.yml", "release.yml"] {
        let workflow: Value = serde_saphyr::from_str(&text(name)).expect("YAML");
        assert_eq!(workflow["permissions"], serde_json::json!({ "contents": "read" }), "{name}");
        for (job, value) in jobs(name) {
            for (scope, right) in value["permissions"].as_object().into_iter().flatten() {
                if right != "read" {
                    writes.insert(format!("{job} {scope}"));
                }
            }
            for step in steps(&value) {
                let is_checkout = step["uses"].as_str().is_some_and(|action| action.starts_with("actions/checkout@"));
                assert!(!is_checkout || step["with"]["persist-credentials"] == false, "{name} {job}");
            }
        }
    }
    assert_eq!(writes.into_iter().collect::<Vec<_>>(), ["crate id-token", "github contents", "npm id-token"]);
}

#[test]
fn a_release_has_every_platform() {
    let (_, build) = jobs("release.yml").into_iter().find(|(name, _)| name == "build").expect("the job");
    let rows = build["strategy"]["matrix"]["include"].as_array().expect("a matrix").clone();
    let built: BTreeSet<String> = rows.iter().map(|row| row["target"].as_str().expect("a target").to_owned()).collect();
    assert_eq!(built, platforms().into_iter().map(|platform| platform.target).collect());
}

#[test]
fn scripts_are_bash() {
    let archives = fs::read_to_string(repository().join("packaging/archives.sh")).expect("a script");
    let mut scripts = vec![archives];
    for name in ["ci.yml", "release.yml"] {
        let steps = jobs(name).into_iter().flat_map(|(_, job)| steps(&job));
        scripts.extend(steps.filter_map(|step| step["run"].as_str().map(str::to_owned)));
    }
    assert!(scripts.len() > 10);
    for script in scripts {
        assert!(!script.contains("${{"), "an expression in a script could be code: {script}");
        succeed(Command::new("bash").args(["-n", "-c", &script]));
    }
}
