//! The development servers, and what each is told.

use std::path::Path;

use serde::Serialize;

use super::prefix::Route;
use crate::init::edit::Edit;
use crate::init::edit::object::{Member, add, nested};
use crate::init::surroundings::lists_package;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tool {
    Angular,
    Next,
    Nuxt,
    Astro,
    Vite,
    VueCli,
    ReactScripts,
    Webpack,
}

impl Tool {
    /// What stands on another comes first.
    const ALL: [Self; 8] = [
        Self::Angular,
        Self::Next,
        Self::Nuxt,
        Self::Astro,
        Self::Vite,
        Self::VueCli,
        Self::ReactScripts,
        Self::Webpack,
    ];

    pub fn of(folder: &Path) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| {
            tool.existing(folder).is_some() || tool.packages().iter().any(|package| lists_package(folder, package))
        })
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Angular => "Angular",
            Self::Next => "Next",
            Self::Nuxt => "Nuxt",
            Self::Astro => "Astro",
            Self::Vite => "Vite",
            Self::VueCli => "Vue CLI",
            Self::ReactScripts => "Create React App",
            Self::Webpack => "webpack",
        }
    }

    fn packages(self) -> &'static [&'static str] {
        match self {
            Self::Angular => &["@angular/cli"],
            Self::Next => &["next"],
            Self::Nuxt => &["nuxt"],
            Self::Astro => &["astro"],
            Self::Vite => &["vite"],
            Self::VueCli => &["@vue/cli-service"],
            Self::ReactScripts => &["react-scripts"],
            Self::Webpack => &["webpack-dev-server"],
        }
    }

    fn existing(self, folder: &Path) -> Option<String> {
        let (stem, ends): (&str, &[&str]) = match self {
            Self::Angular | Self::ReactScripts => return None,
            Self::Next => ("next.config", &["ts", "js", "mjs"]),
            Self::Nuxt => ("nuxt.config", &["ts", "js", "mjs"]),
            Self::Astro => ("astro.config", &["mjs", "ts", "js", "mts"]),
            Self::Vite => ("vite.config", &["ts", "js", "mjs", "mts", "cjs", "cts"]),
            Self::VueCli => ("vue.config", &["js", "cjs", "mjs"]),
            Self::Webpack => ("webpack.config", &["js", "ts", "cjs", "mjs"]),
        };
        ends.iter().map(|end| format!("{stem}.{end}")).find(|name| folder.join(name).is_file())
    }

    /// The file that takes the lines.
    pub fn file(self, folder: &Path) -> String {
        let script = if folder.join("tsconfig.json").is_file() { "ts" } else { "js" };
        self.existing(folder).unwrap_or_else(|| match self {
            Self::Angular => "proxy.conf.json".to_owned(),
            Self::Next => "next.config.mjs".to_owned(),
            Self::Nuxt => "nuxt.config.ts".to_owned(),
            Self::Astro => "astro.config.mjs".to_owned(),
            Self::Vite => format!("vite.config.{script}"),
            Self::VueCli => "vue.config.js".to_owned(),
            Self::ReactScripts => "src/setupProxy.js".to_owned(),
            Self::Webpack => "webpack.config.js".to_owned(),
        })
    }

    /// `text`: what the file has; `None` where there is no file.
    pub fn edit(self, text: Option<&str>, route: &Route) -> Edit {
        let lines = self.member(route);
        let member = |within, key| Member { within, key, lines: &lines };
        let prefix = route.prefix.as_str();
        match (self, text) {
            (Self::Vite, None) => Edit::Text(format!(
                "import {{ defineConfig }} from \"vite\";\n\nexport default defineConfig({{\n{}\n}});\n",
                indented(&self.lines(route))
            )),
            (Self::Angular | Self::VueCli | Self::ReactScripts | Self::Webpack, _) | (_, None) => Edit::ByHand,
            (Self::Next, Some(text)) => add(text, &member(self.within(), "rewrites")),
            (_, Some(text)) => add(text, &member(self.within(), prefix)),
        }
    }

    /// The keys around the entry.
    fn within(self) -> &'static [&'static str] {
        match self {
            Self::Vite => &["server", "proxy"],
            Self::Astro => &["vite", "server", "proxy"],
            Self::Nuxt => &["nitro", "devProxy"],
            Self::VueCli => &["devServer", "proxy"],
            Self::Webpack => &["devServer"],
            Self::Angular | Self::Next | Self::ReactScripts => &[],
        }
    }

    /// What to write by hand.
    pub fn lines(self, route: &Route) -> String {
        let Route { prefix, target, .. } = route;
        match self {
            Self::Angular => format!("{{\n{}\n}}", indented(self.member(route).trim_end_matches(','))),
            Self::ReactScripts => {
                let rewrite = rewrite("pathRewrite", route);
                format!(
                    "const {{ createProxyMiddleware }} = require(\"http-proxy-middleware\");\n\nmodule.exports = (app) => {{\n  app.use(createProxyMiddleware({{ pathFilter: \"{prefix}\", target: \"{target}\"{rewrite} }}));\n}};"
                )
            }
            _ => nested(self.within(), &self.member(route)),
        }
    }

    /// The entry itself.
    fn member(self, route: &Route) -> String {
        let Route { prefix, target, is_removed, .. } = route;
        let path = if *is_removed { "" } else { prefix.as_str() };
        match self {
            Self::Vite | Self::Astro => of_vite(route),
            Self::Next => format!(
                "async rewrites() {{\n  return [{{ source: \"{prefix}/:path*\", destination: \"{target}{path}/:path*\" }}];\n}}"
            ),
            // It removes the prefix in any case.
            Self::Nuxt => format!("\"{prefix}\": {{ target: \"{target}{path}\" }}"),
            Self::VueCli => format!("\"{prefix}\": {{ target: \"{target}\"{} }}", rewrite("pathRewrite", route)),
            Self::Webpack => {
                format!("proxy: [{{ context: [\"{prefix}\"], target: \"{target}\"{} }}]", rewrite("pathRewrite", route))
            }
            Self::Angular => {
                let rewrite =
                    if *is_removed { format!(", \"pathRewrite\": {{ \"^{prefix}\": \"\" }}") } else { String::new() };
                format!("\"{prefix}\": {{ \"target\": \"{target}\"{rewrite} }}")
            }
            Self::ReactScripts => String::new(),
        }
    }

    /// What else has to be done by hand.
    pub fn remark(self) -> Option<&'static str> {
        match self {
            Self::Angular => Some(
                "start it with `ng serve --proxy-config proxy.conf.json`, or name the file as `proxyConfig` in angular.json",
            ),
            Self::ReactScripts => Some("install http-proxy-middleware"),
            _ => None,
        }
    }
}

fn rewrite(key: &str, route: &Route) -> String {
    let origin = if route.is_local() { "" } else { ", changeOrigin: true" };
    let prefix = &route.prefix;
    let rewrite = if route.is_removed { format!(", {key}: {{ \"^{prefix}\": \"\" }}") } else { String::new() };
    format!("{origin}{rewrite}")
}

/// A backend on this machine gets the page's `Host`, so that it makes links and redirects to the page's origin. Where the
/// prefix is removed, redirects lack it, and get it back.
fn of_vite(route: &Route) -> String {
    let Route { prefix, target, is_removed, .. } = route;
    let mut lines = vec![format!("target: \"{target}\",")];
    if !route.is_local() {
        lines.push("changeOrigin: true,".to_owned());
    }
    if *is_removed {
        lines.push(format!("rewrite: (path) => path.slice(\"{prefix}\".length),"));
    }
    if *is_removed || !route.is_local() {
        let (request, own) = match route.is_local() {
            true => (", request", "`http://${request.headers.host}`".to_owned()),
            false => ("", format!("\"{target}\"")),
        };
        let prefix = if *is_removed { format!(".replace(/^\\//, \"{prefix}/\")") } else { String::new() };
        lines.push("// The backend's redirects lead back through the proxy.".to_owned());
        lines.push(format!("configure: (proxy) => {{\n  proxy.on(\"proxyRes\", ({{ headers }}{request}) => {{"));
        lines.push(format!("    headers.location &&= headers.location.replace({own}, \"\"){prefix};"));
        lines.push("  });\n},".to_owned());
    }
    format!("\"{prefix}\": {{\n{}\n}}", indented(&lines.join("\n")))
}

fn indented(lines: &str) -> String {
    lines
        .lines()
        .map(|line| if line.is_empty() { String::new() } else { format!("  {line}") })
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::edit::tests::edited;

    fn route(base: &str) -> Route {
        Route::new(base, &["/contacts"]).unwrap()
    }

    #[test]
    fn what_each_is_told() {
        let mut said = String::new();
        for base in ["http://localhost:8000", "https://api.example.org/v1"] {
            for tool in Tool::ALL {
                said += &format!("{}, {base}:\n{}\n\n", tool.name(), tool.lines(&route(base)));
            }
        }
        insta::assert_snapshot!(said);
    }

    #[test]
    fn configs_are_edited_once() {
        for (tool, text) in [
            (Tool::Vite, "export default defineConfig({\n  plugins: [react()],\n})\n"),
            (Tool::Astro, "export default defineConfig({});\n"),
            (Tool::Nuxt, "export default defineNuxtConfig({\n  devtools: { enabled: true }\n})\n"),
            (
                Tool::Next,
                "const nextConfig: NextConfig = {\n  /* config options here */\n};\n\nexport default nextConfig;\n",
            ),
        ] {
            for base in ["http://localhost:8000", "https://api.example.org/v1"] {
                let text = edited(tool.edit(Some(text), &route(base)));
                let again = tool.edit(Some(&text), &route(base));
                let is_method = tool == Tool::Next && again == Edit::ByHand;
                assert!(again == Edit::None || is_method, "{text}");
            }
        }
        assert!(edited(Tool::Vite.edit(None, &route("http://localhost:8000"))).starts_with("import { defineConfig }"));
    }
}
