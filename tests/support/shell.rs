//! A Node process that has a database, and answers requests: a line of JSON each.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

use super::database::SqlError;
use super::node::node;
use super::npm::npm_harness;

pub struct Shell {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    pub answered: usize,
}

impl Shell {
    /// # Panics
    /// Where Node is missing, or the npm packages don't install.
    pub fn start(script: &str) -> Self {
        Self::start_with(script, |_| {})
    }

    /// `prepare`: tells the process more.
    ///
    /// # Panics
    /// As [`Self::start`].
    pub fn start_with(script: &str, prepare: impl FnOnce(&mut Command)) -> Self {
        let mut command = node(&npm_harness());
        prepare(&mut command);
        let mut child = command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("node");
        let requests = child.stdin.take().expect("stdin");
        let answers = BufReader::new(child.stdout.take().expect("stdout"));
        Self { child, requests, answers, answered: 0 }
    }

    pub fn answer(&mut self, request: &Value) -> Result<Value, SqlError> {
        writeln!(self.requests, "{request}").expect("a request to the process");
        let mut line = String::new();
        self.answered += 1;
        self.answers.read_line(&mut line).expect("an answer of the process");
        let answer: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        if let Some(error) = answer.get("error") {
            let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
            return Err(SqlError { message: text("message"), code: text("code") });
        }
        Ok(answer)
    }

    pub fn end(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
