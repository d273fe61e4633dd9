//! Use cases and the loops behind them. This is where decisions of `ism-domain` meet the disk and the network.
//!
//! | module | what people do with it |
//! | --- | --- |
//! | [`accounts`] | sign in, invite, manage users and workspaces |
//! | [`channels`] | connect, configure and disconnect channels |
//! | [`ingest`] | what providers deliver becomes contacts, conversations and messages |
//! | [`inbox`] | lists, counters, timelines; assign, open, close, snooze |
//! | [`messages`] | send, retry |
//! | [`comments`], [`contacts`], [`closing_notes`], [`attachments`] | the rest of an agent's day |
//! | [`sender`] | messages reach providers |
//! | [`jobs`] | files are fetched, snoozes end, old rows go |
//! | [`realtime`] | the log reaches sockets |
//! | [`widget`] | visitors of websites |
//! | [`verify`] | the invariants are recounted |
//! | [`views`] | what the outside sees of it all |

pub mod accounts;
pub mod attachments;
pub mod channels;
pub mod closing_notes;
pub mod comments;
pub mod contacts;
pub mod files;
pub mod inbox;
pub mod ingest;
pub mod jobs;
pub mod messages;
pub mod realtime;
pub mod secrets;
pub mod sender;
pub mod verify;
pub mod views;
pub mod widget;

mod dialogue;
mod error;
mod loops;

pub use error::{Error, Result};
pub use secrets::Secrets;

use ism_bus::{Bus, Wake};
use ism_domain::access::{self, Action, Role};
use ism_domain::event::Actor;
use ism_domain::{Refusal, UserId, WorkspaceId};
use ism_store::{Committed, Hint, Store};
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What the operator decided.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where people and providers reach us, without a trailing slash.
    pub public_url: String,
    /// Where the simulator listens, if one runs.
    pub simulator_url: Option<String>,
    pub data: PathBuf,
}

/// Everything the use cases need. Cheap to clone.
#[derive(Clone)]
pub struct Services(Arc<Inner>);

/// The parts; reached through [`Services`].
pub struct Inner {
    pub store: Store,
    pub bus: Bus,
    pub net: ism_net::Client,
    pub secrets: Secrets,
    pub files: files::Files,
    pub settings: Settings,
    pub channels: channels::Cache,
    pub ingest: ingest::Queue,
    pub realtime: realtime::Hub,
    pub logins: accounts::LoginLimits,
    /// Cancelled when the process is to stop.
    pub stopping: CancellationToken,
    /// Every background task, waited for at the end.
    pub tasks: TaskTracker,
}

impl Deref for Services {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// A signed-in person in a workspace, as use cases see them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    pub workspace: WorkspaceId,
    pub user: UserId,
    pub role: Role,
}

impl Member {
    /// Refuses what the role may not do.
    ///
    /// # Errors
    /// Says which access level is needed.
    pub fn require(&self, action: Action) -> Result<(), Refusal> {
        access::require(self.role, action)
    }

    /// As the author of events.
    #[must_use]
    pub const fn actor(&self) -> Actor {
        Actor::user(self.user)
    }
}

impl Services {
    /// Puts the parts together. Nothing runs before [`Services::start`].
    #[must_use]
    pub fn new(store: Store, bus: Bus, net: ism_net::Client, secrets: Secrets, settings: Settings) -> Self {
        let (ingest, intake) = ingest::Queue::new();
        let inner = Inner {
            files: files::Files::new(&settings.data),
            store,
            bus,
            net,
            secrets,
            settings,
            channels: channels::Cache::default(),
            ingest,
            realtime: realtime::Hub::default(),
            logins: accounts::LoginLimits::new(),
            stopping: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        let services = Self(Arc::new(inner));
        let bus = services.bus.clone();
        services
            .store
            .on_commit(Arc::new(move |committed: Committed| announce(&bus, &committed)));
        for intake in intake {
            services.tasks.spawn(ingest::run(services.clone(), intake));
        }
        services
    }

    /// Starts the loops: sender, jobs, realtime and the tickers.
    pub fn start(&self) {
        self.tasks.spawn(sender::run(self.clone()));
        self.tasks.spawn(jobs::run(self.clone()));
        self.tasks.spawn(jobs::wake_snoozed(self.clone()));
        self.tasks.spawn(jobs::housekeeping(self.clone()));
        self.tasks.spawn(realtime::run(self.clone()));
        self.tasks.spawn(channels::follow_changes(self.clone()));
    }

    /// Asks everything to finish what is in flight, and waits.
    pub async fn stop(&self) {
        self.stopping.cancel();
        self.ingest.close();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Tells the loops about a commit.
fn announce(bus: &Bus, committed: &Committed) {
    for (workspace, seq) in &committed.events {
        bus.publish_wake(Wake::Events {
            workspace_id: workspace.0,
            seq: *seq,
        });
    }
    for hint in &committed.hints {
        bus.publish_wake(match hint {
            Hint::Outbox => Wake::Outbox,
            Hint::Jobs => Wake::Jobs,
        });
    }
}
