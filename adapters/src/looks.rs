//! What a value looks like: telephone numbers, identity cards, division codes, points, flags. Pure, and never sure: it is
//! evidence for the author of a map, and the reason why a value is not let into the clear.

use crate::map::truth;
use crate::order_number::holds_phone;

/// Chinese mobile and fixed numbers, with or without country and area code.
pub(crate) fn is_phone(text: &str) -> bool {
    let digits: String = text.trim_start_matches("+86").chars().filter(|c| !matches!(c, '-' | ' ')).collect();
    let mobile = digits.len() == 11 && digits.starts_with('1') && !digits.starts_with("10");
    let fixed = (digits.starts_with('0') && (10..=12).contains(&digits.len())) || (7..=8).contains(&digits.len());
    is_digits(&digits) && (mobile || fixed)
}

/// A telephone number that can hardly be anything else: a mobile number, or a fixed one with its area code set off.
pub(crate) fn is_surely_phone(text: &str) -> bool {
    let bare = text.trim_start_matches("+86").trim_start_matches('-');
    let mobile = bare.len() == 11 && is_digits(bare) && matches!(bare.as_bytes(), [b'1', b'3'..=b'9', ..]);
    let area = bare.split_once('-').is_some_and(|(area, rest)| {
        area.starts_with('0') && (3..=4).contains(&area.len()) && (7..=8).contains(&rest.len()) && is_digits(rest)
    });
    mobile || area
}

/// Eighteen places with a birthday in them: an identity card's number by its shape.
pub(crate) fn is_id_shaped(text: &str) -> bool {
    let Some((body, check)) = text.split_at_checked(17) else { return false };
    let birthday = body.get(6..14).and_then(|day| day.parse::<u32>().ok());
    let plausible = birthday.is_some_and(|day| {
        (1900..2100).contains(&(day / 10_000))
            && (1..=12).contains(&(day / 100 % 100))
            && (1..=31).contains(&(day % 100))
    });
    is_digits(body)
        && plausible
        && check.len() == 1
        && check.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'x' | b'X'))
}

/// The same with the right check digit (GB 11643).
pub(crate) fn is_id_number(text: &str) -> bool {
    is_id_shaped(text)
        && check_digit(&text[..17]).is_some_and(|right| text.ends_with(right) || (right == 'X' && text.ends_with('x')))
}

/// The last place of an identity number, from the seventeen before it.
pub(crate) fn check_digit(body: &str) -> Option<char> {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let digits: Option<Vec<u32>> = body.chars().map(|c| c.to_digit(10)).collect();
    let sum: u32 = digits.filter(|d| d.len() == 17)?.iter().zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum();
    "10X98765432".chars().nth((sum % 11) as usize)
}

/// An address of electronic mail.
pub(crate) fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(who, host)| !who.is_empty() && host.contains('.') && !text.contains(' '))
}

/// The number of a person, whatever the field is called.
pub(crate) fn is_personal_number(text: &str) -> bool {
    is_surely_phone(text) || is_id_shaped(text) || is_email(text)
}

/// Whether one stands in a text, in whatever parts and among whatever else.
pub(crate) fn holds_personal_number(text: &str) -> bool {
    let is_between = |c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '@' | '.' | '+' | '_');
    let is_mobile = |run: &str| is_surely_phone(without_country(run));
    let is_code = || text.chars().all(|c| c.is_ascii_digit() || c == '-');
    is_personal_number(text)
        || text.split(is_between).any(is_personal_number)
        || text.split(|c: char| !c.is_ascii_digit()).any(is_mobile)
        || text.split(|c: char| !c.is_ascii_digit() && !matches!(c, 'x' | 'X')).any(is_id_shaped)
        || if is_code() { is_phone_in_parts(without_country(text)) } else { holds_phone(text) }
}

/// 138-1234-5678, 1381-2345678, 0574-8765-4321, 057487654321-8001; a class's code in parts, 0402-01-001 or 15-0102-03001, is
/// none.
fn is_phone_in_parts(digits: &str) -> bool {
    let lengths: Vec<usize> = digits.split('-').map(str::len).collect();
    let is_mobile = matches!(digits.as_bytes(), [b'1', b'3'..=b'9', ..]) && lengths.iter().sum::<usize>() == 11;
    match lengths.as_slice() {
        [first, _] | [first, _, _] if is_mobile && *first >= 3 => true,
        [3 | 4, rest @ ..] if digits.starts_with('0') => matches!(rest, [7 | 8] | [7 | 8, 1..=6] | [3 | 4, 4]),
        [10..=12, 1..=6] => digits.starts_with('0'),
        _ => false,
    }
}

fn without_country(digits: &str) -> &str {
    let bare = ["+86", "0086", "86"].iter().find_map(|code| digits.strip_prefix(code));
    bare.map(|bare| bare.trim_start_matches('-')).filter(|bare| bare.len() >= 11).unwrap_or(digits)
}

/// Two to four characters that begin with a frequent surname: evidence only beside a telling field name.
pub(crate) fn is_person_name(text: &str) -> bool {
    const SURNAMES: &str = "王李张刘陈杨黄赵周吴徐孙朱马胡郭林何高梁郑罗宋谢唐韩曹许邓萧冯曾程蔡彭潘袁于董余苏叶吕魏蒋田杜丁沈姜范江傅钟卢汪戴崔任陆廖姚方金邱夏谭韦贾邹石熊孟秦阎薛侯雷白龙段郝孔邵史毛常万顾赖武康贺严尹钱施牛洪龚";
    let length = text.chars().count();
    (2..=4).contains(&length) && text.chars().all(is_han) && text.chars().next().is_some_and(|c| SURNAMES.contains(c))
}

/// A division's code: 6, 9 or 12 digits that begin with a province.
pub(crate) fn is_division(text: &str) -> bool {
    const PROVINCES: [&str; 34] = [
        "11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37", "41", "42", "43",
        "44", "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64", "65", "71", "81", "82",
    ];
    matches!(text.len(), 6 | 9 | 12) && is_digits(text) && PROVINCES.iter().any(|p| text.starts_with(p))
}

/// What a case could be called by: digits, with or without letters, dashes or the brackets of official letters.
pub(crate) fn is_case_number(text: &str) -> bool {
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let is_part = |c: char| c.is_alphanumeric() || "-_/〔〕[]()（）#".contains(c);
    (1..=64).contains(&text.len())
        && digits > 0
        && letters <= 12.max(digits * 2)
        && text.chars().all(is_part)
        && !is_personal_number(text)
}

/// The name of a division, or a path of names.
pub(crate) fn is_division_name(text: &str) -> bool {
    const KINDS: [&str; 11] = ["区", "县", "市", "街道", "镇", "乡", "村", "社区", "居委会", "村委会", "开发区"];
    let length = text.chars().count();
    (3..=24).contains(&length)
        && KINDS.iter().any(|kind| text.ends_with(kind))
        && text.chars().all(|c| is_han(c) || "/-> ".contains(c))
}

/// The name of an office, a firm or a post, by how it ends.
pub(crate) fn is_unit_name(text: &str) -> bool {
    const UNITS: [&str; 17] = [
        "局", "办", "队", "所", "中心", "委", "院", "公司", "站", "科", "会", "厂", "店", "组织", "书记", "主任",
        "干部",
    ];
    UNITS.iter().any(|unit| text.ends_with(unit))
}

/// A place as people write it, with or without a door.
pub(crate) fn is_place(text: &str) -> bool {
    const MARKS: [&str; 19] = [
        "路", "街", "巷", "弄", "村", "镇", "乡", "社区", "小区", "新村", "花园", "公寓", "大厦", "广场", "大道",
        "市场", "工地", "幢", "园区",
    ];
    let length = text.chars().count();
    (4..=80).contains(&length)
        && !is_unit_name(text)
        && MARKS.iter().any(|mark| text.rfind(mark).is_some_and(|at| at > 0))
        && !text.contains(['。', '！', '？', '；'])
        && text.matches(['，', ',']).count() <= 1
}

/// Yes or no, as a map reads it.
pub(crate) fn is_flag(text: &str) -> bool {
    truth(text).is_some()
}

/// Addresses of files, one or several.
pub(crate) fn is_file(text: &str) -> bool {
    let is_one = |part: &str| {
        let ending = part.rsplit_once('.').map_or("", |(_, ending)| ending);
        let is_ended = (2..=4).contains(&ending.len()) && ending.bytes().all(|b| b.is_ascii_alphanumeric());
        part.contains('/') && !part.contains(' ') && is_ended && !is_digits(ending)
    };
    text.split([';', ',', '|']).all(|part| is_one(part.trim()))
}

/// JSON or XML, however broken: its commas would make a table of it. A sheet may begin with `[12345]工单`.
pub(crate) fn begins_as_data(text: &str) -> bool {
    let text = text.trim_start();
    let inner = text.strip_prefix('[').map(str::trim_start);
    text.starts_with(['{', '<']) || inner.is_some_and(|inner| inner.starts_with(['{', '[', ']']))
}

/// An address exact to a door.
pub(crate) fn is_door(text: &str) -> bool {
    let marks = ["号", "幢", "室", "单元", "栋"];
    let after_digit = |mark: &str| {
        text.match_indices(mark).any(|(at, _)| {
            let after = &text[at + mark.len()..];
            text[..at].ends_with(|c: char| c.is_ascii_digit()) && !after.starts_with('线')
        })
    };
    text.chars().count() >= 6 && marks.into_iter().any(after_digit)
}

/// A Chinese character.
pub(crate) fn is_han(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}

/// What is left of a long number that a spreadsheet showed in a narrow column: `2.02603E+15`.
pub(crate) fn is_rounded(text: &str) -> bool {
    let Some((number, exponent)) = text.split_once(['e', 'E']) else { return false };
    let (whole, fraction) = number.split_once('.').map_or((number, None), |(whole, rest)| (whole, Some(rest)));
    let power = exponent.strip_prefix('+').unwrap_or(exponent);
    // Without a sign or a fraction it may be a number of its own.
    let is_scientific = fraction.is_some() || power != exponent;
    is_scientific && whole.len() == 1 && [Some(whole), fraction, Some(power)].into_iter().flatten().all(is_digits)
}

/// Written where there was nothing to write: no letter or digit but zeros, or a word that says so.
pub(crate) fn is_placeholder(text: &str) -> bool {
    const WORDS: [&str; 26] = [
        "无",
        "没有",
        "暂无",
        "暂缺",
        "不详",
        "不明",
        "不知道",
        "未知",
        "未填",
        "未提供",
        "匿名",
        "保密",
        "待定",
        "待补",
        "待补充",
        "同上",
        "见附件",
        "测试",
        "n/a",
        "na",
        "nan",
        "nil",
        "none",
        "null",
        "undefined",
        "test",
    ];
    let says = text.to_lowercase();
    WORDS.contains(&says.as_str()) || !says.chars().any(|c| c.is_alphanumeric() && c != '0')
}

/// Nothing but digits, and some.
pub(crate) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_persons_are_told_from_numbers_of_cases() {
        for phone in ["13800000000", "+8619900000001", "0574-87654321", "010-12345678"] {
            assert!(is_surely_phone(phone) && is_personal_number(phone), "{phone}");
        }
        for other in
            ["10000000000", "11012345678", "20260301", "2026030100000001", "热线-260301-000001", "330205006000", ""]
        {
            assert!(!is_personal_number(other), "{other}");
        }
        assert!(is_phone("87654321") && !is_surely_phone("87654321"));
    }

    #[test]
    fn an_identity_number_has_its_check_digit() {
        let body = "33029919900307001";
        let whole = format!("{body}{}", check_digit(body).expect("a digit"));
        assert!(is_id_number(&whole) && is_id_shaped(&whole));
        assert!(is_id_shaped("330299199003070010") && !is_id_number("330299199003070010"));
        assert!(!is_id_shaped("330299199013070010"));
        assert!(!is_id_shaped("33020500202603010001"));
    }

    #[test]
    fn placeholders_are_no_numbers() {
        for text in ["", "-", "--", "/", "0", "00000000", "无", "不详", "N/A", "NULL", "undefined", "？"] {
            assert!(is_placeholder(text), "{text}");
        }
        assert!(!is_placeholder("1") && !is_placeholder("A-0") && !is_placeholder("无锡-1"));
    }

    #[test]
    fn places_flags_and_doors() {
        assert!(
            is_division("330205") && is_division("330205006003") && !is_division("990205") && !is_division("33020")
        );
        assert!(is_flag("是") && is_flag("No") && is_flag("没有") && !is_flag("2"));
        assert!(
            holds_personal_number("其他 13812345678")
                && holds_personal_number("城管局李四13812345678")
                && holds_personal_number("138 1234 5678")
                && holds_personal_number("8613812345678")
                && !holds_personal_number("2026030100012345678")
                && !holds_personal_number("市政-3-01")
        );
        for personal in [
            "电话138-1234-5678",
            "电话138 1234 5678",
            "13812345678-李四",
            "李四 13812345678.",
            "张三.13812345678",
            "tel13812345678",
            "电话0574-87654321",
            "8613812345678 张",
            "张三@qq.com",
            "138-1234-5678",
            "138-12345678",
            "86-138-1234-5678",
            "0574-8765-4321",
            "330205198807065431-李四",
            "sfz33020519880706543x",
            "0574-87654321-8001",
            "0574-87654321-800123",
            "057487654321-8001",
            "1381-2345678",
            "1381-234-5678",
            "1381-2345-678",
            "138-123-45678",
            "wx13812345678 87654321",
        ] {
            assert!(holds_personal_number(personal), "{personal}");
        }
        for code in [
            "15-01-02-03-001",
            "0402-01-001",
            "0402-01001",
            "15-0102-03001",
            "2026-03-01 10:00:00",
            "住建局/物业科",
            "A01.02",
            "0402",
            "330205006003",
        ] {
            assert!(!holds_personal_number(code), "{code}");
        }
        assert!(
            is_door("示范路18号门口")
                && is_door("样例花园5幢301室")
                && is_door("地铁2号线旁解放路18号")
                && is_door("二号桥路18号")
                && !is_door("庄桥街道天合社区")
                && !is_door("示范路工地门口")
                && !is_door("轨道交通2号线工地")
        );
        assert!(is_place("示范路口") && !is_place("路灯全黑") && !is_place("示范村支部书记"));
        assert!(is_file("p/17a.jpg;p/17b.jpg") && !is_file("2026/3/5") && !is_file("图片.jpg"));
        assert!(is_person_name("王示例") && !is_person_name("示范新村业主某某"));
    }
}
