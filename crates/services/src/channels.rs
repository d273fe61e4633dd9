//! Channels: connect, configure, disconnect, and find them quickly when a webhook arrives.

use crate::secrets::{public_id, token};
use crate::views::{self, ChannelView};
use crate::{Error, Member, Result, Services};
use ism_bus::Wake;
use ism_channels::dialogue::Method;
use ism_channels::{Adapter, Body, Channel as WireChannel, Connected, Request};
use ism_domain::access::Action;
use ism_domain::channel::ChannelStatus;
use ism_domain::event::{Actor, EventKind, NewEvent};
use ism_domain::message::{Failure, FailureReason};
use ism_domain::refusal::RefusalKind;
use ism_domain::{ChannelId, Refusal, WorkspaceId};
use ism_net::AllowedOrigin;
use ism_store::Existing;
use ism_store::tables::channels::{self, Channel};
use ism_store::tables::outbox;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

/// How long a channel found in the database is believed. Changes made by this process or announced by another are seen at
/// once; this bounds what a command run beside the server can leave stale.
const BELIEVED: Duration = Duration::from_secs(2);
/// Most characters of a channel's name.
const MAX_NAME: usize = 100;

/// A channel ready for use: its row, its adapter, its credentials.
pub struct Live {
    pub row: Channel,
    pub adapter: &'static dyn Adapter,
    pub wire: WireChannel,
}

/// Channels by id.
#[derive(Default)]
pub struct Cache(RwLock<HashMap<ChannelId, (Instant, Arc<Live>)>>);

impl Cache {
    fn get(&self, id: ChannelId) -> Option<Arc<Live>> {
        let known = self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        known
            .get(&id)
            .filter(|(since, _)| since.elapsed() < BELIEVED)
            .map(|(_, live)| live.clone())
    }

    fn put(&self, live: &Arc<Live>) {
        let mut known = self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        known.insert(live.row.id, (Instant::now(), live.clone()));
    }

    fn forget(&self, id: ChannelId) {
        self.0
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .remove(&id);
    }
}

/// What somebody wants to connect.
#[derive(Debug, Clone, Default)]
pub struct Connection {
    pub source: String,
    pub name: Option<String>,
    pub config: Map<String, Value>,
    /// Play the provider by the simulator.
    pub simulated: bool,
    /// The operator gave `base_url` on the command line: it may lie on a private network.
    pub trusted_base: bool,
}

/// A channel just connected.
#[derive(Debug, Clone, serde::Serialize, utoipa::ToSchema)]
pub struct ConnectedView {
    pub channel: ChannelView,
    /// The secret made for this channel, shown once here.
    pub secret: String,
    pub warning: Option<String>,
}

impl Services {
    /// A channel by id, of any workspace; for webhooks and the sender.
    ///
    /// # Errors
    /// When there is none, or the database cannot be read.
    pub async fn live_channel(&self, id: ChannelId) -> Result<Arc<Live>> {
        if let Some(live) = self.channels.get(id) {
            return Ok(live);
        }
        let row = self
            .store
            .read(ism_store::NO_WORKSPACE, move |tx| channels::by_id(tx, id))
            .await?;
        self.enliven(row.ok_or_else(|| Refusal::not_found("Channel"))?)
    }

    /// A channel by its public id, of any workspace.
    ///
    /// # Errors
    /// When there is none, or the database cannot be read.
    pub async fn live_channel_by_public_id(&self, public: &str) -> Result<Arc<Live>> {
        let public = public.to_owned();
        let row = self
            .store
            .read(ism_store::NO_WORKSPACE, move |tx| channels::by_public_id(tx, &public))
            .await?;
        let row = row.ok_or_else(|| Refusal::not_found("Channel"))?;
        match self.channels.get(row.id) {
            Some(live) => Ok(live),
            None => self.enliven(row),
        }
    }

    fn enliven(&self, row: Channel) -> Result<Arc<Live>> {
        let live = Arc::new(self.live(row)?);
        self.trust(&live);
        self.channels.put(&live);
        Ok(live)
    }

    /// Opens a row's credentials.
    fn live(&self, row: Channel) -> Result<Live> {
        let adapter = ism_channels::adapter(&row.source)
            .ok_or_else(|| Error::Internal(format!("there is no adapter for {}", row.source)))?;
        let opened = self.secrets.open(&row.secrets, &seal_context(row.id)).ok_or_else(|| {
            Error::Internal(format!(
                "the credentials of channel {} cannot be decrypted: was secret.key or ISM_SECRET_KEY replaced?",
                row.id
            ))
        })?;
        let mut secrets: Map<String, Value> = serde_json::from_slice(&opened)
            .map_err(|_| Error::Internal(format!("the credentials of channel {} are damaged", row.id)))?;
        let secret = secrets
            .remove("secret")
            .and_then(|value| value.as_str().map(str::to_owned))
            .unwrap_or_default();
        let mut config = row.config.clone();
        config.extend(secrets);
        let wire = WireChannel {
            id: row.id,
            public_id: row.public_id.clone(),
            config,
            secret,
            webhook_url: self.webhook_url(&row.source, row.id),
        };
        Ok(Live { row, adapter, wire })
    }

    /// Lets requests reach a base URL that the operator vouches for, or the simulator. What a user types into the form is
    /// never trusted, also not for a channel that is marked as simulated.
    fn trust(&self, live: &Live) {
        let Ok(origin) = AllowedOrigin::parse(live.wire.text("base_url")) else {
            return;
        };
        let simulator = self.settings.simulator_url.as_deref();
        let simulated = live.row.simulated
            && simulator.is_some_and(|url| AllowedOrigin::parse(url).is_ok_and(|simulator| simulator == origin));
        if live.row.trusted_base || simulated {
            self.net.allow(origin);
        }
    }

    /// Where a provider calls us for a channel.
    #[must_use]
    pub fn webhook_url(&self, source: &str, id: ChannelId) -> String {
        let base = &self.settings.public_url;
        match source {
            "custom_channel" => format!("{base}/custom/channel/webhook/"),
            "website_chat" => format!("{base}/widget/loader.js"),
            _ => format!("{base}/webhooks/{source}/{id}"),
        }
    }

    /// The workspace's channels.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn list_channels(&self, member: Member) -> Result<Vec<ChannelView>> {
        member.require(Action::InboxView)?;
        let workspace = member.workspace;
        let rows = self
            .store
            .read(workspace, move |tx| channels::list(tx, workspace))
            .await?;
        Ok(rows.into_iter().map(|row| self.channel_view(row)).collect())
    }

    pub(crate) fn channel_view(&self, row: Channel) -> ChannelView {
        let webhook_url = self.webhook_url(&row.source, row.id);
        views::channel(row, webhook_url)
    }

    /// Tries credentials without keeping them.
    ///
    /// # Errors
    /// With the form's mistakes or the provider's reason.
    pub async fn check_channel(&self, member: Member, connection: Connection) -> Result<Connected> {
        member.require(Action::ChannelsManage)?;
        let workspace = member.workspace;
        // An account made up for the simulator goes again; one that somebody named may be in use.
        let made_up = connection.simulated
            && ["bot_token", "phone_number_id", "base_url"]
                .iter()
                .all(|key| !connection.config.contains_key(*key));
        let (adapter, mut row, wire) = self.prepare(workspace, connection)?;
        // Only credentials are tried: a webhook must not be pointed at a channel that does not exist yet.
        let mut wire = wire;
        wire.webhook_url = String::new();
        row.config.clone_from(&wire.config);
        self.refuse_taken_account(&row).await?;
        let live = Live { row, adapter, wire };
        self.trust(&live);
        self.register_simulated(&live).await?;
        let outcome = self.converse(workspace, live.adapter.connect(&live.wire)).await;
        if made_up {
            self.forget_simulated(&live).await;
        }
        match outcome {
            Some(Ok(connected)) => Ok(connected),
            Some(Err(failure)) => Err(provider_refusal(&failure).into()),
            None => Err(Error::Internal("connecting did not end".to_owned())),
        }
    }

    /// Connects a channel: checks the credentials with the provider, keeps them, points the webhook at us.
    ///
    /// # Errors
    /// With the form's mistakes, a conflict, or the provider's reason.
    pub async fn connect_channel(&self, member: Member, connection: Connection) -> Result<ConnectedView> {
        member.require(Action::ChannelsManage)?;
        self.connect(member.workspace, member.actor(), connection, true).await
    }

    /// Connects a channel for the operator. With `insist` a provider that refuses is an error; without, the channel is kept
    /// and marked as needing attention.
    ///
    /// # Errors
    /// With the form's mistakes, a conflict, or the provider's reason.
    pub async fn connect(
        &self,
        workspace: WorkspaceId,
        actor: Actor,
        connection: Connection,
        insist: bool,
    ) -> Result<ConnectedView> {
        let name = connection.name.clone();
        let (adapter, row, wire) = self.prepare(workspace, connection)?;
        self.refuse_taken_account(&row).await?;
        let live = Live { row, adapter, wire };
        self.trust(&live);
        self.register_simulated(&live).await?;
        // The row is there before the provider is asked: some call the webhook while it is being set.
        let mut row = live.row.clone();
        row.status = ChannelStatus::NeedsAttention;
        row.status_text = Some("Connecting".to_owned());
        self.save_channel(row.clone(), actor, None).await?;
        let outcome = self.converse(workspace, live.adapter.connect(&live.wire)).await;
        let warning = match outcome {
            Some(Ok(connected)) => {
                row.status = ChannelStatus::Connected;
                row.status_text.clone_from(&connected.warning);
                row.address = connected.address;
                row.config.extend(connected.facts);
                if name.as_deref().is_none_or(|name| name.trim().is_empty()) && !connected.name.is_empty() {
                    row.name = clip(&connected.name);
                }
                connected.warning
            }
            Some(Err(failure)) if insist => {
                self.remove_row(&row).await?;
                return Err(provider_refusal(&failure).into());
            }
            Some(Err(failure)) => {
                row.status_text = Some(failure.text.clone());
                Some(failure.text)
            }
            None => return Err(Error::Internal("connecting did not end".to_owned())),
        };
        let row = self.save_channel(row, actor, Some(EventKind::ChannelConnected)).await?;
        Ok(ConnectedView {
            channel: self.channel_view(row),
            secret: live.wire.secret,
            warning,
        })
    }

    /// Changes a channel's name or public settings, or replaces credentials.
    ///
    /// # Errors
    /// When there is no such channel or the form has mistakes.
    pub async fn update_channel(
        &self,
        member: Member,
        id: ChannelId,
        name: Option<String>,
        config: Option<Map<String, Value>>,
    ) -> Result<ChannelView> {
        member.require(Action::ChannelsManage)?;
        let live = self.own_channel(member.workspace, id).await?;
        let row = self.changed_row(&live, name, config)?;
        let row = self
            .save_channel(row, member.actor(), Some(EventKind::ChannelUpdated))
            .await?;
        Ok(self.channel_view(row))
    }

    /// Goes through connecting again, with new credentials if given; what waits in the outbox then leaves at once.
    ///
    /// # Errors
    /// With the provider's reason.
    pub async fn reconnect_channel(
        &self,
        member: Member,
        id: ChannelId,
        config: Option<Map<String, Value>>,
    ) -> Result<ConnectedView> {
        member.require(Action::ChannelsManage)?;
        let workspace = member.workspace;
        let live = self.own_channel(workspace, id).await?;
        let row = self.changed_row(&live, None, config)?;
        let live = self.live(row)?;
        self.trust(&live);
        self.register_simulated(&live).await?;
        match self.converse(workspace, live.adapter.connect(&live.wire)).await {
            Some(Ok(connected)) => {
                let mut row = live.row.clone();
                row.status = ChannelStatus::Connected;
                row.status_text.clone_from(&connected.warning);
                row.address = connected.address;
                row.config.extend(connected.facts);
                let row = self
                    .save_channel(row, member.actor(), Some(EventKind::ChannelConnected))
                    .await?;
                self.store
                    .write(workspace, move |tx| {
                        let now = tx.now();
                        tx.hint(ism_store::Hint::Outbox);
                        outbox::release_channel(tx, workspace, id, now)
                    })
                    .await?;
                let view = self.channel_view(row);
                Ok(ConnectedView {
                    channel: view,
                    secret: live.wire.secret,
                    warning: connected.warning,
                })
            }
            Some(Err(failure)) => Err(provider_refusal(&failure).into()),
            None => Err(Error::Internal("connecting did not end".to_owned())),
        }
    }

    /// The secret made for a channel, for setting up the other side.
    ///
    /// # Errors
    /// When there is no such channel or the role may not see it.
    pub async fn channel_secret(&self, member: Member, id: ChannelId) -> Result<String> {
        member.require(Action::ChannelsManage)?;
        Ok(self.own_channel(member.workspace, id).await?.wire.secret.clone())
    }

    /// Disconnects a channel. Contacts and history stay; what waits in the outbox fails.
    ///
    /// # Errors
    /// When there is no such channel.
    pub async fn delete_channel(&self, member: Member, id: ChannelId) -> Result<()> {
        member.require(Action::ChannelsDelete)?;
        let workspace = member.workspace;
        let live = self.own_channel(workspace, id).await?;
        // Best effort: the provider may be gone already.
        self.converse(workspace, live.adapter.disconnect(&live.wire)).await;
        let mut row = live.row.clone();
        row.status = ChannelStatus::Deleted;
        row.deleted_at = Some(self.store.now());
        self.save_channel(row, member.actor(), Some(EventKind::ChannelDeleted))
            .await?;
        self.fail_outbox_of(workspace, id, "The channel was disconnected.")
            .await
    }

    /// Marks a channel whose credentials the provider refuses; its queue waits.
    pub(crate) async fn mark_channel_down(&self, live: &Live, failure: &Failure) -> Result<()> {
        if live.row.status == ChannelStatus::NeedsAttention
            && live.row.status_text.as_deref() == Some(failure.text.as_str())
        {
            return Ok(());
        }
        let mut row = live.row.clone();
        row.status = ChannelStatus::NeedsAttention;
        row.status_text = Some(failure.text.clone());
        self.save_channel(row, Actor::SYSTEM, Some(EventKind::ChannelUpdated))
            .await
            .map(drop)
    }

    async fn own_channel(&self, workspace: WorkspaceId, id: ChannelId) -> Result<Arc<Live>> {
        let live = self.live_channel(id).await?;
        if live.row.workspace_id == workspace {
            Ok(live)
        } else {
            Err(Refusal::not_found("Channel").into())
        }
    }

    /// Checks the form and makes the row of a new channel.
    fn prepare(
        &self,
        workspace: WorkspaceId,
        connection: Connection,
    ) -> Result<(&'static dyn Adapter, Channel, WireChannel)> {
        let adapter = ism_channels::adapter(&connection.source).ok_or_else(|| {
            let known: Vec<&str> = ism_channels::ADAPTERS
                .iter()
                .map(|adapter| adapter.descriptor().source)
                .collect();
            Refusal::field(
                "source",
                format!("There is no channel of this kind. Choose one of {}.", known.join(", ")),
            )
        })?;
        let descriptor = adapter.descriptor();
        let id: ChannelId = self.store.id();
        let public = public_id();
        let mut config = only_fields(adapter, connection.config);
        if connection.simulated {
            let simulator = self
                .settings
                .simulator_url
                .as_deref()
                .filter(|_| descriptor.simulated)
                .ok_or_else(|| {
                    Refusal::invalid(
                        "no_simulator",
                        "There is no simulator for this channel. Start the server with --simulator.",
                    )
                })?;
            simulate(descriptor.source, simulator, &public, id, &mut config);
        }
        let (public_config, mut secrets) = split(adapter, config)?;
        let mut whole = public_config.clone();
        whole.extend(secrets.clone());
        let account = adapter.account(&whole)?;
        let secret = token();
        secrets.insert("secret".to_owned(), json!(secret));
        let sealed = self
            .secrets
            .seal(json!(secrets).to_string().as_bytes(), &seal_context(id));
        let name = connection
            .name
            .as_deref()
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .unwrap_or(descriptor.label);
        let row = Channel {
            workspace_id: workspace,
            id,
            source: descriptor.source.to_owned(),
            name: clip(name),
            address: String::new(),
            account,
            public_id: public.clone(),
            config: public_config,
            secrets: sealed,
            status: ChannelStatus::Connected,
            status_text: None,
            simulated: connection.simulated,
            trusted_base: connection.trusted_base,
            created_at: self.store.now(),
            deleted_at: None,
            version: self.store.id(),
        };
        let webhook_url = self.webhook_url(&row.source, id);
        let wire = WireChannel {
            id,
            public_id: public,
            config: whole,
            secret,
            webhook_url,
        };
        Ok((adapter, row, wire))
    }

    fn changed_row(&self, live: &Live, name: Option<String>, config: Option<Map<String, Value>>) -> Result<Channel> {
        let mut row = live.row.clone();
        if let Some(name) = name {
            if name.trim().is_empty() {
                return Err(Refusal::field("name", "Give the channel a name.").into());
            }
            row.name = clip(name.trim());
        }
        if let Some(changes) = config {
            let mut whole = live.wire.config.clone();
            for (key, value) in only_fields(live.adapter, changes) {
                // An untouched secret comes back empty.
                let secret = live
                    .adapter
                    .descriptor()
                    .fields
                    .iter()
                    .any(|field| field.key == key && field.secret);
                if !(secret && value.as_str().is_none_or(str::is_empty)) {
                    whole.insert(key, value);
                }
            }
            // A new address is the user's, not the operator's.
            if whole.get("base_url") != live.wire.config.get("base_url") {
                row.trusted_base = false;
            }
            let (public, mut secrets) = split(live.adapter, whole.clone())?;
            row.account = live.adapter.account(&whole)?;
            secrets.insert("secret".to_owned(), json!(live.wire.secret));
            row.secrets = self
                .secrets
                .seal(json!(secrets).to_string().as_bytes(), &seal_context(row.id));
            row.config = public;
        }
        Ok(row)
    }

    async fn refuse_taken_account(&self, row: &Channel) -> Result<()> {
        let Some(account) = row.account.clone() else {
            return Ok(());
        };
        let (source, id) = (row.source.clone(), row.id);
        let taken = self
            .store
            .read(ism_store::NO_WORKSPACE, move |tx| {
                channels::by_account(tx, &source, &account)
            })
            .await?
            .is_some_and(|other| other.id != id);
        if taken { Err(account_taken().into()) } else { Ok(()) }
    }

    async fn save_channel(&self, mut row: Channel, actor: Actor, kind: Option<EventKind>) -> Result<Channel> {
        let workspace = row.workspace_id;
        let id = row.id;
        row.version = self.store.id();
        let saved = row.clone();
        let result = self
            .store
            .write(workspace, move |tx| {
                tx.insert([&row], Existing::Replace)?;
                if let Some(kind) = kind {
                    let payload = json!({ "channel_id": row.id, "name": row.name, "source": row.source });
                    tx.emit(NewEvent::workspace(kind, actor, payload));
                }
                Ok::<_, ism_store::Error>(())
            })
            .await;
        match result {
            Ok(()) => {}
            Err(error) if error.is_conflict("channel_account") || error.is_conflict("channel.account") => {
                return Err(account_taken().into());
            }
            Err(error) => return Err(error.into()),
        }
        self.channels.forget(id);
        self.bus.publish_wake(Wake::ChannelChanged {
            workspace_id: workspace.0,
            channel_id: id.0,
        });
        Ok(saved)
    }

    /// Takes back the row of a channel that could not be connected.
    async fn remove_row(&self, row: &Channel) -> Result<()> {
        let (workspace, id) = (row.workspace_id, row.id);
        self.channels.forget(id);
        self.store
            .write(workspace, move |tx| {
                tx.execute(
                    "DELETE FROM channel WHERE workspace_id = ?1 AND id = ?2",
                    &[workspace.into(), id.into()],
                )
            })
            .await?;
        Ok(())
    }

    /// Takes an account away from the simulator, best effort.
    async fn forget_simulated(&self, live: &Live) {
        let Some(simulator) = self.settings.simulator_url.as_deref() else {
            return;
        };
        let key = match live.row.source.as_str() {
            "telegram" => format!("telegram:{}", live.row.account.as_deref().unwrap_or_default()),
            "whatsapp_cloud" => format!("whatsapp:{}", live.wire.text("phone_number_id")),
            "custom_channel" => format!("custom:{}", live.row.public_id),
            _ => return,
        };
        let url = format!("{simulator}/sim/api/accounts/{key}");
        let request = Request::new(Method::Delete, url, Body::Empty);
        drop(self.call(live.row.workspace_id, request).await);
    }

    /// Tells the simulator what a provider would know: who we are and where to call us. A no-op for real channels.
    async fn register_simulated(&self, live: &Live) -> Result<()> {
        let Some(simulator) = self.settings.simulator_url.as_deref().filter(|_| live.row.simulated) else {
            return Ok(());
        };
        let (path, body) = match live.row.source.as_str() {
            "whatsapp_cloud" => (
                "whatsapp/accounts",
                json!({
                    "phone_number_id": live.wire.text("phone_number_id"), "waba_id": live.wire.text("waba_id"),
                    "app_secret": live.wire.text("app_secret"), "verify_token": live.wire.text("verify_token"),
                    "display_phone_number": live.wire.text("phone_number_id"),
                    "webhook_url": live.wire.webhook_url,
                }),
            ),
            "custom_channel" => (
                "custom/bridges",
                json!({
                    "bridge": live.row.public_id, "channel_id": live.row.public_id, "token": live.wire.secret,
                    "id_type": live.wire.text("id_type"), "name": live.row.name,
                    "webhook_url": live.wire.webhook_url,
                }),
            ),
            _ => return Ok(()),
        };
        let url = format!("{simulator}/sim/api/{path}");
        let request = ism_channels::Request::post(url, body);
        match self.call(live.row.workspace_id, request).await {
            ism_channels::Call::Answered(answer) if answer.is_success() => Ok(()),
            ism_channels::Call::Answered(answer) => {
                Err(Error::Internal(format!("the simulator answered {}", answer.status)))
            }
            ism_channels::Call::NotSent(reason) | ism_channels::Call::Broken(reason) => Err(Refusal::new(
                RefusalKind::Upstream,
                "simulator_unreachable",
                format!("The simulator cannot be reached: {reason}"),
            )
            .into()),
        }
    }
}

/// Forgets cached channels that another node changed.
pub(crate) async fn follow_changes(services: Services) {
    let mut wakes = services.bus.subscribe_wakes();
    loop {
        tokio::select! {
            () = services.stopping.cancelled() => return,
            wake = wakes.next() => match wake {
                Some(Wake::ChannelChanged { channel_id, .. }) => services.channels.forget(ChannelId(channel_id)),
                Some(_) => {}
                None => return,
            },
        }
    }
}

/// Credentials are bound to their row.
fn seal_context(id: ChannelId) -> String {
    format!("channel:{id}")
}

fn account_taken() -> Refusal {
    Refusal::conflict(
        "already_connected",
        "This account is already connected. Disconnect the other channel first, or reconnect it with new credentials.",
    )
}

fn provider_refusal(failure: &Failure) -> Refusal {
    let kind = if failure.reason == FailureReason::ChannelDisconnected {
        RefusalKind::Invalid
    } else {
        RefusalKind::Upstream
    };
    Refusal::new(kind, "provider_refused", failure.text.clone())
}

fn clip(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(MAX_NAME).collect()
}

/// A channel's settings by key.
type Settings = Map<String, Value>;

/// What of a form its descriptor knows. The rest of a channel's settings are facts that its provider told, and nobody else.
fn only_fields(adapter: &dyn Adapter, config: Settings) -> Settings {
    let fields = &adapter.descriptor().fields;
    config
        .into_iter()
        .filter(|(key, _)| fields.iter().any(|field| field.key == key))
        .collect()
}

/// Parts a form into what may be shown and what may not; checks that required fields are there.
fn split(adapter: &dyn Adapter, config: Map<String, Value>) -> Result<(Settings, Settings), Refusal> {
    let fields = &adapter.descriptor().fields;
    for field in fields.iter().filter(|field| field.required) {
        let empty = match config.get(field.key) {
            None | Some(Value::Null) => true,
            Some(Value::String(text)) => text.trim().is_empty(),
            Some(_) => false,
        };
        if empty {
            return Err(Refusal::field(
                field.key,
                format!("{} is needed. {}", field.label, field.help),
            ));
        }
    }
    let (mut public, mut secret) = (Map::new(), Map::new());
    for (key, value) in config {
        let value = match value {
            Value::String(text) => Value::String(text.trim().to_owned()),
            other => other,
        };
        match fields.iter().find(|field| field.key == key) {
            Some(field) if field.secret => drop(secret.insert(key, value)),
            _ => drop(public.insert(key, value)),
        }
    }
    Ok((public, secret))
}

/// Fills in what an account at the simulator needs, so that nobody has to make up tokens.
fn simulate(source: &str, simulator: &str, public: &str, id: ChannelId, config: &mut Map<String, Value>) {
    let mut fill = |key: &str, value: String| {
        let empty = config
            .get(key)
            .and_then(Value::as_str)
            .is_none_or(|text| text.trim().is_empty());
        if empty {
            config.insert(key.to_owned(), Value::String(value));
        }
    };
    match source {
        "telegram" => {
            let number = id.0 % 9_000_000_000 + 1_000_000_000;
            fill("bot_token", format!("{number}:SIMULATED{}", &token()[..26]));
            fill("base_url", format!("{simulator}/telegram"));
        }
        "whatsapp_cloud" => {
            fill("phone_number_id", format!("2{:014}", id.0 % 100_000_000_000_000));
            fill("waba_id", format!("3{:014}", id.0 % 100_000_000_000_000));
            fill("access_token", format!("EAAG{}", token()));
            fill("app_secret", token()[..32].to_owned());
            fill("verify_token", token()[..32].to_owned());
            fill("base_url", format!("{simulator}/whatsapp"));
        }
        "custom_channel" => {
            fill("base_url", format!("{simulator}/custom/{public}"));
            fill("id_type", "custom".to_owned());
        }
        _ => {}
    }
}
