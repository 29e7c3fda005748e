//! What people see, for each format and each kind of damage, as snapshots. All persons are invented.

use encoding_rs::{ISO_2022_JP, SHIFT_JIS};
use insta::assert_snapshot;
use renkei_model::limits::Limits;

use super::laws::{CARE_PLAN, CDA, FILEMAKER_CSV, FILEMAKER_JSON, HL7, LIFE, NOTEBOOK, SYMBOL};
use super::{Colour, View, inspect, json, text};

fn shown(bytes: &[u8], name: Option<&str>) -> String {
    text(&inspect(bytes, name, &Limits::default()), &View::default())
}

fn ms932(text: &str) -> Vec<u8> {
    SHIFT_JIS.encode(text).0.into_owned()
}

fn iso2022(text: &str) -> Vec<u8> {
    ISO_2022_JP.encode(text).0.into_owned()
}

fn changed(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
}

const STORED: &str =
    "root/000/012/0000123/-/ADT-00/0000123_-_ADT-00_999999999999999_20260401101530123_-_1";
const PLAN_NAME: &str = "UP3KYO_0170000001_0170000002_20260401101530.CSV";

#[test]
fn hl7_in_the_storage() {
    assert_snapshot!(shown(&iso2022(HL7), Some(STORED)));
}

#[test]
fn hl7_of_another_patient_in_the_wrong_folder() {
    let other = iso2022(&changed(HL7, "0000123^", "0000124^"));
    let name = STORED.replace("ADT-00", "PPR-01");
    assert_snapshot!(shown(&other, Some(&name)));
    let folder = STORED.replacen("012", "013", 1);
    let page = shown(&iso2022(HL7), Some(&folder));
    assert!(page.contains("folder 2"), "{page}");
}

#[test]
fn hl7_that_breaks_its_structure_and_its_types() {
    let odd = changed(HL7, "19480405", "1948/4/5");
    let odd = changed(&odd, "PV1|1|O", "RXE|1|O\rPV1|1|O");
    assert_snapshot!(shown(&iso2022(&odd), None));
}

#[test]
fn hl7_without_its_id() {
    assert_snapshot!(shown(&iso2022(&changed(HL7, "|MSG1|", "||")), None));
}

#[test]
fn hl7_with_the_wrong_charset_label() {
    assert_snapshot!(shown(&ms932(HL7), None));
}

#[test]
fn hl7_that_does_not_begin_with_msh() {
    assert_snapshot!(shown(
        &iso2022(&changed(HL7, "MSH", "EVN||20260401\rMSH")),
        None
    ));
}

#[test]
fn frames_of_mllp_with_bytes_between_them_and_a_lost_end() {
    let message = iso2022(HL7);
    let frame = [&b"\x0b"[..], &message, b"\x1c\r"].concat();
    let good = [frame.clone(), frame.clone()].concat();
    assert_snapshot!("frames", shown(&good, None));
    let bad = [
        &frame[..],
        b"xx",
        &frame,
        b"\x0bMSH|^~\\&|cut",
        &frame,
        b"\x0bMSH|half",
    ]
    .concat();
    let inspection = inspect(&bad, None, &Limits::default());
    let view = View {
        rows: 0,
        ..View::default()
    };
    assert_snapshot!("frames_broken", text(&inspection, &view));
}

#[test]
fn a_batch_of_hl7() {
    let batch = format!("FHS|^~\\&|HIS\rBHS|^~\\&|HIS\r{HL7}{HL7}BTS|2\rFTS|1\r");
    let batch = iso2022(&batch);
    let view = View {
        rows: 3,
        ..View::default()
    };
    assert_snapshot!(text(&inspect(&batch, None, &Limits::default()), &view));
}

#[test]
fn jahis() {
    assert_snapshot!("jahis_notebook", shown(&ms932(NOTEBOOK), None));
    assert_snapshot!("jahis_symbol", shown(&ms932(SYMBOL), None));
    let broken = changed(NOTEBOOK, "201,1,架空錠", "201,A,架空錠");
    let broken = changed(&broken, "5,20260310,1\r\n", "5,20260310,1\n\n");
    let set =
        |at: usize| format!("{NOTEBOOK}911,12345678901234,2,{at}\r\n").replace("999,独自\r\n", "");
    let lost = shown(&ms932(&set(2)), None);
    assert!(lost.contains("missing parts: 1 of 2"), "{lost}");
    assert_snapshot!("jahis_broken", shown(&ms932(&broken), None));
}

#[test]
fn care_plans() {
    let plan = ms932(CARE_PLAN);
    assert_snapshot!("care_plan_by_name", shown(&plan, Some(PLAN_NAME)));
    let guessed = shown(&plan, None);
    assert!(
        guessed.contains("第3表") && guessed.contains("13 cells"),
        "{guessed}"
    );
    let ragged = format!("{CARE_PLAN}202304,123456,0000000001\r\n202304,,0000000001,,,,,,,,,,\r\n");
    assert_snapshot!("care_plan_ragged", shown(&ms932(&ragged), Some(PLAN_NAME)));
    let utf8 = format!("\u{feff}{CARE_PLAN}");
    assert_snapshot!(
        "care_plan_in_utf_8",
        shown(utf8.as_bytes(), Some(PLAN_NAME))
    );
    let other = PLAN_NAME.replace("UP3KYO_", "UPPLAN_202604_");
    assert_snapshot!("care_plan_of_another_kind", shown(&plan, Some(&other)));
    let name = PLAN_NAME.replace("0170000002", "017");
    assert!(shown(&plan, Some(&name)).contains("送信先事業所番号"));
}

#[test]
fn life() {
    assert_snapshot!("life", shown(LIFE.as_bytes(), None));
    let broken = changed(LIFE, "A-1,1", ",1").replace("A-1,2,", "A-1,2,,");
    assert_snapshot!("life_broken", shown(broken.as_bytes(), None));
}

#[test]
fn filemaker() {
    assert_snapshot!("filemaker_json", shown(FILEMAKER_JSON.as_bytes(), None));
    let broken = changed(FILEMAKER_JSON, "\"modId\":\"3\"", "\"modId\":true");
    assert_snapshot!("filemaker_json_broken", shown(broken.as_bytes(), None));
    let cut = &FILEMAKER_JSON[..60];
    assert_snapshot!("filemaker_json_cut", shown(cut.as_bytes(), None));
    assert_snapshot!("filemaker_csv", shown(FILEMAKER_CSV.as_bytes(), None));
}

#[test]
fn cda() {
    assert_snapshot!("cda", shown(CDA.as_bytes(), None));
    let bomb = changed(
        CDA,
        "<ClinicalDocument",
        "<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><ClinicalDocument",
    );
    assert_snapshot!("cda_with_a_doctype", shown(bomb.as_bytes(), None));
}

#[test]
fn unknown_files() {
    assert_snapshot!(
        "unknown",
        shown(b"hello, world\r\nthis is nothing\r\n", None)
    );
    assert_snapshot!(
        "unknown_pdf",
        shown(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", Some("a.pdf"))
    );
    assert_snapshot!("empty", shown(b"", None));
    assert_snapshot!("empty_in_the_storage", shown(b"", Some(STORED)));
    let utf16: Vec<u8> = "架空".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(shown(&[&b"\xff\xfe"[..], &utf16].concat(), None).contains("UTF-16"));
    let page = shown(HL7.as_bytes(), Some(PLAN_NAME));
    assert!(page.contains("says another format"), "{page}");
}

#[test]
fn colours_and_json() {
    let bytes = iso2022(&changed(HL7, "19480405", "1948/4/5"));
    let inspection = inspect(&bytes, Some(STORED), &Limits::default());
    let view = View {
        colour: Colour::Always,
        rows: 12,
        ..View::default()
    };
    let page = text(&inspection, &view).replace('\u{1b}', "ESC");
    assert_snapshot!("colours", page);
    let pretty: serde_json::Value = serde_json::from_str(&json(&inspection, 5)).unwrap();
    assert_snapshot!("json", serde_json::to_string_pretty(&pretty).unwrap());
}

/// What a file says is never what a terminal does.
#[test]
fn escapes_in_a_file_stay_in_it() {
    let bytes = changed(FILEMAKER_JSON, "架空 太郎", "\\u001b[2J\\u202e");
    let bytes = changed(&bytes, "\"生年月日\"", "\"\\u001b]0;x\\u0007\"");
    let page = shown(bytes.as_bytes(), Some("\u{1b}[2J/UP3KYO_\u{1b}[2J.CSV"));
    assert!(
        !page.contains('\u{1b}') && !page.contains('\u{202e}'),
        "{page}"
    );
    assert!(page.contains("⟨1B⟩[2J⟨U+202E⟩"), "{page}");
}

#[test]
fn long_files_are_cut_and_say_so() {
    let row = "12,3,架空 太郎,1948-04-05\r\n";
    let many: String = (0..1_500)
        .map(|at| row.replace("12", &(at + 1).to_string()))
        .collect();
    let bytes = format!("recordId,modId,氏名,生年月日\r\n{many}");
    let page = shown(bytes.as_bytes(), None);
    assert!(
        page.ends_with("…他5000行は省略 / 5000 more rows, not shown\n"),
        "{page}"
    );
    let long = changed(FILEMAKER_JSON, "架空 太郎", &"架".repeat(1_000));
    assert!(shown(long.as_bytes(), None).contains("…(+880字 / more)\""));
    let faults = "x,y,架空,1\r\n".repeat(150);
    let page = shown(
        format!("recordId,modId,氏名,生年月日\r\n{faults}").as_bytes(),
        None,
    );
    assert!(page.contains("and ") && page.contains(" more\n"), "{page}");
}
