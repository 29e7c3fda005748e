//! The engine: small Cedar policy sets, and the masks they make.

use std::collections::{BTreeMap, HashMap};
use std::str::FromStr;

use cedar_policy::{
    Authorizer, Decision as Verdict, Entities, Policy, PolicyId, PolicySet as CedarSet, Request,
    Schema, ValidationMode, Validator,
};
use quick_cache::sync::Cache;
use renkei_model::id::NetworkName;
use renkei_model::lists::{Profession, Purpose, Relation, Sensitivity};
use sha2::{Digest, Sha256};

use crate::error::AccessError;
use crate::generate::{self, FORBIDS, Permit, SCHEMA, SetKey};
use crate::mask::{GrantMask, MaskIndex, MaskKey};
use crate::names::Names;
use crate::question::{Action, Decider, Decision, Question};
use crate::table::{Cell, Grant, Table};

/// Part of the hash. Raised when the meaning of masks changes although no policy text does.
const CUBE_VERSION: &str = "renkei access 2\n";

/// The rights of all networks, compiled. Masks are empty, and [`PolicySet::allows`] answers nothing,
/// until [`PolicySet::with_masks`] loads them.
pub struct PolicySet {
    authorizer: Authorizer,
    sets: HashMap<SetKey, CedarSet>,
    entities: HashMap<NetworkName, Entities>,
    names: Names,
    cells: BTreeMap<Cell, Grant>,
    hash: String,
    index: MaskIndex,
    /// What was decided before: the same question has the same answer for as long as this set lives.
    decided: Cache<Question, Decision>,
}

/// Decisions remembered at most. Few combinations of a region's words are ever asked.
const DECISIONS: usize = 20_000;

/// Makes the policy set of all networks' tables and checks it against the schema, strictly.
///
/// # Errors
///
/// Two tables that speak for one network; or Cedar's refusal of a generated policy, which would be
/// a mistake of this crate.
pub fn compile(tables: &[Table]) -> Result<PolicySet, AccessError> {
    refuse_two_tables_of_one_network(tables)?;
    let (schema, _warnings) = Schema::from_cedarschema_str(SCHEMA)
        .map_err(|error| AccessError::engine("schema", &error))?;
    let forbids = parse_forbids()?;
    let permits = generate::permits(tables);
    let mut sets = HashMap::new();
    let mut all = forbids.clone();
    for (key, permits) in &permits {
        let permits = permits
            .iter()
            .map(parse_permit)
            .collect::<Result<Vec<_>, _>>()?;
        all.extend_from_slice(&permits);
        sets.insert(
            key.clone(),
            policy_set(forbids.iter().cloned().chain(permits))?,
        );
    }
    validate(&policy_set(all)?, &schema)?;
    let names = Names::new()?;
    let mut entities = HashMap::new();
    for network in tables.iter().flat_map(Table::networks) {
        entities.insert(network.clone(), names.entities(network, &schema)?);
    }
    Ok(PolicySet {
        authorizer: Authorizer::new(),
        sets,
        entities,
        names,
        cells: tables
            .iter()
            .flat_map(|table| table.cells.clone())
            .collect(),
        hash: hash(&permits),
        index: MaskIndex::default(),
        decided: Cache::new(DECISIONS),
    })
}

impl PolicySet {
    /// Computes the masks: every cell that a table opens is put to Cedar once for each purpose.
    /// Cells that no table opens need no asking, as permits come from tables only.
    ///
    /// Costs about a second in an unoptimised build, so the store keeps the result under
    /// [`Decider::policy`].
    #[must_use]
    pub fn masks(&self) -> Vec<GrantMask> {
        let mut sums: BTreeMap<(NetworkName, MaskKey), i64> = BTreeMap::new();
        for (cell, grant) in &self.cells {
            let Cell {
                network,
                profession,
                relation,
                sensitivity,
                category,
                emergency: _,
            } = cell.clone();
            for action in Action::ALL
                .iter()
                .copied()
                .filter(|action| grant.gives(*action))
            {
                let purposes = Purpose::ALL.iter().copied();
                for purpose in purposes.filter(|purpose| cell.counts_under(*purpose)) {
                    let network = network.clone();
                    let question = Question {
                        network: network.clone(),
                        profession,
                        category,
                        sensitivity,
                        relation,
                        purpose,
                        action,
                    };
                    if self.ask(&question).is_ok_and(|answer| answer.is_allow()) {
                        let key = (profession, relation, purpose, sensitivity, action);
                        *sums.entry((network, key)).or_insert(0) |= category.bit();
                    }
                }
            }
        }
        sums.into_iter()
            .map(|((network, key), bits)| GrantMask::new(network, key, bits))
            .collect()
    }

    /// The same set with its masks loaded: those that [`PolicySet::masks`] made, or that the store
    /// kept under the same [`Decider::policy`].
    #[must_use]
    pub fn with_masks(self, masks: Vec<GrantMask>) -> Self {
        Self {
            index: MaskIndex::new(masks),
            ..self
        }
    }

    /// The categories (bits) that are open for an action: the warm path, one look-up, no Cedar.
    #[must_use]
    pub fn allows(
        &self,
        network: &NetworkName,
        profession: Profession,
        relation: Relation,
        purpose: Purpose,
        sensitivity: Sensitivity,
        action: Action,
    ) -> i64 {
        self.index.get(
            network,
            &(profession, relation, purpose, sensitivity, action),
        )
    }

    fn request(&self, question: &Question) -> Option<Request> {
        let Names {
            callers,
            actions,
            shelves,
            contexts,
        } = &self.names;
        let context = contexts
            .get(&(question.relation, question.purpose))?
            .clone();
        let principal = callers.get(&question.profession)?.clone();
        let action = actions.get(&question.action)?.clone();
        let resource = shelves
            .get(&(question.category, question.sensitivity))?
            .clone();
        Request::new(principal, action, resource, context, None).ok()
    }
}

/// What an engine that fails says.
const ENGINE_ERROR: &str = "engine error";

impl PolicySet {
    /// Asks Cedar.
    fn ask(&self, question: &Question) -> Result<Decision, EngineError> {
        let key = (
            question.network.clone(),
            question.profession,
            question.action,
        );
        let (Some(set), Some(entities)) =
            (self.sets.get(&key), self.entities.get(&question.network))
        else {
            return Ok(Decision::Deny {
                reason: "no rule allows it".to_owned(),
            });
        };
        let request = self.request(question).ok_or(EngineError)?;
        let response = self.authorizer.is_authorized(&request, set, entities);
        // A forbid that fails is skipped by Cedar, and the answer may be yes: any error is a no.
        if response.diagnostics().errors().next().is_some() {
            return Err(EngineError);
        }
        let mut policies: Vec<String> = response
            .diagnostics()
            .reason()
            .map(ToString::to_string)
            .collect();
        policies.sort();
        Ok(match response.decision() {
            Verdict::Allow => Decision::Allow { policies },
            Verdict::Deny if policies.is_empty() => Decision::Deny {
                reason: "no rule allows it".to_owned(),
            },
            Verdict::Deny => Decision::Deny {
                reason: policies.join(","),
            },
        })
    }
}

/// Cedar could not say.
struct EngineError;

impl Decider for PolicySet {
    /// A pure function of the question, so what was decided once is remembered; a failure is not.
    fn decide(&self, question: &Question) -> Decision {
        if let Some(decision) = self.decided.get(question) {
            return decision;
        }
        match self.ask(question) {
            Ok(decision) => {
                self.decided.insert(question.clone(), decision.clone());
                decision
            }
            Err(EngineError) => Decision::Deny {
                reason: ENGINE_ERROR.to_owned(),
            },
        }
    }

    fn policy(&self) -> &str {
        &self.hash
    }
}

fn refuse_two_tables_of_one_network(tables: &[Table]) -> Result<(), AccessError> {
    let mut speaks_for: HashMap<&NetworkName, &str> = HashMap::new();
    for table in tables {
        for network in table.networks() {
            if let Some(other) = speaks_for.insert(network, table.file()) {
                return Err(AccessError::TwoTables {
                    file: table.file().to_owned(),
                    other: other.to_owned(),
                    network: network.to_string(),
                });
            }
        }
    }
    Ok(())
}

/// The hand-written rules, each under the id that it names itself by.
fn parse_forbids() -> Result<Vec<Policy>, AccessError> {
    let parsed =
        CedarSet::from_str(FORBIDS).map_err(|error| AccessError::engine("forbid.cedar", &error))?;
    parsed
        .policies()
        .map(|policy| {
            let id = policy
                .annotation("id")
                .ok_or_else(|| AccessError::engine("forbid.cedar", &"every rule needs an @id"))?;
            Ok(policy.new_id(PolicyId::new(id)))
        })
        .collect()
}

fn parse_permit(permit: &Permit) -> Result<Policy, AccessError> {
    Policy::parse(Some(PolicyId::new(&permit.id)), &permit.text)
        .map_err(|error| AccessError::engine(&permit.id, &error))
}

fn policy_set(policies: impl IntoIterator<Item = Policy>) -> Result<CedarSet, AccessError> {
    CedarSet::from_policies(policies).map_err(|error| AccessError::engine("set", &error))
}

fn validate(all: &CedarSet, schema: &Schema) -> Result<(), AccessError> {
    let checked = Validator::new(schema.clone()).validate(all, ValidationMode::Strict);
    match checked.validation_errors().next() {
        Some(error) => Err(AccessError::engine("set", error)),
        None => Ok(()),
    }
}

fn hash(permits: &BTreeMap<SetKey, Vec<Permit>>) -> String {
    let mut digest = Sha256::new();
    for text in [CUBE_VERSION, SCHEMA, FORBIDS] {
        digest.update(text);
        digest.update([0]);
    }
    for permit in permits.values().flatten() {
        digest.update(&permit.id);
        digest.update([0]);
        digest.update(&permit.text);
        digest.update([0]);
    }
    hex::encode(digest.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::read_table;
    use renkei_model::lists::Category;

    const HEADER: &str = "network,profession,category,relation,view,write,send\n";

    fn table(rows: &str) -> Table {
        read_table("access.csv", &format!("{HEADER}{rows}")).unwrap()
    }

    fn question(profession: Profession, category: Category, relation: Relation) -> Question {
        Question {
            network: "n".parse().unwrap(),
            profession,
            category,
            sensitivity: Sensitivity::Normal,
            relation,
            purpose: Purpose::Treatment,
            action: Action::ReadFull,
        }
    }

    fn reason(decision: Decision) -> String {
        match decision {
            Decision::Deny { reason } => reason,
            Decision::Allow { policies } => panic!("allowed by {policies:?}"),
        }
    }

    #[test]
    fn what_the_table_gives_is_allowed_and_says_by_what() {
        let set = compile(&[table("n,nurse,lab,team_member,full,no,no\n")]).unwrap();
        let asked = question(Profession::Nurse, Category::Lab, Relation::TeamMember);
        assert_eq!(set.decide(&asked).rule(), "n.nurse.team_member.read_full");
        let other = Question {
            sensitivity: Sensitivity::Infectious,
            ..asked.clone()
        };
        assert_eq!(reason(set.decide(&other)), "no rule allows it");
        let other = Question {
            action: Action::Write,
            ..asked
        };
        assert_eq!(reason(set.decide(&other)), "no rule allows it");
    }

    #[test]
    fn exists_and_masked_count_as_none() {
        let rows = "n,nurse,lab,none,exists,no,no\nn,nurse,lab,exchange,masked,no,no\n";
        let set = compile(&[table(rows)]).unwrap();
        assert_eq!(set.masks(), []);
    }

    #[test]
    fn break_glass_opens_its_own_rows_and_no_others() {
        let rows = "n,nurse,lab,none+emergency,full,no,no\nn,nurse,care,none,full,yes,yes\n\
                    n,vendor_system,lab,none+emergency,full,no,no\n\
                    n,network_office,contacts,none+emergency,full,no,no\n";
        let set = compile(&[table(rows)]).unwrap();
        let lab = question(Profession::Nurse, Category::Lab, Relation::None);
        let under = |question: &Question, purpose| Question {
            purpose,
            ..question.clone()
        };
        let opened = set.decide(&under(&lab, Purpose::Emergency));
        assert_eq!(opened.rule(), "n.nurse.none+emergency.read_full");
        assert_eq!(reason(set.decide(&lab)), "no rule allows it");
        let care = question(Profession::Nurse, Category::Care, Relation::None);
        assert!(set.decide(&care).is_allow());
        let closed = reason(set.decide(&under(&care, Purpose::Emergency)));
        assert_eq!(closed, "no rule allows it");
        let write = Question {
            action: Action::Write,
            ..under(&care, Purpose::Emergency)
        };
        assert_eq!(reason(set.decide(&write)), "forbid-emergency-to-write");
        for (profession, category) in [
            (Profession::VendorSystem, Category::Lab),
            (Profession::NetworkOffice, Category::Contacts),
        ] {
            let asked = question(profession, category, Relation::None);
            let denied = reason(set.decide(&under(&asked, Purpose::Emergency)));
            assert_eq!(denied, "forbid-emergency-without-a-person");
        }
    }

    #[test]
    fn each_law_stands_above_the_table() {
        let rows = "n,nurse,lab,none,full,yes,yes\nn,auditor,lab,none,full,yes,yes\n\
                    n,network_office,consent,none,full,yes,yes\n";
        let set = compile(&[table(rows)]).unwrap();
        let nurse = question(Profession::Nurse, Category::Lab, Relation::None);
        assert!(set.decide(&nurse).is_allow());
        let denied = |question: Question| reason(set.decide(&question));
        let blocked = Question {
            relation: Relation::Blocked,
            ..nurse.clone()
        };
        assert_eq!(denied(blocked), "forbid-blocked");
        let audit = Question {
            purpose: Purpose::Audit,
            ..nurse.clone()
        };
        assert_eq!(denied(audit), "forbid-audit-of-patients");
        let operation = Question {
            purpose: Purpose::Operation,
            ..nurse.clone()
        };
        assert_eq!(denied(operation), "forbid-operation-in-care");
        let emergency = Question {
            purpose: Purpose::Emergency,
            ..nurse.clone()
        };
        assert_eq!(denied(emergency), "no rule allows it");
        let former = Question {
            relation: Relation::Former,
            action: Action::Write,
            ..nurse.clone()
        };
        assert_eq!(denied(former), "forbid-former-to-write");
        let auditor = Question {
            profession: Profession::Auditor,
            ..nurse
        };
        assert_eq!(denied(auditor), "forbid-offices-in-care");
        let mut office = question(Profession::NetworkOffice, Category::Consent, Relation::None);
        office.purpose = Purpose::Operation;
        assert!(set.decide(&office).is_allow());
    }

    #[test]
    fn an_error_of_the_engine_is_a_denial_and_not_remembered() {
        let mut set = compile(&[table("n,nurse,lab,none,full,no,no\n")]).unwrap();
        let asked = question(Profession::Nurse, Category::Lab, Relation::None);
        let (network, broken) = ("n".parse().unwrap(), Entities::empty());
        let whole = set.entities.insert(network, broken).unwrap();
        assert_eq!(reason(set.decide(&asked)), ENGINE_ERROR);
        set.entities.insert("n".parse().unwrap(), whole);
        assert_eq!(set.decide(&asked).rule(), "n.nurse.none.read_full");
    }

    #[test]
    fn the_hash_follows_the_rights_and_not_the_order_of_rows() {
        let (first, second) = (
            "n,nurse,lab,none,full,no,no\n",
            "n,nurse,care,none,full,no,no\n",
        );
        let hash = |rows: &str| compile(&[table(rows)]).unwrap().policy().to_owned();
        assert_eq!(
            hash(&format!("{first}{second}")),
            hash(&format!("{second}{first}"))
        );
        assert_ne!(hash(first), hash(second));
        assert_eq!(hash(first).len(), 64);
    }

    #[test]
    fn without_masks_nothing_is_open() {
        let set = compile(&[table("n,nurse,lab,none,full,no,no\n")]).unwrap();
        let network: NetworkName = "n".parse().unwrap();
        let open = |set: &PolicySet| {
            let (relation, purpose) = (Relation::None, Purpose::Treatment);
            let (normal, action) = (Sensitivity::Normal, Action::ReadFull);
            set.allows(
                &network,
                Profession::Nurse,
                relation,
                purpose,
                normal,
                action,
            )
        };
        assert_eq!(open(&set), 0);
        let masks = set.masks();
        assert_eq!(masks.len(), 1);
        assert_eq!(open(&set.with_masks(masks)), Category::Lab.bit());
    }

    #[test]
    fn a_network_has_one_table() {
        let row = "n,nurse,lab,none,full,no,no\n";
        let error = compile(&[table(row), table(row)]).err().unwrap();
        assert!(
            error.to_string().contains("a network has one table"),
            "{error}"
        );
    }
}
