//! Configuration: one table of settings, four layers.
//!
//! A setting is looked for in the flags, then in the environment, then in the file, then in the defaults; the first that
//! has it wins. [`Settings`] remembers where each value came from, for `config show`; [`Config`] holds them checked and
//! typed. This is the only place that reads the environment.

mod mask;
mod typed;

pub use mask::mask_url;
pub use typed::{Config, DatabaseChoice, LogFormat};

use crate::failure::Failure;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// The file with every setting and its default, commented.
pub const DEFAULT_FILE: &str = include_str!("default.toml");
/// Its name in the data directory.
pub const FILE_NAME: &str = "is-messenger.toml";

/// How a value is shown to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    Plain,
    /// An address that may hold a password.
    Masked,
    Never,
}

/// One setting.
pub struct Key {
    pub name: &'static str,
    pub env: &'static str,
    pub default: Option<&'static str>,
    pub shown: Shown,
}

const fn key(name: &'static str, env: &'static str, default: Option<&'static str>, shown: Shown) -> Key {
    Key {
        name,
        env,
        default,
        shown,
    }
}

/// Every setting; `default.toml` explains them.
pub const KEYS: &[Key] = &[
    key("data", "ISM_DATA", Some("./data"), Shown::Plain),
    key("database", "ISM_DATABASE", Some("sqlite"), Shown::Masked),
    key("nats", "ISM_NATS", None, Shown::Masked),
    key("nats_prefix", "ISM_NATS_PREFIX", Some("ism"), Shown::Plain),
    key("listen", "ISM_LISTEN", Some("127.0.0.1:8080"), Shown::Plain),
    key("public_url", "ISM_PUBLIC_URL", None, Shown::Plain),
    key("simulator", "ISM_SIMULATOR", None, Shown::Plain),
    key("secret_key", "ISM_SECRET_KEY", None, Shown::Never),
    key("log", "ISM_LOG", None, Shown::Plain),
    key("log_format", "ISM_LOG_FORMAT", Some("auto"), Shown::Plain),
];

/// Variables with our prefix that are no settings: read by commands and by the test suites.
const OTHER_VARIABLES: &[&str] = &["ISM_CONFIG", "ISM_PASSWORD", "ISM_BINARY", "ISM_CHROMIUM", "ISM_SERVER"];

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Default,
    File(PathBuf),
    Environment(&'static str),
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag(name) => write!(f, "flag --{}", name.replace('_', "-")),
        }
    }
}

/// A value and its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    pub text: String,
    pub origin: Origin,
}

/// The effective values, as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    values: BTreeMap<&'static str, Value>,
    /// The file that was read, if any.
    pub file: Option<PathBuf>,
    /// Variables that look like settings but are none.
    pub warnings: Vec<String>,
}

/// What the command line gave: setting and value.
pub type Flags = Vec<(&'static str, Option<String>)>;

impl Settings {
    /// Collects the layers for this process.
    ///
    /// # Errors
    /// When a file that was asked for cannot be read, or a file has a mistake.
    pub fn load(flags: Flags, file: Option<PathBuf>) -> Result<Self, Failure> {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
        let lookup = |name: &str| std::env::var(name).ok();
        let asked = file.or_else(|| lookup("ISM_CONFIG").filter(|path| !path.is_empty()).map(PathBuf::from));
        let found = match asked {
            Some(path) => Some((read(&path)?, path)),
            None => {
                let given = flags
                    .iter()
                    .find(|(name, _)| *name == "data")
                    .and_then(|(_, value)| value.clone());
                let data = given.or_else(|| lookup("ISM_DATA")).filter(|data| !data.is_empty());
                let path = Path::new(data.as_deref().unwrap_or("./data")).join(FILE_NAME);
                if path.is_file() {
                    Some((read(&path)?, path))
                } else {
                    None
                }
            }
        };
        let mut settings = Self::layer(flags, lookup, found)?;
        settings.warnings = unknown_variables(std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()));
        Ok(settings)
    }

    /// Lays the layers over each other. An empty value counts as absent: containers pass variables nobody has set.
    ///
    /// # Errors
    /// When the file has a mistake.
    pub fn layer(
        flags: Flags,
        environment: impl Fn(&str) -> Option<String>,
        file: Option<(String, PathBuf)>,
    ) -> Result<Self, Failure> {
        let mut from_file = match &file {
            Some((text, path)) => parse(text, path)?,
            None => BTreeMap::new(),
        };
        let mut values = BTreeMap::new();
        for key in KEYS {
            let flag = flags
                .iter()
                .find(|(name, _)| *name == key.name)
                .and_then(|(_, value)| value.clone());
            let candidates = [
                flag.map(|text| (text, Origin::Flag(key.name))),
                environment(key.env).map(|text| (text, Origin::Environment(key.env))),
                from_file
                    .remove(key.name)
                    .zip(file.as_ref())
                    .map(|(text, (_, path))| (text, Origin::File(path.clone()))),
                key.default.map(|text| (text.to_owned(), Origin::Default)),
            ];
            let found = candidates
                .into_iter()
                .flatten()
                .find(|(text, _)| !text.trim().is_empty());
            if let Some((text, origin)) = found {
                values.insert(
                    key.name,
                    Value {
                        text: text.trim().to_owned(),
                        origin,
                    },
                );
            }
        }
        Ok(Self {
            values,
            file: file.map(|(_, path)| path),
            warnings: Vec::new(),
        })
    }

    /// A value, if there is one.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    /// A value as it may be shown.
    #[must_use]
    pub fn shown(&self, key: &Key) -> Option<String> {
        let value = self.get(key.name)?;
        Some(match key.shown {
            Shown::Plain => value.text.clone(),
            Shown::Masked => mask_url(&value.text),
            Shown::Never => "(set, not shown)".to_owned(),
        })
    }
}

/// Whether a variable of the environment is set, and to what; for what is no setting, such as the first password.
#[must_use]
pub fn variable(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| {
        Failure::new(
            "config",
            format!("The configuration file {} cannot be read: {error}.", path.display()),
        )
    })
}

/// The file's settings. Never repeats a line of the file in an error: it may hold a password.
fn parse(text: &str, path: &Path) -> Result<BTreeMap<String, String>, Failure> {
    let wrong = |what: String| Failure::new("config", format!("{}: {what}", path.display()));
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let line = error
            .span()
            .map_or(1, |span| text[..span.start.min(text.len())].lines().count().max(1));
        wrong(format!(
            "line {line} is not valid TOML: {}.",
            error.message().trim_end_matches('.')
        ))
    })?;
    let mut values = BTreeMap::new();
    for (name, value) in table {
        if KEYS.iter().all(|key| key.name != name) {
            return Err(wrong(format!("there is no setting \"{name}\". {}", hint(&name))));
        }
        let toml::Value::String(text) = value else {
            return Err(wrong(format!("the value of {name} must be text in quotes.")));
        };
        values.insert(name, text);
    }
    Ok(values)
}

/// The setting somebody probably meant, or all of them.
fn hint(name: &str) -> String {
    match nearest(name, KEYS.iter().map(|key| key.name)) {
        Some(key) => format!("Did you mean \"{key}\"?"),
        None => {
            let all: Vec<&str> = KEYS.iter().map(|key| key.name).collect();
            format!("Known are: {}.", all.join(", "))
        }
    }
}

/// The candidate that a word was probably meant to be.
pub fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase().replace('-', "_");
    candidates
        .map(|candidate| (strsim::damerau_levenshtein(&word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.len() / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Sentences about variables that have our prefix and mean nothing; those of the test suites are left alone.
fn unknown_variables(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut unknown: Vec<String> = names
        .filter(|name| name.starts_with("ISM_") && !name.starts_with("ISM_TEST_"))
        .filter(|name| KEYS.iter().all(|key| key.env != name) && !OTHER_VARIABLES.contains(&name.as_str()))
        .map(|name| {
            let setting = name.trim_start_matches("ISM_").to_lowercase();
            match nearest(&setting, KEYS.iter().map(|key| key.name)) {
                Some(key) => format!(
                    "{name} in the environment is no setting. Did you mean ISM_{}?",
                    key.to_uppercase()
                ),
                None => format!("{name} in the environment is no setting and has no effect."),
            }
        })
        .collect();
    unknown.sort();
    unknown
}

#[cfg(test)]
mod tests;
