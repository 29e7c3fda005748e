//! Opening the house: data folder, profiles, policy, database, keys, in the order in which they are
//! cheap to refuse.

use std::path::PathBuf;
use std::sync::Arc;

use renkei_audit::Sealer;
use renkei_audit::checkpoint::Signer;
use renkei_audit::keys::{pseudonym_key, signer};
use renkei_flow::cursor::Sealing;
use renkei_flow::{House, Networks, activate};
use renkei_model::clock::{SharedClock, SystemClock};
use renkei_store::{Settings, Store};

use crate::config::Config;
use crate::error::GatewayError;
use crate::folder::{Folder, Held, write_private};
use crate::profiles;

/// A house with what only the program needs.
pub struct Opened {
    /// The house.
    pub house: Arc<House>,
    /// Signs checkpoints.
    pub signer: Signer,
    /// The data folder.
    pub folder: Folder,
    /// Keeps other processes off the data folder, where one process must be alone.
    pub held: Option<Held>,
}

/// Opens everything.
///
/// # Errors
/// What is wrong with the folder, the profiles, the database or a key.
pub async fn open(config: &Config) -> Result<Opened, GatewayError> {
    let clock: SharedClock = Arc::new(SystemClock);
    let folder = Folder::open(&config.data_dir)?;
    let held = hold(config, &folder)?;
    let networks = profiles::networks(&config.profiles_dir)?;
    let policy = profiles::policy(&networks)?;
    let secret = pseudonym_key(&folder.pseudonym_key())?;
    let (sealer, sealing) = (Sealer::new(secret), Sealing::new(secret));
    let signer = signer(&folder.checkpoint_key(), &config.audit.origin)?;
    let public = format!("{}\n", signer.verifying_key());
    write_private(&folder.public_key(), public.as_bytes())?;
    let store = Store::open(
        store_settings(config)?,
        Arc::clone(&clock),
        renkei_audit::link,
    )
    .await?;
    let policy = Arc::new(activate(&store, policy, &clock).await?);
    let networks = Networks::new(networks);
    let limits = config.limits();
    let house = Arc::new(House {
        store,
        networks,
        clock,
        limits,
        sealer,
        sealing,
        policy,
    });
    Ok(Opened {
        house,
        signer,
        folder,
        held,
    })
}

/// Takes the folder for this process if the database is SQLite. Processes on one PostgreSQL may share a
/// folder: they need the same keys and the same large originals.
///
/// # Errors
/// When another process holds it.
pub fn hold(config: &Config, folder: &Folder) -> Result<Option<Held>, GatewayError> {
    let is_sqlite = sqlite_file(&config.database()?).is_some();
    Ok(is_sqlite.then(|| folder.hold()).transpose()?)
}

/// The settings of the store.
///
/// # Errors
/// When the working directory cannot be read.
pub fn store_settings(config: &Config) -> std::io::Result<Settings> {
    Ok(Settings {
        url: config.database()?,
        data_dir: std::path::absolute(&config.data_dir)?,
        read_connections: config.store.read_connections,
        group_members: config.store.group_members,
        group_work_ms: config.store.group_work_ms,
        group_busy_ms: config.store.group_busy_ms,
    })
}

/// The file of a SQLite database.
#[must_use]
pub fn sqlite_file(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite:")?.trim_start_matches("//");
    Some(PathBuf::from(path.split('?').next().unwrap_or(path)))
}
