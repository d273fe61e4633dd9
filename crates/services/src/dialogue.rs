//! Performs the HTTP calls that adapters ask for.

use crate::Services;
use bytes::Bytes;
use ism_channels::dialogue::Method;
use ism_channels::{Body, Call, Dialogue, PartContent, Request, Response, Step};
use ism_domain::WorkspaceId;
use ism_net::CallError;
use ism_store::tables::attachments;

/// Most calls of one dialogue; more means that an adapter goes in circles.
const MAX_CALLS: usize = 12;

impl Services {
    /// Runs a dialogue to its end. `None` only when it does not end.
    pub async fn converse<T>(&self, workspace: WorkspaceId, mut dialogue: Box<dyn Dialogue<T>>) -> Option<T> {
        let mut last = None;
        for _ in 0..=MAX_CALLS {
            match dialogue.next(last.take()) {
                Step::Done(value) => return Some(value),
                Step::Call(request) => last = Some(self.call(workspace, request).await),
            }
        }
        tracing::error!("a channel's dialogue did not end");
        None
    }

    /// Makes one call.
    pub async fn call(&self, workspace: WorkspaceId, request: Request) -> Call {
        let request = match self.outgoing(workspace, request).await {
            Ok(request) => request,
            Err(reason) => return Call::NotSent(reason),
        };
        match self.net.call(request).await {
            Ok(answer) => Call::Answered(Response {
                status: answer.status,
                headers: answer.headers,
                body: answer.body,
            }),
            Err(CallError::Blocked(reason) | CallError::NotSent(reason)) => Call::NotSent(reason),
            Err(CallError::Broken(reason)) => Call::Broken(reason),
            Err(CallError::TooLarge) => Call::Broken("the answer is too large".to_owned()),
        }
    }

    /// An adapter's request as one of the HTTP client, with files looked up.
    pub(crate) async fn outgoing(&self, workspace: WorkspaceId, request: Request) -> Result<ism_net::Request, String> {
        let body = match request.body {
            Body::Empty => ism_net::Body::Empty,
            Body::Json(value) => ism_net::Body::Bytes {
                content_type: "application/json".to_owned(),
                data: Bytes::from(value.to_string()),
            },
            Body::Multipart(parts) => {
                let mut out = Vec::with_capacity(parts.len());
                for part in parts {
                    out.push(match part.content {
                        PartContent::Text(text) => ism_net::Part::text(part.name, text),
                        PartContent::File {
                            attachment,
                            file_name,
                            mime,
                        } => {
                            let row = self
                                .store
                                .read(workspace, move |tx| attachments::get(tx, workspace, attachment))
                                .await
                                .map_err(|error| error.to_string())?;
                            let sha256 = row.and_then(|row| row.sha256).ok_or("the file is no longer there")?;
                            let path = self.files.path(workspace, &sha256);
                            let len = tokio::fs::metadata(&path)
                                .await
                                .map_err(|error| format!("the file cannot be read: {error}"))?
                                .len();
                            ism_net::Part {
                                name: part.name,
                                file_name: Some(file_name),
                                content_type: Some(mime),
                                data: ism_net::PartData::File { path, len },
                            }
                        }
                    });
                }
                ism_net::Body::Multipart(out)
            }
        };
        Ok(ism_net::Request {
            method: match request.method {
                Method::Get => ism_net::Method::Get,
                Method::Post => ism_net::Method::Post,
                Method::Delete => ism_net::Method::Delete,
            },
            url: request.url,
            headers: request
                .headers
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
            body,
            timeout: request.timeout,
            max_response: request.max_response,
        })
    }
}
