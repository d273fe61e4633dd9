//! Comments: internal notes on a contact's timeline, never sent to the contact.

use crate::content::clean_text;
use crate::ids::{CommentId, ContactId, ConversationId, UserId, WorkspaceId};
use crate::refusal::Refusal;
use crate::time::Timestamp;

/// Most characters of a comment.
pub const MAX_COMMENT: usize = 1_000;

/// An internal note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    pub workspace_id: WorkspaceId,
    pub id: CommentId,
    pub contact_id: ContactId,
    pub conversation_id: Option<ConversationId>,
    /// A user, or nobody when it came through the API.
    pub author_id: Option<UserId>,
    pub author_source: crate::message::SenderSource,
    /// Mentions stand in it as `{{@user.ID}}`.
    pub text: String,
    pub mentions: Vec<UserId>,
    pub client_id: Option<String>,
    pub created_at: Timestamp,
    pub version: i64,
}

/// Checks the text of a comment.
///
/// # Errors
/// When it is empty or too long.
pub fn check_text(text: &str) -> Result<String, Refusal> {
    let text = clean_text(text.trim());
    if text.is_empty() {
        return Err(Refusal::field("text", "Write something first."));
    }
    if text.chars().count() > MAX_COMMENT {
        return Err(Refusal::field(
            "text",
            format!("Keep the comment to {MAX_COMMENT} characters."),
        ));
    }
    Ok(text)
}

/// The users mentioned in a comment, each once, in order.
#[must_use]
pub fn mentions(text: &str) -> Vec<UserId> {
    let mut found = Vec::new();
    for rest in text.split("{{@user.").skip(1) {
        let Some((id, _)) = rest.split_once("}}") else { continue };
        let Ok(id) = id.trim().parse::<i64>() else { continue };
        if !found.contains(&UserId(id)) {
            found.push(UserId(id));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mentions_are_found_once_and_broken_ones_left_alone() {
        assert_eq!(
            mentions("{{@user.31}} and {{@user.4}}, {{@user.31}} {{@user.x}} {{@user.5"),
            [UserId(31), UserId(4)]
        );
        assert!(mentions("mail me@user.31").is_empty());
    }

    #[test]
    fn empty_and_long_comments_are_refused() {
        assert!(check_text(" \n").is_err());
        assert!(check_text(&"x".repeat(MAX_COMMENT + 1)).is_err());
        assert_eq!(check_text(" hi\0 ").unwrap(), "hi");
    }
}
