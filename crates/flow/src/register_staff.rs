//! The corridor for the office's file of staff changes: compared with the directory, told in words, and
//! done, whole or not at all. The same words go before with nothing done.

use bytes::Bytes;
use renkei_model::caller::Caller;
use renkei_model::clock::Instant;
use renkei_model::id::{FacilityCode, NetworkName, RequestId, StaffId};
use renkei_model::message::{Fault, FaultKind};
use renkei_model::permit::Permit;
use renkei_store::{StoreError, Tx, Urgency};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::house::House;
use crate::permit::permit_directory;
use crate::record::{Recorded, of_permit, record_change, record_look};
use crate::refusal::Refusal;
use crate::refuse::{Asker, Refused, refuse};
use crate::register::RegisterError;
use crate::register_change::{Column, Entry, Plan, What, plan};
use crate::register_file::{File, LineFault, read};
use crate::register_words::{self, Names};
use crate::room;

/// A file of staff changes.
#[derive(Debug, Clone)]
pub struct StaffFile {
    /// The network.
    pub network: NetworkName,
    /// Who.
    pub caller: Caller,
    /// Which request.
    pub request: RequestId,
    /// When.
    pub at: Instant,
    /// The media type as declared, lower case.
    pub content_type: String,
    /// The file.
    pub body: Bytes,
    /// Whether only to say what it would change.
    pub preview: bool,
}

/// A look at the network's staff.
#[derive(Debug, Clone)]
pub struct StaffList {
    /// The network.
    pub network: NetworkName,
    /// Who.
    pub caller: Caller,
    /// Which request.
    pub request: RequestId,
    /// When.
    pub at: Instant,
    /// Of this facility only.
    pub facility: Option<String>,
    /// The page, from 1.
    pub page: usize,
    /// Rows of a page; as many as a page has by default, if not given.
    pub count: Option<usize>,
}

/// Does what the file says, or says what it would do.
///
/// # Errors
/// [`Refused`]; a preview is refused only for what keeps the file from being read at all.
pub async fn register_staff(house: &House, file: StaffFile) -> Result<Recorded<Vec<u8>>, Refused> {
    let action = if file.preview {
        "directory.preview"
    } else {
        "directory.staff"
    };
    let asker = Asker {
        caller: file.caller.clone(),
        request: file.request,
        at: file.at,
        action,
        about: None,
    };
    match walk(house, &file, action).await {
        Ok(answer) => Ok(answer),
        Err(refusal) => Err(refuse(house, asker, refusal).await),
    }
}

/// Shows the network's staff to its office.
///
/// # Errors
/// [`Refused`].
pub async fn list_staff(house: &House, asked: StaffList) -> Result<Recorded<Vec<u8>>, Refused> {
    let asker = Asker {
        caller: asked.caller.clone(),
        request: asked.request,
        at: asked.at,
        action: "directory.list",
        about: None,
    };
    match list(house, &asked).await {
        Ok(answer) => Ok(answer),
        Err(refusal) => Err(refuse(house, asker, refusal).await),
    }
}

/// Changes of staff beside what the directory knows.
pub(crate) struct Compared {
    pub(crate) plan: Plan,
    pub(crate) names: Names,
    /// Places of entries whose facility the network does not have.
    pub(crate) strangers: Vec<usize>,
}

/// Compares entries with the directory, which stays as it is until the transaction ends.
pub(crate) async fn compare(
    tx: &mut Tx,
    permit: &Permit,
    (network, entries): (&NetworkName, &[Entry]),
) -> Result<Compared, StoreError> {
    tx.staff_hold(network).await?;
    let mut ids: Vec<StaffId> = entries.iter().map(|entry| entry.id.clone()).collect();
    ids.sort_unstable();
    ids.dedup();
    let known = tx.staff_of(permit, network, &ids).await?;
    let mut codes: Vec<&FacilityCode> = entries.iter().map(|entry| &entry.facility).collect();
    codes.extend(known.iter().map(|row| &row.facility));
    codes.sort_unstable();
    codes.dedup();
    let mut names = Names::new();
    for code in codes {
        if let Some(facility) = tx.facility_find(network, code).await? {
            names.insert(code.clone(), facility.name);
        }
    }
    let stranger = |entry: &&Entry| !names.contains_key(&entry.facility);
    let strangers = entries.iter().filter(stranger);
    let strangers = strangers.map(|entry| entry.place).collect();
    let plan = plan(network, entries, &known, permit.at());
    Ok(Compared {
        plan,
        names,
        strangers,
    })
}

/// Writes what a plan says.
pub(crate) async fn apply(tx: &mut Tx, permit: &Permit, plan: &Plan) -> Result<(), StoreError> {
    tx.staff_drop(permit, &plan.drops).await?;
    tx.staff_put(permit, &plan.puts).await
}

async fn walk(
    house: &House,
    said: &StaffFile,
    action: &'static str,
) -> Result<Recorded<Vec<u8>>, Refusal> {
    if !house.admits(&said.caller, &said.network) {
        return Err(RegisterError::Absent.into());
    }
    let when = (said.request, said.at);
    let permit = permit_directory(house, &said.caller, &said.network, when)
        .map_err(RegisterError::Permit)?;
    let mut file =
        read(&said.body, &said.content_type).map_err(|fault| RegisterError::Faults(vec![fault]))?;
    if said.preview && file.entries.is_empty() && !file.faults.is_empty()
        || !said.preview && !file.faults.is_empty()
    {
        return Err(RegisterError::Faults(faults(&file.faults)).into());
    }
    let mut tx = house
        .store
        .begin("register_staff", Urgency::Ordinary)
        .await?;
    let entries = (&said.network, file.entries.as_slice());
    let compared = room!(register => async compare(&mut tx, &permit, entries))?;
    snags(&mut file, &compared);
    let mut leaf = of_permit(&permit, action, "directory write");
    leaf.network = Some(said.network.clone());
    let answer = answer(&file, &compared, said.preview);
    leaf.bytes_out = answer.len() as u64;
    leaf.details = change_details(&said.body, &answer);
    if said.preview {
        tx.rollback().await;
        return Ok(record_look(house, answer, leaf).await?);
    }
    if !file.faults.is_empty() {
        return Err(RegisterError::Faults(faults(&file.faults)).into());
    }
    apply(&mut tx, &permit, &compared.plan).await?;
    Ok(record_change(house, tx, answer, leaf).await?)
}

/// What the log keeps of a change of the directory: the file's hash, and who was changed how. Rows are
/// replaced; this is what remains of them.
pub(crate) fn change_details(body: &[u8], answer: &[u8]) -> Vec<(String, String)> {
    let sha256 = hex::encode(Sha256::digest(body));
    let changes = String::from_utf8_lossy(answer).into_owned();
    vec![
        ("sha256".to_owned(), sha256),
        ("changes".to_owned(), changes),
    ]
}

/// What only the directory could say is wrong, in the file's own terms.
fn snags(file: &mut File, compared: &Compared) {
    for place in &compared.strangers {
        let rule = "登録のない施設です。先に施設を登録してください / no facility of this network; register it first";
        file.refuse(*place, "facility", rule);
    }
    for snag in &compared.plan.snags {
        let column = match snag.column {
            Column::Id => "id",
            Column::Until => "until",
        };
        file.refuse(snag.place, column, snag.rule);
    }
    file.faults.sort_by_key(|fault| fault.line);
}

fn faults(faults: &[LineFault]) -> Vec<Fault> {
    faults
        .iter()
        .map(|fault| {
            let column = fault.column.as_deref().unwrap_or_default();
            Fault {
                field: format!("{}行目 {column} / line {}", fault.line, fault.line)
                    .replace("  ", " "),
                rule: fault.rule.clone(),
                span: None,
                kind: fault.kind,
            }
        })
        .collect()
}

fn answer(file: &File, compared: &Compared, preview: bool) -> Vec<u8> {
    let Compared { plan, names, .. } = compared;
    let mut counts: serde_json::Map<String, Value> = What::ALL
        .iter()
        .map(|what| (what.as_str().to_owned(), json!(plan.count(*what))))
        .collect();
    counts.insert("faults".to_owned(), json!(file.faults.len()));
    let changes: Vec<Value> = plan
        .changes
        .iter()
        .map(|change| register_words::change(change, names))
        .collect();
    let faults: Vec<Value> = file
        .faults
        .iter()
        .map(|fault| json!({"line": fault.line, "column": fault.column, "rule": fault.rule}))
        .collect();
    json!({
        "status": if preview { "preview" } else { "imported" },
        "counts": counts, "changes": changes, "faults": faults,
    })
    .to_string()
    .into_bytes()
}

async fn list(house: &House, asked: &StaffList) -> Result<Recorded<Vec<u8>>, Refusal> {
    if !house.admits(&asked.caller, &asked.network) {
        return Err(RegisterError::Absent.into());
    }
    let when = (asked.request, asked.at);
    let permit = permit_directory(house, &asked.caller, &asked.network, when)
        .map_err(RegisterError::Permit)?;
    let answer = listed(house, &permit, asked).await?;
    let mut leaf = of_permit(&permit, "directory.list", "directory write");
    leaf.network = Some(asked.network.clone());
    leaf.bytes_out = answer.len() as u64;
    Ok(record_look(house, answer, leaf).await?)
}

/// A page of the staff, and who works where today.
async fn listed(
    house: &House,
    permit: &Permit,
    asked: &StaffList,
) -> Result<Vec<u8>, RegisterError> {
    let limit = asked
        .count
        .unwrap_or(house.limits.page)
        .clamp(1, house.limits.page_max);
    let offset = asked.page.saturating_sub(1).saturating_mul(limit);
    let facility: Option<FacilityCode> = match &asked.facility {
        None => None,
        Some(code) => match code.parse() {
            Ok(code) => Some(code),
            Err(_) => return Err(RegisterError::Faults(vec![no_code()])),
        },
    };
    let store = &house.store;
    let page = (offset, limit + 1);
    let rows = store
        .staff_list(permit, &asked.network, facility.as_ref(), page)
        .await?;
    let more = rows.len() > limit;
    let mut names = Names::new();
    for row in rows.iter().take(limit) {
        if !names.contains_key(&row.facility)
            && let Some(facility) = store.facility_find(&row.network, &row.facility).await?
        {
            names.insert(row.facility.clone(), facility.name);
        }
    }
    let staff: Vec<Value> = rows
        .iter()
        .take(limit)
        .map(|row| register_words::employment(row, &names))
        .collect();
    let counts = store
        .staff_counts(permit, &asked.network, facility.as_ref())
        .await?;
    let professions: Vec<Value> = counts
        .iter()
        .map(|(facility, profession, people)| {
            json!({
                "facility": facility.as_str(), "profession": profession.as_str(),
                "professionLabel": register_words::label(*profession), "people": people,
            })
        })
        .collect();
    let answer = json!({
        "staff": staff, "page": asked.page.max(1), "more": more, "professions": professions,
    });
    Ok(answer.to_string().into_bytes())
}

fn no_code() -> Fault {
    Fault {
        field: "facility".to_owned(),
        rule: "施設コードの形式ではありません / not a facility code".to_owned(),
        span: None,
        kind: FaultKind::Value,
    }
}
