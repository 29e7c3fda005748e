//! Who is at the door: bearer token → [`Caller`].
//!
//! ES256 only, by a key of our own that the header's `kid` must name; every claim is required and typed;
//! issuer and audience are compared exactly; `jku`, `x5u` and `jwk` in a header are never looked at.

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
    let claims = verify(key, settings, token.trim())?;
    in_time(&claims, settings, now)?;
    caller(&claims).ok_or(GuardError::Invalid)
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
