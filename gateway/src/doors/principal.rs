//! Who is calling over HTTP.
//!
//! Pure: a header and the keys go in, a principal or a refusal comes out. Nobody is anonymous.

use std::fmt;
use std::str::FromStr;

use huiliu_schemas::{Channel, DepartmentId};
use subtle::ConstantTimeEq;

use super::credentials::{Credentials, CredentialsError, Key, KeyKind, digest};

/// The name of a key, of an operator or of a machine: safe to stand in a NATS subject.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(String);

/// The text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("name `{0}` is not usable, expected 1 to 64 of a-z, 0-9 and `-`, not starting with `-`")]
pub struct BadName(pub String);

impl KeyName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for KeyName {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let usable = (1..=64).contains(&text.len())
            && !text.starts_with('-')
            && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        usable.then(|| Self(text.to_owned())).ok_or_else(|| BadName(text.to_owned()))
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who a call comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Principal {
    /// An upstream system.
    Channel(Channel),
    /// A department.
    Department(DepartmentId),
    /// A person at the centre.
    Operator(KeyName),
    /// A program of the centre.
    Machine(KeyName),
}

/// Why a call is not let in. Says nothing about which keys exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No `Authorization` header.
    #[error("no credential given, expected `Authorization: Bearer <secret>`")]
    Missing,
    /// A header of another form.
    #[error("the Authorization header is not of the form `Bearer <secret>`")]
    Malformed,
    /// No key has this secret.
    #[error("the credential is not known, or was revoked")]
    Unknown,
}

impl Principal {
    /// Reads the value of an `Authorization` header.
    ///
    /// # Errors
    /// When it is missing, malformed, or no key has the secret.
    pub fn from_authorization(credentials: &Credentials, header: Option<&str>) -> Result<Self, Refused> {
        let secret = bearer(header.ok_or(Refused::Missing)?).ok_or(Refused::Malformed)?;
        authenticate(credentials, secret).map(|key| key.principal.clone()).ok_or(Refused::Unknown)
    }

    /// Reads who `subject` is, given what kind of key it has.
    ///
    /// # Errors
    /// When it is not an identifier of that kind.
    pub fn parse(kind: KeyKind, subject: &str) -> Result<Self, CredentialsError> {
        Ok(match kind {
            KeyKind::Channel => Self::Channel(subject.parse()?),
            KeyKind::Department => Self::Department(subject.parse()?),
            KeyKind::Operator => Self::Operator(subject.parse()?),
            KeyKind::Machine => Self::Machine(subject.parse()?),
        })
    }

    /// The kind of key it has.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        match self {
            Self::Channel(_) => KeyKind::Channel,
            Self::Department(_) => KeyKind::Department,
            Self::Operator(_) => KeyKind::Operator,
            Self::Machine(_) => KeyKind::Machine,
        }
    }

    /// The id or name.
    #[must_use]
    pub fn subject(&self) -> &str {
        match self {
            Self::Channel(id) => id.as_str(),
            Self::Department(id) => id.as_str(),
            Self::Operator(name) | Self::Machine(name) => name.as_str(),
        }
    }
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, secret) = header.split_once(' ')?;
    let secret = secret.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !secret.is_empty()).then_some(secret)
}

/// Compares with every key, so that the time taken tells nothing.
fn authenticate<'a>(credentials: &'a Credentials, secret: &str) -> Option<&'a Key> {
    let given = base16ct::lower::encode_string(&digest(secret));
    credentials.keys().iter().fold(None, |found, key| {
        let same = bool::from(key.sha256.as_bytes().ct_eq(given.as_bytes()));
        if same { Some(key) } else { found }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_secret_opens_and_only_its_own_door() {
        let mut credentials = Credentials::default();
        let housing = credentials.mint(KeyKind::Department, "housing", "housing-1").expect("minted");
        let hotline = credentials.mint(KeyKind::Channel, "hotline-12345", "hotline-push").expect("minted");
        let call = |header: &str| Principal::from_authorization(&credentials, Some(header));

        let bearer = format!("Bearer {}", housing.expose());
        assert_eq!(call(&bearer), Ok(Principal::Department("housing".parse().expect("an id"))));
        let lower = format!("bearer  {}", hotline.expose());
        assert_eq!(call(&lower), Ok(Principal::Channel("hotline-12345".parse().expect("an id"))));
        assert_eq!(call("Bearer wrong"), Err(Refused::Unknown));
        assert_eq!(call(&credentials.keys()[0].sha256), Err(Refused::Malformed));
        assert_eq!(call("Bearer "), Err(Refused::Malformed));
        assert_eq!(call("Basic aGk6aGk="), Err(Refused::Malformed));
        assert_eq!(Principal::from_authorization(&credentials, None), Err(Refused::Missing));

        credentials.revoke("housing-1").expect("revoked");
        assert_eq!(Principal::from_authorization(&credentials, Some(&bearer)), Err(Refused::Unknown));
    }
}
