//! `renkei check`: every setting with its value, origin and meaning; whether the profiles are good; what
//! the database runs with.

use renkei_access::Decider as _;
use renkei_store::Store;

use crate::config::{Config, Loaded};
use crate::descriptors;
use crate::error::{GatewayError, with_causes};
use crate::house::{sqlite_file, store_settings};
use crate::profiles;
use crate::stdout::say;

/// Prints everything there is to know before a start.
///
/// # Errors
/// [`GatewayError::Found`] when profiles or database would refuse the start.
pub async fn run(loaded: &Loaded) -> Result<(), GatewayError> {
    say("設定 / settings")?;
    for setting in loaded.explain() {
        let meaning = setting.meaning;
        say(&format!(
            "  {} = {}   [{}]\n      {}\n      {}",
            meaning.key, setting.value, setting.place, meaning.japanese, meaning.english
        ))?;
    }
    check_descriptors(&loaded.config)?;
    let profiles_are_good = check_profiles(&loaded.config)?;
    let database_is_good = check_database(&loaded.config).await?;
    if profiles_are_good && database_is_good {
        say("\n問題はありません / everything is good")?;
        Ok(())
    } else {
        Err(GatewayError::Found)
    }
}

/// What the start will find. Too few are no fault of the settings: they are said, and the start goes on.
fn check_descriptors(config: &Config) -> Result<(), GatewayError> {
    let descriptors = descriptors::raise(config);
    say("\nファイル記述子 / file descriptors")?;
    say(&format!(
        "  上限 / limit = {}, connections.max に必要 / needed for connections.max = {}",
        descriptors.limit, descriptors.needed
    ))?;
    if !descriptors.suffice() {
        say(
            "  足りません。上限(ulimit -Hn、LimitNOFILE)を上げるか connections.max を下げてください / too few: raise the hard limit (ulimit -Hn, LimitNOFILE) or lower connections.max",
        )?;
    }
    Ok(())
}

fn check_profiles(config: &Config) -> Result<bool, GatewayError> {
    say("\nプロファイル / profiles")?;
    let checked = profiles::networks(&config.profiles_dir)
        .and_then(|networks| profiles::policy(&networks).map(|policy| (networks, policy)));
    let (networks, policy) = match checked {
        Ok(checked) => checked,
        Err(error) => {
            say(&format!("  {}", with_causes(&error)))?;
            return Ok(false);
        }
    };
    for network in &networks {
        let version = network.version().chars().take(12).collect::<String>();
        say(&format!(
            "  {}: {} ({version})",
            network.name(),
            network.title()
        ))?;
        for message in network.messages() {
            say(&format!("      {}: {}", message.kind(), message.title()))?;
        }
    }
    let policy = policy.policy().chars().take(12).collect::<String>();
    say(&format!("  閲覧権限の版 / policy: {policy}"))?;
    Ok(true)
}

/// Asks the database for the settings that decide whether it keeps what it acknowledges. A SQLite file
/// that does not exist yet is not made: it would be fine, or the start would say why not.
async fn check_database(config: &Config) -> Result<bool, GatewayError> {
    say("\nデータベース / database")?;
    let settings = store_settings(config)?;
    if sqlite_file(&settings.url).is_some_and(|path| !path.exists()) {
        say("  まだありません。起動時に作ります / not there yet; the first start makes it")?;
        return Ok(true);
    }
    match Store::open_reading(settings).await {
        Ok(store) => {
            for (name, value) in store.settings_report() {
                say(&format!("  {name} = {value}"))?;
            }
            store.close().await;
            Ok(true)
        }
        Err(error) => {
            say(&format!("  {}", with_causes(&error)))?;
            Ok(false)
        }
    }
}
