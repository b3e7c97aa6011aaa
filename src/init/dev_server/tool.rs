//! The development servers, and what each is told.

use std::path::Path;

use serde::Serialize;

use super::prefix::Route;
use crate::codegen::template::{Page, Renderer, TemplateSet, Templates, templates};
use crate::init::edit::Edit;
use crate::init::edit::object::{Member, add, nested};
use crate::init::surroundings::lists_package;

/// What each server's config takes. `options` is a part of others.
const TEMPLATES: TemplateSet = templates!["dev_server":
    "angular",
    "next",
    "nuxt",
    "options",
    "react_scripts",
    "vite",
    "vite.config",
    "vue_cli",
    "webpack",
];

#[derive(Serialize)]
struct RouteView<'a> {
    prefix: &'a str,
    target: &'a str,
    /// What requests have in front of their paths at the backend.
    path: &'a str,
    is_removed: bool,
    is_local: bool,
}

#[derive(Serialize)]
struct NewConfigView<'a> {
    lines: &'a str,
}

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
    /// A framework comes before the server that it is built on: Astro before Vite.
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
    pub fn edit(self, text: Option<&str>, route: &Route) -> anyhow::Result<Edit> {
        let key = match self {
            Self::Angular | Self::VueCli | Self::ReactScripts | Self::Webpack => return Ok(Edit::ByHand),
            Self::Next => "rewrites",
            Self::Nuxt | Self::Astro | Self::Vite => route.prefix.as_str(),
        };
        match text {
            Some(text) => Ok(add(text, &Member { within: self.within(), key, lines: &self.rendered(route)? })),
            None if self == Self::Vite => Ok(Edit::Text(new_vite_config(&self.lines(route)?)?)),
            None => Ok(Edit::ByHand),
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
    pub fn lines(self, route: &Route) -> anyhow::Result<String> {
        let rendered = self.rendered(route)?;
        Ok(match self {
            Self::Angular | Self::ReactScripts => rendered,
            _ => nested(self.within(), &rendered),
        })
    }

    /// The entry of the config, or the whole file where that has nothing else.
    fn rendered(self, route: &Route) -> anyhow::Result<String> {
        let template = match self {
            Self::Vite | Self::Astro => "vite",
            Self::Next => "next",
            Self::Nuxt => "nuxt",
            Self::VueCli => "vue_cli",
            Self::Webpack => "webpack",
            Self::Angular => "angular",
            Self::ReactScripts => "react_scripts",
        };
        let Route { prefix, target, is_removed, .. } = route;
        let (is_removed, is_local) = (*is_removed, route.is_local());
        let path = if is_removed { "" } else { prefix };
        let text = render(template, RouteView { prefix, target, path, is_removed, is_local })?;
        Ok(text.trim_end().to_owned())
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

/// A config file for Vite that has nothing but these lines.
fn new_vite_config(lines: &str) -> anyhow::Result<String> {
    render("vite.config", NewConfigView { lines: &indented(lines) })
}

fn render(template: &'static str, view: impl Serialize) -> anyhow::Result<String> {
    let (_, text) = Renderer::new(TEMPLATES, &Templates::new(None))?.render(Page::new(template, template), view)?;
    Ok(text)
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
                said += &format!("{}, {base}:\n{}\n\n", tool.name(), tool.lines(&route(base)).unwrap());
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
                let text = edited(tool.edit(Some(text), &route(base)).unwrap());
                let again = tool.edit(Some(&text), &route(base)).unwrap();
                let is_method = tool == Tool::Next && again == Edit::ByHand;
                assert!(again == Edit::None || is_method, "{text}");
            }
        }
        let new = edited(Tool::Vite.edit(None, &route("http://localhost:8000")).unwrap());
        let start =
            "import { defineConfig } from \"vite\";\n\nexport default defineConfig({\n  server: {\n    proxy: {\n";
        assert!(new.starts_with(start) && new.ends_with("    },\n  },\n});\n"), "{new}");
    }
}
