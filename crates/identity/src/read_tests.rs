//! What is typed and how it is understood; what is not understood says why.

use super::*;

const TODAY: &str = "2026-11-21";

/// One field's value by the field's name.
fn asked(fields: &[(&str, &str)]) -> Asked {
    let value = |name: &str| {
        let found = fields.iter().find(|(field, _)| *field == name);
        found.map(|(_, typed)| (*typed).to_owned())
    };
    Asked {
        name: value("name"),
        birth_date: value("birthDate"),
        age: value("age"),
        sex: value("sex"),
        address: value("address"),
        phone: value("phone"),
        card: value("card"),
    }
}

fn understood(field: &str, typed: &str) -> Result<String, String> {
    match Query::read(&asked(&[(field, typed), ("card", "KM-0001")]), TODAY) {
        Ok(query) => Ok(query
            .searched()
            .into_iter()
            .find(|(name, _)| name == field)
            .map(|(_, text)| text)
            .unwrap_or_default()),
        Err(faults) => {
            assert_eq!(faults.len(), 1, "{faults:?}");
            assert_eq!(faults[0].field, field);
            Err(faults[0].rule.clone())
        }
    }
}

#[test]
fn what_is_typed_is_understood() {
    for (field, typed, expected) in [
        ("name", "ﾊﾏﾀﾞ", "ハマダ (カナ)"),
        ("name", "はまだ", "ハマダ (カナ)"),
        ("name", "濱田　正一様", "浜田 正一"),
        ("name", "濱田ショウイチ", "浜田 シヨウイチ (カナ)"),
        ("name", "はまだ 正一 さん", "ハマダ (カナ) 正一"),
        ("name", "一ノ瀬", "一ノ瀬"),
        ("name", "濱%田_\"🚑", "浜田"),
        ("name", "ハマタ゛", "ハマダ (カナ)"),
        ("birthDate", "昭和10年", "1935-01-01 – 1935-12-31"),
        ("birthDate", "1935/3/5", "1935-03-05"),
        ("birthDate", "昭和10年3月5日生まれ", "1935-03-05"),
        ("age", "９１歳", "91歳 (±1)"),
        ("age", "九十一才", "91歳 (±1)"),
        ("age", "90代", "90–99歳"),
        ("age", "85歳くらい", "85歳 (±1)"),
        ("sex", "女性", "女 / female"),
        ("sex", "Ｍ", "男 / male"),
        ("sex", "不明", ""),
        ("address", "端野町三区", "端野町3区"),
        ("phone", "1234", "末尾 / ending 1234"),
        ("phone", "０１５７－００－１２３４", "0157001234"),
        ("card", "km-0001", "KM0001"),
    ] {
        let found = understood(field, typed);
        // Swapped eras are tested below.
        let found = found.map(|text| text.split(", ").next().unwrap_or_default().to_owned());
        assert_eq!(found.as_deref(), Ok(expected), "{field} {typed}");
    }
    let other = understood("birthDate", "大正10年");
    assert!(other.is_ok_and(|text| text.contains("1935-01-01 – 1935-12-31(元号違い")));
}

#[test]
fn what_is_not_understood_says_why() {
    let long = "あ".repeat(1_000);
    for (field, typed, expected) in [
        ("name", "%", "氏名として"),
        ("name", "_\"'", "氏名として"),
        ("name", "🚑", "氏名として"),
        ("name", long.as_str(), "200文字以内"),
        ("birthDate", "明治99年", "その元号に"),
        ("birthDate", "昭和64年1月8日", "元号の最後の日"),
        ("birthDate", "きのう", "日付として"),
        ("birthDate", "2027-01-01", "未来の"),
        ("birthDate", "1935-02-30", "実在しない"),
        ("age", "百", "年齢は"),
        ("age", "126", "年齢は"),
        ("age", "-1", "年齢は"),
        ("age", "90x", "年齢は"),
        ("sex", "x", "性別は"),
        ("address", "北", "住所は"),
        ("address", "12-3", "住所は"),
        ("address", long.as_str(), "200文字以内"),
        ("phone", "119", "電話番号は"),
        ("phone", "わからない", "電話番号は"),
        ("card", "%%", "番号は"),
    ] {
        let found = understood(field, typed);
        assert!(
            found
                .as_ref()
                .is_err_and(|rule| rule.starts_with(expected) && rule.contains(" / ")),
            "{field} {typed}: {found:?}"
        );
        assert!(
            found.is_err_and(|rule| !rule.contains(typed)),
            "{field}: a fault quotes nothing"
        );
    }
}

#[test]
fn something_must_be_asked() {
    for fields in [
        &[][..],
        &[("name", "  ")],
        &[("sex", "女")],
        &[("name", "は")],
    ] {
        let faults = Query::read(&asked(fields), TODAY).unwrap_err();
        assert_eq!(faults.len(), 1, "{fields:?}");
        assert_eq!(faults[0].field, "name");
    }
    assert!(Query::read(&asked(&[("name", "林")]), TODAY).is_ok());
    assert!(Query::read(&asked(&[("name", "い"), ("age", "90")]), TODAY).is_ok());
    let faults = Query::read(&asked(&[("birthDate", "x"), ("phone", "x")]), TODAY).unwrap_err();
    assert_eq!(faults.len(), 2);
}

#[test]
fn an_age_that_does_not_fit_the_birth_date_is_said() {
    let line = |age: &str| {
        let query =
            Query::read(&asked(&[("birthDate", "1935-03-05"), ("age", age)]), TODAY).unwrap();
        query
            .searched()
            .pop()
            .map(|(_, text)| text)
            .unwrap_or_default()
    };
    assert!(!line("91").contains("合いません"));
    assert!(!line("90").contains("合いません"));
    assert!(line("70").contains("合いません"));
}
