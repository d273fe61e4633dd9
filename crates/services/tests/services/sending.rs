//! Messages reach providers: once, in order, and with an honest end.

use futures::future::join_all;
use ism_domain::access::Role;
use ism_domain::content::Content;
use ism_domain::inbound::Identity;
use ism_domain::message::{FailureReason, Message, Status};
use ism_domain::{MessageId, Timestamp};
use ism_services::messages::Draft;
use ism_testkit::world::draft;
use ism_testkit::{Customer, FakeProvider, Reply, World, on_each_database, wait_for};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Semaphore;

const WAITING: &str = "SELECT count(*) FROM outbox";
const ON_THE_WIRE: &str = "SELECT count(*) FROM outbox WHERE state = 'sending'";

async fn reaches(world: &World, id: MessageId, status: Status) -> Message {
    wait_for(&format!("{status}"), || async {
        Some(world.message(id).await).filter(|message| message.status == Some(status))
    })
    .await
}

/// Until the sender has written back that it will try again.
async fn postponed(world: &World, calls: usize) {
    wait_for("the next try to be planned", || async {
        (world.provider.sends().len() >= calls && world.number(ON_THE_WIRE).await == 0).then_some(())
    })
    .await;
}

fn taken() -> Reply {
    Reply::json(200, &json!({ "mId": null }))
}

#[test]
fn a_reply_reaches_the_customer_on_every_channel() {
    on_each_database(|db| async move {
        let world = World::new(&db).await;
        for (source, scheme, who) in [
            ("custom_channel", "custom", "7"),
            ("telegram", "telegram", "7"),
            ("whatsapp_cloud", "wa_phone", "60123456789"),
        ] {
            let channel = world.connect(source).await;
            let (contact, _) = world
                .customer_writes(channel, &Customer::new(scheme, who, "Mia"), "Hi")
                .await;
            let sent = world.reply(world.owner, contact, source).await.unwrap();
            assert_eq!(sent.status, Some(Status::Pending));
            let message = reaches(&world, sent.id, Status::Sent).await;
            assert!(message.external_id.is_some());
        }
        assert_eq!(
            world.provider.sent_texts(),
            ["custom_channel", "telegram", "whatsapp_cloud"]
        );
        assert_eq!(world.number(WAITING).await, 0);
        world.verify().await;
    });
}

#[test]
fn the_same_client_id_sends_once() {
    on_each_database(|db| async move {
        let world = World::new(&db).await;
        let channel = world.connect("custom_channel").await;
        let (contact, _) = world
            .customer_writes(channel, &Customer::custom("7", "Mia"), "Hi")
            .await;
        let write = || {
            let draft = Draft {
                client_id: Some("click".to_owned()),
                ..draft("Hello")
            };
            world.services.send_message(world.owner, contact, draft)
        };
        let made = join_all((0..8).map(|_| write())).await;
        let ids: Vec<MessageId> = made.into_iter().map(|made| made.unwrap().id).collect();
        assert!(ids.iter().all(|id| *id == ids[0]));
        reaches(&world, ids[0], Status::Sent).await;
        assert_eq!(write().await.unwrap().id, ids[0]);
        assert_eq!(world.provider.sends().len(), 1);
        let long = Draft {
            client_id: Some("x".repeat(65)),
            ..draft("Hello")
        };
        assert_eq!(
            crate::code(world.services.send_message(world.owner, contact, long).await),
            "invalid_field"
        );
        world.verify().await;
    });
}

#[test]
fn what_cannot_be_sent_is_refused_before_it_is_stored() {
    on_each_database(|db| async move {
        let world = World::asleep(&db).await;
        let whatsapp = world.connect("whatsapp_cloud").await;
        let (contact, _) = world
            .customer_writes(whatsapp, &Customer::new("wa_phone", "60123456789", "Mia"), "Hi")
            .await;
        for text in ["", " \n ", &"x".repeat(5_000)] {
            assert_eq!(
                crate::code(world.reply(world.owner, contact, text).await),
                "invalid_field",
                "{}",
                text.len()
            );
        }
        let postback = Draft {
            content: Content::Postback {
                title: "a".to_owned(),
                payload: "b".to_owned(),
                origin: None,
            },
            ..draft("")
        };
        assert_eq!(
            crate::code(world.services.send_message(world.owner, contact, postback).await),
            "invalid_field"
        );
        world.reply(world.owner, contact, "in time").await.unwrap();
        world.clock.advance(Timestamp::DAY);
        assert_eq!(
            crate::code(world.reply(world.owner, contact, "too late").await),
            "window_closed"
        );
        let template = Content::WhatsappTemplate {
            template: ism_domain::content::Template {
                name: "hello".to_owned(),
                language_code: "en".to_owned(),
                components: vec![],
            },
        };
        world
            .services
            .send_message(
                world.owner,
                contact,
                Draft {
                    content: template,
                    ..draft("")
                },
            )
            .await
            .unwrap();
        world.execute("UPDATE contact SET is_blocked = TRUE").await;
        assert_eq!(
            crate::code(world.reply(world.owner, contact, "blocked").await),
            "contact_blocked"
        );
        assert_eq!(
            world
                .number("SELECT count(*) FROM message WHERE direction = 'outgoing'")
                .await,
            2
        );
        world.verify().await;
    });
}

#[test]
fn the_first_to_answer_becomes_the_assignee() {
    on_each_database(|db| async move {
        let world = World::asleep(&db).await;
        let channel = world.connect("custom_channel").await;
        let (ana, ben) = (
            world.colleague("Ana", Role::Agent).await,
            world.colleague("Ben", Role::Agent).await,
        );
        let (contact, _) = world
            .customer_writes(channel, &Customer::custom("7", "Mia"), "Hi")
            .await;
        let (one, two) = futures::join!(
            world.reply(ana, contact, "Ana here"),
            world.reply(ben, contact, "Ben here")
        );
        let first = if one.unwrap().id < two.unwrap().id { ana } else { ben };
        let row = world.services.contact_detail(ana, contact).await.unwrap();
        assert_eq!(row.contact.assignee_id, Some(first.user));
        assert_eq!(row.conversation.unwrap().outgoing_count, 2);
        let assigned = "SELECT count(*) FROM event WHERE kind = 'contact.assignee.updated'";
        assert_eq!(world.number(assigned).await, 1);
        assert_eq!(row.contact.unread_count, 0, "whoever answers has read");
        world.verify().await;
    });
}

#[test]
fn one_message_at_a_time_and_in_order() {
    on_each_database(|db| async move {
        let world = World::new(&db).await;
        let channel = world.connect("custom_channel").await;
        let mia = world
            .customer_writes(channel, &Customer::custom("7", "Mia"), "Hi")
            .await
            .0;
        let leo = world
            .customer_writes(channel, &Customer::custom("8", "Leo"), "Hi")
            .await
            .0;
        let gate = Arc::new(Semaphore::new(0));
        let held = gate.clone();
        world.provider.answers_sends(move |asked| {
            if asked.text().starts_with("leo") {
                taken()
            } else {
                taken().held(&held)
            }
        });
        let mut last = None;
        for n in 0..5 {
            last = Some(world.reply(world.owner, mia, &format!("mia {n}")).await.unwrap());
        }
        // Others do not wait behind Mia.
        let quick = world.reply(world.owner, leo, "leo").await.unwrap();
        reaches(&world, quick.id, Status::Sent).await;
        let to_mia = || {
            world
                .provider
                .sent_texts()
                .into_iter()
                .filter(|text| text.starts_with("mia"))
                .collect::<Vec<_>>()
        };
        assert!(to_mia().len() <= 1, "{:?}", to_mia());
        gate.add_permits(5);
        reaches(&world, last.unwrap().id, Status::Sent).await;
        assert_eq!(to_mia(), ["mia 0", "mia 1", "mia 2", "mia 3", "mia 4"]);
        world.verify().await;
    });
}

#[test]
fn retry_after_is_obeyed_by_the_whole_channel() {
    on_each_database(|db| async move {
        let world = World::new(&db).await;
        let channel = world.connect("custom_channel").await;
        let mia = world
            .customer_writes(channel, &Customer::custom("7", "Mia"), "Hi")
            .await
            .0;
        let leo = world
            .customer_writes(channel, &Customer::custom("8", "Leo"), "Hi")
            .await
            .0;
        world
            .provider
            .answers_sends(|_| Reply::json(429, &json!({})).header("retry-after", "60"));
        let first = world.reply(world.owner, mia, "one").await.unwrap();
        postponed(&world, 1).await;
        world.provider.takes_everything();
        let due = "SELECT min(due_at) FROM outbox";
        assert_eq!(
            Timestamp(world.number(due).await),
            world.services.store.now().plus(60 * Timestamp::SECOND)
        );
        world.pass(59 * Timestamp::SECOND);
        world.provider.answers_sends(|asked| {
            assert!(asked.text() != "one", "sent before its time");
            taken()
        });
        let second = world.reply(world.owner, leo, "two").await.unwrap();
        reaches(&world, second.id, Status::Sent).await;
        assert_eq!(world.message(first.id).await.status, Some(Status::Pending));
        world.provider.takes_everything();
        world.pass(Timestamp::SECOND);
        reaches(&world, first.id, Status::Sent).await;
        assert_eq!(world.provider.sends().len(), 3);
        world.verify().await;
    });
}

#[test]
fn a_passing_fault_is_tried_again_until_it_is_one_for_good() {
    on_each_database(|db| async move {
        let world = World::new(&db).await;
        let channel = world.connect("custom_channel").await;
        let (contact, _) = world
            .customer_writes(channel, &Customer::custom("7", "Mia"), "Hi")
            .await;
        world
            .provider
            .answers_sends(|_| Reply::json(503, &json!({ "message": "down for repair" })));
        let lost = world.reply(world.owner, contact, "lost").await.unwrap();
        for call in 1..=5 {
            postponed(&world, call).await;
            assert_eq!(world.message(lost.id).await.status, Some(Status::Pending));
            assert_eq!(world.provider.sends().len(), call, "not before its time");
            world.pass(10 * Timestamp::MINUTE);
        }
        let failed = reaches(&world, lost.id, Status::Failed).await;
        assert_eq!(failed.failure.unwrap().reason, FailureReason::Unavailable);
        assert_eq!(world.provider.sends().len(), 6);
        // By hand it may go again, and then goes well.
        world.provider.takes_everything();
        world.services.retry_message(world.owner, lost.id).await.unwrap();
        reaches(&world, lost.id, Status::Sent).await;
        assert_eq!(
            crate::code(world.services.retry_message(world.owner, lost.id).await),
            "not_failed"
        );
        world.verify().await;
    });
}

#[test]
fn a_service_that_cannot_be_reached_is_tried_again() {
    on_each_database(|db| async move {
        let world = World::new(&db).await;
        // A port where nobody listens any more.
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let nobody = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let channel = world.connect_for(world.owner, "custom_channel", &nobody).await;
        let (contact, _) = world
            .customer_writes(channel, &Customer::custom("7", "Mia"), "Hi")
            .await;
        let sent = world.reply(world.owner, contact, "Hello").await.unwrap();
        wait_for("the first try", || async {
            (world
                .number("SELECT count(*) FROM outbox WHERE attempts = 1 AND state = 'queued'")
                .await
                == 1)
                .then_some(())
        })
        .await;
        assert_eq!(world.message(sent.id).await.status, Some(Status::Pending));
    });
}

#[test]
fn a_broken_connection_is_uncertain_and_never_tried_again() {
    on_each_database(|db| async move {
        let world = World::new(&db).await;
        let channel = world.connect("custom_channel").await;
        let (contact, _) = world
            .customer_writes(channel, &Customer::custom("7", "Mia"), "Hi")
            .await;
        world.provider.answers_sends(|asked| {
            if asked.text() == "broken" {
                Reply::broken()
            } else {
                taken()
            }
        });
        let broken = world.reply(world.owner, contact, "broken").await.unwrap();
        let failed = reaches(&world, broken.id, Status::Failed).await;
        assert_eq!(failed.failure.unwrap().reason, FailureReason::Uncertain);
        world.pass(Timestamp::HOUR);
        // The next message passes, so the sender has looked at the queue again.
        let next = world.reply(world.owner, contact, "next").await.unwrap();
        reaches(&world, next.id, Status::Sent).await;
        assert_eq!(world.provider.sent_texts(), ["broken", "next"]);
        world.verify().await;
    });
}

#[test]
fn a_crash_between_call_and_answer_is_uncertain() {
    on_each_database(|db| async move {
        let mut world = World::asleep(&db).await;
        let channel = world.connect("custom_channel").await;
        let (contact, _) = world
            .customer_writes(channel, &Customer::custom("7", "Mia"), "Hi")
            .await;
        let gate = Arc::new(Semaphore::new(0));
        let held = gate.clone();
        world.provider.answers_sends(move |asked| {
            if asked.text() == "cut" {
                taken().held(&held)
            } else {
                taken()
            }
        });
        // The loops live on a runtime of their own, which dies in the middle of a call.
        let doomed = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let running = world.services.clone();
        doomed.spawn(async move { running.start() });
        let cut = world.reply(world.owner, contact, "cut").await.unwrap();
        let behind = world.reply(world.owner, contact, "behind").await.unwrap();
        wait_for("the call", || async {
            (!world.provider.sends().is_empty()).then_some(())
        })
        .await;
        doomed.shutdown_background();
        let store = world.services.store.clone();
        world.services = ism_testkit::world::services(&db, store);
        world.clock.advance(10 * Timestamp::MINUTE);
        world.services.start();
        let failed = reaches(&world, cut.id, Status::Failed).await;
        assert_eq!(failed.failure.unwrap().reason, FailureReason::Uncertain);
        reaches(&world, behind.id, Status::Sent).await;
        assert_eq!(world.provider.sent_texts(), ["cut", "behind"], "never called twice");
        world.verify().await;
    });
}

/// A sender that lost touch with the database is taken for dead, its message is sent again by hand, and then its own
/// request ends after all.
async fn late_result(database: &ism_testkit::TestDatabase, late: Reply) {
    let mut world = World::new(database).await;
    let channel = world.connect("custom_channel").await;
    let (contact, _) = world
        .customer_writes(channel, &Customer::custom("7", "Mia"), "Hi")
        .await;
    let gates = [Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0))];
    let (held, asked) = (gates.clone(), AtomicUsize::new(0));
    let late = std::sync::Mutex::new(Some(late));
    world
        .provider
        .answers_sends(move |_| match asked.fetch_add(1, Ordering::SeqCst) {
            0 => late.lock().unwrap().take().unwrap().held(&held[0]),
            _ => taken().held(&held[1]),
        });
    let sent = world.reply(world.owner, contact, "Hello").await.unwrap();
    wait_for("the first request", || async {
        (world.provider.sends().len() == 1).then_some(())
    })
    .await;
    world.clock.advance(10 * Timestamp::MINUTE);
    let slow = world.services.clone();
    world.services = ism_testkit::world::services(database, slow.store.clone());
    world.services.start();
    reaches(&world, sent.id, Status::Failed).await;
    world.clock.advance(Timestamp::MINUTE);
    world.services.retry_message(world.owner, sent.id).await.unwrap();
    wait_for("the second request", || async {
        (world.provider.sends().len() == 2).then_some(())
    })
    .await;
    gates[0].add_permits(1);
    // It ends when everything it had on the wire is written back.
    slow.stop().await;
    assert_eq!(
        world.number(ON_THE_WIRE).await,
        1,
        "the second request is still on the wire"
    );
    gates[1].add_permits(1);
    reaches(&world, sent.id, Status::Sent).await;
    wait_for("the outbox to empty", || async {
        (world.number(WAITING).await == 0).then_some(())
    })
    .await;
    assert_eq!(world.provider.sends().len(), 2);
    world.verify().await;
}

#[test]
fn a_late_result_does_not_touch_what_was_sent_again_meanwhile() {
    on_each_database(|db| async move { late_result(&db, Reply::json(429, &json!({}))).await });
    on_each_database(|db| async move { late_result(&db, Reply::json(400, &json!({}))).await });
    on_each_database(|db| async move { late_result(&db, taken()).await });
}

#[test]
fn what_waits_for_its_next_try_does_not_wait_longer_when_the_clock_is_set_back() {
    on_each_database(|db| async move {
        let world = World::new(&db).await;
        let channel = world.connect("custom_channel").await;
        let (contact, _) = world
            .customer_writes(channel, &Customer::custom("7", "Mia"), "Hi")
            .await;
        let calls = AtomicUsize::new(0);
        world
            .provider
            .answers_sends(move |_| match calls.fetch_add(1, Ordering::SeqCst) {
                0 => Reply::json(429, &json!({})),
                _ => taken(),
            });
        world.clock.advance(Timestamp::HOUR);
        let sent = world.reply(world.owner, contact, "Hello").await.unwrap();
        postponed(&world, 1).await;
        let due = "SELECT coalesce(max(due_at), 0) FROM outbox";
        let planned = world.number(due).await;
        world.clock.advance(-Timestamp::HOUR);
        wait_for("the clock to be followed", || async {
            (world.number(due).await == planned - Timestamp::HOUR).then_some(())
        })
        .await;
        world.clock.advance(Timestamp::MINUTE);
        reaches(&world, sent.id, Status::Sent).await;
        world.verify().await;
    });
}

#[test]
fn a_retry_by_hand_does_not_overtake_what_is_on_the_wire() {
    on_each_database(|db| async move {
        let world = World::new(&db).await;
        let channel = world.connect("custom_channel").await;
        let (contact, _) = world
            .customer_writes(channel, &Customer::custom("7", "Mia"), "Hi")
            .await;
        let gate = Arc::new(Semaphore::new(0));
        let (held, calls) = (gate.clone(), AtomicUsize::new(0));
        world.provider.answers_sends(
            move |asked| match (asked.text(), calls.fetch_add(1, Ordering::SeqCst)) {
                ("first", 0) => Reply::json(400, &json!({})),
                ("second", _) => taken().held(&held),
                _ => taken(),
            },
        );
        let first = world.reply(world.owner, contact, "first").await.unwrap();
        reaches(&world, first.id, Status::Failed).await;
        let second = world.reply(world.owner, contact, "second").await.unwrap();
        wait_for("the call", || async {
            (world.provider.sends().len() == 2).then_some(())
        })
        .await;
        world.services.retry_message(world.owner, first.id).await.unwrap();
        // Someone else's message shows that the sender has looked meanwhile.
        let leo = world
            .customer_writes(channel, &Customer::custom("8", "Leo"), "Hi")
            .await
            .0;
        let other = world.reply(world.owner, leo, "other").await.unwrap();
        reaches(&world, other.id, Status::Sent).await;
        assert_eq!(world.provider.sent_texts(), ["first", "second", "other"]);
        gate.add_permits(1);
        reaches(&world, second.id, Status::Sent).await;
        reaches(&world, first.id, Status::Sent).await;
        world.verify().await;
    });
}

#[test]
fn names_the_provider_reveals_are_learned_once() {
    on_each_database(|db| async move {
        let world = World::new(&db).await;
        let channel = world.connect("whatsapp_cloud").await;
        let ana = Customer::new("wa_phone", "5511987654321", "Ana");
        let (contact, _) = world.customer_writes(channel, &ana, "Oi").await;
        let calls = AtomicUsize::new(0);
        world.provider.answers_sends(move |asked| {
            let n = calls.fetch_add(1, Ordering::SeqCst);
            let people = json!([{ "input": asked.body["to"], "wa_id": "551187654321" }]);
            Reply::json(
                200,
                &json!({ "contacts": people, "messages": [{ "id": format!("wamid.{n}") }] }),
            )
        });
        for text in ["one", "two", "three"] {
            let sent = world.reply(world.owner, contact, text).await.unwrap();
            reaches(&world, sent.id, Status::Sent).await;
        }
        assert_eq!(world.provider.sends().len(), 3);
        let short = Customer::new("wa_phone", "551187654321", "Ana");
        assert_eq!(world.customer_writes(channel, &short, "Oi").await.0, contact);
        assert!(world.number("SELECT count(*) FROM identity").await >= 2);
        assert_eq!(Identity::new("wa_phone", "1").key(), "wa_phone:1");
        world.verify().await;
    });
}

#[test]
fn a_name_that_is_someone_else_s_stays_theirs() {
    on_each_database(|db| async move {
        let world = World::new(&db).await;
        let channel = world.connect("whatsapp_cloud").await;
        let short = Customer::new("wa_phone", "551187654321", "Leo");
        let (other, _) = world.customer_writes(channel, &short, "Oi").await;
        let ana = Customer::new("wa_phone", "5511987654321", "Ana");
        let (contact, _) = world.customer_writes(channel, &ana, "Oi").await;
        world.provider.answers_sends(move |asked| {
            let people = json!([{ "input": asked.body["to"], "wa_id": "551187654321" }]);
            Reply::json(200, &json!({ "contacts": people, "messages": [{ "id": "wamid.1" }] }))
        });
        let sent = world.reply(world.owner, contact, "one").await.unwrap();
        reaches(&world, sent.id, Status::Sent).await;
        assert_eq!(world.customer_writes(channel, &short, "Oi").await.0, other);
        world.verify().await;
    });
}

#[test]
fn dead_credentials_hold_the_queue_until_reconnected() {
    on_each_database(|db| async move {
        let world = World::new(&db).await;
        let channel = world.connect("telegram").await;
        let (contact, _) = world
            .customer_writes(channel, &Customer::new("telegram", "7", "Mia"), "Hi")
            .await;
        let dead = json!({ "ok": false, "error_code": 401, "description": "Unauthorized" });
        world.provider.answers_sends(move |_| Reply::json(401, &dead));
        let sent = world.reply(world.owner, contact, "Hello").await.unwrap();
        postponed(&world, 1).await;
        wait_for("the mark on the channel", || async {
            (world.channel(channel).await.status == ism_domain::channel::ChannelStatus::NeedsAttention).then_some(())
        })
        .await;
        assert_eq!(world.message(sent.id).await.status, Some(Status::Pending));
        world.provider.takes_everything();
        world
            .services
            .reconnect_channel(world.owner, channel, None)
            .await
            .unwrap();
        reaches(&world, sent.id, Status::Sent).await;
        assert_eq!(
            world.channel(channel).await.status,
            ism_domain::channel::ChannelStatus::Connected
        );
        world.verify().await;
    });
}

#[test]
fn disconnecting_a_channel_fails_what_waits_on_it() {
    on_each_database(|db| async move {
        let world = World::new(&db).await;
        let channel = world.connect("custom_channel").await;
        let (contact, _) = world
            .customer_writes(channel, &Customer::custom("7", "Mia"), "Hi")
            .await;
        world
            .provider
            .answers_sends(|_| Reply::json(429, &json!({})).header("retry-after", "600"));
        let waiting = world.reply(world.owner, contact, "waiting").await.unwrap();
        postponed(&world, 1).await;
        world.services.delete_channel(world.owner, channel).await.unwrap();
        let failed = reaches(&world, waiting.id, Status::Failed).await;
        assert_eq!(failed.failure.unwrap().reason, FailureReason::ChannelDisconnected);
        assert_eq!(world.number(WAITING).await, 0);
        assert_eq!(
            crate::code(world.reply(world.owner, contact, "more").await),
            "no_channel"
        );
        assert_eq!(
            crate::code(world.services.retry_message(world.owner, waiting.id).await),
            "channel_gone"
        );
        assert_eq!(crate::code(world.deliver(channel, vec![]).await.map(drop)), "not_found");
        world.verify().await;
    });
}

#[test]
fn stopping_finishes_what_is_on_the_wire() {
    on_each_database(|db| async move {
        let world = World::new(&db).await;
        let channel = world.connect("custom_channel").await;
        let (contact, _) = world
            .customer_writes(channel, &Customer::custom("7", "Mia"), "Hi")
            .await;
        let gate = Arc::new(Semaphore::new(0));
        let held = gate.clone();
        world.provider.answers_sends(move |_| taken().held(&held));
        let sent = world.reply(world.owner, contact, "last words").await.unwrap();
        wait_for("the call", || async {
            (!world.provider.sends().is_empty()).then_some(())
        })
        .await;
        let stopping = world.services.stop();
        tokio::pin!(stopping);
        assert!(futures::poll!(&mut stopping).is_pending());
        gate.add_permits(1);
        stopping.await;
        assert_eq!(world.message(sent.id).await.status, Some(Status::Sent));
        world.verify().await;
    });
}

#[test]
fn a_customer_who_blocked_us_is_remembered() {
    on_each_database(|db| async move {
        let world = World::new(&db).await;
        let telegram = FakeProvider::start().await;
        let channel = world.connect_for(world.owner, "telegram", &telegram.url).await;
        let (contact, _) = world
            .customer_writes(channel, &Customer::new("telegram", "7", "Mia"), "Hi")
            .await;
        let blocked =
            json!({ "ok": false, "error_code": 403, "description": "Forbidden: bot was blocked by the user" });
        telegram.answers_sends(move |_| Reply::json(403, &blocked));
        let sent = world.reply(world.owner, contact, "Hello").await.unwrap();
        let failed = reaches(&world, sent.id, Status::Failed).await;
        assert_eq!(failed.failure.unwrap().reason, FailureReason::Stopped);
        assert_eq!(
            crate::code(world.reply(world.owner, contact, "Hello?").await),
            "contact_stopped"
        );
        world.verify().await;
    });
}
