//! What is different in a model's endpoints.

use super::change::{Change, Kind, Severity};
use super::effect::{Effect, Rejected, When, Write};
use super::quote::{name, names};
use crate::schema_json::document::{Model, Operation};

/// The operations of a model, with the writes that need them, in the order in which they are told.
const ALL: [(&str, Option<Write>); 5] = [
    ("list", None),
    ("get", None),
    ("create", Some(Write::Insert)),
    ("update", Some(Write::Update)),
    ("delete", Some(Write::Delete)),
];

pub fn changes(old: &Model, new: &Model) -> Vec<Change> {
    let inputs: Vec<String> = new.inputs.keys().filter(|name| !old.inputs.contains_key(*name)).cloned().collect();
    let has_create = old.operations.contains_key("create") && !inputs.is_empty();
    let needed = has_create.then(|| {
        let effect = Effect::remark("Pending inserts lack it: the API may refuse them.".to_owned());
        Change::new(Kind::EndpointChanged, format!("an insert must give {}, too", names(inputs)), effect)
    });
    let operations = ALL.into_iter().filter_map(|(operation, write)| {
        match (old.operations.get(operation), new.operations.get(operation)) {
            (None, Some(after)) => Some(added(operation, after, write)),
            (Some(_), None) => Some(removed(operation, write)),
            (Some(before), Some(after)) => changed(old, new, operation, before, after, write),
            (None, None) => None,
        }
    });
    operations.chain(needed).collect()
}

fn added(operation: &str, after: &Operation, write: Option<Write>) -> Change {
    let effect = match write {
        Some(write) => Effect::remark(format!("The application can make {} now.", write.noun())),
        None => Effect::default(),
    };
    Change::new(Kind::EndpointAdded, format!("there is a {operation} now: {}", place(after)), effect)
}

fn removed(operation: &str, write: Option<Write>) -> Change {
    let effect = match write {
        None => Effect::default(),
        Some(write) => {
            Effect::default().rejecting(Rejected::new(vec![write], None, When::Always)).saying(match write {
                Write::Insert => "So is what was written to these rows since.",
                Write::Update => "The rows show what the server has.",
                Write::Delete => "The rows are shown again.",
            })
        }
    };
    Change::new(Kind::EndpointRemoved, format!("there is no {operation} any more"), effect)
}

fn changed(
    old: &Model,
    new: &Model,
    operation: &str,
    before: &Operation,
    after: &Operation,
    write: Option<Write>,
) -> Option<Change> {
    let mut parts = Vec::new();
    let is_elsewhere = (&before.method, &before.path) != (&after.method, &after.path);
    if is_elsewhere {
        parts.push(format!("is {}, no longer {}", place(after), place(before)));
    }
    if before.parameters != after.parameters {
        parts.push("fills its path otherwise".to_owned());
    }
    if (&before.query, &before.headers) != (&after.query, &after.headers) {
        parts.push("has other parameters in its query or headers".to_owned());
    }
    if before.envelope != after.envelope {
        parts.push(match &after.envelope {
            Some(envelope) => format!("wraps its body in {}", name(envelope)),
            None => "doesn't wrap its body any more".to_owned(),
        });
    }
    if (&before.places, &before.constants) != (&after.places, &after.constants) {
        parts.push("has its fields elsewhere in its body".to_owned());
    }
    if before.media != after.media {
        parts.push(format!("takes {}", name(after.media.as_deref().unwrap_or("application/json"))));
    }
    if before.names != after.names || before.casts != after.casts {
        parts.push("has other names or types in its body".to_owned());
    }
    let is_said = |column: &&String| is_said_of_column(old, new, column);
    let only = |these: &[String], others: &[String]| -> Vec<String> {
        these.iter().filter(|column| !others.contains(column) && !is_said(column)).cloned().collect()
    };
    for (one, other, what) in [
        (&after.body, &before.body, "takes"),
        (&before.body, &after.body, "no longer takes"),
        (&after.nulls, &before.nulls, "needs, even as null,"),
        (&before.nulls, &after.nulls, "can do without"),
        (&after.required, &before.required, "needs, even unchanged,"),
        (&before.required, &after.required, "can do without an unchanged"),
    ] {
        let columns = only(one, other);
        if !columns.is_empty() {
            parts.push(format!("{what} {}", names(columns)));
        }
    }
    if parts.is_empty() {
        return None;
    }
    let effect = match write {
        Some(write) => Effect::remark(format!("Pending {} are sent that way.", write.noun())),
        None => Effect::default(),
    };
    let change = Change::new(Kind::EndpointChanged, format!("{operation} {}", parts.join(", ")), effect);
    Some(if is_elsewhere && write.is_some() { change.at_least(Severity::Notice) } else { change })
}

/// Whether a change of the column says already what a body takes of it.
fn is_said_of_column(old: &Model, new: &Model, column: &str) -> bool {
    match (old.field(column), new.field(column)) {
        (Some(one), Some(other)) => {
            (one.insert, one.update, one.nullable) != (other.insert, other.update, other.nullable)
        }
        (None, None) => false,
        _ => true,
    }
}

fn place(operation: &Operation) -> String {
    name(&format!("{} {}", operation.method, operation.path))
}
