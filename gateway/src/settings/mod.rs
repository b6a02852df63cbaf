//! The settings: a file laid over the documented defaults, then checked once.
//!
//! What comes out needs no further checking. A secret never stands in the file, only where to find
//! it; and nothing here may start or connect anything.

mod raw;
mod traces;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, fs};

use huiliu_schemas::{Channel, Namespace};
use jiff::{SignedDuration, Timestamp};
use tracing_subscriber::EnvFilter;

use crate::doors::Secret;
use crate::engine::{Durability, Embedded, EngineSettings, External, Server, Tls};

pub use traces::TraceSettings;

/// The documented defaults; `huiliu settings` prints them.
pub const DEFAULTS: &str = include_str!("../../huiliu.default.toml");

/// The words that make a weaker durability acceptable.
const RELAXED_WORDS: &str = "I accept that a power cut loses reports that were already acknowledged";

/// The settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A file cannot be read.
    #[error("failed to read {path} ({field}): {source}")]
    Read {
        /// The setting that names it.
        field: String,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Not TOML, an unknown word, or a value of the wrong kind.
    #[error("the settings cannot be understood: {0}")]
    Shape(#[from] toml::de::Error),
    /// A variable that is to hold a secret is not set; told only where nothing else is wrong before it.
    #[error("{field} = `{name}` is not usable, expected the name of a variable that is set")]
    NotSet {
        /// The setting that names it.
        field: String,
        /// The variable.
        name: String,
    },
    /// A value that makes no sense.
    #[error("{field} = `{value}` is not usable, expected {expected}")]
    Value {
        /// The setting.
        field: String,
        /// What stands there.
        value: String,
        /// What should.
        expected: String,
    },
}

/// Where things are: what commands need that neither run the hub nor speak for a channel. No secret is looked up for it.
#[derive(Debug)]
pub struct Places {
    /// Where the HTTP door listens.
    pub listen: SocketAddr,
    /// Everything kept.
    pub data_dir: PathBuf,
    /// Who may come in.
    pub credentials_file: PathBuf,
    /// The key that wraps all data keys.
    pub master_key_file: PathBuf,
    /// Divisions, departments, responsibility lists.
    pub directory_dir: PathBuf,
    /// Packs beside the built-in ones.
    pub packs_dir: Option<PathBuf>,
    /// The packs of the channels that are switched on.
    pub packs: BTreeSet<String>,
    /// How to log.
    pub log: LogSettings,
    /// Where traces go; nowhere without.
    pub traces: Option<TraceSettings>,
}

/// Everything the binary needs to know to run.
#[derive(Debug)]
pub struct Settings {
    /// Where the HTTP door listens.
    pub listen: SocketAddr,
    /// Everything kept.
    pub data_dir: PathBuf,
    /// Who may come in.
    pub credentials_file: PathBuf,
    /// The key that wraps all data keys.
    pub master_key_file: PathBuf,
    /// Divisions, departments, responsibility lists.
    pub directory_dir: PathBuf,
    /// Packs beside the built-in ones.
    pub packs_dir: Option<PathBuf>,
    /// How to log.
    pub log: LogSettings,
    /// Where traces go; nowhere without.
    pub traces: Option<TraceSettings>,
    /// Bytes of the store's disk that new reports must leave free.
    pub reserve: u64,
    /// Which message engine.
    pub engine: EngineSettings,
    /// The channels that are switched on.
    pub channels: BTreeMap<Channel, ChannelSettings>,
}

/// How to log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// For whom.
    pub format: LogFormat,
    /// As in `RUST_LOG`.
    pub filter: String,
}

/// For whom the log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// People.
    Text,
    /// Collectors.
    Json,
}

/// One channel that is switched on.
#[derive(Debug)]
pub struct ChannelSettings {
    /// How it talks and what it means.
    pub pack: String,
    /// Whose numbering, if not the pack's.
    pub namespace: Option<Namespace>,
    /// Where it is asked and told; without a trailing slash.
    pub base_url: Option<String>,
    /// What we show it when we ask.
    pub key: Option<Secret>,
    /// Who we are where it hands out tokens: the name and the secret it gave us.
    pub client: Option<(String, Secret)>,
    /// What its pushes are signed with.
    pub push_secrets: Vec<Secret>,
    /// What we sign with what it is told.
    pub answer_secrets: Vec<Secret>,
    /// It is pulled from then on; not at all without.
    pub since: Option<Timestamp>,
    /// Registered earlier: recorded, not dispatched.
    pub history_before: Option<Timestamp>,
    /// Between two rounds of pulling.
    pub poll_interval: Duration,
    /// Pushed requests taken per second.
    pub requests_per_second: NonZeroU32,
}

impl Places {
    /// Reads where things are from a settings file; without one, from the defaults.
    ///
    /// # Errors
    /// See [`Settings::load`]; secrets that cannot be found are no error here.
    pub fn load(path: Option<&Path>) -> Result<Self, SettingsError> {
        let (raw, base) = read_raw(path)?;
        Self::of(&raw, &base)
    }

    fn of(raw: &raw::Raw, base: &Path) -> Result<Self, SettingsError> {
        let data_dir = base.join(&raw.data.dir);
        let credentials = raw.data.credentials_file.as_ref();
        let master_key = raw.data.master_key_file.as_ref();
        let on = raw.channels.iter().filter(|(_, channel)| channel.enabled);
        Ok(Self {
            packs: on.map(|(name, channel)| channel.pack.as_ref().unwrap_or(name).clone()).collect(),
            listen: listen(&raw.http)?,
            credentials_file: credentials.map_or_else(|| data_dir.join("credentials.toml"), |path| base.join(path)),
            master_key_file: master_key.map_or_else(|| data_dir.join("master.key"), |path| base.join(path)),
            directory_dir: base.join(&raw.data.directory_dir),
            packs_dir: raw.data.packs_dir.as_ref().map(|dir| base.join(dir)),
            log: LogSettings { format: log_format(&raw.log.format)?, filter: log_filter(&raw.log.filter)? },
            traces: traces::traces(&raw.traces)?,
            data_dir,
        })
    }
}

/// Where things are and which engine keeps them: what a command needs that reads the streams without running the hub.
/// The channels' secrets are not looked up.
///
/// # Errors
/// See [`Settings::load`].
pub fn load_engine(path: Option<&Path>) -> Result<(Places, EngineSettings), SettingsError> {
    let (raw, base) = read_raw(path)?;
    let places = Places::of(&raw, &base)?;
    let engine = engine(raw.engine, &places.data_dir, &base)?;
    Ok((places, engine))
}

impl Settings {
    /// Reads a settings file; without one, the defaults.
    ///
    /// # Errors
    /// When a file cannot be read or a setting cannot be used; names the field, the value and what
    /// was expected.
    pub fn load(path: Option<&Path>) -> Result<Self, SettingsError> {
        let (raw, base) = read_raw(path)?;
        Self::check(raw, &base)
    }

    /// Reads the text of a settings file whose relative paths count from `base`.
    ///
    /// # Errors
    /// See [`Settings::load`].
    pub fn parse(text: &str, base: &Path) -> Result<Self, SettingsError> {
        Self::check(raw::merge(DEFAULTS, text)?, base)
    }

    fn check(raw: raw::Raw, base: &Path) -> Result<Self, SettingsError> {
        let places = Places::of(&raw, base)?;
        let reserve = reserve(&raw.data.reserve)?;
        let (engine, channels) = match (engine(raw.engine, &places.data_dir, base), channels(raw.channels, base)) {
            (Ok(engine), Ok(channels)) => (engine, channels),
            (Err(SettingsError::NotSet { .. }), Err(error)) | (Err(error), _) | (_, Err(error)) => return Err(error),
        };
        Ok(Self {
            listen: places.listen,
            credentials_file: places.credentials_file,
            master_key_file: places.master_key_file,
            directory_dir: places.directory_dir,
            packs_dir: places.packs_dir,
            log: places.log,
            traces: places.traces,
            reserve,
            engine,
            channels,
            data_dir: places.data_dir,
        })
    }
}

/// The file as it stands, laid over the defaults, and where its relative paths count from.
fn read_raw(path: Option<&Path>) -> Result<(raw::Raw, PathBuf), SettingsError> {
    let Some(path) = path else { return Ok((raw::merge(DEFAULTS, "")?, PathBuf::new())) };
    let text = read(path, "--settings")?;
    Ok((raw::merge(DEFAULTS, &text)?, path.parent().unwrap_or(Path::new("")).to_owned()))
}

fn bad(field: impl Into<String>, value: impl Into<String>, expected: impl Into<String>) -> SettingsError {
    SettingsError::Value { field: field.into(), value: value.into(), expected: expected.into() }
}

fn read(path: &Path, field: &str) -> Result<String, SettingsError> {
    fs::read_to_string(path).map_err(|source| SettingsError::Read {
        field: field.to_owned(),
        path: path.to_owned(),
        source,
    })
}

fn listen(http: &raw::Http) -> Result<SocketAddr, SettingsError> {
    let address: SocketAddr = http
        .listen
        .parse()
        .map_err(|_| bad("http.listen", &http.listen, "an address and port such as 127.0.0.1:8210"))?;
    if address.ip().is_loopback() || http.allow_network {
        return Ok(address);
    }
    Err(bad(
        "http.listen",
        address.to_string(),
        "a loopback address, or the line `allow_network = true` beside it and a TLS proxy in front",
    ))
}

fn log_format(text: &str) -> Result<LogFormat, SettingsError> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        other => Err(bad("log.format", other, "`text` or `json`")),
    }
}

fn log_filter(text: &str) -> Result<String, SettingsError> {
    let read = EnvFilter::try_new(text);
    read.map_err(|_| bad("log.filter", text, "what RUST_LOG may be, such as `info,huiliu=debug`"))?;
    Ok(text.to_owned())
}

/// Room for what is under way, in bytes.
fn reserve(text: &str) -> Result<u64, SettingsError> {
    let units = [("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1u64 << 40)];
    let read = units
        .iter()
        .find_map(|(unit, bytes)| text.strip_suffix(unit)?.parse::<u32>().ok().map(|n| u64::from(n) * bytes));
    read.ok_or_else(|| bad("data.reserve", text, "a whole number and MiB, GiB or TiB, such as 1GiB"))
}

fn engine(raw: raw::Engine, data_dir: &Path, base: &Path) -> Result<EngineSettings, SettingsError> {
    let replicas = raw.replicas;
    match (replicas, raw.urls.is_empty()) {
        (1, _) | (3, false) => {}
        (3, true) => return Err(bad("engine.replicas", "3", "1: the embedded server is a single one")),
        _ => return Err(bad("engine.replicas", replicas.to_string(), "1, or 3 on a cluster")),
    }
    let server = if raw.urls.is_empty() {
        Server::Embedded(embedded(raw.embedded, data_dir, base)?)
    } else {
        Server::External(external(raw, base)?)
    };
    Ok(EngineSettings { server, replicas })
}

fn embedded(raw: raw::Embedded, data_dir: &Path, base: &Path) -> Result<Embedded, SettingsError> {
    Ok(Embedded {
        directory: data_dir.join("nats"),
        port: raw.port,
        program: raw.nats_server.map(|program| base.join(program)),
        durability: durability(&raw.durability, raw.relaxed_because.as_deref())?,
        memory_limit: memory_limit(raw.memory_limit)?,
    })
}

fn durability(text: &str, because: Option<&str>) -> Result<Durability, SettingsError> {
    match (text, because) {
        ("fsync-always", _) => Ok(Durability::FsyncAlways),
        ("relaxed", Some(RELAXED_WORDS)) => Ok(Durability::Relaxed),
        ("relaxed", _) => Err(bad(
            "engine.embedded.durability",
            text,
            format!("`fsync-always`, or the line `relaxed_because = \"{RELAXED_WORDS}\"` beside it"),
        )),
        _ => Err(bad("engine.embedded.durability", text, "`fsync-always` or `relaxed`")),
    }
}

/// The forms Go understands; a wrong one would stop the server with a stack trace. A limit that is near what the server
/// needs anyway makes it do little but collect garbage: a million open cases take about 1 GiB.
fn memory_limit(text: String) -> Result<String, SettingsError> {
    if text == "half" {
        let machine = rustix::system::sysinfo();
        let bytes = machine.totalram * u64::from(machine.mem_unit);
        return Ok(format!("{}MiB", bytes / 2 / (1 << 20)));
    }
    let number = ["KiB", "MiB", "GiB", "TiB"].iter().find_map(|unit| text.strip_suffix(unit));
    if number.is_some_and(|number| number.parse::<u32>().is_ok_and(|n| n > 0)) {
        return Ok(text);
    }
    Err(bad(
        "engine.embedded.memory_limit",
        text,
        "`half` of the machine's, or a whole number and KiB, MiB, GiB or TiB, such as 2GiB",
    ))
}

fn external(raw: raw::Engine, base: &Path) -> Result<External, SettingsError> {
    let missing = |field| bad(field, "", "a value, because engine.urls is given");
    let place = raw.password.ok_or_else(|| missing("engine.password"))?;
    for url in &raw.urls {
        if url.parse::<async_nats::ServerAddr>().is_err() || url.contains('@') {
            return Err(bad(
                "engine.urls",
                without_credentials(url),
                "nats://host:port or tls://host:port, without user and password",
            ));
        }
    }
    Ok(External {
        user: raw.user.ok_or_else(|| missing("engine.user"))?,
        password: secret(place, "engine.password", base)?,
        tls: raw.tls.map(|tls| tls_settings(tls, base)).transpose()?,
        urls: raw.urls,
    })
}

fn without_credentials(url: &str) -> &str {
    url.rsplit('@').next().unwrap_or_default()
}

fn tls_settings(raw: raw::Tls, base: &Path) -> Result<Tls, SettingsError> {
    let client = match (raw.client_cert_file, raw.client_key_file) {
        (Some(cert), Some(key)) => Some((base.join(cert), base.join(key))),
        (None, None) => None,
        _ => return Err(bad("engine.tls", "one of client_cert_file, client_key_file", "both or none")),
    };
    Ok(Tls { ca_file: raw.ca_file.map(|file| base.join(file)), client })
}

fn secret(place: raw::SecretPlace, field: &str, base: &Path) -> Result<Secret, SettingsError> {
    let (place, text) = match (place.file, place.env) {
        (Some(file), None) => {
            let path = base.join(file);
            (path.display().to_string(), read(&path, field)?)
        }
        (None, Some(name)) => {
            let text = env::var(&name)
                .map_err(|_| SettingsError::NotSet { field: format!("{field}.env"), name: name.clone() })?;
            (name, text)
        }
        _ => return Err(bad(field, "", "either { file = \"…\" } or { env = \"…\" }")),
    };
    Secret::from_text(text).ok_or_else(|| bad(field, place, "a place that holds a secret, not an empty one"))
}

fn channels(
    raw: BTreeMap<String, raw::Channel>,
    base: &Path,
) -> Result<BTreeMap<Channel, ChannelSettings>, SettingsError> {
    let on = raw.into_iter().filter(|(_, channel)| channel.enabled);
    all_of(on.map(|(name, raw)| {
        let id = name
            .parse()
            .map_err(|_| bad("channels", &name, "names of 1 to 64 of a-z, 0-9 and `-`, not starting with `-`"))?;
        Ok((id, channel(&name, raw, base)?))
    }))
}

fn channel(name: &str, raw: raw::Channel, base: &Path) -> Result<ChannelSettings, SettingsError> {
    let field = |field: &str| format!("channels.{name}.{field}");
    let base_url = raw.base_url.map(|url| base_url(&url, &field("base_url"))).transpose()?;
    let since = raw.since.map(|text| timestamp(&text, &field("since"))).transpose()?;
    if since.is_some() && base_url.is_none() {
        return Err(bad(field("base_url"), "", "an address, because `since` asks to pull"));
    }
    if !raw.answer_secrets.is_empty() && base_url.is_none() {
        return Err(bad(field("base_url"), "", "an address, because `answer_secrets` sign what it is told"));
    }
    let client = match (raw.client_id, raw.client_secret) {
        (Some(id), Some(place)) if !id.trim().is_empty() => Some((id, place)),
        (None, None) => None,
        (id, _) => {
            return Err(bad(field("client_id"), id.unwrap_or_default(), "a name, with `client_secret` beside it"));
        }
    };
    // The secrets last: what else is wrong is told before a variable that is not set.
    Ok(ChannelSettings {
        base_url,
        since,
        pack: raw.pack.unwrap_or_else(|| name.to_owned()),
        namespace: raw.namespace.map(|text| namespace(text, &field("namespace"))).transpose()?,
        history_before: raw.history_before.map(|text| history(&text, &field("history_before"))).transpose()?,
        poll_interval: Some(raw.poll_interval_s)
            .filter(|seconds| *seconds > 0)
            .map(Duration::from_secs)
            .ok_or_else(|| bad(field("poll_interval_s"), "0", "at least 1"))?,
        requests_per_second: NonZeroU32::new(raw.requests_per_second)
            .ok_or_else(|| bad(field("requests_per_second"), "0", "at least 1"))?,
        client: client
            .map(|(id, place)| secret(place, &field("client_secret"), base).map(|secret| (id, secret)))
            .transpose()?,
        push_secrets: all_of(raw.push_secrets.into_iter().map(|place| secret(place, &field("push_secrets"), base)))?,
        answer_secrets: all_of(
            raw.answer_secrets.into_iter().map(|place| secret(place, &field("answer_secrets"), base)),
        )?,
        key: raw.key.map(|place| secret(place, &field("key"), base)).transpose()?,
    })
}

/// All of them; or what is wrong with the first, and that a variable is not set only where nothing else is wrong.
fn all_of<T, C: FromIterator<T>>(read: impl Iterator<Item = Result<T, SettingsError>>) -> Result<C, SettingsError> {
    let (mut good, mut wrong) = (Vec::new(), Vec::new());
    for one in read {
        match one {
            Ok(one) => good.push(one),
            Err(error) => wrong.push(error),
        }
    }
    let wrong = wrong.into_iter().min_by_key(|error| matches!(error, SettingsError::NotSet { .. }));
    wrong.map_or_else(|| Ok(good.into_iter().collect()), Err)
}

fn namespace(text: String, field: &str) -> Result<Namespace, SettingsError> {
    text.parse().map_err(|_| bad(field, text, "1 to 64 of a-z, 0-9 and `-`, not starting with `-`"))
}

fn base_url(url: &str, field: &str) -> Result<String, SettingsError> {
    let usable = reqwest::Url::parse(url).is_ok_and(|parsed| {
        matches!(parsed.scheme(), "http" | "https") && parsed.username().is_empty() && parsed.password().is_none()
    });
    if usable {
        return Ok(url.trim_end_matches('/').to_owned());
    }
    Err(bad(field, without_credentials(url), "an http or https address without user and password"))
}

/// Who begins next month may put on record only what comes before. With a year mistyped, whatever comes in would be, and never
/// dispatched.
fn history(text: &str, field: &str) -> Result<Timestamp, SettingsError> {
    const FURTHEST: SignedDuration = SignedDuration::from_hours(62 * 24);
    let before = timestamp(text, field)?;
    let ahead = before.duration_since(Timestamp::now());
    if ahead > FURTHEST { Err(bad(field, text, "a time in the past, or at most two months ahead")) } else { Ok(before) }
}

fn timestamp(text: &str, field: &str) -> Result<Timestamp, SettingsError> {
    text.parse().map_err(|_| bad(field, text, "a time with its offset, such as 2026-01-01T00:00:00+08:00"))
}

#[cfg(test)]
mod tests;
