//! What the engine needs to know to start. Already validated: see [`crate::settings`] for the file.

use std::path::PathBuf;

use crate::doors::Secret;

/// Which server to use, and how safely.
#[derive(Debug)]
pub struct EngineSettings {
    /// Our own child, or a server somebody else runs.
    pub server: Server,
    /// Copies of every stream: 1, or 3 on a cluster.
    pub replicas: usize,
}

/// Where the server comes from.
#[derive(Debug)]
pub enum Server {
    /// Huiliu starts and supervises one on loopback.
    Embedded(Embedded),
    /// Somebody else runs it.
    External(External),
}

/// The supervised child.
#[derive(Debug, Clone)]
pub struct Embedded {
    /// The server's own directory, `<data>/nats`.
    pub directory: PathBuf,
    /// The port on 127.0.0.1; 0 keeps the one chosen at the first start, if it is free.
    pub port: u16,
    /// The program, if not the one found.
    pub program: Option<PathBuf>,
    /// How durable an acknowledged message is.
    pub durability: Durability,
    /// What the server's garbage collector aims to stay below (`GOMEMLIMIT`), e.g. `2GiB`.
    pub memory_limit: String,
}

/// A server somebody else runs.
#[derive(Debug)]
pub struct External {
    /// `nats://host:port`, several for a cluster.
    pub urls: Vec<String>,
    /// The gateway's user there.
    pub user: String,
    /// Its password.
    pub password: Secret,
    /// TLS, if wanted.
    pub tls: Option<Tls>,
}

/// How to speak TLS to an external server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// PEM file of the authorities to trust beside the system's.
    pub ca_file: Option<PathBuf>,
    /// PEM files of our certificate and key.
    pub client: Option<(PathBuf, PathBuf)>,
}

/// What a power cut may take from a single server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Nothing that was acknowledged.
    FsyncAlways,
    /// Everything acknowledged in the last seconds. Has to be asked for in words.
    Relaxed,
}
