//! Bodies of messages: small ones in the row, large ones in a content-addressed folder, durable
//! before the transaction that refers to them begins.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use renkei_model::Instant;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::fault::StoreError;
use crate::sql::{Reader, query};
use crate::store::Store;

/// Larger bodies go to the folder.
const INLINE_BYTES: usize = 64 * 1024;
/// An unreferenced body younger than this may belong to a transaction of another process.
const ORPHAN_AGE_MICROS: i64 = 3_600 * 1_000_000;

/// A body as the row will hold it: the bytes themselves, or the path of the file below the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// SHA-256 of the bytes.
    pub sha256: [u8; 32],
    /// The bytes, if they are at most 64 kB.
    pub inline: Option<Vec<u8>>,
    /// Else the file below `blobs/`: two hexadecimal digits, a slash, the other 62.
    pub path: Option<String>,
    /// How many bytes.
    pub bytes: u64,
}

impl Store {
    /// Keeps a body. Call it before [`Store::begin`]: a large one is on disk when this returns, and
    /// is swept at a later start if no row came to refer to it.
    ///
    /// # Errors
    /// [`StoreError::Full`] when the disk is full.
    pub async fn blob_keep(&self, body: &[u8]) -> Result<Body, StoreError> {
        let bytes = body.len() as u64;
        if body.len() <= INLINE_BYTES {
            let sha256 = Sha256::digest(body).into();
            return Ok(Body {
                sha256,
                inline: Some(body.to_vec()),
                path: None,
                bytes,
            });
        }
        let (folder, body) = (self.blobs.clone(), body.to_vec());
        let kept = tokio::task::spawn_blocking(move || keep(&folder, &body)).await;
        let (sha256, path) = kept
            .map_err(|_| StoreError::Unavailable)?
            .map_err(|error| disk(&error))?;
        Ok(Body {
            sha256,
            inline: None,
            path: Some(path),
            bytes,
        })
    }
}

/// Writes the file under its hash: first beside it, then renamed, file and folder synced.
fn keep(blobs: &Path, body: &[u8]) -> io::Result<([u8; 32], String)> {
    let sha256: [u8; 32] = Sha256::digest(body).into();
    let name = hex::encode(sha256);
    let (head, tail) = name.split_at(2);
    let folder = blobs.join(head);
    let path = folder.join(tail);
    if !folder.exists() {
        private_folder(&folder)?;
        File::open(blobs)?.sync_all()?;
    }
    // Always written anew, under a name of its own (two requests may keep the same bytes at once):
    // a file that was there already may be an orphan that a sweep is about to remove.
    let beside = folder.join(format!("{}.part", Uuid::now_v7()));
    let mut file = File::create_new(&beside)?;
    let written = file.write_all(body).and_then(|()| file.sync_all());
    if let Err(error) = written.and_then(|()| fs::rename(&beside, &path)) {
        drop(fs::remove_file(&beside));
        return Err(error);
    }
    File::open(&folder)?.sync_all()?;
    Ok((sha256, format!("{head}/{tail}")))
}

fn private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn disk(error: &io::Error) -> StoreError {
    let full = matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    );
    if full {
        StoreError::Full
    } else {
        StoreError::Unavailable
    }
}

/// Removes bodies that no row refers to: left by transactions that were never committed.
pub(crate) async fn sweep(store: &Store, now: Instant) -> Result<usize, StoreError> {
    let blobs = store.blobs.clone();
    let listed = tokio::task::spawn_blocking(move || {
        private_folder(&blobs)?;
        old_files(&blobs, Instant(now.0.saturating_sub(ORPHAN_AGE_MICROS)))
    });
    let old = listed
        .await
        .map_err(|_| StoreError::Unavailable)?
        .map_err(|error| disk(&error))?;
    if old.is_empty() {
        return Ok(0);
    }
    let sql = "-- store.sweep\nSELECT body_path FROM message WHERE body_path IS NOT NULL \
               UNION ALL SELECT body_path FROM quarantine WHERE body_path IS NOT NULL";
    let mut used = HashSet::new();
    for row in store.all(query(sql)).await? {
        used.insert(Reader::new("message", &row).text("body_path")?);
    }
    let orphans: Vec<PathBuf> = old
        .into_iter()
        .filter(|(name, _)| !used.contains(name))
        .map(|(_, path)| path)
        .collect();
    let count = orphans.len();
    for orphan in orphans {
        fs::remove_file(orphan).map_err(|error| disk(&error))?;
    }
    tracing::info!(count, "orphaned bodies were removed");
    Ok(count)
}

/// Files below the folder that were last written before an instant, with their `ab/cdef…` names.
fn old_files(blobs: &Path, before: Instant) -> io::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for folder in fs::read_dir(blobs)? {
        let folder = folder?;
        if !folder.file_type()?.is_dir() {
            continue;
        }
        for file in fs::read_dir(folder.path())? {
            let file = file?;
            let age = file
                .metadata()?
                .modified()?
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default();
            if i64::try_from(age.as_micros()).is_ok_and(|written| written < before.0) {
                let (head, tail) = (folder.file_name(), file.file_name());
                let name = format!("{}/{}", head.to_string_lossy(), tail.to_string_lossy());
                found.push((name, file.path()));
            }
        }
    }
    Ok(found)
}
