//! HTTP connections: how many there may be, and how long one may take to say what it wants.

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

/// How long the head of a request may take, also the first of a connection that says nothing, or the next of one that is
/// kept alive.
const HEAD: Duration = Duration::from_secs(12);
/// How long the other side may leave lying what we send.
const UNREAD: Duration = Duration::from_secs(30);
/// Largest head, and what is read of a body at a time.
const BUFFER: usize = 64 * 1024;
/// Files kept free of connections: the database, attachments, calls to providers.
const RESERVED: u64 = 512;
/// How long to wait when the system has no file left for a connection.
const NO_FILES: Duration = Duration::from_millis(100);

/// Serves until `stop`, then lets requests in flight finish.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let limit = connections();
    tracing::debug!(limit, "connections at the same time");
    let room = Arc::new(Semaphore::new(limit));
    let open = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, from)) => match room.clone().try_acquire_owned() {
                Ok(permit) => {
                    let connection = converse(stream, permit, from, router.clone(), stop.clone());
                    open.spawn(connection);
                }
                Err(_) => turn_away(stream),
            },
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "no connection can be taken right now");
                tokio::time::sleep(NO_FILES).await;
            }
        }
    }
    drop(listener);
    open.close();
    open.wait().await;
}

async fn converse(
    stream: TcpStream,
    permit: OwnedSemaphorePermit,
    from: SocketAddr,
    router: Router,
    stop: CancellationToken,
) {
    // Answers are small: waiting to fill packets only makes them late.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    // The kernel also gives up those who stop reading, which would otherwise keep an answer in memory for ever.
    let unread = u32::try_from(UNREAD.as_millis()).unwrap_or(u32::MAX);
    if let Err(error) = rustix::net::sockopt::set_tcp_user_timeout(&stream, unread) {
        tracing::debug!(%error, "cannot set TCP_USER_TIMEOUT");
    }
    // Into each request rather than around the routes: wrapping them for every connection costs more than the requests.
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(from));
        router.clone().oneshot(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(BUFFER)
        .serve_connection(
            TokioIo::new(Counted {
                stream,
                _permit: permit,
            }),
            service,
        )
        .with_upgrades();
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
}

/// Says that there is no room, as far as the other side is ready to hear it.
fn turn_away(stream: TcpStream) {
    metrics::counter!("ism_http_turned_away").increment(1);
    let Ok(mut stream) = stream.into_std() else { return };
    // It does not block. What is left unread would cut off the answer.
    let mut unread = [0; 16 * 1024];
    drop(stream.read(&mut unread));
    let body = "Too many connections. Try again in a moment.\n";
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\nretry-after: 2\r\nconnection: close\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    drop(stream.write(answer.as_bytes()));
    drop(stream.shutdown(std::net::Shutdown::Write));
}

fn is_of_one_connection(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
    )
}

/// How many connections the system's limit of open files allows, after raising it as far as we may.
fn connections() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    let files = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    // Without a limit there is still one.
    let files = files.unwrap_or(1 << 20);
    let room = files - RESERVED.min(files / 2);
    usize::try_from(room).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS)
}

/// A connection that counts for as long as it is open, also after it has become a WebSocket.
struct Counted {
    stream: TcpStream,
    _permit: OwnedSemaphorePermit,
}

impl AsyncRead for Counted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
