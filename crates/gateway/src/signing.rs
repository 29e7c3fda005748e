//! Signs the audit log again and again, and keeps the signatures outside the database too: whoever cuts
//! the database short cannot cut the file short without that being another trace.

use std::collections::HashSet;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use renkei_audit::checkpoint::split_notes;
use renkei_flow::House;
use renkei_flow::checkpoint::Checkpointer;
use renkei_model::leaf::Checkpoint;
use renkei_store::StoreError;
use tokio::sync::oneshot;

use crate::config::AuditSection;
use crate::error::{GatewayError, with_causes};

/// How often the number of leaves is looked at.
const LOOK_S: u64 = 1;

/// What signing needs.
pub struct Signing {
    /// The house whose log is signed.
    pub house: Arc<House>,
    /// The tree so far, and the key.
    pub checkpointer: Checkpointer,
    /// The file beside the database.
    pub notes: PathBuf,
    /// Whether the file has every note of the database. False at the start.
    pub caught_up: bool,
}

impl Signing {
    /// Signs what was added since the last time, if anything was.
    ///
    /// # Errors
    /// When the log cannot be read or the signature cannot be kept.
    pub async fn once(&mut self) -> Result<Option<Checkpoint>, GatewayError> {
        let signed = match self.checkpointer.checkpoint(&self.house).await {
            // An earlier run, or another process on the same database, has signed exactly so many.
            Err(StoreError::Conflict) => None,
            other => other?,
        };
        // Once after the start, the file is compared with the database; then each note is added to it.
        let caught_up = std::mem::replace(&mut self.caught_up, true);
        if !caught_up {
            self.catch_up()
                .await
                .inspect_err(|_| self.caught_up = false)?;
        }
        let Some(checkpoint) = signed else {
            return Ok(None);
        };
        if caught_up {
            append(&self.notes, &checkpoint.note).inspect_err(|_| self.caught_up = false)?;
        }
        tracing::info!(size = checkpoint.size, "audit checkpoint signed");
        Ok(Some(checkpoint))
    }

    /// Writes the notes that the database has and the file does not: the one just signed, and one whose
    /// process died between the commit and the file.
    async fn catch_up(&self) -> Result<(), GatewayError> {
        let written = match std::fs::read_to_string(&self.notes) {
            Ok(text) => split_notes(&text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        let written: HashSet<&str> = written.iter().map(|note| note.trim_end()).collect();
        for checkpoint in self.house.store.checkpoints().await? {
            if !written.contains(checkpoint.note.trim_end()) {
                append(&self.notes, &checkpoint.note)?;
            }
        }
        Ok(())
    }

    /// Signs at intervals until told to stop, and once more then. A failure is logged and tried again:
    /// serving goes on, and the unsigned tail shows in the verifier's report.
    pub async fn until(mut self, settings: AuditSection, mut stop: oneshot::Receiver<()>) {
        let mut look = tokio::time::interval(Duration::from_secs(LOOK_S));
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut waited_s = 0;
        let mut signed = self.house.store.leaf_count().await.unwrap_or(0);
        loop {
            tokio::select! {
                _ = look.tick() => waited_s += LOOK_S,
                _ = &mut stop => break,
            }
            let leaves = self.house.store.leaf_count().await.unwrap_or(signed);
            let many = leaves.saturating_sub(signed) >= settings.checkpoint_leaves;
            if waited_s >= settings.checkpoint_s || many {
                self.once_or_log().await;
                (waited_s, signed) = (0, leaves);
            }
        }
        self.once_or_log().await;
    }

    async fn once_or_log(&mut self) {
        if let Err(error) = self.once().await {
            tracing::error!(
                error = with_causes(&error),
                "the audit log could not be signed"
            );
        }
    }
}

/// Appends a signed note, durably, with an empty line after it.
fn append(path: &Path, note: &str) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).append(true).mode(0o600);
    let mut file = options.open(path)?;
    file.write_all(format!("{}\n\n", note.trim_end_matches('\n')).as_bytes())?;
    file.sync_all()
}
