//! The binary as operators and scripts use it, on SQLite and, where one is named in ISM_TEST_POSTGRES, on PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod secrets;
mod support;

use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use support::{Installation, exchange, on_each_database};

const INIT: [&str; 7] = [
    "init",
    "--email",
    "owner@shop.example",
    "--password",
    "a long password",
    "--workspace",
    "Shop",
];

#[test]
fn an_installation_is_made_once_and_used_by_commands_without_a_server() {
    on_each_database("commands", |place| {
        let made = place.json(&INIT);
        let workspace = made["workspace_id"].as_i64().unwrap().to_string();
        assert!(made["organization_id"].is_i64() && made["user_id"].is_i64(), "{made}");

        let again = place.run(&[&INIT[..], &["--json"]].concat());
        assert_eq!(again.code, 1);
        assert_eq!(again.last_json()["error"]["code"], "already_initialised");
        assert!(again.stderr.contains("has an owner already"), "{}", again.stderr);

        let token = place.json(&["token", "create", "--workspace", &workspace, "--name", "till"]);
        assert_eq!(token["token"].as_str().unwrap().split('.').count(), 3);

        let widget = place.json(&[
            "channel",
            "connect",
            "--workspace",
            &workspace,
            "--source",
            "website_chat",
        ]);
        let key = widget["widget_key"].as_str().unwrap();
        assert!(widget["embed"].as_str().unwrap().contains(key), "{widget}");
        assert_eq!(widget["status"], "connected");

        // Nothing listens on port 1: the channel is kept all the same, unless one insists.
        let bot = [
            "--set",
            "bot_token=123456:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "--set",
            "base_url=http://127.0.0.1:1",
        ];
        let connect = [
            &["channel", "connect", "--workspace", &workspace, "--source", "telegram"][..],
            &bot,
        ]
        .concat();
        let refused = place.run(&[&connect[..], &["--strict", "--json"]].concat());
        assert_eq!(
            (refused.code, &refused.last_json()["error"]["code"]),
            (1, &Value::from("provider_refused"))
        );
        let kept = place.json(&connect);
        assert_eq!(kept["status"], "needs_attention");
        assert!(
            kept["warning"].is_string() && kept["secret"].is_string() && kept["public_id"].is_string(),
            "{kept}"
        );
        assert!(
            kept["webhook_url"]
                .as_str()
                .unwrap()
                .ends_with(&format!("/webhooks/telegram/{}", kept["channel_id"]))
        );
        let whatsapp = place.json(&[
            "channel",
            "connect",
            "--workspace",
            &workspace,
            "--source",
            "whatsapp_cloud",
            "--set",
            "access_token=t",
            "--set",
            "phone_number_id=1",
            "--set",
            "waba_id=2",
            "--set",
            "app_secret=3",
            "--set",
            "verify_token=mine",
            "--set",
            "base_url=http://127.0.0.1:1",
        ]);
        assert_eq!(whatsapp["verify_token"], "mine");
        let listed = place.json(&["channel", "list", "--workspace", &workspace]);
        assert_eq!(listed["channels"].as_array().unwrap().len(), 3, "{listed}");

        assert_eq!(
            place.json(&["migrate", "--check"])["outstanding"],
            serde_json::json!([])
        );
        assert_eq!(place.json(&["verify"])["ok"], true);
        let checks = place.run(&["doctor", "--json"]).last_json();
        let schema = checks["checks"]
            .as_array()
            .unwrap()
            .iter()
            .find(|check| check["check"] == "schema")
            .unwrap();
        assert_eq!(schema["verdict"], "ok", "{checks}");
    });
}

#[test]
fn the_server_serves_until_it_is_told_to_stop() {
    on_each_database("serve", |place| {
        let workspace = place.json(&INIT)["workspace_id"].to_string();
        let mut server = place.serve(&[]);
        for path in ["/healthz", "/readyz", "/metrics"] {
            let answer = exchange(
                &server.address,
                &format!("GET {path} HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n"),
            );
            assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
        }
        if place.database.is_none() {
            let second = place.run(&["serve", "--listen", "127.0.0.1:0"]);
            assert_eq!(second.code, 1);
            assert!(second.stderr.contains("Another server is running"), "{}", second.stderr);
        }
        // A command beside the server gives addresses under which the server is reached.
        let custom = [
            "--source",
            "custom_channel",
            "--set",
            "base_url=http://127.0.0.1:1",
            "--set",
            "id_type=custom",
        ];
        let channel = place.json(&[&["channel", "connect", "--workspace", &workspace][..], &custom].concat());
        assert_eq!(
            channel["webhook_url"],
            format!("http://{}/custom/channel/webhook/", server.address)
        );
        server.signal();
        assert_eq!(server.wait(), Some(0), "{}", server.log());
        assert_eq!(place.json(&["verify"])["ok"], true);
        // What was held is free again.
        let mut next = place.serve(&[]);
        next.signal();
        assert_eq!(next.wait(), Some(0), "{}", next.log());
    });
}

/// A request whose handler waits for the rest of its body.
fn half_a_request(address: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    let head = "POST /api/session HTTP/1.1\r\nhost: h\r\nx-ism-client: web\r\ncontent-type: application/json\r\n\
                content-length: 37\r\nexpect: 100-continue\r\nconnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 100");
    stream
}

#[test]
fn a_request_in_flight_is_finished_before_the_end() {
    let place = Installation::sqlite("in-flight");
    let mut server = place.serve(&[]);
    let mut request = half_a_request(&server.address);
    server.signal();
    server.until_it_stops_listening();
    request.write_all(br#"{"email":"a@b.example","password":""}"#).unwrap();
    let mut answer = String::new();
    request.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("HTTP/1.1 401"), "{answer}");
    assert_eq!(server.wait(), Some(0), "{}", server.log());
}

#[test]
fn a_second_signal_ends_the_server_at_once() {
    let place = Installation::sqlite("second-signal");
    let mut server = place.serve(&[]);
    let _request = half_a_request(&server.address);
    server.signal();
    server.until_it_stops_listening();
    server.signal();
    assert_eq!(server.wait(), Some(130), "{}", server.log());
}

#[test]
fn sample_data_are_made_once_and_kept() {
    on_each_database("sample", |place| {
        let sample = ["--simulator", "127.0.0.1:0", "--sample"];
        let counted = |place: &Installation| {
            let report = place.json(&["verify"]);
            assert_eq!(report["ok"], true, "{report}");
            let of = |name: &str| {
                let checks = report["checks"].as_array().unwrap();
                checks
                    .iter()
                    .find(|check| check["name"].as_str().unwrap().contains(name))
                    .unwrap()["counted"]
                    .clone()
            };
            (of("contacts show the state"), of("every message has its event"))
        };
        let mut server = place.serve(&sample);
        assert!(
            server
                .printed
                .iter()
                .any(|line| line.contains("owner@northwind.example / northwind-coffee"))
        );
        assert!(server.printed.iter().any(|line| line.starts_with("Simulator:")));
        let body = r#"{"email":"owner@northwind.example","password":"northwind-coffee"}"#;
        let head = "POST /api/session HTTP/1.1\r\nhost: h\r\nx-ism-client: web\r\ncontent-type: application/json\r\nconnection: close\r\n";
        let answer = exchange(
            &server.address,
            &format!("{head}content-length: {}\r\n\r\n{body}", body.len()),
        );
        assert!(
            answer.starts_with("HTTP/1.1 200") && answer.contains("Northwind Coffee"),
            "{answer}"
        );
        server.signal();
        assert_eq!(server.wait(), Some(0), "{}", server.log());
        let before = counted(place);
        assert_eq!(before.0, 40);
        assert!(before.1.as_i64().unwrap() > 100, "{before:?}");

        let mut again = place.serve(&sample);
        assert!(again.printed.iter().any(|line| line.contains("northwind-coffee")));
        assert_eq!(counted(place), before);
        // Both listen elsewhere than before, and still find each other.
        let simulator = again
            .printed
            .iter()
            .find_map(|line| line.strip_prefix("Simulator:"))
            .unwrap();
        let simulator = simulator.trim().trim_start_matches("http://");
        let body = r#"{"kind":"text","text":"Are you still there?"}"#;
        let path = "/sim/api/chats/telegram:7000000001/ingrid/write";
        let head =
            format!("POST {path} HTTP/1.1\r\nhost: h\r\ncontent-type: application/json\r\nconnection: close\r\n");
        let answer = exchange(
            simulator,
            &format!("{head}content-length: {}\r\n\r\n{body}", body.len()),
        );
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        let wanted = before.1.as_i64().unwrap() + 1;
        let begun = std::time::Instant::now();
        while counted(place).1 != wanted {
            assert!(
                begun.elapsed() < support::SOON,
                "the message did not arrive: {}",
                again.log()
            );
        }
        again.signal();
        assert_eq!(again.wait(), Some(0), "{}", again.log());
    });
}

#[test]
fn mistakes_are_one_sentence_and_show_no_secret() {
    let place = Installation::sqlite("mistakes");
    assert_eq!(place.run(&["serve", "--lisen", "x"]).code, 2);
    assert_eq!(place.run(&["no-such-command"]).code, 2);

    let file = place.folder().join("mine.toml");
    std::fs::write(&file, "lisen = \"127.0.0.1:1\"\n").unwrap();
    let unknown = place.run(&["config", "check", "--config", file.to_str().unwrap()]);
    assert_eq!(unknown.code, 1);
    assert!(
        unknown.stderr.contains("Did you mean \"listen\"?"),
        "{}",
        unknown.stderr
    );

    let away = "postgres://ism:s3cret@127.0.0.1:1/ism";
    for command in [
        &["verify"][..],
        &["migrate"],
        &["doctor"],
        &["serve", "--listen", "127.0.0.1:0"],
        &["config", "show"],
    ] {
        let run = place.run(&[command, &["--json", "--database", away]].concat());
        let said = format!("{}{}", run.stdout, run.stderr);
        assert!(!said.contains("s3cret"), "{command:?}: {said}");
        assert_eq!(
            run.code,
            i32::from(command != ["config", "show"]),
            "{command:?}: {said}"
        );
    }
    let missing = place.run(&["verify"]);
    assert_eq!(missing.code, 1);
    assert_eq!(missing.stderr.trim().lines().count(), 1, "{}", missing.stderr);
    assert!(
        missing.stderr.contains("There is no installation"),
        "{}",
        missing.stderr
    );
    assert_eq!(place.run(&["migrate", "--check"]).code, 1);
    let sample = place.run(&["serve", "--sample", "--listen", "127.0.0.1:0"]);
    assert!(
        sample.stderr.contains("--sample needs the simulator"),
        "{}",
        sample.stderr
    );
}

#[test]
fn the_file_in_the_data_folder_is_found_and_flags_win() {
    let place = Installation::sqlite("layers");
    std::fs::write(
        place.folder().join("is-messenger.toml"),
        "public_url = \"https://file.example\"\n",
    )
    .unwrap();
    let shown = place.json(&["config", "show"]);
    assert_eq!(shown["settings"]["public_url"]["value"], "https://file.example");
    let shown = place.json(&["config", "show", "--public-url", "https://flag.example"]);
    assert_eq!(shown["settings"]["public_url"]["value"], "https://flag.example");
    assert_eq!(shown["settings"]["public_url"]["from"], "flag --public-url");
}
