//! The views of `client.ts`, and of what the config has chosen in `db/client`.

use serde::Serialize;

use super::module::Module;
use super::runtime::Parts;
use crate::codegen::template::{File, Page, Renderer};
use crate::codegen::{BANNER, Settings};
use crate::config::IdempotencyKey;
use crate::config::USUAL_POLL;
use crate::names::ts;

#[derive(Serialize)]
struct ClientView<'a> {
    banner: &'a str,
    is_local: bool,
    /// Whether rows that were deleted are kept.
    keeps_deleted: bool,
    collections: Vec<Collection<'a>>,
}

#[derive(Serialize)]
struct Collection<'a> {
    /// The model's name, as the key of an object literal.
    key: String,
    /// What the collection's options are called here.
    name: &'a str,
    /// A string literal.
    module: String,
}

/// Where the database and the servers are, in string literals.
#[derive(Serialize)]
struct DefaultsView<'a> {
    banner: &'a str,
    database: String,
    electric_url: String,
    api_base_url: String,
    /// Where the sync server is, where models come from one.
    sync_url: Option<String>,
    /// A string literal, where it isn't what the runtime does anyway.
    idempotency_key: Option<String>,
    /// Seconds between two pulls, where the client has another default.
    poll: Option<u32>,
}

#[derive(Serialize)]
struct AdaptersView<'a> {
    banner: &'a str,
    adapter: &'a str,
}

#[derive(Serialize)]
struct TransportsView<'a> {
    banner: &'a str,
    /// Whether rows come through Electric, from the API's lists, and from a sync server.
    is_streamed: bool,
    is_polled: bool,
    is_pulled: bool,
    /// Whether writes go to the API: those of a sync server's models go there.
    is_written: bool,
}

pub fn files(renderer: &Renderer, modules: &[Module], settings: Settings, parts: &Parts) -> anyhow::Result<Vec<File>> {
    let sources = parts.sources;
    let client = ClientView {
        banner: BANNER,
        is_local: sources.local(),
        keeps_deleted: parts.keeps_deleted,
        collections: modules.iter().map(collection).collect(),
    };
    let defaults = DefaultsView {
        banner: BANNER,
        database: ts::string(settings.database),
        electric_url: ts::string(settings.electric_url),
        api_base_url: ts::string(settings.api_base_url),
        sync_url: sources.pulled.then(|| ts::string(settings.sync_url)),
        idempotency_key: (settings.idempotency_key != IdempotencyKey::Header)
            .then(|| ts::string(settings.idempotency_key.word())),
        poll: ((sources.polled || sources.pulled) && settings.poll != USUAL_POLL).then_some(settings.poll),
    };
    let mut files = vec![
        renderer.render(Page::new("client.ts", "client.ts"), client)?,
        renderer.render(Page::new("defaults.ts", "db/client/defaults.ts"), defaults)?,
    ];
    if sources.local() {
        let (is_streamed, is_polled, is_pulled) = (sources.streamed, sources.polled, sources.pulled);
        let is_written = is_streamed || is_polled;
        let adapters = AdaptersView { banner: BANNER, adapter: settings.adapter.word() };
        let transports = TransportsView { banner: BANNER, is_streamed, is_polled, is_pulled, is_written };
        files.push(renderer.render(Page::new("adapters.ts", "db/client/adapters.ts"), adapters)?);
        files.push(renderer.render(Page::new("transports.ts", "db/client/transports.ts"), transports)?);
    }
    Ok(files)
}

fn collection<'a>(module: &'a Module) -> Collection<'a> {
    let key = ts::property_key(&module.plan.model.name);
    let name = module.collection.as_str();
    Collection { module: ts::string(&format!("./collections/{}.js", module.stem)), key, name }
}
