//! `[mllp]`: the door for HL7 v2 over MLLP.

use std::net::SocketAddr;
use std::time::Duration;

use renkei_edge::MllpSettings;
use renkei_model::Caller;
use renkei_model::caller::CallerKind;
use renkei_model::limits::Limits;
use serde::{Deserialize, Serialize};

use super::{Breach, Explained, broken};

/// Settings of the door for HL7 v2.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MllpSection {
    /// Where to listen; empty: nowhere.
    pub listen: String,
    /// The network that messages are for.
    pub network: String,
    /// The facility that sends.
    pub facility: String,
    /// Its system.
    pub client: String,
    /// Connections at most.
    pub connections: usize,
    /// Silence between messages.
    pub idle_ms: u64,
    /// Silence inside a message.
    pub stall_ms: u64,
}

impl Default for MllpSection {
    fn default() -> Self {
        Self {
            listen: String::new(),
            network: String::new(),
            facility: String::new(),
            client: String::new(),
            connections: 64,
            idle_ms: 600_000,
            stall_ms: 10_000,
        }
    }
}

impl MllpSection {
    /// The same for the door; `None` where it is closed.
    #[must_use]
    pub fn settings(&self, limits: &Limits) -> Option<MllpSettings> {
        let network: renkei_model::id::NetworkName = self.network.parse().ok()?;
        Some(MllpSettings {
            listen: self.address()?,
            caller: Caller {
                kind: CallerKind::System {
                    client: self.client.parse().ok()?,
                },
                facility: self.facility.parse().ok()?,
                networks: vec![network.clone()],
            },
            network,
            frame_bytes: limits.body_bytes,
            connections: self.connections,
            idle: Duration::from_millis(self.idle_ms),
            stall: Duration::from_millis(self.stall_ms),
            work: Duration::from_millis(limits.request_ms),
        })
    }

    fn address(&self) -> Option<SocketAddr> {
        self.listen.parse().ok()
    }

    pub(super) fn breaches(&self) -> Vec<Breach> {
        let times = 50..=86_400_000;
        let between = "50 から 86400000 まで / between 50 and 86400000";
        let closed = self.listen.is_empty();
        let loopback = self.address().is_some_and(|at| at.ip().is_loopback());
        let is_client = |text: &str| text.parse::<renkei_model::id::ClientId>().is_ok();
        let is_facility = |text: &str| text.parse::<renkei_model::id::FacilityCode>().is_ok();
        let is_network = |text: &str| text.parse::<renkei_model::id::NetworkName>().is_ok();
        broken([
            (
                closed || loopback,
                "mllp.listen",
                "127.0.0.1:2575 のような、この機械だけのアドレスにしてください / a loopback address such as 127.0.0.1:2575: there is no TLS here yet",
            ),
            (
                closed || is_network(&self.network),
                "mllp.network",
                "電文を受けるネットワークの名前が必要です / the name of the network that messages are for",
            ),
            (
                closed || is_facility(&self.facility),
                "mllp.facility",
                "送り手の医療機関等コードが必要です / the code of the facility that sends",
            ),
            (
                closed || is_client(&self.client),
                "mllp.client",
                "送り手のシステムの名前が必要です / the name of the system that sends",
            ),
            (
                (1..=10_000).contains(&self.connections),
                "mllp.connections",
                "1 から 10000 まで / between 1 and 10000",
            ),
            (times.contains(&self.idle_ms), "mllp.idle_ms", between),
            (times.contains(&self.stall_ms), "mllp.stall_ms", between),
        ])
    }
}

pub(super) const EXPLAINED: &[Explained] = &[
    Explained {
        key: "mllp.listen",
        japanese: "HL7 v2 電文を MLLP で受けるアドレス(この機械だけ)。空なら受けない",
        english: "loopback address for HL7 v2 over MLLP; empty: closed",
    },
    Explained {
        key: "mllp.network",
        japanese: "その電文を受けるネットワーク",
        english: "the network that those messages are for",
    },
    Explained {
        key: "mllp.facility",
        japanese: "その電文の送り手である医療機関等のコード",
        english: "code of the facility on whose behalf they are sent",
    },
    Explained {
        key: "mllp.client",
        japanese: "送り手のシステムの名前。監査記録に残る",
        english: "name of the sending system, as the audit log keeps it",
    },
    Explained {
        key: "mllp.connections",
        japanese: "同時接続の上限",
        english: "connections at most",
    },
    Explained {
        key: "mllp.idle_ms",
        japanese: "電文と電文の間で接続を保つ時間、ミリ秒",
        english: "how long a connection may be silent between messages, in milliseconds",
    },
    Explained {
        key: "mllp.stall_ms",
        japanese: "電文の途中で1バイトも届かない時間の上限、ミリ秒",
        english: "how long a message may pause in its middle, in milliseconds",
    },
];
