//! What one message says of who a human being is: enough to find, compare and tell apart.

/// Everything by which people are searched and matched, as it was written; nothing is folded here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Face {
    /// Name as it is written (氏名), family and given name with a space between where both are known.
    pub name: Option<String>,
    /// Name in kana (氏名カナ).
    pub kana: Option<String>,
    /// Date of birth, `YYYY-MM-DD`; `YYYY-MM` or `YYYY` where no more is known.
    pub birth_date: Option<String>,
    /// `male`, `female`, `other` or `unknown`, as FHIR has them.
    pub sex: Option<String>,
    /// Address in one line (住所).
    pub address: Option<String>,
    /// Part of the municipality (自治区), where the message says it.
    pub district: Option<String>,
    /// Postal code.
    pub postal_code: Option<String>,
    /// Telephone numbers, the person's own.
    pub phones: Vec<String>,
    /// Died: the day, or empty if only the fact is known.
    pub deceased: Option<String>,
    /// Moved away: the day, or empty if only the fact is known.
    pub moved: Option<String>,
}
