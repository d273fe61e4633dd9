//! Request bodies, up to a limit.

use axum::body::{Body, BodyDataStream};
use axum::extract::Request;
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use std::time::Duration;

/// What of an oversized body is still taken off the wire, so that the sender reads our answer instead of a broken connection.
const DRAINED: usize = 64 * 1024 * 1024;
/// How long that may take.
const DRAINING: Duration = Duration::from_secs(10);

/// Why there is no body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoBody {
    TooLarge,
    /// The connection broke, or the transfer is malformed.
    Unreadable,
}

/// Reads a body of at most `limit` bytes.
pub async fn collect(request: Request<Body>, limit: usize) -> Result<Bytes, NoBody> {
    let mut stream = request.into_body().into_data_stream();
    let mut collected = BytesMut::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| NoBody::Unreadable)?;
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

    #[tokio::test]
    async fn a_body_is_taken_up_to_its_limit_and_drained_beyond() {
        let request = |bytes: usize| Request::new(Body::from(vec![b'x'; bytes]));
        assert_eq!(collect(request(10), 10).await.map(|body| body.len()), Ok(10));
        assert_eq!(collect(request(11), 10).await, Err(NoBody::TooLarge));
        assert_eq!(collect(request(0), 10).await.map(|body| body.len()), Ok(0));
    }
}
