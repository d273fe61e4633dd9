//! Opening an installation: the lock, the database, the key, the services.

use crate::config::{Config, DatabaseChoice};
use crate::failure::Failure;
use ism_bus::Bus;
use ism_net::{AllowedOrigin, Client};
use ism_services::{Secrets, Services, Settings};
use ism_store::tables::settings;
use ism_store::{Clock, NO_WORKSPACE, Options, Store, sqlite_file};
use std::fs::{File, OpenOptions, TryLockError};
use std::sync::Arc;

/// Names in the table of installation-wide values, by which commands learn how the server runs.
pub const PUBLIC_URL: &str = "public_url";
pub const SIMULATOR_URL: &str = "simulator_url";

/// Held while a server runs on a data directory with SQLite; the system lets go of it when the process ends, however.
pub struct Lock(#[expect(dead_code, reason = "open is what it is for")] File);

/// Takes the lock of the data directory.
///
/// # Errors
/// When another server holds it.
pub fn lock(config: &Config) -> Result<Lock, Failure> {
    std::fs::create_dir_all(&config.data)
        .map_err(|error| Failure::file("create the data directory", &config.data, &error))?;
    let path = config.data.join("server.lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|error| Failure::file("open", &path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => Err(already_running(config)),
        Err(TryLockError::Error(error)) => Err(Failure::file("lock", &path, &error)),
    }
}

fn already_running(config: &Config) -> Failure {
    Failure::new(
        "already_running",
        format!(
            "Another server is running on {}. Stop it first, or choose another folder with --data.",
            config.data.display()
        ),
    )
}

/// Whether a server runs on the data directory.
#[must_use]
pub fn is_served(config: &Config) -> bool {
    let file = OpenOptions::new().write(true).open(config.data.join("server.lock"));
    file.is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
}

/// Whether there is a database to open; on PostgreSQL only the server can tell.
#[must_use]
pub fn exists(config: &Config) -> bool {
    config.database != DatabaseChoice::Sqlite || sqlite_file(&config.data).exists()
}

/// Opens the database for a server. On SQLite the lock makes sure that there is one, and it takes its node number back.
///
/// # Errors
/// When the database cannot be reached or used.
pub async fn open_for_server(config: &Config, clock: Arc<dyn Clock>) -> Result<Store, Failure> {
    let holder = match config.database {
        DatabaseChoice::Sqlite => "server".to_owned(),
        DatabaseChoice::Postgres(_) => unique("server"),
    };
    Ok(Store::open(Options {
        holder,
        clock,
        ..Options::new(config.store_database())
    })
    .await?)
}

/// Opens the database for a command, beside a server or without one.
///
/// # Errors
/// When there is no installation, or the database cannot be reached or used.
pub async fn open_for_command(config: &Config) -> Result<Store, Failure> {
    Ok(Store::open(Options {
        holder: unique("command"),
        readers: 1,
        writers: 1,
        ..Options::new(config.store_database())
    })
    .await?)
}

/// Opens the services for a command. They run nothing in the background but what the command starts.
///
/// # Errors
/// When there is no installation, or it cannot be opened.
pub async fn services(config: &Config) -> Result<Services, Failure> {
    if !exists(config) {
        return Err(Failure::new(
            "no_installation",
            format!(
                "There is no installation in {} yet. Make one with: is-messenger init. Or name its folder with --data.",
                config.data.display()
            ),
        ));
    }
    services_on(config, open_for_command(config).await?).await
}

/// The services of a command on an open store.
///
/// # Errors
/// When the key cannot be used or the database not be read.
pub async fn services_on(config: &Config, store: Store) -> Result<Services, Failure> {
    let secrets = secrets(config, &store).await?;
    let (known_url, simulator_url) = store
        .read(NO_WORKSPACE, |tx| {
            Ok::<_, ism_store::Error>((settings::get(tx, PUBLIC_URL)?, settings::get(tx, SIMULATOR_URL)?))
        })
        .await?;
    let simulator_url = simulator_url.filter(|url| !url.is_empty());
    let public_url = config
        .public_url
        .clone()
        .or(known_url)
        .unwrap_or_else(|| Config::local_url(config.listen));
    let net = client(simulator_url.as_deref())?;
    let settings = Settings {
        public_url,
        simulator_url,
        data: config.data.clone(),
    };
    Ok(Services::new(store, Bus::local(), net, secrets, settings))
}

/// Sealed with the installation's key when it is first used, so that another key is noticed before anything is done with it.
const KEY_CHECK: &str = "key_check";

/// The installation's key. A new one is made for a new installation only: put in place of a lost one, it would leave every
/// channel's credentials unreadable, and seal new ones beside them.
///
/// # Errors
/// When the key is missing, cannot be read, or is not the one the installation was made with.
pub async fn secrets(config: &Config, store: &Store) -> Result<Secrets, Failure> {
    let (check, sealed) = store
        .read(NO_WORKSPACE, |tx| {
            let check = settings::get(tx, KEY_CHECK)?;
            // Installations older than the check have their channels to tell by.
            let sql = "SELECT id, secrets FROM channel ORDER BY id DESC LIMIT 1";
            let channel = tx.rows(sql, &[])?.pop();
            let sealed = channel
                .map(|mut row| Ok::<(i64, Vec<u8>), ism_store::Error>((row.take()?, row.take()?)))
                .transpose()?;
            Ok::<_, ism_store::Error>((check, sealed))
        })
        .await?;
    let file = config.data.join("secret.key");
    if config.secret_key.is_none() && (check.is_some() || sealed.is_some()) && !file.exists() {
        return Err(Failure::new(
            "secret_key_missing",
            format!(
                "The installation's key is missing: bring {} back from your copy, or give the key in ISM_SECRET_KEY. \
                 Without it the channels' credentials cannot be read.",
                file.display()
            ),
        ));
    }
    let secrets = Secrets::load(config.secret_key.as_deref(), &config.data)?;
    let fits = match (&check, sealed) {
        (Some(check), _) => secrets.opens_text(check, KEY_CHECK),
        (None, Some((id, sealed))) => secrets.open(&sealed, &format!("channel:{id}")).is_some(),
        (None, None) => true,
    };
    if !fits {
        return Err(Failure::new(
            "secret_key_wrong",
            "The key is not the one this installation was made with: bring back the right secret.key, or the right ISM_SECRET_KEY.",
        ));
    }
    if check.is_none() {
        let sealed = secrets.seal_text(KEY_CHECK, KEY_CHECK);
        store
            .write(NO_WORKSPACE, move |tx| settings::set(tx, KEY_CHECK, &sealed))
            .await?;
    }
    Ok(secrets)
}

/// The client for outgoing requests; it may reach the simulator wherever that is.
///
/// # Errors
/// When the machine has no certificates.
pub fn client(simulator_url: Option<&str>) -> Result<Client, Failure> {
    let allow = simulator_url
        .and_then(|url| AllowedOrigin::parse(url).ok())
        .into_iter()
        .collect();
    Ok(Client::new(ism_net::Options {
        allow,
        ..ism_net::Options::default()
    })?)
}

fn unique(name: &str) -> String {
    format!("{name}-{}", &ism_services::secrets::token()[..16])
}
