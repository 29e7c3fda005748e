//! `renkei report`: a network's figures, counted from the database, whether or not anything is serving.

use renkei_flow::permit::permit_report_here;
use renkei_flow::report::{Days, Report, Sheets, count, days, median, percent};
use renkei_model::Clock as _;
use renkei_model::clock::SystemClock;
use renkei_model::id::{IdError, NetworkName};
use serde_json::Value;

use crate::audit_log::open;
use crate::config::Config;
use crate::error::GatewayError;
use crate::profiles;
use crate::stdout::say;

/// Arguments of `renkei report`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// ネットワーク。既定はすべて / network; by default all
    #[arg(long)]
    network: Option<String>,
    /// 最初の日 (YYYY-MM-DD)。既定は最後の日の月の 1 日 / first day; by default the first of the last day's month
    #[arg(long)]
    from: Option<String>,
    /// 最後の日 (YYYY-MM-DD)。既定は今日 / last day; by default today
    #[arg(long)]
    to: Option<String>,
    /// JSON で書き出す / as JSON
    #[arg(long)]
    json: bool,
}

/// Prints the report of each network.
///
/// # Errors
/// When an argument is not what it should be, or the database cannot be read.
pub async fn run(config: &Config, arguments: &Arguments) -> Result<(), GatewayError> {
    let now = SystemClock.now();
    let asked = days(arguments.from.as_deref(), arguments.to.as_deref(), now)
        .map_err(|faults| GatewayError::Argument(faults_text(&faults)))?;
    let networks = networks(config, arguments)?;
    let store = open(config).await?;
    let mut reports = Vec::with_capacity(networks.len());
    for network in &networks {
        let permit = permit_report_here(network, now).map_err(argument)?;
        reports.push(count(&store, &permit, network, asked.clone()).await?);
    }
    store.close().await;
    let text = if arguments.json {
        Value::Array(reports.iter().map(Report::json).collect()).to_string()
    } else {
        let texts: Vec<String> = reports.iter().map(described).collect();
        texts.join("\n\n")
    };
    Ok(say(&text)?)
}

/// The named network, or all that have a profile.
fn networks(config: &Config, arguments: &Arguments) -> Result<Vec<NetworkName>, GatewayError> {
    let folders = profiles::folders(&config.profiles_dir)?;
    let names = folders.iter().filter_map(|folder| folder.file_name());
    let known: Result<Vec<NetworkName>, IdError> =
        names.map(|name| name.to_string_lossy().parse()).collect();
    let known = known.map_err(argument)?;
    let Some(asked) = &arguments.network else {
        return Ok(known);
    };
    let found: Vec<NetworkName> = known
        .into_iter()
        .filter(|name| name.as_str() == asked)
        .collect();
    if found.is_empty() {
        let text = "--network: そのようなネットワークはありません / no such network";
        return Err(GatewayError::Argument(text.to_owned()));
    }
    Ok(found)
}

fn argument(error: IdError) -> GatewayError {
    GatewayError::Argument(error.to_string())
}

fn faults_text(faults: &[renkei_model::message::Fault]) -> String {
    let texts: Vec<String> = faults
        .iter()
        .map(|fault| format!("--{}: {}", fault.field, fault.rule))
        .collect();
    texts.join("; ")
}

fn described(report: &Report) -> String {
    let Days { first, last, .. } = &report.days;
    let total: u64 = report.districts.iter().map(|row| row.residents).sum();
    let mut lines = vec![
        format!("{} {first} – {last}", report.network),
        format!("登録住民(現在) / residents registered now: {total}"),
    ];
    for row in &report.districts {
        let name = row.district.as_deref().unwrap_or("不明 / unknown");
        lines.push(format!(
            "  {name}: {} (期間中の新規 / new in these days: {}; 死亡 / deceased: {}; 転出 / moved away: {})",
            row.residents, row.added, row.deceased, row.moved
        ));
    }
    let look_ups = &report.look_ups;
    let share = share(look_ups.found, look_ups.look_ups);
    lines.push(format!(
        "救急照会 / look-ups by crews: {}; 判明 / found: {}{share}",
        look_ups.look_ups, look_ups.found
    ));
    lines.push(format!(
        "  検索 / searches: {}; 結果あり / with results: {}",
        look_ups.searches, look_ups.with_results
    ));
    let cards: u64 = report.cards.iter().map(|row| row.cards).sum();
    let wrong: u64 = report.cards.iter().map(|row| row.wrong).sum();
    lines.push(format!(
        "  開いたカード / cards opened: {cards}; 人数 / persons: {}; 人違い / wrong person: {wrong}",
        report.persons
    ));
    for row in &report.cards {
        lines.push(format!("    {}: {}", row.reason, row.cards));
    }
    lines.push("連絡票 / sheets".to_owned());
    lines.extend(report.sheets.iter().map(sheets));
    lines.join("\n")
}

fn sheets(row: &Sheets) -> String {
    let name = row.name.as_deref().unwrap_or_default();
    let lead = row.lead.map_or_else(String::new, |lead| {
        format!(
            "; 入院からの日数の中央値 / median days from admission: {}; 当日 / same day: {}{}; 3日以内 / within 3 days: {}{}",
            median(&lead),
            lead.same_day,
            share(lead.same_day, lead.count),
            lead.within_three,
            share(lead.within_three, lead.count)
        )
    });
    format!(
        "  {} → {} {name}: {}{lead}",
        row.kind, row.destination, row.count
    )
}

fn share(part: u64, whole: u64) -> String {
    percent(part, whole).map_or_else(String::new, |percent| format!(" ({percent} %)"))
}
