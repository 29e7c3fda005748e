//! `renkei token`: a token of the local issuer, for whoever may read the key in the data folder.

use renkei_edge::IssuerKey;
use renkei_model::caller::CallerKind;
use renkei_model::clock::SystemClock;
use renkei_model::id::{FacilityCode, IdError, NetworkName};
use renkei_model::lists::ListError;
use renkei_model::{Caller, Clock as _, Profession};

use crate::config::Config;
use crate::error::GatewayError;
use crate::folder::Folder;
use crate::serve::edge_settings;
use crate::stdout::say;

/// Arguments of `renkei token`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// 人、システム、施設 / a person, a system or a facility
    #[arg(long, value_enum)]
    kind: Kind,
    /// 職員番号、またはシステムの番号 / staff id, or a system's client id
    #[arg(long, visible_alias = "client")]
    staff: Option<String>,
    /// 職種。人だけ / profession; persons only
    #[arg(long)]
    profession: Option<String>,
    /// 施設コード(10 文字) / facility code, ten characters
    #[arg(long)]
    facility: String,
    /// ネットワーク。繰り返せます / network; may be repeated
    #[arg(long, required = true)]
    network: Vec<String>,
    /// 有効期間、分。既定は設定の上限 / lifetime in minutes; by default the longest that the settings allow
    #[arg(long)]
    minutes: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    Person,
    System,
    Facility,
}

/// Prints a token and nothing else.
///
/// # Errors
/// When an argument is not what it should be, or the key cannot be used.
pub fn run(config: &Config, arguments: &Arguments) -> Result<(), GatewayError> {
    let caller = caller(arguments)?;
    let ceiling_s = config.tokens.lifetime_max_s;
    let lifetime_s = arguments
        .minutes
        .map_or(ceiling_s, |minutes| minutes.saturating_mul(60));
    if !(1..=ceiling_s).contains(&lifetime_s) {
        return Err(GatewayError::Argument(format!(
            "--minutes: tokens.lifetime_max_s は {ceiling_s} 秒です / tokens.lifetime_max_s is {ceiling_s} seconds"
        )));
    }
    let folder = Folder::open(&config.data_dir)?;
    let key = IssuerKey::load_or_create(&folder.keys())?;
    let token = key.mint(
        &edge_settings(config),
        &caller,
        SystemClock.now(),
        lifetime_s,
    )?;
    Ok(say(&token)?)
}

fn caller(arguments: &Arguments) -> Result<Caller, GatewayError> {
    let id = |error: IdError| GatewayError::Argument(error.to_string());
    let word = |error: ListError| GatewayError::Argument(error.to_string());
    let networks: Result<Vec<NetworkName>, _> = arguments
        .network
        .iter()
        .map(|name| name.parse().map_err(id))
        .collect();
    let facility: FacilityCode = arguments.facility.parse().map_err(id)?;
    let profession: Option<Profession> = arguments
        .profession
        .as_deref()
        .map(|text| text.parse().map_err(word))
        .transpose()?;
    let kind = match (arguments.kind, &arguments.staff, profession) {
        (Kind::Person, Some(staff), Some(profession)) => CallerKind::Person {
            staff: staff.parse().map_err(id)?,
            profession,
        },
        (Kind::System, Some(client), None | Some(Profession::VendorSystem)) => CallerKind::System {
            client: client.parse().map_err(id)?,
        },
        (Kind::Facility, None, None | Some(Profession::VendorSystem)) => CallerKind::Facility,
        _ => {
            return Err(GatewayError::Argument(
                "person: --staff --profession; system: --staff; facility: なし / neither"
                    .to_owned(),
            ));
        }
    };
    Ok(Caller {
        kind,
        facility,
        networks: networks?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(kind: Kind, staff: Option<&str>, profession: Option<&str>) -> Arguments {
        Arguments {
            kind,
            staff: staff.map(str::to_owned),
            profession: profession.map(str::to_owned),
            facility: "0123456789".to_owned(),
            network: vec!["somewhere".to_owned()],
            minutes: None,
        }
    }

    #[test]
    fn each_kind_of_caller_has_its_arguments() {
        let person = caller(&arguments(Kind::Person, Some("n-1"), Some("nurse"))).unwrap();
        assert_eq!(person.actor(), "person:n-1");
        assert_eq!(person.profession(), Profession::Nurse);
        let system = caller(&arguments(Kind::System, Some("emr-1"), None)).unwrap();
        assert_eq!(system.actor(), "system:emr-1");
        let facility = caller(&arguments(Kind::Facility, None, None)).unwrap();
        assert_eq!(facility.actor(), "facility");
    }

    #[test]
    fn missing_or_unfitting_arguments_are_refused() {
        for (kind, staff, profession) in [
            (Kind::Person, Some("n-1"), None),
            (Kind::Person, None, Some("nurse")),
            (Kind::Person, Some("n-1"), Some("wizard")),
            (Kind::System, Some("emr-1"), Some("nurse")),
            (Kind::Facility, Some("n-1"), None),
        ] {
            assert!(
                caller(&arguments(kind, staff, profession)).is_err(),
                "{kind:?} {staff:?}"
            );
        }
    }
}
