/// The other files that a document may refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum References {
    /// Files in its folder and below; for a document from the web, the same origin.
    Folder,
    /// Any local file.
    Files,
    /// Any local file and any URL.
    Anywhere,
}

impl References {
    pub const ALL: [References; 3] = [Self::Folder, Self::Files, Self::Anywhere];

    /// As the config has it.
    pub fn word(self) -> &'static str {
        match self {
            References::Folder => "folder",
            References::Files => "files",
            References::Anywhere => "anywhere",
        }
    }
}

/// The local database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adapter {
    Pglite,
    Sqlite,
    /// The browser's own: it has no SQL.
    IndexedDb,
}

impl Adapter {
    /// As the config has it.
    pub fn word(self) -> &'static str {
        match self {
            Adapter::Pglite => "pglite",
            Adapter::Sqlite => "sqlite",
            Adapter::IndexedDb => "indexeddb",
        }
    }
}

/// How a model's rows come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Transport {
    /// By Electric's shapes.
    Electric,
    /// By the API's own lists.
    Rest,
    /// From a sync server, which takes the edits, too.
    PushPull,
}

impl Transport {
    pub const ALL: [Transport; 3] = [Self::Electric, Self::Rest, Self::PushPull];

    /// As the config has it.
    pub fn word(self) -> &'static str {
        match self {
            Transport::Electric => "electric",
            Transport::Rest => "rest",
            Transport::PushPull => "push-pull",
        }
    }
}

/// The TypeScript type of a 64-bit integer column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Int64 {
    Number,
    String,
    Bigint,
}

/// How a write carries its id, by which the server knows it when it comes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdempotencyKey {
    /// In the header `Idempotency-Key`.
    Header,
    /// In no header: a server of another origin would have to allow it.
    None,
}

impl IdempotencyKey {
    pub const ALL: [IdempotencyKey; 2] = [Self::Header, Self::None];

    /// As the config has it.
    pub fn word(self) -> &'static str {
        match self {
            IdempotencyKey::Header => "header",
            IdempotencyKey::None => "none",
        }
    }
}

/// How generated files name each other in imports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportExtension {
    /// `./client`: for bundlers.
    None,
    /// `./client.js`: as Node and browsers find what TypeScript has compiled.
    Js,
    /// `./client.ts`: for what runs TypeScript as it is.
    Ts,
}

impl ImportExtension {
    pub const ALL: [ImportExtension; 3] = [Self::None, Self::Js, Self::Ts];

    /// As the config has it.
    pub fn word(self) -> &'static str {
        match self {
            ImportExtension::None => "none",
            ImportExtension::Js => ".js",
            ImportExtension::Ts => ".ts",
        }
    }
}

/// What becomes of an edit that meets one of somebody else, on the sync server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Conflict {
    /// Only the columns of the edit are set.
    #[default]
    Merge,
    /// The edit is refused.
    Reject,
    /// Of one column, the later edit holds.
    LastWriteWins,
}

impl Conflict {
    pub const ALL: [Conflict; 3] = [Self::Merge, Self::Reject, Self::LastWriteWins];

    /// As the config has it.
    pub fn word(self) -> &'static str {
        match self {
            Conflict::Merge => "merge",
            Conflict::Reject => "reject",
            Conflict::LastWriteWins => "last-write-wins",
        }
    }
}

/// What the endpoints of the sync server are written for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ServerFramework {
    /// Whatever has functions from a `Request` to a `Response`.
    #[default]
    Fetch,
    /// Server functions and server routes.
    TanstackStart,
    /// SvelteKit: the endpoints are files `+server.ts` in its folder of routes.
    Sveltekit,
}

impl ServerFramework {
    pub const ALL: [ServerFramework; 3] = [Self::Fetch, Self::TanstackStart, Self::Sveltekit];

    /// As the config has it.
    pub fn word(self) -> &'static str {
        match self {
            ServerFramework::Fetch => "fetch",
            ServerFramework::TanstackStart => "tanstack-start",
            ServerFramework::Sveltekit => "sveltekit",
        }
    }
}

/// Which models are synced by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Sync {
    /// Those with `x-sync` in the spec or an entry in the config.
    Annotated,
    /// All models that are found.
    All,
}

/// The framework whose hooks are generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Framework {
    React,
    Vue,
    Svelte,
    Solid,
    None,
}

impl Framework {
    pub const ALL: [Framework; 5] = [Self::React, Self::Vue, Self::Svelte, Self::Solid, Self::None];

    /// As the config has it.
    pub fn word(self) -> &'static str {
        match self {
            Framework::React => "react",
            Framework::Vue => "vue",
            Framework::Svelte => "svelte",
            Framework::Solid => "solid",
            Framework::None => "none",
        }
    }
}

/// What a collection reads from and writes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Collections {
    /// The local database.
    Local,
    /// Electric and the API, without a local database.
    Electric,
}

impl Collections {
    /// As the config has it.
    pub fn word(self) -> &'static str {
        match self {
            Collections::Local => "local",
            Collections::Electric => "electric",
        }
    }
}
