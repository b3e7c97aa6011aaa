//! Decides what fills the parameters of an operation: those of its path, and those that it requires elsewhere.

use super::writing::{RowField, Unusable, Writing, bodiless};
use crate::diagnostics::{Code, Input, Problem, Severity, all_of};
use crate::discovery::{self, PathItem, paths};
use crate::model::project::{FieldType, Filling, Method, Operation, Parameter};
use crate::openapi::{In, Node, RequiredParameter, required_parameters};

/// Headers that no document decides on: OpenAPI has other places for them, or whoever makes a request sets them.
const NOT_SAID_HERE: &[&str] = &[
    "accept",
    "accept-encoding",
    "accept-language",
    "connection",
    "content-length",
    "content-type",
    "host",
    "origin",
    "referer",
    "user-agent",
];

/// What the name of a header has that says who is asking. Letters and digits alone.
const OF_THE_USER: &[&str] = &["auth", "token", "apikey", "secret", "csrf", "xsrf"];

/// Headers, and parameters of the query, that hold a key wherever they are.
const KEYS: &[&str] = &["apikey", "accesstoken", "authtoken"];

/// Headers that tell requests apart, and stay the same where one is repeated.
const IDS_OF_REQUESTS: &[&str] = &["idempotencykey", "xidempotencykey", "requestid", "xrequestid", "xcorrelationid"];

/// The header that every write has, where the config doesn't say otherwise.
const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// What an operation requires beside its path and its body, and what fills it.
#[derive(Default)]
pub struct Filled {
    pub query: Vec<Parameter>,
    pub headers: Vec<Parameter>,
    pub outside: Vec<Outside>,
}

/// A parameter that neither a row nor the config can fill, and that needn't keep a write from being made.
pub struct Outside {
    pub kind: OutsideKind,
    pub name: String,
    pub pointer: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum OutsideKind {
    /// A key in the query, which the application has.
    Key,
    /// What only the browser sends.
    Cookie,
}

impl Outside {
    /// Tells whose it is to give.
    pub fn problem(&self, model: &str) -> Problem {
        let (what, help, summary) = match self.kind {
            OutsideKind::Key => (
                "the key",
                "the application gives it: `configureSync({ writeParams: (model) => … })`",
                "have writes that require a key in their query, which the application gives",
            ),
            OutsideKind::Cookie => (
                "the cookie",
                "no code can set it: the browser sends what the server has set, to another origin only if `fetch` in `configureSync` includes credentials",
                "have writes that require a cookie, which only the browser sends",
            ),
        };
        let name = &self.name;
        let message = format!("writes to `{model}` require {what} `{name}`");
        let problem = Problem::new(Severity::Note, Code::RuntimeParameter, (Input::Spec, &self.pointer), message);
        problem.help(help).summed("model", summary, format!("`{model}`: `{name}`"))
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
        creates: bool,
    ) -> Result<(Operation, Vec<Outside>), Unusable> {
        let parameters = self.in_path(item, node)?;
        let Filled { query, headers, outside } = self.beside_path(method, item, node, creates)?;
        Ok((Operation { query, headers, ..bodiless(method, item, parameters) }, outside))
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
    fn beside_path(
        &self,
        method: Method,
        item: &PathItem<'a>,
        node: &Node<'a>,
        creates: bool,
    ) -> Result<Filled, Unusable> {
        let mut filled = Filled::default();
        let mut missing: Vec<RequiredParameter> = Vec::new();
        if !self.is_for_api {
            return Ok(filled);
        }
        for parameter in required_parameters(self.document, &item.node, node) {
            let name = parameter.name.clone().into_owned();
            match self.fate(method, &parameter, creates) {
                Fate::Sent(filling) if parameter.place == In::Query => filled.query.push(Parameter { name, filling }),
                Fate::Sent(filling) => filled.headers.push(Parameter { name, filling }),
                Fate::Outside(kind) => filled.outside.push(Outside { kind, name, pointer: parameter.pointer }),
                Fate::Missing => missing.push(parameter),
                Fate::Known => {}
            }
        }
        let Some(first) = missing.first() else { return Ok(filled) };
        let names: Vec<&str> = missing.iter().map(|parameter| parameter.name.as_ref()).collect();
        let what = match (first.place, names.len()) {
            (In::Header, 1) => "the header",
            (In::Header, _) => "the headers",
            (_, 1) => "the query parameter",
            (..) => "the query parameters",
        };
        // Of both kinds, what is shared is that they are parameters.
        let what = match missing.iter().all(|parameter| parameter.place == first.place) {
            true => what,
            false => "the parameters",
        };
        Err(Unusable {
            pointer: first.pointer.clone(),
            reason: format!("it requires {what} {}, which nothing fills", all_of(&names, 4)),
            parameters: names.iter().map(|name| (*name).to_owned()).collect(),
            operation: Some(node.pointer.clone()),
        })
    }

    fn fate(&self, method: Method, parameter: &RequiredParameter, creates: bool) -> Fate {
        let RequiredParameter { name, place, value, is_api_key, .. } = parameter;
        let plain = plain(name);
        let is_header = *place == In::Header;
        let is_named = |names: &[&str]| names.iter().any(|own| own.eq_ignore_ascii_case(name));
        if *place == In::Cookie || (is_header && is_named(&["cookie"])) {
            return if *is_api_key { Fate::Known } else { Fate::Outside(OutsideKind::Cookie) };
        }
        if is_header && is_named(NOT_SAID_HERE) {
            return Fate::Known;
        }
        if let Some((_, value)) = self.params.iter().find(|(own, _)| own == name) {
            return Fate::Sent(Filling::Value(value.clone()));
        }
        // The application's `headers` are for all of these.
        if is_header && (*is_api_key || OF_THE_USER.iter().any(|word| plain.contains(word))) {
            return Fate::Known;
        }
        if *is_api_key || KEYS.contains(&plain.as_str()) {
            return Fate::Outside(OutsideKind::Key);
        }
        if is_header && name.eq_ignore_ascii_case(IDEMPOTENCY_KEY) && self.is_keyed {
            return Fate::Known;
        }
        if is_header && IDS_OF_REQUESTS.contains(&plain.as_str()) {
            return Fate::Sent(Filling::WriteId);
        }
        // What a PUT replaces is read before, with its tag.
        if is_header
            && is_named(&["if-match"])
            && method == Method::Put
            && self.resource.item_operation("get").is_some()
        {
            return Fate::Known;
        }
        if let Some(value) = value {
            return Fate::Sent(Filling::Value(value.clone()));
        }
        match self.column(name, creates) {
            Some(field) => Fate::Sent(Filling::Field(field)),
            None => Fate::Missing,
        }
    }

    /// The column of a parameter's name, where it has one text. A new row has no value yet in what only the server sets.
    fn column(&self, name: &str, creates: bool) -> Option<String> {
        let has_text = |field: &&RowField| !matches!(field.ty, FieldType::Json | FieldType::Bytes);
        let is_known = |field: &&RowField| !creates || !field.read_only;
        let named = || self.fields.iter().filter(has_text).filter(is_known);
        let exact = named().find(|field| field.name == name);
        let found = exact.or_else(|| named().find(|field| discovery::same_name(&field.name, name)));
        found.map(|field| field.name.clone())
    }
}

/// A name's letters and digits, in lower case.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}
