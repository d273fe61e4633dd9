use super::*;
use std::collections::HashMap;

fn layered(flags: &[(&'static str, &str)], environment: &[(&str, &str)], file: &str) -> Result<Settings, Failure> {
    let flags = flags
        .iter()
        .map(|(name, value)| (*name, Some((*value).to_owned())))
        .collect();
    let environment: HashMap<String, String> = environment
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    Settings::layer(
        flags,
        |name| environment.get(name).cloned(),
        Some((file.to_owned(), "f.toml".into())),
    )
}

fn listen(settings: &Settings) -> (&str, String) {
    let value = settings.get("listen").unwrap();
    (&value.text, value.origin.to_string())
}

#[test]
fn flags_win_over_the_environment_over_the_file_over_defaults() {
    let file = "listen = \"127.0.0.1:3\"";
    let all = layered(&[("listen", "127.0.0.1:1")], &[("ISM_LISTEN", "127.0.0.1:2")], file).unwrap();
    assert_eq!(listen(&all), ("127.0.0.1:1", "flag --listen".to_owned()));
    let two = layered(&[], &[("ISM_LISTEN", "127.0.0.1:2")], file).unwrap();
    assert_eq!(listen(&two), ("127.0.0.1:2", "environment ISM_LISTEN".to_owned()));
    let one = layered(&[], &[], file).unwrap();
    assert_eq!(listen(&one), ("127.0.0.1:3", "file f.toml".to_owned()));
    let none = layered(&[], &[], "").unwrap();
    assert_eq!(listen(&none), ("127.0.0.1:8080", "default".to_owned()));
}

#[test]
fn an_empty_value_counts_as_absent() {
    let settings = layered(
        &[],
        &[("ISM_LISTEN", ""), ("ISM_NATS", " ")],
        "listen = \"127.0.0.1:3\"",
    )
    .unwrap();
    assert_eq!(listen(&settings).0, "127.0.0.1:3");
    assert_eq!(settings.get("nats"), None);
}

#[test]
fn an_unknown_key_is_an_error_that_names_the_likely_one() {
    for (wrong, meant) in [
        ("lisen", "listen"),
        ("public-url", "public_url"),
        ("databse", "database"),
        ("Nats", "nats"),
    ] {
        let error = layered(&[], &[], &format!("\"{wrong}\" = \"x\"")).unwrap_err();
        assert!(
            error.message.contains(&format!("Did you mean \"{meant}\"?")),
            "{}",
            error.message
        );
    }
    let error = layered(&[], &[], "colour = \"x\"").unwrap_err();
    assert!(error.message.contains("Known are: data, database"), "{}", error.message);
    assert!(
        layered(&[], &[], "[server]\nlisten = \"x\"")
            .unwrap_err()
            .message
            .contains("\"server\"")
    );
}

#[test]
fn a_mistake_in_the_file_is_named_by_its_line_without_repeating_it() {
    let error = layered(&[], &[], "log = \"info\"\nsecret_key = \"s3cret\" oops\n").unwrap_err();
    assert!(error.message.contains("line 2"), "{}", error.message);
    assert!(!error.message.contains("s3cret"), "{}", error.message);
    let error = layered(&[], &[], "listen = 8080").unwrap_err();
    assert!(error.message.contains("text in quotes"), "{}", error.message);
}

#[test]
fn unknown_variables_are_named_and_those_of_tests_are_not() {
    let names = [
        "ISM_LISTN",
        "ISM_TEST_POSTGRES",
        "ISM_LOG",
        "ISM_SOMETHING_ELSE",
        "PATH",
        "ISM_PASSWORD",
    ];
    let warnings = unknown_variables(names.iter().map(|name| (*name).to_owned()));
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0].contains("Did you mean ISM_LISTEN?"));
    assert!(warnings[1].contains("ISM_SOMETHING_ELSE"));
}

#[test]
fn the_default_file_shows_every_setting_with_its_default() {
    let uncommented: String = DEFAULT_FILE
        .lines()
        .map(|line| {
            line.strip_prefix('#')
                .filter(|rest| rest.contains(" = \"") && !rest.starts_with(' '))
                .unwrap_or(line)
        })
        .map(|line| format!("{line}\n"))
        .collect();
    let values = parse(&uncommented, Path::new("default.toml")).unwrap();
    for key in KEYS {
        let text = values
            .get(key.name)
            .unwrap_or_else(|| panic!("{} is missing from default.toml", key.name));
        let default = if key.name == "log" {
            "info"
        } else {
            key.default.unwrap_or_default()
        };
        assert_eq!(text, default, "{}", key.name);
    }
    assert!(parse(DEFAULT_FILE, Path::new("default.toml")).unwrap().is_empty());
}

#[test]
fn passwords_are_masked_in_every_form_of_address() {
    for (given, shown) in [
        (
            "postgres://ism:s3cret@db.example/ism",
            "postgres://ism:***@db.example/ism",
        ),
        ("postgres://ism@db.example/ism", "postgres://ism@db.example/ism"),
        ("postgres://ism:s3/cr@et@db/ism", "postgres://ism:***@db/ism"),
        (
            "postgres://db/ism?user=a&password=s3cret&sslmode=off",
            "postgres://db/ism?user=a&password=***&sslmode=off",
        ),
        (
            "nats://t0ken@one:4222,nats://a:s3cret@two:4222",
            "nats://***@one:4222,nats://a:***@two:4222",
        ),
        ("nats://one:4222,t0ken@two", "nats://one:4222,***@two"),
        ("host=db user=ism password=s3cret", "host=db user=ism password=***"),
        ("host=db password='s3cret and more' user=ism", "host=db password=***"),
        ("sqlite", "sqlite"),
    ] {
        assert_eq!(mask_url(given), shown);
    }
}

#[test]
fn secrets_are_never_shown() {
    let key = "0f".repeat(32);
    let environment = [
        ("ISM_SECRET_KEY", key.as_str()),
        ("ISM_DATABASE", "postgres://ism:s3cret@db/ism"),
    ];
    let settings = layered(&[], &environment, "").unwrap();
    let shown: String = KEYS.iter().filter_map(|key| settings.shown(key)).collect();
    assert!(!shown.contains("0f0f") && !shown.contains("s3cret"), "{shown}");
    let config = Config::check(&settings).unwrap();
    assert_eq!(config.secret_key, Some(key));
    assert_eq!(
        config.database,
        DatabaseChoice::Postgres("postgres://ism:s3cret@db/ism".to_owned())
    );
}

#[test]
fn values_that_cannot_be_used_are_named_with_their_origin_and_without_secrets() {
    for (name, value, expected) in [
        ("ISM_LISTEN", "somewhere", "listen (environment ISM_LISTEN)"),
        (
            "ISM_DATABASE",
            "mysql://a:s3cret@b",
            "postgres://user:password@host/database",
        ),
        ("ISM_PUBLIC_URL", "https://chat.example/inbox", "without a path"),
        ("ISM_PUBLIC_URL", "chat.example", "https://chat.example.com"),
        ("ISM_SECRET_KEY", "s3cret", "openssl rand -hex 32"),
        ("ISM_LOG", "info,=", "error, warn, info"),
        ("ISM_LOG_FORMAT", "xml", "text, json or auto"),
        ("ISM_NATS", "nats://a:s3cret@", "nats://host:4222"),
    ] {
        let settings = layered(&[], &[(name, value)], "").unwrap();
        let error = Config::check(&settings).map(drop).unwrap_err();
        assert!(error.message.contains(expected), "{name}={value}: {}", error.message);
        assert!(!error.message.contains("s3cret"), "{}", error.message);
    }
}

#[test]
fn addresses_are_taken_in_their_usual_forms() {
    for (given, expected) in [
        ("0.0.0.0:80", "http://localhost:80"),
        ("9000", "http://127.0.0.1:9000"),
        ("[::]:81", "http://localhost:81"),
    ] {
        let settings = layered(&[("listen", given)], &[], "").unwrap();
        assert_eq!(Config::local_url(Config::check(&settings).unwrap().listen), expected);
    }
    let settings = layered(&[("public_url", "https://Chat.Example.com/")], &[], "").unwrap();
    assert_eq!(
        Config::check(&settings).unwrap().public_url.as_deref(),
        Some("https://chat.example.com")
    );
}
