//! The client that asks: thin IO around pure parts. Holds the rate limit, timeouts and size cap; keeps no cursor.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};

use super::backoff::is_of_who_asks;
use super::cursor::Cursor;
use super::error::PullError;
use super::page::{self, Page};
use super::present::Present;
use super::spec::PullSpec;
use super::token::Token;
use super::window::Reading;
use crate::charset;
use crate::http;
use crate::pack::Pack;
use crate::token::Tokens;
use crate::verify::RawBody;

/// What the settings add to a pack.
#[derive(Clone)]
pub struct PollerSettings {
    /// Root of the system's API, e.g. `https://10.0.0.1:8443/gateway`.
    pub base_url: String,
    /// The header the key goes in, and the key.
    pub key: Option<(String, String)>,
    /// Where its tokens come from, if it wants one.
    pub tokens: Option<Tokens>,
    /// Time to connect.
    pub connect_timeout: Duration,
    /// Time for a whole answer.
    pub timeout: Duration,
    /// Largest answer.
    pub most_bytes: usize,
    /// Requests a minute, when the pack's figure is not right here.
    pub requests_per_minute: Option<std::num::NonZeroU32>,
    /// Records a page, when the pack's figure is not right here.
    pub page_size: Option<u32>,
    /// Nothing before this is asked for.
    pub since: Option<Timestamp>,
}

impl PollerSettings {
    /// The usual limits for an address.
    pub fn new(base_url: impl Into<String>) -> Self {
        Self {
            base_url: base_url.into(),
            key: None,
            tokens: None,
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(30),
            most_bytes: 8 << 20,
            requests_per_minute: None,
            page_size: None,
            since: None,
        }
    }
}

/// Asks one upstream system for its pages.
pub struct Poller {
    pack: Arc<Pack>,
    spec: PullSpec,
    url: Url,
    client: Client,
    tokens: Option<Tokens>,
    limit: DefaultDirectRateLimiter,
    timeout: Duration,
    most_bytes: usize,
    since: Option<Timestamp>,
    clock: SourceClock,
    reading: Reading,
    /// The token of a list that the system did not take: it may be of a time that it has forgotten.
    refused: Option<String>,
}

/// The present as the system tells it, by the last `Date` it sent. What it calls updated, it wrote by its own clock: ours may
/// be set at any moment, and who takes a window that ends in the system's future for known passes over what is written there
/// later. But `Date` may be that of a proxy, or wrong by a time zone, while the records' times are right.
#[derive(Debug, Clone, Copy, Default)]
struct SourceClock(Option<(Timestamp, Instant)>);

impl SourceClock {
    fn set(&mut self, headers: &HeaderMap) {
        let date = headers.get(DATE).and_then(|value| value.to_str().ok());
        let read = date.and_then(|text| rfc2822::DateTimeParser::new().parse_timestamp(text).ok());
        self.0 = read.map(|at| (at, Instant::now())).or(self.0);
    }

    fn now(&self) -> Option<Timestamp> {
        let (at, seen) = self.0?;
        at.checked_add(SignedDuration::try_from(seen.elapsed()).ok()?).ok()
    }
}

impl Poller {
    /// A client for the system of a pack; asks nothing yet.
    pub fn new(pack: Arc<Pack>, settings: &PollerSettings) -> Result<Self, PullError> {
        let mut spec = pack.pull.clone().ok_or(PullError::NoPull)?;
        let address = |reason: String| PullError::Address { address: settings.base_url.clone(), reason };
        let root = settings.base_url.trim_end_matches('/');
        let url = Url::parse(&format!("{root}{}", spec.path)).map_err(|error| address(error.to_string()))?;
        let client = http::client(root)
            .connect_timeout(settings.connect_timeout)
            .timeout(settings.timeout)
            .default_headers(headers(settings.key.as_ref()).ok_or_else(|| address("its key is not a header".into()))?)
            .build()
            .map_err(|error| address(error.to_string()))?;
        let per_minute = settings.requests_per_minute.unwrap_or(spec.requests_per_minute);
        spec.page_size = settings.page_size.filter(|size| *size > 0).unwrap_or(spec.page_size);
        let limit = RateLimiter::direct(Quota::per_minute(per_minute));
        let (tokens, timeout, most_bytes) = (settings.tokens.clone(), settings.timeout, settings.most_bytes);
        let (clock, reading) = (SourceClock::default(), Reading::default());
        let since = settings.since;
        Ok(Self { pack, spec, url, client, tokens, limit, timeout, most_bytes, since, clock, reading, refused: None })
    }

    /// How far the system's clock is ahead of `now`, once it has said what time it is.
    pub fn clock_ahead(&self, now: Timestamp) -> Option<SignedDuration> {
        self.clock.now().map(|theirs| theirs.duration_since(now))
    }

    /// Where a first connection begins.
    pub fn start(&self, since: Timestamp) -> Cursor {
        Cursor::start(&self.spec, since)
    }

    /// Asks for the page at `cursor`, waiting for the channel's rate limit first. `now` is ours.
    pub async fn next_page(&mut self, cursor: &Cursor, now: Timestamp) -> Result<Page, PullError> {
        let called = Instant::now();
        self.limit.until_ready().await;
        let present = self.present(now, called);
        let asked = self.taken_up(cursor).reached(present, self.since).begun(&self.spec, present);
        let page = self.page(&asked, now, called).await;
        self.refused = asked.token().filter(|_| page.as_ref().is_err_and(PullError::is_of_the_question)).cloned();
        let error = match page {
            Ok(page) => return Ok(page),
            Err(error) => error,
        };
        // It may be the system's future: one that does not answer for it is asked again once it is past.
        // Whatever else is wrong, the window that it does answer for will say.
        if let Some(next) = asked.given_up() {
            return Ok(Page::none(next));
        }
        let present = self.present(now, called);
        let beyond = asked.beyond(&error, present, &mut self.reading);
        beyond.map(|(next, missing)| Page { missing, ..Page::none(next) }).ok_or(error)
    }

    /// The cursor as this poller knows it. With a token that was refused, it asks for the round from its beginning, which
    /// passes over nothing: a system that takes no token at all is heard to refuse each of them.
    fn taken_up(&mut self, cursor: &Cursor) -> Cursor {
        match cursor.fitting(&self.spec) {
            Cursor::Window(window) => Cursor::Window(self.reading.take_up(window)),
            Cursor::Token(token) if token.token.is_some() && token.token == self.refused => {
                Cursor::Token(Token::round(token.since))
            }
            token @ Cursor::Token(_) => token,
        }
    }

    async fn page(&mut self, asked: &Cursor, now: Timestamp, called: Instant) -> Result<Page, PullError> {
        let response = self.ask(asked).await?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        self.clock.set(&headers);
        let bytes = self.body(response).await?;
        if status != 200 {
            return Err(self.refused(status, &headers, &bytes));
        }
        let content_type = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let raw = RawBody { bytes, content_type, content_encoding: None };
        let present = self.present(now, called);
        let page = page::read(&self.pack, &self.spec, asked, raw, present, &mut self.reading);
        if let (Some(tokens), Err(PullError::Code { code, .. })) = (&self.tokens, &page)
            && is_of_who_asks(code)
        {
            // Some say so in a 200: with the next attempt it sees another token.
            tokens.forget(&tokens.bearer().await?).await;
        }
        page
    }

    /// The present by both clocks, when ours said `now` at the moment `then`.
    fn present(&self, now: Timestamp, then: Instant) -> Present {
        let passed = SignedDuration::try_from(then.elapsed()).unwrap_or_default();
        Present::new(now.checked_add(passed).unwrap_or(now), self.clock.now())
    }

    /// Asks with a token where the system wants one; once more with a fresh one if it no longer takes ours.
    async fn ask(&self, asked: &Cursor) -> Result<Response, PullError> {
        let request = self.client.get(self.url.clone()).query(&asked.query(&self.spec));
        let send = async |request: RequestBuilder| request.send().await.map_err(|error| self.failed(&error));
        let Some(tokens) = &self.tokens else { return send(request).await };
        let again = request.try_clone();
        let bearer = tokens.bearer().await?;
        let response = send(request.header(&bearer.header, &bearer.value)).await?;
        match again.filter(|_| response.status() == StatusCode::UNAUTHORIZED) {
            None => Ok(response),
            Some(again) => {
                tokens.forget(&bearer).await;
                self.limit.until_ready().await;
                let fresh = tokens.bearer().await?;
                send(again.header(&fresh.header, &fresh.value)).await
            }
        }
    }

    async fn body(&self, mut response: Response) -> Result<Bytes, PullError> {
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.failed(&error))? {
            if body.len() + chunk.len() > self.most_bytes {
                return Err(PullError::TooLarge(self.most_bytes));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }

    /// Names the cause without the address, which may hold a key.
    fn failed(&self, error: &reqwest::Error) -> PullError {
        let cause = || {
            let mut source = std::error::Error::source(error);
            let mut said = String::new();
            while let Some(inner) = source {
                said = inner.to_string();
                source = inner.source();
            }
            said
        };
        if error.is_timeout() {
            PullError::Timeout(self.timeout)
        } else if error.is_connect() {
            PullError::Connect(cause())
        } else {
            PullError::Broken(cause())
        }
    }

    fn refused(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> PullError {
        let said = charset::json(body).unwrap_or_default();
        let seconds = headers.get(RETRY_AFTER).and_then(|v| v.to_str().ok()).and_then(|v| v.trim().parse().ok());
        PullError::Status {
            status,
            message: page::message(&self.spec, &said),
            retry_after: seconds.map(Duration::from_secs),
        }
    }
}

/// The key's header, marked as not to be printed.
fn headers(key: Option<&(String, String)>) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    if let Some((name, value)) = key {
        let mut value = HeaderValue::from_str(value).ok()?;
        value.set_sensitive(true);
        headers.insert(HeaderName::from_bytes(name.as_bytes()).ok()?, value);
    }
    Some(headers)
}
