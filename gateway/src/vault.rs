//! Sealing. Personal content is stored only as ciphertext under a key of its own case; that key is stored only wrapped by
//! the master key, in a stream of its own, and destroying it there forgets the person. Raw envelopes have keys of their
//! own, wrapped beside them. Digests of personal values are keyed, so that nothing can be guessed from them.
//!
//! Nothing here ever logs what it seals or opens.

use std::path::Path;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, Mac};
use huiliu_schemas::CaseId;
use huiliu_schemas::content::Content;
use huiliu_schemas::event::Sealed;
use sha2::Sha256;
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop};

const NONCE_LEN: usize = 12;
const KEY_LEN: usize = 32;

/// Why something could not be sealed or opened.
#[derive(Debug, Error)]
pub enum VaultError {
    /// The file is not there or not readable.
    #[error("master key file `{path}` could not be read: {source}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file holds something else.
    #[error("master key file `{0}` does not hold a key: expected 64 hexadecimal digits")]
    NotAKey(String),
    /// Others may read the file.
    #[error("master key file `{0}` can be read by others: expected permissions 0600")]
    Exposed(String),
    /// Wrong key, or the bytes were changed.
    #[error("sealed {0} does not open: wrong key, or changed since it was sealed")]
    DoesNotOpen(&'static str),
    /// The system gives no randomness.
    #[error("no randomness from the system")]
    NoRandomness,
}

/// The key that wraps all others. It is in one file, and in nobody's backup of the log.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct MasterKey([u8; KEY_LEN]);

/// The key of one case or one envelope.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct DataKey([u8; KEY_LEN]);

/// A raw envelope or a quarantined record, sealed: its key wrapped by the master key, and its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedBytes {
    /// The wrapped key, base64.
    pub key: String,
    /// Nonce and ciphertext.
    pub bytes: Vec<u8>,
}

impl MasterKey {
    /// Reads the key file.
    pub fn load(path: &Path) -> Result<Self, VaultError> {
        use std::os::unix::fs::PermissionsExt;
        let name = path.display().to_string();
        let unreadable = |source| VaultError::Unreadable { path: name.clone(), source };
        let mode = std::fs::metadata(path).map_err(unreadable)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(VaultError::Exposed(name));
        }
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        Self::parse(&text).ok_or(VaultError::NotAKey(name))
    }

    /// Reads the text of a key file.
    pub fn parse(text: &str) -> Option<Self> {
        parse_hex(text.trim()).map(Self)
    }

    /// Makes a key in a file (0600) that is not there yet. Only for a store in which nothing is: see `keys::master`.
    pub fn create(path: &Path) -> Result<(), VaultError> {
        use std::io::Write;
        use std::os::unix::fs::OpenOptionsExt;
        let text: String = base16ct::lower::encode_string(&random::<KEY_LEN>()?);
        let written = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
            .and_then(|()| sync_parent(path));
        written.map_err(|source| VaultError::Unreadable { path: path.display().to_string(), source })
    }

    /// A keyed digest of a personal value: equal values are recognised, none can be guessed.
    pub fn digest(&self, purpose: &str, value: &str) -> String {
        base16ct::lower::encode_string(&hmac(&self.0, &[purpose.as_bytes(), &[0], value.as_bytes()])[..16])
    }

    /// The key of one purpose, computed and kept nowhere. No digest of [`Self::digest`] is a part of one: no purpose begins
    /// with the byte these do.
    pub fn derive(&self, purpose: &str) -> DataKey {
        DataKey(hmac(&self.0, &[&[1], purpose.as_bytes()]))
    }

    /// Wraps a data key for `owner`.
    pub fn wrap(&self, key: &DataKey, owner: &str) -> Result<Vec<u8>, VaultError> {
        encrypt(&self.0, &key.0, owner.as_bytes())
    }

    /// Unwraps the data key of `owner`.
    pub fn unwrap(&self, wrapped: &[u8], owner: &str) -> Result<DataKey, VaultError> {
        let mut plain = decrypt(&self.0, wrapped, owner.as_bytes(), "data key")?;
        let key = <[u8; KEY_LEN]>::try_from(plain.as_slice()).map_err(|_| VaultError::DoesNotOpen("data key"));
        plain.zeroize();
        key.map(DataKey)
    }

    /// Seals bytes under a key of their own.
    pub fn seal_bytes(&self, plain: &[u8], owner: &str) -> Result<SealedBytes, VaultError> {
        let key = DataKey::random()?;
        let wrapped = self.wrap(&key, owner)?;
        Ok(SealedBytes { key: BASE64.encode(wrapped), bytes: encrypt(&key.0, plain, owner.as_bytes())? })
    }

    /// Opens what [`Self::seal_bytes`] sealed for the same owner.
    pub fn open_bytes(&self, sealed: &SealedBytes, owner: &str) -> Result<Vec<u8>, VaultError> {
        let wrapped = BASE64.decode(&sealed.key).map_err(|_| VaultError::DoesNotOpen("envelope key"))?;
        let key = self.unwrap(&wrapped, owner)?;
        decrypt(&key.0, &sealed.bytes, owner.as_bytes(), "envelope")
    }
}

impl DataKey {
    /// A fresh key.
    pub fn random() -> Result<Self, VaultError> {
        random().map(Self)
    }

    /// Seals bytes for one place: they open nowhere else.
    pub fn seal_bytes(&self, plain: &[u8], place: &str) -> Result<Vec<u8>, VaultError> {
        encrypt(&self.0, plain, place.as_bytes())
    }

    /// Opens what [`Self::seal_bytes`] sealed for the same place.
    pub fn open_bytes(&self, sealed: &[u8], place: &str) -> Result<Vec<u8>, VaultError> {
        decrypt(&self.0, sealed, place.as_bytes(), "page")
    }

    /// A keyed digest of a personal value.
    pub fn digest(&self, value: &str) -> [u8; 32] {
        hmac(&self.0, &[value.as_bytes()])
    }

    /// Seals the personal part of an event. Empty content is not sealed but left out.
    pub fn seal(&self, content: &Content, case: CaseId, kid: &str) -> Result<Option<Sealed>, VaultError> {
        if content.is_empty() {
            return Ok(None);
        }
        let mut plain = serde_json::to_vec(content).unwrap_or_default();
        let data = encrypt(&self.0, &plain, owner_of(case, kid).as_bytes());
        plain.zeroize();
        Ok(Some(Sealed { kid: kid.to_owned(), data: BASE64.encode(data?) }))
    }

    /// Opens the personal part of an event.
    pub fn open(&self, sealed: &Sealed, case: CaseId) -> Result<Content, VaultError> {
        let broken = || VaultError::DoesNotOpen("content");
        let data = BASE64.decode(&sealed.data).map_err(|_| broken())?;
        let mut plain = decrypt(&self.0, &data, owner_of(case, &sealed.kid).as_bytes(), "content")?;
        let content = serde_json::from_slice(&plain).map_err(|_| broken());
        plain.zeroize();
        content
    }
}

/// What a case's data key is bound to.
pub fn owner_of(case: CaseId, kid: &str) -> String {
    format!("{case}/{kid}")
}

/// A file is there after a power cut only if its directory knows it.
fn sync_parent(path: &Path) -> std::io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    std::fs::File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}

/// A name for a fresh ring of keys.
pub fn new_ring() -> Result<String, VaultError> {
    Ok(base16ct::lower::encode_string(&random::<8>()?))
}

fn hmac(key: &[u8; KEY_LEN], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).unwrap_or_else(|_| unreachable!("any length"));
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

fn random<const N: usize>() -> Result<[u8; N], VaultError> {
    let mut bytes = [0u8; N];
    getrandom::fill(&mut bytes).map_err(|_| VaultError::NoRandomness)?;
    Ok(bytes)
}

fn encrypt(key: &[u8; KEY_LEN], plain: &[u8], aad: &[u8]) -> Result<Vec<u8>, VaultError> {
    let nonce = random::<NONCE_LEN>()?;
    let cipher = Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key));
    let sealed = cipher
        .encrypt(&Nonce::from(nonce), Payload { msg: plain, aad })
        .map_err(|_| VaultError::DoesNotOpen("plaintext"))?;
    Ok([nonce.as_slice(), &sealed].concat())
}

fn decrypt(key: &[u8; KEY_LEN], sealed: &[u8], aad: &[u8], what: &'static str) -> Result<Vec<u8>, VaultError> {
    let (nonce, body) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(VaultError::DoesNotOpen(what))?;
    let cipher = Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key));
    cipher.decrypt(&Nonce::from(*nonce), Payload { msg: body, aad }).map_err(|_| VaultError::DoesNotOpen(what))
}

fn parse_hex(text: &str) -> Option<[u8; KEY_LEN]> {
    let mut key = [0u8; KEY_LEN];
    if text.len() != KEY_LEN * 2 || !text.is_ascii() {
        return None;
    }
    for (byte, pair) in key.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use huiliu_schemas::private::Private;

    fn master() -> MasterKey {
        MasterKey([7; KEY_LEN])
    }

    #[test]
    fn content_opens_for_its_own_case_only() {
        let key = DataKey::random().expect("random");
        let case: CaseId = "cac304cb-9a77-53f1-80b7-f539c2d4216a".parse().expect("id");
        let other: CaseId = "cac304cb-9a77-53f1-80b7-f539c2d4216b".parse().expect("id");
        let content = Content { title: Some(Private::new("路灯不亮")), ..Content::default() };
        let sealed = key.seal(&content, case, "k1").expect("seals").expect("not empty");
        assert!(!sealed.data.contains("路灯"));
        assert_eq!(key.open(&sealed, case).expect("opens"), content);
        assert!(key.open(&sealed, other).is_err());
        assert_eq!(key.seal(&Content::default(), case, "k1").expect("seals"), None);
    }

    #[test]
    fn envelopes_open_with_the_master_key_only() {
        let sealed = master().seal_bytes(b"hello", "intake/a").expect("seals");
        assert_eq!(master().open_bytes(&sealed, "intake/a").expect("opens"), b"hello");
        assert!(master().open_bytes(&sealed, "intake/b").is_err());
        assert!(MasterKey([8; KEY_LEN]).open_bytes(&sealed, "intake/a").is_err());
    }

    #[test]
    fn a_derived_key_is_always_the_same_and_of_one_purpose() {
        let (search, other) = (master().derive("search"), master().derive("other"));
        let sealed = search.seal_bytes(b"page", "words/1").expect("seals");
        assert_eq!(master().derive("search").open_bytes(&sealed, "words/1").expect("opens"), b"page");
        assert!(search.open_bytes(&sealed, "words/2").is_err());
        assert!(other.open_bytes(&sealed, "words/1").is_err());
        assert_ne!(search.digest("13900001234"), other.digest("13900001234"));
        assert_ne!(search.digest("13900001234"), search.digest("13900001235"));
    }

    #[test]
    fn a_key_file_is_made_once_and_kept_private() {
        let dir = std::env::temp_dir().join(format!("huiliu-vault-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&dir).expect("dir");
        let path = dir.join("master.key");
        assert!(MasterKey::load(&path).is_err(), "reading makes none");
        MasterKey::create(&path).expect("creates");
        let first = MasterKey::load(&path).expect("loads");
        assert!(MasterKey::create(&path).is_err(), "one that is there is never written over");
        assert_eq!(first.digest("p", "v"), MasterKey::load(&path).expect("loads").digest("p", "v"));
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("chmod");
        assert!(matches!(MasterKey::load(&path), Err(VaultError::Exposed(_))));
        std::fs::remove_dir_all(&dir).expect("clean");
    }
}
