//! Checkpoints: signed notes in the form of C2SP `tlog-checkpoint` and `signed-note`.
//!
//! ```text
//! renkei.example/audit          origin, which is also the key's name
//! 1204                          number of leaves
//! X8...=                        Merkle root, base64
//! head 3f...=                   link of the last leaf, base64      (extension line of ours)
//! at 1795312800000000           microseconds since 1970 UTC        (extension line of ours)
//!
//! — renkei.example/audit Az3gru...   base64 of key id (4 bytes) ‖ Ed25519 signature
//! ```

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::{Signature, Signer as _, SigningKey};
use renkei_model::Instant;
use renkei_model::leaf::{Checkpoint, Hash};
use sha2::{Digest, Sha256};

use crate::error::AuditError;

/// Ed25519 in the C2SP list of note algorithms.
const ALGORITHM: u8 = 1;

/// What a line with a signature begins with: an em dash and a space.
const SIGNATURE_MARK: &str = "\u{2014} ";

/// Signs checkpoints. Made by [`crate::keys::signer`].
#[derive(Clone)]
pub struct Signer {
    public: VerifyingKey,
    key: SigningKey,
}

/// The public half, in C2SP's text form `name+keyid+base64`: what an auditor is given on paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyingKey {
    name: String,
    key: ed25519_dalek::VerifyingKey,
    key_id: [u8; 4],
}

/// What a checkpoint states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statement {
    /// Number of leaves.
    pub size: u64,
    /// Merkle root over the hashes of that many leaves.
    pub root: Hash,
    /// Link of the last of them; [`crate::FIRST_PREVIOUS`] if there is none.
    pub head: Hash,
    /// When.
    pub at: Instant,
}

impl Signer {
    /// A signer under a name, which is also the log's origin: a URL without scheme, by convention.
    ///
    /// # Errors
    ///
    /// [`AuditError::Key`] if the name is empty or holds a space, a control character or a plus.
    pub fn new(name: &str, key: SigningKey) -> Result<Self, AuditError> {
        Ok(Self {
            public: VerifyingKey::new(name, key.verifying_key())?,
            key,
        })
    }

    /// The public half.
    #[must_use]
    pub const fn verifying_key(&self) -> &VerifyingKey {
        &self.public
    }

    /// Signs a statement.
    #[must_use]
    pub fn sign(&self, statement: &Statement) -> Checkpoint {
        let Statement {
            size,
            root,
            head,
            at,
        } = *statement;
        let name = &self.public.name;
        let text = format!(
            "{name}\n{size}\n{}\nhead {}\nat {}\n",
            BASE64.encode(root),
            BASE64.encode(head),
            at.0
        );
        let mut signature = self.public.key_id.to_vec();
        signature.extend_from_slice(&self.key.sign(text.as_bytes()).to_bytes());
        let note = format!(
            "{text}\n{SIGNATURE_MARK}{name} {}\n",
            BASE64.encode(signature)
        );
        Checkpoint {
            size,
            root,
            head,
            at,
            note,
        }
    }
}

impl VerifyingKey {
    fn new(name: &str, key: ed25519_dalek::VerifyingKey) -> Result<Self, AuditError> {
        let is_bad = |letter: char| letter.is_whitespace() || letter.is_control() || letter == '+';
        if name.is_empty() || name.chars().any(is_bad) {
            return Err(key_error("its name is empty or holds a space or a plus"));
        }
        let digest: Hash = Sha256::new()
            .chain_update(name)
            .chain_update([b'\n', ALGORITHM])
            .chain_update(key.as_bytes())
            .finalize()
            .into();
        let key_id = [digest[0], digest[1], digest[2], digest[3]];
        Ok(Self {
            name: name.to_owned(),
            key,
            key_id,
        })
    }

    /// Its name, and the origin of the log that it speaks for.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Reads a note, checks that this key signed it, and returns what it states. Signatures of
    /// other keys (witnesses) are passed over.
    ///
    /// # Errors
    ///
    /// [`AuditError::Note`] if it is no checkpoint, [`AuditError::Signature`] if this key did not
    /// sign it.
    pub fn open(&self, note: &str) -> Result<Checkpoint, AuditError> {
        let end = note
            .rfind("\n\n")
            .ok_or(AuditError::Note("it has no signature"))?;
        let (text, signatures) = note.split_at(end + 1);
        let signed = signatures.lines().any(|line| self.signed(text, line));
        if !signed {
            return Err(AuditError::Signature(self.name.clone()));
        }
        let Statement {
            size,
            root,
            head,
            at,
        } = self.read(text)?;
        Ok(Checkpoint {
            size,
            root,
            head,
            at,
            note: note.to_owned(),
        })
    }

    fn signed(&self, text: &str, line: &str) -> bool {
        let signature = line
            .strip_prefix(SIGNATURE_MARK)
            .and_then(|rest| rest.split_once(' '))
            .filter(|(name, _)| *name == self.name)
            .and_then(|(_, signature)| BASE64.decode(signature).ok());
        let Some((key_id, signature)) = signature
            .as_deref()
            .and_then(<[u8]>::split_first_chunk::<4>)
        else {
            return false;
        };
        let Ok(signature) = Signature::from_slice(signature) else {
            return false;
        };
        *key_id == self.key_id && self.key.verify_strict(text.as_bytes(), &signature).is_ok()
    }

    fn read(&self, text: &str) -> Result<Statement, AuditError> {
        let mut lines = text.lines();
        if lines.next() != Some(self.name.as_str()) {
            return Err(AuditError::Note("its origin is another log"));
        }
        let size = lines.next().and_then(|line| line.parse().ok());
        let root = lines.next().and_then(read_hash);
        let (mut head, mut at) = (None, None);
        for line in lines {
            match line.split_once(' ') {
                Some(("head", rest)) => head = read_hash(rest),
                Some(("at", rest)) => at = rest.parse().ok().map(Instant),
                _ => {}
            }
        }
        let (Some(size), Some(root), Some(head), Some(at)) = (size, root, head, at) else {
            return Err(AuditError::Note("size, root, head or time is missing"));
        };
        Ok(Statement {
            size,
            root,
            head,
            at,
        })
    }
}

impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = vec![ALGORITHM];
        bytes.extend_from_slice(self.key.as_bytes());
        write!(
            f,
            "{}+{}+{}",
            self.name,
            hex::encode(self.key_id),
            BASE64.encode(bytes)
        )
    }
}

impl FromStr for VerifyingKey {
    type Err = AuditError;

    fn from_str(text: &str) -> Result<Self, AuditError> {
        let mut parts = text.trim().splitn(3, '+');
        let (Some(name), Some(key_id), Some(encoded)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(key_error("a public key is name+keyid+base64"));
        };
        let bytes = BASE64
            .decode(encoded)
            .map_err(|_| key_error("it is not base64"))?;
        let Some((&ALGORITHM, bytes)) = bytes.split_first() else {
            return Err(key_error("it is not an Ed25519 key"));
        };
        let key = <&[u8; 32]>::try_from(bytes)
            .ok()
            .and_then(|bytes| ed25519_dalek::VerifyingKey::from_bytes(bytes).ok())
            .ok_or_else(|| key_error("it is not an Ed25519 key"))?;
        let read = Self::new(name, key)?;
        if hex::encode(read.key_id) == key_id {
            Ok(read)
        } else {
            Err(key_error("key id and key do not belong together"))
        }
    }
}

/// Cuts a file of notes, one after the other, into notes.
#[must_use]
pub fn split_notes(file: &str) -> Vec<String> {
    let mut notes = Vec::new();
    let mut note = String::new();
    let mut in_signatures = false;
    for line in file.lines() {
        let is_signature = line.starts_with(SIGNATURE_MARK);
        if in_signatures && !is_signature {
            notes.push(std::mem::take(&mut note));
        }
        in_signatures = is_signature;
        if note.is_empty() && line.is_empty() {
            continue;
        }
        note.push_str(line);
        note.push('\n');
    }
    if !note.is_empty() {
        notes.push(note);
    }
    notes
}

fn read_hash(text: &str) -> Option<Hash> {
    BASE64.decode(text).ok()?.try_into().ok()
}

fn key_error(rule: &'static str) -> AuditError {
    AuditError::Key {
        path: "-".to_owned(),
        rule,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn signer(seed: u8) -> Signer {
        Signer::new("renkei.example/audit", SigningKey::from_bytes(&[seed; 32])).unwrap()
    }

    const fn statement(size: u64) -> Statement {
        Statement {
            size,
            root: [1; 32],
            head: [2; 32],
            at: Instant(1_795_312_800_000_000),
        }
    }

    #[test]
    fn what_was_signed_can_be_opened() {
        let checkpoint = signer(1).sign(&statement(1204));
        assert_eq!(
            signer(1).verifying_key().open(&checkpoint.note).unwrap(),
            checkpoint
        );
        assert!(
            checkpoint
                .note
                .starts_with("renkei.example/audit\n1204\nAQEB")
        );
    }

    #[test]
    fn another_key_did_not_sign_it() {
        let checkpoint = signer(1).sign(&statement(1));
        let opened = signer(2).verifying_key().open(&checkpoint.note);
        assert!(matches!(opened, Err(AuditError::Signature(_))));
    }

    #[test]
    fn a_witness_may_sign_too() {
        let mut checkpoint = signer(1).sign(&statement(1));
        checkpoint
            .note
            .push_str("\u{2014} witness.example AAAAAAAA\n");
        assert!(signer(1).verifying_key().open(&checkpoint.note).is_ok());
    }

    /// The example key of the C2SP signed-note text (`PeterNeumann`) reads and prints back.
    #[test]
    fn the_public_key_has_the_form_of_c2sp() {
        let text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        let key: VerifyingKey = text.parse().unwrap();
        assert_eq!(key.to_string(), text);
        let ours = signer(1).verifying_key().clone();
        assert_eq!(ours.to_string().parse::<VerifyingKey>().unwrap(), ours);
        assert!(
            text.replace("c74f20a3", "c74f20a4")
                .parse::<VerifyingKey>()
                .is_err()
        );
    }

    #[test]
    fn notes_in_one_file_come_apart_again() {
        let notes: Vec<String> = (0..3)
            .map(|size| signer(1).sign(&statement(size)).note)
            .collect();
        assert_eq!(split_notes(&notes.concat()), notes);
        assert_eq!(
            split_notes(&notes.join("\n")),
            notes,
            "with empty lines between"
        );
        assert!(split_notes("").is_empty());
    }

    proptest! {
        #[test]
        fn a_changed_note_does_not_open(pick: prop::sample::Index, flip in 1_u8..=255) {
            let note = signer(1).sign(&statement(1204)).note;
            let mut bytes = note.clone().into_bytes();
            let at = pick.index(bytes.len());
            bytes[at] ^= flip;
            if let Ok(changed) = String::from_utf8(bytes) {
                // The last byte is the line end after the signature, which signs nothing.
                let opened = signer(1).verifying_key().open(&changed);
                prop_assert!(opened.is_err() || at == note.len() - 1);
            }
        }
    }
}
