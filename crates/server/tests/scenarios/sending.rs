//! What becomes of a message when the provider misbehaves: sent again only when it certainly was not taken.

use crate::support::{Channel, System, on_each_database, wait_for};
use ism_simulator::{FailNext, Failure};
use serde_json::Value;

const SOURCES: [&str; 3] = ["telegram", "whatsapp_cloud", "custom_channel"];

/// A channel on which the next send fails, and a message that meets the failure.
async fn send_into(system: &System, source: &'static str, fail: FailNext) -> (Channel, i64, i64) {
    let channel = system.connect(source).await;
    let phone = system.customer("Omar", "Haddad").await;
    let question = format!("Where is my parcel? {} {}", channel.id, source);
    system.writes(&channel, &phone, &question).await;
    let contact = system.contact_who_said(&question).await["id"].as_i64().unwrap();
    system.knobs(&channel, |knobs| knobs.fail_next = Some(fail)).await;
    let sent = system.owner.replies(contact, "It left this morning.").await;
    (channel, contact, sent["id"].as_i64().unwrap())
}

fn once(status: Failure) -> FailNext {
    FailNext {
        n: 1,
        status,
        retry_after: None,
        code: None,
        method: None,
    }
}

#[test]
fn a_message_that_was_refused_for_passing_reasons_arrives_later_exactly_once() {
    on_each_database(|system| async move {
        for source in SOURCES {
            let limited = FailNext {
                retry_after: Some(1),
                ..once(Failure::Status(429))
            };
            let (channel, contact, id) = send_into(&system, source, limited).await;
            let message = delivered(&system, contact, id).await;
            assert_eq!(message["failure"], Value::Null, "{message}");
            assert_eq!(system.send_calls(&channel).await, 2, "{source}: one refused, one taken");
            assert_eq!(system.accepted(&channel).await, 1, "{source}");
        }
    });
}

#[test]
fn errors_of_the_provider_are_repeated_where_they_mean_that_nothing_was_taken() {
    on_each_database(|system| async move {
        // A bridge's 500 says nothing about what it did before; its documents promise no more than one call.
        let kinds = [
            ("telegram", Failure::Status(500)),
            ("whatsapp_cloud", Failure::Status(500)),
            ("telegram", Failure::Html),
            ("whatsapp_cloud", Failure::Html),
            ("custom_channel", Failure::Status(503)),
        ];
        let mut waiting = Vec::new();
        for (source, failure) in kinds {
            waiting.push((failure, send_into(&system, source, once(failure)).await));
        }
        let (bridge, contact, id) = send_into(&system, "custom_channel", once(Failure::Status(500))).await;
        let message = failed(&system, contact, id).await;
        assert_eq!(message["failure"]["retryable"], true, "{message}");
        assert_eq!(system.send_calls(&bridge).await, 1);
        for (failure, (channel, contact, id)) in waiting {
            delivered(&system, contact, id).await;
            let source = channel.source;
            assert_eq!(
                system.send_calls(&channel).await,
                2,
                "{source} {failure:?}: one refused, one taken"
            );
            assert_eq!(system.accepted(&channel).await, 1, "{source} {failure:?}");
        }
    });
}

/// Waits until the provider has the message, by our own account.
async fn delivered(system: &System, contact: i64, id: i64) -> Value {
    wait_for("the message to arrive", async || {
        let message = system
            .messages(contact)
            .await
            .into_iter()
            .find(|message| message["id"] == id)?;
        assert_ne!(message["status"], "failed", "{message}");
        (message["status"] != "pending").then_some(message)
    })
    .await
}

/// Waits until the message is shown as failed.
async fn failed(system: &System, contact: i64, id: i64) -> Value {
    system.message_with_status(contact, id, "failed").await
}

#[test]
fn a_message_whose_fate_is_unknown_is_never_sent_twice_by_itself() {
    on_each_database(|system| async move {
        for (source, failure) in [
            ("telegram", Failure::Half),
            ("whatsapp_cloud", Failure::Half),
            ("custom_channel", Failure::Half),
            ("custom_channel", Failure::Timeout),
        ] {
            let (channel, contact, id) = send_into(&system, source, once(failure)).await;
            let message = failed(&system, contact, id).await;
            assert_eq!(
                message["failure"]["reason"], "uncertain",
                "{source} {failure:?}: {message}"
            );
            assert_eq!(message["failure"]["retryable"], true, "{message}");
            assert_eq!(system.send_calls(&channel).await, 1, "{source} {failure:?}");

            // A person decides to send it again, once.
            let path = format!("/messages/{id}/retry");
            let retried = system.owner.post(&path, &Value::Null).await.ok();
            let again = retried["id"].as_i64().unwrap();
            delivered(&system, contact, again).await;
            assert_eq!(system.send_calls(&channel).await, 2, "{source} {failure:?}");
            assert!((400..500).contains(&system.owner.post(&path, &Value::Null).await.status));
            assert_eq!(system.send_calls(&channel).await, 2, "{source} {failure:?}");
        }
    });
}
