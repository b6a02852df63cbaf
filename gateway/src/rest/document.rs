//! The OpenAPI 3.1 document: made from what is said of every operation and from the types that are sent and answered.

use std::collections::BTreeMap;

use huiliu_schemas::problem::Problem as ProblemDocument;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::components;
use super::operation::{Answer, Body, Key, Operation, Shape};
use crate::problem::{Kind, status};

const SCHEMAS: &str = "/components/schemas";

/// The whole document.
pub fn document(operations: &[Operation]) -> Value {
    let mut shapes = Shapes::new();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for operation in operations {
        let item = paths.entry(&operation.path).or_default();
        item.insert(operation.method.name().to_owned(), shapes.operation(operation));
    }
    let mut document = json!({
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "Huiliu (汇流) over HTTP",
            "version": "1.0.0",
            "summary": "社会治理中心的受理汇聚与流转网关。 Intake hub and integration gateway of a social-governance centre.",
            "description": include_str!("document.md"),
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/", "description": "本网关。 The hub that serves this document." }],
        "tags": components::tags(),
        "paths": paths,
        "components": {
            "schemas": shapes.named(),
            "parameters": components::parameters(),
            "headers": components::headers(),
            "securitySchemes": components::security_schemes(),
        },
    });
    bounded(&mut document);
    document
}

/// The schemas met on the way. What is answered is told as it is written; what is sent, as it is read.
struct Shapes {
    answered: SchemaGenerator,
    sent: SchemaGenerator,
}

impl Shapes {
    fn new() -> Self {
        let settings = |inline: bool| {
            let mut settings = SchemaSettings::draft2020_12();
            settings.definitions_path = SCHEMAS.into();
            settings.meta_schema = None;
            settings.inline_subschemas = inline;
            settings
        };
        Self {
            answered: settings(false).for_serialize().into_generator(),
            sent: settings(true).for_deserialize().into_generator(),
        }
    }

    fn named(&mut self) -> Map<String, Value> {
        self.answered.take_definitions(true)
    }

    fn operation(&mut self, operation: &Operation) -> Value {
        let mut told = json!({
            "operationId": operation.id,
            "tags": [operation.tag.name()],
            "summary": format!("{} · {}", operation.zh, operation.en),
            "security": components::security(operation.keys),
            "responses": self.responses(operation),
        });
        if !operation.more.is_empty() {
            told["description"] = operation.more.into();
        }
        let mut parameters = components::parts_of(&operation.path);
        parameters.extend(operation.query.map(|query| self.query(query)).unwrap_or_default());
        let headers = operation.headers.iter();
        parameters.extend(headers.map(|name| json!({ "$ref": format!("#/components/parameters/{name}") })));
        if !parameters.is_empty() {
            told["parameters"] = parameters.into();
        }
        if !operation.bodies.is_empty() {
            let content: Map<_, _> = operation.bodies.iter().map(|body| content(&mut self.sent, body)).collect();
            told["requestBody"] = json!({ "required": !operation.empty_body, "content": content });
        }
        told
    }

    /// The fields of a type as parameters. A parameter that is left out is left out, and not null.
    fn query(&mut self, shape: fn(&mut SchemaGenerator) -> schemars::Schema) -> Vec<Value> {
        let schema = shape(&mut self.sent).to_value();
        let fields = schema["properties"].as_object().cloned().unwrap_or_default();
        let parameter = |(name, mut schema): (String, Value)| {
            not_null(&mut schema);
            let mut said = json!({ "name": name, "in": "query", "required": false });
            said["description"] = schema["description"].take();
            if schema["type"] == "array" {
                said["style"] = "form".into();
                said["explode"] = false.into();
            }
            if let Some(fields) = schema.as_object_mut() {
                fields.remove("description");
                fields.remove("default");
            }
            said["schema"] = schema;
            said
        };
        fields.into_iter().map(parameter).collect()
    }

    fn responses(&mut self, operation: &Operation) -> Map<String, Value> {
        let mut told: BTreeMap<u16, Value> = BTreeMap::new();
        for answer in &operation.answers {
            told.insert(answer.status, self.answer(operation, answer));
        }
        let mut fails = operation.fails.clone();
        if operation.keys.iter().any(|key| *key != Key::Signature) {
            fails.push(Kind::Internal);
        }
        for kind in fails {
            let status = status(kind).as_u16();
            let problem = told.entry(status).or_insert_with(|| self.problem(operation, kind));
            problem["content"]["application/problem+json"]["examples"][kind.name()] =
                json!({ "summary": kind.english(), "value": components::example_of(kind) });
        }
        told.into_iter().map(|(status, answer)| (status.to_string(), answer)).collect()
    }

    fn answer(&mut self, operation: &Operation, answer: &Answer) -> Value {
        let mut told = json!({ "description": answer.description });
        if let Some(body) = &answer.content {
            let (media, content) = content(&mut self.answered, body);
            told["content"] = json!({ media: content });
        }
        let mut headers = limits(operation);
        if operation.tagged {
            headers.insert("ETag".to_owned(), header("ETag"));
        }
        if !headers.is_empty() {
            told["headers"] = headers.into();
        }
        told
    }

    fn problem(&mut self, operation: &Operation, kind: Kind) -> Value {
        let schema = self.answered.subschema_for::<ProblemDocument>();
        // Who is not proven is not counted.
        let counted = !matches!(kind, Kind::Unauthenticated | Kind::Forbidden | Kind::NotFound);
        let mut headers = if counted { limits(operation) } else { Map::new() };
        match kind {
            Kind::TooMany | Kind::Unavailable | Kind::UnknownOutcome | Kind::Refused => {
                headers.insert("Retry-After".to_owned(), header("RetryAfter"));
            }
            Kind::Unauthenticated => {
                headers.insert("WWW-Authenticate".to_owned(), header("WwwAuthenticate"));
            }
            _ => {}
        }
        let mut told = json!({
            "description": format!("{} · {}", kind.chinese(), kind.english()),
            "content": { "application/problem+json": { "schema": schema } },
        });
        if !headers.is_empty() {
            told["headers"] = headers.into();
        }
        told
    }
}

fn header(name: &str) -> Value {
    json!({ "$ref": format!("#/components/headers/{name}") })
}

fn limits(operation: &Operation) -> Map<String, Value> {
    let told = [("RateLimit-Policy", "RateLimitPolicy"), ("RateLimit", "RateLimit")];
    let told = told.into_iter().filter(|_| operation.limited);
    told.map(|(name, component)| (name.to_owned(), header(component))).collect()
}

fn content(shapes: &mut SchemaGenerator, body: &Body) -> (String, Value) {
    let schema = match &body.shape {
        Shape::Of(shape) => shape(shapes).to_value(),
        Shape::Is(schema) => schema.clone(),
    };
    let mut told = json!({ "schema": schema });
    if !body.example.is_empty() {
        told["example"] = serde_json::from_str(&body.example).unwrap_or_else(|_| body.example.clone().into());
    }
    (body.media.to_owned(), told)
}

/// The formats of Rust's integers as the bounds they are, which every reader knows.
fn bounded(document: &mut Value) {
    match document {
        Value::Object(map) => {
            map.values_mut().for_each(bounded);
            let most = match map.get("format").and_then(Value::as_str) {
                Some("uint8") => u64::from(u8::MAX),
                Some("uint16") => u64::from(u16::MAX),
                Some("uint32") => u64::from(u32::MAX),
                Some("uint" | "uint64") => u64::MAX,
                _ => return,
            };
            map.remove("format");
            map.entry("maximum").or_insert_with(|| most.into());
        }
        Value::Array(items) => items.iter_mut().for_each(bounded),
        _ => {}
    }
}

/// An optional field may be null in a body; in a query it is there or not.
fn not_null(schema: &mut Value) {
    if let Some(types) = schema.get_mut("type").and_then(Value::as_array_mut) {
        types.retain(|t| t != "null");
        if let [only] = types.as_slice() {
            schema["type"] = only.clone();
        }
    }
    if let Some(several) = schema.get_mut("anyOf").and_then(Value::as_array_mut) {
        several.retain(|s| s["type"] != "null");
        if let [only] = several.as_slice() {
            let only = only.clone();
            let described = schema["description"].take();
            *schema = only;
            schema["description"] = described;
        }
    }
}
