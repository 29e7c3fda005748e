//! ARCHITECTURE.md is the map: it names only what exists, and every crate.

use super::source;

const ENDINGS: [&str; 9] = [
    ".rs", ".toml", ".md", ".yaml", ".csv", ".sh", ".sql", ".java", ".json",
];

#[test]
fn the_map_names_only_files_that_exist() {
    let map = source::read("ARCHITECTURE.md");
    let files = source::files();
    let mut missing = Vec::new();
    for (line, text) in map.lines().enumerate() {
        for word in names(text) {
            let found = if word.contains('/') {
                files
                    .iter()
                    .any(|file| *file == word || *file == format!("crates/{word}"))
            } else {
                files
                    .iter()
                    .any(|file| file.rsplit('/').next() == Some(&word))
            };
            if !found {
                missing.push(format!(
                    "ARCHITECTURE.md:{}: {word} does not exist",
                    line + 1
                ));
            }
        }
        for folder in folders(text) {
            let prefix = format!("{folder}/");
            if !files.iter().any(|file| {
                file.starts_with(&prefix) || file.starts_with(&format!("crates/{prefix}"))
            }) {
                missing.push(format!(
                    "ARCHITECTURE.md:{}: the folder {folder} does not exist",
                    line + 1
                ));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn the_map_names_every_crate() {
    let map = source::read("ARCHITECTURE.md");
    let missing: Vec<String> = source::crates()
        .into_iter()
        .filter(|name| {
            !map.contains(&format!("`{name}`")) && !map.contains(&format!("crates/{name}"))
        })
        .collect();
    assert!(
        missing.is_empty(),
        "ARCHITECTURE.md does not name {missing:?}"
    );
}

/// File names in a line: words with a known ending and no placeholder in them.
fn names(text: &str) -> Vec<String> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || "._-/<>{}*+".contains(c)))
        .map(|word| word.trim_end_matches('.').trim_start_matches("./"))
        .filter(|word| {
            !word.contains(['<', '>', '{', '}', '*', '+']) && !word.starts_with(['/', '.'])
        })
        .filter(|word| {
            ENDINGS
                .iter()
                .any(|ending| word.len() > ending.len() && word.ends_with(ending))
        })
        .map(str::to_owned)
        .collect()
}

/// Folder names in a line: words in backticks that end with a slash.
fn folders(text: &str) -> Vec<String> {
    text.split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| !word.starts_with(['/', '.']) && !word.contains(['<', '{', '*', ' ']))
        .filter_map(|word| word.strip_suffix('/').map(str::to_owned))
        .collect()
}
