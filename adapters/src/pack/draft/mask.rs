//! Made-up values in the shape of the real ones: no fixture may hold what is personal. The same value becomes the same
//! one again, so that records that belong together still do. Pure.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use crate::looks;
use crate::map::as_text;

/// Makes values up.
pub(super) struct Masker {
    /// Paths whose values are no person's: times, codes, places of a list.
    open: BTreeSet<String>,
    made: HashMap<String, String>,
}

impl Masker {
    pub(super) fn new(open: BTreeSet<String>) -> Self {
        Self { open, made: HashMap::new() }
    }

    /// A value with everything personal in it made up.
    pub(super) fn masked(&mut self, value: &Value, at: &str) -> Value {
        match value {
            // `{"$date": …}` is a value.
            Value::Object(object) if as_text(value).is_some() => {
                Value::Object(object.iter().map(|(key, inner)| (key.clone(), self.masked(inner, at))).collect())
            }
            Value::Object(object) => {
                let below = |key: &String| if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
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
        let is_open = self.open.contains(at) || is_code(&text);
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
    text.split(is_between).any(looks::is_personal_number)
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

    #[test]
    fn what_is_made_up_has_the_shape_and_nothing_of_the_value() {
        let mut masker = Masker::new(BTreeSet::from(["t".to_owned(), "tel2".to_owned()]));
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
}
