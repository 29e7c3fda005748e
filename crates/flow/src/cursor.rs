//! Sealed texts that go out to a caller and come back: page cursors, handles of an emergency search.
//!
//! A sealed text says nothing to who holds it, cannot be changed, and opens only for the purpose and the
//! circumstances (`bound`) that it was made for. It is never proof of a right: whoever opens one asks
//! for the rights again. Not a room.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac as _};
use rand_core::{OsRng, RngCore as _};
use sha2::Sha256;

/// Says which key this is. Another text is another key, and every sealed text of before is void.
const LABEL: &[u8] = b"renkei sealing v1: XChaCha20-Poly1305";

/// Bytes of the nonce, which stands in front of the ciphertext. 192 random bits do not meet.
const NONCE: usize = 24;

/// No sealed text is longer, and no longer one is opened: it came from outside.
const TEXT_MAX: usize = 8_192;

/// Seals and opens.
#[derive(Clone)]
pub struct Sealing {
    cipher: XChaCha20Poly1305,
}

impl Sealing {
    /// From the installation's secret of 32 bytes. The key itself is derived (HMAC-SHA-256 with a label),
    /// so that the secret can serve other uses beside this one.
    #[must_use]
    pub fn new(key: [u8; 32]) -> Self {
        // HMAC pads a key to one block of its hash, 64 bytes for SHA-256.
        let mut block = [0; 64];
        block[..32].copy_from_slice(&key);
        let mut mac = Hmac::<Sha256>::new(&block.into());
        mac.update(LABEL);
        let derived: [u8; 32] = mac.finalize().into_bytes().into();
        Self {
            cipher: XChaCha20Poly1305::new(&derived.into()),
        }
    }

    /// Seals `plain` for a purpose and the circumstances that must be the same when it is opened: who
    /// asks, under which policy. Letters, digits, `-` and `_` only. Empty if `plain` is too long to be
    /// sealed (more than some 6,000 bytes); an empty text opens as nothing.
    #[must_use]
    pub fn seal(&self, purpose: &str, bound: &[u8], plain: &[u8]) -> String {
        let mut bytes = [0; NONCE];
        OsRng.fill_bytes(&mut bytes);
        let aad = aad(purpose, bound);
        let payload = Payload {
            msg: plain,
            aad: &aad,
        };
        let Ok(ciphertext) = self.cipher.encrypt(&XNonce::from(bytes), payload) else {
            return String::new();
        };
        let text = URL_SAFE_NO_PAD.encode([&bytes[..], &ciphertext].concat());
        if text.len() > TEXT_MAX {
            return String::new();
        }
        text
    }

    /// What was sealed, if it was sealed by this installation for the same purpose and circumstances.
    /// Everything else is `None`, and nothing says why.
    #[must_use]
    pub fn open(&self, purpose: &str, bound: &[u8], text: &str) -> Option<Vec<u8>> {
        if text.len() > TEXT_MAX {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (nonce, ciphertext) = bytes.split_first_chunk::<NONCE>()?;
        let aad = aad(purpose, bound);
        let payload = Payload {
            msg: ciphertext,
            aad: &aad,
        };
        self.cipher.decrypt(&XNonce::from(*nonce), payload).ok()
    }
}

/// Purpose and circumstances as one byte string that no other pair has.
fn aad(purpose: &str, bound: &[u8]) -> Vec<u8> {
    let length = u64::try_from(purpose.len()).unwrap_or(u64::MAX);
    [&length.to_be_bytes()[..], purpose.as_bytes(), bound].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealing(byte: u8) -> Sealing {
        Sealing::new([byte; 32])
    }

    #[test]
    fn what_was_sealed_opens_in_the_same_circumstances_only() {
        let text = sealing(1).seal("page", b"nurse-1", b"row 20");
        assert_eq!(
            sealing(1).open("page", b"nurse-1", &text),
            Some(b"row 20".to_vec())
        );
        assert_eq!(sealing(2).open("page", b"nurse-1", &text), None, "key");
        assert_eq!(sealing(1).open("page", b"nurse-2", &text), None, "caller");
        assert_eq!(sealing(1).open("card", b"nurse-1", &text), None, "purpose");
        // The border between purpose and circumstances counts.
        assert_eq!(sealing(1).open("pagen", b"urse-1", &text), None);
        assert_eq!(sealing(1).open("pag", b"enurse-1", &text), None);
    }

    #[test]
    fn nothing_changed_or_cut_opens() {
        let sealing = sealing(1);
        let text = sealing.seal("page", b"", b"row 20");
        let bytes = URL_SAFE_NO_PAD.decode(&text).unwrap();
        for position in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[position] ^= 1;
            let changed = URL_SAFE_NO_PAD.encode(changed);
            assert_eq!(sealing.open("page", b"", &changed), None, "{position}");
        }
        for length in 0..text.len() {
            assert_eq!(sealing.open("page", b"", &text[..length]), None, "{length}");
        }
        for other in [
            format!("{text}A"),
            format!("{text}="),
            format!(" {text}"),
            "あ".to_owned(),
            "A".repeat(TEXT_MAX + 4),
        ] {
            assert_eq!(sealing.open("page", b"", &other), None);
        }
    }

    #[test]
    fn a_sealed_text_is_fit_for_a_url_and_never_the_same_twice() {
        let sealing = sealing(1);
        let (one, two) = (sealing.seal("p", b"b", b""), sealing.seal("p", b"b", b""));
        assert_ne!(one, two);
        let fit = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        assert!(one.chars().all(fit), "{one}");
        assert_eq!(sealing.open("p", b"b", &one), Some(Vec::new()));
        assert_eq!(sealing.seal("p", b"b", &[0; 8_000]), "", "too long");
    }
}
