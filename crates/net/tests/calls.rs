//! What a caller learns from a call: an answer, or how certain it is that nothing was sent.

mod support;

use ism_net::{AllowedOrigin, Body, CallError, Client, Method, Options, Part, PartData, Request};
use std::{future::pending, io::Write, time::Duration};
use support::{answer, client, peer, read_request, zipped_zeros};
use tokio::{io::AsyncWriteExt, net::TcpListener, sync::mpsc};

const SECRET: &str = "bot123:AAsecret";

fn get(origin: &str) -> Request {
    Request::get(format!("{origin}/{SECRET}/getMe?access_token={SECRET}"))
}

#[track_caller]
fn assert_hides_secret(error: &CallError) {
    let texts = format!("{error} {error:?}");
    assert!(
        !texts.contains("secret") && !texts.contains("getMe"),
        "the URL shows in: {texts}"
    );
}

#[tokio::test]
async fn a_call_sends_what_was_asked_and_returns_what_was_answered() {
    let (requests, mut seen) = mpsc::unbounded_channel();
    let origin = peer(move |mut stream| {
        let requests = requests.clone();
        async move {
            requests.send(read_request(&mut stream).await.unwrap()).unwrap();
            answer(
                &mut stream,
                "422 Unprocessable",
                "X-Reason: Because\r\n",
                b"{\"ok\":false}",
            )
            .await;
        }
    })
    .await;

    let mut request = Request::post_json(format!("{origin}/send?a=b"), "{\"text\":\"hi\"}");
    request
        .headers
        .push(("Authorization".to_owned(), "Bearer k".to_owned()));
    let got = client(&[&origin]).call(request).await.unwrap();

    assert_eq!((got.status, got.is_success()), (422, false));
    assert_eq!(got.header("x-reason"), Some("Because"));
    assert_eq!(got.body, "{\"ok\":false}");
    let sent = seen.recv().await.unwrap();
    assert!(sent.starts_with("POST /send?a=b HTTP/1.1\r\n"), "{sent}");
    assert!(sent.contains("authorization: Bearer k\r\n"), "{sent}");
    assert!(sent.contains("content-type: application/json\r\n"), "{sent}");
    assert!(sent.contains("user-agent: IS-Messenger/"), "{sent}");
    assert!(sent.ends_with("\r\n\r\n{\"text\":\"hi\"}"), "{sent}");
}

#[tokio::test]
async fn every_method_is_written_as_itself() {
    let origin = peer(|mut stream| async move {
        let request = read_request(&mut stream).await.unwrap();
        let method = request.split(' ').next().unwrap().to_owned();
        answer(&mut stream, "200 OK", "", method.as_bytes()).await;
    })
    .await;
    let methods = [
        (Method::Get, "GET"),
        (Method::Post, "POST"),
        (Method::Put, "PUT"),
        (Method::Delete, "DELETE"),
    ];
    for (method, name) in methods {
        let client = client(&[&origin]);
        let got = client
            .call(Request {
                method,
                ..Request::get(&origin)
            })
            .await
            .unwrap();
        assert_eq!(got.body, name);
    }
}

#[tokio::test]
async fn a_file_is_streamed_as_a_part_of_known_length() {
    let (requests, mut seen) = mpsc::unbounded_channel();
    let origin = peer(move |mut stream| {
        let requests = requests.clone();
        async move {
            requests.send(read_request(&mut stream).await.unwrap()).unwrap();
            answer(&mut stream, "200 OK", "", b"").await;
        }
    })
    .await;
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&b"0123456789".repeat(20_000)).unwrap();
    let photo = Part {
        name: "photo".to_owned(),
        file_name: Some("sun \"set\".jpg".to_owned()),
        content_type: Some("image/jpeg".to_owned()),
        data: PartData::File {
            path: file.path().to_owned(),
            len: 200_000,
        },
    };
    let body = Body::Multipart(vec![Part::text("caption", "Grüße"), photo.clone()]);
    let upload = Request {
        method: Method::Post,
        body,
        ..Request::get(&origin)
    };
    assert_eq!(client(&[&origin]).call(upload.clone()).await.unwrap().status, 200);

    let sent = seen.recv().await.unwrap();
    assert!(sent.contains("name=\"caption\"\r\n\r\nGrüße\r\n"));
    assert!(
        sent.contains("name=\"photo\"; filename=\"sun \\\"set\\\".jpg\""),
        "{}",
        &sent[..800]
    );
    assert!(sent.contains("\r\nContent-Type: image/jpeg\r\n"), "{}", &sent[..800]);
    assert!(sent.contains(&"0123456789".repeat(20_000)));

    // A file that is not what was recorded is found out before anything is sent.
    file.write_all(b"more").unwrap();
    let error = client(&[&origin]).call(upload).await.unwrap_err();
    assert!(matches!(error, CallError::NotSent(_)), "{error:?}");
    let gone = Part {
        data: PartData::File {
            path: "/nonexistent/file".into(),
            len: 1,
        },
        ..photo
    };
    let upload = Request {
        method: Method::Post,
        body: Body::Multipart(vec![gone]),
        ..Request::get(&origin)
    };
    let error = client(&[&origin]).call(upload).await.unwrap_err();
    assert!(matches!(error, CallError::NotSent(_)), "{error:?}");
}

#[tokio::test]
async fn a_refused_connection_is_certainly_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = client(&[&origin]).call(get(&origin)).await.unwrap_err();
    assert!(
        matches!(&error, CallError::NotSent(why) if why.contains("refused")),
        "{error:?}"
    );
    assert_hides_secret(&error);
}

#[tokio::test]
async fn a_failed_tls_handshake_is_certainly_not_sent() {
    let origin = peer(|mut stream| async move {
        answer(&mut stream, "400 Bad Request", "", b"this is not TLS").await;
        read_request(&mut stream).await;
    })
    .await
    .replace("http:", "https:");
    let error = client(&[&origin]).call(get(&origin)).await.unwrap_err();
    assert!(matches!(error, CallError::NotSent(_)), "{error:?}");
    assert_hides_secret(&error);
}

#[tokio::test]
async fn a_connection_that_is_accepted_and_closed_may_have_been_written_to() {
    let origin = peer(|stream| async move { drop(stream) }).await;
    let error = client(&[&origin]).call(get(&origin)).await.unwrap_err();
    assert!(matches!(error, CallError::Broken(_)), "{error:?}");
    assert_hides_secret(&error);
}

#[tokio::test]
async fn a_request_that_was_read_and_never_answered_may_have_been_acted_upon() {
    let origin = peer(|mut stream| async move {
        read_request(&mut stream).await;
    })
    .await;
    let error = client(&[&origin]).call(get(&origin)).await.unwrap_err();
    assert!(matches!(error, CallError::Broken(_)), "{error:?}");
    assert_hides_secret(&error);
}

#[tokio::test]
async fn silence_ends_with_the_timeout() {
    let origin = peer(|mut stream| async move {
        read_request(&mut stream).await;
        pending::<()>().await;
    })
    .await;
    let request = Request {
        timeout: Duration::from_millis(100),
        ..get(&origin)
    };
    let error = client(&[&origin]).call(request).await.unwrap_err();
    assert_eq!(error, CallError::Broken("it took too long".to_owned()));
}

#[tokio::test]
async fn half_an_answer_is_none() {
    let origin = peer(|mut stream| async move {
        read_request(&mut stream).await;
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"ok\":")
            .await
            .unwrap();
    })
    .await;
    let error = client(&[&origin]).call(get(&origin)).await.unwrap_err();
    assert!(matches!(error, CallError::Broken(_)), "{error:?}");
    assert_hides_secret(&error);
}

#[tokio::test]
async fn an_answer_that_stops_in_the_middle_ends_with_the_timeout() {
    let origin = peer(|mut stream| async move {
        read_request(&mut stream).await;
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"ok\":")
            .await
            .unwrap();
        pending::<()>().await;
    })
    .await;
    let request = Request {
        timeout: Duration::from_millis(100),
        ..get(&origin)
    };
    let error = client(&[&origin]).call(request).await.unwrap_err();
    assert_eq!(error, CallError::Broken("it took too long".to_owned()));
}

#[tokio::test]
async fn an_answer_that_is_not_http_is_broken() {
    let origin = peer(|mut stream| async move {
        read_request(&mut stream).await;
        let _ = stream.write_all(b"220 mail.example ESMTP\r\n").await;
    })
    .await;
    let error = client(&[&origin]).call(get(&origin)).await.unwrap_err();
    assert!(matches!(error, CallError::Broken(_)), "{error:?}");
    assert_hides_secret(&error);
}

#[tokio::test]
async fn a_reused_connection_that_dies_under_the_request_is_broken() {
    let origin = peer(|mut stream| async move {
        read_request(&mut stream).await;
        answer(&mut stream, "200 OK", "", b"first").await;
        read_request(&mut stream).await;
    })
    .await;
    let client = client(&[&origin]);
    assert_eq!(client.call(get(&origin)).await.unwrap().body, "first");
    let error = client.call(get(&origin)).await.unwrap_err();
    assert!(matches!(error, CallError::Broken(_)), "{error:?}");
}

#[tokio::test]
async fn an_answer_larger_than_accepted_is_refused_whether_or_not_its_length_is_announced() {
    let announced = peer(|mut stream| async move {
        while read_request(&mut stream).await.is_some() {
            answer(&mut stream, "200 OK", "", &[b'x'; 1001]).await;
        }
    })
    .await;
    let streamed = peer(|mut stream| async move {
        read_request(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n").await;
        while stream.write_all(&[b'x'; 400]).await.is_ok() {}
    })
    .await;
    let zipped = peer(|mut stream| async move {
        let bomb = zipped_zeros(1_000_000);
        assert!(bomb.len() < 2000);
        while read_request(&mut stream).await.is_some() {
            answer(&mut stream, "200 OK", "content-encoding: gzip\r\n", &bomb).await;
        }
    })
    .await;
    let client = client(&[&announced, &streamed, &zipped]);
    for origin in [&announced, &streamed] {
        let request = Request {
            max_response: 1000,
            ..get(origin)
        };
        assert_eq!(client.call(request).await.unwrap_err(), CallError::TooLarge);
    }
    let request = Request {
        max_response: 100_000,
        ..get(&zipped)
    };
    assert_eq!(client.call(request).await.unwrap_err(), CallError::TooLarge);

    let just_enough = Request {
        max_response: 1001,
        ..get(&announced)
    };
    assert_eq!(client.call(just_enough).await.unwrap().body.len(), 1001);
    let just_enough = Request {
        max_response: 1_000_000,
        ..get(&zipped)
    };
    assert_eq!(client.call(just_enough).await.unwrap().body.len(), 1_000_000);
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_followed() {
    let origin = peer(|mut stream| async move {
        read_request(&mut stream).await;
        answer(&mut stream, "302 Found", "location: /elsewhere\r\n", b"").await;
    })
    .await;
    let got = client(&[&origin]).call(get(&origin)).await.unwrap();
    assert_eq!((got.status, got.header("location")), (302, Some("/elsewhere")));
}

#[tokio::test]
async fn a_header_that_http_does_not_allow_is_refused_without_showing_its_value() {
    let client = client(&[]);
    for (name, value) in [
        ("x-token", "secret\r\nx-injected: 1"),
        ("x token", "secret"),
        ("", "secret"),
    ] {
        let mut request = Request::get("http://example.com/");
        request.headers.push((name.to_owned(), value.to_owned()));
        let error = client.call(request).await.unwrap_err();
        assert!(matches!(error, CallError::Blocked(_)), "{error:?}");
        assert_hides_secret(&error);
    }
}

#[tokio::test]
async fn only_the_exact_origin_is_exempt_and_from_the_moment_it_is_allowed() {
    let serve = |mut stream: tokio::net::TcpStream| async move {
        read_request(&mut stream).await;
        answer(&mut stream, "200 OK", "", b"").await;
    };
    let (first, second) = (peer(serve).await, peer(serve).await);
    let client = Client::new(Options::default()).unwrap();
    let clone = client.clone();
    for origin in [&first, &second] {
        let error = clone.call(get(origin)).await.unwrap_err();
        assert!(matches!(error, CallError::Blocked(_)), "{error:?}");
        assert_hides_secret(&error);
    }

    client.allow(AllowedOrigin::parse(&first).unwrap());
    assert_eq!(clone.call(get(&first)).await.unwrap().status, 200);
    assert!(matches!(clone.call(get(&second)).await, Err(CallError::Blocked(_))));
    let by_name = first.replace("127.0.0.1", "localhost");
    assert!(matches!(clone.call(get(&by_name)).await, Err(CallError::Blocked(_))));
    client.allow(AllowedOrigin::parse(&by_name).unwrap());
    assert_eq!(clone.call(get(&by_name)).await.unwrap().status, 200);
}

#[test]
fn debug_output_of_a_request_shows_only_where_it_goes() {
    let mut request = get("https://api.example");
    request
        .headers
        .push(("authorization".to_owned(), "Bearer AAsecret".to_owned()));
    let text = format!("{request:?}");
    assert!(text.contains("api.example") && !text.contains("secret"), "{text}");
}
