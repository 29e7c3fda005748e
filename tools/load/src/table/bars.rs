//! The bars, in the order in which they were asked for.

use serde_json::Value;

use super::results::Of;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rule {
    /// At least so much.
    AtLeast(f64),
    /// At most so much.
    AtMost(f64),
    /// Less than so much.
    Below(f64),
    /// To be stated, and no more.
    Stated,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// What is compared with the rule.
    pub value: f64,
    /// Where it comes from.
    pub figures: String,
}

/// A line of the table.
#[derive(Debug)]
pub struct Row {
    /// What is measured.
    pub bar: &'static str,
    /// What is asked.
    pub rule: Rule,
    /// What was measured, if it was.
    pub cell: Option<Cell>,
}

/// All lines of one database.
pub fn rows(of: &Of<'_>) -> Vec<Row> {
    let mut rows = speed(of);
    rows.extend(resources(of));
    rows.extend(stress(of));
    rows.extend(limits(of));
    rows
}

fn row(bar: &'static str, rule: Rule, cell: Option<Cell>) -> Row {
    Row { bar, rule, cell }
}

fn speed(of: &Of<'_>) -> Vec<Row> {
    let rate = |label: &str| of.figure(label, "/per_s");
    let to_row = |label: &str, row: &str| per_second(rate(label)?, rate(row)?);
    vec![
        row(
            "Read by id, 64 connections ÷ (b)",
            Rule::AtLeast(0.5),
            to_row("read-64", "row-64"),
        ),
        row(
            "Identifier search ÷ (b)",
            Rule::AtLeast(0.5),
            to_row("identifier-64", "row-64"),
        ),
        row(
            "Name search, 20 hits ÷ (b)",
            Rule::AtLeast(0.25),
            to_row("name-64", "row-64"),
        ),
        row(
            "Name search: p50 of the larger town ÷ smaller",
            Rule::Below(1.5),
            growth(of),
        ),
        row(
            "Emergency search p99 ÷ (3 × p99 of (b) + 5 ms)",
            Rule::AtMost(1.0),
            emergency(of, "search"),
        ),
        row(
            "Emergency card p99 ÷ (3 × p99 of (b) + 5 ms)",
            Rule::AtMost(1.0),
            emergency(of, "card"),
        ),
        row(
            "Slip intake, 64 connections ÷ (c)",
            Rule::AtLeast(0.5),
            slips(of),
        ),
        row(
            "Slip p99 ÷ the group's time in (c)",
            Rule::AtMost(5.0),
            slip_latency(of),
        ),
    ]
}

fn resources(of: &Of<'_>) -> Vec<Row> {
    let plain = |value: Option<f64>, figures: String| value.map(|value| Cell { value, figures });
    let idle = of.figure("memory-idle", "/own_mb/peak");
    let rss = |label: &str| of.figure(label, "/rss_mb/peak").unwrap_or_default();
    let idle = plain(idle, format!("{:.0} with files", rss("memory-idle")));
    let loaded = plain(of.largest("/own_mb"), String::new());
    let cpu = |label: &str| of.figure(label, "/cpu_us_per_request/server");
    let processor = cpu("read-64").zip(cpu("row-64")).map(|(ours, bare)| Cell {
        value: ours / bare,
        figures: format!("{ours:.0} µs : {bare:.0} µs"),
    });
    vec![
        row(
            "Memory idle, MB without page cache",
            Rule::Below(100.0),
            idle,
        ),
        row(
            "Memory under load, MB without page cache",
            Rule::Below(200.0),
            loaded,
        ),
        row(
            "Start with this database, ms",
            Rule::Below(1_000.0),
            plain(of.figure("start", "/ms"), String::new()),
        ),
        row("Processor time per read ÷ (b)", Rule::Stated, processor),
    ]
}

fn stress(of: &Of<'_>) -> Vec<Row> {
    let ratio = |kind: &str, part: &str| {
        let (loud, quiet) = (format!("csv-{kind}"), format!("quiet-{kind}"));
        milliseconds(p99(of, &loud, part)?, p99(of, &quiet, part)?)
    };
    vec![
        row(
            "Overload 3 ×: accepted slips lost",
            Rule::AtMost(0.0),
            lost(of),
        ),
        row(
            "Overload 3 ×: refusals without Retry-After, other failures",
            Rule::AtMost(0.0),
            faults(of),
        ),
        row(
            "Overload 3 ×: emergency p99, worst 5 s, ms",
            Rule::Below(500.0),
            worst(of),
        ),
        row(
            "Overload 3 ×: recovered after, s",
            Rule::AtMost(10.0),
            recovery(of),
        ),
        row(
            "During a CSV file: read p99 ÷ quiet",
            Rule::AtMost(2.0),
            ratio("read", "read"),
        ),
        row(
            "During a CSV file: search p99 ÷ quiet",
            Rule::AtMost(2.0),
            ratio("emergency", "search"),
        ),
        row(
            "During a CSV file: card p99 ÷ quiet",
            Rule::AtMost(2.0),
            ratio("emergency", "card"),
        ),
        row(
            "Soak: memory late ÷ early",
            Rule::AtMost(1.1),
            drift(of, "own_mb"),
        ),
        row(
            "Soak: open files late ÷ early",
            Rule::AtMost(1.1),
            drift(of, "fds"),
        ),
        row(
            "Soak: write-ahead log late ÷ early",
            Rule::AtMost(1.1),
            drift(of, "wal_mb"),
        ),
    ]
}

/// What the machine and the tool give: nobody's promise.
fn limits(of: &Of<'_>) -> Vec<Row> {
    let rate = |label: &str| of.figure(label, "/per_s");
    let to = |label: &str, limit: &str| per_second(rate(label)?, rate(limit)?);
    let sync = of
        .figure("sync", "/sync_ms/p50")
        .zip(of.figure("sync", "/sync_ms/p99"));
    let sync = sync.map(|(p50, p99)| Cell {
        value: p99,
        figures: format!("p50 {p50:.2}"),
    });
    vec![
        row(
            "(b) at 64 ÷ the tool's own ceiling",
            Rule::Stated,
            to("row-64", "fixed-64"),
        ),
        row(
            "Read by id, 64 connections ÷ (a)",
            Rule::Stated,
            to("read-64", "bare-64"),
        ),
        row(
            "Read by id, 16 connections ÷ (b)",
            Rule::Stated,
            to("read-16", "row-16"),
        ),
        row(
            "Read by id, 1 connection ÷ (b)",
            Rule::Stated,
            to("read-1", "row-1"),
        ),
        row("(d) fdatasync p99, ms", Rule::Stated, sync),
    ]
}

fn per_second(ours: f64, limit: f64) -> Option<Cell> {
    (limit > 0.0).then(|| Cell {
        value: ours / limit,
        figures: format!("{ours:.0}/s : {limit:.0}/s"),
    })
}

fn milliseconds(ours: f64, limit: f64) -> Option<Cell> {
    (limit > 0.0).then(|| Cell {
        value: ours / limit,
        figures: format!("{ours:.2} ms : {limit:.2} ms"),
    })
}

fn growth(of: &Of<'_>) -> Option<Cell> {
    let p50 = |label: &str| of.figure(label, "/ms/p50");
    milliseconds(p50("growth-large")?, p50("growth-small")?)
}

fn emergency(of: &Of<'_>, part: &str) -> Option<Cell> {
    let p99 = p99(of, "emergency-16", part)?;
    milliseconds(p99, 3.0 * of.figure("row-16", "/ms/p99")? + 5.0)
}

/// The p99 of a part; endless when of some run more than one in a hundred was not done: latencies are those
/// of what was done.
fn p99(of: &Of<'_>, label: &str, part: &str) -> Option<f64> {
    let undone = |line: &Value| {
        let count = |value: Option<&Value>| value.and_then(Value::as_f64).unwrap_or_default();
        let line = line.pointer(&format!("/parts/{part}"));
        let done = count(line.and_then(|line| line.get("done")));
        let all = |kind: &str| -> f64 {
            let counts = line.and_then(|line| line.get(kind)?.as_object());
            counts
                .into_iter()
                .flat_map(|counts| counts.values())
                .map(|value| count(Some(value)))
                .sum()
        };
        exceeds_p99(done, all("status") + all("failed") - done)
    };
    if of.lines(label).any(undone) {
        return Some(f64::INFINITY);
    }
    of.figure(label, &format!("/parts/{part}/ms/p99"))
}

/// Whether so many were not done that the p99 is among them.
fn exceeds_p99(done: f64, undone: f64) -> bool {
    undone > 0.01 * (done + undone)
}

fn slips(of: &Of<'_>) -> Option<Cell> {
    per_second(
        of.figure("slip-64", "/per_s")?,
        of.figure("write", "/records_per_s")?,
    )
}

/// Against the limit's groups, which do nothing but write: the server's own are named beside.
fn slip_latency(of: &Of<'_>) -> Option<Cell> {
    let mut cell = milliseconds(
        p99(of, "slip-64", "slip")?,
        of.figure("write", "/group_ms/p50")?,
    )?;
    if let Some(own) = of.figure("slip-64", "/group_ms") {
        cell.figures
            .push_str(&format!("; our own groups {own:.1} ms"));
    }
    Some(cell)
}

fn lost(of: &Of<'_>) -> Option<Cell> {
    let line = of.last("overload-verify")?;
    Some(Cell {
        value: line["lost"].as_f64()?,
        figures: format!("of {} accepted", line["accepted"]),
    })
}

/// Requests under overload that were neither done nor refused for now with a time to come again.
fn faults(of: &Of<'_>) -> Option<Cell> {
    let line = of.last("overload")?;
    let count = |value: &Value| value.as_f64().unwrap_or_default();
    let mut bad = -count(&line["retry_after"]);
    let mut refused = 0.0;
    for (status, number) in line["status"].as_object()? {
        if !status.starts_with('2') {
            bad += count(number);
            refused += count(number);
        }
    }
    let failed = line["failed"]
        .as_object()?
        .values()
        .map(count)
        .fold(0.0, |sum, one| sum + one);
    let unsent = count(&line["unsent"]);
    Some(Cell {
        value: bad + failed + unsent,
        figures: format!(
            "of {}: {refused:.0} refused, {failed:.0} without answer, {unsent:.0} unsent",
            line["requests"]
        ),
    })
}

fn worst(of: &Of<'_>) -> Option<Cell> {
    let line = of.last("overload-emergency")?;
    let windows = line["windows"].as_array()?;
    let refused: f64 = windows
        .iter()
        .filter_map(|window| window["other"].as_f64())
        .sum();
    // In a window in which more than one in a hundred was turned away, the p99 of the others says nothing.
    let worst = windows.iter().filter_map(|window| {
        let (done, undone) = (window["done"].as_f64()?, window["other"].as_f64()?);
        if exceeds_p99(done, undone) {
            Some(f64::INFINITY)
        } else {
            window["p99"].as_f64()
        }
    });
    Some(Cell {
        value: worst.reduce(f64::max)?,
        figures: format!(
            "all the time {:.1}; {refused:.0} not done",
            line["ms"]["p99"].as_f64()?
        ),
    })
}

/// From the overload's end to three seconds in a row whose p99 is at most twice the quiet one.
fn recovery(of: &Of<'_>) -> Option<Cell> {
    let times = of.last("overload-times")?;
    let (began, ended) = (times["began_s"].as_f64()?, times["ended_s"].as_f64()?);
    let probe = of.last("overload-probe")?;
    let windows: Vec<(f64, f64)> = probe["windows"]
        .as_array()?
        .iter()
        .filter_map(|window| Some((window["s"].as_f64()?, window["p99"].as_f64()?)))
        .collect();
    let quiet = windows
        .iter()
        .filter(|(s, _)| *s < began - 1.0)
        .map(|(_, p99)| *p99);
    let quiet = crate::watch::median(quiet.collect());
    let after: Vec<&(f64, f64)> = windows.iter().filter(|(s, _)| *s >= ended).collect();
    let calm = after
        .windows(3)
        .find(|three| three.iter().all(|(_, p99)| *p99 <= 2.0 * quiet));
    // Never, as far as was looked: longer than what was looked at.
    let at = calm.map_or(after.last()?.0 + 1.0, |three| {
        three.first().map_or(0.0, |first| first.0)
    });
    Some(Cell {
        value: (at - ended).max(0.0),
        figures: format!("quiet p99 {quiet:.2} ms"),
    })
}

fn drift(of: &Of<'_>, what: &str) -> Option<Cell> {
    let figure = |when: &str| of.figure("soak-watch", &format!("/{what}/{when}"));
    let (early, late) = (figure("early")?, figure("late")?);
    let value = if early > 0.0 {
        late / early
    } else {
        1.0 + late
    };
    Some(Cell {
        value,
        figures: format!("{early:.1} → {late:.1}"),
    })
}

#[cfg(test)]
mod tests {
    use super::super::results::Results;
    use super::*;

    fn cell(lines: &str, bar: &str) -> Option<Cell> {
        let results = Results::parse(lines).unwrap();
        let rows = rows(&results.of("x"));
        rows.into_iter()
            .find(|row| row.bar.starts_with(bar))
            .unwrap()
            .cell
    }

    #[test]
    fn an_emergency_has_its_allowance() {
        let lines = r#"{"database":"x","label":"emergency-16","parts":{"search":{"ms":{"p99":8.0}},"card":{"ms":{"p99":22.0}}}}
                       {"database":"x","label":"row-16","ms":{"p99":2.0}}"#;
        assert!((cell(lines, "Emergency search").unwrap().value - 8.0 / 11.0).abs() < 1e-9);
        assert_eq!(cell(lines, "Emergency card").unwrap().value, 2.0);
    }

    #[test]
    fn what_is_not_done_is_no_quick_answer() {
        let line = |ok: u32, no: u32| {
            format!(
                r#"{{"database":"x","label":"emergency-16","parts":{{"search":{{"done":{ok},"ms":{{"p99":1.0}},"status":{{"200":{ok},"503":{no}}},"failed":{{}}}}}}}}
                   {{"database":"x","label":"row-16","ms":{{"p99":2.0}}}}
                   {{"database":"x","label":"overload-emergency","ms":{{"p99":1.0}},"windows":[{{"done":{ok},"other":{no},"p99":1.0}}]}}"#
            )
        };
        let (few, many) = (line(1_000, 5), line(1_000, 50));
        for bar in ["Emergency search", "Overload 3 ×: emergency"] {
            assert!(cell(&few, bar).unwrap().value.is_finite(), "{bar}");
            assert_eq!(cell(&many, bar).unwrap().value, f64::INFINITY, "{bar}");
        }
    }

    #[test]
    fn a_refusal_for_now_is_no_fault_when_it_says_when_to_come_again() {
        let line = |retry: u32| {
            format!(
                r#"{{"database":"x","label":"overload","requests":12,"status":{{"200":5,"201":2,"503":4,"429":1}},"retry_after":{retry},"failed":{{}},"unsent":0}}"#
            )
        };
        assert_eq!(cell(&line(5), "Overload 3 ×: refusals").unwrap().value, 0.0);
        assert_eq!(cell(&line(3), "Overload 3 ×: refusals").unwrap().value, 2.0);
    }

    #[test]
    fn recovery_is_three_calm_seconds() {
        let windows: Vec<String> = (0..40)
            .map(|s| {
                let p99 = if (10..24).contains(&s) || s == 26 {
                    90.0
                } else {
                    1.0
                };
                format!(r#"{{"s":{s},"p99":{p99}}}"#)
            })
            .collect();
        let lines = format!(
            r#"{{"database":"x","label":"overload-probe","windows":[{}]}}
               {{"database":"x","label":"overload-times","began_s":10,"ended_s":20}}"#,
            windows.join(",")
        );
        assert_eq!(cell(&lines, "Overload 3 ×: recovered").unwrap().value, 7.0);
    }

    #[test]
    fn what_was_not_measured_has_no_cell() {
        let results = Results::parse("").unwrap();
        assert!(rows(&results.of("x")).iter().all(|row| row.cell.is_none()));
    }
}
