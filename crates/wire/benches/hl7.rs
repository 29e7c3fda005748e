//! An update of a patient (ADT^A08) of 1.5 kB in ISO-2022-JP: decoding alone by `encoding_rs`, decoding by
//! ours, parsing, parsing and reading what a profile reads, the record tree, writing.
//! `cargo bench -p renkei-wire --bench hl7`. Persons are invented.

#![expect(
    clippy::expect_used,
    reason = "a bench says what it expects by failing"
)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput};
use encoding_rs::ISO_2022_JP;
use renkei_model::limits::Limits;
use renkei_wire::charset::{self, Encoding, Marks};
use renkei_wire::hl7::{self, Draft, structure_of};

const TEXT: &str = "MSH|^~\\&|HIS123|SEND|GW|RCV|20260401101530.1234||ADT^A08^ADT_A01|20260401000001|P|2.5||||||~ISO IR87||ISO 2022-1994|SS-MIX2_1.20^SS-MIX2^1.2.392.200250.2.1.100.1.2.120^ISO\r\
EVN||202604011015|||||SEND001\r\
PID|0001||K900001^^^^PI||架空^花子^^^^^L^I~カクウ^ハナコ^^^^^L^P||19410203|F|||^^^^090-0000^JPN^H^北海道架空市表一丁目１−２−３||^PRN^PH^^^^^^^^^0157-00-0000~^EMR^PH^^^^^^^^^0157-00-9999|^WPN^PH^^^^^^^^^0157-00-9993|||||||||||||||||||20260331121551\r\
NK1|1|架空^一郎^^^^^L^I~カクウ^イチロウ^^^^^L^P|CHD^子供^HL70063|^^^^090-0000^JPN^H^北海道架空市表一丁目１−２−３|^PRN^PH^^^^^^^^^0157-00-0001\r\
NK1|2|架空^次郎^^^^^L^I~カクウ^ジロウ^^^^^L^P|CHD^子供^HL70063|^^^^090-0001^JPN^H^北海道架空市能登町６丁目３番３号|^PRN^PH^^^^^^^^^0157-00-0003|^WPN^PH^^^^^^^^^0157-00-0002|||||||架空商事株式会社^D\r\
PV1|0001|I|32^302^1^^^N||||220^能登^十郎^^^^^^^L^^^^^I|||01\r\
DB1|1|PT||Y\r\
OBX|1|NM|9N001000000000001^身長^JC10||151.5|cm^cm^ISO+|||||F\r\
OBX|2|NM|9N006000000000001^体重^JC10||43.5|kg^kg^ISO+|||||F\r\
OBX|3|CWE|5H010000001999911^血液型-ABO式^JC10||A^A^JSHR002||||||F\r\
OBX|4|CWE|5H020000001999911^血液型-Rh式^JC10||D+^陽性^JSHR002||||||F\r\
AL1|1|DA^薬剤アレルギー^HL70127|1^ペニシリン^99XYZ\r\
AL1|2|FA^食物アレルギー^HL70127|2^そば^99XYZ\r\
IN1|1|39^後期高齢者医療^JHSD0001|39019999|||||||||20240401|||||SEL^本人^HL70063\r";

fn message() -> Vec<u8> {
    let mut bytes = Vec::new();
    charset::encode(TEXT, Encoding::SSMIX2, Marks::USUAL, &mut bytes).expect("JIS X 0208");
    bytes
}

/// The fields that a map to a Patient reads.
const READ: [&str; 10] = [
    "PID-3[1].1",
    "PID-5[1].1",
    "PID-5[1].2",
    "PID-5[2].1",
    "PID-5[2].2",
    "PID-7",
    "PID-8",
    "PID-11.8",
    "PID-13.12",
    "PV1-3.1",
];

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_millis(1500))
        .configure_from_args();
    let bytes = message();
    let limits = Limits::default();
    let parsed = hl7::decode(&bytes, &limits).expect("a message");
    assert!(
        parsed.notes().is_empty() && (1_450..1_550).contains(&bytes.len()),
        "{}",
        bytes.len()
    );
    assert_eq!(parsed.encode().expect("bytes"), bytes);
    assert!(structure_of("ADT", "A08").is_some());
    assert!(READ.iter().all(|place| !parsed.text_at(place).is_empty()));
    let mut group = criterion.benchmark_group("HL7 ADT^A08");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("decoding alone, encoding_rs", |bencher| {
        bencher.iter(|| {
            ISO_2022_JP
                .decode_without_bom_handling(black_box(&bytes))
                .0
                .len()
        });
    });
    group.bench_function("decoding alone, ours", |bencher| {
        bencher.iter(|| charset::decode(black_box(&bytes), 0, Encoding::SSMIX2, Marks::USUAL));
    });
    group.bench_function("parse", |bencher| {
        bencher.iter(|| hl7::decode(black_box(&bytes), &limits));
    });
    group.bench_function("parse and read ten values", |bencher| {
        bencher.iter(|| {
            let message = hl7::decode(black_box(&bytes), &limits).expect("a message");
            READ.iter()
                .map(|place| message.text_at(place).len())
                .sum::<usize>()
        });
    });
    group.bench_function("parse and fit", |bencher| {
        bencher.iter(|| {
            hl7::decode(black_box(&bytes), &limits)
                .expect("a message")
                .fit()
        });
    });
    group.bench_function("parse to record", |bencher| {
        bencher.iter(|| hl7::read(black_box(&bytes), &limits));
    });
    group.bench_function("write a parsed message", |bencher| {
        bencher.iter(|| black_box(&parsed).encode());
    });
    let draft = Draft::of(&parsed);
    group.bench_function("write a draft", |bencher| {
        bencher.iter(|| black_box(&draft).encode());
    });
    group.finish();
    criterion.final_summary();
}
