//! The flags of `init`. Each answers a question.

use clap::Args;

use super::copy::SaveSpec;
use super::dev_proxy::DevProxy;
use crate::cli::ignore_files::IgnoreFiles;
use crate::cli::inputs::ProjectArgs;
use crate::config::{Collections, Framework, Transport};

#[derive(Debug, Args)]
pub struct Init {
    #[command(flatten)]
    pub project: ProjectArgs,
    /// How rows come in [default: rest is suggested at a terminal, and electric taken without one]
    #[arg(long, value_enum)]
    pub transport: Option<Transport>,
    /// The framework to generate hooks for [default: what package.json lists, else react]
    #[arg(short, long, value_enum)]
    pub framework: Option<Framework>,
    /// A model to sync; repeatable. A write is saved once it is in the local database (optimistic), or once the server
    /// has accepted it (confirmed) [default: as the document says, else confirmed]
    #[arg(short, long, value_name = "NAME[=optimistic|confirmed]", value_parser = model_flag)]
    pub model: Vec<(String, Option<bool>)>,
    /// Where collections keep their rows: in the local database, or nowhere (electric)
    #[arg(long, value_enum, default_value = "local")]
    pub collections: Collections,
    /// The name of the local database
    #[arg(long, value_name = "NAME")]
    pub database: Option<String>,
    /// Where Electric answers /v1/shape
    #[arg(long, value_name = "URL")]
    pub electric_url: Option<String>,
    /// What stands before the document's paths [default: as the document says, on the server that it comes from]
    #[arg(long, value_name = "URL")]
    pub api_base_url: Option<String>,
    #[command(flatten)]
    pub save_spec: SaveSpec,
    #[command(flatten)]
    pub dev_proxy: DevProxy,
    #[command(flatten)]
    pub ignore_files: IgnoreFiles,
    /// Ask nothing, and use defaults for what no flag says
    #[arg(short, long)]
    pub yes: bool,
}

fn model_flag(text: &str) -> Result<(String, Option<bool>), String> {
    let (name, mode) = text.split_once('=').map_or((text, None), |(name, mode)| (name, Some(mode)));
    let local_first = match mode {
        None => None,
        Some("optimistic") => Some(true),
        Some("confirmed") => Some(false),
        Some(other) => return Err(format!("`{other}` is neither `optimistic` nor `confirmed`")),
    };
    Ok((name.to_owned(), local_first))
}
