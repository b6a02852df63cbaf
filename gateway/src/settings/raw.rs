//! The settings as they stand in the file, before anything is believed.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use toml::{Table, Value};

/// The whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    pub(super) http: Http,
    pub(super) data: Data,
    pub(super) log: Log,
    pub(super) traces: Traces,
    pub(super) engine: Engine,
    /// Merged into every channel before; read only so that a wrong word in it is noticed.
    #[serde(rename = "channel_defaults")]
    pub(super) _channel_defaults: Channel,
    #[serde(default)]
    pub(super) channels: BTreeMap<String, Channel>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Http {
    pub(super) listen: String,
    pub(super) allow_network: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Data {
    pub(super) dir: PathBuf,
    pub(super) credentials_file: Option<PathBuf>,
    pub(super) master_key_file: Option<PathBuf>,
    pub(super) directory_dir: PathBuf,
    pub(super) packs_dir: Option<PathBuf>,
    pub(super) reserve: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Log {
    pub(super) format: String,
    pub(super) filter: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Traces {
    pub(super) endpoint: Option<String>,
    pub(super) share: f64,
    pub(super) service_name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Engine {
    pub(super) urls: Vec<String>,
    pub(super) replicas: usize,
    pub(super) user: Option<String>,
    pub(super) password: Option<SecretPlace>,
    pub(super) embedded: Embedded,
    pub(super) tls: Option<Tls>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Embedded {
    pub(super) port: u16,
    pub(super) durability: String,
    pub(super) relaxed_because: Option<String>,
    pub(super) memory_limit: String,
    pub(super) nats_server: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tls {
    pub(super) ca_file: Option<PathBuf>,
    pub(super) client_cert_file: Option<PathBuf>,
    pub(super) client_key_file: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Channel {
    pub(super) enabled: bool,
    pub(super) poll_interval_s: u64,
    pub(super) requests_per_second: u32,
    pub(super) pack: Option<String>,
    pub(super) namespace: Option<String>,
    pub(super) base_url: Option<String>,
    pub(super) key: Option<SecretPlace>,
    pub(super) client_id: Option<String>,
    pub(super) client_secret: Option<SecretPlace>,
    #[serde(default)]
    pub(super) push_secrets: Vec<SecretPlace>,
    #[serde(default)]
    pub(super) answer_secrets: Vec<SecretPlace>,
    pub(super) since: Option<String>,
    pub(super) history_before: Option<String>,
}

/// Where a secret is to be found; never the secret.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SecretPlace {
    pub(super) file: Option<PathBuf>,
    pub(super) env: Option<String>,
}

/// Lays `own` over `defaults`, and the channel defaults under every channel.
///
/// # Errors
/// What TOML or the shape of the file does not allow, with the place.
pub(super) fn merge(defaults: &str, own: &str) -> Result<Raw, toml::de::Error> {
    let mut merged: Table = defaults.parse()?;
    lay_over(&mut merged, own.parse()?);
    let common = table(merged.get("channel_defaults"));
    if let Some(Value::Table(channels)) = merged.get_mut("channels") {
        for (_, channel) in channels.iter_mut() {
            let mut full = common.clone();
            lay_over(&mut full, table(Some(channel)));
            *channel = Value::Table(full);
        }
    }
    merged.try_into()
}

fn table(value: Option<&Value>) -> Table {
    value.and_then(Value::as_table).cloned().unwrap_or_default()
}

fn lay_over(under: &mut Table, over: Table) {
    for (name, value) in over {
        match (under.get_mut(&name), value) {
            (Some(Value::Table(under)), Value::Table(over)) => lay_over(under, over),
            (_, value) => drop(under.insert(name, value)),
        }
    }
}
