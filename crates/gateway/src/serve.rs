//! `renkei serve`: opens the house and the door, signs the audit log, stops in good order.

use std::sync::Arc;
use std::time::Duration;

use renkei_edge::{Door, EdgeSettings, IssuerKey, MllpDoor};
use renkei_flow::checkpoint::Checkpointer;
use tokio::sync::oneshot;

use crate::config::Config;
use crate::error::GatewayError;
use crate::house::{self, Opened};
use crate::signal::Stop;
use crate::signing::Signing;
use crate::stdout::say;
use crate::{descriptors, metrics, signal};

/// Time to write the last answers, beyond the time that a request may take.
const GRACE: Duration = Duration::from_secs(5);

/// What listens.
pub struct Doors {
    /// HTTP.
    pub first: Door,
    /// HL7 over MLLP, where it is set.
    pub second: Option<MllpDoor>,
}

/// What the door calls for `/metrics`.
pub type Render = Arc<dyn Fn() -> String + Send + Sync>;

/// Serves until it is told to stop.
///
/// # Errors
/// When something cannot be opened, or the door breaks.
pub async fn run(config: &Config) -> Result<(), GatewayError> {
    let stop = signal::stop()?;
    let opened = house::open(config).await?;
    let descriptors = descriptors::raise(config);
    if !descriptors.suffice() {
        tracing::warn!(
            limit = descriptors.limit,
            needed = descriptors.needed,
            "fewer file descriptors than connections.max needs"
        );
    }
    let issuer = IssuerKey::load_or_create(&opened.folder.keys())?;
    let render = metrics()?;
    let door = Door::bind(
        edge_settings(config),
        Arc::clone(&opened.house),
        issuer,
        render,
    )
    .await?;
    let second = match config.mllp.settings(&config.limits()) {
        Some(settings) => Some(MllpDoor::bind(settings, Arc::clone(&opened.house)).await?),
        None => None,
    };
    let doors = Doors {
        first: door,
        second,
    };
    until_stopped(opened, doors, config, stop).await
}

/// What the door is told.
#[must_use]
pub fn edge_settings(config: &Config) -> EdgeSettings {
    EdgeSettings {
        listen: config.listen,
        public_base: config.public_base(),
        issuer: config.tokens.issuer.clone(),
        audience: config.tokens.audience.clone(),
        token_lifetime_max_s: config.tokens.lifetime_max_s,
        limits: config.limits(),
        connections: config.connections.limits(),
        admission: config.admission.limits(),
    }
}

/// Starts recording figures.
///
/// # Errors
/// When the process does that already.
pub fn metrics() -> Result<Render, GatewayError> {
    let handle = metrics::start()?;
    tokio::spawn(metrics::keep(handle.clone()));
    Ok(Arc::new(move || handle.render()))
}

/// Says where, serves until told to stop, finishes what was accepted, signs the log once more and
/// closes the database.
///
/// # Errors
/// When the log cannot be signed at the start, or the door breaks.
pub async fn until_stopped(
    opened: Opened,
    doors: Doors,
    config: &Config,
    stop: impl Future<Output = Stop> + Send + 'static,
) -> Result<(), GatewayError> {
    let Opened {
        house,
        signer,
        folder,
        held,
    } = opened;
    let notes = folder.checkpoint_notes();
    let mut signing = Signing {
        house: Arc::clone(&house),
        checkpointer: Checkpointer::new(signer),
        notes,
        caught_up: false,
    };
    signing.once().await?;
    let (stop_signing, stopped) = oneshot::channel();
    let signing = tokio::spawn(signing.until(config.audit.clone(), stopped));
    if let Some(second) = &doors.second {
        say(&format!("listening on mllp://{}", second.address()))?;
    }
    say(&format!("listening on http://{}", doors.first.address()))?;
    let patience = Duration::from_millis(config.limits.request_ms) + GRACE;
    in_good_order(doors, stop, patience).await;
    drop(stop_signing);
    if signing.await.is_err() {
        tracing::error!("signing the audit log ended early");
    }
    house.store.close().await;
    drop(held);
    tracing::info!("stopped");
    Ok(())
}

/// Serves until the signal and lets open requests end; a client that never ends its request cannot keep
/// the program from stopping.
async fn in_good_order(
    doors: Doors,
    stop: impl Future<Output = Stop> + Send + 'static,
    patience: Duration,
) {
    let (began, stopping) = oneshot::channel();
    let (end_second, second_ends) = oneshot::channel::<()>();
    let stop = async move {
        stop.await;
        drop(end_second);
        // Nobody listens any more only if serving has ended already.
        let _ = began.send(());
    };
    let too_long = async move {
        match stopping.await {
            Ok(()) => tokio::time::sleep(patience).await,
            Err(_) => std::future::pending().await,
        }
    };
    let Doors { first, second } = doors;
    let second = async {
        if let Some(second) = second {
            // Dropped, not sent.
            second.serve(async { drop(second_ends.await) }).await;
        }
    };
    tokio::select! {
        () = async { tokio::join!(first.serve(stop), second); } => {}
        () = too_long => tracing::warn!("some connections did not end in time"),
    }
}
