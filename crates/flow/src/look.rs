//! The corridor for reads: rights → visible rows → asked once more → rendered → audit leaf committed → bytes.

use renkei_fhir::search::Search;
use renkei_fhir::types::ResourceType;
use renkei_model::caller::Caller;
use renkei_model::clock::Instant;
use renkei_model::id::{NetworkName, RecordId, RequestId, ResourceId};
use renkei_model::lane::Offer;
use renkei_model::permit::Permit;
use renkei_model::shelf::Shelf;
use renkei_store::{StoreError, VisibleVersion};

use crate::house::House;
use crate::judge::{joined, readable};
use crate::permit::{PermitError, permit_audit, permit_look};
use crate::record::{Note, RecordError, Recorded, of_permit, record_look};
use crate::refusal::Refusal;
use crate::refuse::{Asker, Refused, refuse_about};
use crate::render::{self, Letter, RenderError, Sight};
use crate::room;
use crate::{look_history, look_search};

/// A question of an authenticated caller.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Who.
    pub caller: Caller,
    /// Which request.
    pub request: RequestId,
    /// When.
    pub at: Instant,
    /// Base of links in the answer, without a slash at the end: `https://gw.example/fhir/R4`.
    pub base: String,
    /// What.
    pub question: Question,
}

/// What can be asked. Ids are still text: one that is none is answered like one that is not there.
#[derive(Debug, Clone)]
pub enum Question {
    /// A resource, or one version of it.
    Resource {
        /// FHIR type.
        resource_type: &'static str,
        /// Its id.
        id: String,
        /// The version, or the present one.
        version: Option<String>,
    },
    /// Resources of a type: a search, or its next page.
    Search {
        /// FHIR type.
        resource_type: ResourceType,
        /// What is asked.
        page: Page,
    },
    /// The versions of a resource.
    History(HistoryQuestion),
    /// A sheet in its network's own form.
    Native {
        /// The network.
        network: NetworkName,
        /// The message's word in the path, for example `admission-slips`.
        path: String,
        /// The sheet.
        id: String,
    },
    /// What became of a sheet.
    Sheet {
        /// The sheet.
        id: String,
    },
    /// The caller's mailbox.
    Inbox,
    /// Who has seen a record.
    Audit {
        /// A record's or a Patient's id.
        record: String,
    },
}

/// A page of a search.
#[derive(Debug, Clone)]
pub enum Page {
    /// The first.
    First(Search),
    /// One that a link of ours led to: the cursor in it.
    Next(String),
}

/// Which versions of which resource.
#[derive(Debug, Clone)]
pub struct HistoryQuestion {
    /// FHIR type.
    pub resource_type: ResourceType,
    /// The resource's id.
    pub id: String,
    /// Versions of a page at most; `None`: the usual number.
    pub count: Option<usize>,
    /// Versions to leave out at the beginning, as one client pages.
    pub offset: usize,
    /// The cursor of a next page; it holds everything else.
    pub cursor: Option<String>,
}

impl Question {
    /// The word in audit leaves.
    #[must_use]
    pub const fn action(&self) -> &'static str {
        match self {
            Self::Resource { version: None, .. } => "fhir.read",
            Self::Resource {
                version: Some(_), ..
            } => "fhir.vread",
            Self::Search { .. } => "fhir.search",
            Self::History(_) => "fhir.history",
            Self::Native { .. } => "native.read",
            Self::Sheet { .. } => "sheet.status",
            Self::Inbox => "inbox.read",
            Self::Audit { .. } => "audit.read",
        }
    }
}

/// Why there is nothing to see.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// Not there, or not for this caller.
    #[error("not found")]
    Absent,
    /// Deleted, and the caller may know.
    #[error("deleted")]
    Gone,
    /// A parameter that is not of its form.
    #[error("{0}")]
    Parameter(&'static str),
    /// The caller has no right to ask this at all.
    #[error("permit")]
    Permit(#[from] PermitError),
    /// What was found cannot be shown in the form that was asked for.
    #[error("render")]
    Render(#[from] RenderError),
    /// The store could not say.
    #[error("the store could not be asked")]
    Store(#[from] StoreError),
}

/// What was found, and what the leaf must say of it.
pub(crate) struct Found {
    pub(crate) sight: Sight,
    pub(crate) network: Option<NetworkName>,
    pub(crate) shelves: Vec<(Shelf, i64)>,
    pub(crate) records: Vec<RecordId>,
    pub(crate) details: Vec<(String, String)>,
    pub(crate) rules: Vec<String>,
}

/// Answers a question.
///
/// # Errors
/// [`Refused`]; absent and hidden take the same way through this file and look the same.
pub async fn look(house: &House, ask: Ask) -> Result<Recorded<Sight>, Refused> {
    match walk(house, &ask).await {
        Ok(sight) => Ok(sight),
        Err(refusal) => Err(Box::pin(unseen(house, ask, refusal)).await),
    }
}

/// A look at something that is hidden is a leaf about the person behind it: the auditor sees who tried,
/// the caller does not see that there was anything. Absent and hidden take this way alike.
async fn unseen(house: &House, ask: Ask, refusal: Refusal) -> Refused {
    let asked = match &ask.question {
        Question::Resource { id, .. } | Question::Native { id, .. } | Question::Sheet { id } => id,
        Question::History(asked) => &asked.id,
        Question::Audit { record } => record,
        Question::Search { .. } | Question::Inbox => "",
    };
    let about = match asked.parse::<RecordId>() {
        Ok(id) => house.store.record_behind(id).await,
        Err(_) => Ok(None),
    };
    let asker = Asker {
        action: ask.question.action(),
        caller: ask.caller,
        request: ask.request,
        at: ask.at,
        about: None,
    };
    refuse_about(house, asker, about, refusal).await
}

async fn walk(house: &House, ask: &Ask) -> Result<Recorded<Sight>, Refusal> {
    let permit = match ask.question {
        Question::Audit { .. } => {
            permit_audit(house, &ask.caller, ask.request, ask.at).map_err(LookError::Permit)?
        }
        _ => permit_look(house, &ask.caller, ask.request, ask.at),
    };
    let found = room!(look => async find(house, ask, &permit))?;
    let mut leaf: Note = of_permit(&permit, ask.question.action(), &joined(found.rules));
    leaf.network = found.network;
    leaf.records = found.records;
    leaf.records
        .extend(found.shelves.iter().map(|(shelf, _)| shelf.record));
    leaf.records.sort_unstable();
    leaf.records.dedup();
    leaf.shelves = found.shelves;
    leaf.bytes_out = found.sight.body.len() as u64;
    leaf.details = found.details;
    room!(record => async record_look(house, found.sight, leaf)).map_err(|error| match error {
        // A full disk is no reason of the reader's: the answer is "later", as for any leaf that cannot
        // be committed.
        RecordError::Store(StoreError::Full) => Refusal::Begin(StoreError::Unavailable),
        error => error.into(),
    })
}

async fn find(house: &House, ask: &Ask, permit: &Permit) -> Result<Found, LookError> {
    match &ask.question {
        Question::Resource {
            resource_type,
            id,
            version,
        } => {
            let mut seen = one(house, permit, resource_type, id, version.as_deref()).await?;
            Ok(Found::of(render::resource(&mut seen.row), &[seen]))
        }
        Question::Search {
            resource_type,
            page,
        } => {
            Box::pin(look_search::search(
                house,
                ask,
                permit,
                (*resource_type, page),
            ))
            .await
        }
        Question::History(asked) => {
            Box::pin(look_history::history(house, ask, permit, asked)).await
        }
        Question::Native { network, path, id } => native(house, permit, (network, path), id).await,
        Question::Sheet { id } => sheet(house, permit, id).await,
        Question::Inbox => Box::pin(inbox(house, permit)).await,
        Question::Audit { record } => audit(house, permit, record).await,
    }
}

/// A row that may leave, and the policies that said so.
pub(crate) struct Seen {
    pub(crate) row: VisibleVersion,
    pub(crate) rule: String,
}

impl Found {
    pub(crate) fn of(sight: Sight, seen: &[Seen]) -> Self {
        Self {
            sight,
            network: seen.first().map(|seen| seen.row.shelf.network.clone()),
            shelves: seen
                .iter()
                .map(|seen| (seen.row.shelf.clone(), seen.row.version))
                .collect(),
            records: Vec::new(),
            details: Vec::new(),
            rules: seen.iter().map(|seen| seen.rule.clone()).collect(),
        }
    }
}

/// A row that the caller may see, asked for by type and id.
async fn one(
    house: &House,
    permit: &Permit,
    resource_type: &str,
    id: &str,
    version: Option<&str>,
) -> Result<Seen, LookError> {
    let id: ResourceId = id.parse().map_err(|_| LookError::Absent)?;
    let version: Option<i64> = version
        .map(str::parse)
        .transpose()
        .map_err(|_| LookError::Absent)?;
    let row = house
        .store
        .visible_read(permit, resource_type, id, version)
        .await?;
    let seen = recheck(house, permit, row.ok_or(LookError::Absent)?).await?;
    if seen.row.deleted {
        Err(LookError::Gone)
    } else {
        Ok(seen)
    }
}

/// Every row that leaves is judged again by the policy engine itself. A disagreement with the masks is
/// an alarm, and the row stays.
pub(crate) async fn recheck(
    house: &House,
    permit: &Permit,
    row: VisibleVersion,
) -> Result<Seen, LookError> {
    let seen = recheck_all(house, permit, vec![row]).await?;
    seen.into_iter().next().ok_or(LookError::Absent)
}

/// The same for many rows, with one question to the store at most. Rows that stay are left out; the others keep
/// their order.
pub(crate) async fn recheck_all(
    house: &House,
    permit: &Permit,
    rows: Vec<VisibleVersion>,
) -> Result<Vec<Seen>, LookError> {
    let decisions = readable(house, permit, &rows).await?;
    let mut seen = Vec::with_capacity(rows.len());
    for (row, decision) in rows.into_iter().zip(decisions) {
        if decision.is_allow() {
            let rule = decision.rule();
            seen.push(Seen { row, rule });
            continue;
        }
        metrics::counter!("flow_look_disagreements_total").increment(1);
        tracing::error!(
            request = %permit.request(),
            category = %row.shelf.category,
            "masks and policy engine disagree on a row; withheld"
        );
    }
    Ok(seen)
}

async fn native(
    house: &House,
    permit: &Permit,
    (network, path): (&NetworkName, &str),
    id: &str,
) -> Result<Found, LookError> {
    let plan = house
        .networks
        .find(network)
        .and_then(|network| {
            network
                .messages()
                .iter()
                .find(|message| message.path() == path)
        })
        .ok_or(LookError::Absent)?;
    let seen = one(house, permit, "Bundle", id, None).await?;
    if seen.row.shelf.network != *network {
        return Err(LookError::Absent);
    }
    let sight = render::native(plan, &seen.row)?;
    Ok(Found::of(sight, &[seen]))
}

async fn sheet(house: &House, permit: &Permit, id: &str) -> Result<Found, LookError> {
    let seen = one(house, permit, "Bundle", id, None).await?;
    let history = house.store.sheet_history(permit, seen.row.resource).await?;
    let history = history.ok_or(LookError::Absent)?;
    Ok(Found::of(render::sheet(&seen.row, &history), &[seen]))
}

async fn inbox(house: &House, permit: &Permit) -> Result<Found, LookError> {
    let offers = house.store.inbox(permit, house.limits.page).await?;
    let mut letters = Vec::with_capacity(offers.len());
    let mut seen = Vec::with_capacity(offers.len());
    for offer in offers {
        if let Some((letter, sheet)) = letter(house, permit, offer).await? {
            letters.push(letter);
            seen.push(sheet);
        }
    }
    Ok(Found::of(render::inbox(&letters)?, &seen))
}

/// A delivery with its document; `None` when the recipient's right to it has ended since it was listed.
async fn letter<'a>(
    house: &'a House,
    permit: &Permit,
    offer: Offer,
) -> Result<Option<(Letter<'a>, Seen)>, LookError> {
    let (sheet, version) = (offer.sheet.to_string(), offer.version.to_string());
    let seen = match one(house, permit, "Bundle", &sheet, Some(&version)).await {
        Ok(seen) => seen,
        Err(LookError::Absent | LookError::Gone) => return Ok(None),
        Err(error) => return Err(error),
    };
    let history = house.store.sheet_history(permit, offer.sheet).await?;
    let plan = history.and_then(|history| {
        house
            .networks
            .find(&offer.network)
            .and_then(|network| network.message(&history.kind))
    });
    Ok(plan.map(|plan| {
        (
            Letter {
                offer,
                row: seen.row.clone(),
                plan,
            },
            seen,
        )
    }))
}

async fn audit(house: &House, permit: &Permit, record: &str) -> Result<Found, LookError> {
    let id: RecordId = record
        .parse()
        .map_err(|_| LookError::Parameter("record: the id of a record or of a resource"))?;
    let (network, record) = house
        .store
        .record_of(permit, id)
        .await?
        .ok_or(LookError::Absent)?;
    let pseudonym = house.sealer.pseudonym(&record);
    let networks = std::slice::from_ref(&network);
    let leaves = house
        .store
        .leaves_of(permit, &pseudonym, networks, house.limits.entries)
        .await?;
    let sight = render::audit(&leaves)?;
    let records = vec![record];
    Ok(Found {
        sight,
        network: Some(network),
        shelves: Vec::new(),
        records,
        details: Vec::new(),
        rules: vec!["auditors only".to_owned()],
    })
}
