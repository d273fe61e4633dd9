//! The bus within one process.

use ism_bus::{Bus, Wake};

#[tokio::test]
async fn every_subscriber_gets_each_wake_once_and_in_order() {
    let bus = Bus::local();
    let (mut first, mut second) = (bus.subscribe_wakes(), bus.clone().subscribe_wakes());
    let wakes = [
        Wake::Outbox,
        Wake::Events {
            workspace_id: 7,
            seq: 1,
        },
        Wake::Events {
            workspace_id: 7,
            seq: 2,
        },
    ];
    for wake in wakes {
        bus.publish_wake(wake);
    }
    for stream in [&mut first, &mut second] {
        for wake in wakes {
            assert_eq!(stream.next().await, Some(wake));
        }
    }
    assert!(bus.healthy());
    drop(bus);
    assert_eq!(first.next().await, None);
}

#[tokio::test]
async fn a_consumer_that_fell_behind_is_told_so_and_then_goes_on() {
    let bus = Bus::local();
    let mut stream = bus.subscribe_wakes();
    for seq in 0..10_000 {
        bus.publish_wake(Wake::Events { workspace_id: 1, seq });
    }
    assert_eq!(stream.next().await, Some(Wake::Lagged));
    let Some(Wake::Events { seq: first, .. }) = stream.next().await else {
        panic!("the stream must go on")
    };
    for seq in first + 1..10_000 {
        assert_eq!(stream.next().await, Some(Wake::Events { workspace_id: 1, seq }));
    }
}

#[tokio::test]
async fn publishing_without_listeners_is_fine() {
    let bus = Bus::local();
    bus.publish_wake(Wake::Jobs);
    bus.publish_ephemeral(1, "typing".into());
}

#[tokio::test]
async fn ephemeral_frames_come_with_their_workspace_and_late_ones_are_left_out() {
    let bus = Bus::local();
    let mut stream = bus.subscribe_ephemeral();
    bus.publish_ephemeral(7, "typing".into());
    assert_eq!(stream.next().await, Some((7, "typing".into())));

    for number in 0..5000 {
        bus.publish_ephemeral(number, "typing".into());
    }
    let (first, _) = stream.next().await.unwrap();
    assert!(first > 0);
    for number in first + 1..5000 {
        assert_eq!(stream.next().await.unwrap().0, number);
    }
}
