//! Who is calling over HTTP.
//!
//! Pure: a header and the keys go in, a principal or a refusal comes out. Nobody is anonymous.

use subtle::ConstantTimeEq;

use super::credentials::{Credentials, Key, KeyKind, digest, hex};

/// Who a call comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Principal {
    /// An upstream system.
    Channel(String),
    /// A department.
    Department(String),
    /// A person at the centre.
    Operator(String),
    /// A program of the centre.
    Machine(String),
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
    pub fn from_authorization(
        credentials: &Credentials,
        header: Option<&str>,
    ) -> Result<Self, Refused> {
        let secret = bearer(header.ok_or(Refused::Missing)?).ok_or(Refused::Malformed)?;
        authenticate(credentials, secret)
            .map(Self::of)
            .ok_or(Refused::Unknown)
    }

    /// The principal a key stands for.
    #[must_use]
    pub fn of(key: &Key) -> Self {
        let subject = key.subject.clone();
        match key.kind {
            KeyKind::Channel => Self::Channel(subject),
            KeyKind::Department => Self::Department(subject),
            KeyKind::Operator => Self::Operator(subject),
            KeyKind::Machine => Self::Machine(subject),
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
    let given = hex(&digest(secret));
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
        let housing = credentials
            .mint(KeyKind::Department, "housing", "housing-1")
            .expect("minted");
        let hotline = credentials
            .mint(KeyKind::Channel, "hotline-12345", "hotline-push")
            .expect("minted");
        let call = |header: &str| Principal::from_authorization(&credentials, Some(header));

        let bearer = format!("Bearer {}", housing.expose());
        assert_eq!(call(&bearer), Ok(Principal::of(&credentials.keys()[0])));
        let lower = format!("bearer  {}", hotline.expose());
        assert_eq!(call(&lower), Ok(Principal::of(&credentials.keys()[1])));
        assert_eq!(call("Bearer wrong"), Err(Refused::Unknown));
        assert_eq!(call(&credentials.keys()[0].sha256), Err(Refused::Malformed));
        assert_eq!(call("Bearer "), Err(Refused::Malformed));
        assert_eq!(call("Basic aGk6aGk="), Err(Refused::Malformed));
        assert_eq!(
            Principal::from_authorization(&credentials, None),
            Err(Refused::Missing)
        );

        credentials.revoke("housing-1").expect("revoked");
        assert_eq!(
            Principal::from_authorization(&credentials, Some(&bearer)),
            Err(Refused::Unknown)
        );
    }
}
