//! `renkei profile coverage`: what becomes of every native field, and what the golden cases lose.

use std::path::Path;

use renkei_profile::{Carried, Coverage, Message, Network, Played, golden_cases, play};
use serde_json::{Value, json};

use super::{CoverageArguments, folders, loaded};
use crate::config::Config;
use crate::error::GatewayError;
use crate::stdout::say;

/// Prints the coverage.
///
/// # Errors
/// [`GatewayError::Found`] when a profile or a golden case is wrong.
pub fn run(config: &Config, arguments: &CoverageArguments) -> Result<(), GatewayError> {
    let mut all = Vec::new();
    let mut shown = 0;
    for folder in folders(config, arguments.network.as_deref())? {
        let network = loaded(&folder)?;
        let cases = played(&network, &folder)?;
        for message in network.messages() {
            let wanted = arguments.message.as_deref();
            if wanted.is_some_and(|wanted| wanted != message.kind()) {
                continue;
            }
            shown += 1;
            if arguments.json {
                all.push(as_json(&network, message, &cases));
            } else {
                print(&network, message, &cases)?;
            }
        }
    }
    if shown == 0 {
        let rule = "message: この種類の電文はありません / there is no message of this kind";
        return Err(GatewayError::Argument(rule.to_owned()));
    }
    if arguments.json {
        say(&Value::Array(all).to_string())?;
    }
    Ok(())
}

fn played(network: &Network, folder: &Path) -> Result<Vec<Played>, GatewayError> {
    let cases = golden_cases(folder)
        .and_then(|cases| cases.iter().map(|case| play(network, case)).collect());
    match cases {
        Ok(cases) => Ok(cases),
        Err(mistake) => {
            say(&format!("  {mistake}"))?;
            Err(GatewayError::Found)
        }
    }
}

fn print(network: &Network, message: &Message, cases: &[Played]) -> Result<(), GatewayError> {
    let coverage = message.coverage();
    say(&format!(
        "{} / {} {}",
        network.name(),
        message.kind(),
        message.title()
    ))?;
    for field in &coverage {
        if let Some(why) = &field.unmapped {
            say(&format!("  {} → なし / no place: {why}", field.field))?;
        }
        for place in &field.places {
            let notes = notes(place);
            say(&format!("  {} → {}{notes}", field.field, place.element))?;
        }
    }
    let of = |wanted: &dyn Fn(&&Coverage) -> bool| coverage.iter().filter(wanted).count();
    let unmapped = of(&|field| field.unmapped.is_some());
    let one_way = of(&|field| {
        !field.places.is_empty() && field.places.iter().all(|place| place.one_way.is_some())
    });
    let inexact = of(&|field| field.places.iter().any(|place| !place.inexact.is_empty()));
    let both = coverage.len() - unmapped - one_way;
    say(&format!(
        "  計 / in all {}: 両方向 / both ways {both}, 片方向だけ / one way only {one_way}, 行き先なし / no place {unmapped}, 近いコード / inexact codes {inexact}",
        coverage.len()
    ))?;
    for case in cases.iter().filter(|case| case.kind == message.kind()) {
        say(&format!(
            "  実例 / golden case {}: 欠落 / losses {}",
            case.name,
            case.loss.len()
        ))?;
        for loss in &case.loss {
            say(&format!("    {}: {}", loss.field, loss.why))?;
        }
    }
    say("")?;
    Ok(())
}

fn notes(place: &Carried) -> String {
    let mut notes = String::new();
    if let Some(why) = &place.one_way {
        notes.push_str(&format!("  [片方向 / one way: {why}]"));
    }
    if !place.inexact.is_empty() {
        let codes = place.inexact.join(", ");
        notes.push_str(&format!("  [近いコード / inexact code: {codes}]"));
    }
    if place.respelt {
        notes.push_str("  [表記をそろえる / one spelling]");
    }
    notes
}

fn as_json(network: &Network, message: &Message, cases: &[Played]) -> Value {
    let place = |place: &Carried| {
        json!({
            "element": place.element,
            "row": place.row,
            "oneWay": place.one_way,
            "inexact": place.inexact,
            "oneSpelling": place.respelt,
        })
    };
    let field = |field: &Coverage| {
        json!({
            "field": field.field,
            "places": field.places.iter().map(place).collect::<Vec<_>>(),
            "unmapped": field.unmapped,
        })
    };
    let own = cases.iter().filter(|case| case.kind == message.kind());
    let golden = own.map(|case| {
        let losses = case.loss.iter();
        let losses = losses.map(|loss| json!({"field": loss.field, "why": loss.why}));
        json!({"case": case.name, "losses": losses.collect::<Vec<_>>()})
    });
    json!({
        "network": network.name().to_string(),
        "message": message.kind(),
        "title": message.title(),
        "fields": message.coverage().iter().map(field).collect::<Vec<_>>(),
        "golden": golden.collect::<Vec<_>>(),
    })
}
