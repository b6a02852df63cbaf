//! How many people a text says are concerned: 32名工人, 几十户, 上百人. The largest number said; none where none is.

use crate::words::half_width;

/// Nobody brings more people than this; a larger number is something else.
const MOST: u32 = 100_000;
const COUNTED: [&str; 22] = [
    "名",
    "位",
    "人",
    "户",
    "个人",
    "个工人",
    "个工友",
    "个农民工",
    "个业主",
    "个家长",
    "个学生",
    "个孩子",
    "个村民",
    "个老人",
    "个会员",
    "个家庭",
    "口人",
    "余名",
    "多名",
    "家业主",
    "号人",
    "个职工",
];
const DIGITS: [(char, u32); 13] = [
    ('一', 1),
    ('二', 2),
    ('两', 2),
    ('三', 3),
    ('四', 4),
    ('五', 5),
    ('六', 6),
    ('七', 7),
    ('八', 8),
    ('九', 9),
    ('几', 2),
    ('数', 2),
    ('上', 1),
];

/// What makes another word of a unit: 5000人民币, 12345人工, 120户型, 301位于顶楼, 20名额.
const OTHER_WORD: [(&[&str], &[char]); 2] = [
    (&["人", "户"], &['民', '工', '力', '行', '事', '才', '均', '大', '社', '来', '型', '口', '籍', '外']),
    (&["位", "名"], &['于', '置', '次', '称', '额']),
];
/// Before a number, these say that it was called: 打110; but not those.
const CALLED: [&str; 7] = ["打", "打了", "拨", "拨打", "热线", "电话", "报"];
const NOT_CALLED: [&str; 6] = ["举报", "申报", "汇报", "上报", "通报", "填报"];

/// Whether a counted word stands here, and not another that begins with it.
fn counts_people(rest: &str) -> bool {
    let counted = COUNTED.iter().filter(|unit| rest.starts_with(**unit)).max_by_key(|unit| unit.len());
    counted.is_some_and(|unit| {
        let other = OTHER_WORD.iter().find(|(units, _)| units.contains(unit));
        !other.is_some_and(|(_, next)| rest[unit.len()..].starts_with(*next))
    })
}

/// The largest number of people said.
pub(super) fn said(text: &str) -> Option<u32> {
    let mut most = None;
    let mut from = 0;
    for (at, c) in text.char_indices() {
        // 千家万户 counts nobody.
        let of_a_saying = text[..at].ends_with("千家");
        if at < from || !begins_number(c) || text[..at].ends_with('第') || of_a_saying {
            continue;
        }
        let Some((number, len)) = read_number(&text[at..]) else { continue };
        from = at + len;
        let rest = &text[from..];
        let rest = rest.strip_prefix(['多', '余', '来', '几']).unwrap_or(rest);
        let rest = rest.strip_prefix(' ').unwrap_or(rest);
        let ends = |words: &[&str]| words.iter().any(|word| text[..at].ends_with(word));
        let called = ends(&CALLED) && !ends(&NOT_CALLED);
        if number <= MOST && !called && counts_people(rest) {
            most = most.max(Some(number));
        }
    }
    most
}

fn begins_number(c: char) -> bool {
    arabic(c).is_some() || scale(c) > 0 || DIGITS.iter().any(|(d, _)| *d == c)
}

/// A digit, also as wide as a Chinese character.
fn arabic(c: char) -> Option<u32> {
    half_width(c).to_digit(10)
}

/// What a digit before it is multiplied with; nothing for what is no such sign.
fn scale(c: char) -> u32 {
    match c {
        '十' => 10,
        '百' => 100,
        '千' => 1_000,
        '万' => 10_000,
        _ => 0,
    }
}

/// A number at the beginning of a text, and how many bytes it takes.
fn read_number(text: &str) -> Option<(u32, usize)> {
    let digits = text.find(|c| arabic(c).is_none()).unwrap_or(text.len());
    if digits > 0 {
        // Digits too many for a number of people are still one run of digits.
        let run = text[..digits].chars().filter_map(arabic);
        let number = run.fold(0u32, |number, digit| number.saturating_mul(10).saturating_add(digit));
        return match text[digits..].chars().next() {
            Some('万') => Some((number.saturating_mul(10_000), digits + '万'.len_utf8())),
            _ => Some((number, digits)),
        };
    }
    let (mut total, mut digit, mut len) = (0u32, None, 0);
    for c in text.chars() {
        if (c == '几' || matches!(c, '零' | '〇') && digit.is_none()) && total > 0 {
            // 十几 is at least ten; 一百零五 is 105.
        } else if scale(c) > 0 {
            total = total.saturating_add(digit.take().unwrap_or(1) * scale(c));
        } else if let Some((_, value)) = DIGITS.iter().find(|(d, _)| *d == c).filter(|_| digit.is_none()) {
            digit = Some(*value);
        } else {
            break;
        }
        len += c.len_utf8();
    }
    let number = total.saturating_add(digit.unwrap_or(0));
    // 上人 and 几人 say no number.
    (number > 0 && !(total == 0 && text.starts_with(['上', '数']))).then_some((number, len))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_people_are_read_as_people_write_them() {
        let cases = [
            ("拖欠我们32名工人工资", Some(32)),
            ("三十多户人家", Some(30)),
            ("上百名业主", Some(100)),
            ("几十个工人", Some(20)),
            ("十几个人", Some(10)),
            ("二百一十五户", Some(215)),
            ("1.2万元，3个工友", Some(3)),
            ("欠薪5000元", None),
            ("一百零五名工人没拿到工资", Some(105)),
            ("二百〇三户", Some(203)),
            ("近百名业主，百余户，千余人", Some(1_000)),
            ("32 名工人，３５名家长", Some(35)),
            ("实名举报5名干部", Some(5)),
            ("老百姓，百货，千万别来，万一，千家万户", None),
            ("拖欠35名单位职工三个月", Some(35)),
            ("301位于顶楼，还有20名额", None),
            ("第三人民医院", None),
            ("上人", None),
            ("欠我5000人民币", None),
            ("拨打12345人工", None),
            ("打110人来了也没用", None),
            ("120户型的房子", None),
            ("我们120户都没水", Some(120)),
            ("订单11111111111111111111，3个工友", Some(3)),
            ("00000000000000000000000032名工人", Some(32)),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(said(text), expected, "{text}");
        }
    }
}
