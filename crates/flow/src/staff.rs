//! Whether a caller works where the token says: asked of the directory for every request, so that the end
//! of an employment counts from the next request on, whatever the token's age.
//!
//! Only people are asked about. Systems and facilities are no staff; the network's office and the auditors
//! get their tokens from the operator and may stand in no directory, because nobody else could post the
//! first one. Once a directory knows such a number, its dates count like anybody's.

use renkei_model::caller::{Caller, CallerKind};
use renkei_model::clock::Instant;
use renkei_model::id::{NetworkName, RequestId};
use renkei_model::lists::Profession;
use renkei_store::{Standing, StoreError};

use crate::house::House;
use crate::refusal::Refusal;
use crate::refuse::{Asker, Refused, refuse};

/// What somebody is told who works nowhere any more, or not there, or not as that.
pub const NOT_EMPLOYED: &str = "この職員番号・施設・職種での在職が登録されていません。事務局にお問い合わせください / no current employment of this staff number, facility and profession is registered; ask the network's office";

/// Why a person does not come in.
#[derive(Debug, thiserror::Error)]
pub enum StaffError {
    /// In none of the token's networks does the person work at this facility in this profession now.
    #[error("no current employment")]
    NotEmployed,
    /// The store could not say.
    #[error("the directory could not be asked")]
    Store(#[from] StoreError),
}

/// The caller with the networks in which they work now at the token's facility in the token's profession.
/// The others are gone for this request and answer like absence.
///
/// # Errors
/// [`Refused`] when none is left; its leaf names the caller.
pub async fn employed(
    house: &House,
    caller: Caller,
    (request, at): (RequestId, Instant),
) -> Result<Caller, Refused> {
    // Networks that are not served here say nothing, in rights as in the log.
    let served = caller.networks.iter();
    let served = served.filter(|network| house.networks.find(network).is_some());
    let here = Caller {
        networks: served.cloned().collect(),
        ..caller.clone()
    };
    // Of whom the directory knows nothing: a network that is not served is absent for them, and no more.
    let unknown = match &caller.kind {
        CallerKind::Person { profession, .. } => {
            here.networks.is_empty()
                && matches!(profession, Profession::NetworkOffice | Profession::Auditor)
        }
        CallerKind::System { .. } | CallerKind::Facility => true,
    };
    let refusal: Refusal = match current(house, &here, at).await {
        Ok(networks) if !networks.is_empty() => return Ok(Caller { networks, ..caller }),
        // Whoever belongs to no network by the token itself is no news to the directory.
        Ok(_) if caller.networks.is_empty() || unknown => return Ok(here),
        Ok(_) => StaffError::NotEmployed.into(),
        Err(error) => StaffError::Store(error).into(),
    };
    let asker = Asker {
        caller,
        request,
        at,
        action: "door",
        about: None,
    };
    Err(Box::pin(refuse(house, asker, refusal)).await)
}

async fn current(
    house: &House,
    caller: &Caller,
    at: Instant,
) -> Result<Vec<NetworkName>, StoreError> {
    let CallerKind::Person { staff, profession } = &caller.kind else {
        return Ok(caller.networks.clone());
    };
    // Auditors are the operator's to let in and out: the office that they watch cannot end them.
    if *profession == Profession::Auditor {
        return Ok(caller.networks.clone());
    }
    let asked = (staff, &caller.facility, *profession);
    let standings = house.store.standings(&caller.networks, asked, at).await?;
    Ok(kept(&caller.networks, *profession, &standings))
}

/// The networks that remain, in the order of the token.
fn kept(
    networks: &[NetworkName],
    profession: Profession,
    standings: &[(NetworkName, Standing)],
) -> Vec<NetworkName> {
    let exempt = profession == Profession::NetworkOffice;
    let remains =
        |network: &&NetworkName| match standings.iter().find(|(known, _)| known == *network) {
            Some((_, standing)) => *standing == Standing::Employed,
            None => exempt,
        };
    networks.iter().filter(remains).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(words: &[&str]) -> Vec<NetworkName> {
        words.iter().map(|word| word.parse().unwrap()).collect()
    }

    fn standing(word: &str, standing: Standing) -> (NetworkName, Standing) {
        (word.parse().unwrap(), standing)
    }

    #[test]
    fn a_network_remains_only_where_somebody_works_now() {
        let networks = names(&["one", "two", "three"]);
        let standings = [
            standing("three", Standing::Employed),
            standing("one", Standing::Otherwise),
        ];
        assert_eq!(
            kept(&networks, Profession::Nurse, &standings),
            names(&["three"])
        );
        assert_eq!(kept(&networks, Profession::Nurse, &[]), names(&[]));
    }

    #[test]
    fn the_office_needs_a_row_only_where_there_is_one() {
        let networks = names(&["one", "two"]);
        let ended = [standing("one", Standing::Otherwise)];
        let office = Profession::NetworkOffice;
        assert_eq!(kept(&networks, office, &[]), networks);
        assert_eq!(kept(&networks, office, &ended), names(&["two"]));
        assert_eq!(
            kept(&networks, Profession::FacilityAdministrator, &[]),
            names(&[])
        );
    }
}
