//! Callers and their tokens, rightful and forged.

use std::path::Path;
use std::sync::Mutex;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::DecodePrivateKey as _;
use serde_json::{Value, json};

/// Somebody who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// person, system or facility.
    pub kind: String,
    /// Staff id, client id, or the facility itself.
    pub subject: String,
    /// As what.
    pub profession: String,
    /// For whom.
    pub facility: String,
    /// Where.
    pub networks: Vec<String>,
}

impl Who {
    /// A member of staff of a facility of the test network.
    pub fn person(profession: &str, facility: &str) -> Self {
        Self {
            kind: "person".to_owned(),
            subject: format!("{profession}-{facility}"),
            profession: profession.to_owned(),
            facility: facility.to_owned(),
            networks: vec![super::NETWORK.to_owned()],
        }
    }

    /// A vendor's system at a facility.
    pub fn system(facility: &str) -> Self {
        Self {
            kind: "system".to_owned(),
            subject: format!("emr-{facility}"),
            ..Self::person("vendor_system", facility)
        }
    }

    /// The facility itself.
    pub fn facility(facility: &str) -> Self {
        Self {
            kind: "facility".to_owned(),
            subject: facility.to_owned(),
            ..Self::person("vendor_system", facility)
        }
    }
}

/// Signs as the server's own issuer does.
pub struct Signer {
    header: Value,
    issuer: Value,
    audience: Value,
    key: SigningKey,
    kept: Mutex<Vec<(Who, i64, String)>>,
}

impl Signer {
    /// Learns issuer, audience and key id from a token that the program made, and finds its key.
    pub fn learn(token: &str, keys: &Path) -> Self {
        let mut parts = token.trim().split('.').map(|part| {
            serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).unwrap_or_default())
                .unwrap_or_default()
        });
        let (header, claims) = (
            parts.next().unwrap_or_default(),
            parts.next().unwrap_or_default(),
        );
        assert_eq!(header["alg"], "ES256", "{token}");
        Self {
            issuer: claims["iss"].clone(),
            audience: claims["aud"].clone(),
            key: signing_key(keys),
            header,
            kept: Mutex::new(Vec::new()),
        }
    }

    /// The header of rightful tokens.
    pub fn header(&self) -> Value {
        self.header.clone()
    }

    /// The claims of a rightful token that lives for four minutes.
    pub fn claims(&self, who: &Who) -> Value {
        let now = now_s();
        json!({
            "iss": self.issuer, "aud": self.audience, "sub": who.subject,
            "iat": now - 5, "nbf": now - 5, "exp": now + 235, "jti": format!("{now}-{}", super::unique()),
            "kind": who.kind, "profession": who.profession, "facility": who.facility, "networks": who.networks,
        })
    }

    /// A rightful token.
    pub fn token(&self, who: &Who) -> String {
        let mut kept = self
            .kept
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        kept.retain(|(_, until, _)| *until > now_s());
        if let Some((_, _, token)) = kept.iter().find(|(known, _, _)| known == who) {
            return token.clone();
        }
        let token = self.sign(&self.header, &self.claims(who));
        kept.push((who.clone(), now_s() + 120, token.clone()));
        token
    }

    /// Any header and claims, signed with the server's key.
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        sign_with(&self.key, header, claims)
    }

    /// The same, signed with a key that the server has never seen.
    pub fn sign_with_foreign_key(&self, header: &Value, claims: &Value) -> String {
        let key = SigningKey::from_slice(&[7; 32]).expect("a key");
        sign_with(&key, header, claims)
    }

    /// The public key in its uncompressed form, as attackers use it for HMAC.
    pub fn public_key(&self) -> Vec<u8> {
        self.key
            .verifying_key()
            .to_encoded_point(false)
            .as_bytes()
            .to_vec()
    }
}

fn sign_with(key: &SigningKey, header: &Value, claims: &Value) -> String {
    let text = format!("{}.{}", encode(header), encode(claims));
    let signature: Signature = key.sign(text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
}

/// A part of a token.
pub fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// The issuer's private key among the files of the key folder.
fn signing_key(keys: &Path) -> SigningKey {
    for entry in std::fs::read_dir(keys)
        .expect("the key folder is read")
        .flatten()
    {
        let Ok(text) = std::fs::read_to_string(entry.path()) else {
            continue;
        };
        if let Ok(key) = SigningKey::from_pkcs8_pem(&text) {
            return key;
        }
    }
    panic!("no ES256 key in {}", keys.display());
}

/// Seconds since 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "tokens are made for the clock of the program under test"
)]
pub fn now_s() -> i64 {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("after 1970");
    i64::try_from(since.as_secs()).expect("before the end of time")
}

/// A day in Japan, so many days from today, as `YYYY-MM-DD`.
pub fn day(from_today: i64) -> String {
    let days = (now_s() + 9 * 3_600).div_euclid(86_400) + from_today;
    // Days since 0000-03-01, in eras of 400 years.
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march = (5 * of_year + 2) / 153;
    let (month, of_month) = ((march + 2) % 12 + 1, of_year - (153 * march + 2) / 5 + 1);
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{of_month:02}")
}
