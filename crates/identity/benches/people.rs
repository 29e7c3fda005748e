//! People as they are searched and matched: folding of names, kana, addresses and telephone numbers, the
//! terms of a face, comparing two faces, understanding what a crew typed, and ranking a hundred faces
//! that a search fetched. Throughput is in texts, faces or searches. `cargo bench -p renkei-identity`.

#![expect(
    clippy::expect_used,
    reason = "a bench says what it expects by failing"
)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput};
use renkei_identity::{
    Asked, Query, Verdict, compare, fold_address, fold_kana, fold_name, fold_phone, loose_kana,
    terms,
};
use renkei_model::Face;

const TODAY: &str = "2026-11-21";
const FAMILIES: [(&str, &str); 10] = [
    ("浜田", "ハマダ"),
    ("濱田", "ハマダ"),
    ("浜中", "ハマナカ"),
    ("渡邉", "ワタナベ"),
    ("齋藤", "サイトウ"),
    ("大野", "オオノ"),
    ("高橋", "タカハシ"),
    ("髙橋", "タカハシ"),
    ("佐々木", "ササキ"),
    ("五十嵐", "イガラシ"),
];
const GIVENS: [(&str, &str); 10] = [
    ("正一", "ショウイチ"),
    ("トメ", "トメ"),
    ("キヨ", "キヨ"),
    ("勝", "マサル"),
    ("裕子", "ユウコ"),
    ("惠子", "ケイコ"),
    ("一郎", "イチロウ"),
    ("久美子", "クミコ"),
    ("ヒデ", "ヒデ"),
    ("恒夫", "ツネオ"),
];

/// The person of a number below a hundred.
fn person(n: usize) -> Face {
    let ((family, family_kana), (given, given_kana)) = (FAMILIES[n / 10], GIVENS[n % 10]);
    Face {
        name: Some(format!("{family}　{given}")),
        kana: Some(format!("{family_kana}　{given_kana}")),
        birth_date: Some(format!(
            "{}-{:02}-{:02}",
            1925 + n % 40,
            1 + n % 12,
            1 + n % 28
        )),
        sex: Some(
            if n.is_multiple_of(2) {
                "male"
            } else {
                "female"
            }
            .to_owned(),
        ),
        address: Some(format!("北海道北見市端野町三区{n}番地の{}", n % 7)),
        postal_code: Some("099-2101".to_owned()),
        phones: vec![format!("0157-00-{:04}", 1000 + n)],
        ..Face::default()
    }
}

fn folding(criterion: &mut Criterion) {
    assert_eq!(fold_kana("ﾊﾏﾀﾞ しょういち"), "ハマダシヨウイチ");
    assert_eq!(fold_name("濱田　正一"), fold_name("浜田 正一"));
    assert_eq!(loose_kana("オオノ ユウコ"), loose_kana("オノ　ユコ"));
    assert_eq!(fold_address("北四条東４丁目１０番５号"), "北4条東4-10-5");
    assert_eq!(
        fold_phone("0157-00-1101"),
        fold_phone("０１５７（００）１１０１")
    );
    let mut group = criterion.benchmark_group("fold");
    group.throughput(Throughput::Elements(1));
    group.bench_function("name", |bencher| {
        bencher.iter(|| fold_name(black_box("濱田　正一")))
    });
    group.bench_function("kana", |bencher| {
        bencher.iter(|| fold_kana(black_box("ﾊﾏﾀﾞ しょういち")));
    });
    group.bench_function("kana as it is heard", |bencher| {
        bencher.iter(|| loose_kana(black_box("ハマダ　ショウイチ")));
    });
    group.bench_function("address", |bencher| {
        bencher.iter(|| fold_address(black_box("北海道北見市北四条東４丁目１０番５号")));
    });
    group.bench_function("telephone", |bencher| {
        bencher.iter(|| fold_phone(black_box("0157-00-1101")));
    });
    group.finish();
}

fn matching(criterion: &mut Criterion) {
    let cards = ["KT-000102".to_owned(), "0000100102".to_owned()];
    let one = person(0);
    let found = terms(&one, &cards);
    assert!((10..30).contains(&found.len()), "{found:?}");
    // The same, as another facility writes it.
    let same = Face {
        name: Some("浜田 正一".to_owned()),
        kana: Some("ﾊﾏﾀﾞ ｼｮｳｲﾁ".to_owned()),
        ..one.clone()
    };
    let other = person(77);
    assert_eq!(compare(&one, &same).0, Verdict::Same);
    assert_eq!(compare(&one, &other).0, Verdict::Different);
    let mut group = criterion.benchmark_group("match");
    group.throughput(Throughput::Elements(1));
    group.bench_function("terms of a face", |bencher| {
        bencher.iter(|| terms(black_box(&one), &cards));
    });
    group.bench_function("two faces, the same", |bencher| {
        bencher.iter(|| compare(black_box(&one), black_box(&same)));
    });
    group.bench_function("two faces, others", |bencher| {
        bencher.iter(|| compare(black_box(&one), black_box(&other)));
    });
    group.finish();
}

fn searching(criterion: &mut Criterion) {
    let asked = Asked {
        name: Some("ハマ田 正一".to_owned()),
        birth_date: Some("大正14年".to_owned()),
        address: Some("端野町".to_owned()),
        ..Asked::default()
    };
    let people: Vec<Face> = (0..100).map(person).collect();
    let candidates = || (0..).zip(&people).map(|(n, face)| (face, &[][..], n));
    let query = Query::read(&asked, TODAY).expect("a search");
    let ranked = query.rank(candidates());
    assert_eq!(
        ranked.first().map(|(_, n)| *n),
        Some(0),
        "浜田 正一: {ranked:?}"
    );
    let mut group = criterion.benchmark_group("search");
    group.throughput(Throughput::Elements(1));
    group.bench_function("understand what was typed", |bencher| {
        bencher.iter(|| Query::read(black_box(&asked), TODAY).map(|query| query.probes()));
    });
    group.throughput(Throughput::Elements(100));
    group.bench_function("rank 100 faces", |bencher| {
        bencher.iter(|| query.rank(black_box(candidates())));
    });
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_millis(1500))
        .configure_from_args();
    folding(&mut criterion);
    matching(&mut criterion);
    searching(&mut criterion);
    criterion.final_summary();
}
