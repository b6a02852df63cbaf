//! The connections of the HTTP door: how many there may be, and how long one may take to say what it wants.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use rustix::process::{Resource, getrlimit};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// How long a connection may be silent before the head of a request is there, the next one's too: longer than proxies keep
/// theirs for the next request, or one is sent into a connection that is being closed.
const SILENCE: Duration = Duration::from_secs(75);
/// Connections at most, whatever the system would let us have.
const MOST: usize = 8_192;
/// No connection can be taken: a while until it is tried again.
const PAUSE: Duration = Duration::from_millis(100);

/// What connections may take.
#[derive(Debug, Clone, Copy)]
pub struct Connections {
    /// At once; more wait until one of them ends.
    pub most: usize,
    /// How long one may be silent.
    pub silence: Duration,
}

impl Default for Connections {
    /// Half of the descriptors we may have: the other half is for files, the engine and the sources.
    fn default() -> Self {
        let descriptors = getrlimit(Resource::Nofile).current.and_then(|most| usize::try_from(most).ok());
        Self { most: descriptors.map_or(MOST, |most| (most / 2).min(MOST)).max(1), silence: SILENCE }
    }
}

/// Answers until shutdown, then finishes what is being answered.
pub async fn serve(listener: TcpListener, router: Router, connections: Connections, shutdown: CancellationToken) {
    let places = Arc::new(Semaphore::new(connections.most));
    let answering = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(connections.silence);
    loop {
        let next = async {
            let place = places.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            () = shutdown.cancelled() => break,
            next = next => next,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken: {error}");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let service = TowerToHyperService::new(router.clone());
        let connection = answering.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended");
            }
            drop(place);
        });
    }
    drop(listener);
    answering.shutdown().await;
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use super::*;

    const ASK: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

    #[tokio::test]
    async fn who_says_nothing_is_cut_off_and_the_next_is_answered() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = Router::new().fallback(async || "here");
        let (shutdown, silence) = (CancellationToken::new(), Duration::from_millis(200));
        let serving = tokio::spawn(serve(listener, router, Connections { most: 1, silence }, shutdown.clone()));

        let mut silent = TcpStream::connect(address).await.expect("connected");
        silent.write_all(b"GET / HTTP/1.1\r\nhost:").await.expect("begun");
        let mut next = TcpStream::connect(address).await.expect("connected");
        next.write_all(ASK).await.expect("asked");
        let mut answer = String::new();
        next.read_to_string(&mut answer).await.expect("answered");
        assert!(answer.ends_with("here"), "{answer}");
        let mut rest = Vec::new();
        let _cut_off = silent.read_to_end(&mut rest).await;
        assert!(!String::from_utf8_lossy(&rest).contains("200 OK"));

        shutdown.cancel();
        serving.await.expect("it ends");
    }
}
