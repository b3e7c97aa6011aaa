//! What the config decides for the whole client.

use super::template::OwnTemplates;
use crate::config::{Adapter, Config, Framework, IdempotencyKey, Int64, ServerConfig};

/// The settings that every target reads.
#[derive(Debug, Clone, Copy)]
pub struct Settings<'a> {
    pub adapter: Adapter,
    pub int64: Int64,
    pub framework: Framework,
    /// Name of the local database.
    pub database: &'a str,
    pub electric_url: &'a str,
    pub api_base_url: &'a str,
    pub sync_url: &'a str,
    pub idempotency_key: IdempotencyKey,
    /// Seconds between two pulls of a list.
    pub poll: u32,
    /// The sync server, where there is one as well.
    pub server: Option<&'a ServerConfig>,
    /// Templates that replace ours.
    pub templates: Option<&'a OwnTemplates>,
}

impl<'a> Settings<'a> {
    pub fn of(config: &'a Config, templates: Option<&'a OwnTemplates>) -> Self {
        Self {
            adapter: config.adapter,
            int64: config.int64,
            framework: config.framework,
            database: &config.database,
            electric_url: &config.electric_url,
            api_base_url: &config.api_base_url,
            sync_url: &config.sync_url,
            idempotency_key: config.idempotency_key,
            poll: config.poll,
            server: config.server.as_ref(),
            templates,
        }
    }
}
