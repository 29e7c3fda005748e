//! The local issuer's key: made once, kept in the data folder for its owner only, used to sign tokens.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use p256::SecretKey;
use p256::elliptic_curve::sec1::ToEncodedPoint as _;
use p256::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, EncodePublicKey as _, LineEnding};
use rand_core::OsRng;
use renkei_model::Caller;
use renkei_model::caller::CallerKind;
use renkei_model::clock::Instant;
use renkei_model::id::RequestId;

use crate::EdgeSettings;
use crate::guard::Claims;
use crate::known::KnownTokens;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("the key file cannot be read or written")]
    File(#[from] std::io::Error),
    /// Others than the owner can read it.
    #[error("the key file can be read by others: its mode must be 0600")]
    Readable,
    /// It holds no P-256 private key.
    #[error("the key file holds no P-256 private key in PKCS#8 PEM")]
    Content,
    /// A token could not be signed.
    #[error("a token could not be signed")]
    Sign,
}

/// Signs and verifies tokens with ES256.
pub struct IssuerKey {
    id: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
    known: KnownTokens,
}

const FILE: &str = "issuer.pem";

impl IssuerKey {
    /// Reads the key from a folder; makes folder and key when there are none.
    ///
    /// # Errors
    /// [`KeyError`]; a key that others can read is not used.
    pub fn load_or_create(folder: &Path) -> Result<Self, KeyError> {
        let path = folder.join(FILE);
        if !path.exists() {
            create(folder, &path)?;
        }
        if fs::metadata(&path)?.permissions().mode() & 0o077 != 0 {
            return Err(KeyError::Readable);
        }
        let pem = fs::read_to_string(&path)?;
        let secret = SecretKey::from_pkcs8_pem(&pem).map_err(|_| KeyError::Content)?;
        let public = secret.public_key();
        let public_pem = public
            .to_public_key_pem(LineEnding::LF)
            .map_err(|_| KeyError::Content)?;
        let point = public.to_encoded_point(true);
        let id = point
            .as_bytes()
            .iter()
            .skip(1)
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Ok(Self {
            id,
            encoding: EncodingKey::from_ec_pem(pem.as_bytes()).map_err(|_| KeyError::Content)?,
            decoding: DecodingKey::from_ec_pem(public_pem.as_bytes())
                .map_err(|_| KeyError::Content)?,
            known: KnownTokens::new(),
        })
    }

    /// The key's id, `kid` of its tokens.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(crate) const fn decoding(&self) -> &DecodingKey {
        &self.decoding
    }

    /// The tokens that this key verified before.
    pub(crate) const fn known(&self) -> &KnownTokens {
        &self.known
    }

    /// A token for a caller.
    ///
    /// # Errors
    /// [`KeyError::Sign`], also for a lifetime over the limit.
    pub fn mint(
        &self,
        settings: &EdgeSettings,
        caller: &Caller,
        now: Instant,
        lifetime_s: i64,
    ) -> Result<String, KeyError> {
        if lifetime_s < 1 || lifetime_s > settings.token_lifetime_max_s {
            return Err(KeyError::Sign);
        }
        let (kind, subject) = match &caller.kind {
            CallerKind::Person { staff, .. } => ("person", staff.to_string()),
            CallerKind::System { client } => ("system", client.to_string()),
            CallerKind::Facility => ("facility", caller.facility.to_string()),
        };
        let claims = Claims {
            iss: settings.issuer.clone(),
            aud: settings.audience.clone(),
            sub: subject,
            iat: now.seconds(),
            nbf: now.seconds(),
            exp: now.seconds() + lifetime_s,
            jti: RequestId::new().to_string(),
            kind: kind.to_owned(),
            profession: caller.profession().to_string(),
            facility: caller.facility.to_string(),
            networks: caller.networks.iter().map(ToString::to_string).collect(),
        };
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(self.id.clone());
        jsonwebtoken::encode(&header, &claims, &self.encoding).map_err(|_| KeyError::Sign)
    }
}

fn create(folder: &Path, path: &Path) -> Result<(), KeyError> {
    fs::create_dir_all(folder)?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    let pem = SecretKey::random(&mut OsRng)
        .to_pkcs8_pem(LineEnding::LF)
        .map_err(|_| KeyError::Content)?;
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(pem.as_bytes())?;
    file.sync_all()?;
    Ok(())
}
