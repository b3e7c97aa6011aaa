//! What is said of the operations that can't be used, and of those that need more than a row has.

use super::draft::Drafter;
use super::operations::{Outside, Reader, Unusable, Writer};
use crate::config::line;
use crate::diagnostics::{Code, Input, Problem, Severity, all_of};

const HOW_TO_DO_WITHOUT: &str =
    "the application can still make it by a request of its own; the row comes with the next read";

const OTHERWISE: &str = "else the application can still make the write by a request of its own";

impl<'a> Drafter<'_, '_, 'a> {
    /// Returns the operation, or notes why the client can't use it.
    pub(super) fn usable<T>(&mut self, done: &str, outcome: Result<Option<T>, Unusable>) -> Option<T> {
        outcome.unwrap_or_else(|unusable| {
            let Unusable { pointer, reason, parameters, operation: at } = unusable;
            let name = &self.candidate.name;
            let message = format!("`{name}` can't be {done} locally: {reason}");
            let operation = operation(at.as_ref().unwrap_or(&pointer))
                .map(|operation| format!(" ({operation})"))
                .unwrap_or_default();
            let item = format!("`{name}` can't be {done}{operation}: {reason}");
            let at = (Input::Spec, pointer.as_str());
            self.problems.push(if parameters.is_empty() {
                Problem::new(Severity::Note, Code::OperationUnused, at, message)
                    .help(HOW_TO_DO_WITHOUT)
                    .summed("write", "of the API can't be made locally", item)
                    .help_of_all(|_| HOW_TO_DO_WITHOUT.to_owned())
            } else {
                let values = line::params(&parameters);
                let help = format!("what is the same in every write, say in the config: {values}; {OTHERWISE}");
                Problem::new(Severity::Warning, Code::RequestParameter, at, message).help(help)
            });
            None
        })
    }

    /// Returns the operation that reads a row, or notes which of its parameters nothing fills. `is_read`: whether something
    /// would read it.
    pub(super) fn readable(&mut self, outcome: Result<Option<Reader>, Unusable>, is_read: bool) -> Option<Reader> {
        outcome.unwrap_or_else(|unusable| {
            let Unusable { pointer, reason, parameters, operation: at } = unusable;
            // Without a row there is nothing to ask for, and without a column for its path no way to.
            if parameters.is_empty() || !is_read {
                return None;
            }
            let name = &self.candidate.name;
            let message = format!("`{name}` can't be read row by row: {reason}");
            let at = at.and_then(|at| operation(&at)).map(|at| format!(" of {at}")).unwrap_or_default();
            let names: Vec<&str> = parameters.iter().map(String::as_str).collect();
            let item = format!("{}{at}, for `{name}`", all_of(&names, 4));
            let help = format!("what is the same in every request, say in the config: {}", line::params(&parameters));
            let problem = Problem::new(Severity::Note, Code::ListParameter, (Input::Spec, pointer.as_str()), message);
            self.problems.push(
                problem
                    .help(help)
                    .summed("model", "can't be read row by row without parameters that nothing fills", item)
                    .help_of_all(|_| {
                        "what is the same in every request, say in the config: `params: { NAME: … }`".to_owned()
                    }),
            );
            None
        })
    }

    /// Notes what of the parameters of writes and reads only the application or the browser can give.
    pub(super) fn note_outside<'o>(
        &mut self,
        writes: impl Iterator<Item = &'o Vec<Outside>>,
        reads: impl Iterator<Item = &'o Vec<Outside>>,
    ) {
        let mut seen: Vec<&str> = Vec::new();
        let all = writes.flatten().map(|one| (one, false)).chain(reads.flatten().map(|one| (one, true)));
        for (one, is_read) in all {
            if seen.contains(&one.name.as_str()) {
                continue;
            }
            seen.push(&one.name);
            self.problems.push(one.problem(&self.candidate.name, is_read));
        }
    }

    /// Notes the properties of request bodies that the rows don't have.
    pub(super) fn note_unsent<'w>(&mut self, writers: impl Iterator<Item = &'w Writer<'a>>)
    where
        'a: 'w,
    {
        let mut names: Vec<&str> = writers.flat_map(|writer| &writer.unsent).map(String::as_str).collect();
        names.sort_unstable();
        names.dedup();
        if !names.is_empty() {
            let name = &self.candidate.name;
            let names = all_of(&names, 6);
            let message = format!("writes to `{name}` leave out {names}, which its rows don't have");
            let at = (Input::Spec, self.candidate.resource.pointer());
            self.problems.push(Problem::new(Severity::Note, Code::NotSent, at, message));
        }
    }
}

/// `PUT /notes/{id}`, of the pointer to it; nothing where a path item stands elsewhere.
fn operation(pointer: &str) -> Option<String> {
    let (path, method) = pointer.strip_prefix("/paths/")?.split_once('/').unzip();
    let path = path.or(pointer.strip_prefix("/paths/"))?.replace("~1", "/").replace("~0", "~");
    Some(method.map_or(path.clone(), |method| format!("{} {path}", method.to_uppercase())))
}

#[cfg(test)]
mod tests {
    use super::operation;

    #[test]
    fn operations_by_their_pointers() {
        assert_eq!(operation("/paths/~1notes~1{id}/put").as_deref(), Some("PUT /notes/{id}"));
        assert_eq!(operation("/paths/~1a~01/post").as_deref(), Some("POST /a~1"));
        assert_eq!(operation("/paths/~1notes").as_deref(), Some("/notes"));
        assert_eq!(operation("/components/pathItems/Notes/post"), None);
    }
}
