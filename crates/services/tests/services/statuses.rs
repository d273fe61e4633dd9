//! What providers say about our messages, in whatever order.

use ism_domain::Timestamp;
use ism_domain::inbound::{Inbound, InboundStatus};
use ism_domain::message::Status::{self, Delivered, Failed, Read, Sent};
use ism_testkit::customer::status;
use ism_testkit::{Customer, Reply, World, on_each_database, wait_for};
use serde_json::json;
use std::sync::Arc;
use tokio::sync::Semaphore;

#[test]
fn statuses_arrive_in_any_order() {
    on_each_database(|db| async move {
        let world = World::new(&db).await;
        let channel = world.connect("custom_channel").await;
        let (contact, _) = world
            .customer_writes(channel, &Customer::custom("7", "Mia"), "Hi")
            .await;
        world
            .provider
            .answers_sends(|asked| Reply::json(200, &json!({ "mId": format!("out {}", asked.text()) })));
        let at = world.services.store.now();
        for (text, arrivals, end) in [
            ("a", &[Delivered, Read][..], Read),
            ("b", &[Read, Delivered, Sent], Read),
            ("c", &[Delivered, Delivered, Failed], Delivered),
            ("d", &[Failed], Failed),
            ("e", &[Failed, Read], Read),
        ] {
            let sent = world.reply(world.owner, contact, text).await.unwrap();
            wait_for("the send", || async {
                (world.message(sent.id).await.status == Some(Sent)).then_some(())
            })
            .await;
            let id = format!("out {text}");
            let events: Vec<Inbound> = arrivals
                .iter()
                .zip(1..)
                .map(|(one, n)| status(&id, *one, at.plus(n)))
                .collect();
            world.deliver(channel, events).await.unwrap();
            let message = world.message(sent.id).await;
            assert_eq!(message.status, Some(end), "{text}");
            assert_eq!(message.failure.is_some(), end == Failed, "{text}");
            let list = world
                .services
                .contact_detail(world.owner, contact)
                .await
                .unwrap()
                .contact
                .last_message
                .unwrap();
            assert_eq!(list.status, Some(end), "the list row shows the newest message's status");
        }
        world.verify().await;
    });
}

#[test]
fn a_status_may_come_before_the_answer_of_the_send() {
    on_each_database(|db| async move {
        let world = World::new(&db).await;
        let channel = world.connect("custom_channel").await;
        let (contact, _) = world
            .customer_writes(channel, &Customer::custom("7", "Mia"), "Hi")
            .await;
        let gate = Arc::new(Semaphore::new(0));
        let held = gate.clone();
        world
            .provider
            .answers_sends(move |_| Reply::json(200, &json!({ "mId": "out1" })).held(&held));
        let sent = world.reply(world.owner, contact, "Hello").await.unwrap();
        wait_for("the call", || async {
            (!world.provider.sends().is_empty()).then_some(())
        })
        .await;
        let at = world.services.store.now();
        world
            .deliver(
                channel,
                vec![status("out1", Read, at.plus(2)), status("out1", Delivered, at.plus(1))],
            )
            .await
            .unwrap();
        assert_eq!(world.number("SELECT count(*) FROM status_parked").await, 2);
        gate.add_permits(1);
        let message = wait_for("the read mark", || async {
            Some(world.message(sent.id).await).filter(|message| message.status == Some(Read))
        })
        .await;
        let history: Vec<Status> = message.history.iter().map(|step| step.status).collect();
        assert!(history.contains(&Delivered) && history.contains(&Sent), "{history:?}");
        assert_eq!(world.number("SELECT count(*) FROM status_parked").await, 0);
        world.verify().await;
    });
}

#[test]
fn our_reference_finds_the_message_before_its_answer() {
    on_each_database(|db| async move {
        let world = World::new(&db).await;
        let channel = world.connect("custom_channel").await;
        let (contact, _) = world
            .customer_writes(channel, &Customer::custom("7", "Mia"), "Hi")
            .await;
        let gate = Arc::new(Semaphore::new(0));
        let held = gate.clone();
        world
            .provider
            .answers_sends(move |_| Reply::json(200, &json!({ "mId": "out1" })).held(&held));
        let sent = world.reply(world.owner, contact, "Hello").await.unwrap();
        wait_for("the call", || async {
            (!world.provider.sends().is_empty()).then_some(())
        })
        .await;
        let early = InboundStatus {
            external_id: "out1".to_owned(),
            reference: Some(sent.id.to_string()),
            status: Delivered,
            at: world.services.store.now(),
            failure: None,
        };
        world.deliver(channel, vec![Inbound::Status(early)]).await.unwrap();
        assert_eq!(world.message(sent.id).await.status, Some(Delivered));
        gate.add_permits(1);
        wait_for("the end of the send", || async {
            (world.number("SELECT count(*) FROM outbox").await == 0).then_some(())
        })
        .await;
        let message = world.message(sent.id).await;
        assert_eq!(
            (message.status, message.external_id.as_deref()),
            (Some(Delivered), Some("out1"))
        );
        world.verify().await;
    });
}

#[test]
fn a_failure_told_while_the_send_is_under_way_can_be_tried_again_afterwards() {
    on_each_database(|db| async move {
        let world = World::new(&db).await;
        let channel = world.connect("custom_channel").await;
        let (contact, _) = world
            .customer_writes(channel, &Customer::custom("7", "Mia"), "Hi")
            .await;
        let gate = Arc::new(Semaphore::new(0));
        let held = gate.clone();
        world
            .provider
            .answers_sends(move |_| Reply::json(200, &json!({ "mId": "out1" })).held(&held));
        let sent = world.reply(world.owner, contact, "Hello").await.unwrap();
        wait_for("the call", || async {
            (!world.provider.sends().is_empty()).then_some(())
        })
        .await;
        let early = InboundStatus {
            external_id: "out1".to_owned(),
            reference: Some(sent.id.to_string()),
            status: Failed,
            at: world.services.store.now(),
            failure: None,
        };
        world.deliver(channel, vec![Inbound::Status(early)]).await.unwrap();
        // The first call has not ended: a second one now could make two.
        assert_eq!(
            crate::code(world.services.retry_message(world.owner, sent.id).await),
            "still_sending"
        );
        gate.add_permits(1);
        wait_for("the end of the send", || async {
            (world.number("SELECT count(*) FROM outbox").await == 0).then_some(())
        })
        .await;
        gate.add_permits(1);
        world.services.retry_message(world.owner, sent.id).await.unwrap();
        wait_for("the retry", || async {
            (world.message(sent.id).await.status == Some(Sent)).then_some(())
        })
        .await;
        assert_eq!(world.provider.sends().len(), 2);
        world.verify().await;
    });
}

#[test]
fn housekeeping_forgets_foreign_statuses_and_dead_sessions() {
    on_each_database(|db| async move {
        let world = World::asleep(&db).await;
        let channel = world.connect("custom_channel").await;
        let at = world.services.store.now();
        world
            .deliver(channel, vec![status("foreign", Delivered, at)])
            .await
            .unwrap();
        world.verify().await;
        world
            .services
            .sign_in("owner@example.com", ism_testkit::world::PASSWORD, "::1", "")
            .await
            .unwrap();
        world.clock.advance(31 * Timestamp::DAY);
        world.services.start();
        wait_for("housekeeping", || async {
            (world
                .number("SELECT (SELECT count(*) FROM status_parked) + (SELECT count(*) FROM session)")
                .await
                == 0)
                .then_some(())
        })
        .await;
    });
}
