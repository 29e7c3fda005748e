//! Why a command could not do what it was asked for.

use renkei_edge::{DoorError, KeyError};
use renkei_store::StoreError;

use crate::config::ConfigError;
use crate::demo::script::ScriptError;
use crate::folder::FolderError;
use crate::profiles::ProfilesError;
use crate::signal::Stop;

/// What a command can fail with. Printed with its causes, one a line.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The settings are wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data folder is not usable.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A profile or an access table is wrong.
    #[error(transparent)]
    Profiles(#[from] ProfilesError),
    /// The database is not usable.
    #[error("データベースを使えません / the database cannot be used")]
    Store(#[from] StoreError),
    /// A key is not usable.
    #[error("鍵を使えません / a key cannot be used")]
    Key(#[from] KeyError),
    /// An audit key, leaf or export is not usable.
    #[error("監査記録を扱えません / the audit log cannot be used")]
    Audit(#[from] renkei_audit::AuditError),
    /// The door does not open, or broke.
    #[error("待ち受けできません / cannot serve")]
    Door(#[from] DoorError),
    /// The recorder of figures is there already.
    #[error("計測を始められません / metrics cannot be recorded")]
    Metrics(#[from] metrics_exporter_prometheus::BuildError),
    /// The system refused.
    #[error("入出力の誤りです / input or output failed")]
    Io(#[from] std::io::Error),
    /// A message could not be sent, taken or understood.
    #[error("電文をやりとりできません / a message could not be exchanged: {0}")]
    Exchange(String),
    /// An argument of the command line.
    #[error("引数が正しくありません / an argument is not valid: {0}")]
    Argument(String),
    /// Something was found to be wrong, and has been printed already.
    #[error("問題が見つかりました / something is wrong, see above")]
    Found,
    /// The program was told to stop before its work was done; how far it came has been printed already.
    #[error("{} で止められました / stopped by {}", .0.name(), .0.name())]
    Stopped(Stop),
    /// The samples of the demo are not readable.
    #[error(transparent)]
    Script(#[from] ScriptError),
    /// A door refused a sample of the demo.
    #[error("{request}: {status}: {answer}")]
    Demo {
        /// Method and path.
        request: String,
        /// HTTP status.
        status: u16,
        /// The answer, an OperationOutcome. The demo's data is invented, so it may be shown.
        answer: String,
    },
}

/// An error with its causes, one a line.
#[must_use]
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str("\n  ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
