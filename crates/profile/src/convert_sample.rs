//! Values that a converter takes, for proving a plan and for demonstrations.

use renkei_wire::Content;

use crate::convert::Convert;
use crate::convert_day as day;
use crate::convert_text as text;

impl Convert {
    /// A native value that this converter takes, the `n`th of many; for proving a plan.
    pub(crate) fn sample(&self, n: usize) -> Content {
        Content::Text(match self {
            Self::Text | Self::Xhtml => format!("見本{n} <&>\r二行目"),
            Self::Name => format!("見本　名前{n}"),
            Self::Kana => "ミホン　ナマエ".to_owned() + &"ア".repeat(n % 9 + 1),
            Self::Date(form) => text::sample_date(n, form),
            Self::Day(style) => day::sample(n, *style),
            Self::Phone => format!("0157-{:02}-{:04}", n % 100, n % 10_000),
            Self::Quantity => match n % 3 {
                0 => format!("{n}錠"),
                1 => format!("{n}.5mg"),
                _ => "適量".to_owned(),
            },
            Self::Digits(min, max) | Self::Word(min, max) => {
                let digits = format!("{n:0width$}", width = *min.max(&1));
                digits
                    .chars()
                    .rev()
                    .take(*max)
                    .collect::<Vec<_>>()
                    .into_iter()
                    .rev()
                    .collect()
            }
            Self::PostalCode => format!("{:03}-{:04}", n % 1000, n),
            Self::Prefix(_) => format!("W{n}"),
            Self::Boolean(yes, no) => {
                if n.is_multiple_of(2) {
                    yes.clone()
                } else {
                    no.clone()
                }
            }
            Self::Integer(min, max) => {
                let width = max.saturating_sub(*min).saturating_add(1).max(1);
                let offset = i64::try_from(n).unwrap_or(0) % width;
                return Content::Number((min + offset).to_string());
            }
            Self::Decimal => return Content::Number(format!("{n}.50")),
            Self::Codes(map, _) => map
                .codes()
                .get(n % map.codes().len().max(1))
                .map_or_else(String::new, |c| c.native.clone()),
            Self::FamilyName | Self::GivenName | Self::FamilyKana | Self::GivenKana => {
                String::new()
            }
        })
    }
}
