//! The columns of each table.

/// A table of a care plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Table {
    /// 居宅サービス計画書(1): the user, the plan's frame and aims.
    Plan1,
    /// 居宅サービス計画書(2): needs, aims and services, a row for each service.
    Plan2,
    /// 週間サービス計画表: the week, a row for each appointment.
    Plan3,
    /// 利用者補足情報: who the user is.
    Supplement,
}

/// A column.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: &'static str,
    /// Free text, which stands in quotes.
    pub(super) free: bool,
}

const fn code(name: &'static str) -> Column {
    Column { name, free: false }
}

const fn text(name: &'static str) -> Column {
    Column { name, free: true }
}

/// CSVバージョン.
pub(super) const VERSION: usize = 0;
/// 保険者番号.
pub(super) const INSURER: usize = 1;
/// 被保険者番号.
pub(super) const INSURED: usize = 2;

impl Table {
    /// All tables.
    pub const ALL: [Self; 4] = [Self::Plan1, Self::Plan2, Self::Plan3, Self::Supplement];

    /// Its name, which is the name of a record's root.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plan1 => "第1表",
            Self::Plan2 => "第2表",
            Self::Plan3 => "第3表",
            Self::Supplement => "利用者補足情報",
        }
    }

    /// The table of this name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.name() == name)
    }

    /// The table whose known columns are nearest to a row's number of cells: for who has no file name. 利用者補足情報 may
    /// have more columns than are known.
    #[must_use]
    pub const fn of_width(cells: usize) -> Self {
        match cells {
            0..=13 => Self::Plan3,
            14..=18 => Self::Supplement,
            19..=25 => Self::Plan2,
            _ => Self::Plan1,
        }
    }

    pub(super) const fn columns(self) -> &'static [Column] {
        match self {
            Self::Plan1 => &PLAN1,
            Self::Plan2 => &PLAN2,
            Self::Plan3 => &PLAN3,
            Self::Supplement => &SUPPLEMENT,
        }
    }

    /// Whether the columns that are known are all.
    pub(super) const fn is_closed(self) -> bool {
        matches!(self, Self::Plan1 | Self::Plan2)
    }

    /// Whether a plan has one row.
    pub(super) const fn has_one_row(self) -> bool {
        matches!(self, Self::Plan1 | Self::Supplement)
    }

    /// The column of 居宅サービス計画作成(変更)日.
    pub(super) const fn plan_date(self) -> usize {
        match self {
            Self::Plan1 => 13,
            Self::Plan2 | Self::Plan3 => 4,
            Self::Supplement => 3,
        }
    }

    /// What a column is called, from 0.
    pub(super) fn column_name(self, at: usize) -> String {
        let known = self.columns().get(at);
        known.map_or_else(
            || format!("項目{}", at + 1),
            |column| column.name.to_owned(),
        )
    }
}

const PLAN1: [Column; 28] = [
    code("CSVバージョン"),
    code("保険者番号"),
    code("被保険者番号"),
    code("作成年月日"),
    code("利用者郵便番号"),
    text("利用者住所1"),
    text("利用者住所2"),
    text("居宅サービス計画作成者氏名"),
    text("介護支援事業者名"),
    code("介護支援事業者郵便番号"),
    text("介護支援事業者住所1"),
    text("介護支援事業者住所2"),
    code("介護支援事業者コード"),
    code("居宅サービス計画作成(変更)日"),
    code("初回居宅サービス計画作成日"),
    code("計画書区分"),
    code("認定状況区分"),
    code("認定日"),
    code("認定有効期間開始日"),
    code("認定有効期間終了日"),
    code("要介護状態区分"),
    text("課題分析の結果"),
    text("介護認定審査会の意見及びサービスの種類の指定"),
    text("総合的な援助の方針"),
    code("生活援助中心型の算定理由"),
    text("その他の理由"),
    code("更新業者コード"),
    code("識別子"),
];

const PLAN2: [Column; 22] = [
    code("CSVバージョン"),
    code("保険者番号"),
    code("被保険者番号"),
    code("居宅計画書作成年月日"),
    code("居宅サービス計画作成(変更)日"),
    code("課題NO"),
    text("課題"),
    code("援助目標NO"),
    text("長期目標"),
    text("短期目標"),
    text("長期期間"),
    text("短期期間"),
    code("援助内容NO"),
    text("サービス内容"),
    code("保険対象区分"),
    text("サービス種別"),
    code("サービス事業者コード"),
    text("サービス事業所名"),
    text("頻度"),
    text("実施期間"),
    code("更新業者コード"),
    code("識別子"),
];

const PLAN3: [Column; 13] = [
    code("CSVバージョン"),
    code("保険者番号"),
    code("被保険者番号"),
    code("週間サービス計画表作成年月日"),
    code("居宅サービス計画作成(変更)日"),
    text("サービス内容"),
    code("曜日"),
    code("開始時間"),
    code("終了時間"),
    text("主な日常生活上の活動"),
    code("活動開始時間"),
    code("活動終了時間"),
    text("週単位以外のサービス"),
];

const SUPPLEMENT: [Column; 14] = [
    code("CSVバージョン"),
    code("保険者番号"),
    code("被保険者番号"),
    code("居宅サービス計画作成(変更)日"),
    text("利用者氏名フリガナ"),
    text("利用者氏名"),
    code("利用者性別"),
    code("利用者生年月日"),
    code("利用者郵便番号"),
    text("利用者住所1"),
    text("利用者住所2"),
    code("利用者電話番号"),
    code("認定日"),
    code("限度額適用開始年月日"),
];
