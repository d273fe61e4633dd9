//! The inbox list, timelines, and what agents do with conversations.

use crate::App;
use crate::auth::{Body, Id, In};
use crate::error::ApiResult;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use ism_domain::conversation::ConversationStatus;
use ism_domain::{CategoryId, ContactId, Refusal, Timestamp, UserId};
use ism_services::inbox::{Counters, InboxName, InboxPage, ListRequest, PAGE, TimelinePage};
use ism_services::views::ContactView;
use ism_store::tables::contacts::Sort;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(counters))
        .routes(routes!(timeline))
        .routes(routes!(assign))
        .routes(routes!(open))
        .routes(routes!(close))
        .routes(routes!(snooze))
        .routes(routes!(unsnooze))
        .routes(routes!(read))
        .routes(routes!(unread))
}

/// Which rows, in which order.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// `all`, `mine` or `unassigned`.
    inbox: Option<String>,
    /// `open`, `snoozed`, `closed` or `all`.
    status: Option<String>,
    /// `newest`, `oldest` or `longest_open`.
    sort: Option<String>,
    /// Only contacts whose last message is theirs.
    unreplied: Option<bool>,
    /// Words in name, e-mail or phone number.
    q: Option<String>,
    cursor: Option<String>,
    limit: Option<u64>,
}

/// Which part of a timeline.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct TimelineParams {
    /// Entries before this key.
    before: Option<i64>,
    limit: Option<i64>,
}

/// Who gets the contact.
#[derive(Deserialize, ToSchema)]
struct Assignment {
    /// Nobody, when null.
    user_id: Option<UserId>,
}

/// A closing note.
#[derive(Deserialize, ToSchema)]
struct Closing {
    category_id: Option<CategoryId>,
    summary: Option<String>,
}

/// Until when.
#[derive(Deserialize, ToSchema)]
struct Snooze {
    until: Timestamp,
}

/// A query whose mistakes are told in our own form.
fn checked<T>(query: Result<Query<T>, QueryRejection>) -> Result<T, Refusal> {
    query.map(|Query(params)| params).map_err(|error| {
        Refusal::invalid(
            "invalid_query",
            format!("The query cannot be used: {}.", error.body_text()),
        )
    })
}

/// Contacts of an inbox
#[utoipa::path(get, path = "/api/workspaces/{workspace}/inbox", tag = "inbox", params(ListParams), responses((status = 200, body = InboxPage)))]
async fn list(
    State(app): State<App>,
    In(member): In,
    query: Result<Query<ListParams>, QueryRejection>,
) -> ApiResult<Json<InboxPage>> {
    let params = checked(query)?;
    let inbox = match params.inbox.as_deref() {
        None | Some("all") => InboxName::All,
        Some("mine") => InboxName::Mine,
        Some("unassigned") => InboxName::Unassigned,
        Some(_) => return Err(Refusal::field("inbox", "Use all, mine or unassigned.").into()),
    };
    let status = match params.status.as_deref() {
        None | Some("all") => None,
        Some(name) => Some(
            name.parse::<ConversationStatus>()
                .map_err(|_| Refusal::field("status", "Use open, snoozed, closed or all."))?,
        ),
    };
    let sort = match params.sort.as_deref() {
        None | Some("newest") => Sort::Newest,
        Some("oldest") => Sort::Oldest,
        Some("longest_open") => Sort::LongestOpen,
        Some(_) => return Err(Refusal::field("sort", "Use newest, oldest or longest_open.").into()),
    };
    let request = ListRequest {
        inbox,
        status,
        sort,
        unreplied: params.unreplied.unwrap_or(false),
        search: params.q.unwrap_or_default(),
        cursor: params.cursor,
        limit: params.limit.unwrap_or(PAGE),
    };
    Ok(Json(app.services.list_inbox(member, request).await?))
}

/// Counts for the sidebar
#[utoipa::path(get, path = "/api/workspaces/{workspace}/inbox/counters", tag = "inbox", responses((status = 200, body = Counters)))]
async fn counters(State(app): State<App>, In(member): In) -> ApiResult<Json<Counters>> {
    Ok(Json(app.services.counters(member).await?))
}

/// A contact's messages, comments and events
#[utoipa::path(get, path = "/api/workspaces/{workspace}/contacts/{id}/timeline", tag = "inbox", params(TimelineParams), responses((status = 200, body = TimelinePage)))]
async fn timeline(
    State(app): State<App>,
    In(member): In,
    Id(id): Id<ContactId>,
    query: Result<Query<TimelineParams>, QueryRejection>,
) -> ApiResult<Json<TimelinePage>> {
    let params = checked(query)?;
    Ok(Json(
        app.services
            .timeline(member, id, params.before, params.limit.unwrap_or(50))
            .await?,
    ))
}

/// Hand a contact to someone
#[utoipa::path(post, path = "/api/workspaces/{workspace}/contacts/{id}/assignee", tag = "inbox", request_body = Assignment, responses((status = 200, body = ContactView)))]
async fn assign(
    State(app): State<App>,
    In(member): In,
    Id(id): Id<ContactId>,
    Body(body): Body<Assignment>,
) -> ApiResult<Json<ContactView>> {
    Ok(Json(app.services.assign(member, id, body.user_id).await?))
}

/// Open a conversation
#[utoipa::path(post, path = "/api/workspaces/{workspace}/contacts/{id}/open", tag = "inbox", responses((status = 200, body = ContactView)))]
async fn open(State(app): State<App>, In(member): In, Id(id): Id<ContactId>) -> ApiResult<Json<ContactView>> {
    Ok(Json(app.services.open_conversation(member, id).await?))
}

/// Close the open conversation
#[utoipa::path(post, path = "/api/workspaces/{workspace}/contacts/{id}/close", tag = "inbox", request_body = Closing, responses((status = 200, body = ContactView)))]
async fn close(
    State(app): State<App>,
    In(member): In,
    Id(id): Id<ContactId>,
    Body(body): Body<Closing>,
) -> ApiResult<Json<ContactView>> {
    Ok(Json(
        app.services
            .close_conversation(member, id, body.category_id, body.summary)
            .await?,
    ))
}

/// Put the open conversation aside
#[utoipa::path(post, path = "/api/workspaces/{workspace}/contacts/{id}/snooze", tag = "inbox", request_body = Snooze, responses((status = 200, body = ContactView)))]
async fn snooze(
    State(app): State<App>,
    In(member): In,
    Id(id): Id<ContactId>,
    Body(body): Body<Snooze>,
) -> ApiResult<Json<ContactView>> {
    Ok(Json(app.services.snooze(member, id, body.until).await?))
}

/// Bring a snoozed conversation back
#[utoipa::path(post, path = "/api/workspaces/{workspace}/contacts/{id}/unsnooze", tag = "inbox", responses((status = 200, body = ContactView)))]
async fn unsnooze(State(app): State<App>, In(member): In, Id(id): Id<ContactId>) -> ApiResult<Json<ContactView>> {
    Ok(Json(app.services.unsnooze(member, id).await?))
}

/// Mark everything as read
#[utoipa::path(post, path = "/api/workspaces/{workspace}/contacts/{id}/read", tag = "inbox", responses((status = 200, body = ContactView)))]
async fn read(State(app): State<App>, In(member): In, Id(id): Id<ContactId>) -> ApiResult<Json<ContactView>> {
    Ok(Json(app.services.mark_read(member, id, true).await?))
}

/// Mark as unread
#[utoipa::path(post, path = "/api/workspaces/{workspace}/contacts/{id}/unread", tag = "inbox", responses((status = 200, body = ContactView)))]
async fn unread(State(app): State<App>, In(member): In, Id(id): Id<ContactId>) -> ApiResult<Json<ContactView>> {
    Ok(Json(app.services.mark_read(member, id, false).await?))
}
