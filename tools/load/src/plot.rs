//! A watched process as SVG: memory, open files and write-ahead log over time.

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::caller::lines;
use crate::error::LoadError;
use crate::say::say;
use crate::watch::Look;

const WIDTH: f64 = 760.0;
const PANEL: f64 = 130.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 40.0;
const GAP: f64 = 34.0;
/// Points of a line at most: a screen shows no more.
const POINTS: usize = 400;

/// Arguments of `plot`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// What `watch --out` wrote
    file: PathBuf,
    /// The picture's title
    #[arg(long, default_value = "soak")]
    title: String,
    /// The file to write; without it, standard output
    #[arg(long)]
    out: Option<PathBuf>,
}

/// A line in a panel.
struct Line {
    name: &'static str,
    colour: &'static str,
    value: fn(&Look) -> f64,
}

/// Lines that share a scale.
struct Panel {
    title: &'static str,
    lines: &'static [Line],
}

const PANELS: [Panel; 3] = [
    Panel {
        title: "memory, MB",
        lines: &[
            Line {
                name: "resident",
                colour: "#9aa5b1",
                value: |look| look.rss_mb,
            },
            Line {
                name: "without files",
                colour: "#0b6e99",
                value: |look| look.own_mb,
            },
        ],
    },
    Panel {
        title: "open files",
        lines: &[Line {
            name: "",
            colour: "#0b6e99",
            value: |look| look.fds,
        }],
    },
    Panel {
        title: "write-ahead log, MB",
        lines: &[Line {
            name: "",
            colour: "#0b6e99",
            value: |look| look.wal_mb,
        }],
    },
];

/// Draws.
///
/// # Errors
/// When the file cannot be read, or the picture cannot be written.
pub fn run(arguments: &Arguments) -> Result<(), LoadError> {
    let looks: Vec<Look> = lines(&arguments.file)?;
    let picture = svg(&arguments.title, &looks);
    match &arguments.out {
        Some(path) => std::fs::write(path, picture).map_err(LoadError::file(path)),
        None => say(&picture),
    }
}

fn svg(title: &str, looks: &[Look]) -> String {
    let height = TOP + PANELS.len() as f64 * (PANEL + GAP);
    let seconds = looks.last().map_or(1.0, |look| look.s).max(1.0);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"{LEFT}\" y=\"20\" font-size=\"14\">{}</text>\n",
        title.replace('&', "&amp;").replace('<', "&lt;")
    );
    for (number, panel) in PANELS.iter().enumerate() {
        let top = TOP + number as f64 * (PANEL + GAP);
        draw(&mut text, panel, top, seconds, looks);
    }
    text.push_str("</svg>\n");
    text
}

/// From zero to a little above the largest: a line that looks flat is flat.
fn draw(text: &mut String, panel: &Panel, top: f64, seconds: f64, looks: &[Look]) {
    let values = panel
        .lines
        .iter()
        .flat_map(|line| looks.iter().map(line.value));
    let scale = round_up(values.fold(0.0, f64::max));
    let (right, bottom) = (WIDTH - RIGHT, top + PANEL);
    // Writing to a text cannot fail.
    let _ = write!(
        text,
        "<text x=\"{LEFT}\" y=\"{:.0}\">{}</text>\n\
         <path d=\"M{LEFT} {top:.0}V{bottom:.0}H{right}\" fill=\"none\" stroke=\"#555\"/>\n\
         <text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"end\">{scale}</text>\n\
         <text x=\"{:.0}\" y=\"{bottom:.0}\" text-anchor=\"end\">0</text>\n\
         <text x=\"{right}\" y=\"{:.0}\" text-anchor=\"end\">{:.0} min</text>\n",
        top - 6.0,
        panel.title,
        LEFT - 6.0,
        top + 10.0,
        LEFT - 6.0,
        bottom + 14.0,
        seconds / 60.0,
    );
    for (number, line) in panel.lines.iter().enumerate() {
        let step = looks.len().div_ceil(POINTS).max(1);
        let points: Vec<String> = looks
            .iter()
            .step_by(step)
            .map(|look| {
                let x = LEFT + look.s / seconds * (right - LEFT);
                let y = bottom - (line.value)(look) / scale * PANEL;
                format!("{x:.1},{y:.1}")
            })
            .collect();
        let _ = writeln!(
            text,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.5\"/>",
            points.join(" "),
            line.colour
        );
        if !line.name.is_empty() {
            let x = LEFT + 160.0 + 130.0 * number as f64;
            let _ = writeln!(
                text,
                "<text x=\"{x:.0}\" y=\"{:.0}\" fill=\"{}\">{}</text>",
                top - 6.0,
                line.colour,
                line.name
            );
        }
    }
}

/// The next of 1, 2, 5, 10, 20, 50 …
fn round_up(value: f64) -> f64 {
    let mut scale = 1.0;
    for factor in [2.0, 2.5, 2.0].into_iter().cycle() {
        if value <= scale || scale > 1e12 {
            break;
        }
        scale *= factor;
    }
    scale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_is_a_round_number() {
        for (value, scale) in [
            (0.0, 1.0),
            (1.5, 2.0),
            (3.0, 5.0),
            (7.0, 10.0),
            (180.0, 200.0),
        ] {
            assert_eq!(round_up(value), scale, "{value}");
        }
    }

    #[test]
    fn a_flat_line_is_flat_and_ends_at_the_right() {
        let looks: Vec<Look> = (0..=1_200)
            .map(|s| Look {
                s: f64::from(s),
                rss_mb: 150.0,
                own_mb: 100.0,
                fds: 5.0,
                wal_mb: 4.0,
                database_mb: 0.0,
            })
            .collect();
        let picture = svg("<x>", &looks);
        assert!(
            picture.contains("&lt;x&gt;") || picture.contains("&lt;x>"),
            "{picture}"
        );
        let line = picture
            .lines()
            .find(|line| line.starts_with("<polyline"))
            .unwrap();
        let points = line.split('"').nth(1).unwrap().split(' ');
        let mut heights = std::collections::BTreeSet::new();
        let mut last = "";
        for point in points {
            let (x, y) = point.split_once(',').unwrap();
            heights.insert(y);
            last = x;
        }
        assert_eq!(heights.len(), 1);
        assert_eq!(last, "740.0");
        assert!(picture.contains("20 min"));
    }
}
