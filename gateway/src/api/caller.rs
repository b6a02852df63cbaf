//! Who is calling. Nobody is anonymous.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use huiliu_schemas::DepartmentId;

use super::Api;
use crate::doors::principal::Principal;
use crate::doors::shares::{Hand, too_often};
use crate::problem::{Kind, Problem};
use crate::rest::limits::Limits;

/// The holder of the credential that came with the request.
pub struct Caller(pub Principal);

/// A caller that is a department.
pub struct Department(pub DepartmentId);

/// A caller of the centre: an operator or a machine.
pub struct Centre(pub Principal);

/// An operator: a person who answers for what is done.
pub struct Operator(pub Principal);

/// One question of whoever sent it, counted before its body is read, and in hand until it is answered.
pub struct Counted(#[expect(dead_code, reason = "held")] Hand);

/// Reads the credential.
pub fn identify(api: &Api, headers: &HeaderMap) -> Result<Principal, Problem> {
    let header = headers.get(AUTHORIZATION).and_then(|h| h.to_str().ok());
    let credentials = api.credentials.borrow().clone();
    Principal::from_authorization(&credentials, header).map_err(|e| Problem::new(Kind::Unauthenticated, e.to_string()))
}

/// Counts one question of whoever asks, and keeps how far that share is used up.
pub fn count(api: &Api, who: &Principal, limits: &Limits) -> Result<(), Problem> {
    limits.count("key", api.shares.count(who)).map_err(|over| too_often(who, over))
}

impl FromRequestParts<Arc<Api>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        identify(api, &parts.headers).map(Caller)
    }
}

impl FromRequestParts<Arc<Api>> for Counted {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        let who = identify(api, &parts.headers)?;
        let limits = parts.extensions.get().cloned().unwrap_or_default();
        count(api, &who, &limits)?;
        api.shares.take(&who, 1).map(Self)
    }
}

impl FromRequestParts<Arc<Api>> for Department {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        match identify(api, &parts.headers)? {
            Principal::Department(department) => Ok(Self(department)),
            _ => Err(Problem::new(Kind::Forbidden, "only a department has a queue: use a department's key")),
        }
    }
}

impl FromRequestParts<Arc<Api>> for Centre {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        of_the_centre(api, &parts.headers).map(Self)
    }
}

impl FromRequestParts<Arc<Api>> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        match identify(api, &parts.headers)? {
            operator @ Principal::Operator(_) => Ok(Self(operator)),
            _ => Err(Problem::new(Kind::Forbidden, "a person answers for this: an operator's key is needed")),
        }
    }
}

/// The caller, if it is an operator or a machine.
pub fn of_the_centre(api: &Api, headers: &HeaderMap) -> Result<Principal, Problem> {
    match identify(api, headers)? {
        centre @ (Principal::Operator(_) | Principal::Machine(_)) => Ok(centre),
        _ => Err(Problem::new(Kind::Forbidden, "this is for the centre: an operator's or a machine's key is needed")),
    }
}
