//! Downloads: streamed, bounded, hashed, and careful about where redirects lead.

mod support;

use ism_net::{CallError, Request};
use sha2::{Digest, Sha256};
use std::{future::pending, time::Duration};
use support::{answer, client, peer, read_request, zipped_zeros};
use tokio::{io::AsyncWriteExt, sync::mpsc};

/// A peer that answers `/file` and sends everything else on to `location`.
async fn redirecting(location: String) -> String {
    redirecting_by("302 Found", location).await
}

async fn redirecting_by(status: &'static str, location: String) -> String {
    peer(move |mut stream| {
        let location = location.clone();
        async move {
            while let Some(request) = read_request(&mut stream).await {
                if request.starts_with("GET /file ") {
                    answer(&mut stream, "200 OK", "", b"the file").await;
                } else {
                    answer(&mut stream, status, &format!("location: {location}\r\n"), b"moved").await;
                }
            }
        }
    })
    .await
}

#[tokio::test]
async fn a_download_is_written_counted_and_hashed() {
    let bytes: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
    let served = bytes.clone();
    let origin = peer(move |mut stream| {
        let served = served.clone();
        async move {
            read_request(&mut stream).await;
            answer(&mut stream, "200 OK", "Content-Type: image/png\r\n", &served).await;
        }
    })
    .await;
    let mut sink = Vec::new();
    let got = client(&[&origin])
        .download(Request::get(&origin), &mut sink, bytes.len() as u64)
        .await
        .unwrap();
    assert!(got.is_success() && sink == bytes);
    assert_eq!(got.len, bytes.len() as u64);
    assert_eq!(got.sha256, <[u8; 32]>::from(Sha256::digest(&bytes)));
    assert!(
        got.headers
            .contains(&("content-type".to_owned(), "image/png".to_owned()))
    );

    let mut sink = Vec::new();
    let short = client(&[&origin])
        .download(Request::get(&origin), &mut sink, bytes.len() as u64 - 1)
        .await;
    assert_eq!(short.unwrap_err(), CallError::TooLarge);
}

#[tokio::test]
async fn a_stream_without_end_and_a_zip_bomb_stop_at_the_limit() {
    let endless = peer(|mut stream| async move {
        read_request(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n").await;
        while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
    })
    .await;
    let bomb = peer(|mut stream| async move {
        read_request(&mut stream).await;
        answer(
            &mut stream,
            "200 OK",
            "content-encoding: gzip\r\n",
            &zipped_zeros(5_000_000),
        )
        .await;
        pending::<()>().await;
    })
    .await;
    let client = client(&[&endless, &bomb]);
    for origin in [&endless, &bomb] {
        let mut sink = Vec::new();
        let error = client
            .download(Request::get(origin), &mut sink, 100_000)
            .await
            .unwrap_err();
        assert_eq!(error, CallError::TooLarge);
        assert!(sink.len() <= 100_000, "{} bytes were stored", sink.len());
    }
}

#[tokio::test]
async fn a_refusal_is_told_apart_and_not_stored() {
    let origin = peer(|mut stream| async move {
        read_request(&mut stream).await;
        answer(&mut stream, "404 Not Found", "", b"{\"error\":\"expired\"}").await;
    })
    .await;
    let mut sink = Vec::new();
    let request = Request {
        max_response: 10,
        ..Request::get(&origin)
    };
    let got = client(&[&origin]).download(request, &mut sink, 1000).await.unwrap();
    assert_eq!((got.status, got.len, sink.len()), (404, 0, 0));
    assert_eq!(got.refusal, "{\"error\":\"");
}

#[tokio::test]
async fn a_download_that_breaks_off_or_stalls_is_broken() {
    let breaks = peer(|mut stream| async move {
        read_request(&mut stream).await;
        let _ = stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")
            .await;
    })
    .await;
    let stalls = peer(|mut stream| async move {
        read_request(&mut stream).await;
        let _ = stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")
            .await;
        pending::<()>().await;
    })
    .await;
    let client = client(&[&breaks, &stalls]);
    for origin in [&breaks, &stalls] {
        let request = Request {
            timeout: Duration::from_millis(200),
            ..Request::get(origin)
        };
        let error = client.download(request, &mut Vec::new(), 1000).await.unwrap_err();
        assert!(matches!(error, CallError::Broken(_)), "{error:?}");
    }
}

#[tokio::test]
async fn credentials_stay_with_their_origin() {
    let (requests, mut seen) = mpsc::unbounded_channel();
    let storage = peer(move |mut stream| {
        let requests = requests.clone();
        async move {
            requests.send(read_request(&mut stream).await.unwrap()).unwrap();
            answer(&mut stream, "200 OK", "", b"the file").await;
        }
    })
    .await;
    let api = redirecting(format!("{storage}/signed?x=1")).await;

    let mut request = Request::get(format!("{api}/media"));
    for (name, value) in [
        ("authorization", "Bearer s3cret"),
        ("d360-api-key", "s3cret"),
        ("cookie", "s3cret"),
    ] {
        request.headers.push((name.to_owned(), value.to_owned()));
    }
    request.headers.push(("accept".to_owned(), "image/*".to_owned()));
    let mut sink = Vec::new();
    client(&[&api, &storage])
        .download(request, &mut sink, 1000)
        .await
        .unwrap();

    assert_eq!(sink, b"the file");
    let sent = seen.recv().await.unwrap();
    assert!(sent.starts_with("GET /signed?x=1 "), "{sent}");
    assert!(!sent.contains("s3cret"), "{sent}");
    assert!(sent.contains("accept: image/*"), "{sent}");
}

#[tokio::test]
async fn credentials_go_along_within_the_origin() {
    let origin = peer(|mut stream| async move {
        while let Some(request) = read_request(&mut stream).await {
            if request.starts_with("GET /file ") && request.contains("authorization: Bearer s3cret") {
                answer(&mut stream, "200 OK", "", b"the file").await;
            } else if request.starts_with("GET /old ") {
                answer(&mut stream, "301 Moved", "location: /file\r\n", b"").await;
            } else {
                answer(&mut stream, "401 Unauthorized", "", b"").await;
            }
        }
    })
    .await;
    let mut request = Request::get(format!("{origin}/old"));
    request
        .headers
        .push(("authorization".to_owned(), "Bearer s3cret".to_owned()));
    let got = client(&[&origin])
        .download(request, &mut Vec::new(), 1000)
        .await
        .unwrap();
    assert_eq!(got.status, 200);
}

#[tokio::test]
async fn every_hop_is_judged() {
    let inside = redirecting("/file".to_owned()).await;
    for location in [
        format!("{inside}/file"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "//127.0.0.1/".to_owned(),
        "http://[::1]/".to_owned(),
        "file:///etc/passwd".to_owned(),
        "http://user:pass@8.8.8.8/".to_owned(),
    ] {
        for status in [
            "301 Moved",
            "302 Found",
            "303 See Other",
            "307 Temporary",
            "308 Permanent",
        ] {
            let origin = redirecting_by(status, location.clone()).await;
            let error = client(&[&origin])
                .download(Request::get(&origin), &mut Vec::new(), 1000)
                .await
                .unwrap_err();
            assert!(matches!(error, CallError::Blocked(_)), "{status} {location}: {error:?}");
        }
    }
}

#[tokio::test]
async fn a_redirect_in_circles_ends() {
    let origin = redirecting("/again".to_owned()).await;
    let error = client(&[&origin])
        .download(Request::get(&origin), &mut Vec::new(), 1000)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, CallError::Blocked(why) if why.contains("redirects")),
        "{error:?}"
    );
}
