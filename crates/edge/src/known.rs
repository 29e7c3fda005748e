//! Tokens that were verified before: checking a signature costs more than all else that a read does.
//!
//! A token is remembered by its SHA-256, never by itself, and belongs to the key that verified it. Its claims
//! are compared with issuer, audience and clock on every request, as those of a new one are.

use std::sync::Arc;

use quick_cache::sync::Cache;
use renkei_model::Caller;
use sha2::{Digest as _, Sha256};

use crate::guard::Claims;

/// Tokens remembered at most; about a kilobyte each.
const TOKENS: usize = 4_096;

/// A token whose signature is good.
pub(crate) struct Verified {
    pub(crate) claims: Claims,
    /// Whom the claims describe, if they do.
    pub(crate) caller: Caller,
}

/// SHA-256 of a token.
pub(crate) type TokenDigest = [u8; 32];

pub(crate) fn digest(token: &str) -> TokenDigest {
    Sha256::digest(token.as_bytes()).into()
}

/// The tokens that one key verified.
pub(crate) struct KnownTokens(Cache<TokenDigest, Arc<Verified>>);

impl KnownTokens {
    pub(crate) fn new() -> Self {
        Self(Cache::new(TOKENS))
    }

    pub(crate) fn find(&self, token: &TokenDigest) -> Option<Arc<Verified>> {
        self.0.get(token)
    }

    pub(crate) fn keep(&self, token: TokenDigest, verified: Arc<Verified>) {
        self.0.insert(token, verified);
    }

    pub(crate) fn forget(&self, token: &TokenDigest) {
        self.0.remove(token);
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}
