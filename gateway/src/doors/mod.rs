//! Who may come in, and what each may touch.
//!
//! One file of keys serves both doors: the secret of a key is its bearer token over HTTP and its
//! password over NATS, where the key's name is the user name. Nothing here may keep or log a
//! secret: the file holds hashes, and a secret is shown once, when it is minted.

pub mod credentials;
pub mod limit;
pub mod permissions;
pub mod principal;
pub mod reload;
pub mod shares;

pub use credentials::{Credentials, CredentialsError, Key, KeyKind, Secret};
pub use permissions::{Permissions, Reach};
pub use principal::{KeyName, Principal, Refused};
