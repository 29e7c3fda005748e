//! データ種別: the kinds of data that the standardised storage holds, with their HL7 messages.

/// A kind of data (標準化ストレージ仕様書 Ver.1.2, table of データ種別).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DataKind(usize);

struct Row {
    code: &'static str,
    name: &'static str,
    /// The message that says something, then the one that takes it back where the kind has its own.
    messages: &'static [&'static str],
}

const fn row(code: &'static str, name: &'static str, messages: &'static [&'static str]) -> Row {
    Row {
        code,
        name,
        messages,
    }
}

const ROWS: [Row; 26] = [
    row("ADT-00", "患者基本情報", &["ADT^A08", "ADT^A23"]),
    row("ADT-01", "担当医", &["ADT^A54", "ADT^A55"]),
    row("ADT-12", "外来診察の受付", &["ADT^A04"]),
    row("ADT-21", "入院予定", &["ADT^A14", "ADT^A27"]),
    row("ADT-22", "入院実施", &["ADT^A01", "ADT^A11"]),
    row("ADT-31", "外出泊実施", &["ADT^A21", "ADT^A52"]),
    row("ADT-32", "外出泊帰院実施", &["ADT^A22", "ADT^A53"]),
    row("ADT-41", "転科・転棟予定", &["ADT^A15", "ADT^A26"]),
    row("ADT-42", "転科・転棟実施", &["ADT^A02", "ADT^A12"]),
    row("ADT-51", "退院予定", &["ADT^A16", "ADT^A25"]),
    row("ADT-52", "退院実施", &["ADT^A03", "ADT^A13"]),
    row("ADT-61", "アレルギー情報", &["ADT^A60"]),
    row("PPR-01", "病名情報", &["PPR^ZD1"]),
    row("OMD", "食事オーダ", &["OMD^O03"]),
    row("OMP-01", "処方オーダ", &["RDE^O11"]),
    row("OMP-11", "処方実施通知", &["RAS^O17"]),
    row("OMP-02", "注射オーダ", &["RDE^O11"]),
    row("OMP-12", "注射実施通知", &["RAS^O17"]),
    row("OML-01", "検体検査オーダ", &["OML^O33"]),
    row("OML-11", "検体検査結果通知", &["OUL^R22"]),
    row("OMG-01", "放射線検査オーダ", &["OMG^O19"]),
    row("OMG-11", "放射線検査の実施通知", &["OMI^Z23"]),
    row("OMG-02", "内視鏡検査オーダ", &["OMG^O19"]),
    row("OMG-12", "内視鏡検査の実施通知", &["OMI^Z23"]),
    row("OMG-03", "生理検査オーダ", &["OMG^O19"]),
    row("OMG-13", "生理検査結果通知", &["ORU^R01"]),
];

impl DataKind {
    /// The kind of this code; `None` for a code that the standardised storage does not have.
    #[must_use]
    pub fn of(code: &str) -> Option<Self> {
        ROWS.iter().position(|row| row.code == code).map(Self)
    }

    /// All kinds.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..ROWS.len()).map(Self)
    }

    fn row(self) -> Option<&'static Row> {
        ROWS.get(self.0)
    }

    /// The code: `ADT-22`.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.row().map_or("", |row| row.code)
    }

    /// What it is, in Japanese: `入院実施`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().map_or("", |row| row.name)
    }

    /// The HL7 message types that its files hold: `ADT^A01`, `ADT^A11`.
    #[must_use]
    pub fn messages(self) -> &'static [&'static str] {
        self.row().map_or(&[], |row| row.messages)
    }
}
