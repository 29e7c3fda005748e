//! Arrows point down only:
//! gateway → edge → flow → {store, access, profile, identity, audit} → {fhir, wire} → model.

use super::source;

/// Each crate and the crates of the product that it may depend on. Edge reaches the store through flow only.
const ARROWS: [(&str, &[&str]); 11] = [
    ("model", &[]),
    ("wire", &["model"]),
    ("fhir", &["model"]),
    ("profile", &["model", "wire", "fhir"]),
    ("identity", &["model"]),
    ("access", &["model"]),
    ("audit", &["model"]),
    ("store", &["model"]),
    (
        "flow",
        &[
            "model", "wire", "fhir", "profile", "identity", "access", "audit", "store",
        ],
    ),
    ("edge", &["model", "wire", "fhir", "flow"]),
    (
        "gateway",
        &[
            "model", "wire", "fhir", "profile", "identity", "access", "audit", "store", "flow",
            "edge",
        ],
    ),
];

#[test]
fn arrows_between_crates_point_down_only() {
    let known: Vec<&str> = ARROWS.iter().map(|(name, _)| *name).collect();
    let mut findings = Vec::new();
    for name in source::crates() {
        let Some((_, allowed)) = ARROWS.iter().find(|(known, _)| *known == name) else {
            findings.push(format!(
                "crates/{name} is not in the table of arrows ({known:?})"
            ));
            continue;
        };
        for dependency in dependencies(&format!("crates/{name}/Cargo.toml")) {
            if !allowed.contains(&dependency.as_str()) {
                findings.push(format!("crates/{name} must not depend on {dependency}"));
            }
        }
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn deny_toml_holds_the_same_arrows() {
    let deny = source::read("deny.toml");
    for (target, _) in ARROWS
        .iter()
        .filter(|(name, _)| !["model", "gateway"].contains(name))
    {
        let mut wrappers: Vec<String> = ARROWS
            .iter()
            .filter(|(name, allowed)| allowed.contains(target) && uses(name, target))
            .map(|(name, _)| {
                if *name == "gateway" {
                    "renkei".to_owned()
                } else {
                    format!("renkei-{name}")
                }
            })
            .collect();
        wrappers.sort();
        let line = deny
            .lines()
            .find(|line| line.contains(&format!("crate = \"renkei-{target}\"")))
            .unwrap_or_else(|| panic!("deny.toml has no line for renkei-{target}"));
        for wrapper in wrappers {
            assert!(
                line.contains(&format!("\"{wrapper}\"")),
                "deny.toml: {wrapper} may use renkei-{target}: {line}"
            );
        }
        for (name, allowed) in ARROWS {
            if name != *target && !allowed.contains(target) {
                assert!(
                    !line.contains(&format!("\"renkei-{name}\"")),
                    "deny.toml lets {name} use {target}: {line}"
                );
            }
        }
    }
}

fn uses(name: &str, target: &str) -> bool {
    dependencies(&format!("crates/{name}/Cargo.toml"))
        .iter()
        .any(|dependency| dependency == target)
}

/// The crates of the product that a manifest names as dependencies of any kind.
fn dependencies(manifest: &str) -> Vec<String> {
    let text = source::read(manifest);
    let mut section = "";
    let mut found = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            section = line;
        } else if section.contains("dependencies")
            && let Some(rest) = line.strip_prefix("renkei-")
        {
            let name: String = rest
                .chars()
                .take_while(|c| c.is_ascii_lowercase() || *c == '-')
                .collect();
            found.push(name);
        }
    }
    found
}
