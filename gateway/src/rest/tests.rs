//! The document is what the endpoints say, every example is what its schema says, and there is no other way to an endpoint.

use std::collections::BTreeSet;
use std::path::Path;

use jsonschema::Validator;
use serde_json::{Value, json};

use super::document::document;
use crate::api::{openapi, operations};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_committed_document_is_up_to_date() {
    let stands = std::fs::read_to_string(root().join("../schemas/json/openapi.json")).unwrap_or_default();
    assert!(stands == openapi(), "schemas/json/openapi.json is out of date: run `make schemas`");
}

#[test]
fn no_route_is_made_but_with_its_description() {
    let mut looked = 0;
    let mut folders = vec![root().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("rest/endpoints.rs") {
                let text = std::fs::read_to_string(&path).expect("text");
                let routed = [".route(", ".route_service(", ".nest("].iter().any(|way| text.contains(way));
                assert!(!routed || path.ends_with("rest/tests.rs"), "{} makes a route by itself", path.display());
                looked += 1;
            }
        }
    }
    assert!(looked > 100);
}

#[test]
fn every_operation_is_described_once_and_its_path_wholly() {
    let operations = operations();
    let names: BTreeSet<&str> = operations.iter().map(|o| &*o.id).collect();
    assert_eq!(names.len(), operations.len(), "two operations have one name");
    let document = document(&operations);
    for operation in &operations {
        let told = &document["paths"][&*operation.path][operation.method.name()];
        assert_eq!(told["operationId"], *operation.id);
        assert!(told["responses"].as_object().is_some_and(|r| r.keys().any(|status| status.starts_with('2'))));
    }
    for reference in references(&document) {
        let pointer = reference.trim_start_matches('#');
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

#[test]
fn every_example_is_what_its_schema_says() {
    let document = document(&operations());
    let mut held = 0;
    each(&document, &mut |node| {
        let Some(schema) = node.get("schema") else { return };
        let named = node.get("examples").and_then(Value::as_object).into_iter().flatten().map(|(_, e)| &e["value"]);
        for example in node.get("example").into_iter().chain(named) {
            let told: Vec<String> = validator(&document, schema).iter_errors(example).map(|e| e.to_string()).collect();
            assert!(told.is_empty(), "{schema}\n{example}\n{told:?}");
            held += 1;
        }
    });
    assert!(held > 150, "{held}");
}

#[test]
fn an_example_that_is_wrong_is_found() {
    let document = document(&operations());
    let receipt = validator(&document, &json!({ "$ref": "#/components/schemas/Receipt" }));
    assert!(!receipt.is_valid(&json!({ "receipt": "hotline-12345.1" })));
}

fn validator(document: &Value, schema: &Value) -> Validator {
    let whole = json!({ "components": document["components"], "allOf": [schema] });
    jsonschema::draft202012::options().build(&whole).expect("a schema")
}

fn references(document: &Value) -> Vec<String> {
    let mut found = Vec::new();
    each(document, &mut |node| found.extend(node.get("$ref").and_then(Value::as_str).map(str::to_owned)));
    found
}

fn each(value: &Value, look: &mut impl FnMut(&Value)) {
    look(value);
    match value {
        Value::Object(map) => map.values().for_each(|v| each(v, look)),
        Value::Array(items) => items.iter().for_each(|v| each(v, look)),
        _ => {}
    }
}
