//! `renkei profile` as an operator types it, and what keeps a network out.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::harness::run::renkei_binary;
use crate::tidy::source::root;

/// A folder with a copy of the profiles, to be spoilt, and its configuration.
struct Folder {
    dir: tempfile::TempDir,
}

impl Folder {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        copy(&root().join("profiles"), &dir.path().join("profiles"));
        let profiles = dir.path().join("profiles");
        let config = format!("profiles_dir = \"{}\"\n", profiles.display());
        fs::write(dir.path().join("renkei.toml"), config).expect("a file");
        Self { dir }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join("profiles/kitamaru").join(name)
    }

    fn change(&self, name: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.file(name)).expect(name);
        assert!(text.contains(from), "{from} in {name}");
        fs::write(self.file(name), text.replacen(from, to, 1)).expect(name);
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(renkei_binary());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("RENKEI_") {
                command.env_remove(name);
            }
        }
        let command = command
            .current_dir(self.dir.path())
            .args(arguments)
            .arg("--config")
            .arg(self.dir.path().join("renkei.toml"));
        command
            .stdin(Stdio::null())
            .output()
            .expect("the program runs")
    }

    /// What it prints when all is well.
    fn good(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let shown = text(&output.stdout);
        assert!(output.status.success(), "{shown}{}", text(&output.stderr));
        shown
    }

    /// What it prints, on both streams, when something is wrong.
    fn wrong(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let shown = text(&output.stdout) + &text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{shown}");
        shown
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry").path();
        let target = to.join(entry.file_name().expect("a name"));
        if entry.is_dir() {
            copy(&entry, &target);
        } else {
            fs::copy(&entry, &target).expect("a copy");
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

const SLIP: &str = "messages/admission-slip.yaml";

#[test]
fn check_names_messages_and_golden_cases() {
    let folder = Folder::new();
    let shown = folder.good(&["profile", "check"]);
    for part in [
        "admission-slip: 入退院連絡票",
        "emergency-record: 救急医療情報",
        "golden case ordinary: 良 / holds",
        "golden case emergency-csv-ms932: 良 / holds",
        "everything is good",
    ] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    assert!(shown.matches("holds").count() >= 8, "{shown}");
    folder.good(&["profile", "check", "kitamaru"]);
    let unknown = folder.run(&["profile", "check", "atlantis"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(text(&unknown.stderr).contains("kitamaru"));
}

#[test]
fn mistakes_are_named_with_file_line_and_column() {
    let folder = Folder::new();
    folder.change(
        SLIP,
        "convert: \"boolean(あり,なし)\"",
        "convert: \"bool(あり,なし)\"",
    );
    let shown = folder.wrong(&["profile", "check"]);
    let line = shown
        .lines()
        .find(|line| line.contains("admission-slip.yaml:"))
        .expect("the file");
    let rule = "unknown converter \"bool\"";
    assert!(line.ends_with(rule), "{line}");
    let place: Vec<&str> = line.split("admission-slip.yaml:").collect();
    let mut numbers = place[1].split(':');
    let number = |part: Option<&str>| part.and_then(|part| part.parse::<usize>().ok());
    assert!(
        number(numbers.next()) > Some(1) && number(numbers.next()) > Some(1),
        "{line}"
    );
}

/// Meaning changed, grammar good: only the golden cases see it, and neither check nor start let it pass.
#[test]
fn a_changed_meaning_keeps_the_network_out() {
    let folder = Folder::new();
    for (from, to) in [("\n男,", "\n-,"), ("\n女,", "\n男,"), ("\n-,", "\n女,")] {
        folder.change("codes/gender.csv", from, to);
    }
    let shown = folder.wrong(&["profile", "check"]);
    let expected = "does not hold: expected \"gender\": \"";
    assert!(
        shown.contains("golden/") && shown.contains("/fhir.json:"),
        "{shown}"
    );
    assert!(shown.contains(expected), "{shown}");
    let start = folder.run(&["serve"]);
    assert_eq!(start.status.code(), Some(2));
    assert!(
        text(&start.stderr).contains(expected),
        "{}",
        text(&start.stderr)
    );
}

/// A value that the sender has and the code map has lost is noticed before a record comes with it.
#[test]
fn a_lost_line_of_a_code_map_keeps_the_network_out() {
    let folder = Folder::new();
    for (map, line) in [
        ("codes/residence.csv", "転出,"),
        ("codes/mobility-aid.csv", "車いす,"),
    ] {
        let text = fs::read_to_string(folder.file(map)).expect(map);
        let left: Vec<&str> = text.lines().filter(|row| !row.starts_with(line)).collect();
        assert_eq!(left.len() + 1, text.lines().count(), "{line} in {map}");
        fs::write(folder.file(map), left.join("\n")).expect(map);
    }
    let shown = folder.wrong(&["profile", "check"]);
    for value in ["転出", "車いす"] {
        let rule = format!("no line for the value \"{value}\"");
        assert!(shown.contains(&rule), "{rule} in {shown}");
    }
    assert_eq!(folder.run(&["serve"]).status.code(), Some(2));
}

#[test]
fn every_coded_row_says_which_values_the_sender_has() {
    for message in [SLIP, "messages/emergency-record.yaml"] {
        let file = root().join("profiles/kitamaru").join(message);
        let text = fs::read_to_string(file).expect(message);
        let rows = text.lines().filter(|line| line.contains("- { native:"));
        let coded: Vec<&str> = rows.filter(|row| row.contains("codes: ")).collect();
        assert!(coded.len() >= 20, "{message}");
        for row in coded {
            assert!(row.contains(", values: ["), "{message}: {row}");
        }
    }
}

#[test]
fn coverage_says_what_is_lost_and_why() {
    let folder = Folder::new();
    let shown = folder.good(&[
        "profile",
        "coverage",
        "kitamaru",
        "--message",
        "admission-slip",
    ]);
    for part in [
        "fieldData.生年月日 → patient.birthDate\n",
        "fieldData.年齢 → なし / no place: 生年月日から計算できます / follows from the date of birth",
        "fieldData.氏名 → patient.name[IDE].family  [片方向 / one way: ",
        "golden case ordinary: 欠落 / losses 0",
    ] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    assert!(!shown.contains("emergency-record"));
    let json = folder.good(&["profile", "coverage", "--json"]);
    let json: Value = serde_json::from_str(&json).expect("JSON");
    let messages = json.as_array().expect("messages");
    assert_eq!(messages.len(), 2);
    let golden = messages[0]["golden"].as_array().expect("cases");
    let loss = golden
        .iter()
        .find(|case| case["case"] == "loss")
        .expect("loss");
    assert!(!loss["losses"].as_array().expect("losses").is_empty());
    let fields = messages[1]["fields"].as_array().expect("fields");
    let birth = fields
        .iter()
        .find(|field| field["field"] == "fieldData.生年月日");
    let birth = &birth.expect("the birth date")["places"][0];
    assert_eq!(
        (&birth["element"], &birth["oneSpelling"]),
        (&"patient.birthDate".into(), &true.into())
    );
    let unknown = folder.run(&["profile", "coverage", "--message", "letter"]);
    assert_eq!(unknown.status.code(), Some(2));
}

fn preview(file: &Path) -> Vec<&str> {
    let file = file.to_str().expect("a path");
    vec!["profile", "preview", "--network", "kitamaru", file]
}

#[test]
fn preview_maps_both_ways() {
    let folder = Folder::new();
    let native = folder.file("golden/loss/native.json");
    let output = folder.run(&preview(&native));
    assert!(output.status.success(), "{}", text(&output.stderr));
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let golden = fs::read(folder.file("golden/loss/fhir.json")).expect("a document");
    assert_eq!(
        document,
        serde_json::from_slice::<Value>(&golden).expect("JSON")
    );
    assert!(
        text(&output.stderr).contains("欠落 / lost: data[0]."),
        "{}",
        text(&output.stderr)
    );

    let bundle = folder.file("golden/ordinary/fhir.json");
    let back = folder.good(&[&preview(&bundle)[..], &["--back"]].concat());
    let back: Value = serde_json::from_str(&back).expect("JSON");
    let golden = fs::read(folder.file("golden/ordinary/native-back.json")).expect("a message");
    assert_eq!(
        back,
        serde_json::from_slice::<Value>(&golden).expect("JSON")
    );

    let table = folder.file("golden/emergency-csv-ms932/native.csv");
    assert!(
        folder
            .good(&preview(&table))
            .contains("\"resourceType\": \"Bundle\"")
    );
}

#[test]
fn preview_names_what_is_wrong() {
    let folder = Folder::new();
    let file = folder.dir.path().join("slip.json");
    let good = fs::read_to_string(folder.file("golden/ordinary/native.json")).expect("a slip");
    let bad = good.replacen("\"生年月日\": \"", "\"生年月日\": \"x", 1);
    assert_ne!(good, bad);
    fs::write(&file, bad).expect("a file");
    let name = file.to_str().expect("a path");
    let shown = folder.wrong(&["profile", "preview", "--network", "kitamaru", name]);
    assert!(
        shown.contains("data[0].fieldData.生年月日: 日付は"),
        "{shown}"
    );
    fs::write(&file, "{\"resourceType\":\"Bundle\",\"entry\":[]}").expect("a file");
    let shown = folder.wrong(&[
        "profile",
        "preview",
        "--network",
        "kitamaru",
        name,
        "--back",
    ]);
    assert!(shown.contains("no document of this network"), "{shown}");
}
