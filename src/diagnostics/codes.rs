//! The registry of everything that a run can report: stable words for programs.

use std::fmt;

/// What a problem does to the run, the mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// How an ambiguity was settled, or what of a model isn't used.
    Note,
    /// Something is left out, or may not be what was meant.
    Warning,
    /// Nothing is written; exit code 2.
    Error,
}

use Severity::{Error, Note, Warning};

macro_rules! codes {
    ($($code:ident $word:literal $severities:expr, $meaning:literal;)+) => {
        /// What kind of problem it is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = $meaning] $code,)+
        }

        impl Code {
            pub const ALL: &[Code] = &[$(Code::$code),+];

            /// As messages in JSON and annotations have it.
            pub fn word(self) -> &'static str {
                match self { $(Code::$code => $word),+ }
            }

            /// The severities that it is reported with.
            pub fn severities(self) -> &'static [Severity] {
                match self { $(Code::$code => &$severities),+ }
            }

            /// One line for people.
            pub fn meaning(self) -> &'static str {
                match self { $(Code::$code => $meaning),+ }
            }
        }
    };
}

codes! {
    // Any input
    NotUtf8 "not-utf8" [Error], "a file isn't UTF-8 text";
    Empty "empty" [Error], "a file is empty";
    Syntax "syntax" [Error], "a file isn't valid JSON or YAML";
    DuplicateKey "duplicate-key" [Error, Warning], "a mapping has a key twice";

    // The config
    ConfigVersion "config-version" [Error], "the version of the config's format is unknown";
    MissingKey "missing-key" [Error], "the config lacks a key that it needs";
    UnknownKey "unknown-key" [Error], "the config has a key that doesn't exist";
    UnknownValue "unknown-value" [Error], "a value isn't one of the words that its key takes";
    Contradiction "contradiction" [Error], "two keys of the config contradict each other";
    WrongType "wrong-type" [Error], "a value has the wrong type";
    EmptyValue "empty-value" [Error], "a value is empty";
    Repeated "repeated" [Error], "a list of fields has a field twice";
    TooManyFields "too-many-fields" [Error], "a list of fields is longer than an index allows";
    ExcludedField "excluded-field" [Error], "an entry uses a field that the same entry excludes";
    UnknownField "unknown-field" [Error], "an entry names a field that the model doesn't have";
    UnknownModel "unknown-model" [Error, Warning], "the config names a model or a path that the document doesn't have";
    AmbiguousModel "ambiguous-model" [Error], "an entry fits several collections";
    TwoEntries "two-entries" [Error], "two entries mean the same collection";
    NameCollision "name-collision" [Error], "a model would have the same tables as another";
    BadName "bad-name" [Error], "a name can't be that of a model, a table or a column";
    BadPath "bad-path" [Error], "a path doesn't begin with /";
    BadHeader "bad-header" [Error], "a header of `spec_headers` or `params` can't be sent";
    NoVariable "no-variable" [Error], "the environment lacks a variable that `spec_headers` uses";
    NotAUrl "not-a-url" [Error], "a value isn't a URL";
    NoSuchFolder "no-such-folder" [Error], "the folder with templates doesn't exist";
    UnreadableSpec "unreadable-spec" [Error], "the document can't be read";
    NotLoaded "not-loaded" [Warning], "the application can't load the generated files as they are written";

    // The document
    Version "version" [Error], "the document isn't OpenAPI 3.0, 3.1 or Swagger 2.0";
    NoPaths "no-paths" [Error], "the document has no paths";
    Unresolved "unresolved" [Warning], "a reference leads nowhere";
    OddPath "odd-path" [Warning], "a path has braces that don't match, or several parameters in one segment";
    PathParameter "path-parameter" [Error], "a parameter in a part of a path has no value";
    XSync "x-sync" [Warning], "`x-sync` has a value without a meaning";

    // Models
    NoModels "no-models" [Error], "no model was found, or none can be generated";
    NothingChosen "nothing-chosen" [Error], "models were found, and none is chosen";
    LeftOut "left-out" [Error, Warning, Note], "a collection doesn't become a model; `reason` says why";
    SameModel "same-model" [Note], "two paths lead to the same rows";
    Guess "guess" [Note], "a model rests on a guess";
    ColumnCollision "column-collision" [Note], "a field is left out because its column has the name of another";
    OperationUnused "operation-unused" [Note], "the client can't use an operation of the API";
    RequestParameter "request-parameter" [Warning], "a write requires a parameter that nothing fills, and can't be made locally";
    RuntimeParameter "runtime-parameter" [Note], "a request requires a key, a header or a cookie that only the application or the browser has";
    UnusedParameter "unused-parameter" [Note], "`params` in the config has what no request has";
    NotCreated "not-created" [Note], "a create takes properties that no new row has";
    NotSent "not-sent" [Note], "an update takes properties that the rows don't have";

    // Reading rows
    NotRead "not-read" [Note], "the rows lack what an answer has beside them";
    NotPolled "not-polled" [Warning], "the client can't poll the rows of a model";
    NotPaged "not-paged" [Warning], "a list comes in pages that the client can't ask for";
    ListParameter "list-parameter" [Warning, Note], "a list, or reading one row, requires a parameter that nothing fills";
    ColumnInDoubt "column-in-doubt" [Note], "a field that only the server sets may be no column of its table";
    BaseUrl "base-url" [Warning, Note], "`api_base_url` doesn't fit the document's paths";

    // Templates
    Template "template" [Error], "a template of the user's can't be rendered";
    UnknownTemplate "unknown-template" [Warning], "a file in the folder with templates replaces none";
    UnreadableTemplate "unreadable-template" [Error], "a template can't be read";

    // The schema that `diff` compares with
    UnknownVersion "unknown-version" [Error], "the version of `schema.json` is unknown";
    NotASchema "not-a-schema" [Error], "a file isn't a `schema.json`";
}

impl Code {
    /// Whether it says why a write of the API can't be made locally.
    pub fn is_of_unused_write(self) -> bool {
        matches!(self, Self::OperationUnused | Self::RequestParameter)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.word())
    }
}

macro_rules! reasons {
    ($($reason:ident $word:literal $meaning:literal;)+) => {
        /// Why a collection doesn't become a model.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Reason {
            $(#[doc = $meaning] $reason,)+
        }

        impl Reason {
            pub const ALL: &[Reason] = &[$(Reason::$reason),+];

            /// As messages in JSON have it.
            pub fn word(self) -> &'static str {
                match self { $(Reason::$reason => $word),+ }
            }

            /// One line for people.
            pub fn meaning(self) -> &'static str {
                match self { $(Reason::$reason => $meaning),+ }
            }
        }
    };
}

reasons! {
    Config "config" "the config says so";
    XSync "x-sync" "the document says `x-sync: false`";
    NotACollection "not-a-collection" "it isn't a collection: no response lists rows, and there is no item path";
    UntypedRows "untyped-rows" "no response has a schema for its rows";
    NoKey "no-key" "no property of its rows can be the key";
    KeyType "key-type" "its key is neither text, uuid nor integer";
    Query "query" "it lists the rows of another collection";
    NothingToDo "nothing-to-do" "the API doesn't list its rows, and none of its writes can be used";
    Unresolved "unresolved" "its type has a reference that can't be resolved";
    UnknownField "unknown-field" "its entry in the config names fields that it doesn't have";
    TooManyFields "too-many-fields" "it has too many fields";
    ColumnCollision "column-collision" "two of its properties would have the same column";
    ColumnName "column-name" "a property has a name that no column can have";
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn words_are_unique_and_in_kebab_case() {
        let is_kebab = |word: &str| word.bytes().all(|byte| byte.is_ascii_lowercase() || b"-8".contains(&byte));
        let codes: HashSet<&str> = Code::ALL.iter().map(|code| code.word()).collect();
        let reasons: HashSet<&str> = Reason::ALL.iter().map(|reason| reason.word()).collect();
        assert_eq!((codes.len(), reasons.len()), (Code::ALL.len(), Reason::ALL.len()));
        assert!(codes.iter().chain(&reasons).all(|word| is_kebab(word)));
    }
}
