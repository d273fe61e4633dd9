//! The inbox list: whatever is asked, its pages are what a filter in memory gives.

use crate::support::workspace;
use crate::unit::contact;
use ism_domain::contact::{Contact, fold};
use ism_domain::conversation::ConversationStatus;
use ism_domain::message::Direction;
use ism_domain::{ContactId, Timestamp, UserId};
use ism_store::tables::contacts::{self, Count, Inbox, ListQuery, Sort};
use ism_store::unit::Unit;
use ism_testkit::on_each_database;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

/// Names that patterns could stumble over, and that fold in odd ways.
const NAMES: &[&str] = &[
    "Mia Okafor",
    "100%",
    "a_b",
    "back\\slash",
    "ÄNNE Groß",
    "İstanbul",
    "O'Neil",
    "مريم",
    "",
    "mia",
    "🦊 Fox",
    "axb",
];
const WORDS: &[&str] = &[
    "mia", "%", "_", "\\", "a_b", "änne", "gross", "groß", "i̇s", "o'n", "مر", "🦊", "x", "k", "100",
];

/// Name, sort time, opening, status, whether the last message is the customer's, assignee, unread.
type Drawn = (usize, i64, Option<i64>, usize, bool, Option<i64>, i64);

fn people() -> impl Strategy<Value = Vec<Drawn>> {
    let one = (
        0..NAMES.len(),
        0..6_i64,
        prop::option::of(0..4_i64),
        0..3_usize,
        any::<bool>(),
        prop::option::of(1..3_i64),
        0..3_i64,
    );
    prop::collection::vec(one, 40..60)
}

fn queries() -> impl Strategy<Value = (usize, usize, usize, bool, Vec<usize>, u64)> {
    (
        0..4_usize,
        0..4_usize,
        0..3_usize,
        any::<bool>(),
        prop::collection::vec(0..WORDS.len(), 0..3),
        1..9_u64,
    )
}

#[test]
fn pages_are_what_a_filter_in_memory_gives() {
    on_each_database(|db| async move {
        let store = db.open().await;
        let (place, other) = (workspace(&store).await, workspace(&store).await);
        let mut runner = TestRunner::default();
        let drawn = people().new_tree(&mut runner).unwrap().current();
        let rows: Vec<Contact> = drawn
            .into_iter()
            .map(|(name, sort_at, opened_at, status, incoming, assignee, unread)| {
                let mut row = contact(&store, place, NAMES[name]);
                row.sort_at = Timestamp(sort_at);
                row.opened_at = opened_at.map(Timestamp);
                row.status = ConversationStatus::ALL[status];
                row.last_message_direction = Some(if incoming {
                    Direction::Incoming
                } else {
                    Direction::Outgoing
                });
                row.assignee_id = assignee.map(UserId);
                row.unread_count = unread;
                row
            })
            .collect();
        let stored = rows.clone();
        // The neighbours must never show up.
        let neighbours: Vec<Contact> = NAMES.iter().map(|name| contact(&store, other, name)).collect();
        store
            .write(place, move |tx| {
                let mut unit = Unit::new(tx);
                stored
                    .iter()
                    .chain(&neighbours)
                    .cloned()
                    .for_each(|row| unit.add_contact(row));
                unit.save(tx)
            })
            .await
            .unwrap();
        for inbox in [Inbox::All, Inbox::Unassigned, Inbox::Mine(UserId(1))] {
            let open = rows
                .iter()
                .filter(|row| within(row, inbox) && row.status == ConversationStatus::Open);
            let expected = Count {
                open: open.clone().count() as i64,
                unread: open.filter(|row| row.unread_count > 0).count() as i64,
            };
            assert_eq!(
                store
                    .read(place, move |tx| contacts::count(tx, place, inbox))
                    .await
                    .unwrap(),
                expected
            );
        }
        for _ in 0..120 {
            let (inbox, status, sort, unreplied, words, limit) = queries().new_tree(&mut runner).unwrap().current();
            let query = ListQuery {
                inbox: [
                    Inbox::All,
                    Inbox::Mine(UserId(1)),
                    Inbox::Unassigned,
                    Inbox::Mine(UserId(2)),
                ][inbox],
                status: ConversationStatus::ALL.get(status).copied(),
                sort: [Sort::Newest, Sort::Oldest, Sort::LongestOpen][sort],
                unreplied,
                words: words.into_iter().map(|word| fold(WORDS[word])).collect(),
                after: None,
                limit,
            };
            let expected = in_memory(&rows, &query);
            let mut found = Vec::new();
            let mut after = None;
            loop {
                let page = ListQuery { after, ..query.clone() };
                let page = store
                    .read(place, move |tx| contacts::list(tx, place, &page))
                    .await
                    .unwrap();
                assert!(page.len() as u64 <= limit);
                let Some(last) = page.last() else { break };
                after = Some((key(last, query.sort), last.id));
                found.extend(page.iter().map(|row| row.id));
                assert!(found.len() <= rows.len(), "pages repeat: {query:?}");
            }
            assert_eq!(found, expected, "{query:?}");
        }
    });
}

fn within(row: &Contact, inbox: Inbox) -> bool {
    match inbox {
        Inbox::All => true,
        Inbox::Mine(user) => row.assignee_id == Some(user),
        Inbox::Unassigned => row.assignee_id.is_none(),
    }
}

fn key(row: &Contact, sort: Sort) -> Timestamp {
    if sort == Sort::LongestOpen {
        row.opened_at.unwrap()
    } else {
        row.sort_at
    }
}

fn in_memory(rows: &[Contact], query: &ListQuery) -> Vec<ContactId> {
    let mut rows: Vec<&Contact> = rows
        .iter()
        .filter(|row| within(row, query.inbox))
        .filter(|row| query.status.is_none_or(|status| row.status == status))
        .filter(|row| !query.unreplied || row.last_message_direction == Some(Direction::Incoming))
        .filter(|row| query.words.iter().all(|word| row.search_text.contains(word.as_str())))
        .filter(|row| query.sort != Sort::LongestOpen || row.opened_at.is_some())
        .collect();
    rows.sort_by_key(|row| (key(row, query.sort), row.id));
    if query.sort == Sort::Newest {
        rows.reverse();
    }
    rows.into_iter().map(|row| row.id).collect()
}
