//! Made-up people: a real form, and nobody's data.
//!
//! Names end in a heavenly stem and a numeral, telephones begin 199 0000, and identity numbers
//! begin with 330299, which is no county. The check digit is right, so that masking is put to work.

use rand::RngExt;
use rand::rngs::StdRng;

use crate::sim::dice::pick;

/// One made-up person.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    /// Such as 王甲三.
    pub name: String,
    /// True for a man.
    pub male: bool,
    /// `1990000` and four digits.
    pub phone: String,
    /// Eighteen characters with a right check digit.
    pub id_number: String,
    /// `yyyyMMdd`, as in the identity number.
    pub born: String,
}

pub(super) const SURNAMES: &[&str] = &[
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林", "何", "郭", "马",
    "罗", "梁", "宋", "郑", "谢", "韩", "唐", "冯", "于", "董", "萧", "程", "曹", "袁", "邓", "许", "傅", "沈", "曾",
    "彭", "吕", "欧阳", "司徒",
];
const STEMS: &[&str] = &["甲", "乙", "丙", "丁", "戊", "己", "庚", "辛", "壬", "癸"];
const NUMERALS: &[&str] = &["一", "二", "三", "四", "五", "六", "七", "八", "九", "十"];

impl Person {
    /// A person from these dice.
    pub(super) fn generate(rng: &mut StdRng) -> Self {
        let male = rng.random_bool(0.5);
        let born =
            format!("{}{:02}{:02}", rng.random_range(1945..2006), rng.random_range(1..=12), rng.random_range(1..=28));
        let sequence = rng.random_range(0..500) * 2 + u16::from(male);
        let body = format!("330299{born}{sequence:03}");
        Self {
            name: format!("{}{}{}", pick(rng, SURNAMES), pick(rng, STEMS), pick(rng, NUMERALS)),
            male,
            phone: format!("1990000{:04}", rng.random_range(0..10_000)),
            id_number: format!("{body}{}", check_digit(&body)),
            born,
        }
    }
}

/// The eighteenth character of an identity number (GB 11643-1999), from the first seventeen.
fn check_digit(body: &str) -> char {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const DIGITS: [char; 11] = ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'];
    let digits = body.chars().filter_map(|c| c.to_digit(10));
    let sum: u32 = digits.zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum();
    DIGITS[(sum % 11) as usize]
}

/// Whether an identity number has eighteen characters and the right check digit.
pub fn id_number_is_valid(number: &str) -> bool {
    number.is_ascii() && number.len() == 18 && number.ends_with(check_digit(&number[..17]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::dice::dice;

    #[test]
    fn check_digit_agrees_with_the_standards_own_example() {
        assert!(id_number_is_valid("11010519491231002X"));
        assert!(!id_number_is_valid("110105194912310021"));
    }

    #[test]
    fn people_have_valid_numbers_and_fictitious_telephones() {
        for n in 0..200 {
            let person = Person::generate(&mut dice(1, "person", n));
            assert!(id_number_is_valid(&person.id_number), "{person:?}");
            assert!(person.phone.starts_with("1990000") && person.phone.len() == 11);
            assert!(person.id_number.contains(&person.born));
        }
    }
}
