//! Installations in folders of their own, and the binary run on them.

use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const BINARY: &str = env!("CARGO_BIN_EXE_is-messenger");
/// How long anything may take.
pub const SOON: Duration = Duration::from_secs(60);

/// Runs a test on SQLite and, where a server is named, on PostgreSQL; says when it is not.
pub fn on_each_database(name: &str, test: impl Fn(&Installation)) {
    test(&Installation::sqlite(name));
    match std::env::var_os("ISM_TEST_POSTGRES").filter(|url| !url.is_empty()) {
        Some(url) => {
            let postgres = Postgres::make(url.to_str().unwrap(), name);
            test(&Installation {
                database: Some(postgres.url.clone()),
                ..Installation::sqlite(name)
            });
        }
        // Not by a macro: the test harness would hide it.
        None => {
            let text = format!("{name}: ran on SQLite only, as ISM_TEST_POSTGRES is not set\n");
            std::io::stderr().write_all(text.as_bytes()).unwrap();
        }
    }
}

/// A data folder, and a database if it is not in it.
pub struct Installation {
    data: tempfile::TempDir,
    pub database: Option<String>,
}

/// How a command ended.
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    pub fn last_json(&self) -> Value {
        let line = self.stdout.lines().last().unwrap_or_default();
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {}{}", self.stdout, self.stderr))
    }
}

impl Installation {
    pub fn sqlite(name: &str) -> Self {
        let data = tempfile::Builder::new()
            .prefix(&format!("ism-{name}-"))
            .tempdir()
            .unwrap();
        Self { data, database: None }
    }

    pub fn folder(&self) -> &Path {
        self.data.path()
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command
            .args(words)
            .arg("--data")
            .arg(self.folder())
            .current_dir(self.folder());
        // What the developer has set must not decide a test.
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("ISM_")) {
                command.env_remove(name);
            }
        }
        if let Some(url) = self.database.as_ref().filter(|_| !words.contains(&"--database")) {
            command.env("ISM_DATABASE", url);
        }
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, words: &[&str]) -> Run {
        let output = self.command(words).output().unwrap();
        Run {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The result of a command that must succeed.
    pub fn json(&self, words: &[&str]) -> Value {
        let run = self.run(&[words, &["--json"]].concat());
        assert_eq!(run.code, 0, "{words:?}: {}{}", run.stdout, run.stderr);
        run.last_json()
    }

    /// Starts a server and waits until it says that it is ready.
    pub fn serve(&self, words: &[&str]) -> Server {
        let log = self.folder().join("log");
        let mut child = self
            .command(&[&["serve", "--listen", "127.0.0.1:0"], words].concat())
            .stdout(Stdio::piped())
            .stderr(File::options().create(true).append(true).open(&log).unwrap())
            .spawn()
            .unwrap();
        let last = if words.contains(&"--simulator") {
            "Simulator:"
        } else {
            "IS-Messenger is ready:"
        };
        let mut printed = Vec::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            printed.push(line.unwrap());
            if printed.last().is_some_and(|line| line.starts_with(last)) {
                break;
            }
        }
        let ready = printed.first().and_then(|line| line.split_once("http://"));
        let address = ready.map(|(_, address)| address.to_owned());
        let server = Server {
            child,
            address: address.unwrap_or_default(),
            printed,
            log,
        };
        assert!(!server.address.is_empty(), "the server did not start: {}", server.log());
        server
    }
}

/// A running server. Killed when dropped.
pub struct Server {
    child: Child,
    /// Host and port.
    pub address: String,
    pub printed: Vec<String>,
    log: std::path::PathBuf,
}

impl Server {
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Asks it to end.
    pub fn signal(&self) {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    }

    /// The exit code, once it has ended.
    pub fn wait(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    pub fn until_it_stops_listening(&self) {
        let begun = Instant::now();
        while TcpStream::connect(&self.address).is_ok() {
            assert!(begun.elapsed() < SOON, "it still listens: {}", self.log());
            std::thread::yield_now();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Sends a request that closes its connection, and reads the whole answer.
pub fn exchange(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// A database of its own. Dropped with it.
struct Postgres {
    server: String,
    name: String,
    url: String,
}

impl Postgres {
    fn make(server: &str, name: &str) -> Self {
        let name = format!("server_{}_{}", name.replace('-', "_"), std::process::id());
        execute(server, &format!("CREATE DATABASE {name}"));
        let mut url = url::Url::parse(server).unwrap();
        url.set_path(&name);
        Self {
            server: server.to_owned(),
            name,
            url: url.to_string(),
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        execute(&self.server, &format!("DROP DATABASE {} WITH (FORCE)", self.name));
    }
}

fn execute(server: &str, sql: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(server, tokio_postgres::NoTls).await.unwrap();
        let connection = tokio::spawn(connection);
        client.batch_execute(sql).await.unwrap();
        drop(client);
        connection.await.unwrap().unwrap();
    });
}
