//! `renkei wire` as a vendor's engineer types it. All persons are invented.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

use encoding_rs::{Encoding, ISO_2022_JP, SHIFT_JIS, UTF_8};
use serde_json::Value;

use crate::frame::framed;
use crate::harness::run::{renkei_binary, skipped};
use crate::tidy::source::root;

const HL7: &str = "MSH|^~\\&|HIS|SEND|GW|RCV|20260401101530||ADT^A08^ADT_A01|W1|P|2.5||||||~ISO IR87||ISO 2022-1994\rEVN||20260401101530\rPID|1||0000456^^^^PI||見本^一郎^^^^^L^I||19500607|M\rPV1|1|O\r";
const NOTEBOOK: &str = "JAHISTC08,1\r\n1,見本 一郎,1,19500607,,,,,,,ミホン イチロウ\r\n5,20260310,1\r\n11,架空薬局,01,4,1234567,,,,1\r\n";
const SYMBOL: &str = "JAHIS10\r\n1,1,1234567,01,架空病院\r\n11,,見本 一郎,ﾐﾎﾝ ｲﾁﾛｳ\r\n12,1\r\n13,19500607\r\n51,20260310\r\n";
const CARE_PLAN: &str = "202304,123456,0000000001,20260401,20260401,\"訪問介護\",1,0900,1000,\"起床\",0700,0730,\"通院\"\r\n";
const CARE_PLAN_NAME: &str = "UP3KYO_0170000001_0170000002_20260401101530.CSV";
const LIFE: &str = "FORM_0002_2021\r\ncare_facility_id,service_code,insurer_no,insured_no,external_system_management_number,external_system_management_detail_number,drug_name\r\n0170000001,11,123456,0000000001,A-1,1,架空錠\r\n";
const JSON: &str = "{\"response\":{\"dataInfo\":{\"layout\":\"利用者\"},\"data\":[{\"fieldData\":{\"氏名\":\"見本 一郎\"},\"portalData\":{},\"recordId\":\"12\",\"modId\":\"3\"}]},\"messages\":[{\"code\":\"0\",\"message\":\"OK\"}]}";
const CSV: &str = "recordId,modId,氏名\r\n12,3,見本 一郎\r\n";
const CDA: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ClinicalDocument xmlns=\"urn:hl7-org:v3\"><id root=\"1.2.3\" extension=\"A1\"/><code code=\"18842-5\"/><effectiveTime value=\"20260401\"/><confidentialityCode code=\"N\"/><recordTarget><patientRole><id extension=\"0000456\"/></patientRole></recordTarget><author><time value=\"20260401\"/></author><component><structuredBody><component><section><title>経過</title><text>良好</text></section></component></structuredBody></component></ClinicalDocument>\n";

fn bytes(text: &str, charset: &'static Encoding) -> Vec<u8> {
    let (bytes, _, lost) = charset.encode(text);
    assert!(!lost, "{text}");
    bytes.into_owned()
}

/// A folder of files, where the program runs without settings.
struct Desk {
    dir: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        Self { dir }
    }

    /// Writes a file, with the folders above it.
    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.dir.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("the folder is made");
        fs::write(&path, bytes).expect("the file is written");
        path
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(renkei_binary());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("RENKEI_") {
                command.env_remove(name);
            }
        }
        command
            .current_dir(self.dir.path())
            .arg("wire")
            .args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        command.stderr(Stdio::piped());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program runs")
    }

    /// Explains a file: the exit code, and what was said.
    #[track_caller]
    fn inspect(&self, name: &str) -> (Option<i32>, String) {
        let output = self.run(&["inspect", name]);
        (output.status.code(), said(&output.stdout))
    }

    /// The same for programs.
    #[track_caller]
    fn json(&self, name: &str) -> Value {
        let output = self.run(&["inspect", "--json", name]);
        let shown = said(&output.stdout);
        serde_json::from_str(&shown).unwrap_or_else(|error| panic!("{name}: {error}: {shown}"))
    }

    /// A listener that ends after so many messages, and where it listens.
    fn listener(&self, more: &[&str]) -> (Listener, String) {
        let arguments = [&["listen", "--at", "127.0.0.1:0", "--keep", "kept"], more].concat();
        let mut child = self.command(&arguments).spawn().expect("it starts");
        let mut first = String::new();
        let stdout = child.stdout.take().expect("its output");
        let mut stdout = BufReader::new(stdout);
        stdout.read_line(&mut first).expect("its first line");
        let address = first.trim().strip_prefix("listening on mllp://");
        let address = address
            .unwrap_or_else(|| panic!("it says {first}"))
            .to_owned();
        let listener = Listener {
            child,
            _stdout: stdout,
        };
        (listener, address)
    }
}

fn said(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A listener; ended with the test, however that ends.
struct Listener {
    child: Child,
    /// Held open: it tells of each message.
    _stdout: BufReader<ChildStdout>,
}

impl Listener {
    #[track_caller]
    fn expect_end(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            if let Some(status) = self.child.try_wait().expect("the process is there") {
                assert!(status.success(), "{status}");
                return;
            }
            assert!(Instant::now() < deadline, "it does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Name of the file, its bytes, the word for programs, a word of the first line.
fn formats() -> Vec<(&'static str, Vec<u8>, &'static str, &'static str)> {
    let hl7 = bytes(HL7, ISO_2022_JP);
    let frames = [framed(&hl7), framed(&hl7)].concat();
    vec![
        ("a.hl7", hl7, "hl7-v2", "ADT^A08"),
        ("frames", frames, "hl7-v2", "HL7 v2"),
        (
            "notebook.txt",
            bytes(NOTEBOOK, SHIFT_JIS),
            "jahis-notebook",
            "JAHIS",
        ),
        (
            "symbol.txt",
            bytes(SYMBOL, SHIFT_JIS),
            "jahis-prescription",
            "JAHIS",
        ),
        (
            CARE_PLAN_NAME,
            bytes(CARE_PLAN, SHIFT_JIS),
            "careplan-3",
            "CSV",
        ),
        ("life.csv", bytes(LIFE, UTF_8), "life", "LIFE"),
        (
            "records.json",
            bytes(JSON, UTF_8),
            "filemaker-json",
            "FileMaker",
        ),
        (
            "records.csv",
            bytes(CSV, UTF_8),
            "filemaker-csv",
            "FileMaker",
        ),
        ("summary.xml", bytes(CDA, UTF_8), "cda", "CDA"),
    ]
}

#[test]
fn a_file_of_each_format_is_explained() {
    let desk = Desk::new();
    for (name, bytes, format, word) in formats() {
        desk.file(name, &bytes);
        let (code, shown) = desk.inspect(name);
        let first = shown.lines().next().unwrap_or_default();
        assert_eq!(code, Some(0), "{name}: {shown}");
        assert!(
            first.starts_with('✓') && first.contains(word),
            "{name}: {first}"
        );
        let json = desk.json(name);
        assert_eq!(json["format"], format, "{json}");
        assert!(
            ["sound", "odd"].map(Value::from).contains(&json["verdict"]),
            "{json}"
        );
        assert_eq!(json["bytes"], bytes.len());
    }
}

#[test]
fn damaged_files_are_explained_and_fail() {
    let desk = Desk::new();
    let damaged = [
        (
            "id.hl7",
            bytes(&HL7.replace("|W1|", "||"), ISO_2022_JP),
            "MSH-10",
        ),
        ("label.hl7", bytes(HL7, SHIFT_JIS), "PID-5"),
        (
            "day.hl7",
            bytes(&HL7.replace("19500607", "1950/6/7"), ISO_2022_JP),
            "PID-7",
        ),
        (
            "notebook.txt",
            bytes(&NOTEBOOK.replace("5,20260310", "x,20260310"), SHIFT_JIS),
            "JAHIS",
        ),
        ("records.json", JSON.as_bytes()[..60].to_vec(), "JSON"),
        (
            "entity.xml",
            CDA.replace("<Clin", "<!DOCTYPE a [<!ENTITY b \"c\">]><Clin")
                .into_bytes(),
            "DOCTYPE",
        ),
        ("nothing.txt", b"nothing\r\nat all".to_vec(), ""),
        ("empty", Vec::new(), ""),
    ];
    for (name, bytes, word) in damaged {
        desk.file(name, &bytes);
        let (code, shown) = desk.inspect(name);
        let first = shown.lines().next().unwrap_or_default();
        assert_eq!(code, Some(1), "{name}: {shown}");
        assert!(first.starts_with(['!', '✗', '?']), "{name}: {first}");
        assert!(shown.contains(word), "{name}: {shown}");
        let json = desk.json(name);
        assert!(
            !["sound", "odd"].map(Value::from).contains(&json["verdict"]),
            "{json}"
        );
    }
    // One that is wrong among several, and one that is not there at all.
    desk.file("good.hl7", &bytes(HL7, ISO_2022_JP));
    let several = desk.run(&["inspect", "good.hl7", "empty"]);
    assert_eq!(several.status.code(), Some(1));
    let shown = said(&several.stdout);
    assert!(
        shown.contains("== good.hl7") && shown.contains("== empty"),
        "{shown}"
    );
    for absent in ["absent.hl7", "."] {
        let output = desk.run(&["inspect", absent]);
        assert_eq!(output.status.code(), Some(2), "{}", said(&output.stderr));
    }
}

/// A path says which patient and day a file of the storage is about; one that leads elsewhere says no more
/// than its name does.
#[test]
fn names_that_lead_out_of_their_folder_do_no_harm() {
    const NAME: &str = "0000456_-_ADT-00_999999999999999_20260401101530123_-_1";
    let desk = Desk::new();
    let hl7 = bytes(HL7, ISO_2022_JP);
    let folder = "root/000/045/0000456/-/ADT-00";
    let stored = format!("{folder}/{NAME}");
    desk.file(&stored, &hl7);
    desk.file(&format!("up/{NAME}"), &hl7);
    let out = format!("{folder}/../../../../../../up/{NAME}");
    for path in [&stored, &out] {
        let (code, shown) = desk.inspect(path);
        assert_eq!(code, Some(0), "{path}: {shown}");
        assert!(shown.contains("SS-MIX2 ADT-00"), "{path}: {shown}");
    }
    for (name, day) in [("0000456_.._ADT-00", ".."), (".._-_ADT-00", "-")] {
        let wrong = NAME.replace("0000456_-_ADT-00", name);
        desk.file(&wrong, &hl7);
        let (code, shown) = desk.inspect(&wrong);
        assert_eq!(code, Some(1), "{day}: {shown}");
        assert!(
            shown.contains("ファイル名・パス / the file's path"),
            "{shown}"
        );
    }
    let path = desk.dir.path().join("up");
    assert_eq!(
        fs::read_dir(path).expect("the folder").count(),
        1,
        "nothing was written"
    );
}

#[test]
fn standard_input_is_a_file_too() {
    let desk = Desk::new();
    for (arguments, end) in [
        (&["inspect", "-"][..], "HL7 v2"),
        (&["inspect", "--json", "-"], "hl7-v2"),
    ] {
        let mut child = desk
            .command(arguments)
            .stdin(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut stdin = child.stdin.take().expect("its input");
        stdin.write_all(&bytes(HL7, ISO_2022_JP)).expect("it reads");
        drop(stdin);
        let output = child.wait_with_output().expect("it ends");
        let shown = said(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{shown}");
        assert!(shown.contains(end), "{shown}");
    }
}

#[test]
fn colours_are_written_on_request_only() {
    let desk = Desk::new();
    desk.file("a.hl7", &bytes(HL7, ISO_2022_JP));
    let shown = |arguments: &[&str]| said(&desk.run(arguments).stdout);
    assert!(!shown(&["inspect", "a.hl7"]).contains('\u{1b}'));
    assert!(shown(&["inspect", "--colour", "always", "a.hl7"]).contains('\u{1b}'));
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files_below(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// Every sample and every map of the shared folder: an answer, never a crash; the messages by their kind.
#[test]
fn the_shared_samples_are_explained() {
    let shared = std::env::var_os("RENKEI_SHARED");
    let shared = shared.map_or_else(|| root().join("../shared"), PathBuf::from);
    let mut files = Vec::new();
    let folder = shared.join("hl7v2");
    if !folder.is_dir() {
        return skipped("../shared not found");
    }
    files_below(&folder, &mut files);
    let desk = Desk::new();
    let (mut messages, mut refused) = (0, 0);
    for file in files {
        let name = file.to_str().expect("a name");
        let (code, shown) = desk.inspect(name);
        assert!(matches!(code, Some(0 | 1)), "{name}: {shown}");
        assert!(shown.starts_with(['✓', '!', '✗', '?']), "{name}: {shown}");
        let json = desk.json(name);
        if !name.contains("ssmix2-nho") {
            continue;
        }
        match json["verdict"].as_str() {
            Some("refused" | "unknown") => refused += 1,
            _ => messages += 1,
        }
    }
    assert_eq!((messages, refused), (21, 1));
}

#[test]
fn what_is_sent_is_what_is_kept() {
    let desk = Desk::new();
    let first = bytes(HL7, ISO_2022_JP);
    let second = bytes(&HL7.replace("|W1|", "|W2|"), ISO_2022_JP);
    desk.file("first.hl7", &first);
    // As some tools store it, with its frame.
    desk.file("second.hl7", &framed(&second));
    let (mut listener, to) = desk.listener(&["--messages", "2"]);
    let sent = desk.run(&["send", "--to", &to, "first.hl7", "second.hl7"]);
    let shown = said(&sent.stdout);
    assert_eq!(sent.status.code(), Some(0), "{shown}{}", said(&sent.stderr));
    for line in [
        "first.hl7: accepted, MSA-2 W1",
        "second.hl7: accepted, MSA-2 W2",
    ] {
        assert!(shown.contains(line), "{shown}");
    }
    listener.expect_end();
    let kept = fs::read(desk.dir.path().join("kept")).expect("the file");
    assert_eq!(kept, [framed(&first), framed(&second)].concat());
}

#[test]
fn what_is_not_accepted_fails() {
    let desk = Desk::new();
    desk.file("a.hl7", &bytes(HL7, ISO_2022_JP));
    for (verdict, word) in [("AR", "REJECTED"), ("AE", "ERROR")] {
        let (mut listener, to) = desk.listener(&["--messages", "1", "--say", verdict]);
        let sent = desk.run(&["send", "--to", &to, "a.hl7"]);
        assert_eq!(sent.status.code(), Some(1), "{}", said(&sent.stderr));
        let shown = said(&sent.stdout);
        assert!(
            shown.contains(&format!("a.hl7: {word}, MSA-2 W1")),
            "{shown}"
        );
        listener.expect_end();
        // Nobody listens there any more.
        let sent = desk.run(&["send", "--to", &to, "a.hl7"]);
        assert_eq!(sent.status.code(), Some(2), "{}", said(&sent.stderr));
    }
}

#[test]
fn many_messages_go_over_several_connections() {
    let desk = Desk::new();
    let hl7 = bytes(HL7, ISO_2022_JP);
    desk.file("a.hl7", &hl7);
    let (_listener, to) = desk.listener(&[]);
    let sent = desk.run(&[
        "send",
        "--to",
        &to,
        "--times",
        "40",
        "--connections",
        "4",
        "a.hl7",
    ]);
    assert_eq!(sent.status.code(), Some(0), "{}", said(&sent.stderr));
    assert!(said(&sent.stdout).starts_with("40 / 40 accepted"));
    let kept = fs::read(desk.dir.path().join("kept")).expect("the file");
    assert_eq!(kept, framed(&hl7).repeat(40));
}
