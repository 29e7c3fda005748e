//! The three layers and their order, and what can be wrong with them.

use std::path::Path;

use figment::error::Kind;
use figment::providers::{Format as _, Serialized, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};

use super::{Config, ConfigError, Finding};

const PREFIX: &str = "RENKEI_";
/// Variables of the test harness; they are not settings.
const TEST_PREFIX: &str = "RENKEI_TEST_";

/// The `RENKEI_*` variables of an environment.
#[derive(Debug, Clone, Default)]
pub struct Environment(Vec<(String, String)>);

impl Environment {
    /// The environment of this process.
    #[must_use]
    pub fn of_process() -> Self {
        Self::new(std::env::vars_os().filter_map(|(name, value)| {
            Some((
                name.into_string().ok()?,
                value.to_string_lossy().into_owned(),
            ))
        }))
    }

    /// The settings among some variables.
    #[must_use]
    pub fn new(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut settings: Vec<_> = variables
            .into_iter()
            .filter(|(name, _)| name.starts_with(PREFIX) && !name.starts_with(TEST_PREFIX))
            .collect();
        settings.sort();
        Self(settings)
    }
}

/// Settings together with their origins.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The settings.
    pub config: Config,
    figment: Figment,
}

impl Loaded {
    /// The file or variable that set a key, or `既定 / default`.
    #[must_use]
    pub fn place_of(&self, key: &str) -> String {
        place(self.figment.find_metadata(key)).unwrap_or_else(|| "既定 / default".to_owned())
    }
}

/// Loads the settings. `file` must exist if it is given.
///
/// # Errors
/// Everything that is wrong with them, each with the file or variable that it came from.
pub fn load(file: Option<&Path>, environment: &Environment) -> Result<Loaded, ConfigError> {
    let figment = layered(file, environment)?;
    let mut findings = unknown_keys(&figment);
    if !findings.is_empty() {
        return Err(ConfigError(findings));
    }
    let config = figment
        .extract::<Config>()
        .map_err(|error| ConfigError(wrong_types(error)))?;
    let loaded = Loaded { config, figment };
    findings.extend(loaded.config.breaches().into_iter().map(|breach| Finding {
        place: loaded.place_of(breach.key),
        key: breach.key.to_owned(),
        rule: breach.rule.to_owned(),
    }));
    if findings.is_empty() {
        Ok(loaded)
    } else {
        Err(ConfigError(findings))
    }
}

fn layered(file: Option<&Path>, environment: &Environment) -> Result<Figment, ConfigError> {
    let defaults = Config::default();
    let mut figment = Figment::from(Serialized::defaults(&defaults));
    if let Some(file) = file {
        if !file.is_file() {
            return Err(ConfigError(vec![Finding {
                place: file.display().to_string(),
                key: String::new(),
                rule: "設定ファイルがありません / there is no such configuration file".to_owned(),
            }]));
        }
        figment = figment.merge(Toml::file_exact(file));
    }
    let base = figment.clone();
    for (name, text) in &environment.0 {
        figment = figment.merge(Variable::new(name, text, &base));
    }
    Ok(figment)
}

/// One environment variable as a layer of its own, so that errors name it.
struct Variable {
    name: String,
    key: String,
    value: Value,
}

impl Variable {
    fn new(name: &str, text: &str, base: &Figment) -> Self {
        let key = name
            .strip_prefix(PREFIX)
            .unwrap_or(name)
            .to_lowercase()
            .replace("__", ".");
        // Text stays text where text is wanted: an issuer may look like a number, an address like a list.
        let value = match base.find_value(&key) {
            Ok(Value::String(..)) => Value::from(text),
            _ => match text.parse::<Value>() {
                Ok(value) => value,
                Err(never) => match never {},
            },
        };
        Self {
            name: name.to_owned(),
            key,
            value,
        }
    }
}

impl Provider for Variable {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let nested = figment::util::nest(&self.key, self.value.clone());
        Ok(Profile::Default.collect(nested.into_dict().unwrap_or_default()))
    }
}

/// The configuration file or the variable behind a value; `None` for compiled defaults.
fn place(metadata: Option<&Metadata>) -> Option<String> {
    let metadata = metadata?;
    if let Some(path) = metadata
        .source
        .as_ref()
        .and_then(|source| source.file_path())
    {
        return Some(path.display().to_string());
    }
    metadata
        .name
        .starts_with(PREFIX)
        .then(|| metadata.name.to_string())
}

/// Keys that are in a layer and not in the defaults.
fn unknown_keys(figment: &Figment) -> Vec<Finding> {
    let defaults = Figment::from(Serialized::defaults(Config::default()));
    let (Ok(present), Ok(known)) = (figment.extract::<Dict>(), defaults.extract::<Dict>()) else {
        // The file is not TOML, which extracting the settings reports with its line.
        return Vec::new();
    };
    let mut findings = Vec::new();
    walk(&present, &known, "", figment, &mut findings);
    findings
}

fn walk(
    present: &Dict,
    known: &Dict,
    prefix: &str,
    figment: &Figment,
    findings: &mut Vec<Finding>,
) {
    for (name, value) in present {
        let key = format!("{prefix}{name}");
        match (value, known.get(name)) {
            (Value::Dict(_, inner), Some(Value::Dict(_, known_inner))) => {
                walk(inner, known_inner, &format!("{key}."), figment, findings);
            }
            (_, Some(_)) => {}
            (_, None) => findings.push(Finding {
                place: place(first_leaf(value, figment)).unwrap_or_default(),
                key,
                rule: format!(
                    "未知の設定です / unknown setting; here are: {}",
                    known.keys().cloned().collect::<Vec<_>>().join(", ")
                ),
            }),
        }
    }
}

/// The origin of a value, or of the first value inside it: only leaves carry origins that survive merging.
fn first_leaf<'a>(value: &Value, figment: &'a Figment) -> Option<&'a Metadata> {
    match value {
        Value::Dict(tag, inner) => inner
            .values()
            .find_map(|value| first_leaf(value, figment))
            .or_else(|| figment.get_metadata(*tag)),
        leaf => figment.get_metadata(leaf.tag()),
    }
}

fn wrong_types(error: figment::Error) -> Vec<Finding> {
    error
        .into_iter()
        .map(|error| Finding {
            place: place(error.metadata.as_ref()).unwrap_or_default(),
            key: error.path.join("."),
            rule: rule(&error.kind),
        })
        .collect()
}

/// The rule behind figment's kinds of error. Values are left out: one of them may be a password.
fn rule(kind: &Kind) -> String {
    match kind {
        Kind::InvalidType(_, expected) | Kind::InvalidValue(_, expected) => {
            format!("値の型が違います / the value is not of the expected type: {expected}")
        }
        Kind::ISizeOutOfRange(_) | Kind::USizeOutOfRange(_) => {
            "数が範囲外です / the number is out of range".to_owned()
        }
        Kind::UnknownField(..) => "未知の設定です / unknown setting".to_owned(),
        // The TOML parser's text goes on with the offending line, which may hold a password.
        Kind::Message(text) => {
            format!(
                "読み取れません / cannot be read: {}",
                text.lines().next().unwrap_or_default()
            )
        }
        _ => "値が正しくありません / the value is not valid".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        Environment::new(
            variables
                .iter()
                .map(|(n, v)| ((*n).to_owned(), (*v).to_owned())),
        )
    }

    fn file(text: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    fn refusal(text: &str, variables: &[(&str, &str)]) -> String {
        let file = file(text);
        let error = load(Some(file.path()), &environment(variables)).unwrap_err();
        error
            .to_string()
            .replace(&file.path().display().to_string(), "FILE")
    }

    #[test]
    fn nothing_set_gives_the_defaults() {
        let loaded = load(None, &environment(&[("PATH", "/bin")])).unwrap();
        assert_eq!(loaded.config, Config::default());
        assert_eq!(loaded.place_of("limits.depth"), "既定 / default");
    }

    #[test]
    fn the_file_overrides_defaults_and_variables_override_the_file() {
        let file = file("listen = \"127.0.0.1:1\"\n[limits]\ndepth = 32\nentries = 7\n");
        let variables = [("RENKEI_LISTEN", "[::1]:2"), ("RENKEI_LIMITS__DEPTH", "16")];
        let loaded = load(Some(file.path()), &environment(&variables)).unwrap();
        assert_eq!(loaded.config.listen.to_string(), "[::1]:2");
        assert_eq!(loaded.config.limits.depth, 16);
        assert_eq!(loaded.config.limits.entries, 7);
        assert_eq!(loaded.place_of("listen"), "RENKEI_LISTEN");
        assert_eq!(loaded.place_of("limits.depth"), "RENKEI_LIMITS__DEPTH");
        assert_eq!(
            loaded.place_of("limits.entries"),
            file.path().display().to_string()
        );
    }

    #[test]
    fn text_stays_text_in_variables() {
        let variables = [
            ("RENKEI_TOKENS__ISSUER", "12345"),
            ("RENKEI_DATABASE_URL", "postgres://a:1@h/d"),
        ];
        let loaded = load(None, &environment(&variables)).unwrap();
        assert_eq!(loaded.config.tokens.issuer, "12345");
        assert_eq!(loaded.config.database_url, "postgres://a:1@h/d");
    }

    #[test]
    fn an_unknown_key_of_the_file_is_named_with_the_file() {
        let text = refusal("[limits]\ndepht = 3\n", &[]);
        assert!(
            text.contains("FILE: limits.depht: 未知の設定です / unknown setting"),
            "{text}"
        );
        assert!(text.contains("depth, entries"), "{text}");
        let text = refusal("[limit.deep]\ndepth = 3\n", &[]);
        assert!(text.contains("FILE: limit: 未知の設定です"), "{text}");
    }

    #[test]
    fn an_unknown_variable_is_named() {
        let text = refusal(
            "",
            &[("RENKEI_LIMITS__DEPHT", "3"), ("RENKEI_SECRET", "hush")],
        );
        assert!(
            text.contains("RENKEI_LIMITS__DEPHT: limits.depht: 未知の設定です"),
            "{text}"
        );
        assert!(
            text.contains("RENKEI_SECRET: secret: 未知の設定です"),
            "{text}"
        );
        assert!(!text.contains("hush"), "{text}");
    }

    #[test]
    fn variables_of_the_test_harness_are_not_settings() {
        assert!(load(None, &environment(&[("RENKEI_TEST_POSTGRES_URL", "x")])).is_ok());
    }

    #[test]
    fn a_wrong_type_is_named_with_its_place_and_without_its_value() {
        let text = refusal("[limits]\ndepth = \"hush\"\n", &[]);
        assert!(
            text.contains("FILE: limits.depth: 値の型が違います"),
            "{text}"
        );
        assert!(!text.contains("hush"), "{text}");
        let text = refusal("", &[("RENKEI_AUDIT__CHECKPOINT_S", "-4")]);
        assert!(
            text.contains("RENKEI_AUDIT__CHECKPOINT_S: audit.checkpoint_s: "),
            "{text}"
        );
        let text = refusal("", &[("RENKEI_LISTEN", "hush")]);
        assert!(text.contains("RENKEI_LISTEN: listen: "), "{text}");
        assert!(!text.contains("hush"), "{text}");
        let text = refusal("", &[("RENKEI_STORE", "hush")]);
        assert!(text.contains("RENKEI_STORE: store: "), "{text}");
    }

    #[test]
    fn a_value_out_of_range_is_named_with_its_place() {
        let text = refusal("[tokens]\nlifetime_max_s = 43201\n", &[]);
        assert!(
            text.contains("FILE: tokens.lifetime_max_s: 1 から 43200"),
            "{text}"
        );
    }

    #[test]
    fn a_file_that_is_not_toml_is_named_with_its_line() {
        let text = refusal(
            "listen = \"127.0.0.1:1\"\ndatabase_url = postgres://a:hush@h\n",
            &[],
        );
        assert!(text.contains("line 2"), "{text}");
        assert!(text.contains("FILE"), "{text}");
        assert!(!text.contains("hush"), "{text}");
    }

    #[test]
    fn a_named_file_must_exist() {
        let error = load(Some(Path::new("no/such.toml")), &Environment::default()).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("no/such.toml: 設定ファイルがありません")
        );
    }
}
