//! The configuration file of the embedded nats-server.
//!
//! Pure: settings and keys in, text out. It must never contain a secret: the gateway's own
//! passwords stand there as bcrypt hashes, like everybody's.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use super::settings::Durability;
use crate::doors::permissions::info_of;
use crate::doors::{Credentials, Key, Permissions, Reach};

/// Larger than any body the gateway takes.
pub const MAX_PAYLOAD_BYTES: usize = 8 * 1024 * 1024;

/// The largest question of a department: larger than any the gateway takes, so that what is somewhat too large is told so.
const MAX_QUESTION_BYTES: usize = 512 << 10;

/// A pebibyte: more than any disk.
const MAX_FILE_STORE_BYTES: u64 = 1 << 50;

/// What the file is made from.
pub struct ServerConfig<'a> {
    /// The port on 127.0.0.1.
    pub port: u16,
    /// The directory everything of the server lives in.
    pub directory: &'a Path,
    /// How durable an acknowledged message is.
    pub durability: Durability,
    /// bcrypt of the gateway's password.
    pub gateway_bcrypt: &'a str,
    /// bcrypt of the password with which the gateway asks the server about itself.
    pub system_bcrypt: &'a str,
    /// Everybody else.
    pub credentials: &'a Credentials,
}

/// Where the server keeps its store, in its directory.
const STORE: &str = "store";
/// The gateway's streams, in the server's directory.
pub const STREAMS: &str = "store/jetstream/HUB/streams";
/// The user name of the gateway itself.
pub const GATEWAY_USER: &str = "$gateway";
/// The user name with which the gateway asks the server about itself.
pub const SYSTEM_USER: &str = "$system";

impl ServerConfig<'_> {
    /// The text of the file.
    #[must_use]
    pub fn render(&self) -> String {
        format!(
            r#"# Written by huiliu at every start and whenever the credentials change. Edits are lost.
server_name: "huiliu"
host: "127.0.0.1"
port: {port}
max_payload: {MAX_PAYLOAD_BYTES}
log_file: {log}
logfile_size_limit: 32MB
logfile_max_num: 4
jetstream {{
  store_dir: {store}
  sync_interval: {sync}
  # The hub watches the disk itself. The server's own limit, three quarters of what is free when it starts, would refuse
  # everything after a restart on a disk more than half full.
  max_file_store: {MAX_FILE_STORE_BYTES}
  # One durable consumer per department on one stream: the default of 1,000 is too few for a province.
  limits {{ default_max_consumers: 100000 }}
}}
system_account: "SYS"
accounts {{
  SYS {{ users: [ {{ user: {SYSTEM_USER:?}, password: {system} }} ] }}
{accounts}}}
"#,
            port = self.port,
            log = quoted(&self.directory.join("server.log").to_string_lossy()),
            store = quoted(&self.directory.join(STORE).to_string_lossy()),
            sync = sync_interval(self.durability),
            system = quoted(self.system_bcrypt),
            accounts = accounts(GATEWAY_USER, self.gateway_bcrypt, self.credentials),
        )
    }
}

fn sync_interval(durability: Durability) -> &'static str {
    match durability {
        Durability::FsyncAlways => "always",
        Durability::Relaxed => "\"10s\"",
    }
}

/// What the administrator of an external server includes among its accounts.
#[must_use]
pub fn external_accounts(gateway: &str, gateway_bcrypt: &str, credentials: &Credentials) -> String {
    let accounts = accounts(gateway, gateway_bcrypt, credentials);
    format!("# Written by `huiliu keys nats`: write it again whenever the keys change.\n{accounts}")
}

/// The gateway and its streams in one account, each department and each channel in one of its own. Where an answer goes is
/// the asker's choice, and the server checks only what is asked: in one account with the streams, whoever may pull could have
/// what is handed out sent into the case log; in one with another department, what it is answered told to that one as its own
/// outcome.
fn accounts(gateway: &str, gateway_bcrypt: &str, credentials: &Credentials) -> String {
    let (gateway, password) = (quoted(gateway), quoted(gateway_bcrypt));
    let mut text = format!(
        "  HUB {{\n    jetstream: enabled\n    users: [\n      {{ user: {gateway}, password: {password} }}\n    ]\n    exports: [\n"
    );
    for Service { subject, given } in SERVICES {
        let _infallible = writeln!(text, "      {{ service: {}{given} }}", quoted(subject));
    }
    for subject in HEARD {
        let _infallible = writeln!(text, "      {{ stream: {} }}", quoted(subject));
    }
    text.push_str("    ]\n  }\n");
    let mut doors: BTreeMap<String, Door<'_>> = BTreeMap::new();
    for key in credentials.keys() {
        let Some(reach) = Reach::of(&key.principal) else { continue };
        doors.entry(reach.account.clone()).or_insert_with(|| Door { reach, keys: Vec::new() }).keys.push(key);
    }
    for (account, door) in &doors {
        let _infallible = writeln!(text, "  {account} {{\n{}  }}", door.render());
    }
    text
}

/// The account of a department or a channel.
struct Door<'a> {
    reach: Reach,
    keys: Vec<&'a Key>,
}

impl Door<'_> {
    fn render(&self) -> String {
        let mut text = "    users: [\n".to_owned();
        for key in &self.keys {
            let Permissions { publish, subscribe } = Permissions::of(&self.reach, &key.name);
            let _infallible = writeln!(
                text,
                "      {{ user: {}, password: {}, permissions: {{ publish: [{}], subscribe: [{}] }} }}",
                quoted(key.name.as_str()),
                quoted(&key.bcrypt),
                list(&publish),
                list(&subscribe),
            );
        }
        text.push_str("    ]\n    imports: [\n");
        for subject in &self.reach.asked {
            let _infallible = writeln!(text, "      {{ service: {{ account: HUB, subject: {} }} }}", quoted(subject));
        }
        for subject in &self.reach.heard {
            let _infallible = writeln!(text, "      {{ stream: {{ account: HUB, subject: {} }} }}", quoted(subject));
        }
        let Some(department) = &self.reach.consumer else { return text + "    ]\n" };
        let (info, look) = (quoted(&format!("{INFO}.{department}")), quoted(&info_of(department)));
        let _infallible = writeln!(
            text,
            "      {{ service: {{ account: HUB, subject: {info} }}, to: {look}, share: true }}\n    ]\n    \
             mappings: {{ {info}: {look} }}\n    limits: {{ max_payload: {MAX_QUESTION_BYTES} }}"
        );
        text
    }
}

/// What those at the doors may ask of the hub and its streams; each of their accounts has its own part of it.
struct Service {
    subject: &'static str,
    /// How it is answered.
    given: &'static str,
}

/// Answered once, by the gateway.
const fn asked(subject: &'static str) -> Service {
    Service { subject, given: "" }
}

/// Answered as often as there is something to hand out. The server keeps a note of each question until so long after the
/// last answer, and of those whose asker is gone too: it must outlast the longest pull, and not by much.
const fn handed_out(subject: &'static str) -> Service {
    Service { subject, given: ", response_type: stream, response_threshold: \"2m\"" }
}

const SERVICES: [Service; 7] = [
    asked("submit.*"),
    asked("command.*.*"),
    asked("open.*"),
    asked("$JS.API.CONSUMER.INFO.QUEUES.*"),
    handed_out("$JS.API.CONSUMER.MSG.NEXT.QUEUES.*"),
    // Two forms; the second, with domain and account, has at least eleven tokens. A shorter one would be the first form of
    // any stream's consumer.
    handed_out("$JS.ACK.QUEUES.*.*.*.*.*.*"),
    handed_out("$JS.ACK.*.*.QUEUES.*.*.*.*.*.>"),
];
/// What clients ask before they pull. The server itself answers, and must be told for whom; the doors have another name for
/// it, for under this one it answers everybody whose account has no streams that there are none.
const INFO: &str = "$JS.API.CONSUMER.INFO.QUEUES";
/// What they may hear.
const HEARD: [&str; 2] = ["outcome.*.>", "receipt.*.>"];

fn list(subjects: &[String]) -> String {
    let quoted: Vec<_> = subjects.iter().map(|subject| quoted(subject)).collect();
    quoted.join(", ")
}

/// A quoted string is never read as a variable, so `$2b$…` and `$JS.…` stay what they are.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doors::KeyKind;

    #[test]
    fn operators_and_machines_have_no_user_and_departments_have_a_narrow_one() {
        let mut credentials = Credentials::default();
        for (kind, subject, name) in [
            (KeyKind::Operator, "li", "li"),
            (KeyKind::Machine, "metrics", "metrics"),
            (KeyKind::Department, "jb-housing", "housing-1"),
        ] {
            credentials.mint(kind, subject, name).expect("minted");
        }
        credentials.mint(KeyKind::Department, "jb-housing", "housing-2").expect("minted");
        let text = accounts("hub", "hash", &credentials);
        assert_eq!(text.matches("user: ").count(), 3, "{text}");
        assert_eq!(text.matches("  department-jb-housing {").count(), 1, "{text}");
        assert!(text.contains(r#"subscribe: ["outcome.jb-housing.>", "_INBOX_housing-1.>"]"#), "{text}");
    }

    #[test]
    fn quotes_cannot_be_broken_out_of() {
        assert_eq!(quoted(r#"a"b\c"#), r#""a\"b\\c""#);
    }
}
