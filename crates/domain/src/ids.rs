//! Identifiers: 53-bit integers, safe as JSON numbers.
//!
//! An id is the microseconds since 1970 with the low six bits replaced by the number of the node that made
//! it, strictly increasing per node. So ids sort by creation and never collide between 64 nodes.

use serde::{Deserialize, Serialize};

/// Low bits of an id that carry the node number.
pub const NODE_BITS: u32 = 6;
/// How many nodes can make ids at the same time.
pub const NODES: i64 = 1 << NODE_BITS;

/// The next id of a node, given the last one it made. Pure: `now_micros` comes from the caller's clock, and a
/// clock that stands still or jumps back never repeats an id.
#[must_use]
pub fn next_id(last: i64, now_micros: i64, node: i64) -> i64 {
    let candidate = (now_micros & !(NODES - 1)) | (node & (NODES - 1));
    if candidate > last {
        candidate
    } else {
        ((last & !(NODES - 1)) + NODES) | (node & (NODES - 1))
    }
}

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::num::ParseIntError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl From<i64> for $name {
            fn from(id: i64) -> Self {
                Self(id)
            }
        }

        impl From<$name> for i64 {
            fn from(id: $name) -> i64 {
                id.0
            }
        }
    )+};
}

id! {
    /// The billing and administration umbrella over workspaces and users.
    OrganizationId,
    /// An isolated set of contacts, channels and settings.
    WorkspaceId,
    /// A person with an account.
    UserId,
    /// A connected messaging endpoint.
    ChannelId,
    /// The profile of a customer.
    ContactId,
    /// A contact's identity on one channel.
    ContactChannelId,
    /// A bounded interaction from open to close.
    ConversationId,
    /// One unit sent or received on a channel.
    MessageId,
    /// An internal note on a contact's timeline.
    CommentId,
    /// A stored file belonging to a message or comment.
    AttachmentId,
    /// A closing-note category.
    CategoryId,
    /// A pending invitation to a workspace.
    InvitationId,
    /// A Developer API token.
    TokenId,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ids_always_grow_and_keep_their_node(times in prop::collection::vec(0..=4_000_000_000_000_000_i64, 1..50), node in 0..NODES) {
            let mut last = 0;
            for now in times {
                let id = next_id(last, now, node);
                prop_assert!(id > last);
                prop_assert_eq!(id & (NODES - 1), node);
                prop_assert!(id < 1 << 53);
                last = id;
            }
        }
    }
}
