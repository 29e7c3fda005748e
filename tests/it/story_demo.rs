//! What a stranger sees: `renkei demo`, and the printed commands pasted one by one.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::harness::run::{renkei_binary, watch};
use crate::harness::*;
use crate::tidy::source;

/// Few, so that it is quick; the first households have one of each kind.
const RESIDENTS: &str = "40";
/// What the printed commands show.
const STEPS: usize = 16;

#[test]
fn the_printed_commands_show_the_whole_way() {
    let demo = Demo::start();
    let steps = demo.steps();
    assert_eq!(steps.len(), STEPS, "{}", demo.printed());
    the_way_of_a_slip(&steps);
    the_ambulance(&steps);
    the_office(&steps);
    let verified = paste(&steps[14]);
    assert!(verified.contains("the log agrees"), "15: {verified}");
    let tampered = paste(&steps[15]);
    assert!(
        tampered.contains("the log agrees"),
        "16: the untouched copy: {tampered}"
    );
    assert!(
        tampered.contains("DOES NOT AGREE"),
        "16: one byte changed: {tampered}"
    );
    assert!(
        paste(&steps[14]).contains("the log agrees"),
        "the original is as it was"
    );
}

fn the_way_of_a_slip(steps: &[String]) {
    let sent = paste(&steps[0]);
    assert!(
        sent.contains("\"accepted\""),
        "1: the care manager's slip is accepted: {sent}"
    );
    assert_eq!(paste(&steps[0]), sent, "sent again, the same answer");
    let inbox = paste(&steps[1]);
    assert!(
        inbox.contains("\"document\":{\"resourceType\":\"Bundle\""),
        "2: as FHIR: {inbox}"
    );
    assert!(
        inbox.contains("\"fieldData\""),
        "2: in the network's form: {inbox}"
    );
    let receipt = paste(&steps[2]);
    assert!(
        receipt.contains("\"delivered\""),
        "3: the receipt: {receipt}"
    );
    let status = paste(&steps[3]);
    assert!(
        status.contains("\"stored\"") && status.contains("\"delivered\""),
        "4: at the sender: {status}"
    );
    let stranger = paste(&steps[4]);
    assert!(
        stranger.starts_with("HTTP/1.1 404"),
        "5: the pharmacist: {stranger}"
    );
    sleep(Duration::from_millis(300));
    let audit = paste(&steps[5]);
    for word in [
        "message.receive",
        "inbox.read",
        "inbox.receipt",
        "sheet.status",
        "fhir.read",
        "pharmacist",
        "deny",
    ] {
        assert!(audit.contains(word), "6: the auditor sees {word}: {audit}");
    }
}

fn the_ambulance(steps: &[String]) {
    let found = paste(&steps[6]);
    let found: serde_json::Value =
        serde_json::from_str(&found).unwrap_or_else(|_| panic!("7: {found}"));
    let first = &found["found"][0];
    assert_eq!(
        first["kana"]
            .as_str()
            .map(|kana| kana.starts_with("ハマダ")),
        Some(true),
        "7: {found}"
    );
    assert_eq!(first["birthYear"], "1935", "7: {found}");
    assert!(first.get("address").is_none(), "7: no street: {found}");
    let card = paste(&steps[7]);
    assert!(
        card.contains("濱田") && card.contains("蘇生"),
        "8: the card with the wishes: {card}"
    );
    sleep(Duration::from_millis(300));
    let seen = paste(&steps[8]);
    for word in [
        "emergency.search",
        "emergency.card",
        "AC-0001",
        "\"purpose\": \"emergency\"",
    ] {
        assert!(seen.contains(word), "9: the auditor sees {word}: {seen}");
    }
}

fn the_office(steps: &[String]) {
    let reviews = paste(&steps[9]);
    assert!(
        reviews.contains("\"open\"") && reviews.contains("birthDate"),
        "10: a doubtful pair, side by side: {reviews}"
    );
    let decided = paste(&steps[10]);
    assert!(
        decided.contains("\"same\"") && decided.contains("\"change\""),
        "11: {decided}"
    );
    let undone = paste(&steps[11]);
    assert!(undone.contains("\"undo\""), "12: {undone}");
    let batch = paste(&steps[12]);
    let batch: serde_json::Value =
        serde_json::from_str(&batch).unwrap_or_else(|_| panic!("13: {batch}"));
    assert_eq!(
        (&batch["lines"], &batch["stored"], &batch["refused"]),
        (&500.into(), &497.into(), &3.into()),
        "13: {batch}"
    );
    let lines: Vec<i64> = batch["fates"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|fate| fate["line"].as_i64())
        .collect();
    assert_eq!(lines, [102, 251, 400], "13: the three are named: {batch}");
    let report = paste(&steps[13]);
    for word in [
        "byDistrict",
        "北見",
        "端野",
        "常呂",
        "留辺蘂",
        "\"cardsOpened\": 2",
        "medianDays",
    ] {
        assert!(report.contains(word), "14: the report has {word}: {report}");
    }
}

#[test]
fn the_people_of_a_seed_are_printed_without_starting_anything() {
    let folder = run_folder().join("people");
    fs::create_dir(&folder).expect("the folder is made");
    let people = |seed: &str| {
        let output = Command::new(renkei_binary())
            .args(["demo", "people", "--residents", "60", "--seed", seed])
            .arg("--profiles")
            .arg(source::root().join("profiles"))
            .current_dir(&folder)
            .output()
            .expect("it ends");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let (one, other) = (people("1"), people("2"));
    assert_eq!(one, people("1"), "the same seed, the same people");
    assert_ne!(one, other);
    assert_eq!(one.lines().count(), 60);
    for line in one.lines() {
        let person: serde_json::Value = serde_json::from_str(line).expect("JSON");
        for key in [
            "recordId",
            "name",
            "kana",
            "birth_date",
            "sex",
            "district",
            "address",
        ] {
            assert!(person[key].is_string(), "{key}: {line}");
        }
    }
    let left = fs::read_dir(&folder).expect("the folder").count();
    assert_eq!(left, 0, "nothing was started, nothing was written");
}

struct Demo {
    folder: std::path::PathBuf,
    child: Child,
}

impl Demo {
    fn start() -> Self {
        let folder = run_folder().join("demo");
        fs::create_dir(&folder).expect("the folder is made");
        let child = Command::new(renkei_binary())
            .args(["demo", "--port", "0", "--residents", RESIDENTS, "--dir"])
            .arg(folder.join("data"))
            .arg("--profiles")
            .arg(source::root().join("profiles"))
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(File::create(folder.join("stdout")).expect("a file"))
            .stderr(File::create(folder.join("stderr")).expect("a file"))
            .spawn()
            .expect("the demo starts");
        watch("processes", &child.id().to_string());
        let mut demo = Self { folder, child };
        let deadline = Instant::now() + Duration::from_secs(90);
        while demo.steps().len() < STEPS {
            let ended = demo.child.try_wait().expect("the process is there");
            assert!(
                ended.is_none() && Instant::now() < deadline,
                "{}",
                demo.printed()
            );
            sleep(Duration::from_millis(50));
        }
        sleep(Duration::from_millis(200));
        demo
    }

    fn printed(&self) -> String {
        let read = |name: &str| fs::read_to_string(self.folder.join(name)).unwrap_or_default();
        read("stdout") + &read("stderr")
    }

    /// The commands of each numbered step, without their comments.
    fn steps(&self) -> Vec<String> {
        let text = fs::read_to_string(self.folder.join("stdout")).unwrap_or_default();
        let mut steps: Vec<String> = Vec::new();
        for line in text.lines() {
            let number = line
                .strip_prefix("# ")
                .and_then(|rest| rest.split_once(". ")?.0.parse::<usize>().ok());
            if number == Some(steps.len() + 1) {
                steps.push(String::new());
            } else if let Some(step) = steps.last_mut()
                && !line.starts_with('#')
            {
                step.push_str(line);
                step.push('\n');
            }
        }
        steps.retain(|step| !step.trim().is_empty());
        steps
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Pastes commands into a shell; everything that they print.
fn paste(commands: &str) -> String {
    let output = Command::new("sh")
        .args(["-c", &format!("exec 2>&1\n{commands}")])
        .current_dir(Path::new("/"))
        .env("TMPDIR", run_folder())
        .output()
        .expect("a shell");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
