//! Whatever the bytes: an answer, in time, of bounded size, with places that are in the file.

use encoding_rs::{ISO_2022_JP, SHIFT_JIS};
use renkei_model::limits::Limits;

use super::{Severity, Verdict, View, inspect, json, text};
use crate::mutants;

pub(super) const HL7: &str = "MSH|^~\\&|HIS|SEND|GW|RCV|20260401101530||ADT^A08^ADT_A01|MSG1|P|2.5||||||~ISO IR87||ISO 2022-1994\rEVN||20260401101530\rPID|1||0000123^^^^PI||架空^太郎^^^^^L^I~カクウ^タロウ^^^^^L^P||19480405|M|||^^架空市^^0900000^JPN^H^架空市１−１\rPV1|1|O|01^^^^^C\rZXX|独自\r";
pub(super) const NOTEBOOK: &str = "JAHISTC08,1\r\n1,架空 太郎,1,19480405,,,,,,,カクウ タロウ\r\n5,20260310,1\r\n11,架空薬局,01,4,1234567,090-0000,北海道架空市1,0157-00-0000,1\r\n51,架空病院,01,1,7654321,1\r\n55,医師 一郎,内科,1\r\n201,1,架空錠５ｍｇ,1,錠,2,610000001,1\r\n301,1,毎食後服用,3,日分,1,1,,1\r\n201,2,架空散,2.5,ｇ,1,,1\r\n301,2,就寝前,3,日分,1,1,,1\r\n999,独自\r\n";
pub(super) const SYMBOL: &str = "JAHIS10\r\n1,1,1234567,01,架空病院\r\n5,,ｲｼ ｲﾁﾛｳ,医師 一郎\r\n11,,架空 太郎,ｶｸｳ ﾀﾛｳ\r\n12,1\r\n13,19480405\r\n51,20260310\r\n82,1,1234567890123456\r\n101,1,1,,14\r\n111,1,1,,毎食後,3\r\n201,1,1,1,2,610000001,,3,1,錠\r\n";
pub(super) const CARE_PLAN: &str = "202304,123456,0000000001,20260401,20260401,\"訪問介護\",1,0900,1000,\"起床\",0700,0730,\"通院\"\r\n202304,123456,0000000001,20260401,20260401,\"通所介護\",2,0930,1530,\"昼食\",1200,1230,\r\n";
pub(super) const LIFE: &str = "FORM_0002_2021\r\ncare_facility_id,service_code,insurer_no,insured_no,external_system_management_number,external_system_management_detail_number,drug_name,remark_of_ours\r\n0170000001,11,123456,0000000001,A-1,1,架空錠,x\r\n0170000001,11,123456,0000000001,A-1,2, ,\r\n";
pub(super) const FILEMAKER_JSON: &str = "{\"response\":{\"dataInfo\":{\"layout\":\"利用者\"},\"data\":[{\"fieldData\":{\"氏名\":\"架空 太郎\",\"生年月日\":\"1948-04-05\",\"体重\":62.50,\"同意\":true,\"備考\":null},\"portalData\":{\"緊急連絡先\":[{\"recordId\":\"1\",\"modId\":\"0\",\"緊急連絡先::氏名\":\"架空 花子\"},{\"recordId\":\"2\",\"modId\":\"0\",\"緊急連絡先::氏名\":\"外字\u{e000}\"}]},\"recordId\":\"12\",\"modId\":\"3\"}]},\"messages\":[{\"code\":\"0\",\"message\":\"OK\"}]}";
pub(super) const FILEMAKER_CSV: &str =
    "recordId,modId,氏名,緊急連絡先[1]::氏名\r\n12,3,架空 太郎,架空 花子\r\n13,1,架空 次郎,\r\n";
pub(super) const CDA: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<?xml-stylesheet href=\"a.xsl\"?>\n<ClinicalDocument xmlns=\"urn:hl7-org:v3\"><id root=\"1.2.3\" extension=\"A1\"/><code code=\"18842-5\"/><effectiveTime value=\"20260401\"/><confidentialityCode code=\"N\"/><recordTarget><patientRole><id extension=\"0000123\"/><patient><name><family>架空</family><given>太郎</given></name></patient></patientRole></recordTarget><author><time value=\"20260401\"/></author><component><structuredBody><component><section><title>経過</title><text>良好</text></section></component></structuredBody></component></ClinicalDocument>\n";

fn seeds() -> Vec<Vec<u8>> {
    let ms932 = |text: &str| SHIFT_JIS.encode(text).0.into_owned();
    let hl7 = ISO_2022_JP.encode(HL7).0.into_owned();
    let frame = [&b"\x0b"[..], &hl7, b"\x1c\r"].concat();
    vec![
        frame.repeat(3),
        hl7.repeat(2),
        hl7,
        ms932(NOTEBOOK),
        ms932(SYMBOL),
        ms932(CARE_PLAN),
        LIFE.as_bytes().to_vec(),
        FILEMAKER_JSON.as_bytes().to_vec(),
        FILEMAKER_CSV.as_bytes().to_vec(),
        CDA.as_bytes().to_vec(),
        b"nothing\r\nat all".to_vec(),
    ]
}

const NAMES: [Option<&str>; 3] = [
    None,
    Some("root/000/012/0000123/-/ADT-00/0000123_-_ADT-00_999999999999999_20260401101530123_-_1"),
    Some("UP3KYO_0170000001_0170000002_20260401101530.CSV"),
];

/// So much text comes of at most 64 kB: a thousand rows and the findings.
const LONGEST: usize = 2_000_000;

#[test]
fn ten_thousand_broken_files_are_explained() {
    let mut round = 0_usize;
    mutants::survive(&seeds(), |bytes| {
        round += 1;
        let inspection = inspect(bytes, NAMES[round % 3], &Limits::default());
        let spans = inspection
            .messages
            .iter()
            .flat_map(|message| message.findings.iter().map(|finding| finding.span))
            .chain(inspection.findings.iter().map(|finding| finding.span));
        for span in spans.flatten() {
            assert!(
                span.start <= span.end && span.end <= bytes.len(),
                "{span:?}"
            );
        }
        for message in &inspection.messages {
            message.rows(|row| {
                assert!(
                    row.span.start <= row.span.end && row.span.end <= bytes.len(),
                    "{row:?}"
                );
                assert!(!row.path.is_empty());
                true
            });
        }
        match inspection.verdict() {
            Verdict::Sound => assert_eq!(inspection.count(Severity::Notice), 0),
            Verdict::Odd => assert_eq!(inspection.count(Severity::Fault), 0),
            Verdict::Faulty | Verdict::Refused => assert!(inspection.count(Severity::Fault) > 0),
            Verdict::Unknown => {
                assert_eq!(inspection.attempts.is_empty(), bytes.is_empty());
            }
        }
        let page = text(&inspection, &View::default());
        assert!(page.len() < LONGEST, "{}", page.len());
        let odd = page.chars().find(|c| c.is_control() && *c != '\n');
        assert_eq!(odd, None, "{page}");
        if round.is_multiple_of(16) {
            let parsed: Result<serde_json::Value, _> =
                serde_json::from_str(&json(&inspection, 100));
            assert!(parsed.is_ok(), "{parsed:?}");
        }
    });
}

/// A file of frames is the messages in them, wherever they stand.
#[test]
fn messages_of_a_file_are_those_alone() {
    let seeds = seeds();
    let (frames, one) = (&seeds[0], &seeds[2]);
    let alone = inspect(one, None, &Limits::default());
    let together = inspect(frames, None, &Limits::default());
    assert_eq!((alone.messages.len(), together.messages.len()), (1, 3));
    for message in &together.messages {
        let mut own = Vec::new();
        message.rows(|row| {
            own.push((
                row.path.to_owned(),
                frames[row.span.start..row.span.end].to_vec(),
            ));
            true
        });
        let mut expected = Vec::new();
        alone.messages[0].rows(|row| {
            expected.push((
                row.path.to_owned(),
                one[row.span.start..row.span.end].to_vec(),
            ));
            true
        });
        assert!(own.len() > 20);
        assert_eq!(own, expected);
    }
}
