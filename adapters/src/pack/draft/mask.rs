//! Made-up values in the shape of the real ones: no fixture may hold what is personal. The same value becomes the same
//! one again, so that records that belong together still do. Pure.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::columns::is_nameable;
use super::times::is_time_value;
use crate::map::as_text;
use crate::{looks, order_number};

/// Makes values up.
pub(super) struct Masker {
    /// Paths whose values are no person's: times, codes, places of a list.
    open: BTreeSet<String>,
    /// Paths whose values are a person's, even where they look like codes.
    sealed: BTreeSet<String>,
    made: HashMap<String, String>,
}

/// What stands under a key that no path can name was judged by nobody. No path begins so.
const UNNAMED: &str = "\"";

impl Masker {
    pub(super) fn new(open: BTreeSet<String>, sealed: BTreeSet<String>) -> Self {
        Self { open, sealed, made: HashMap::new() }
    }

    /// A value with everything personal in it made up.
    pub(super) fn masked(&mut self, value: &Value, at: &str) -> Value {
        match value {
            // `{"$date": …}` is a value.
            Value::Object(object) if as_text(value).is_some() => {
                Value::Object(object.iter().map(|(key, inner)| (key.clone(), self.masked(inner, at))).collect())
            }
            Value::Object(object) => {
                let below = |key: &String| match at {
                    _ if !is_nameable(key) => UNNAMED.to_owned(),
                    "" => key.clone(),
                    at => format!("{at}.{key}"),
                };
                Value::Object(
                    object.iter().map(|(key, inner)| (key.clone(), self.masked(inner, &below(key)))).collect(),
                )
            }
            Value::Array(list) => list.iter().map(|inner| self.masked(inner, &format!("{at}[]"))).collect(),
            scalar => self.scalar(scalar, at),
        }
    }

    fn scalar(&mut self, scalar: &Value, at: &str) -> Value {
        let Some(text) = as_text(scalar) else { return scalar.clone() };
        let is_sealed = self.sealed.contains(at) || at.starts_with(UNNAMED);
        let is_open = self.open.contains(at) || !is_sealed && is_code(&text);
        if text.is_empty() || scalar.is_boolean() || (is_open && !has_personal_number(&text)) {
            return scalar.clone();
        }
        let next = self.made.len();
        let made = self.made.entry(text.to_string()).or_insert_with(|| made_up(&text, next)).clone();
        match scalar {
            Value::Number(_) => made.parse::<serde_json::Number>().map_or(Value::String(made), Value::Number),
            _ => Value::String(made),
        }
    }
}

/// A short word of letters and digits that is no person's number: a code, whatever it stands for.
fn is_code(text: &str) -> bool {
    text.len() <= 24
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b':' | b'/'))
        && !looks::is_personal_number(text)
        && (text.bytes().any(|b| b.is_ascii_digit())
            || text.bytes().all(|b| !b.is_ascii_lowercase())
            || text.len() <= 8)
}

/// Whether a person's number stands anywhere in a text.
fn has_personal_number(text: &str) -> bool {
    let is_between = |c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '@' | '.');
    let is_number = |part: &str| looks::is_personal_number(part) || is_old_id(part) || is_bank_card(part);
    // The digits of a time and of a point may be dialled, too.
    let is_measured =
        || is_time_value(text) || text.split(',').all(|part| part.contains('.') && part.parse::<f64>().is_ok());
    text.split(is_between).any(is_number) || order_number::holds_phone(text) && !is_measured()
}

/// Fifteen digits with a birthday of the last century in them: an identity card's number until 1999.
fn is_old_id(text: &str) -> bool {
    text.len() == 15
        && looks::is_digits(text)
        && looks::is_division(&text[..6])
        && looks::is_id_shaped(&format!("{}19{}0", &text[..6], &text[6..]))
}

/// Of a Chinese bank, with the right check digit (Luhn).
fn is_bank_card(text: &str) -> bool {
    let worth = |(at, digit): (usize, u32)| if at % 2 == 1 { digit * 2 / 10 + digit * 2 % 10 } else { digit };
    (16..=19).contains(&text.len())
        && looks::is_digits(text)
        && text.starts_with("62")
        && text.chars().rev().filter_map(|c| c.to_digit(10)).enumerate().map(worth).sum::<u32>().is_multiple_of(10)
}

fn made_up(text: &str, next: usize) -> String {
    match text {
        _ if looks::is_id_shaped(text) => {
            let body = format!("330299{}{:03}", "19900101", next % 1000);
            format!("{body}{}", looks::check_digit(&body).unwrap_or('0'))
        }
        _ if looks::is_email(text) => format!("sample{next}@example.com"),
        _ if looks::is_surely_phone(text) && !text.contains('-') && text.len() >= 11 => {
            format!("{}199{next:08}", text.strip_suffix(&text[text.len() - 11..]).unwrap_or_default())
        }
        // What differs goes on to differ: a case is known by its number.
        _ if looks::is_digits(text) && text.len() >= 6 => format!("1{next:0width$}", width = text.len() - 1),
        _ => shaped(text),
    }
}

/// Character for character: Chinese becomes other Chinese, letters `x`, digits `0`.
fn shaped(text: &str) -> String {
    let mut words = "样例文字示范内容".chars().cycle();
    let one = |c: char| match c {
        _ if looks::is_han(c) => words.next().unwrap_or('样'),
        '0'..='9' => '0',
        c if c.is_lowercase() => 'x',
        c if c.is_uppercase() => 'X',
        c if c.is_alphabetic() => 'x',
        c => c,
    };
    text.chars().map(one).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn paths(paths: &[&str]) -> BTreeSet<String> {
        paths.iter().map(|path| (*path).to_owned()).collect()
    }

    #[test]
    fn what_is_made_up_has_the_shape_and_nothing_of_the_value() {
        let mut masker = Masker::new(paths(&["t", "tel2"]), BTreeSet::new());
        let real = json!({
            "t": "2026-01-02 03:04:05", "xm": "欧阳小明", "tel": "13912345678", "tel2": 13912345678i64, "id": "33020519850607123X",
            "nr": "我是欧阳小明，电话13912345678，Room B12。", "code": "PROCESSING", "mail": "a.b@c.cn", "ok": true, "n": null,
            "open": [{"xm": "欧阳小明"}], "name": "zhangwei wang"
        });
        let made = masker.masked(&real, "");
        let text = made.to_string();
        for secret in ["欧阳", "小明", "13912345678", "19850607123", "a.b@c.cn", "zhangwei", "B12"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        assert_eq!((&made["t"], &made["code"], &made["ok"]), (&real["t"], &real["code"], &real["ok"]));
        assert_eq!(made["xm"], made["open"][0]["xm"]);
        assert!(looks::is_id_number(made["id"].as_str().expect("text")), "{text}");
        assert!(looks::is_surely_phone(made["tel"].as_str().expect("text")) && made["tel2"].is_number(), "{text}");
        assert_eq!(made["nr"].as_str().map(|t| t.chars().count()), real["nr"].as_str().map(|t| t.chars().count()));
    }

    #[test]
    fn numbers_that_look_like_codes_are_made_up() {
        let mut masker = Masker::new(paths(&["gdbh", "sj", "zb"]), paths(&["xm", "dh", "zjhm"]));
        for secret in [
            json!({"xm": "zhangwei"}),
            json!({"dh": "87654321"}),
            json!({"dh": 87_654_321}),
            json!({"zjhm": "E12345678"}),
            json!({"a": "057487654321"}),
            json!({"a": "138-0000-1234"}),
            json!({"a": "8613800001234"}),
            json!({"a": 8_613_800_001_234_u64}),
            json!({"a": "330205850607123"}),
            json!({"a": "6222021234567890128"}),
            json!({"手机.备用": "87654321"}),
            json!({"手机.备用": {"x": "87654321"}}),
        ] {
            let made = masker.masked(&secret, "");
            assert_ne!(made, secret);
            let types = |value: &Value| value["dh"].is_number() || value["a"].is_number();
            assert_eq!(types(&made), types(&secret), "{made}");
        }
        for kept in [
            json!({"gdbh": "2026030100000001", "a": "330205"}),
            json!({"sj": "20260102030405+0800"}),
            json!({"sj": "/Date(1772330400000+0800)/"}),
            json!({"zb": "121.0548212345,29.13912345678"}),
            json!({"b": "202603010000001"}),
            json!({"b": "0012"}),
            json!({"b": "PROCESSING"}),
        ] {
            assert_eq!(masker.masked(&kept, ""), kept);
        }
        let [one, other] = ["87654320", "87654329"].map(|number| masker.masked(&json!({"dh": number}), ""));
        assert_ne!(one, other);
    }
}
