//! What a stranger sees: `renkei demo`, and the printed commands pasted one by one.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::harness::run::{renkei_binary, watch};
use crate::harness::*;
use crate::tidy::source;

#[test]
fn the_printed_commands_show_the_whole_way() {
    let demo = Demo::start();
    let steps = demo.steps();
    assert_eq!(steps.len(), 8, "{}", demo.printed());
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
    let verified = paste(&steps[6]);
    assert!(verified.contains("the log agrees"), "7: {verified}");
    let tampered = paste(&steps[7]);
    assert!(
        tampered.contains("the log agrees"),
        "8: the untouched copy: {tampered}"
    );
    assert!(
        tampered.contains("DOES NOT AGREE"),
        "8: one byte changed: {tampered}"
    );
    assert!(
        paste(&steps[6]).contains("the log agrees"),
        "the original is as it was"
    );
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
            .args(["demo", "--port", "0", "--dir"])
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
        let deadline = Instant::now() + Duration::from_secs(60);
        while demo.steps().len() < 8 {
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
