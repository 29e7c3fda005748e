//! Namespaces: what a prefix stands for, and what a name is called in the tree.

/// The namespace of CDA.
const CDA: &str = "urn:hl7-org:v3";
const XML: &str = "http://www.w3.org/XML/1998/namespace";
const INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";
/// Declarations that hold at a place: documents have two or three.
const SCOPE_MAX: usize = 64;

/// Why a name has no meaning.
pub(super) enum Unnamed {
    /// A prefix that was not declared, or a name that XML does not allow.
    Wrong,
    /// Too many declarations hold here.
    TooMany(usize),
}

/// The declarations that hold at a place.
#[derive(Debug, Default)]
pub(super) struct Names {
    scope: Vec<(String, String)>,
}

impl Names {
    pub(super) const fn len(&self) -> usize {
        self.scope.len()
    }

    /// Ends what was declared since there were `len`.
    pub(super) fn leave(&mut self, len: usize) {
        self.scope.truncate(len);
    }

    /// Takes a declaration; `false` for an attribute that is none.
    pub(super) fn declare(&mut self, key: &str, namespace: &str) -> Result<bool, Unnamed> {
        let prefix = match key.strip_prefix("xmlns") {
            Some("") => "",
            Some(rest) => match rest.strip_prefix(':') {
                Some(prefix) if !namespace.is_empty() => prefix,
                Some(_) => return Err(Unnamed::Wrong),
                None => return Ok(false),
            },
            None => return Ok(false),
        };
        if self.scope.len() >= SCOPE_MAX {
            return Err(Unnamed::TooMany(SCOPE_MAX));
        }
        self.scope.push((prefix.to_owned(), namespace.to_owned()));
        Ok(true)
    }

    fn namespace(&self, prefix: &str) -> Option<&str> {
        if prefix == "xml" {
            return Some(XML);
        }
        let found = self.scope.iter().rev().find(|(known, _)| known == prefix);
        match found {
            Some((_, namespace)) => Some(namespace),
            None => prefix.is_empty().then_some(""),
        }
    }

    /// An element's name in the tree.
    pub(super) fn element(&self, name: &str) -> Result<String, Unnamed> {
        let (prefix, local) = parts(name)?;
        match self.namespace(prefix.unwrap_or_default()) {
            Some(CDA) => Ok(local.to_owned()),
            Some(other) => Ok(format!("{{{other}}}{local}")),
            None => Err(Unnamed::Wrong),
        }
    }

    /// An attribute's name in the tree. Those without a prefix have no namespace.
    pub(super) fn attribute(&self, name: &str) -> Result<String, Unnamed> {
        let (prefix, local) = parts(name)?;
        let Some(prefix) = prefix else {
            return Ok(format!("@{local}"));
        };
        match self.namespace(prefix) {
            Some(INSTANCE) => Ok(format!("@xsi:{local}")),
            Some(XML) => Ok(format!("@xml:{local}")),
            Some(other) => Ok(format!("@{{{other}}}{local}")),
            None => Err(Unnamed::Wrong),
        }
    }
}

/// A name's prefix and what is behind it.
fn parts(name: &str) -> Result<(Option<&str>, &str), Unnamed> {
    let (prefix, local) = match name.split_once(':') {
        Some((prefix, local)) => (Some(prefix), local),
        None => (None, name),
    };
    let good = is_name(local) && prefix.is_none_or(is_name);
    if good {
        Ok((prefix, local))
    } else {
        Err(Unnamed::Wrong)
    }
}

/// Letters, digits and the few marks that XML allows in a name; strict for ASCII, open for all other letters.
fn is_name(text: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    text.starts_with(|c: char| c.is_alphabetic() || c == '_') && text.chars().all(inside)
}
