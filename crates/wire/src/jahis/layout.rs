//! The records by their numbers, and what their items are called.

/// The two standards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standard {
    /// 電子版お薬手帳データフォーマット.
    Notebook,
    /// 院外処方箋2次元シンボル.
    Prescription,
}

/// A kind of record.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) number: &'static str,
    pub(super) items: &'static [&'static str],
    /// Whether its group can have several.
    pub(super) repeats: bool,
}

const fn once(number: &'static str, items: &'static [&'static str]) -> Layout {
    Layout {
        number,
        items,
        repeats: false,
    }
}

const fn many(number: &'static str, items: &'static [&'static str]) -> Layout {
    Layout {
        number,
        items,
        repeats: true,
    }
}

impl Standard {
    /// Name of a record's root: `JAHISTC` or `JAHIS`.
    #[must_use]
    pub const fn root(self) -> &'static str {
        match self {
            Self::Notebook => "JAHISTC",
            Self::Prescription => "JAHIS",
        }
    }

    /// By a version: `JAHISTC08`, `JAHIS10`.
    pub(super) fn of_version(text: &str) -> Option<Self> {
        let digits = |rest: &str| rest.bytes().all(|byte| byte.is_ascii_digit());
        if let Some(rest) = text.strip_prefix("JAHISTC") {
            return (rest.len() == 2 && digits(rest)).then_some(Self::Notebook);
        }
        let rest = text.strip_prefix("JAHIS")?;
        ((1..=2).contains(&rest.len()) && digits(rest)).then_some(Self::Prescription)
    }

    const fn layouts(self) -> &'static [Layout] {
        match self {
            Self::Notebook => &NOTEBOOK,
            Self::Prescription => &SYMBOL,
        }
    }

    pub(super) fn layout(self, number: &str) -> Option<&'static Layout> {
        self.layouts().iter().find(|layout| layout.number == number)
    }
}

/// What the `at`th item is called, from 0.
pub(super) fn item_name(layout: Option<&Layout>, at: usize) -> String {
    let known = layout.and_then(|layout| layout.items.get(at));
    known.map_or_else(|| format!("項目{}", at + 1), |name| (*name).to_owned())
}

const NOTEBOOK: [Layout; 23] = [
    once(
        "1",
        &[
            "氏名",
            "性別",
            "生年月日",
            "郵便番号",
            "住所",
            "電話番号",
            "緊急連絡先",
            "血液型",
            "体重",
            "氏名カナ",
        ],
    ),
    many("2", &["患者特記種別", "患者特記内容", "レコード作成者"]),
    many(
        "3",
        &[
            "薬品名称",
            "服用開始年月日",
            "服用終了年月日",
            "レコード作成者",
            "通番",
            "JANコード",
        ],
    ),
    many(
        "31",
        &[
            "OTC通番",
            "成分名称",
            "成分コード種別",
            "成分コード",
            "レコード作成者",
        ],
    ),
    many("4", &["手帳メモ情報", "メモ入力年月日", "レコード作成者"]),
    once("5", &["調剤等年月日", "レコード作成者"]),
    many(
        "11",
        &[
            "医療機関等名称",
            "都道府県",
            "点数表",
            "医療機関等コード",
            "郵便番号",
            "住所",
            "電話番号",
            "レコード作成者",
        ],
    ),
    many("15", &["氏名", "連絡先", "レコード作成者"]),
    once(
        "51",
        &[
            "医療機関名称",
            "都道府県",
            "点数表",
            "医療機関コード",
            "レコード作成者",
        ],
    ),
    once("55", &["医師氏名", "診療科名", "レコード作成者"]),
    many(
        "201",
        &[
            "RP番号",
            "薬品名称",
            "用量",
            "単位名",
            "薬品コード種別",
            "薬品コード",
            "レコード作成者",
            "一般名",
            "一般名コード種別",
            "一般名コード",
        ],
    ),
    many("281", &["RP番号", "薬品補足情報", "レコード作成者"]),
    many("291", &["RP番号", "薬品服用注意情報", "レコード作成者"]),
    many(
        "301",
        &[
            "RP番号",
            "用法名称",
            "調剤数量",
            "調剤単位",
            "剤形コード",
            "用法コード種別",
            "用法コード",
            "レコード作成者",
        ],
    ),
    many("311", &["RP番号", "用法補足情報", "レコード作成者"]),
    many("391", &["RP番号", "処方服用注意情報", "レコード作成者"]),
    many("401", &["服用注意情報", "レコード作成者"]),
    many("411", &["提供情報", "提供情報種別", "レコード作成者"]),
    many("421", &["残薬確認情報", "レコード作成者"]),
    many("501", &["備考情報", "レコード作成者"]),
    many("601", &["患者等記入情報", "入力年月日"]),
    many(
        "701",
        &[
            "かかりつけ薬剤師氏名",
            "勤務先薬局名称",
            "連絡先",
            "担当開始日",
            "担当終了日",
            "レコード作成者",
        ],
    ),
    once("911", &["データID", "データ分割数", "データ連番"]),
];

const SYMBOL: [Layout; 37] = [
    once(
        "1",
        &[
            "医療機関コード種別",
            "医療機関コード",
            "医療機関都道府県コード",
            "医療機関名称",
        ],
    ),
    once("2", &["医療機関郵便番号", "医療機関所在地"]),
    once("3", &["医療機関電話番号", "FAX番号", "その他連絡先"]),
    once("4", &["診療科コード種別", "診療科コード", "診療科名"]),
    once("5", &["医師コード", "医師カナ氏名", "医師漢字氏名"]),
    once("11", &["患者コード", "患者漢字氏名", "患者カナ氏名"]),
    once("12", &["患者性別"]),
    once("13", &["患者生年月日"]),
    once("14", &["患者一部負担区分"]),
    once("21", &["保険種別"]),
    once("22", &["保険者番号"]),
    once(
        "23",
        &[
            "被保険者証記号",
            "被保険者証番号",
            "被保険者/被扶養者",
            "被保険者証枝番",
        ],
    ),
    once("24", &["患者負担率", "保険給付率"]),
    once("25", &["職務上の事由"]),
    once("27", &["第一公費負担者番号", "第一公費受給者番号"]),
    once("28", &["第二公費負担者番号", "第二公費受給者番号"]),
    once("29", &["第三公費負担者番号", "第三公費受給者番号"]),
    once("30", &["特殊公費負担者番号", "特殊公費受給者番号"]),
    once("31", &["レセプト種別コード"]),
    once("51", &["処方箋交付年月日"]),
    once("52", &["使用期限年月日"]),
    once(
        "61",
        &[
            "麻薬施用者免許番号",
            "麻薬施用患者住所",
            "麻薬施用患者電話番号",
        ],
    ),
    once("62", &["残薬確認対応フラグ"]),
    once("63", &["分割回数", "分割回"]),
    once("64", &["総使用回数"]),
    many("81", &["備考連番", "備考種別", "備考"]),
    once("82", &["処方箋番号種別", "処方箋番号"]),
    once("101", &["RP番号", "剤形区分", "剤形名称", "調剤数量"]),
    once("102", &["RP番号", "分割回ごと調剤数量", "総調剤数量"]),
    once(
        "111",
        &[
            "RP番号",
            "用法コード種別",
            "用法コード",
            "用法名称",
            "1日回数",
        ],
    ),
    many(
        "181",
        &[
            "RP番号",
            "RP補足連番",
            "用法補足区分",
            "用法補足情報",
            "補足用法コード",
            "部位コード",
        ],
    ),
    once(
        "201",
        &[
            "RP番号",
            "RP内連番",
            "情報区分",
            "薬品コード種別",
            "薬品コード",
            "薬品名称",
            "用量",
            "力価フラグ",
            "単位名",
        ],
    ),
    once("211", &["RP番号", "RP内連番", "単位変換係数"]),
    once(
        "221",
        &[
            "RP番号",
            "RP内連番",
            "1回目服用量",
            "2回目服用量",
            "3回目服用量",
            "4回目服用量",
            "5回目服用量",
            "1回目服用量コード",
            "2回目服用量コード",
            "3回目服用量コード",
            "4回目服用量コード",
            "5回目服用量コード",
        ],
    ),
    once(
        "231",
        &[
            "RP番号",
            "RP内連番",
            "第一公費負担区分",
            "第二公費負担区分",
            "第三公費負担区分",
            "特殊公費負担区分",
        ],
    ),
    once("241", &["RP番号", "RP内連番", "1回服用量", "1日服用回数"]),
    many(
        "281",
        &[
            "RP番号",
            "RP内連番",
            "薬品補足連番",
            "薬品補足区分",
            "薬品補足情報",
            "補足用法コード",
        ],
    ),
];

/// The groups whose branches hold records and are no records themselves.
pub(super) fn is_group(name: &str) -> bool {
    [
        super::DISPENSING,
        super::PRESCRIPTION,
        super::PRESCRIBER,
        super::RP,
        super::DRUG,
    ]
    .contains(&name)
}

/// Records that a complete message has: the field of a notice is the first of these that it lacks.
pub(super) const fn required(standard: Standard) -> &'static [&'static str] {
    match standard {
        Standard::Notebook => &["1"],
        Standard::Prescription => &["1", "5", "11", "12", "13", "22", "23", "51"],
    }
}
