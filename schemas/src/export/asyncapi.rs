//! The AsyncAPI 3.1 document: which subjects there are, who says what on them, and in which shape.

use serde_json::{Map, Value, json};

use crate::command::CommandKind;

/// One subject: its name in the document, its address, what it is for, and the messages on it.
struct Subject {
    name: &'static str,
    address: &'static str,
    description: &'static str,
    messages: &'static [&'static str],
}

const SUBJECTS: &[Subject] = &[
    Subject {
        name: "submit",
        address: "submit.{channel}",
        description: "A sender hands in a report: core request, answered with a receipt once it is stored.",
        messages: &["report"],
    },
    Subject {
        name: "command",
        address: "command.{department}.{kind}",
        description: "A department wants something done: core request, answered once it is stored.",
        messages: &["commandRequest"],
    },
    Subject {
        name: "open",
        address: "open.{department}",
        description: "A department asks for the words of one of its entries: core request, audited.",
        messages: &["openRequest"],
    },
    Subject {
        name: "reply",
        address: "",
        description: "The asker's inbox, as its request named it.",
        messages: &["receipt", "commandOutcome", "opened", "problem"],
    },
    Subject {
        name: "queue",
        address: "queue.{department}.{case_id}.{n}",
        description: "A department's queue: stream QUEUES, pulled on the durable consumer named by the department. \
                      Acknowledging means received; signing for it is a command.",
        messages: &["entry"],
    },
    Subject {
        name: "outcome",
        address: "outcome.{department}.{command_id}",
        description: "The outcome of a command, kept for the absent: stream OUTCOMES.",
        messages: &["commandOutcome"],
    },
    Subject {
        name: "keptReceipt",
        address: "receipt.{channel}.{receipt}",
        description: "The receipt of a report, kept for the absent: stream OUTCOMES.",
        messages: &["receipt"],
    },
    Subject {
        name: "case",
        address: "case.{case_id}",
        description: "What happened to a case, one message for each decision: stream CASES, written by the ledger only.",
        messages: &["events"],
    },
    Subject {
        name: "entry",
        address: "entry.{department}.{case_id}.{n}",
        description: "One queue entry, created once: stream CASES, sourced into QUEUES.",
        messages: &["entry"],
    },
    Subject {
        name: "alias",
        address: "alias.{namespace}.{hash}",
        description: "A number of a case, created once: stream CASES.",
        messages: &["alias"],
    },
];

/// The whole document.
pub(super) fn document() -> Value {
    json!({
        "asyncapi": "3.1.0",
        "id": "urn:huiliu:asyncapi:v1",
        "info": {
            "title": "Huiliu (汇流) over NATS",
            "version": "1.0.0",
            "description": "The subjects that senders and departments use, and the log behind them. Every call \
                            carries a credential; a department reads its own queue and nothing else.",
            "license": { "name": "Apache-2.0" },
        },
        "defaultContentType": "application/json",
        "channels": SUBJECTS.iter().map(|s| (s.name.to_owned(), channel(s))).collect::<Map<_, _>>(),
        "operations": operations(),
        "components": { "messages": messages() },
    })
}

fn channel(subject: &Subject) -> Value {
    let reference = |m: &&str| ((*m).to_owned(), json!({ "$ref": format!("#/components/messages/{m}") }));
    let messages: Map<_, _> = subject.messages.iter().map(reference).collect();
    if subject.address.is_empty() {
        return json!({ "address": null, "description": subject.description, "messages": messages });
    }
    let parameters: Map<_, _> = subject.address.split('.').filter_map(parameter).collect();
    json!({
        "address": subject.address,
        "description": subject.description,
        "parameters": parameters,
        "messages": messages,
    })
}

fn parameter(token: &str) -> Option<(String, Value)> {
    let name = token.strip_prefix('{')?.strip_suffix('}')?;
    let described = match name {
        "channel" => json!({ "description": "渠道: the sender's channel." }),
        "department" => json!({ "description": "承办单位: the department's code in the directory." }),
        "kind" => {
            let kinds: Vec<&str> = CommandKind::ALL.iter().map(|k| k.as_str()).collect();
            json!({ "description": "The command.", "enum": kinds })
        }
        "case_id" => json!({ "description": "The case: a UUID." }),
        "n" => json!({ "description": "The entry's number in the case." }),
        "command_id" => json!({ "description": "The sender's id of the command." }),
        "receipt" => json!({ "description": "The receipt's name, with `-` for `.`." }),
        "namespace" => json!({ "description": "Whose numbering." }),
        _ => json!({ "description": "Computed from the number." }),
    };
    Some((name.to_owned(), described))
}

/// Seen from the hub: it receives requests and sends everything else.
fn operations() -> Value {
    let asked = |name: &str, message: &str, reply: &[&str]| {
        let answers: Vec<Value> =
            reply.iter().map(|m| json!({ "$ref": format!("#/channels/reply/messages/{m}") })).collect();
        json!({
            "action": "receive",
            "channel": { "$ref": format!("#/channels/{name}") },
            "messages": [{ "$ref": format!("#/channels/{name}/messages/{message}") }],
            "reply": {
                "address": { "location": "$message.header#/reply-to", "description": "The request's inbox." },
                "channel": { "$ref": "#/channels/reply" },
                "messages": answers,
            },
        })
    };
    let sent = |name: &str| json!({ "action": "send", "channel": { "$ref": format!("#/channels/{name}") } });
    json!({
        "submitReport": asked("submit", "report", &["receipt", "problem"]),
        "command": asked("command", "commandRequest", &["commandOutcome", "problem"]),
        "openEntry": asked("open", "openRequest", &["opened", "problem"]),
        "offerEntry": sent("queue"),
        "keepOutcome": sent("outcome"),
        "keepReceipt": sent("keptReceipt"),
        "recordEvents": sent("case"),
        "recordEntry": sent("entry"),
        "recordAlias": sent("alias"),
    })
}

fn messages() -> Value {
    let shaped = |title: &str, file: &str| {
        json!({
            "title": title,
            "contentType": "application/json",
            "payload": {
                "schemaFormat": "application/schema+json;version=draft-2020-12",
                "schema": { "$ref": format!("./{file}.json") },
            },
        })
    };
    let mut events = shaped("What one decision made of a case (CloudEvents 1.0, JSON batch)", "events");
    events["contentType"] = json!("application/cloudevents-batch+json");
    json!({
        "report": { "title": "A report exactly as the channel's own format has it; its pack reads it" },
        "alias": shaped("A number of a case", "alias"),
        "events": events,
        "entry": shaped("A queue entry", "entry"),
        "commandRequest": shaped("A command", "command-request"),
        "commandOutcome": shaped("The outcome of a command", "command-outcome"),
        "openRequest": shaped("A wish to read an entry's words", "open-request"),
        "opened": shaped("An entry with its words", "opened"),
        "receipt": shaped("A receipt", "receipt"),
        "problem": shaped("What was wrong (RFC 9457)", "problem"),
    })
}
