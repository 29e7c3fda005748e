//! The columns of the interfaces that are known (CSV連携仕様 v1.0, 2021).

/// 外部システム管理番号: the sender's own key.
pub(super) const NUMBER: &str = "external_system_management_number";
/// 外部システム管理明細番号: its second part, in forms of several lines.
pub(super) const DETAIL: &str = "external_system_management_detail_number";

/// A column and whether it must be there.
pub(super) type Column = (&'static str, bool);

/// The columns of a data type; `None` where they are not known.
pub(super) fn columns(data_type: &str) -> Option<&'static [Column]> {
    match data_type {
        "SERVICE_USER_INFO" => Some(&USER),
        "FORM_0002_2021" => Some(&MEDICATION),
        _ => None,
    }
}

/// 利用者情報.
const USER: [Column; 21] = [
    ("care_facility_id", true),
    ("service_code", true),
    (NUMBER, true),
    ("insurer_no", true),
    ("insured_no", true),
    ("last_name", true),
    ("first_name", true),
    ("last_name_kana", false),
    ("first_name_kana", false),
    ("gender", true),
    ("birthday", true),
    ("certified_date", false),
    ("care_period_start", false),
    ("care_period_end", false),
    ("care_level", true),
    ("impaired_elderly_independence_degree", false),
    ("dementia_elderly_independence_degree", false),
    ("start_date", false),
    ("end_date", false),
    ("death_date", false),
    ("remarks", false),
];

/// 科学的介護推進情報 (服薬情報).
const MEDICATION: [Column; 16] = [
    ("care_facility_id", true),
    ("service_code", true),
    ("insurer_no", true),
    ("insured_no", true),
    (NUMBER, true),
    (DETAIL, true),
    ("dispensing_date", false),
    ("prescription_number", false),
    ("chemical_code_type", false),
    ("chemical_code", false),
    ("drug_name", false),
    ("dose", false),
    ("unit_name", false),
    ("dosage_form_code", false),
    ("dispensing_quantity", false),
    ("method_name", false),
];
