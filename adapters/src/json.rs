//! JSON as it was sent: where a key stands twice in one object, neither value hides the other. Pure.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Value, json};

/// The only key of what stands where a key was met twice, with another value each time.
const TWICE: &str = "$twice";

/// A document, with both values of a key that stands twice: two lists are one, the keys of two objects stand in one; of what
/// says nothing, or the same again, the other is kept. Others nobody can choose between: see [`twice`].
pub(crate) fn parse(text: &str) -> Result<Value, serde_json::Error> {
    serde_json::from_str::<Whole>(text).map(|Whole(value)| value)
}

/// The first two values of a key that stood twice.
pub(crate) fn twice(value: &Value) -> Option<&[Value]> {
    value.as_object().filter(|object| object.len() == 1)?.get(TWICE)?.as_array().map(Vec::as_slice)
}

/// A value as [`parse`] reads it.
pub(crate) struct Whole(pub(crate) Value);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WholeVisitor).map(Self)
    }
}

struct WholeVisitor;

impl<'de> Visitor<'de> for WholeVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Whole(element)) = elements.next_element()? {
            list.push(element);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((key, Whole(value))) = entries.next_entry::<String, Whole>()? {
            put(&mut map, key, value);
        }
        Ok(Value::Object(map))
    }
}

fn put(map: &mut Map<String, Value>, key: String, value: Value) {
    match map.entry(key) {
        Entry::Vacant(place) => drop(place.insert(value)),
        Entry::Occupied(mut known) => join(known.get_mut(), value),
    }
}

/// Costs no more than the latter is long: a body may have a key a million times.
fn join(known: &mut Value, next: Value) {
    if says_nothing(&next) || *known == next || twice(known).is_some() {
        return;
    }
    match (known, next) {
        (known, next) if says_nothing(known) => *known = next,
        (Value::Array(list), Value::Array(more)) => list.extend(more),
        (Value::Object(map), Value::Object(more)) => more.into_iter().for_each(|(key, value)| put(map, key, value)),
        (known, next) => *known = json!({ TWICE: [known.take(), next] }),
    }
}

fn says_nothing(value: &Value) -> bool {
    value.is_null() || value.as_str() == Some("")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_key_that_stands_twice_hides_nothing() {
        for (text, expected) in [
            (r#"{"a":[1],"b":0,"a":[2]}"#, json!({"a": [1, 2], "b": 0})),
            (r#"{"a":[1],"a":[1]}"#, json!({"a": [1]})),
            (r#"{"d":{"a":[1]},"d":{"a":[2],"b":3}}"#, json!({"d": {"a": [1, 2], "b": 3}})),
            (r#"{"a":"甲","a":"甲"}"#, json!({"a": "甲"})),
            (r#"{"a":null,"a":"甲","a":""}"#, json!({"a": "甲"})),
            (r#"{"a":1,"a":"","a":2,"a":3}"#, json!({"a": {TWICE: [1, 2]}})),
            (r#"[{"a":1,"a":[1]}]"#, json!([{"a": {TWICE: [1, [1]]}}])),
            (r#"{"a":true,"a":false}"#, json!({"a": {TWICE: [true, false]}})),
        ] {
            assert_eq!(parse(text).expect("read"), expected, "{text}");
        }
        assert!(parse(r#"{"a":1,}"#).is_err());
    }

    proptest! {
        /// Where no key stands twice it is what any other parser reads.
        #[test]
        fn other_documents_are_read_as_ever(
            texts in prop::collection::vec("\\PC{0,6}", 1..5), number in any::<f64>(), whole in any::<i64>(), flag in any::<bool>(),
        ) {
            let text = json!({ "a": texts, "b": [number, whole, flag, null], "c": { "d": texts[0] } }).to_string();
            prop_assert_eq!(parse(&text).ok(), serde_json::from_str::<Value>(&text).ok());
        }
    }
}
