//! A scripted HTTP peer on a local socket.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

use ism_net::{AllowedOrigin, Client, Options};
use std::{future::Future, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// Starts a peer that treats each connection with `handle`; returns its origin.
pub async fn peer<F, Fut>(handle: F) -> String
where
    F: Fn(TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(handle(stream));
        }
    });
    origin
}

/// A client that may call the given origins.
pub fn client(origins: &[&str]) -> Client {
    let allow = origins
        .iter()
        .map(|origin| AllowedOrigin::parse(origin).unwrap())
        .collect();
    Client::new(Options {
        allow,
        connect_timeout: Duration::from_secs(5),
        ..Options::default()
    })
    .unwrap()
}

/// Reads one request: its head, and its body as announced by Content-Length. `None` when the connection ended.
pub async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
            let len = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let len: usize = len.map_or(0, |len| len.parse().unwrap());
            if bytes.len() >= end + 4 + len {
                return Some(String::from_utf8_lossy(&bytes).into_owned());
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

/// Answers and keeps the connection open.
pub async fn answer(stream: &mut TcpStream, status: &str, headers: &str, body: &[u8]) {
    let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n", body.len());
    // The client may be gone already, for example because the answer is too large for it.
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(body).await;
}

/// A gzip file of `len` zeros.
pub fn zipped_zeros(len: usize) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&vec![0; len]).unwrap();
    encoder.finish().unwrap()
}
