//! The web app's API, one file per noun.

mod attachments;
mod channels;
mod closing_notes;
mod comments;
mod contacts;
mod inbox;
mod invitations;
mod messages;
mod session;
mod users;
mod workspaces;

use crate::App;
use utoipa_axum::router::OpenApiRouter;

/// Every route under `/api`, with its description.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(session::router())
        .merge(invitations::router())
        .merge(workspaces::router())
        .merge(users::router())
        .merge(channels::router())
        .merge(closing_notes::router())
        .merge(inbox::router())
        .merge(contacts::router())
        .merge(messages::router())
        .merge(comments::router())
        .merge(attachments::router())
}
