//! Why a config can't be used.

/// Why a config can't be used. `place` is the file or the variable, as it should be shown.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ConfigError {
    /// Not TOML.
    #[error("failed to read {place} as TOML")]
    Syntax {
        /// The file.
        place: String,
        /// Where and why.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// A key that torch does not know.
    #[error("{place} has the unknown key `{key}`{}", nearest.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    UnknownKey {
        /// The file.
        place: String,
        /// The key with its section.
        key: String,
        /// The key that is spelled most like it.
        nearest: Option<&'static str>,
    },
    /// A value that the key does not take.
    #[error("{place} sets `{key}` to {value}; it takes {expects}")]
    Value {
        /// The file or the variable.
        place: String,
        /// The key with its section.
        key: &'static str,
        /// The value as written.
        value: String,
        /// What it takes.
        expects: String,
    },
    /// A key that a project's file must not set.
    #[error(
        "{place} sets `{key}`, which only your own config file or the variable {variable} may set"
    )]
    UserOnly {
        /// The file.
        place: String,
        /// The key.
        key: &'static str,
        /// The variable that sets it.
        variable: String,
    },
    /// The merged values don't make a config: the table of keys and the types differ.
    #[error("failed to build the config from its values")]
    Build(#[source] Box<toml::de::Error>),
}
