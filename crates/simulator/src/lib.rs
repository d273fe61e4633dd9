//! The provider's side of Telegram's Bot API, the WhatsApp Cloud API and a custom-channel bridge, on one listener.
//!
//! It takes what the product sends with the provider's own validation, ids, limits and errors; it calls the product's
//! webhooks with the provider's signatures, statuses and bad habits; and it shows a phone to write from as a customer.
//! It shares no code with the adapters: both sides are written from the providers' documents, else they would agree on
//! the same mistake.
//!
//! | address | plays |
//! | --- | --- |
//! | `/telegram/bot{token}/{method}`, `/telegram/file/bot{token}/{path}` | Telegram Bot API |
//! | `/whatsapp/v26.0/…` | Graph API for WhatsApp |
//! | `/custom/{bridge}/message` | the other side of a custom channel |
//! | `/sim/api/…` | control: accounts, phones, writing as a customer, knobs, counters |
//! | `/` | the phone page |
//!
//! Start with [`serve`], drive it with a [`Simulator`]. Map: [`world`] what is remembered, `write` what customers
//! do, `dispatch` webhooks on their way, [`faults`] the knobs, `control` the HTTP face of the handle.

mod control;
mod custom;
mod dispatch;
pub mod faults;
mod http;
mod log;
mod media;
mod page;
mod setup;
mod simulator;
mod state_file;
mod telegram;
mod whatsapp;
pub mod world;
mod write;

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;

pub use faults::{FailNext, Failure, Knobs};
pub use setup::{Bot, Bridge, NewPhone, WhatsappAccount};
pub use simulator::Simulator;
pub use write::{What, Write};

/// Milliseconds since 1970.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// How to run the simulator.
#[derive(Clone)]
pub struct Options {
    /// Where accounts, phones and chats are kept over a restart; files lie in a folder beside it. `None`: in memory only.
    pub state_file: Option<PathBuf>,
    /// The address the product can reach the simulator at, if it is not the listener's own.
    pub public_url: Option<String>,
    /// First pause before a refused webhook is sent again; it doubles up to a minute.
    pub retry_base: Duration,
    pub clock: Clock,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            state_file: None,
            public_url: None,
            retry_base: Duration::from_secs(1),
            clock: Arc::new(wall_clock),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the default of Options::clock; everything else takes the time from it"
)]
fn wall_clock() -> i64 {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// What can go wrong, as a sentence for the person at the controls.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Refused(String),
    #[error("{0}")]
    NotFound(String),
    #[error("{what} did not happen within {seconds} s")]
    Late { what: String, seconds: u64 },
    #[error("the state file {path} could not be {action}: {source}")]
    StateFile {
        path: String,
        action: &'static str,
        source: std::io::Error,
    },
    #[error("the simulator's HTTP client could not be made: {0}")]
    Client(#[from] reqwest::Error),
    #[error("the simulator's listener failed: {0}")]
    Listener(#[from] std::io::Error),
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything the simulator answers to.
pub fn router(sim: Simulator) -> axum::Router {
    axum::Router::new()
        .merge(telegram::routes())
        .merge(whatsapp::routes())
        .merge(custom::routes())
        .merge(control::routes())
        .merge(page::routes())
        .with_state(sim)
}

/// Serves until `shutdown` is ready, then ends open streams and saves the state.
pub async fn serve(listener: TcpListener, options: Options, shutdown: impl Future<Output = ()> + Send) -> Result<()> {
    let sim = Simulator::new(options)?;
    serve_with(listener, sim, shutdown).await
}

/// As [`serve`], with a handle that the caller keeps.
pub async fn serve_with(
    listener: TcpListener,
    sim: Simulator,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<()> {
    sim.listening_on(listener.local_addr()?);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = axum::serve(listener, router(sim.clone())).with_graceful_shutdown(async move {
        let _ = stopped.await;
    });
    let serving = IntoFuture::into_future(server);
    let saving = sim.clone().keep_saving();
    tokio::pin!(serving, saving, shutdown);
    let result = tokio::select! {
        ended = &mut serving => ended,
        never = &mut saving => match never {},
        () = &mut shutdown => {
            sim.close();
            let _ = stop.send(());
            // A caller that hangs on an answer must not keep the process alive.
            match tokio::time::timeout(Duration::from_secs(5), &mut serving).await {
                Ok(ended) => ended,
                Err(_) => Ok(()),
            }
        }
    };
    sim.close();
    sim.save()?;
    Ok(result?)
}
