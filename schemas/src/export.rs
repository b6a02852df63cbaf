//! The public documents made from the types: one JSON Schema (2020-12) per message, and the AsyncAPI document of the
//! NATS subjects. The files in `schemas/json/` are this module's output and nothing else; it writes none itself.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};

use crate::alias::Alias;
use crate::case::Case;
use crate::command::Command;
use crate::decision::Decision;
use crate::entry::Entry;
use crate::event::Events;
use crate::keyring::KeyRing;
use crate::message::{CommandOutcome, CommandRequest, OpenRequest, Opened};
use crate::problem::Problem;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::submission::Submission;

mod asyncapi;

/// Every document: file name and text, in the order of their names.
pub fn export() -> Vec<(String, String)> {
    let mut files = vec![
        schema::<Alias>("alias"),
        schema::<KeyRing>("key-ring"),
        schema::<Case>("case"),
        schema::<Command>("command"),
        schema::<CommandOutcome>("command-outcome"),
        schema::<CommandRequest>("command-request"),
        schema::<Decision>("decision"),
        schema::<Entry>("entry"),
        schema::<Events>("events"),
        schema::<OpenRequest>("open-request"),
        schema::<Opened>("opened"),
        schema::<Problem>("problem"),
        schema::<Receipt>("receipt"),
        schema::<Refusal>("refusal"),
        schema::<Submission>("submission"),
        ("asyncapi.json".to_owned(), text(&asyncapi::document())),
    ];
    files.sort();
    files
}

fn schema<T: JsonSchema>(name: &str) -> (String, String) {
    let mut schema: Schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>();
    schema.insert("$id".to_owned(), json!(format!("urn:huiliu:schema:v1:{name}")));
    (format!("{name}.json"), text(schema.as_value()))
}

/// A document as text: keys sorted, whatever map the build's features chose for JSON objects.
pub fn text(value: &Value) -> String {
    format!("{:#}\n", sorted(value))
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            entries.into_iter().map(|(key, value)| (key.clone(), sorted(value))).collect()
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}
