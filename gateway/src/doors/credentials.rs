//! The credentials file: who holds a key, and the hashes of the secrets.
//!
//! Secrets are 256 random bits, so a plain SHA-256 is enough for HTTP and the cheapest bcrypt for
//! NATS (whose server understands nothing else): there is no weak password to stretch.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use huiliu_schemas::ids::InvalidId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::principal::{BadName, KeyName, Principal};

/// The lowest cost bcrypt knows; see the module's text for why it is enough.
const BCRYPT_COST: u32 = 4;
const SECRET_BYTES: usize = 32;

/// What goes wrong with the credentials file.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// The file cannot be read or written.
    #[error("failed to access the credentials file {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not what it should be.
    #[error("the credentials file {path} cannot be understood: {reason}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        reason: String,
    },
    /// A name or subject cannot stand in a NATS subject.
    #[error(transparent)]
    BadName(#[from] BadName),
    /// A channel or department id that is none.
    #[error(transparent)]
    BadSubject(#[from] InvalidId),
    /// A hash that is none.
    #[error("{field} of key `{key}` is not {expected}")]
    BadHash {
        /// The key.
        key: String,
        /// `sha256` or `bcrypt`.
        field: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// Two keys of one name.
    #[error("a key named `{0}` exists already; revoke it first or choose another name")]
    Taken(String),
    /// No key of that name.
    #[error("there is no key named `{0}`")]
    Unknown(String),
    /// The operating system gives no randomness, or hashing failed.
    #[error("failed to make a secret: {0}")]
    Mint(String),
}

/// What a key opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// An upstream system: sends submissions, reads its own receipts.
    Channel,
    /// A department: reads its own queue, sends its own commands.
    Department,
    /// A person at the centre.
    Operator,
    /// A program of the centre: metrics, backups.
    Machine,
}

/// One key: everything but the secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "KeyLine", into = "KeyLine")]
pub struct Key {
    /// Unique; also the NATS user name.
    pub name: KeyName,
    /// Whom it stands for.
    pub principal: Principal,
    /// Lower-case hex of the secret's SHA-256.
    pub sha256: String,
    /// bcrypt of the same secret, for nats-server.
    pub bcrypt: String,
    /// When it was minted.
    pub created: Timestamp,
}

/// A key as it stands in the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyLine {
    name: String,
    kind: KeyKind,
    subject: String,
    sha256: String,
    bcrypt: String,
    created: Timestamp,
}

impl TryFrom<KeyLine> for Key {
    type Error = CredentialsError;

    fn try_from(line: KeyLine) -> Result<Self, CredentialsError> {
        let wrong = |field, expected| CredentialsError::BadHash { key: line.name.clone(), field, expected };
        if !is_sha256(&line.sha256) {
            return Err(wrong("sha256", "64 lower-case hex digits"));
        }
        if line.bcrypt.parse::<bcrypt::HashParts>().is_err() {
            return Err(wrong("bcrypt", "a bcrypt hash"));
        }
        Ok(Self {
            principal: Principal::parse(line.kind, &line.subject)?,
            name: line.name.parse()?,
            sha256: line.sha256,
            bcrypt: line.bcrypt,
            created: line.created,
        })
    }
}

impl From<Key> for KeyLine {
    fn from(key: Key) -> Self {
        Self {
            name: key.name.to_string(),
            kind: key.principal.kind(),
            subject: key.principal.subject().to_owned(),
            sha256: key.sha256,
            bcrypt: key.bcrypt,
            created: key.created,
        }
    }
}

/// A secret on its way to the one who will keep it. Never stored, never printed by accident.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Secret(String);

impl Secret {
    /// 256 random bits as text.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn random() -> Result<Self, CredentialsError> {
        let mut bytes = [0_u8; SECRET_BYTES];
        getrandom::fill(&mut bytes).map_err(|error| CredentialsError::Mint(error.to_string()))?;
        let secret = Self(URL_SAFE_NO_PAD.encode(bytes));
        bytes.zeroize();
        Ok(secret)
    }

    /// A secret as somebody keeps it, in a file or a variable; the white space around it is not part
    /// of it. `None` when nothing else is there.
    #[must_use]
    pub fn from_text(mut text: String) -> Option<Self> {
        let secret = Self(text.trim().to_owned());
        text.zeroize();
        (!secret.0.is_empty()).then_some(secret)
    }

    /// The secret itself, to hand over or to connect with.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What nats-server checks it against.
    ///
    /// # Errors
    /// When the operating system gives no randomness for the salt.
    pub fn bcrypt(&self) -> Result<String, CredentialsError> {
        bcrypt::hash(&self.0, BCRYPT_COST).map_err(|error| CredentialsError::Mint(error.to_string()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// All keys.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    #[serde(default, rename = "key")]
    keys: Vec<Key>,
}

impl Credentials {
    /// Reads the file; a missing one means nobody may come in yet.
    ///
    /// # Errors
    /// When it cannot be read or understood.
    pub fn load(path: &Path) -> Result<Self, CredentialsError> {
        match fs::read_to_string(path) {
            Ok(text) => {
                Self::parse(&text).map_err(|reason| CredentialsError::Malformed { path: path.to_owned(), reason })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(CredentialsError::Io { path: path.to_owned(), source }),
        }
    }

    /// Understands the text of the file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let credentials: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        credentials.check()?;
        Ok(credentials)
    }

    fn check(&self) -> Result<(), String> {
        let mut names = BTreeSet::new();
        for key in &self.keys {
            if !names.insert(&key.name) {
                return Err(format!("two keys are named `{}`", key.name));
            }
        }
        Ok(())
    }

    /// Writes the file, readable by its owner only, all of it or nothing.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), CredentialsError> {
        let text = toml::to_string(self)
            .map_err(|error| CredentialsError::Malformed { path: path.to_owned(), reason: error.to_string() })?;
        write_private(path, &text).map_err(|source| CredentialsError::Io { path: path.to_owned(), source })
    }

    /// Adds a key and gives its secret: the only time it can be seen.
    ///
    /// # Errors
    /// When the name is taken or unusable, or there is no randomness.
    pub fn mint(&mut self, kind: KeyKind, subject: &str, name: &str) -> Result<Secret, CredentialsError> {
        let principal = Principal::parse(kind, subject)?;
        let key_name = name.parse()?;
        if self.get(name).is_some() {
            return Err(CredentialsError::Taken(name.to_owned()));
        }
        let secret = Secret::random()?;
        self.keys.push(Key {
            name: key_name,
            principal,
            sha256: base16ct::lower::encode_string(&digest(secret.expose())),
            bcrypt: secret.bcrypt()?,
            created: Timestamp::now(),
        });
        Ok(secret)
    }

    /// Removes a key.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn revoke(&mut self, name: &str) -> Result<Key, CredentialsError> {
        let place = self
            .keys
            .iter()
            .position(|key| key.name.as_str() == name)
            .ok_or_else(|| CredentialsError::Unknown(name.to_owned()))?;
        Ok(self.keys.remove(place))
    }

    /// All keys, in the order of the file.
    #[must_use]
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// The key of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Key> {
        self.keys.iter().find(|key| key.name.as_str() == name)
    }
}

/// SHA-256 of a secret.
pub(super) fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Writes beside the file and renames over it, so that a reader sees the old text or the new. What root writes belongs to whom
/// the file belonged, or the folder: the hub, which is not root, must be able to read it.
pub(crate) fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    file.write_all(text.as_bytes())?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if file.metadata()?.uid() == 0 {
        let owner = fs::metadata(path).or_else(|_| fs::metadata(folder))?;
        fchown(&file, Some(owner.uid()), Some(owner.gid()))?;
    }
    file.sync_all()?;
    fs::rename(&beside, path)?;
    // What was revoked must not come back with a power cut.
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, chown};

    use super::*;
    use crate::engine::scratch::Scratch;

    #[test]
    fn what_root_writes_is_the_hubs_to_read() {
        let scratch = Scratch::new();
        let (folder, file) = (scratch.path(), scratch.path().join("credentials.toml"));
        let owner = |path: &Path| fs::metadata(path).map(|found| (found.uid(), found.gid())).expect("there");
        if owner(folder).0 != 0 {
            return eprintln!("skipped: only root can give a file away");
        }
        chown(folder, Some(4711), Some(4712)).expect("given");
        write_private(&file, "a").expect("written");
        assert_eq!(owner(&file), (4711, 4712), "as its folder");
        chown(&file, Some(4713), None).expect("given");
        write_private(&file, "b").expect("written");
        assert_eq!(owner(&file), (4713, 4712), "as it was");
    }

    #[test]
    fn what_is_minted_is_saved_without_its_secret_and_loaded_again() {
        let scratch = Scratch::new();
        let path = scratch.path().join("credentials.toml");
        let mut credentials = Credentials::load(&path).expect("a missing file is empty");
        let secret = credentials.mint(KeyKind::Department, "housing", "housing-1").expect("minted");
        credentials.save(&path).expect("saved");

        let text = fs::read_to_string(&path).expect("readable");
        assert!(!text.contains(secret.expose()));
        let mode = fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let loaded = Credentials::load(&path).expect("understood");
        assert_eq!(loaded, credentials);
        let key = loaded.get("housing-1").expect("there");
        assert!(bcrypt::verify(secret.expose(), &key.bcrypt).expect("a hash"));
    }

    #[test]
    fn a_name_is_given_once_until_it_is_revoked() {
        let mut credentials = Credentials::default();
        credentials.mint(KeyKind::Operator, "li", "li").expect("minted");
        let again = credentials.mint(KeyKind::Operator, "li", "li");
        assert!(matches!(again, Err(CredentialsError::Taken(name)) if name == "li"));
        credentials.revoke("li").expect("revoked");
        assert!(matches!(credentials.revoke("li"), Err(CredentialsError::Unknown(_))));
        credentials.mint(KeyKind::Operator, "li", "li").expect("minted again");
    }

    #[test]
    fn names_that_would_widen_a_subject_are_refused() {
        for name in ["", "*", ">", "a.b", "a b", "住建局", &"x".repeat(65)] {
            let subject = Credentials::default().mint(KeyKind::Department, name, "x");
            assert!(matches!(subject, Err(CredentialsError::BadSubject(_))), "{name}");
            let named = Credentials::default().mint(KeyKind::Department, "x", name);
            assert!(matches!(named, Err(CredentialsError::BadName(_))), "{name}");
        }
    }

    #[test]
    fn a_file_that_was_tampered_with_is_refused_with_the_reason() {
        let mut credentials = Credentials::default();
        credentials.mint(KeyKind::Channel, "hotline", "hotline").expect("minted");
        let text = toml::to_string(&credentials).expect("text");
        let check = |text: &str, expected: &str| {
            let reason = Credentials::parse(text).expect_err("refused");
            assert!(reason.contains(expected), "{reason}");
        };
        check(&format!("{text}{text}"), "two keys are named `hotline`");
        check(&text.replace("subject = \"hotline\"", "subject = \">\""), "channel `>`");
        check(&text.replace("sha256 = \"", "sha256 = \"zz"), "sha256");
        check(&text.replace("bcrypt = \"$2b$", "bcrypt = \"{"), "bcrypt");
        check(&text.replace("created", "secret = \"x\"\ncreated"), "secret");
    }

    #[test]
    fn a_secret_is_not_shown_by_debug() {
        let secret = Secret::random().expect("random");
        assert!(!format!("{secret:?}").contains(secret.expose()));
    }
}
