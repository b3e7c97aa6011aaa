//! `init`'s offer to set up the development server's proxy.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use anyhow::Context;
use clap::Args;
use serde_json::{Value, json};
use similar::TextDiff;

use crate::cli::ask;
use crate::init::dev_server::{Proxy, Route, proxy};
use crate::init::edit::Edit;

#[derive(Debug, Args)]
pub struct DevProxy {
    /// Let the development server pass requests on to the API, so that the API needs no CORS
    ///
    /// Adds a proxy to the config of Vite, Next, Nuxt or Astro, prints the lines to add for Angular, webpack and others,
    /// and makes api_base_url the path of the proxy. Without this flag, init asks at a terminal, and elsewhere changes
    /// nothing.
    #[arg(long)]
    dev_proxy: bool,
    /// Let the page send requests to the API directly
    #[arg(long, conflicts_with = "dev_proxy")]
    no_dev_proxy: bool,
}

/// The proxy that the page can have.
pub struct ProxyOffer {
    proxy: Proxy,
    pub route: Route,
    pub is_taken: bool,
}

impl DevProxy {
    /// `base_url`: where the API is; `paths`: of its models; `is_own`: whether the page's server is all that it needs, so that
    /// only who wants it gets a proxy.
    pub fn offer(
        &self,
        folder: &Path,
        base_url: &str,
        paths: &[&str],
        asks: bool,
        is_own: bool,
    ) -> anyhow::Result<Option<ProxyOffer>> {
        let Some(route) = Route::new(base_url, paths).filter(|_| !self.no_dev_proxy && (self.dev_proxy || !is_own))
        else {
            return Ok(None);
        };
        let found = proxy(folder, &route).context("can't read the config of the development server")?;
        let Some(proxy) = found.filter(|proxy| proxy.edit != Edit::None) else { return Ok(None) };
        let mut offer = ProxyOffer { proxy, route, is_taken: self.dev_proxy };
        if asks && !self.dev_proxy {
            ask::say(&offer.shown())?;
            offer.is_taken = ask::yes(&offer.question(), true)?;
        }
        Ok(Some(offer))
    }
}

impl ProxyOffer {
    fn file(&self) -> String {
        self.proxy.file.display().to_string()
    }

    fn is_edited(&self) -> bool {
        self.is_taken && self.proxy.edit != Edit::ByHand
    }

    /// What would change.
    fn shown(&self) -> String {
        match &self.proxy.edit {
            Edit::Text(after) => {
                let diff = TextDiff::from_lines(&self.proxy.before, after);
                let hunks = diff.unified_diff().to_string();
                format!("\n{}:\n{}", self.file(), hunks.trim_end())
            }
            _ => format!("\n{}, by hand:\n{}", self.file(), self.proxy.lines),
        }
    }

    fn question(&self) -> String {
        let name = self.proxy.tool.name();
        let Route { prefix, target, .. } = &self.route;
        let what = match self.proxy.edit {
            Edit::ByHand => format!("Reach {target} through {name}'s proxy at {prefix} (you add the lines above)"),
            _ => format!("Let {name}'s development server pass {prefix} on to {target}, as above"),
        };
        format!("{what}, so that the API needs no CORS")
    }

    /// Edits the file, where the user wants it.
    pub fn apply(&self) -> anyhow::Result<()> {
        match &self.proxy.edit {
            Edit::Text(text) if self.is_taken => {
                fs::write(&self.proxy.file, text).with_context(|| format!("can't write {}", self.file()))
            }
            _ => Ok(()),
        }
    }

    pub fn json(&self) -> Value {
        let Proxy { tool, file, lines, .. } = &self.proxy;
        let Route { prefix, target, base_url, .. } = &self.route;
        json!({
            "server": tool, "file": file, "lines": lines, "edited": self.is_edited(), "prefix": prefix, "target": target,
            "api_base_url": base_url
        })
    }

    /// Says what was edited, and what to add by hand.
    pub fn tell(&self, out: &mut impl Write) -> io::Result<()> {
        let Route { prefix, target, base_url, .. } = &self.route;
        let file = self.file();
        if self.is_edited() {
            return writeln!(out, "{file} is edited: the development server passes {prefix} on to {target}");
        }
        let name = self.proxy.tool.name();
        match (self.is_taken, &self.proxy.edit) {
            (true, _) => writeln!(out, "\nAdd these lines to {file}, so that {name} passes {prefix} on to {target}:")?,
            (false, Edit::ByHand) => writeln!(
                out,
                "\nIf the API lacks CORS, add these lines to {file}, and make api_base_url {base_url} (`--dev-proxy` does the latter):"
            )?,
            (false, _) => {
                return writeln!(
                    out,
                    "\nThe page and the API have two origins: the API needs CORS for the page (docs/backend.md). With `--dev-proxy`,\ninit lets {name} pass {prefix} on to {target} instead."
                );
            }
        }
        for line in self.proxy.lines.lines() {
            writeln!(out, "  {line}")?;
        }
        match self.proxy.tool.remark() {
            Some(remark) => writeln!(out, "and {remark}"),
            None => Ok(()),
        }
    }
}
