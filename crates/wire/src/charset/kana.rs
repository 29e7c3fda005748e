//! Half-width kana (半角カナ) folded to full width, for those who ask for it.

/// The text with each half-width kana in full width, a voiced mark joined with the kana before it: `ﾊﾞ` is
/// バ. Everything else stays. SS-MIX2 wants it so; nothing is folded unless asked.
#[must_use]
pub fn full_width(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let Some(kana) = single(c) else {
            out.push(c);
            continue;
        };
        match chars.peek().and_then(|mark| voiced(kana, *mark)) {
            Some(joined) => {
                chars.next();
                out.push(joined);
            }
            None => out.push(kana),
        }
    }
    out
}

/// In the order of U+FF61–U+FF9F, which is that of JIS X 0201.
const FULL: &str = "。「」、・ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン゛゜";

fn single(c: char) -> Option<char> {
    let index = u32::from(c).checked_sub(0xff61)?;
    FULL.chars().nth(usize::try_from(index).ok()?)
}

fn voiced(kana: char, mark: char) -> Option<char> {
    let next = |by: u32| char::from_u32(u32::from(kana) + by);
    match (mark, kana) {
        ('ﾞ', 'ウ') => Some('ヴ'),
        ('ﾞ', 'ワ') => Some('ヷ'),
        ('ﾞ', 'ヲ') => Some('ヺ'),
        ('ﾞ', 'カ'..='ト') if has_voiced(kana) => next(1),
        ('ﾞ', 'ハ' | 'ヒ' | 'フ' | 'ヘ' | 'ホ') => next(1),
        ('ﾟ', 'ハ' | 'ヒ' | 'フ' | 'ヘ' | 'ホ') => next(2),
        _ => None,
    }
}

fn has_voiced(kana: char) -> bool {
    "カキクケコサシスセソタチツテト".contains(kana)
}

#[cfg(test)]
mod tests {
    use super::full_width;

    #[test]
    fn kana_are_folded_and_marks_joined() {
        assert_eq!(full_width("ｶﾝｼﾞｬ ﾀﾛｳ"), "カンジャ タロウ");
        assert_eq!(full_width("ﾊﾟﾊﾞﾊｳﾞﾜﾞｦﾞ"), "パバハヴヷヺ");
        assert_eq!(full_width("｡｢｣､･ｰﾞﾟｱﾞﾝﾟｯﾞ"), "。「」、・ー゛゜ア゛ン゜ッ゛");
        assert_eq!(full_width("漢字とabcｱカ"), "漢字とabcアカ");
        assert_eq!(full_width("ｶ"), "カ");
    }
}
