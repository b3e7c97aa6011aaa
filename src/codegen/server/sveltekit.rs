//! What SvelteKit has: `sveltekit.ts` in the server's folder, and an endpoint each in that of the routes.

use serde::Serialize;

use super::application;
use crate::codegen::template::{File, Page, Renderer};
use crate::codegen::{BANNER, Files};
use crate::config::{ServerConfig, way};
use crate::names::ts;

/// The endpoints, and the method of each.
const ENDPOINTS: [(&str, &str); 4] = [("push", "POST"), ("pull", "POST"), ("poke", "GET"), ("health", "GET")];

#[derive(Serialize)]
struct FunctionsView {
    banner: &'static str,
}

#[derive(Serialize)]
struct RouteView {
    banner: &'static str,
    /// The application's module, as a string literal.
    application: String,
    method: &'static str,
    endpoint: &'static str,
}

pub fn functions(renderer: &Renderer) -> anyhow::Result<File> {
    renderer.render(Page::new("sveltekit.ts", "sveltekit.ts"), FunctionsView { banner: BANNER })
}

pub fn routes(server: &ServerConfig, renderer: &Renderer) -> anyhow::Result<Files> {
    let module = server.output.with_file_name(application::module(server));
    let route = |(endpoint, method): (&'static str, &'static str)| {
        let application = ts::string(&way(&server.routes.join(endpoint), &module));
        let page = Page::new("sveltekit-route.ts", format!("{endpoint}/+server.ts"));
        renderer.render(page, RouteView { banner: BANNER, application, method, endpoint })
    };
    ENDPOINTS.into_iter().map(route).collect()
}
