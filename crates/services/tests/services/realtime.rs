//! Screens: whoever applies the frames of the log to what it loaded ends at what a fresh load shows.

use ism_domain::access::Role;
use ism_domain::contact::ProfileChange;
use ism_domain::content::{Attachment, AttachmentKind, Content};
use ism_domain::event::EventKind;
use ism_domain::inbound::{Identity, Inbound};
use ism_domain::message::Status;
use ism_domain::{CategoryId, ChannelId, ContactId, InvitationId, MessageId, Timestamp, UserId};
use ism_services::accounts::WorkspaceChange;
use ism_services::contacts::Added;
use ism_services::inbox::{InboxName, ListRequest};
use ism_services::realtime::{Frame, TOO_FAR};
use ism_services::{Member, Services};
use ism_store::tables::contacts::Sort;
use ism_testkit::customer::status;
use ism_testkit::{Customer, Reply, World, on_each_database, wait_for};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

/// What a screen holds. Everything is kept as the JSON that clients get.
#[derive(Debug, Clone, PartialEq, Default)]
struct Screen {
    seq: i64,
    contacts: BTreeMap<i64, Value>,
    /// The open conversation, by contact.
    talks: BTreeMap<i64, Value>,
    links: BTreeMap<i64, Value>,
    messages: BTreeMap<i64, Value>,
    comments: BTreeMap<i64, Value>,
    events: BTreeMap<i64, Value>,
    /// What is fetched again when an event says that it changed: channels, users and the like.
    lists: BTreeMap<&'static str, Value>,
}

impl Screen {
    async fn load(services: &Services, me: Member) -> Self {
        let mut screen = Self {
            seq: services.log_head(me.workspace).await.unwrap(),
            ..Self::default()
        };
        let mut cursor = None;
        loop {
            let request = ListRequest {
                inbox: InboxName::All,
                status: None,
                sort: Sort::Newest,
                unreplied: false,
                search: String::new(),
                cursor,
                limit: 7,
            };
            let page = services.list_inbox(me, request).await.unwrap();
            for row in &page.items {
                screen.load_contact(services, me, row.id).await;
            }
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        screen
            .lists
            .insert("channels", json!(services.list_channels(me).await.unwrap()));
        screen
            .lists
            .insert("categories", json!(services.closing_categories(me).await.unwrap()));
        screen
            .lists
            .insert("invitations", json!(services.invitations(me).await.unwrap()));
        let mut users = json!(services.users(me).await.unwrap());
        for user in users.as_array_mut().unwrap() {
            // Presence has frames of its own.
            user.as_object_mut()
                .unwrap()
                .retain(|key, _| key != "online" && key != "last_active_at");
        }
        screen.lists.insert("users", users);
        let mut workspace = json!(services.workspace(me).await.unwrap());
        workspace.as_object_mut().unwrap().remove("seq");
        screen.lists.insert("workspace", workspace);
        screen
    }

    async fn load_contact(&mut self, services: &Services, me: Member, id: ContactId) {
        let detail = services.contact_detail(me, id).await.unwrap();
        self.contacts.insert(id.0, json!(detail.contact));
        if let Some(talk) = detail.conversation {
            self.talks.insert(id.0, json!(talk));
        }
        for link in detail.channels {
            self.links.insert(link.id.0, json!(link));
        }
        let mut before = None;
        loop {
            let page = services.timeline(me, id, before, 5).await.unwrap();
            for item in page.items {
                let item = json!(item);
                let (kind, key) = (item["type"].as_str().unwrap().to_owned(), item["key"].as_i64().unwrap());
                let into = match kind.as_str() {
                    "message" => &mut self.messages,
                    "comment" => &mut self.comments,
                    _ => &mut self.events,
                };
                assert!(into.insert(key, item[&kind].clone()).is_none(), "pages overlap");
            }
            before = page.next_before;
            if before.is_none() {
                break;
            }
        }
    }

    fn apply(&mut self, frame: &Value) {
        assert_eq!(frame["prev"], json!(self.seq), "a frame follows the one before");
        self.seq = frame["seq"].as_i64().unwrap();
        upsert(&mut self.contacts, &frame["contact"]);
        upsert(&mut self.messages, &frame["message"]);
        upsert(&mut self.comments, &frame["comment"]);
        if let Some(id) = frame["contact_channel"]["id"].as_i64() {
            self.links.insert(id, frame["contact_channel"].clone());
        }
        let talk = &frame["conversation"];
        if let Some(contact) = talk["contact_id"].as_i64() {
            let held = self.talks.get(&contact);
            let newer =
                held.is_none_or(|held| held["id"] != talk["id"] || held["version"].as_i64() < talk["version"].as_i64());
            let same = held.is_none_or(|held| held["id"].as_i64() <= talk["id"].as_i64());
            if talk["status"] == "closed" {
                if held.is_some_and(|held| held["id"] == talk["id"]) {
                    self.talks.remove(&contact);
                }
            } else if newer && same {
                self.talks.insert(contact, talk.clone());
            }
        }
        let event = &frame["event"];
        let kind = EventKind::from_str(event["kind"].as_str().unwrap()).unwrap();
        if kind.in_timeline() && event["contact_id"].is_i64() {
            self.events.insert(event["at"].as_i64().unwrap(), event.clone());
        }
        for list in refetched(kind) {
            self.lists.remove(list);
        }
        if matches!(
            kind,
            EventKind::ChannelConnected | EventKind::ChannelUpdated | EventKind::ChannelDeleted
        ) {
            // They show the channel's name and whether it can be used.
            self.links.clear();
        }
    }

    /// What a client that was told to fetch something again gets.
    fn fetch_missing(&mut self, fresh: &Self) {
        for (name, list) in &fresh.lists {
            self.lists.entry(name).or_insert_with(|| list.clone());
        }
        for (id, link) in &fresh.links {
            self.links.entry(*id).or_insert_with(|| link.clone());
        }
    }
}

fn refetched(kind: EventKind) -> &'static [&'static str] {
    match kind {
        EventKind::ChannelConnected | EventKind::ChannelUpdated | EventKind::ChannelDeleted => &["channels"],
        EventKind::UserJoined => &["users", "invitations"],
        EventKind::UserUpdated | EventKind::UserRemoved => &["users"],
        EventKind::UserInvited | EventKind::InvitationRevoked => &["invitations"],
        EventKind::WorkspaceUpdated => &["workspace"],
        EventKind::ClosingCategoryUpdated => &["categories"],
        _ => &[],
    }
}

fn upsert(into: &mut BTreeMap<i64, Value>, entity: &Value) {
    let Some(id) = entity["id"].as_i64() else { return };
    if into
        .get(&id)
        .is_none_or(|held| held["version"].as_i64() < entity["version"].as_i64())
    {
        into.insert(id, entity.clone());
    }
}

fn assert_same(applied: &Screen, fresh: &Screen, story: &[String]) {
    let parts = [
        ("contacts", &applied.contacts, &fresh.contacts),
        ("conversations", &applied.talks, &fresh.talks),
        ("contact channels", &applied.links, &fresh.links),
        ("messages", &applied.messages, &fresh.messages),
        ("comments", &applied.comments, &fresh.comments),
        ("events", &applied.events, &fresh.events),
    ];
    for (name, ours, theirs) in parts {
        let ids: BTreeSet<_> = ours.keys().chain(theirs.keys()).collect();
        for id in ids {
            let (ours, theirs) = (ours.get(id), theirs.get(id));
            assert_eq!(ours, theirs, "{name} {id}: applied, then fresh\nafter: {story:#?}");
        }
    }
    assert_eq!(applied.lists, fresh.lists, "after: {story:#?}");
    assert_eq!(applied.seq, fresh.seq);
}

/// Applies everything after what the screen holds, reading the log in pages.
async fn catch_up(services: &Services, me: Member, screen: &mut Screen) {
    loop {
        let frames = services.frames_after(me.workspace, screen.seq).await.unwrap();
        if frames.is_empty() {
            return;
        }
        for frame in frames {
            let text = frame.text(screen.seq);
            screen.apply(&serde_json::from_str(&text).unwrap());
        }
    }
}

/// An office at work, with what later steps refer to.
struct Office {
    world: World,
    channel: ChannelId,
    spare: ChannelId,
    widget: String,
    visitor: Option<String>,
    people: Vec<Customer>,
    incoming: Vec<String>,
    colleagues: Vec<UserId>,
    categories: Vec<CategoryId>,
    invitations: Vec<InvitationId>,
    number: i64,
}

const STEPS: u8 = 34;

impl Office {
    async fn open(world: World) -> Self {
        let channel = world.connect("custom_channel").await;
        let spare = world.connect("custom_channel").await;
        let site = world.connect("website_chat").await;
        let widget = world.channel(site).await.public_id;
        let people = (0..4)
            .map(|n| Customer::custom(&format!("c{n}"), &format!("Person {n}")))
            .collect();
        world.provider.answers(|asked| match asked.text() {
            "fail" => Some(Reply::json(400, &json!({ "message": "no" }))),
            _ if asked.path.contains("/file/") => Some(Reply::bytes(200, "text/plain", "hello")),
            _ => None,
        });
        Self {
            world,
            channel,
            spare,
            widget,
            visitor: None,
            people,
            incoming: Vec::new(),
            colleagues: Vec::new(),
            categories: Vec::new(),
            invitations: Vec::new(),
            number: 0,
        }
    }

    /// One step of the day. Refusals are part of it.
    async fn step(&mut self, step: u8, pick: usize) {
        self.number += 1;
        let (n, at) = (self.number, self.world.services.store.now());
        let (services, me) = (self.world.services.clone(), self.world.owner);
        let who = self.people[pick % self.people.len()].clone();
        let contacts = self
            .ids("SELECT id FROM contact WHERE workspace_id = ?1 ORDER BY id")
            .await;
        let someone = contacts.get(pick % contacts.len().max(1)).map(|id| ContactId(*id));
        let heard = self
            .incoming
            .get(pick % self.incoming.len().max(1))
            .cloned()
            .unwrap_or_default();
        match (step, someone) {
            (0 | 1, _) => {
                self.incoming.push(format!("i{n}"));
                self.deliver(who.writes_as(&format!("i{n}"), "Hi")).await;
            }
            (2, _) => {
                self.deliver(who.edits(&heard, &format!("edited {n}"), at.plus(n)))
                    .await
            }
            (3, _) => self.deliver(Inbound::Deleted { external_id: heard, at }).await,
            (4, _) => {
                self.deliver(who.reacts(&heard, ["👍", "❤️"].get(pick % 3).copied()))
                    .await
            }
            (5, _) => {
                self.deliver(Inbound::Stopped {
                    profile: who.profile,
                    at,
                })
                .await
            }
            (6, _) => {
                for who in &self.people {
                    self.deliver(Inbound::Resumed {
                        profile: who.profile.clone(),
                        at,
                    })
                    .await;
                }
            }
            (7, _) => {
                let (from, to) = (
                    who.profile.identities[0].clone(),
                    Identity::new("custom", format!("r{n}")),
                );
                self.deliver(Inbound::IdentityChanged { from, to: vec![to], at }).await;
            }
            (8, _) => {
                self.deliver(Inbound::Opened {
                    profile: who.profile,
                    payload: None,
                    at,
                })
                .await
            }
            (9, _) => {
                self.deliver(Inbound::Echo(Box::new(who.says_as(&format!("e{n}"), "from the phone"))))
                    .await
            }
            (10, _) => {
                // Someone who only opens the chat, never seen before.
                let new = Customer::custom(&format!("o{n}"), "Opener");
                self.deliver(Inbound::Opened {
                    profile: new.profile,
                    payload: None,
                    at,
                })
                .await;
            }
            (11, _) => {
                let mut file = who.says_as(&format!("f{n}"), "");
                file.content = Content::Attachment {
                    attachment: Attachment::new(AttachmentKind::File),
                };
                file.media = Some(json!({ "url": format!("{}/file/{n}", self.world.provider.url) }));
                self.deliver(Inbound::Message(Box::new(file))).await;
            }
            (12, _) => {
                let sent = self
                    .texts("SELECT external_id FROM message WHERE direction = 'outgoing' AND external_id IS NOT NULL")
                    .await;
                if let Some(id) = sent.get(pick % sent.len().max(1)) {
                    let word = [Status::Delivered, Status::Read, Status::Failed][pick % 3];
                    self.deliver(status(id, word, at.plus(n))).await;
                }
            }
            (13 | 14, Some(contact)) => {
                drop(
                    self.world
                        .reply(me, contact, if pick.is_multiple_of(3) { "fail" } else { "Hello" })
                        .await,
                );
            }
            (15, Some(contact)) => {
                drop(
                    services
                        .comment(me, contact, format!("look {{{{@user.{}}}}}", me.user), None)
                        .await
                        .unwrap(),
                );
            }
            (16, Some(contact)) => {
                let to = [None, Some(me.user), self.colleagues.last().copied()][pick % 3];
                drop(services.assign(me, contact, to).await);
            }
            (17, Some(contact)) => {
                services.open_conversation(me, contact).await.unwrap();
                services
                    .close_conversation(me, contact, None, Some(format!("done {n}")))
                    .await
                    .unwrap();
            }
            (18, Some(contact)) => drop(services.open_conversation(me, contact).await.unwrap()),
            (19, Some(contact)) => {
                services.open_conversation(me, contact).await.unwrap();
                services.snooze(me, contact, at.plus(Timestamp::HOUR)).await.unwrap();
            }
            (20, Some(contact)) => {
                drop(services.snooze(me, contact, at.plus(Timestamp::HOUR)).await);
                services.unsnooze(me, contact).await.unwrap();
            }
            (21, Some(contact)) => {
                services.mark_read(me, contact, false).await.unwrap();
                services.mark_read(me, contact, true).await.unwrap();
            }
            (22, Some(contact)) => drop(services.mark_read(me, contact, false).await.unwrap()),
            (23, Some(contact)) => {
                let change = ProfileChange {
                    last_name: Some(format!("No {n}")),
                    ..ProfileChange::default()
                };
                drop(services.edit_contact(me, contact, change).await.unwrap());
            }
            (24, _) => {
                let change = ProfileChange {
                    first_name: Some(format!("Added {n}")),
                    ..ProfileChange::default()
                };
                assert!(matches!(services.add_contact(me, change).await.unwrap(), Added::New(_)));
            }
            (25, _) => {
                let failed = self
                    .ids("SELECT id FROM message WHERE workspace_id = ?1 AND status = 'failed'")
                    .await;
                if let Some(id) = failed.get(pick % failed.len().max(1)) {
                    drop(services.retry_message(me, MessageId(*id)).await);
                }
            }
            (26, _) => drop(
                services
                    .update_channel(me, self.channel, Some(format!("Channel {n}")), None)
                    .await
                    .unwrap(),
            ),
            (27, _) => {
                let made = services
                    .add_closing_category(me, format!("Category {n}"), String::new())
                    .await
                    .unwrap();
                self.categories.push(made.id);
                if self.categories.len() > 2 {
                    services
                        .delete_closing_category(me, self.categories.remove(0))
                        .await
                        .unwrap();
                }
            }
            (28, _) => {
                let change = WorkspaceChange {
                    name: Some(format!("Office {n}")),
                    ..WorkspaceChange::default()
                };
                drop(services.change_workspace(me, change).await.unwrap());
            }
            (29, _) => {
                let made = services
                    .invite(me, &format!("i{n}@example.com"), Role::Agent)
                    .await
                    .unwrap();
                self.invitations.push(made.id);
                if self.invitations.len() > 1 {
                    services
                        .revoke_invitation(me, self.invitations.remove(0))
                        .await
                        .unwrap();
                }
            }
            (30, _) => match self.colleagues.len() {
                0 => self
                    .colleagues
                    .push(self.world.colleague(&format!("kai{n}"), Role::Agent).await.user),
                _ if pick.is_multiple_of(2) => {
                    let role = [Role::Agent, Role::Manager][pick / 2 % 2];
                    drop(services.change_role(me, self.colleagues[0], role).await.unwrap());
                }
                _ => services.remove_user(me, self.colleagues.remove(0)).await.unwrap(),
            },
            (31, _) => {
                let session = services
                    .widget_session(&self.widget, self.visitor.as_deref(), None, Some("de"))
                    .await
                    .unwrap();
                let visitor = services.visitor(&session.token).await.unwrap();
                services
                    .visitor_writes(&visitor, &format!("v{n}"), Content::text("Hi"), None)
                    .await
                    .unwrap();
                self.visitor = Some(session.token);
            }
            (32, _) => {
                let Some(token) = &self.visitor else { return };
                let visitor = services.visitor(token).await.unwrap();
                let said = services.visitor_messages(&visitor, None, 50).await.unwrap().items;
                if let Some(last) = said.last() {
                    let word = [Status::Delivered, Status::Read][pick % 2];
                    services.visitor_saw(&visitor, last.id, word).await.unwrap();
                }
            }
            (33, _) => {
                services.delete_channel(me, self.spare).await.unwrap();
                self.spare = self.world.connect("custom_channel").await;
                if pick.is_multiple_of(2) {
                    drop(services.create_api_token(me.workspace, "ci", Some(me.user)).await);
                }
            }
            _ => {}
        }
    }

    async fn deliver(&self, event: Inbound) {
        self.world.deliver(self.channel, vec![event]).await.unwrap();
    }

    async fn ids(&self, sql: &'static str) -> Vec<i64> {
        let workspace = self.world.workspace();
        let rows = self
            .world
            .services
            .store
            .read(workspace, move |tx| tx.rows(sql, &[workspace.into()]));
        rows.await.unwrap().iter_mut().map(|row| row.take().unwrap()).collect()
    }

    async fn texts(&self, sql: &'static str) -> Vec<String> {
        let rows = self
            .world
            .services
            .store
            .read(self.world.workspace(), move |tx| tx.rows(sql, &[]));
        rows.await.unwrap().iter_mut().map(|row| row.take().unwrap()).collect()
    }

    /// Until the loops have nothing left to do.
    async fn rests(&self) {
        wait_for("the office to come to rest", || async {
            self.world.pass(Timestamp::SECOND);
            let waiting = self
                .world
                .number("SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM job)")
                .await;
            (waiting == 0).then_some(())
        })
        .await;
    }
}

#[test]
fn frames_lead_to_what_a_fresh_load_shows() {
    on_each_database(|db| async move {
        let mut office = Office::open(World::new(&db).await).await;
        let me = office.world.owner;
        let services = office.world.services.clone();
        let mut runner = TestRunner::default();
        let drawn = prop::collection::vec((0..STEPS, 0..60_usize), 90)
            .new_tree(&mut runner)
            .unwrap()
            .current();
        // Every step once, so that no kind of event is left to chance; then a day by chance.
        let day = (0..STEPS).chain([0, 14, 30, 30, 13, 30, 29, 12]).zip(1..).chain(drawn);
        let mut screens = vec![Screen::load(&services, me).await];
        let mut story = Vec::new();
        for (at, (step, pick)) in day.enumerate() {
            office.step(step, pick).await;
            story.push(format!("step {step}, pick {pick}"));
            if at % 10 == 9 {
                office.rests().await;
                let fresh = Screen::load(&services, me).await;
                // One client follows all day, one joins every ten steps.
                catch_up(&services, me, &mut screens[0]).await;
                screens[0].fetch_missing(&fresh);
                assert_same(&screens[0], &fresh, &story);
                screens.push(fresh);
            }
        }
        office.rests().await;
        let fresh = Screen::load(&services, me).await;
        for mut screen in screens {
            catch_up(&services, me, &mut screen).await;
            screen.fetch_missing(&fresh);
            assert_same(&screen, &fresh, &story);
        }
        let seen: BTreeSet<String> = office
            .texts("SELECT DISTINCT kind FROM event")
            .await
            .into_iter()
            .collect();
        // Nothing makes these yet.
        let later = [EventKind::ContactChannelAdded, EventKind::WorkspaceCreated];
        for kind in EventKind::ALL.iter().filter(|kind| !later.contains(kind)) {
            assert!(seen.contains(kind.as_str()), "the day had no {kind}");
        }
        office.world.verify().await;
    });
}

#[test]
fn resuming_anywhere_gives_the_rest_without_a_gap() {
    on_each_database(|db| async move {
        let world = World::asleep(&db).await;
        let channel = world.connect("custom_channel").await;
        let mia = Customer::custom("7", "Mia");
        for n in 0..150 {
            world
                .deliver(channel, vec![mia.writes(&format!("{n}")), mia.writes("again")])
                .await
                .unwrap();
        }
        let head = world.services.log_head(world.workspace()).await.unwrap();
        assert!(head > 256 && head < TOO_FAR, "more than a page");
        for from in [0, 1, 2, 100, 255, 256, 257, head - 1, head] {
            let mut seq = from;
            loop {
                let frames = world.services.frames_after(world.workspace(), seq).await.unwrap();
                if frames.is_empty() {
                    break;
                }
                for frame in frames {
                    seq += 1;
                    assert_eq!(frame.seq, seq);
                }
            }
            assert_eq!(seq, head);
        }
    });
}

#[test]
fn sockets_get_every_event_once_and_in_order() {
    on_each_database(|db| async move {
        let world = World::new(&db).await;
        let channel = world.connect("custom_channel").await;
        let mut socket = world
            .services
            .subscribe(world.workspace(), Some(world.user()))
            .await
            .unwrap();
        let mut seq = world.services.log_head(world.workspace()).await.unwrap();
        assert_eq!(world.services.realtime.online(world.workspace()), [world.user()]);
        let people: Vec<Customer> = (0..30).map(|n| Customer::custom(&n.to_string(), "Someone")).collect();
        futures::future::join_all(people.iter().map(|who| world.customer_writes(channel, who, "Hi"))).await;
        let head = world.services.log_head(world.workspace()).await.unwrap();
        while seq < head {
            if let Frame::Event(frame) = socket.next().await.unwrap() {
                assert_eq!(frame.seq, seq + 1);
                seq = frame.seq;
            }
        }
        drop(socket);
        assert!(world.services.realtime.online(world.workspace()).is_empty());
    });
}

#[test]
fn typing_and_the_log_stay_in_their_workspace() {
    on_each_database(|db| async move {
        let world = World::new(&db).await;
        let other = world.second_workspace().await;
        let channel = world.connect("custom_channel").await;
        let (contact, _) = world
            .customer_writes(channel, &Customer::custom("7", "Mia"), "Hi")
            .await;
        let mut here = world.services.subscribe(world.workspace(), None).await.unwrap();
        let mut there = world.services.subscribe(other.workspace, None).await.unwrap();
        world.services.typing(world.workspace(), contact, Some(world.user()));
        world
            .customer_writes(channel, &Customer::custom("7", "Mia"), "Hi")
            .await;
        world.services.typing(other.workspace, ContactId(1), None);
        let text = loop {
            if let Some(Frame::Ephemeral(text)) = here.next().await {
                break text;
            }
        };
        let frame: Map<String, Value> = serde_json::from_slice(&text).unwrap();
        assert_eq!(
            (&frame["type"], &frame["contact_id"]),
            (&json!("typing"), &json!(contact))
        );
        // The first thing the others see is their own.
        let Frame::Ephemeral(text) = there.next().await.unwrap() else {
            panic!("not theirs")
        };
        assert!(String::from_utf8_lossy(&text).contains("\"contact_id\":1,"));
    });
}

#[test]
fn whoever_loses_access_is_cut_off() {
    on_each_database(|db| async move {
        let world = World::new(&db).await;
        let kai = world.colleague("Kai", Role::Agent).await;
        let mut socket = world
            .services
            .subscribe(world.workspace(), Some(kai.user))
            .await
            .unwrap();
        world.services.remove_user(world.owner, kai.user).await.unwrap();
        loop {
            if let Some(Frame::Closed(user)) = socket.next().await {
                assert_eq!(user, kai.user);
                break;
            }
        }
        assert_eq!(
            crate::code(world.services.member(kai.user, world.workspace()).await),
            "not_found"
        );
    });
}
