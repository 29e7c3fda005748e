//! The corridor for the directory: facilities and staff, as the network's office registers them. What an
//! entry of the staff means is in [`crate::register_change`].

use renkei_fhir::instant::day_start;
use renkei_model::caller::Caller;
use renkei_model::clock::Instant;
use renkei_model::id::{NetworkName, RequestId};
use renkei_model::lists::{FacilityKind, Profession};
use renkei_model::message::{Fault, FaultKind};
use renkei_store::{Facility, StoreError, Urgency};
use serde_json::{Map, Value};

use crate::house::House;
use crate::permit::{PermitError, permit_directory};
use crate::record::{Recorded, of_permit, record_change};
use crate::refusal::Refusal;
use crate::refuse::{Asker, Refused, refuse};
use crate::register_change::{Column, Entry};
use crate::register_file::{LINES, after};
use crate::register_staff::{Compared, apply, change_details, compare};
use crate::room;

/// A change of the directory.
#[derive(Debug, Clone)]
pub struct Registration {
    /// The network.
    pub network: NetworkName,
    /// Who.
    pub caller: Caller,
    /// Which request.
    pub request: RequestId,
    /// When.
    pub at: Instant,
    /// `{"facilities": […], "staff": […]}`
    pub body: Vec<u8>,
}

/// Why the directory stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// No such network, or not one of the caller's.
    #[error("no such network here")]
    Absent,
    /// No such right.
    #[error("permit")]
    Permit(#[from] PermitError),
    /// What is wrong, field by field.
    #[error("the directory cannot be read")]
    Faults(Vec<Fault>),
    /// The store refused.
    #[error("the store refused")]
    Store(#[from] StoreError),
}

const ACTION: &str = "directory.register";

/// A directory is two lists of flat objects.
const DEPTH: usize = 8;

/// Registers facilities and staff: all of them, or none.
///
/// # Errors
/// [`Refused`].
pub async fn register(
    house: &House,
    registration: Registration,
) -> Result<Recorded<Vec<u8>>, Refused> {
    let asker = Asker {
        caller: registration.caller.clone(),
        request: registration.request,
        at: registration.at,
        action: ACTION,
        about: None,
    };
    match walk(house, &registration).await {
        Ok(answer) => Ok(answer),
        Err(refusal) => Err(refuse(house, asker, refusal).await),
    }
}

async fn walk(house: &House, change: &Registration) -> Result<Recorded<Vec<u8>>, Refusal> {
    if house.networks.find(&change.network).is_none() || !change.caller.belongs_to(&change.network)
    {
        return Err(RegisterError::Absent.into());
    }
    let when = (change.request, change.at);
    let permit = permit_directory(house, &change.caller, &change.network, when)
        .map_err(RegisterError::Permit)?;
    let (facilities, staff) = read(&change.network, &change.body).map_err(RegisterError::Faults)?;
    let mut tx = house.store.begin("register", Urgency::Ordinary).await?;
    for facility in &facilities {
        tx.facility_put(&permit, facility).await?;
    }
    let entries = (&change.network, staff.as_slice());
    let compared = room!(register => async compare(&mut tx, &permit, entries))?;
    let faults = snags(&compared);
    if !faults.is_empty() {
        return Err(RegisterError::Faults(faults).into());
    }
    apply(&mut tx, &permit, &compared.plan).await?;
    let answer = serde_json::json!({ "facilities": facilities.len(), "staff": staff.len() });
    let answer = answer.to_string().into_bytes();
    let mut leaf = of_permit(&permit, ACTION, "directory write");
    leaf.network = Some(change.network.clone());
    leaf.bytes_out = answer.len() as u64;
    leaf.details = change_details(&change.body, &answer);
    Ok(record_change(house, tx, answer, leaf).await?)
}

/// What only the directory could say is wrong.
fn snags(compared: &Compared) -> Vec<Fault> {
    let stranger = |place: &usize| {
        let rule = "登録のない施設です / no facility of this network";
        (*place, "facility", rule)
    };
    let snags = compared.plan.snags.iter().map(|snag| {
        let field = match snag.column {
            Column::Id => "id",
            Column::Until => "until",
        };
        (snag.place, field, snag.rule)
    });
    let mut all: Vec<(usize, &str, &str)> = compared.strangers.iter().map(stranger).collect();
    all.extend(snags);
    all.sort_unstable();
    all.into_iter()
        .map(|(place, field, rule)| {
            fault(format!("staff[{place}].{field}"), rule, FaultKind::Value)
        })
        .collect()
}

fn read(network: &NetworkName, body: &[u8]) -> Result<(Vec<Facility>, Vec<Entry>), Vec<Fault>> {
    let value = json(body).map_err(|field| {
        vec![fault(
            field,
            "JSON として読めません / not JSON",
            FaultKind::Structure,
        )]
    })?;
    let mut reader = Reader { faults: Vec::new() };
    let top = reader
        .object(&value, "", &["facilities", "staff"])
        .cloned()
        .unwrap_or_default();
    let facilities = reader.list(&top, "facilities");
    let staff = reader.list(&top, "staff");
    let facilities: Vec<Facility> = facilities
        .iter()
        .filter_map(|(path, value)| reader.facility(network, path, value))
        .collect();
    if staff.len() > LINES {
        let rule = format!("一度に{LINES}人までです / more than {LINES} at once");
        return Err(vec![fault("staff".to_owned(), &rule, FaultKind::TooMuch)]);
    }
    let staff: Vec<Entry> = staff
        .iter()
        .enumerate()
        .filter_map(|(place, (path, value))| reader.staff(place, path, value))
        .collect();
    if reader.faults.is_empty() {
        Ok((facilities, staff))
    } else {
        Err(reader.faults)
    }
}

/// Reads JSON strictly: no name twice in an object, not too deep. The error is the place.
fn json(body: &[u8]) -> Result<Value, String> {
    let text =
        std::str::from_utf8(body).map_err(|error| format!("byte {}", error.valid_up_to()))?;
    renkei_wire::json::parse(text, 0, DEPTH).map_err(|error| error.path())?;
    serde_json::from_str(text).map_err(|error| format!("line {}", error.line()))
}

fn fault(field: String, rule: &str, kind: FaultKind) -> Fault {
    Fault {
        field,
        rule: rule.to_owned(),
        span: None,
        kind,
    }
}

/// Reads a directory and collects what is wrong with it.
struct Reader {
    faults: Vec<Fault>,
}

impl Reader {
    fn refuse(&mut self, field: String, rule: &str) {
        self.faults.push(fault(field, rule, FaultKind::Value));
    }

    fn object<'v>(
        &mut self,
        value: &'v Value,
        path: &str,
        known: &[&str],
    ) -> Option<&'v Map<String, Value>> {
        let Some(object) = value.as_object() else {
            self.refuse(
                path.to_owned(),
                "オブジェクトが必要です / must be an object",
            );
            return None;
        };
        for name in object.keys().filter(|name| !known.contains(&name.as_str())) {
            let name: String = name.chars().take(64).collect();
            self.refuse(
                format!("{path}{name}"),
                "未定義の項目です / not a known field",
            );
        }
        Some(object)
    }

    fn list<'v>(&mut self, top: &'v Map<String, Value>, name: &str) -> Vec<(String, &'v Value)> {
        match top.get(name) {
            None => Vec::new(),
            Some(Value::Array(values)) => values
                .iter()
                .enumerate()
                .map(|(position, value)| (format!("{name}[{position}]."), value))
                .collect(),
            Some(_) => {
                self.refuse(name.to_owned(), "配列が必要です / must be an array");
                Vec::new()
            }
        }
    }

    fn text(&mut self, object: &Map<String, Value>, path: &str, name: &str) -> Option<String> {
        match object.get(name).and_then(Value::as_str).map(str::trim) {
            Some(text)
                if !text.is_empty()
                    && text.chars().count() <= 200
                    && !text.chars().any(char::is_control) =>
            {
                Some(text.to_owned())
            }
            _ => {
                self.refuse(
                    format!("{path}{name}"),
                    "1〜200文字の文字列が必要です / a text of 1 to 200 characters is required",
                );
                None
            }
        }
    }

    fn parsed<T: std::str::FromStr>(
        &mut self,
        object: &Map<String, Value>,
        path: &str,
        name: &str,
    ) -> Option<T> {
        let text = self.text(object, path, name)?;
        let parsed = text.parse().ok();
        if parsed.is_none() {
            self.refuse(
                format!("{path}{name}"),
                "値の形式が正しくありません / not a valid value",
            );
        }
        parsed
    }

    fn facility(&mut self, network: &NetworkName, path: &str, value: &Value) -> Option<Facility> {
        let object = self.object(value, path, &["code", "name", "kind", "mailbox"])?;
        let code = self.parsed(object, path, "code");
        let name = self.text(object, path, "name");
        let kind: Option<FacilityKind> = self.parsed(object, path, "kind");
        let mailbox = match object.get("mailbox") {
            None => false,
            Some(Value::Bool(mailbox)) => *mailbox,
            Some(_) => {
                let rule = "true か false が必要です / must be true or false";
                self.refuse(format!("{path}mailbox"), rule);
                false
            }
        };
        Some(Facility {
            network: network.clone(),
            code: code?,
            name: name?,
            kind: kind?.to_string(),
            mailbox,
        })
    }

    fn staff(&mut self, place: usize, path: &str, value: &Value) -> Option<Entry> {
        let known = ["id", "name", "profession", "facility", "since", "until"];
        let object = self.object(value, path, &known)?;
        let id = self.parsed(object, path, "id");
        let name = self.text(object, path, "name");
        let profession = self.parsed(object, path, "profession");
        let facility = self.parsed(object, path, "facility");
        let since = self.day(object, path, "since");
        // The last day is one of work.
        let until = self.day(object, path, "until").map(after);
        if until.is_some() && until <= since {
            let rule = "開始日より前です / before its beginning";
            self.refuse(format!("{path}until"), rule);
        }
        if profession == Some(Profession::VendorSystem) {
            let rule = "職員の職種ではありません / not a profession of a person";
            self.refuse(format!("{path}profession"), rule);
        }
        Some(Entry {
            place,
            id: id?,
            facility: facility?,
            profession: profession?,
            name: name?,
            since,
            until,
        })
    }

    /// An optional day, `YYYY-MM-DD`: its first instant in Japan.
    fn day(&mut self, object: &Map<String, Value>, path: &str, name: &str) -> Option<Instant> {
        match object.get(name) {
            None | Some(Value::Null) => None,
            Some(_) => {
                let text = self.text(object, path, name)?;
                let day = day_start(&text);
                if day.is_none() {
                    self.refuse(
                        format!("{path}{name}"),
                        "実在する日付 (YYYY-MM-DD) が必要です / must be a date that exists (YYYY-MM-DD)",
                    );
                }
                day
            }
        }
    }
}
