//! A search as FHIR writes it: parameters, modifiers, prefixes, what a page shall hold.
//!
//! Nothing is ignored: what is not offered is refused by its name. Values are never repeated in a refusal.
//! Source of the rules: FHIR R4, "Search".

use crate::moment::{Span, span};
use crate::params::{ParamKind, SearchParam, param};
use crate::types::ResourceType;

/// Values of one parameter, joined by commas, at most.
const VALUES: usize = 10;
/// Parameters of a search at most.
const PARAMETERS: usize = 12;
/// Characters of a value at most.
const VALUE_CHARS: usize = 256;
/// Bytes of a search at most: a cursor holds it, and the cursor has to fit into a URL.
const SEARCH_BYTES: usize = 1_500;

/// A search that can be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// The type that is searched.
    pub resource_type: ResourceType,
    /// What a resource must meet, all of it. Never empty.
    pub criteria: Vec<Criterion>,
    /// Entries of a page at most; `None`: the server's usual number.
    pub count: Option<usize>,
    /// The order.
    pub sort: Sort,
    /// Whether the total is wanted; `None`: nothing was said.
    pub total: Option<bool>,
    /// The parameters as they were given, for a cursor and for the audit log.
    pub asked: Vec<(String, String)>,
}

/// One parameter: one of the tests must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Criterion {
    /// The parameter.
    pub param: SearchParam,
    /// The values of which one must fit.
    pub tests: Vec<Test>,
}

/// One value of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// A resource's id.
    Id(String),
    /// A token.
    Token {
        /// Which systems fit.
        system: TokenSystem,
        /// The value.
        value: String,
    },
    /// A telephone number as it was written.
    Phone(String),
    /// A text as it was written.
    Text(String, TextMatch),
    /// A date.
    Date(Prefix, Span),
    /// The id of a Patient.
    Patient(String),
}

/// The part of a token before the bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenSystem {
    /// `value`
    Any,
    /// `|value`
    Without,
    /// `system|value`
    Is(String),
}

/// How a text is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextMatch {
    /// Folded, from its beginning.
    Begins,
    /// `:exact`: to the letter, the whole.
    Exact,
    /// `:contains`: folded, anywhere.
    Contains,
}

/// How a date is compared: R4's prefixes but `ap`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "R4's own words")]
pub enum Prefix {
    Eq,
    Ne,
    Gt,
    Lt,
    Ge,
    Le,
    Sa,
    Eb,
}

/// The order of a search's entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// None was asked for: by the text that is searched for where a name or an address leads the search, else by
    /// id, in the order in which they came for the first time.
    Id,
    /// By the parameter `date`; what has none comes last.
    Date {
        /// Newest first.
        descending: bool,
    },
    /// By the time of the current version.
    Updated {
        /// Newest first.
        descending: bool,
    },
}

/// Reads the parameters of a search, in any order.
///
/// # Errors
/// The first parameter that cannot be taken, named, and the rule that it breaks.
pub fn search(kind: ResourceType, asked: &[(String, String)]) -> Result<Search, String> {
    let bytes: usize = asked
        .iter()
        .map(|(name, value)| name.len() + value.len() + 2)
        .sum();
    if asked.len() > PARAMETERS || bytes > SEARCH_BYTES {
        return Err(format!(
            "検索条件が長すぎます（{PARAMETERS}項目、{SEARCH_BYTES}バイトまで） / the search is too long: at most \
             {PARAMETERS} parameters and {SEARCH_BYTES} bytes"
        ));
    }
    let mut search = Search {
        resource_type: kind,
        criteria: Vec::new(),
        count: None,
        sort: Sort::Id,
        total: None,
        asked: Vec::new(),
    };
    for (place, (name, value)) in asked.iter().enumerate() {
        let before = asked.iter().take(place).any(|(known, _)| known == name);
        search.take(name, value, before)?;
    }
    let narrow = |criterion: &Criterion| !matches!(criterion.param.kind, ParamKind::Code(_));
    if !search.criteria.iter().any(narrow) {
        return Err(match search.criteria.first() {
            None => "検索条件が必要です / a search needs a parameter to search by: see /fhir/R4/metadata".to_owned(),
            Some(only) => rule(only.param.name, "ほかの条件と組み合わせてください / only together with another parameter"),
        });
    }
    Ok(search)
}

impl Search {
    fn take(&mut self, name: &str, value: &str, before: bool) -> Result<(), String> {
        let twice = || rule(name, "2回指定されています / given twice");
        match name {
            // Known from one client beside `_count=0`; asks for nothing that the total does not say.
            "_format" | "_totalMethod" => return if before { Err(twice()) } else { Ok(()) },
            _ if before && !self.repeats(name) => return Err(twice()),
            "_count" => self.count = Some(count(value)?),
            "_sort" => self.sort = self.sort_by(value)?,
            "_total" => {
                self.total = Some(match value {
                    "none" => false,
                    "accurate" => true,
                    _ => return Err(rule(name, "none か accurate です / none or accurate")),
                });
            }
            _ => {
                let criterion = criterion(self.resource_type, name, value)?;
                self.criteria.push(criterion);
            }
        }
        self.asked.push((name.to_owned(), value.to_owned()));
        Ok(())
    }

    /// A span of time is written as two dates. Anything else that comes twice is a mistake.
    fn repeats(&self, name: &str) -> bool {
        param(self.resource_type, name).is_some_and(|param| param.kind == ParamKind::Date)
    }

    fn sort_by(&self, value: &str) -> Result<Sort, String> {
        let (name, descending) = match value.strip_prefix('-') {
            Some(name) => (name, true),
            None => (value, false),
        };
        match name {
            "_lastUpdated" => Ok(Sort::Updated { descending }),
            "date" if param(self.resource_type, "date").is_some() => Ok(Sort::Date { descending }),
            _ => Err(rule(
                "_sort",
                "並べ替えは date（日付のある種類）と _lastUpdated のどちらか一つです / one of date (of types that have one) and \
                 _lastUpdated",
            )),
        }
    }
}

/// The number in `_count`.
///
/// # Errors
/// What it must be.
pub fn count(value: &str) -> Result<usize, String> {
    let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    let wrong = || rule("_count", "0以上の整数です / a whole number from 0");
    // More digits than a number has are still a number: a page has its own end.
    if digits {
        Ok(value.parse().unwrap_or(usize::MAX))
    } else {
        Err(wrong())
    }
}

fn criterion(kind: ResourceType, name: &str, value: &str) -> Result<Criterion, String> {
    let unknown = || {
        rule(
            name,
            "使えないパラメーターです / not a known parameter here",
        )
    };
    let (bare, modifier) = match name.split_once(':') {
        Some((bare, modifier)) => (bare, Some(modifier)),
        None => (name, None),
    };
    let param = param(kind, bare).ok_or_else(unknown)?;
    let matching = match (param.kind, modifier) {
        (_, None) => TextMatch::Begins,
        (ParamKind::Name | ParamKind::Address, Some("exact")) => TextMatch::Exact,
        (ParamKind::Name | ParamKind::Address, Some("contains")) => TextMatch::Contains,
        _ => return Err(unknown()),
    };
    let values = split(value);
    if values.len() > VALUES {
        return Err(rule(
            name,
            &format!("値は{VALUES}個までです / at most {VALUES} values"),
        ));
    }
    let tests: Result<Vec<Test>, String> = values
        .iter()
        .map(|value| test(&param, name, value, matching))
        .collect();
    Ok(Criterion {
        param,
        tests: tests?,
    })
}

/// The values between commas, still with their backslashes.
fn split(text: &str) -> Vec<String> {
    let mut values = vec![String::new()];
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter == ',' {
            values.push(String::new());
            continue;
        }
        if let Some(last) = values.last_mut() {
            last.push(letter);
            if letter == '\\' {
                last.extend(letters.next());
            }
        }
    }
    values
}

/// Takes the backslashes off: `\,` `\|` `\$` `\\`.
fn plain(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter == '\\' {
            out.push(
                letters
                    .next()
                    .filter(|letter| matches!(letter, ',' | '|' | '$' | '\\'))?,
            );
        } else {
            out.push(letter);
        }
    }
    Some(out)
}

/// The two sides of the first bar that no backslash stands before.
fn bar(text: &str) -> Option<(&str, &str)> {
    let mut escaped = false;
    for (place, letter) in text.char_indices() {
        match letter {
            '|' if !escaped => return Some((text.get(..place)?, text.get(place + 1..)?)),
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    None
}

fn test(param: &SearchParam, name: &str, value: &str, matching: TextMatch) -> Result<Test, String> {
    let escape = || {
        rule(
            name,
            "「\\」の後は , | $ \\ のどれかです / after a backslash comes one of , | $ \\",
        )
    };
    let text = plain(value).ok_or_else(escape)?;
    if text.is_empty() {
        return Err(rule(name, "値が必要です / a value is required"));
    }
    if text.chars().count() > VALUE_CHARS {
        return Err(rule(
            name,
            &format!("{VALUE_CHARS}文字までです / at most {VALUE_CHARS} characters"),
        ));
    }
    match param.kind {
        ParamKind::Id => Ok(Test::Id(text)),
        ParamKind::Identifier | ParamKind::Code(_) => token(name, value),
        ParamKind::Phone => Ok(Test::Phone(text)),
        ParamKind::Name | ParamKind::Address => Ok(Test::Text(text, matching)),
        ParamKind::Date => date(name, &text),
        ParamKind::Patient => patient(name, &text),
    }
}

fn token(name: &str, value: &str) -> Result<Test, String> {
    let (system, value) = match bar(value) {
        None => (TokenSystem::Any, value),
        Some(("", value)) => (TokenSystem::Without, value),
        Some((system, value)) => {
            let system = plain(system).unwrap_or_default();
            (TokenSystem::Is(system), value)
        }
    };
    if value.is_empty() {
        return Err(rule(
            name,
            "「|」の後に値が必要です / a value is required after the system",
        ));
    }
    let value = plain(value).unwrap_or_default();
    Ok(Test::Token { system, value })
}

fn date(name: &str, text: &str) -> Result<Test, String> {
    let (prefix, rest) = match text.split_at_checked(2) {
        Some(("eq", rest)) => (Prefix::Eq, rest),
        Some(("ne", rest)) => (Prefix::Ne, rest),
        Some(("gt", rest)) => (Prefix::Gt, rest),
        Some(("lt", rest)) => (Prefix::Lt, rest),
        Some(("ge", rest)) => (Prefix::Ge, rest),
        Some(("le", rest)) => (Prefix::Le, rest),
        Some(("sa", rest)) => (Prefix::Sa, rest),
        Some(("eb", rest)) => (Prefix::Eb, rest),
        _ => (Prefix::Eq, text),
    };
    let wrong = || {
        let text = "日付は YYYY、YYYY-MM、YYYY-MM-DD、日時は YYYY-MM-DDThh:mm:ss+09:00 で、前に eq ne gt lt ge le sa eb を付けられます / a \
                    date (YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss+09:00, + written as %2B), after eq, ne, gt, lt, \
                    ge, le, sa, eb or nothing";
        rule(name, text)
    };
    span(rest)
        .map(|span| Test::Date(prefix, span))
        .ok_or_else(wrong)
}

/// `ID`, `Patient/ID`, or the full URL of a Patient. Of a URL only the end counts: all Patients that are
/// searched here are ours, and another server's has another id.
fn patient(name: &str, text: &str) -> Result<Test, String> {
    let id = match text.rsplit_once('/') {
        None => text,
        Some((kind, id)) if kind == "Patient" || kind.ends_with("/Patient") => id,
        Some(_) => "",
    };
    if id.is_empty() {
        return Err(rule(
            name,
            "患者のidか Patient/id です / the id of a Patient, or Patient/id",
        ));
    }
    Ok(Test::Patient(id.to_owned()))
}

/// A parameter and its rule. Names came from outside: not more of them than a line.
fn rule(name: &str, rule: &str) -> String {
    let name: String = name.chars().take(64).collect();
    format!("{name}: {rule}")
}
