//! Tokens against an endpoint that answers as told.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;

use super::*;
use crate::map::Issue;

fn spec(text: &str) -> Result<TokenSpec, Vec<Issue>> {
    let raw: RawTokenSpec = toml::from_str(text).expect("a section");
    let mut issues = Vec::new();
    raw.check("pack.toml", &mut issues).ok_or(issues)
}

type Answer = fn(u32, &HeaderMap, &str) -> Response;

async fn serve(answer: Answer) -> (String, Arc<AtomicU32>) {
    type Asked = (Answer, Arc<AtomicU32>);
    async fn token(State((answer, asked)): State<Asked>, headers: HeaderMap, body: String) -> Response {
        answer(asked.fetch_add(1, Ordering::SeqCst) + 1, &headers, &body)
    }
    let asked = Arc::new(AtomicU32::new(0));
    let app = Router::new().route("/oauth2/token", post(token)).with_state((answer, asked.clone()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, app).await });
    (format!("http://{address}"), asked)
}

fn tokens(section: &str, url: &str) -> Tokens {
    let client = ClientCredentials { id: "huiliu".into(), secret: "a b&c".into() };
    Tokens::new(spec(section).expect("a section"), url, client).expect("an address")
}

fn shown(bearer: &Bearer) -> &str {
    bearer.value.to_str().expect("text")
}

#[tokio::test]
async fn a_token_is_kept_and_fetched_again_when_it_is_no_longer_taken() {
    let (url, asked) = serve(|n, headers, body| {
        assert_eq!(headers["authorization"], "Basic aHVpbGl1OmErYiUyNmM=");
        assert_eq!(body, "grant_type=client_credentials&scope=case.read");
        format!(r#"{{"access_token":"t{n}","token_type":"Bearer","expires_in":7200}}"#).into_response()
    })
    .await;
    let tokens = tokens("path = \"/oauth2/token\"\nscope = \"case.read\"", &url);
    let first = tokens.bearer().await.expect("a token");
    assert_eq!(shown(&first), "Bearer t1");
    assert_eq!(shown(&tokens.bearer().await.expect("kept")), "Bearer t1");
    tokens.forget(&first).await;
    assert_eq!(shown(&tokens.bearer().await.expect("fresh")), "Bearer t2");
    // Somebody who was told the same a moment later does not throw the fresh one away.
    tokens.forget(&first).await;
    assert_eq!(shown(&tokens.bearer().await.expect("kept")), "Bearer t2");
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    assert!(!format!("{:?}", first.value).contains("t1"));
}

#[tokio::test]
async fn a_token_that_has_run_out_is_not_shown() {
    let (url, asked) = serve(|n, _, body| {
        assert!(body.contains("client_id=huiliu&client_secret=a+b%26c"), "{body}");
        format!(r#"{{"code":0,"data":{{"accessToken":"t{n}","expiresIn":"0"}}}}"#).into_response()
    })
    .await;
    let tokens = tokens("path = \"/oauth2/token\"\nclient_auth = \"body\"\nprefix = \"\"", &url);
    assert_eq!(shown(&tokens.bearer().await.expect("a token")), "t1");
    assert_eq!(shown(&tokens.bearer().await.expect("a token")), "t2");
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_wrong_secret_is_said_once_and_asked_with_no_flood() {
    let (url, asked) = serve(|_, _, _| {
        let said = r#"{"error":"invalid_client","error_description":"客户端密钥不正确"}"#;
        (StatusCode::UNAUTHORIZED, said).into_response()
    })
    .await;
    let tokens = tokens("path = \"/oauth2/token\"", &url);
    for _ in 0..3 {
        let error = tokens.bearer().await.err().expect("refused");
        assert!(error.needs_a_person());
        assert_eq!(
            error.to_string(),
            "the token endpoint refused `huiliu`: answer 401 (invalid_client: 客户端密钥不正确); \
             check `client_id` and `client_secret` of the channel"
        );
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[test]
fn answers_are_told_apart() {
    let spec = spec("path = \"/t\"").expect("a section");
    let read_bytes = |status, body: &[u8]| answer::read(&spec, "c", status, body);
    let read = |status, body: &str| read_bytes(status, body.as_bytes());
    let lasts = |body: &str| read(200, body).expect("granted").lasts.as_secs();
    assert_eq!(lasts(r#"{"access_token":"t","expires_in":7200}"#), 7170);
    assert_eq!(lasts(r#"{"access_token":"t","expires_in":20}"#), 10);
    assert_eq!(lasts(r#"{"access_token":"t"}"#), 1770);
    assert!(matches!(read(200, r#"{"code":401,"msg":"密钥错误"}"#), Err(TokenError::Refused { .. })));
    let (gb, ..) = encoding_rs::GB18030.encode(r#"{"access_token":"t","msg":"成功"}"#);
    assert_eq!(read_bytes(200, &gb).expect("granted").token, "t");
    assert_eq!(read(200, "\u{feff}{\"access_token\":\"t\"}").expect("granted").token, "t");
    assert!(matches!(read(200, "<html>"), Err(TokenError::NoToken(_))));
    assert!(matches!(read(503, ""), Err(TokenError::Away(_))));
    assert!(matches!(read(400, r#"{"error":"invalid_scope"}"#), Err(TokenError::Refused { .. })));
}

#[test]
fn a_wrong_section_is_named() {
    let said = |text| spec(text).expect_err("wrong").iter().map(ToString::to_string).collect::<String>();
    assert!(said("path = \"token\"").contains("pack.toml: token.path: `token`"));
    assert!(said("path = \"/t\"\ntoken = [\"a..b\"]").contains("token.token: `a..b`"));
    assert!(said("path = \"/t\"\nheader = \"X Y\"").contains("token.header: `X Y`"));
}
