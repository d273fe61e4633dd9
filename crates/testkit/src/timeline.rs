//! A timeline as text, one entry a line, so that a failed test can be read.

use ism_domain::content::Content;
use ism_domain::event::ActorKind;
use ism_domain::message::Direction;
use ism_services::views::TimelineItem;

/// `customer: Hi`, `agent: Hello [sent]`, `note: call back`, `* conversation.opened by contact`.
#[must_use]
pub fn render(items: &[TimelineItem]) -> String {
    items.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn line(item: &TimelineItem) -> String {
    match item {
        TimelineItem::Message { message, .. } => {
            let who = match message.direction {
                Direction::Incoming => "customer",
                Direction::Outgoing => message.sender.source.as_str(),
            };
            let said = match &message.content {
                Content::Text { text } => text.clone(),
                other => format!("<{}>", other.type_name()),
            };
            let status = message.status.map(|status| format!(" [{status}]")).unwrap_or_default();
            let edited = if message.edited_at.is_some() { " (edited)" } else { "" };
            let deleted = if message.deleted_at.is_some() { " (deleted)" } else { "" };
            let reactions: String = message
                .reactions
                .iter()
                .map(|reaction| format!(" {}", reaction.emoji))
                .collect();
            format!("{who}: {said}{status}{edited}{deleted}{reactions}")
        }
        TimelineItem::Comment { comment, .. } => format!("note: {}", comment.text),
        TimelineItem::Event { event, .. } => {
            let by = match event.actor.kind {
                ActorKind::System => String::new(),
                kind => format!(" by {kind}"),
            };
            format!("* {}{by}", event.kind)
        }
    }
}
