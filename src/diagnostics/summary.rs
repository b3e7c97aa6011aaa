//! What is said once where several problems have one cause.

use super::phrases::count;
use super::problem::{Problem, Problems};

/// So many of one cause are told one by one.
const FEW: usize = 2;

/// Several problems that are told as one.
pub struct Summed<'p> {
    pub first: &'p Problem,
    pub message: String,
    pub items: Vec<&'p str>,
    pub help: Option<String>,
}

/// A problem that is told alone, or what stands for it and others: at the first of them.
pub enum Told<'p> {
    Alone(&'p Problem),
    Together(Summed<'p>),
}

/// Gives the messages for these problems, in their order. Problems with one cause have one message.
pub fn told<'p>(problems: &'p Problems, is_meant: impl Fn(&Problem) -> bool) -> Vec<Told<'p>> {
    let meant: Vec<&Problem> = problems.iter().filter(|problem| is_meant(problem)).collect();
    let mut told = Vec::new();
    for (index, problem) in meant.iter().enumerate() {
        let Some(summary) = &problem.summary else {
            told.push(Told::Alone(problem));
            continue;
        };
        let is_alike = |other: &&&Problem| {
            let of_other = other.summary.as_ref().map(|other| &other.message);
            other.severity == problem.severity && of_other == Some(&summary.message)
        };
        let alike = meant.iter().filter(is_alike).count();
        if alike <= FEW {
            told.push(Told::Alone(problem));
        } else if !meant.iter().take(index).any(|other| is_alike(&other)) {
            let items: Vec<&str> = meant.iter().filter(is_alike).filter_map(|other| other.item()).collect();
            let of_first = || problem.help.as_ref().map(|help| format!("for the first: {help}"));
            let help = summary.help.map(|help| help(&items)).or_else(of_first);
            let message = format!("{} {}", count(alike, summary.noun), summary.message);
            told.push(Told::Together(Summed { first: problem, message, items, help }));
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::{Code, Input, Severity};

    #[test]
    fn more_than_a_few_of_one_cause_are_told_together() {
        let mut problems = Problems::default();
        let mut add = |message: &'static str, name: &str| {
            let problem = Problem::new(Severity::Warning, Code::NotPolled, (Input::Spec, ""), format!("{name}: no"));
            problems.push(problem.help(format!("leave {name} out")).summed("model", message, name));
        };
        for (message, name) in [("one", "a"), ("two", "b"), ("one", "c"), ("two", "d"), ("one", "e")] {
            add(message, name);
        }
        let told = told(&problems, |_| true);
        let shown = told.iter().map(|told| match told {
            Told::Alone(problem) => problem.message.clone(),
            Told::Together(summed) => format!("{} ({}), {:?}", summed.message, summed.items.join(" "), summed.help),
        });
        let expected = ["3 models one (a c e), Some(\"for the first: leave a out\")", "b: no", "d: no"];
        assert_eq!(shown.collect::<Vec<_>>(), expected);
    }
}
