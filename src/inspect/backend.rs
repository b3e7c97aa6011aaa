//! Says how the writes of a model are settled, and what its backend could add: the sections of `docs/backend.md`.

use serde::Serialize;

use crate::model::{Insert, Method, Model, Operation, Surveyed};
use crate::plan::ModelPlan;

/// How the client knows that a row shows a write.
pub fn settled_by(model: &Model) -> &'static str {
    if writes(model).next().is_none() {
        "nothing"
    } else if !model.asks_api() {
        "place"
    } else if !model.is_local() {
        "txid or answer"
    } else if model.write_id.row {
        "write_id"
    } else {
        "txid or arrival"
    }
}

/// Explains `settled_by`.
pub fn settling(settled_by: &str) -> &'static str {
    match settled_by {
        "place" => "once a pull has reached the place that the sync server says a write has",
        "write_id" => "by `write_id`, which says which write a row shows",
        "txid or arrival" => {
            "by `txid`, if the API's answers have one; else by the first arrival of the row after the answer"
        }
        "txid or answer" => "by `txid`, if the API's answers have one; else by the answer",
        _ => "nothing to settle: it is read-only",
    }
}

/// Something that a backend can offer its clients, and that the document lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Addition {
    pub add: &'static str,
    pub what: &'static str,
    /// The section of `docs/backend.md`.
    pub section: &'static str,
}

const IDEMPOTENCY_KEY: Addition = Addition {
    add: "idempotency_key",
    what: "the header `Idempotency-Key`, which the document doesn't mention, so that a repeated request changes nothing",
    section: "A write that comes again",
};
const WRITE_ID: Addition = Addition {
    add: "write_id",
    what: "`write_id` in the rows (or `txid` in the answers), so that no edit flickers",
    section: "Which write a row shows",
};
const WRITE_ID_IN_BODIES: Addition = Addition {
    add: "write_id_in_bodies",
    what: "`write_id` in the request bodies, unless the server takes it from `Idempotency-Key`",
    section: "Which write a row shows",
};
const KEY: Addition = Addition {
    add: "key",
    what: "an optional key in the body of create, so that a row's key never changes",
    section: "Keys",
};
const KEY_OF_CLIENTS: Addition = Addition {
    add: "key_of_clients",
    what: "a UUID or text as the key that create takes, which a client can make, so that a row's key never changes",
    section: "Keys",
};
const PATCH: Addition = Addition {
    add: "patch",
    what: "`PATCH`, or `ETag` and `If-Match`, so that two people can edit two fields of a row",
    section: "Changing a row with PUT alone",
};

/// All additions, the most important first.
pub const ADDITIONS: [Addition; 6] = [IDEMPOTENCY_KEY, WRITE_ID, WRITE_ID_IN_BODIES, KEY, KEY_OF_CLIENTS, PATCH];

pub fn additions(surveyed: &Surveyed, plan: &ModelPlan) -> Vec<Addition> {
    let model = &surveyed.model;
    // A sync server has all of it.
    if writes(model).next().is_none() || !model.asks_api() {
        return Vec::new();
    }
    let operations = &model.operations;
    let write_id = model.write_id;
    let bodies_lack_it =
        (operations.create.is_some() && !write_id.create) || (operations.update.is_some() && !write_id.update);
    let by_put = operations.update.as_ref().is_some_and(|update| update.method == Method::Put);
    let takes_key = model.own_key().any(|key| key.insert != Insert::Never);
    let lacks = [
        !surveyed.takes_idempotency_key,
        model.is_local() && !write_id.row,
        model.is_local() && write_id.row && bodies_lack_it,
        plan.has_temporary_keys() && !takes_key,
        plan.has_temporary_keys() && takes_key,
        by_put,
    ];
    ADDITIONS.into_iter().zip(lacks).filter(|(_, lacks)| *lacks).map(|(addition, _)| addition).collect()
}

/// The operations of a model that write, in the order of a row's life.
fn writes(model: &Model) -> impl Iterator<Item = &Operation> {
    let operations = &model.operations;
    [&operations.create, &operations.update, &operations.delete].into_iter().flatten()
}
