//! An installation without a server: services over a store, an owner, a workspace, colleagues and channels.

use crate::{Customer, FakeProvider, FrozenClock, TestDatabase};
use ism_bus::{Bus, Wake};
use ism_domain::access::Role;
use ism_domain::content::Content;
use ism_domain::event::Actor;
use ism_domain::inbound::Inbound;
use ism_domain::message::Message;
use ism_domain::{ChannelId, ContactId, MessageId, OrganizationId, UserId, WorkspaceId};
use ism_services::channels::Connection;
use ism_services::ingest::Taken;
use ism_services::messages::Draft;
use ism_services::views::MessageView;
use ism_services::{Member, Result, Secrets, Services, Settings};
use ism_store::tables::accounts::{self, OrganizationMember, User, Workspace};
use ism_store::tables::{channels, messages};
use ism_store::{NO_WORKSPACE, Store, Val};
use serde_json::{Map, Value, json};

/// A password anyone in a test has.
pub const PASSWORD: &str = "correct horse battery";

/// See the module's documentation.
pub struct World {
    pub services: Services,
    pub clock: FrozenClock,
    /// The first owner.
    pub owner: Member,
    pub provider: FakeProvider,
    pub database: TestDatabase,
}

impl World {
    /// With its loops running.
    pub async fn new(database: &TestDatabase) -> Self {
        let world = Self::asleep(database).await;
        world.services.start();
        world
    }

    /// Without loops: nothing is sent, fetched, woken or shown.
    pub async fn asleep(database: &TestDatabase) -> Self {
        let clock = FrozenClock::default();
        let store = database.open_at(&clock).await;
        let services = services(database, store);
        let made = services
            .initialise("owner@example.com", PASSWORD, "First")
            .await
            .unwrap();
        let owner = Member {
            workspace: made.workspace_id,
            user: made.user_id,
            role: Role::Owner,
        };
        let provider = FakeProvider::start().await;
        Self {
            services,
            clock,
            owner,
            provider,
            database: database.clone(),
        }
    }

    /// The first workspace.
    #[must_use]
    pub fn workspace(&self) -> WorkspaceId {
        self.owner.workspace
    }

    /// Another workspace of another organization, and its owner.
    pub async fn second_workspace(&self) -> Member {
        let store = &self.services.store;
        let member = Member {
            workspace: store.id(),
            user: store.id(),
            role: Role::Owner,
        };
        let organization: OrganizationId = store.id();
        store
            .write(NO_WORKSPACE, move |tx| {
                let now = tx.now();
                accounts::insert(
                    tx,
                    &User {
                        id: member.user,
                        email: format!("owner-{}@example.com", member.user),
                        first_name: "Other".to_owned(),
                        last_name: "Owner".to_owned(),
                        password_hash: String::new(),
                        created_at: now,
                    },
                )?;
                let named = accounts::Organization {
                    id: organization,
                    name: "Second".to_owned(),
                    created_at: now,
                };
                accounts::insert(tx, &named)?;
                accounts::insert(
                    tx,
                    &OrganizationMember {
                        organization_id: organization,
                        user_id: member.user,
                        role: "admin".to_owned(),
                    },
                )?;
                accounts::insert(
                    tx,
                    &Workspace {
                        id: member.workspace,
                        organization_id: organization,
                        name: "Second".to_owned(),
                        timezone: "UTC".to_owned(),
                        settings: Map::new(),
                        seq: 0,
                        created_at: now,
                    },
                )?;
                accounts::insert(
                    tx,
                    &accounts::Member {
                        workspace_id: member.workspace,
                        user_id: member.user,
                        role: Role::Owner,
                        last_active_at: None,
                        created_at: now,
                        removed_at: None,
                    },
                )
            })
            .await
            .unwrap();
        member
    }

    /// A colleague who was invited and has accepted.
    pub async fn colleague(&self, name: &str, role: Role) -> Member {
        let email = format!("{}@example.com", name.to_lowercase());
        let invitation = self.services.invite(self.owner, &email, role).await.unwrap();
        let url = invitation.url.unwrap();
        let token = url.rsplit('/').next().unwrap();
        let names = (name.to_owned(), String::new());
        let session = self
            .services
            .accept_invitation(token, names, PASSWORD, "127.0.0.1", "test")
            .await
            .unwrap();
        let signed_in = self.services.session(&session).await.unwrap().unwrap();
        self.services.member(signed_in.user, self.workspace()).await.unwrap()
    }

    /// Connects a channel of the first workspace to the provider of this world.
    pub async fn connect(&self, source: &str) -> ChannelId {
        self.connect_for(self.owner, source, &self.provider.url).await
    }

    /// Connects a channel of any workspace to any provider.
    pub async fn connect_for(&self, member: Member, source: &str, base_url: &str) -> ChannelId {
        let number: i64 = self.services.store.id();
        let config = match source {
            "telegram" => json!({ "bot_token": format!("{number}:AAF-test"), "base_url": base_url }),
            "whatsapp_cloud" => json!({
                "access_token": "EAAG-test", "phone_number_id": number.to_string(), "waba_id": "3000",
                "app_secret": "0123456789abcdef0123456789abcdef", "verify_token": "verify", "base_url": base_url,
            }),
            "custom_channel" => json!({ "base_url": base_url, "id_type": "custom" }),
            _ => json!({}),
        };
        let Value::Object(config) = config else { unreachable!() };
        let connection = Connection {
            source: source.to_owned(),
            name: Some(source.to_owned()),
            config,
            simulated: false,
            trusted_base: true,
        };
        let connected = self
            .services
            .connect(member.workspace, Actor::user(member.user), connection, true)
            .await;
        connected.unwrap().channel.id
    }

    /// Delivers what an adapter read.
    ///
    /// # Errors
    /// Those of the services.
    pub async fn deliver(&self, channel: ChannelId, events: Vec<Inbound>) -> Result<Taken> {
        let live = self.services.live_channel(channel).await?;
        self.services.deliver(live, events).await
    }

    /// A customer writes. Returns the contact and the message.
    pub async fn customer_writes(&self, channel: ChannelId, who: &Customer, text: &str) -> (ContactId, MessageId) {
        let taken = self.deliver(channel, vec![who.writes(text)]).await.unwrap();
        let id = taken.messages[0].unwrap();
        (self.message(id).await.contact_id, id)
    }

    /// A person answers on the channel last used.
    ///
    /// # Errors
    /// Those of the services.
    pub async fn reply(&self, member: Member, contact: ContactId, text: &str) -> Result<MessageView> {
        self.services.send_message(member, contact, draft(text)).await
    }

    /// A stored message of any workspace.
    pub async fn message(&self, id: MessageId) -> Message {
        self.services
            .store
            .read(NO_WORKSPACE, move |tx| {
                tx.first::<Message>("WHERE id = ?1", &[id.into()])
            })
            .await
            .unwrap()
            .unwrap()
    }

    /// The messages of a contact of the first workspace, oldest first.
    pub async fn messages_of(&self, contact: ContactId) -> Vec<Message> {
        let workspace = self.workspace();
        self.services
            .store
            .read(workspace, move |tx| messages::after(tx, workspace, contact, 0, 1_000))
            .await
            .unwrap()
    }

    /// A channel's row.
    pub async fn channel(&self, id: ChannelId) -> channels::Channel {
        let workspace = self.workspace();
        self.services
            .store
            .read(workspace, move |tx| channels::get(tx, workspace, id))
            .await
            .unwrap()
            .unwrap()
    }

    /// One number from the database.
    pub async fn number(&self, sql: &'static str) -> i64 {
        let workspace = self.workspace();
        self.services
            .store
            .read(workspace, move |tx| {
                let params: &[Val] = if sql.contains("?1") {
                    &[Val::Int(workspace.0)]
                } else {
                    &[]
                };
                tx.rows(sql, params)?.first_mut().map_or(Ok(0), ism_store::Row::take)
            })
            .await
            .unwrap()
    }

    /// Changes a row past the rules, where a test needs a state that nothing leads to yet.
    pub async fn execute(&self, sql: &'static str) {
        self.services
            .store
            .write(self.workspace(), move |tx| tx.execute(sql, &[]))
            .await
            .unwrap();
    }

    /// A contact's timeline as text.
    pub async fn timeline(&self, contact: ContactId) -> String {
        let page = self.services.timeline(self.owner, contact, None, 200).await.unwrap();
        crate::timeline::render(&page.items)
    }

    /// Moves the clock and lets the loops look.
    pub fn pass(&self, micros: i64) {
        self.clock.advance(micros);
        self.wake();
    }

    /// Lets the loops look.
    pub fn wake(&self) {
        self.services.bus.publish_wake(Wake::Outbox);
        self.services.bus.publish_wake(Wake::Jobs);
    }

    /// Fails unless every invariant holds.
    ///
    /// # Panics
    /// With the checks that are broken.
    pub async fn verify(&self) {
        let report = self.services.verify().await.unwrap();
        let broken: Vec<_> = report.checks.iter().filter(|check| check.broken != 0).collect();
        assert!(report.ok, "{broken:#?}");
    }

    /// The user's own place.
    #[must_use]
    pub fn user(&self) -> UserId {
        self.owner.user
    }
}

/// Services over a store, as the server puts them together.
#[must_use]
pub fn services(database: &TestDatabase, store: Store) -> Services {
    let data = database.folder().join("data");
    std::fs::create_dir_all(&data).unwrap();
    let settings = Settings {
        public_url: "https://desk.example.com".to_owned(),
        simulator_url: None,
        data: data.clone(),
    };
    let net = ism_net::Client::new(ism_net::Options::default()).unwrap();
    Services::new(store, Bus::local(), net, Secrets::new([7; 32]), settings)
}

/// A text on the channel last used.
#[must_use]
pub fn draft(text: &str) -> Draft {
    Draft {
        client_id: None,
        channel_id: None,
        content: Content::text(text),
        reply_to: None,
    }
}
