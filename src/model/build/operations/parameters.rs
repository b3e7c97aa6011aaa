//! Decides what fills the parameters of an operation: those of its path, and those that it requires elsewhere.

use super::fit::{ends_as_id, fit};
use super::writing::{RowField, Unusable, Writing, bodiless};
use crate::diagnostics::{Code, Input, Problem, Severity, all_of};
use crate::discovery::{self, PathItem, paths};
use crate::model::project::{FieldType, Filling, Method, Operation, Parameter};
use crate::names::http::{header_value, is_header_name, is_header_value};
use crate::names::{self, unique};
use crate::openapi::{Fallback, In, Node, RequiredParameter, required_parameters};

/// Headers that are the client's own: OpenAPI has other places for them.
const OWN: &[&str] = &["accept", "content-length", "content-type", "host"];

/// Headers that whoever makes a request sets, where the config doesn't.
const OF_THE_BROWSER: &[&str] =
    &["accept-encoding", "accept-language", "connection", "origin", "referer", "user-agent"];

/// Words in the name of a header that say who is asking.
const OF_THE_USER: &[&str] =
    &["apikey", "auth", "authentication", "authorization", "csrf", "jwt", "secret", "token", "xsrf"];

/// Words before `token` with which it leads on in a list.
const OF_PAGES: &[&str] = &["change", "continuation", "cursor", "delta", "next", "page", "pagination", "sync"];

/// Headers, and parameters of the query, that hold a key wherever they are.
const KEYS: &[&str] = &["apikey", "accesstoken", "authtoken"];

/// Headers that tell requests apart, and stay the same where one is repeated.
const IDS_OF_REQUESTS: &[&str] = &["idempotencykey", "xidempotencykey", "requestid", "xrequestid", "xcorrelationid"];

/// Headers with the tag of an answer that came before: it isn't the same in every request.
const TAGS: &[&str] = &["if-match", "if-none-match"];

/// The header that every write has, where the config doesn't say otherwise.
const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// What an operation requires beside its path and its body, and what fills it.
#[derive(Default)]
pub struct Filled<'a> {
    pub query: Vec<Parameter>,
    pub headers: Vec<Parameter>,
    pub outside: Vec<Outside>,
    /// What nothing fills.
    pub missing: Vec<RequiredParameter<'a>>,
}

/// Which row's values the parameters of a request can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    NewRow,
    Row,
    /// None: it is of all rows.
    List,
}

/// A parameter that neither a row nor the config can fill, and that needn't keep a request from being made.
pub struct Outside {
    pub kind: OutsideKind,
    pub name: String,
    pub pointer: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum OutsideKind {
    /// A key in the query, which the application has.
    Key,
    /// A header that says who is asking, though the document has no security scheme of its name.
    Header,
    /// What only the browser sends.
    Cookie,
    /// A header that says of which row a request is, or of which answer: the first request knows none.
    Tag,
    /// A header whose name can't be one.
    NoName,
}

impl Outside {
    /// Tells whose it is to give. `reads`: whether what requires it reads rows.
    pub fn problem(&self, model: &str, reads: bool) -> Problem {
        let (what, help, summary) = match self.kind {
            OutsideKind::Key => (
                "the key",
                "the application gives it: `configureSync({ writeParams: (model) => … })`",
                "a key in their query, which the application gives",
            ),
            OutsideKind::Header => (
                "the header",
                "the application gives it: `configureSync({ headers: … })`",
                "a header, which the application gives",
            ),
            OutsideKind::Cookie => (
                "the cookie",
                "no code can set it: the browser sends what the server has set, to another origin only if `fetch` in `configureSync` includes credentials",
                "a cookie, which only the browser sends",
            ),
            OutsideKind::Tag => (
                "the header",
                "a first request can't have it: correct the document, and leave it out of `headers`, which every request has",
                "a header that a first request can't have",
            ),
            OutsideKind::NoName => (
                "the header",
                "no header can be called that: correct the document",
                "a header whose name isn't allowed",
            ),
        };
        let name = &self.name;
        let requests = if reads { "reads of" } else { "writes to" };
        let message = match name.as_str() {
            "" => format!("{requests} `{model}` require a header without a name"),
            name => format!("{requests} `{model}` require {what} `{name}`"),
        };
        let summary = format!("have {} that require {summary}", if reads { "reads" } else { "writes" });
        let (severity, code) = match self.kind {
            OutsideKind::Tag | OutsideKind::NoName => (Severity::Warning, Code::ListParameter),
            OutsideKind::Key | OutsideKind::Header | OutsideKind::Cookie => (Severity::Note, Code::RuntimeParameter),
        };
        let problem = Problem::new(severity, code, (Input::Spec, &self.pointer), message);
        problem.help(help).summed("model", &summary, format!("`{model}`: `{name}`"))
    }
}

/// What becomes of a required parameter.
enum Fate {
    Sent(Filling),
    /// Something else sees to it.
    Known,
    Outside(OutsideKind),
    Missing,
}

impl<'a> Writing<'_, 'a> {
    /// The operation without its body and its answer, and what of its parameters nothing here fills.
    pub(super) fn addressed(
        &self,
        method: Method,
        item: &PathItem<'a>,
        node: &Node<'a>,
        of: Of,
    ) -> Result<(Operation, Vec<Outside>), Unusable> {
        let parameters = self.in_path(item, node)?;
        let Filled { query, headers, outside, missing } = self.beside_path(method, item, node, of);
        if let Some(one) = outside.iter().find(|one| one.kind == OutsideKind::NoName) {
            let reason = format!("it requires the header `{}`, and no header can be called that", one.name);
            return Err(Unusable { operation: Some(node.pointer.clone()), ..Unusable::at(&one.pointer, reason) });
        }
        let Some((reason, first)) = unfilled(&missing).zip(missing.first()) else {
            return Ok((Operation { query, headers, ..bodiless(method, item, parameters) }, outside));
        };
        let operation = Some(node.pointer.clone());
        let unusable = Unusable { pointer: first.pointer.clone(), reason, parameters: Vec::new(), operation };
        let mut parameters: Vec<String> = names_of(&missing).into_iter().map(str::to_owned).collect();
        if missing.iter().any(|one| is_tag(one.place, &one.name)) {
            // A tag is no matter of the config: reading the row gives it, where that lacks no more than parameters.
            let read = if is_replaced(method, of) { self.item().err() } else { None };
            let Some(read) = read.filter(|read| !read.parameters.is_empty()) else { return Err(unusable) };
            parameters.retain(|name| !is_one_of(name, TAGS));
            parameters.extend(read.parameters);
            let reason = format!("{}, as the row can't be read: {}", unusable.reason, read.reason);
            return Err(Unusable { pointer: read.pointer, reason, parameters, ..unusable });
        }
        Err(Unusable { parameters, ..unusable })
    }

    /// The field for each parameter of the path.
    fn in_path(&self, item: &PathItem<'a>, node: &Node<'a>) -> Result<Vec<(String, String)>, Unusable> {
        let parameters = paths::parameters(&item.segments);
        let mut filled = Vec::new();
        for (index, (name, _)) in parameters.iter().enumerate() {
            let Some(field) = self.field_of(item, index) else {
                return Err(Unusable::because(node, format!("path parameter `{{{name}}}` matches no column")));
            };
            filled.push(((*name).to_owned(), field));
        }
        Ok(filled)
    }

    pub(super) fn field_of(&self, item: &PathItem, index: usize) -> Option<String> {
        let place = discovery::place_of(&item.segments, index);
        let from_path = self.fields.iter().find(|field| field.place.as_ref() == Some(&place));
        if let Some(field) = from_path {
            return Some(field.name.clone());
        }
        let spans = item.spans(index);
        let own = self.fields.iter().filter(|field| field.place.is_none() && (spans || !field.is_resource_name));
        let fields = own.map(|field| field.name.as_str());
        discovery::field_in_path(self.resource, self.own_key, item, index, fields)
    }

    /// What fills the other parameters that the operation requires. A sync server asks for none of them.
    pub(super) fn beside_path(&self, method: Method, item: &PathItem<'a>, node: &Node<'a>, of: Of) -> Filled<'a> {
        let mut filled = Filled::default();
        if !self.is_for_api {
            return filled;
        }
        for parameter in required_parameters(self.document, &item.node, node) {
            let name = parameter.name.clone().into_owned();
            match self.fate(method, &parameter, of) {
                Fate::Sent(filling) if parameter.place == In::Query => filled.query.push(Parameter { name, filling }),
                Fate::Sent(filling) => filled.headers.push(Parameter { name, filling }),
                Fate::Outside(kind) => filled.outside.push(Outside { kind, name, pointer: parameter.pointer }),
                Fate::Missing => filled.missing.push(parameter),
                Fate::Known => {}
            }
        }
        filled
    }

    fn fate(&self, method: Method, parameter: &RequiredParameter<'a>, of: Of) -> Fate {
        let RequiredParameter { name, place, only, .. } = parameter;
        let is_header = *place == In::Header;
        if is_header && !is_header_name(name) {
            return Fate::Outside(OutsideKind::NoName);
        }
        if is_header && is_one_of(name, OWN) {
            return Fate::Known;
        }
        let special = self.special(method, parameter, of);
        // What is of each row goes before what is the same for all of them.
        let is_of_rows = special.is_none() && only.is_none();
        if let Some(field) = is_of_rows.then(|| self.column(parameter, of)).flatten() {
            return Fate::Sent(Filling::Field(field));
        }
        let is_same = |own: &str| own == name || (is_header && own.eq_ignore_ascii_case(name));
        let given = self.params.iter().find(|(own, _)| is_same(own)).filter(|_| *place != In::Cookie);
        if let Some((_, value)) = given {
            let value = if is_header { header_value(value) } else { value };
            return Fate::Sent(Filling::Value(value.to_owned()));
        }
        if let Some(special) = special {
            return special;
        }
        match (only, &parameter.default) {
            (Some(value), _) | (None, Some(Fallback::Sent(value))) if is_header => match header_value(value) {
                value if is_header_value(value) => Fate::Sent(Filling::Value(value.to_owned())),
                _ => Fate::Missing,
            },
            (Some(value), _) | (None, Some(Fallback::Sent(value))) => Fate::Sent(Filling::Value(value.clone())),
            (None, Some(Fallback::OfTheApi)) => Fate::Known,
            (None, None) => Fate::Missing,
        }
    }

    /// What becomes of a parameter that isn't about the row.
    fn special(&self, method: Method, parameter: &RequiredParameter, of: Of) -> Option<Fate> {
        let RequiredParameter { name, place, only, is_api_key, .. } = parameter;
        let plain = plain(name);
        let is_header = *place == In::Header;
        if *place == In::Cookie || (is_header && is_one_of(name, &["cookie"])) {
            return Some(if *is_api_key { Fate::Known } else { Fate::Outside(OutsideKind::Cookie) });
        }
        if is_header && is_one_of(name, OF_THE_BROWSER) {
            return Some(Fate::Known);
        }
        // The application's `headers` are for both.
        if is_header && *is_api_key {
            return Some(Fate::Known);
        }
        let is_named_as_key = KEYS.contains(&plain.as_str());
        // What has only one value says nothing of who is asking.
        if is_header && only.is_none() && (is_named_as_key || is_of_the_user(name)) {
            return Some(Fate::Outside(OutsideKind::Header));
        }
        if !is_header && (*is_api_key || is_named_as_key) {
            return Some(Fate::Outside(OutsideKind::Key));
        }
        if is_header && is_one_of(name, &[IDEMPOTENCY_KEY]) && self.is_keyed && method != Method::Get {
            return Some(Fate::Known);
        }
        if is_header && IDS_OF_REQUESTS.contains(&plain.as_str()) {
            return Some(Fate::Sent(Filling::WriteId));
        }
        // A read has no tag yet: the path has one for its writes.
        if is_tag(*place, name) && method == Method::Get && of == Of::Row {
            return Some(Fate::Known);
        }
        // The client reads a row before it replaces it by a PUT, and that answer has the tag.
        let is_match = is_header && is_one_of(name, &["if-match"]);
        let is_known = is_match && is_replaced(method, of) && self.item().is_ok_and(|item| item.is_some());
        is_known.then_some(Fate::Known)
    }

    /// The column of a parameter's name, where its values are some that the parameter takes. A new row has no value yet in
    /// what only the server sets.
    fn column(&self, parameter: &RequiredParameter<'a>, of: Of) -> Option<String> {
        if of == Of::List {
            return None;
        }
        let (name, schema) = (&parameter.name, parameter.schema.as_ref()?);
        let has_text = |field: &&RowField| !matches!(field.ty, FieldType::Json | FieldType::Bytes);
        let is_known = |field: &&RowField| of != Of::NewRow || !field.read_only;
        // A `version` among the headers is rather the API's than the row's.
        let is_meant = |field: &&RowField| parameter.place == In::Query || ends_as_id(&field.name);
        let named = || self.fields.iter().filter(has_text).filter(is_known).filter(is_meant);
        let exact = named().find(|field| field.name == *name);
        let found = exact.or_else(|| named().find(|field| discovery::same_name(&field.name, name)))?;
        let typed = self.types.property(schema)?;
        let choices = schema.resolve(self.document)?.schema.choices();
        let is_choice = |value| choices.is_empty() || choices.contains(value);
        let is_taken = found.choices.is_empty() || found.choices.iter().any(is_choice);
        let names_row = self.own_key.contains(&found.name);
        let fits = is_taken && fit(self.document, found, &typed, schema, names_row).is_some();
        fits.then(|| found.name.clone())
    }
}

/// Why a request can't be made: `it requires the header `X-Tenant`, which nothing fills`.
fn unfilled(missing: &[RequiredParameter]) -> Option<String> {
    let first = missing.first()?;
    let names = names_of(missing);
    let what = match (first.place, names.len()) {
        (In::Header, 1) => "the header",
        (In::Header, _) => "the headers",
        (_, 1) => "the query parameter",
        (..) => "the query parameters",
    };
    // Of both kinds, what is shared is that they are parameters.
    let what = match (missing.iter().all(|parameter| parameter.place == first.place), names.len()) {
        (true, _) => what,
        (false, 1) => "the query parameter and the header",
        (false, _) => "the parameters",
    };
    Some(format!("it requires {what} {}, which nothing fills", all_of(&names, 4)))
}

/// Whether a request has the whole row.
fn is_replaced(method: Method, of: Of) -> bool {
    method == Method::Put && of == Of::Row
}

pub(super) fn is_tag(place: In, name: &str) -> bool {
    place == In::Header && is_one_of(name, TAGS)
}

/// Each name once: the query and the headers may have the same.
fn names_of<'p>(missing: &'p [RequiredParameter]) -> Vec<&'p str> {
    unique(missing.iter().map(|parameter| parameter.name.as_ref()))
}

fn is_one_of(name: &str, names: &[&str]) -> bool {
    names.iter().any(|own| own.eq_ignore_ascii_case(name))
}

/// Whether a header says who is asking: `X-CSRF-Token`, but not `X-Author` or `X-Page-Token`.
fn is_of_the_user(name: &str) -> bool {
    let name = names::snake_case(name).replace("api_key", "apikey");
    let words: Vec<&str> = name.split('_').collect();
    let mut pairs = words.iter().zip(words.iter().skip(1));
    let leads_on = pairs.any(|(before, word)| *word == "token" && OF_PAGES.contains(before));
    !leads_on && words.iter().any(|word| OF_THE_USER.contains(word))
}

/// A name's letters and digits, in lower case.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}
