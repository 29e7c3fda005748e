//! Who is at the door: bearer token → [`Caller`].
//!
//! ES256 only, by a key of our own that the header's `kid` must name; every claim is required and typed;
//! issuer and audience are compared exactly; `jku`, `x5u` and `jwk` in a header are never looked at.

use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use renkei_model::Caller;
use renkei_model::caller::CallerKind;
use renkei_model::clock::Instant;
use renkei_model::lists::Profession;
use serde::{Deserialize, Serialize};

use crate::EdgeSettings;
use crate::key::IssuerKey;
use crate::known::{Verified, digest};

/// The claims of our tokens. All are required; a claim of another type is no claim.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// Issuer.
    pub iss: String,
    /// Audience.
    pub aud: String,
    /// Staff id, client id or facility code.
    pub sub: String,
    /// Issued at, seconds.
    pub iat: i64,
    /// Not before, seconds.
    pub nbf: i64,
    /// Expires, seconds.
    pub exp: i64,
    /// Token id.
    pub jti: String,
    /// `person`, `system` or `facility`.
    pub kind: String,
    /// A word of the list of professions.
    pub profession: String,
    /// Facility code.
    pub facility: String,
    /// The networks that the facility belongs to.
    pub networks: Vec<String>,
}

/// Nobody we know. What exactly is wrong with a token is not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GuardError {
    /// No bearer token.
    #[error("a bearer token is required")]
    Missing,
    /// A token that is not valid here and now.
    #[error("the bearer token is not valid")]
    Invalid,
}

/// Clocks of two machines may differ by this much.
const LEEWAY_S: i64 = 5;

/// Reads and checks the caller's token.
///
/// # Errors
/// [`GuardError`].
pub fn guard(
    key: &IssuerKey,
    settings: &EdgeSettings,
    headers: &HeaderMap,
    now: Instant,
) -> Result<Caller, GuardError> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or(GuardError::Missing)?;
    if values.next().is_some() {
        return Err(GuardError::Invalid);
    }
    let value = value.to_str().map_err(|_| GuardError::Invalid)?;
    let (scheme, token) = value.split_once(' ').ok_or(GuardError::Missing)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(GuardError::Missing);
    }
    let token = token.trim();
    let digest = digest(token);
    let known = key.known().find(&digest);
    let verified = match &known {
        Some(known) => Arc::clone(known),
        None => {
            let claims = verify(key, settings, token)?;
            let caller = caller(&claims).ok_or(GuardError::Invalid)?;
            Arc::new(Verified { claims, caller })
        }
    };
    if !here(&verified.claims, settings) {
        return Err(GuardError::Invalid);
    }
    if let Err(error) = in_time(&verified.claims, settings, now) {
        key.known().forget(&digest);
        return Err(error);
    }
    let caller = verified.caller.clone();
    if known.is_none() {
        key.known().keep(digest, verified);
    }
    Ok(caller)
}

/// Whether a token was made by this issuer for this house.
fn here(claims: &Claims, settings: &EdgeSettings) -> bool {
    claims.iss == settings.issuer && claims.aud == settings.audience
}

fn verify(key: &IssuerKey, settings: &EdgeSettings, token: &str) -> Result<Claims, GuardError> {
    let header = decode_header(token).map_err(|_| GuardError::Invalid)?;
    if header.alg != Algorithm::ES256 || header.kid.as_deref() != Some(key.id()) {
        return Err(GuardError::Invalid);
    }
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_required_spec_claims(&["exp", "nbf", "aud", "iss", "sub"]);
    validation.set_issuer(&[&settings.issuer]);
    validation.set_audience(&[&settings.audience]);
    validation.validate_nbf = true;
    validation.leeway = LEEWAY_S.unsigned_abs();
    decode::<Claims>(token, key.decoding(), &validation)
        .map(|token| token.claims)
        .map_err(|_| GuardError::Invalid)
}

/// The library has compared with the machine's clock; this compares with the house's, and limits how
/// long a token may be good.
fn in_time(claims: &Claims, settings: &EdgeSettings, now: Instant) -> Result<(), GuardError> {
    let now = now.seconds();
    let lifetime_s = claims
        .exp
        .checked_sub(claims.iat)
        .ok_or(GuardError::Invalid)?;
    let good = claims.exp > now - LEEWAY_S
        && claims.nbf <= now + LEEWAY_S
        && claims.iat <= now + LEEWAY_S
        && (1..=settings.token_lifetime_max_s).contains(&lifetime_s)
        && !claims.jti.is_empty();
    if good {
        Ok(())
    } else {
        Err(GuardError::Invalid)
    }
}

fn caller(claims: &Claims) -> Option<Caller> {
    let profession: Profession = claims.profession.parse().ok()?;
    let kind = match claims.kind.as_str() {
        "person" if profession != Profession::VendorSystem => CallerKind::Person {
            staff: claims.sub.parse().ok()?,
            profession,
        },
        "system" if profession == Profession::VendorSystem => CallerKind::System {
            client: claims.sub.parse().ok()?,
        },
        "facility" if profession == Profession::VendorSystem && claims.sub == claims.facility => {
            CallerKind::Facility
        }
        _ => return None,
    };
    let networks: Option<Vec<_>> = claims
        .networks
        .iter()
        .map(|name| name.parse().ok())
        .collect();
    Some(Caller {
        kind,
        facility: claims.facility.parse().ok()?,
        networks: networks?,
    })
}

#[cfg(test)]
mod tests {
    use renkei_model::clock::{Clock as _, SystemClock};
    use renkei_model::limits::Limits;

    use super::*;

    fn settings() -> EdgeSettings {
        EdgeSettings {
            listen: "127.0.0.1:0".parse().unwrap(),
            public_base: None,
            issuer: "us".to_owned(),
            audience: "here".to_owned(),
            token_lifetime_max_s: 300,
            limits: Limits::default(),
            connections: crate::ConnectionLimits::DEFAULT,
            admission: crate::AdmissionLimits::DEFAULT,
        }
    }

    fn now() -> Instant {
        SystemClock.now()
    }

    fn later(at: Instant, seconds: i64) -> Instant {
        Instant(at.0 + seconds * 1_000_000)
    }

    fn nurse(staff: &str) -> Caller {
        Caller {
            kind: CallerKind::Person {
                staff: staff.parse().unwrap(),
                profession: Profession::Nurse,
            },
            facility: "0110000001".parse().unwrap(),
            networks: vec!["kitamaru".parse().unwrap()],
        }
    }

    fn headers(token: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
        headers
    }

    fn keys() -> (tempfile::TempDir, IssuerKey, IssuerKey) {
        let folder = tempfile::tempdir().unwrap();
        let key = |name| IssuerKey::load_or_create(&folder.path().join(name)).unwrap();
        let (own, other) = (key("own"), key("other"));
        (folder, own, other)
    }

    #[test]
    fn a_token_that_is_known_is_still_compared_with_everything() {
        let (_folder, own, other) = keys();
        let (here, at) = (settings(), now());
        let token = own.mint(&here, &nurse("n-1"), at, 60).unwrap();
        let headers = headers(&token);
        for _ in 0..2 {
            assert_eq!(guard(&own, &here, &headers, at), Ok(nurse("n-1")));
        }
        assert_eq!(own.known().len(), 1);
        let elsewhere = [
            EdgeSettings {
                issuer: "them".to_owned(),
                ..here.clone()
            },
            EdgeSettings {
                audience: "there".to_owned(),
                ..here.clone()
            },
            EdgeSettings {
                token_lifetime_max_s: 59,
                ..here.clone()
            },
        ];
        for settings in elsewhere {
            let refused = guard(&own, &settings, &headers, at);
            assert_eq!(refused, Err(GuardError::Invalid), "{settings:?}");
        }
        let refused = guard(&other, &here, &headers, at);
        assert_eq!(refused, Err(GuardError::Invalid), "another key");
        assert_eq!(other.known().len(), 0);
        assert_eq!(guard(&own, &here, &headers, at), Ok(nurse("n-1")));
        let changed = self::headers(&format!("{}A", &token[..token.len() - 1]));
        let twisted = self::headers(&format!("{}w", &token[..token.len() - 1]));
        let results = [&changed, &twisted].map(|headers| guard(&own, &here, headers, at));
        assert!(
            results.iter().any(Result::is_err),
            "a changed signature is another token"
        );
    }

    #[test]
    fn a_known_token_is_good_until_it_expires_and_not_after() {
        let (_folder, own, _) = keys();
        let (here, at) = (settings(), now());
        let token = headers(&own.mint(&here, &nurse("n-1"), at, 60).unwrap());
        let last = later(at, 60 + LEEWAY_S - 1);
        assert!(guard(&own, &here, &token, at).is_ok());
        assert!(guard(&own, &here, &token, last).is_ok());
        let refused = guard(&own, &here, &token, later(at, 60 + LEEWAY_S));
        assert_eq!(refused, Err(GuardError::Invalid));
        assert_eq!(own.known().len(), 0, "and is forgotten");
        assert!(guard(&own, &here, &token, at).is_ok());
        let refused = guard(&own, &here, &token, later(at, -LEEWAY_S - 1));
        assert_eq!(refused, Err(GuardError::Invalid), "before it begins");
    }

    #[test]
    fn tokens_are_not_remembered_without_end() {
        let known = crate::known::KnownTokens::new();
        let (_folder, own, _) = keys();
        let (here, at) = (settings(), now());
        let token = own.mint(&here, &nurse("n-1"), at, 60).unwrap();
        let claims = verify(&own, &here, &token).unwrap();
        let caller = nurse("n-1");
        let verified = Arc::new(Verified { claims, caller });
        for number in 0..20_000 {
            known.keep(digest(&number.to_string()), Arc::clone(&verified));
        }
        assert!(known.len() < 10_000, "{}", known.len());
    }
}
