//! Lanes, deliveries, receipts: one destination × one record, in order.

use renkei_model::id::{DeliveryId, FacilityCode, NetworkName, RecordId, ResourceId};
use renkei_model::lane::{DeliveryState, NewDelivery, Offer, ReceiptLine, ReceiptOutcome};
use renkei_model::permit::Allows;
use renkei_model::{Instant, Permit};
use sqlx::any::AnyRow;
use uuid::Uuid;

use crate::fault::{StoreError, inconsistent};
use crate::permit::{look_permit, write_permit};
use crate::script::Step;
use crate::sql::{Reader, Sql, query};
use crate::store::Store;
use crate::tx::Tx;
use crate::visible::{look, visible};

/// What has become of a sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetHistory {
    /// The network.
    pub network: NetworkName,
    /// The record.
    pub record: RecordId,
    /// The facility that wrote it.
    pub owner: FacilityCode,
    /// The sender's number of the version (modId).
    pub native_version: i64,
    /// The profile's kind of message.
    pub kind: String,
    /// Our current version of its Bundle.
    pub version: i64,
    /// Stored and delivered, where and when; oldest first.
    pub lines: Vec<ReceiptLine>,
}

/// The counter is a row, not a sequence: numbers are given in the order of the commits.
const LANE: &str = "-- store.delivery_put\nINSERT INTO lane (destination, record, network, state, next_seq, \
    head_seq, due_at, fencing_token) VALUES (?, ?, ?, 'open', 2, 1, ?, 1) \
    ON CONFLICT (destination, record) DO UPDATE SET next_seq = lane.next_seq + 1, state = 'open', \
    head_seq = CASE WHEN lane.state = 'idle' THEN lane.next_seq ELSE lane.head_seq END, \
    due_at = CASE WHEN lane.state = 'idle' THEN excluded.due_at ELSE lane.due_at END";
const INTO_LANE: &str = "-- store.delivery_put\nINSERT INTO delivery (id, network, destination, record, message, \
    sheet, version, lane_seq, state, attempt, due_at, stored_at) \
    SELECT column1, column2, column3, column4, column5, column6, column7, l.next_seq - 1, 'open', 0, \
    column8, column9 FROM (VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)) AS n \
    JOIN lane l ON l.destination = column3 AND l.record = column4";
const LINE: &str = "-- store.receipt_line\nINSERT INTO receipt (id, delivery, sheet, destination, kind, \
    version, at, by_actor) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";

const INBOX: &str = visible!(
    "inbox",
    "SELECT d.id, d.network, d.record, d.message, d.sheet, d.version, d.lane_seq, d.stored_at,
            l.fencing_token
     FROM lane l
     JOIN delivery d ON d.destination = l.destination AND d.record = l.record AND d.lane_seq = l.head_seq
     JOIN visible v ON v.resource = d.sheet AND v.version = d.version
     WHERE l.destination = $2 AND l.state = 'open' AND l.due_at <= $7 AND d.state = 'open'
     ORDER BY d.stored_at, d.id LIMIT ($8 + 0)"
);

const SHEET: &str = visible!(
    "sheet_history",
    "SELECT o.network, o.record, o.owner, o.native_version, o.kind, r.current
     FROM resource r JOIN visible v ON v.resource = r.id AND v.version = r.current
     JOIN origin o ON o.sheet = r.id
     WHERE r.id = $8 AND v.deleted = 0"
);

/// For the test that looks at their plans.
#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[INBOX, SHEET];

const DELIVERY: Sql = Sql {
    sqlite: "-- store.receipt_put\nSELECT d.network, d.record, d.sheet, d.version, d.lane_seq, d.state, \
             d.attempt, d.accepted_token, l.head_seq, l.state AS lane_state, l.fencing_token \
             FROM delivery d JOIN lane l ON l.destination = d.destination AND l.record = d.record \
             WHERE d.id = $1 AND d.destination = $2",
    postgres: "-- store.receipt_put\nSELECT d.network, d.record, d.sheet, d.version, d.lane_seq, d.state, \
               d.attempt, d.accepted_token, l.head_seq, l.state AS lane_state, l.fencing_token \
               FROM delivery d JOIN lane l ON l.destination = d.destination AND l.record = d.record \
               WHERE d.id = $1 AND d.destination = $2 FOR UPDATE",
};

/// A delivery as it is found when a receipt comes.
struct Found {
    network: NetworkName,
    record: String,
    sheet: String,
    version: i64,
    lane_seq: i64,
    state: DeliveryState,
    attempt: i64,
    accepted_token: Option<i64>,
    head_seq: i64,
    lane_state: String,
    fencing_token: i64,
}

fn found(row: &AnyRow) -> Result<Found, StoreError> {
    let row = Reader::new("delivery", row);
    let state = DeliveryState::parse(&row.text("state")?);
    Ok(Found {
        network: row.parsed("network")?,
        record: row.text("record")?,
        sheet: row.text("sheet")?,
        version: row.number("version")?,
        lane_seq: row.number("lane_seq")?,
        state: state.ok_or(inconsistent("delivery", "state"))?,
        attempt: row.number("attempt")?,
        accepted_token: row.number_or_null("accepted_token")?,
        head_seq: row.number("head_seq")?,
        lane_state: row.text("lane_state")?,
        fencing_token: row.number("fencing_token")?,
    })
}

/// One line of a delivery's history.
struct Receipt<'a> {
    delivery: DeliveryId,
    sheet: String,
    destination: &'a FacilityCode,
    kind: &'static str,
    version: i64,
    at: Instant,
    actor: &'a str,
}

impl Tx {
    /// Puts a delivery at the end of its lane. The sheet's history gets its `stored` line.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn delivery_put(
        &mut self,
        permit: &Permit,
        new: &NewDelivery,
    ) -> Result<(), StoreError> {
        write_permit(permit, &new.network, "delivery")?;
        let (id, record) = (new.id.to_string(), new.record.to_string());
        let lane = Step::new(LANE)
            .bind(new.destination.as_str())
            .bind(&*record)
            .bind(new.network.as_str())
            .bind(new.due_at.0);
        let delivery = Step::new(INTO_LANE)
            .bind(&*id)
            .bind(new.network.as_str())
            .bind(new.destination.as_str())
            .bind(record)
            .bind(new.message.to_string())
            .bind(new.sheet.to_string())
            .bind(new.version)
            .bind(new.due_at.0)
            .bind(permit.at().0)
            .of_one_row();
        let line = receipt_line(Receipt {
            delivery: new.id,
            sheet: new.sheet.to_string(),
            destination: &new.destination,
            kind: "stored",
            version: new.version,
            at: permit.at(),
            actor: &permit.caller().actor(),
        });
        self.put([lane.beside(), delivery, line.beside()]).await
    }

    /// The destination's positive receipt: the delivery is done and the lane moves on. The same
    /// receipt again is answered [`ReceiptOutcome::Repeated`] and changes nothing.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn receipt_put(
        &mut self,
        permit: &Permit,
        delivery: DeliveryId,
        fencing_token: i64,
        at: Instant,
        actor: &str,
    ) -> Result<ReceiptOutcome, StoreError> {
        if !matches!(permit.allows(), Allows::Look | Allows::Write { .. }) {
            return Err(inconsistent(
                "receipt",
                "the permit allows neither looking nor writing",
            ));
        }
        let destination = &permit.caller().facility;
        let sql = DELIVERY.of(self.dialect());
        let row = self
            .find(
                query(sql)
                    .bind(delivery.to_string())
                    .bind(destination.as_str()),
            )
            .await?;
        let Some(row) = row else {
            return Ok(ReceiptOutcome::Absent);
        };
        let found = found(&row)?;
        if !permit.networks().contains(&found.network) {
            return Ok(ReceiptOutcome::Absent);
        }
        let at_head = found.lane_state == "open" && found.head_seq == found.lane_seq;
        match found.state {
            DeliveryState::Delivered if found.accepted_token == Some(fencing_token) => {
                return Ok(ReceiptOutcome::Repeated);
            }
            DeliveryState::Open if at_head && found.fencing_token == fencing_token => {}
            _ => return Ok(ReceiptOutcome::Fenced),
        }
        self.delivered(delivery, &found, at).await?;
        let Found {
            sheet,
            version,
            record,
            lane_seq,
            ..
        } = found;
        let receipt = Receipt {
            delivery,
            sheet,
            destination,
            kind: "delivered",
            version,
            at,
            actor,
        };
        self.put([receipt_line(receipt)]).await?;
        self.lane_advance(destination, record, lane_seq).await?;
        Ok(ReceiptOutcome::Delivered)
    }

    async fn delivered(
        &mut self,
        id: DeliveryId,
        found: &Found,
        at: Instant,
    ) -> Result<(), StoreError> {
        let sql = "-- store.receipt_put\nUPDATE delivery SET state = 'delivered', attempt = attempt + 1, \
                   accepted_token = $2 WHERE id = $1";
        self.execute(query(sql).bind(id.to_string()).bind(found.fencing_token))
            .await?;
        let sql = "-- store.receipt_put\nINSERT INTO attempt (delivery, n, started, ended, outcome) \
                   VALUES ($1, $2, $3, $3, 'delivered')";
        let attempt = query(sql)
            .bind(id.to_string())
            .bind(found.attempt + 1)
            .bind(at.0);
        self.execute(attempt).await.map(drop)
    }

    /// The next open delivery becomes the head, or the lane falls idle. The token grows: whoever
    /// still holds the old one is fenced.
    async fn lane_advance(
        &mut self,
        destination: &FacilityCode,
        record: String,
        done: i64,
    ) -> Result<(), StoreError> {
        let sql = "-- store.lane_advance\nSELECT lane_seq, due_at FROM delivery WHERE destination = $1 \
                   AND record = $2 AND lane_seq > $3 AND state = 'open' ORDER BY lane_seq LIMIT 1";
        let next = query(sql)
            .bind(destination.as_str())
            .bind(record.clone())
            .bind(done);
        let (state, head_seq, due_at) = match self.find(next).await? {
            Some(row) => {
                let row = Reader::new("delivery", &row);
                ("open", row.number("lane_seq")?, Some(row.number("due_at")?))
            }
            None => ("idle", done, None),
        };
        let sql = "-- store.lane_advance\nUPDATE lane SET state = $3, head_seq = $4, \
                   due_at = COALESCE($5, due_at), lease_owner = NULL, fencing_token = fencing_token + 1 \
                   WHERE destination = $1 AND record = $2";
        let update = query(sql)
            .bind(destination.as_str())
            .bind(record)
            .bind(state)
            .bind(head_seq)
            .bind(due_at);
        self.execute(update).await.map(drop)
    }
}

impl Store {
    /// The heads of the open lanes of the caller's facility, oldest first, as far as the caller may
    /// see their sheets.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn inbox(&self, permit: &Permit, limit: usize) -> Result<Vec<Offer>, StoreError> {
        let query = look(permit, INBOX)?.bind(i64::try_from(limit).unwrap_or(i64::MAX));
        let offer = |row: &AnyRow| {
            let row = Reader::new("delivery", row);
            Ok(Offer {
                delivery: row.parsed("id")?,
                network: row.parsed("network")?,
                record: row.parsed("record")?,
                message: row.parsed("message")?,
                sheet: row.parsed("sheet")?,
                version: row.number("version")?,
                lane_seq: row.number("lane_seq")?,
                fencing_token: row.number("fencing_token")?,
                stored_at: row.instant("stored_at")?,
            })
        };
        self.all(query).await?.iter().map(offer).collect()
    }

    /// The sheet of a delivery in the caller's mailbox, and its version, whatever its state. Whether
    /// the caller may see the sheet is another question.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn delivery_sheet(
        &self,
        permit: &Permit,
        delivery: DeliveryId,
    ) -> Result<Option<(ResourceId, i64)>, StoreError> {
        look_permit(permit, "delivery")?;
        let sql = "-- store.delivery_sheet\nSELECT network, sheet, version FROM delivery \
                   WHERE id = $1 AND destination = $2";
        let destination = permit.caller().facility.to_string();
        let row = self
            .find(query(sql).bind(delivery.to_string()).bind(destination))
            .await?;
        let Some(row) = row else { return Ok(None) };
        let row = Reader::new("delivery", &row);
        if !permit.networks().contains(&row.parsed("network")?) {
            return Ok(None);
        }
        Ok(Some((row.parsed("sheet")?, row.number("version")?)))
    }

    /// Whom a delivery is about, for the audit leaf of a receipt that was refused. What it finds must
    /// never reach a caller.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn delivery_behind(
        &self,
        delivery: DeliveryId,
    ) -> Result<Option<(NetworkName, RecordId)>, StoreError> {
        let sql = "-- store.delivery_behind\nSELECT network, record FROM delivery WHERE id = $1";
        let row = self.find(query(sql).bind(delivery.to_string())).await?;
        let Some(row) = row else { return Ok(None) };
        let row = Reader::new("delivery", &row);
        Ok(Some((row.parsed("network")?, row.parsed("record")?)))
    }

    /// What has become of a sheet, if the caller may see its current version.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn sheet_history(
        &self,
        permit: &Permit,
        sheet: ResourceId,
    ) -> Result<Option<SheetHistory>, StoreError> {
        let row = self
            .find(look(permit, SHEET)?.bind(sheet.to_string()))
            .await?;
        let Some(row) = row else { return Ok(None) };
        let row = Reader::new("origin", &row);
        let sql = "-- store.sheet_history\nSELECT kind, destination, version, at FROM receipt \
                   WHERE sheet = $1 ORDER BY at, id";
        let mut lines = Vec::new();
        for line in self.all(query(sql).bind(sheet.to_string())).await? {
            let line = Reader::new("receipt", &line);
            lines.push(ReceiptLine {
                kind: line.text("kind")?,
                facility: line.parsed("destination")?,
                version: line.number("version")?,
                at: line.instant("at")?,
            });
        }
        Ok(Some(SheetHistory {
            network: row.parsed("network")?,
            record: row.parsed("record")?,
            owner: row.parsed("owner")?,
            native_version: row.number("native_version")?,
            kind: row.text("kind")?,
            version: row.number("current")?,
            lines,
        }))
    }
}

fn receipt_line(receipt: Receipt<'_>) -> Step {
    Step::new(LINE)
        .bind(Uuid::now_v7().to_string())
        .bind(receipt.delivery.to_string())
        .bind(receipt.sheet)
        .bind(receipt.destination.as_str())
        .bind(receipt.kind)
        .bind(receipt.version)
        .bind(receipt.at.0)
        .bind(receipt.actor)
}
