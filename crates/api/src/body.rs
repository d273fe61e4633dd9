//! Request bodies: up to a limit, and no slower than a slow phone.

use axum::body::{Body, BodyDataStream, HttpBody};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt};
use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// What of an oversized body is still taken off the wire, so that the sender reads our answer instead of a broken connection.
const DRAINED: usize = 64 * 1024 * 1024;
/// How long that may take.
const DRAINING: Duration = Duration::from_secs(10);

/// How long any body may take …
const PATIENCE: Duration = Duration::from_secs(10);
/// … and the bytes it must bring in every second beyond that.
const SLOWEST: u64 = 4 * 1024;

/// A body that comes so slowly that it only keeps a connection busy.
#[derive(Debug, thiserror::Error)]
#[error("the body comes too slowly")]
struct TooSlow;

/// Whether reading a body failed because it came too slowly.
fn is_too_slow(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<TooSlow>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Ends bodies that come too slowly, whoever reads them.
pub async fn paced(request: Request, next: Next) -> Response {
    let request = request.map(|body| {
        if body.is_end_stream() {
            return body;
        }
        let begun = Instant::now();
        Body::from_stream(Paced {
            stream: body.into_data_stream(),
            begun,
            received: 0,
            look: Box::pin(tokio::time::sleep_until(begun + PATIENCE)),
        })
    });
    next.run(request).await
}

struct Paced {
    stream: BodyDataStream,
    begun: Instant,
    received: u64,
    look: Pin<Box<Sleep>>,
}

impl Stream for Paced {
    type Item = Result<Bytes, Box<dyn Error + Send + Sync>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Poll::Ready(chunk) = self.stream.poll_next_unpin(cx) {
            if let Some(Ok(bytes)) = &chunk {
                self.received += bytes.len() as u64;
            }
            return Poll::Ready(chunk.map(|chunk| chunk.map_err(Into::into)));
        }
        loop {
            ready!(self.look.as_mut().poll(cx));
            let due = self.begun + PATIENCE + Duration::from_millis(self.received * 1000 / SLOWEST);
            if due <= Instant::now() {
                return Poll::Ready(Some(Err(TooSlow.into())));
            }
            self.look.as_mut().reset(due);
        }
    }
}

/// Why there is no body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoBody {
    TooLarge,
    TooSlow,
    /// The connection broke, or the transfer is malformed.
    Unreadable,
}

/// Reads a body of at most `limit` bytes.
pub async fn collect(request: Request<Body>, limit: usize) -> Result<Bytes, NoBody> {
    let mut stream = request.into_body().into_data_stream();
    let mut collected = BytesMut::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| {
            if is_too_slow(&error) {
                NoBody::TooSlow
            } else {
                NoBody::Unreadable
            }
        })?;
        if collected.len() + chunk.len() > limit {
            // However it ends, the answer is the same.
            drop(tokio::time::timeout(DRAINING, drain(stream)).await);
            return Err(NoBody::TooLarge);
        }
        collected.extend_from_slice(&chunk);
    }
    Ok(collected.freeze())
}

async fn drain(mut stream: BodyDataStream) {
    let mut left = DRAINED;
    while let Some(Ok(chunk)) = stream.next().await {
        left = left.saturating_sub(chunk.len());
        if left == 0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_body_may_take_its_time_but_not_for_ever() {
        let drip = |every: Duration, bytes: usize, count: usize| {
            let drops = futures::stream::iter(0..count).then(move |_| async move {
                tokio::time::sleep(every).await;
                Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; bytes]))
            });
            let app = axum::Router::new()
                .route(
                    "/",
                    axum::routing::post(|request: Request| async move {
                        format!("{:?}", collect(request, 1 << 20).await.map(|body| body.len()))
                    }),
                )
                .layer(axum::middleware::from_fn(paced));
            let request = Request::post("/").body(Body::from_stream(drops)).unwrap();
            async move {
                let answer = tower::ServiceExt::oneshot(app, request).await.unwrap();
                let text = axum::body::to_bytes(answer.into_body(), 1000).await.unwrap();
                String::from_utf8(text.to_vec()).unwrap()
            }
        };
        let second = Duration::from_secs(1);
        let begun = Instant::now();
        assert_eq!(drip(second, 1, 1_000_000).await, "Err(TooSlow)");
        assert_eq!(begun.elapsed().as_secs(), 10);
        assert_eq!(drip(second * 60, 1, 1).await, "Err(TooSlow)");
        assert_eq!(drip(second, 8 * 1024, 60).await, "Ok(491520)");
        assert_eq!(drip(second, 1, 9).await, "Ok(9)");
    }

    #[tokio::test]
    async fn a_body_is_taken_up_to_its_limit_and_drained_beyond() {
        let request = |bytes: usize| Request::new(Body::from(vec![b'x'; bytes]));
        assert_eq!(collect(request(10), 10).await.map(|body| body.len()), Ok(10));
        assert_eq!(collect(request(11), 10).await, Err(NoBody::TooLarge));
        assert_eq!(collect(request(0), 10).await.map(|body| body.len()), Ok(0));
    }
}
