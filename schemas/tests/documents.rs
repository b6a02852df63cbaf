//! The committed documents are what the types say, and what the types write is what the documents say.

use std::path::{Path, PathBuf};

use huiliu_schemas::event::event_types;
use huiliu_schemas::export::export;
use serde_json::{Value, json};

/// Made from the gateway's endpoints (`huiliu openapi`), and held to them there.
const FROM_THE_GATEWAY: &str = "openapi.json";

fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("json")
}

fn document(name: &str) -> Value {
    let files = export();
    let (_, text) = files.iter().find(|(file, _)| file == name).expect("a document");
    serde_json::from_str(text).expect("json")
}

#[test]
fn the_committed_documents_are_up_to_date() {
    for (name, text) in export() {
        let stands = std::fs::read_to_string(committed().join(&name)).unwrap_or_default();
        assert!(stands == text, "schemas/json/{name} is out of date: run `make schemas`");
    }
}

#[test]
fn nothing_else_lies_among_them() {
    let mut lying: Vec<String> = std::fs::read_dir(committed())
        .expect("schemas/json")
        .map(|file| file.expect("a file").file_name().to_string_lossy().into_owned())
        .collect();
    lying.sort();
    let mut made: Vec<String> = export().into_iter().map(|(name, _)| name).collect();
    made.push(FROM_THE_GATEWAY.to_owned());
    made.sort();
    assert_eq!(lying, made, "run `make schemas` and remove what it does not make");
}

#[test]
fn every_schema_is_a_2020_12_schema_with_a_name() {
    for (name, text) in export().iter().filter(|(name, _)| name != "asyncapi.json") {
        let schema: Value = serde_json::from_str(text).expect("json");
        jsonschema::draft202012::meta::validate(&schema).unwrap_or_else(|e| panic!("{name}: {e}"));
        let id = format!("urn:huiliu:schema:v1:{}", name.trim_end_matches(".json"));
        assert_eq!(schema["$id"], json!(id));
        for key in ["title", "description"] {
            assert!(schema[key].as_str().is_some_and(|t| !t.is_empty()), "{name} has no {key}");
        }
    }
}

#[test]
fn a_schema_refuses_what_is_not_its_message() {
    let validator = jsonschema::validator_for(&document("command-request.json")).expect("a schema");
    let mut request = json!({
        "id": "c-1",
        "case": "cac304cb-9a77-53f1-80b7-f539c2d4216a",
        "n": 1,
        "note": "已收到",
    });
    assert!(validator.is_valid(&request), "{:?}", validator.validate(&request));
    for (path, wrong) in [("/id", json!("no spaces")), ("/note", json!(["a"])), ("/case", json!(7))] {
        let mut changed = request.clone();
        *changed.pointer_mut(path).expect("there") = wrong;
        assert!(!validator.is_valid(&changed), "{path}");
    }
    request.as_object_mut().expect("an object").remove("id");
    assert!(!validator.is_valid(&request), "without an id");
}

#[test]
fn every_reference_of_the_asyncapi_document_leads_somewhere() {
    let document = document("asyncapi.json");
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(references.len() > 30);
    let made: Vec<String> = export().into_iter().map(|(name, _)| format!("./{name}")).collect();
    for reference in references {
        let leads = match reference.strip_prefix('#') {
            Some(pointer) => document.pointer(pointer).is_some(),
            None => made.contains(&reference),
        };
        assert!(leads, "{reference} leads nowhere");
    }
}

#[test]
fn the_schema_names_every_event() {
    let document = document("events.json");
    let types = document["$defs"]["StoredEvent"]["properties"]["type"]["enum"].as_array().expect("types");
    assert_eq!(types.len(), event_types().len());
    assert!(types.contains(&json!("cn.huiliu.case.signed_for.v1")));
}

fn collect(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            references.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
            map.values().for_each(|v| collect(v, references));
        }
        Value::Array(items) => items.iter().for_each(|v| collect(v, references)),
        _ => {}
    }
}
