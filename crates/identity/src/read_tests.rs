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
        ("name", "ﾊﾏﾀﾞ", "ハマダ(カナ)"),
        ("name", "はまだ", "はまだ(カナ)"),
        ("name", "ショウキチ", "ショウキチ(カナ)"),
        ("name", "ハマタ゛", "ハマダ(カナ)"),
        ("name", "濱田", "濱田(浜田・濵田なども)"),
        (
            "name",
            "濱田　正一様",
            "濱田 正一(浜田 正一・濵田 正一なども)",
        ),
        ("name", "渡邉", "渡邉(渡辺・渡邊なども)"),
        ("name", "林", "林"),
        (
            "name",
            "濱田ショウイチ",
            "濱田ショウイチ(カナまじり、浜田ショウイチ・濵田ショウイチなども、姓 濱田・名 ショウイチ としても)",
        ),
        (
            "name",
            "存在せず",
            "存在せず(カナまじり、姓 存在・名 せず としても)",
        ),
        ("name", "はまだ 正一 さん", "はまだ 正一"),
        ("name", "ハマダ ショウイチ", "ハマダ ショウイチ(カナ)"),
        ("name", "一ノ瀬", "一ノ瀬(一ノ瀨なども)"),
        ("name", "濱%田_\"🚑", "濱田(浜田・濵田なども)"),
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
        ("address", "端野町三区", "端野町三区"),
        ("address", "みなと町", "みなと町"),
        ("address", "寿町５丁目", "寿町5丁目"),
        ("phone", "1234", "1234(末尾 / ending)"),
        ("phone", "０１５７－００－１２３４", "0157-00-1234"),
        ("phone", "+81 157 00 1234", "+81 157 00 1234(0157001234)"),
        ("card", "km-0001", "km-0001"),
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
    for (fields, field) in [
        (&[][..], "name"),
        (&[("name", "  ")], "name"),
        (&[("name", "は")], "name"),
        (&[("name", "は"), ("sex", "女")], "name"),
        (&[("name", "は"), ("address", "北見市")], "name"),
        (&[("sex", "女")], "sex"),
        (&[("sex", "不明")], "sex"),
    ] {
        let faults = Query::read(&asked(fields), TODAY).unwrap_err();
        assert_eq!(faults.len(), 1, "{fields:?}");
        assert_eq!(faults[0].field, field, "{fields:?}");
    }
    assert!(Query::read(&asked(&[("name", "林")]), TODAY).is_ok());
    assert!(Query::read(&asked(&[("name", "い"), ("age", "90")]), TODAY).is_ok());
    let faults = Query::read(&asked(&[("birthDate", "x"), ("phone", "x")]), TODAY).unwrap_err();
    assert_eq!(faults.len(), 2);
}

/// A municipality alone leads to nobody: that is no reason to say that nobody is there.
#[test]
fn a_municipality_alone_is_too_little() {
    for place in [
        "北見市",
        "北海道",
        "北海道北見市",
        "三重県津市",
        "常呂郡",
        "東京都",
    ] {
        for others in [&[][..], &[("sex", "女")]] {
            let mut fields = others.to_vec();
            fields.push(("address", place));
            let faults = Query::read(&asked(&fields), TODAY).unwrap_err();
            assert_eq!(faults.len(), 1, "{place}");
            assert_eq!(faults[0].field, "address", "{place}");
            assert!(faults[0].rule.contains("市町村名だけでは探せません"));
        }
        for other in [
            ("name", "ハマダ"),
            ("name", "林"),
            ("age", "90"),
            ("phone", "1234"),
        ] {
            let fields = [("address", place), other];
            assert!(
                Query::read(&asked(&fields), TODAY).is_ok(),
                "{place} {other:?}"
            );
        }
    }
    for place in ["端野町", "北見", "訓子府町", "常呂郡訓子府町", "寿町5"] {
        assert!(
            Query::read(&asked(&[("address", place)]), TODAY).is_ok(),
            "{place}"
        );
    }
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
