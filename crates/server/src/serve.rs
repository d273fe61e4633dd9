//! The server: everything wired together, read from top to bottom, and its graceful end.

mod connections;
mod simulated;

use crate::config::{Config, DatabaseChoice};
use crate::failure::Failure;
use crate::installation::{self, PUBLIC_URL, SIMULATOR_URL};
use crate::sample::{self, TimeMachine};
use crate::{output, telemetry};
use ism_bus::Bus;
use ism_services::{Services, Settings};
use ism_simulator::Simulator;
use ism_store::tables::settings;
use ism_store::{NO_WORKSPACE, Store};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long requests in flight may take to finish.
const REQUESTS_END: Duration = Duration::from_secs(10);
/// Connections that may wait to be taken. Of a longer queue the system forgets some, which after a restart means that
/// clients wait for seconds.
const BACKLOG: u32 = 4_096;
/// How long background work may then take; what is cut off is taken up at the next start.
const TASKS_END: Duration = Duration::from_secs(30);

/// Runs the server until a signal comes.
///
/// # Errors
/// When it cannot start; the sentence says what to do.
pub async fn run(config: &Config, with_sample: bool) -> Result<(), Failure> {
    if with_sample && config.simulator.is_none() {
        return Err(Failure::new(
            "usage",
            "--sample needs the simulator, through which the sample customers write: add --simulator 127.0.0.1:8090.",
        ));
    }
    // With PostgreSQL many servers share the data; SQLite has one.
    let _lock = match config.database {
        DatabaseChoice::Sqlite => Some(installation::lock(config)?),
        DatabaseChoice::Postgres(_) => None,
    };
    let metrics = telemetry::start_metrics()?;
    let clock = TimeMachine::default();
    let store = installation::open_for_server(config, std::sync::Arc::new(clock.clone())).await?;
    let secrets = installation::secrets(config, &store).await?;

    let listener = listen_on(&config.listen.to_string(), "--listen").await?;
    let address = local(&listener)?;
    let played = match config.simulator {
        Some(wanted) => Some(listen_on(&wanted.to_string(), "--simulator").await?),
        None => None,
    };
    let simulator_url = played.as_ref().map(local).transpose()?.map(simulator_url);
    let public_url = config.public_url.clone().unwrap_or_else(|| Config::local_url(address));
    let moved = announce(&store, &public_url, simulator_url.as_deref()).await?;

    let bus = match &config.nats {
        Some(url) => Bus::nats(url, &config.nats_prefix).await?,
        None => Bus::local(),
    };
    let services = Services::new(
        store,
        bus,
        installation::client(simulator_url.as_deref())?,
        secrets,
        Settings {
            public_url: public_url.clone(),
            simulator_url: simulator_url.clone(),
            data: config.data.clone(),
        },
    );
    services.start();

    let stop = CancellationToken::new();
    stop_on_signal(stop.clone())?;
    let simulator = match played {
        Some(listener) => Some(play(config, listener, &clock, stop.clone())?),
        None => None,
    };
    let router = ism_api::router(ism_api::App::new(services.clone(), metrics.clone()));
    let http = tokio::spawn(connections::serve(listener, router, stop.clone()));
    tokio::spawn(telemetry::keep_up(metrics, stop.clone()));
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        %address,
        public_url,
        database = if services.store.is_postgres() { "postgresql" } else { "sqlite" },
        "ready"
    );

    if let Some(url) = &simulator_url {
        simulated::follow(&services, url, moved).await?;
    }
    let mut is_sample = false;
    let mut outcome = Ok(());
    if with_sample && let Some((simulator, _)) = &simulator {
        tokio::select! {
            () = stop.cancelled() => {}
            filled = sample::fill(&services, simulator, &clock) => match filled {
                Ok(filled) => is_sample = filled,
                Err(failure) => {
                    stop.cancel();
                    outcome = Err(failure);
                }
            },
        }
    }
    if !stop.is_cancelled() {
        tell_ready(&public_url, simulator_url.as_deref(), is_sample);
    }
    stop.cancelled().await;
    end(&services, http, simulator.map(|(_, task)| task)).await;
    outcome
}

fn tell_ready(public_url: &str, simulator_url: Option<&str>, is_sample: bool) {
    output::line(format!("IS-Messenger is ready: {public_url}"));
    if is_sample {
        output::line(format!(
            "Sign in with:          {} / {}",
            sample::OWNER_EMAIL,
            sample::PASSWORD
        ));
    }
    if let Some(url) = simulator_url {
        output::line(format!("Simulator:             {url}"));
    }
}

/// Writes down how this server is reached, for commands that run beside it. Returns whether it was reached otherwise before.
async fn announce(store: &Store, public_url: &str, simulator_url: Option<&str>) -> Result<bool, Failure> {
    let public_url = public_url.to_owned();
    // One node of several may run the simulator: the others leave its address alone.
    let simulator_url = match simulator_url {
        None if store.is_postgres() => None,
        url => Some(url.unwrap_or_default().to_owned()),
    };
    store
        .write(NO_WORKSPACE, move |tx| {
            let before = settings::get(tx, PUBLIC_URL)?;
            settings::set(tx, PUBLIC_URL, &public_url)?;
            if let Some(url) = &simulator_url {
                settings::set(tx, SIMULATOR_URL, url)?;
            }
            Ok(before.is_some_and(|before| before != public_url))
        })
        .await
        .map_err(|error: ism_store::Error| error.into())
}

/// Starts the simulator in this process.
fn play(
    config: &Config,
    listener: TcpListener,
    clock: &TimeMachine,
    stop: CancellationToken,
) -> Result<(Simulator, JoinHandle<()>), Failure> {
    let address = local(&listener)?;
    if !address.ip().is_loopback() {
        tracing::warn!(%address, "the simulator can be reached from other machines: whoever reaches it can write as any simulated customer");
    }
    let clock = clock.clone();
    let simulator = Simulator::new(ism_simulator::Options {
        state_file: Some(config.data.join("simulator.json")),
        clock: std::sync::Arc::new(move || ism_store::Clock::now(&clock).as_millis()),
        ..ism_simulator::Options::default()
    })?;
    let handle = simulator.clone();
    let task = tokio::spawn(async move {
        if let Err(error) = ism_simulator::serve_with(listener, handle, stop.cancelled_owned()).await {
            tracing::error!(%error, "the simulator ended");
        }
    });
    Ok((simulator, task))
}

/// Finishes what is in flight: first requests, which need the services, then the services.
async fn end(services: &Services, http: JoinHandle<()>, simulator: Option<JoinHandle<()>>) {
    tracing::info!("stopping: finishing what is in flight");
    let (requests, _) = tokio::join!(tokio::time::timeout(REQUESTS_END, http), async {
        if let Some(task) = simulator
            && task.await.is_err()
        {
            tracing::error!("the simulator ended unexpectedly");
        }
    });
    if requests.is_err() {
        tracing::warn!("some requests did not finish in time and are cut off");
    }
    if tokio::time::timeout(TASKS_END, services.stop()).await.is_err() {
        tracing::warn!("some background work did not finish in time; it is taken up at the next start");
    }
    tracing::info!("stopped");
}

/// Cancels at the first SIGTERM or SIGINT, and ends the process at the second.
///
/// # Errors
/// When signals cannot be caught.
pub fn stop_on_signal(stop: CancellationToken) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::new("signals", format!("Signals cannot be caught: {error}."));
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    tokio::spawn(async move {
        let mut next = async || {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        next().await;
        stop.cancel();
        next().await;
        tracing::warn!("a second signal: ending at once");
        std::process::exit(130);
    });
    Ok(())
}

/// Listens on an address that `flag` gave.
///
/// # Errors
/// When the address is taken or not one of this machine.
pub async fn listen_on(address: &str, flag: &str) -> Result<TcpListener, Failure> {
    let address = if address.parse::<u16>().is_ok() {
        format!("127.0.0.1:{address}")
    } else {
        address.to_owned()
    };
    bind(&address).await.map_err(|error| {
        let why = match error.kind() {
            std::io::ErrorKind::AddrInUse => "another program listens there".to_owned(),
            std::io::ErrorKind::PermissionDenied => "ports below 1024 need a privilege".to_owned(),
            std::io::ErrorKind::AddrNotAvailable => "this machine has no such address".to_owned(),
            std::io::ErrorKind::InvalidInput => "it is not of the form 127.0.0.1:8080".to_owned(),
            _ => error.to_string(),
        };
        Failure::new(
            "listen",
            format!("Cannot listen on {address}: {why}. Choose another address with {flag}."),
        )
    })
}

async fn bind(address: &str) -> std::io::Result<TcpListener> {
    let mut failed = std::io::Error::from(std::io::ErrorKind::AddrNotAvailable);
    for address in tokio::net::lookup_host(address).await? {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        socket.set_reuseaddr(true)?;
        match socket.bind(address).and_then(|()| socket.listen(BACKLOG)) {
            Ok(listener) => return Ok(listener),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

fn local(listener: &TcpListener) -> Result<SocketAddr, Failure> {
    listener
        .local_addr()
        .map_err(|error| Failure::new("listen", format!("Cannot listen: {error}.")))
}

/// Where this machine reaches a simulator that listens on `address`.
pub fn simulator_url(address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        format!("http://127.0.0.1:{}", address.port())
    } else {
        format!("http://{address}")
    }
}
