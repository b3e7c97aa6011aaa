//! What is said of the operations that can't be used, and of those that need more than a row has.

use super::draft::Drafter;
use super::operations::{Outside, Reader, Unsent, Unusable, Writer};
use crate::config::line;
use crate::diagnostics::{Code, Input, Problem, Severity, all_of};
use crate::discovery::lists::Listing;
use crate::names::unique;

const HOW_TO_DO_WITHOUT: &str =
    "the application can still make it by a request of its own; the row comes with the next read";

const OTHERWISE: &str = "else the application can still make the write by a request of its own";

const HOW_TO_GIVE_MORE: &str = "the application can make such a row by a request of its own; what rows don't have is an input of an insert where the document requires it";

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

    /// Notes the optional properties of request bodies that nothing fills: of a create, what no new row can have.
    pub(super) fn note_unsent(&mut self, create: Option<&Writer<'a>>, update: Option<&Writer<'a>>) {
        let of_create: Vec<&Unsent> = create.iter().flat_map(|writer| &writer.unsent).collect();
        let is_new = |unsent: &&Unsent| of_create.iter().all(|one| one.name != unsent.name);
        let of_update: Vec<&Unsent> = update.iter().flat_map(|writer| &writer.unsent).filter(is_new).collect();
        let name = &self.candidate.name;
        let at = (Input::Spec, self.candidate.resource.pointer());
        if let Some(unsent) = with_reasons(&of_create) {
            let message = format!("a create of `{name}` leaves out {unsent}");
            let problem = Problem::new(Severity::Note, Code::NotCreated, at, message).help(HOW_TO_GIVE_MORE);
            let summed =
                problem.summed("model", "can't give all that their create takes", format!("`{name}`: {unsent}"));
            self.problems.push(summed.help_of_all(|_| HOW_TO_GIVE_MORE.to_owned()));
        }
        if let Some(unsent) = with_reasons(&of_update) {
            let message = format!("an update of `{name}` leaves out {unsent}");
            self.problems.push(Problem::new(Severity::Note, Code::NotSent, at, message));
        }
    }

    /// Notes what an element of the list has beside the row that it holds: the `geometry` of GeoJSON.
    pub(super) fn note_beside(&mut self, listing: &Listing) {
        if !listing.beside.is_empty() {
            let (name, path) = (&self.candidate.name, &listing.path);
            let beside: Vec<&str> = listing.beside.iter().map(String::as_str).collect();
            let (beside, row) = (all_of(&beside, 6), listing.row.join("."));
            let message = format!("rows of `{name}` lack {beside}, which GET {path} answers beside their `{row}`");
            let at = (Input::Spec, self.candidate.resource.pointer());
            let help = format!("put into `{row}`, in the answers and in the document, what the application needs");
            self.problems.push(Problem::new(Severity::Note, Code::NotRead, at, message).help(help));
        }
    }
}

/// The names of properties, with the reason that they share: "`image`, which is a file, and `tags`, which its rows don't have".
fn with_reasons(all: &[&Unsent]) -> Option<String> {
    let of_reason = |why: &str| {
        let mut names: Vec<&str> = all.iter().filter(|one| one.why == why).map(|one| one.name.as_str()).collect();
        names.sort_unstable();
        format!("{}, {why}", all_of(&names, 6))
    };
    let reasons: Vec<String> = unique(all.iter().map(|unsent| unsent.why)).into_iter().map(of_reason).collect();
    (!reasons.is_empty()).then(|| reasons.join(", and "))
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
