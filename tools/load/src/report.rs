//! A run's figures in words: a line of JSON for `table`, a table for people.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::figures::Figures;
use crate::run::Arguments;
use crate::tally::{Counted, Latencies, ms, quantile_ms};

/// The line of JSON. Latencies are those of requests that were done; `bad_ms` those of the others.
pub fn json(arguments: &Arguments, figures: &Figures) -> Value {
    let all = figures.tally.all();
    let requests = all.good.len() + all.bad.len();
    let parts: Map<String, Value> = figures
        .tally
        .parts()
        .iter()
        .map(|(part, counted)| (part.name().to_owned(), part_of(counted, figures.seconds)))
        .collect();
    json!({
        "what": "run",
        "label": arguments.label,
        "scenario": arguments.scenario.name(),
        "connections": arguments.connections(),
        "rate": arguments.rate,
        "seconds": figures.seconds,
        "requests": requests,
        "per_s": rounded(all.good.len() as f64 / figures.seconds),
        "ms": latencies(&all.good),
        "bad_ms": latencies(&all.bad),
        "parts": parts,
        "status": counts(&all),
        "retry_after": all.retry_after,
        "failed": all.failed,
        "refusal": figures.refusal,
        "unsent": figures.unsent,
        "drained_s": rounded(figures.drained_s),
        "cpu_us_per_request": {
            "server": figures.costs.server_cpu_s.map(|seconds| each(seconds, requests)),
            "tool": each(figures.costs.tool_cpu_s, requests),
        },
        "rss_mb": rounded(figures.costs.memory.rss_mb),
        "own_mb": rounded(figures.costs.memory.own_mb),
        "fds": figures.costs.descriptors,
        "group_ms": figures.costs.group_ms.map(rounded),
        "windows": windows(arguments.window_s, figures),
    })
}

/// A table of the parts.
pub fn table(figures: &Figures) -> String {
    let mut text = format!(
        "{:<11}{:>9}{:>9}{:>8}{:>10}{:>10}{:>10}{:>10}{:>10}",
        "part", "done", "per s", "other", "p50 ms", "p90 ms", "p99 ms", "p99.9 ms", "max ms"
    );
    for (part, counted) in figures.tally.parts() {
        row(&mut text, part.name(), counted, figures.seconds);
    }
    let all = figures.tally.all();
    row(&mut text, "all", &all, figures.seconds);
    let requests = all.good.len() + all.bad.len();
    let server = figures
        .costs
        .server_cpu_s
        .map(|seconds| each(seconds, requests));
    // Writing to a text cannot fail.
    let _ = write!(
        text,
        "\nstatus {:?}, failed {:?}, with Retry-After {}, unsent {}\n\
         processor time a request: server {} µs, tool {:.1} µs; memory {:.0} MB ({:.0} MB without files), {} files",
        all.status,
        all.failed,
        all.retry_after,
        figures.unsent,
        server.map_or_else(|| "?".to_owned(), |us| format!("{us:.1}")),
        each(figures.costs.tool_cpu_s, requests),
        figures.costs.memory.rss_mb,
        figures.costs.memory.own_mb,
        figures.costs.descriptors,
    );
    if let Some(refusal) = &figures.refusal {
        let _ = write!(text, "\nfirst refusal: {refusal}");
    }
    text
}

fn row(text: &mut String, name: &str, counted: &Counted, seconds: f64) {
    let good = &counted.good;
    let _ = write!(
        text,
        "\n{name:<11}{:>9}{:>9.1}{:>8}",
        good.len(),
        good.len() as f64 / seconds,
        counted.bad.len()
    );
    for quantile in [0.5, 0.9, 0.99, 0.999, 1.0] {
        let _ = write!(text, "{:>10.2}", quantile_ms(good, quantile));
    }
}

fn part_of(counted: &Counted, seconds: f64) -> Value {
    json!({
        "done": counted.good.len(),
        "per_s": rounded(counted.good.len() as f64 / seconds),
        "ms": latencies(&counted.good),
        "status": counts(counted),
        "failed": counted.failed,
    })
}

fn counts(counted: &Counted) -> Map<String, Value> {
    let counts = counted.status.iter();
    counts
        .map(|(status, count)| (status.to_string(), json!(count)))
        .collect()
}

fn latencies(latencies: &Latencies) -> Value {
    json!({
        "p50": quantile_ms(latencies, 0.5),
        "p90": quantile_ms(latencies, 0.9),
        "p99": quantile_ms(latencies, 0.99),
        "p999": quantile_ms(latencies, 0.999),
        "max": ms(latencies.max()),
    })
}

fn windows(length_s: f64, figures: &Figures) -> Vec<Value> {
    let windows = figures.tally.windows().iter();
    windows
        .map(|(number, window)| {
            json!({
                "s": rounded(*number as f64 * length_s),
                "done": window.good.len(),
                "other": window.bad,
                "p50": quantile_ms(&window.good, 0.5),
                "p99": quantile_ms(&window.good, 0.99),
            })
        })
        .collect()
}

/// Seconds over all requests as microseconds a request.
fn each(seconds: f64, requests: u64) -> f64 {
    rounded(seconds * 1e6 / requests.max(1) as f64)
}

/// To a tenth: more would claim too much.
pub fn rounded(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::Parser as _;

    use super::*;
    use crate::act::Part;
    use crate::figures::Costs;
    use crate::tally::{Ended, Sample, Tally};

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    #[test]
    fn a_run_is_written_down() {
        let line = [
            "run",
            "--window-s",
            "5",
            "--base",
            "x",
            "--scenario",
            "emergency",
            "--targets",
            "t",
            "--callers",
            "c",
        ];
        let arguments = Line::parse_from(line).arguments;
        let mut tally = Tally::new(Duration::from_secs(5)).unwrap();
        for (part, took) in [(Part::Search, 10), (Part::Card, 30), (Part::LookUp, 40)] {
            tally.add(&Sample {
                part,
                at: Duration::from_secs(7),
                took: Duration::from_millis(took),
                ended: Ended::Answered(200, false),
            });
        }
        let figures = Figures {
            seconds: 10.0,
            tally,
            unsent: 3,
            drained_s: 0.0,
            refusal: None,
            costs: Costs {
                server_cpu_s: Some(0.004),
                tool_cpu_s: 0.000_5,
                ..Costs::default()
            },
        };
        let json = json(&arguments, &figures);
        assert_eq!(json["requests"], 2, "a look-up is its two requests");
        assert_eq!(json["status"], json!({ "200": 2 }));
        assert_eq!(
            json["cpu_us_per_request"],
            json!({ "server": 2_000.0, "tool": 250.0 })
        );
        assert!((json["parts"]["look_up"]["ms"]["p99"].as_f64().unwrap() - 40.0).abs() < 0.1);
        assert_eq!(
            (&json["windows"][0]["s"], &json["windows"][0]["done"]),
            (&json!(5.0), &json!(2))
        );
        assert_eq!(
            (&json["connections"], &json["unsent"]),
            (&json!(64), &json!(3))
        );
        let table = table(&figures);
        assert!(
            table.contains("look_up") && table.contains("unsent 3"),
            "{table}"
        );
    }
}
