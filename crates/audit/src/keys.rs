//! Keys in files: made at first use, readable by their owner only.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey, EncodePrivateKey};
use rand_core::{OsRng, RngCore};

use crate::checkpoint::Signer;
use crate::error::AuditError;

/// Permissions of a key file: its owner may read and write, nobody else anything.
const OWNER_ONLY: u32 = 0o600;

/// The signer of checkpoints, with the Ed25519 key in this file (PKCS#8 PEM). Makes the key if there
/// is no file.
///
/// # Errors
///
/// [`AuditError::Key`] if others may read the file or it holds no such key; [`AuditError::Disk`].
pub fn signer(path: &Path, name: &str) -> Result<Signer, AuditError> {
    let text = read_or_make(path, || {
        let key = SigningKey::generate(&mut OsRng);
        let pem = key.to_pkcs8_pem(LineEnding::LF);
        pem.map(|pem| pem.as_bytes().to_vec())
            .map_err(|_| refuse(path, "the key cannot be written"))
    })?;
    let key = std::str::from_utf8(&text)
        .ok()
        .and_then(|pem| SigningKey::from_pkcs8_pem(pem).ok())
        .ok_or_else(|| refuse(path, "it holds no Ed25519 key in PKCS#8 PEM"))?;
    Signer::new(name, key)
}

/// The HMAC key of pseudonyms, in hex in this file. Makes the key if there is no file.
///
/// # Errors
///
/// [`AuditError::Key`] if others may read the file or it is not 64 hex digits; [`AuditError::Disk`].
pub fn pseudonym_key(path: &Path) -> Result<[u8; 32], AuditError> {
    let text = read_or_make(path, || {
        let mut key = [0; 32];
        OsRng.fill_bytes(&mut key);
        Ok(format!("{}\n", hex::encode(key)).into_bytes())
    })?;
    hex::decode(text.trim_ascii())
        .ok()
        .and_then(|key| key.try_into().ok())
        .ok_or_else(|| refuse(path, "it must be 64 hex digits"))
}

fn read_or_make(
    path: &Path,
    make: impl FnOnce() -> Result<Vec<u8>, AuditError>,
) -> Result<Vec<u8>, AuditError> {
    match read(path) {
        Err(AuditError::Disk { source, .. }) if source.kind() == ErrorKind::NotFound => {
            write_new(path, &make()?)?;
            // What lies there now counts: another process may have been quicker.
            read(path)
        }
        other => other,
    }
}

fn read(path: &Path) -> Result<Vec<u8>, AuditError> {
    let mut file = File::open(path).map_err(|source| disk(path, source))?;
    let mode = file
        .metadata()
        .map_err(|source| disk(path, source))?
        .permissions()
        .mode();
    if mode & 0o077 != 0 {
        return Err(refuse(
            path,
            "others than its owner may use it; set its mode to 0600",
        ));
    }
    let mut content = Vec::new();
    file.read_to_end(&mut content)
        .map_err(|source| disk(path, source))?;
    Ok(content)
}

/// Writes beside the place and links it there, so that a file under the name is always whole and
/// never replaces another.
fn write_new(path: &Path, content: &[u8]) -> Result<(), AuditError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}", std::process::id()));
    let beside = Path::new(&beside);
    let written = write_durably(beside, content).and_then(|()| match fs::hard_link(beside, path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    });
    let removed = fs::remove_file(beside);
    written
        .and(removed)
        .and_then(|()| sync_folder(path))
        .map_err(|source| disk(path, source))
}

fn write_durably(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut file = File::options()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(OWNER_ONLY)
        .open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

fn sync_folder(path: &Path) -> std::io::Result<()> {
    match path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

fn refuse(path: &Path, rule: &'static str) -> AuditError {
    AuditError::Key {
        path: path.display().to_string(),
        rule,
    }
}

fn disk(path: &Path, source: std::io::Error) -> AuditError {
    AuditError::Disk {
        path: path.display().to_string(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_only_for_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit-ed25519.pem");
        let first = signer(&path, "renkei.example/audit").unwrap();
        let again = signer(&path, "renkei.example/audit").unwrap();
        assert_eq!(first.verifying_key(), again.verifying_key());
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "nothing is left beside it"
        );
    }

    #[test]
    fn the_pseudonym_key_stays_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pseudonym.key");
        assert_eq!(pseudonym_key(&path).unwrap(), pseudonym_key(&path).unwrap());
    }

    #[test]
    fn a_key_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pseudonym.key");
        pseudonym_key(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(pseudonym_key(&path), Err(AuditError::Key { .. })));
    }

    #[test]
    fn a_file_without_a_key_is_refused_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        write_durably(&path, b"not a key").unwrap();
        assert!(signer(&path, "renkei.example/audit").is_err());
        assert!(pseudonym_key(&path).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"not a key");
    }
}
