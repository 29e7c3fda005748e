//! No committed file names a place of one machine, and the workspace keeps its promises.

use super::source;

#[test]
fn no_file_names_a_path_of_one_machine() {
    // Written in two parts, so that this file does not find itself.
    let needles = [
        ["/work", "/main"],
        ["/work", "/shared"],
        ["/tmp/", "renkei/"],
        ["/ro", "ot/"],
        ["/home", "/"],
    ]
    .map(|parts| parts.concat());
    let mut findings = Vec::new();
    for name in source::files() {
        let Ok(text) = std::fs::read_to_string(source::root().join(&name)) else {
            continue;
        };
        for (line, content) in text.lines().enumerate() {
            for needle in needles
                .iter()
                .filter(|needle| content.contains(needle.as_str()))
            {
                findings.push(format!("{name}:{}: {needle}", line + 1));
            }
        }
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn every_crate_takes_the_lints_and_the_licence_of_the_workspace() {
    let folders = ["crates/", "tools/"];
    for name in folders.into_iter().flat_map(|folder| {
        let packages = source::packages(folder).into_iter();
        packages.map(move |name| format!("{folder}{name}"))
    }) {
        let manifest = source::read(&format!("{name}/Cargo.toml"));
        assert!(
            manifest.contains("[lints]\nworkspace = true"),
            "{name} has its own lints"
        );
        assert!(
            manifest.contains("license.workspace = true"),
            "{name} has its own licence"
        );
        assert!(
            !manifest.contains("= \"0.") && !manifest.contains("= \"1."),
            "{name}: versions stand in the root"
        );
    }
    assert!(source::read("LICENSE").contains("Apache License"));
}

#[test]
fn every_profile_folder_has_the_same_names() {
    let files = source::files();
    let mut networks: Vec<&str> = files
        .iter()
        .filter_map(|name| {
            name.strip_prefix("profiles/")?
                .split_once('/')
                .map(|(network, _)| network)
        })
        .filter(|network| *network != "fhir")
        .collect();
    networks.dedup();
    assert!(!networks.is_empty(), "no profile");
    for network in networks {
        for name in ["network.yaml", "access.csv", "README.md"] {
            assert!(
                files.contains(&format!("profiles/{network}/{name}")),
                "profiles/{network}/{name} is missing"
            );
        }
        let golden = format!("profiles/{network}/golden/");
        assert!(
            files.iter().any(|name| name.starts_with(&golden)),
            "{golden} is empty"
        );
    }
}
