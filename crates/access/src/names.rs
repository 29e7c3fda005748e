//! What a question can name, in Cedar's terms.

use std::collections::{HashMap, HashSet};
use std::str::FromStr;

use cedar_policy::{
    Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, RestrictedExpression, Schema,
};
use renkei_model::id::NetworkName;
use renkei_model::lists::{Category, Profession, Purpose, Relation, Sensitivity};

use crate::error::AccessError;
use crate::question::Action;

/// Everything that a question can name, in Cedar's terms. Made once: making them costs more than a
/// decision does.
pub(crate) struct Names {
    pub(crate) callers: HashMap<Profession, EntityUid>,
    pub(crate) actions: HashMap<Action, EntityUid>,
    pub(crate) shelves: HashMap<(Category, Sensitivity), EntityUid>,
    pub(crate) contexts: HashMap<(Relation, Purpose), Context>,
}

impl Names {
    pub(crate) fn new() -> Result<Self, AccessError> {
        let mut names = Self {
            callers: HashMap::new(),
            actions: HashMap::new(),
            shelves: HashMap::new(),
            contexts: HashMap::new(),
        };
        let (caller, action, shelf) = (
            entity_type("Caller")?,
            entity_type("Action")?,
            entity_type("Shelf")?,
        );
        let uid = |kind: &EntityTypeName, name: &str| {
            EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(name))
        };
        for one in Profession::ALL.iter().copied() {
            names.callers.insert(one, uid(&caller, one.as_str()));
        }
        for one in Action::ALL.iter().copied() {
            names.actions.insert(one, uid(&action, one.as_str()));
        }
        for category in Category::ALL.iter().copied() {
            for sensitivity in Sensitivity::ALL.iter().copied() {
                let name = format!("{category}+{sensitivity}");
                names
                    .shelves
                    .insert((category, sensitivity), uid(&shelf, &name));
            }
        }
        for relation in Relation::ALL.iter().copied() {
            for purpose in Purpose::ALL.iter().copied() {
                let pairs = [
                    ("relation", relation.as_str()),
                    ("purpose", purpose.as_str()),
                ]
                .map(|(name, word)| (name.to_owned(), text(word)));
                let context = Context::from_pairs(pairs)
                    .map_err(|error| AccessError::engine("context", &error))?;
                names.contexts.insert((relation, purpose), context);
            }
        }
        Ok(names)
    }

    /// Every caller and every shelf that can be asked about, so that none can be missing from the
    /// store: a forbid that looks at a missing entity fails, and Cedar skips it.
    pub(crate) fn entities(
        &self,
        network: &NetworkName,
        schema: &Schema,
    ) -> Result<Entities, AccessError> {
        let mut all = Vec::new();
        for (profession, uid) in &self.callers {
            all.push(entity(uid, &[("profession", profession.as_str())])?);
        }
        for ((category, sensitivity), uid) in &self.shelves {
            let attributes = [
                ("network", network.as_str()),
                ("category", category.as_str()),
                ("sensitivity", sensitivity.as_str()),
            ];
            all.push(entity(uid, &attributes)?);
        }
        Entities::from_entities(all, Some(schema))
            .map_err(|error| AccessError::engine("entities", &error))
    }
}

fn text(word: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(word.to_owned())
}

fn entity_type(name: &str) -> Result<EntityTypeName, AccessError> {
    EntityTypeName::from_str(name).map_err(|error| AccessError::engine("entities", &error))
}

fn entity(uid: &EntityUid, attributes: &[(&str, &str)]) -> Result<Entity, AccessError> {
    let attributes = attributes
        .iter()
        .map(|(name, word)| ((*name).to_owned(), text(word)))
        .collect();
    Entity::new(uid.clone(), attributes, HashSet::new())
        .map_err(|error| AccessError::engine("entities", &error))
}
