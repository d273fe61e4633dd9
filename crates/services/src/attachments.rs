//! Files: taken in from agents and visitors, handed out to those who may see them.

use crate::files::{self, Stored, Upload};
use crate::{Member, Result, Services};
use ism_domain::access::Action;
use ism_domain::content::Attachment;
use ism_domain::{AttachmentId, Refusal, Timestamp, WorkspaceId};
use ism_store::Existing;
use ism_store::tables::attachments::{self, AttachmentRow};
use serde::Serialize;
use std::path::PathBuf;
use utoipa::ToSchema;

/// A file just taken in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct UploadedView {
    pub id: AttachmentId,
    pub kind: String,
    pub mime: String,
    /// Bytes.
    pub size: i64,
    pub file_name: String,
    pub url: String,
    pub width: Option<i64>,
    pub height: Option<i64>,
}

/// A file to be handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Download {
    pub path: PathBuf,
    pub mime: String,
    pub file_name: String,
    /// A browser may show it in place; otherwise it is saved.
    pub inline: bool,
}

impl Services {
    /// Keeps an upload of an agent.
    ///
    /// # Errors
    /// When the file is empty or the disk refuses.
    pub async fn keep_upload(
        &self,
        member: Member,
        upload: Upload,
        file_name: &str,
        declared: Option<&str>,
    ) -> Result<UploadedView> {
        member.require(Action::InboxReply)?;
        let row = self
            .keep(
                member.workspace,
                upload,
                file_name,
                declared,
                format!("user:{}", member.user),
            )
            .await?;
        let url = crate::views::attachment_url(member.workspace, row.id, &row.file_name);
        Ok(uploaded(row, url))
    }

    /// Keeps a complete upload and makes its row.
    ///
    /// # Errors
    /// When the file is empty or the disk refuses.
    pub async fn keep(
        &self,
        workspace: WorkspaceId,
        upload: Upload,
        file_name: &str,
        declared: Option<&str>,
        uploaded_by: String,
    ) -> Result<AttachmentRow> {
        let stored = self.files.finish(upload, workspace, declared).await?;
        if stored.size == 0 {
            return Err(Refusal::field("file", "The file is empty.").into());
        }
        let row = ready(
            workspace,
            self.store.id(),
            stored,
            file_name,
            uploaded_by,
            self.store.now(),
        );
        let saved = row.clone();
        self.store
            .write(workspace, move |tx| {
                tx.insert([&row], Existing::Refuse)
                    .map(drop)
                    .map_err(crate::Error::from)
            })
            .await?;
        Ok(saved)
    }

    /// A file for an agent of the workspace.
    ///
    /// # Errors
    /// When there is none, or it is not here yet.
    pub async fn download(&self, member: Member, id: AttachmentId) -> Result<Download> {
        member.require(Action::InboxView)?;
        self.download_of(member.workspace, id).await
    }

    /// A file for someone whose right to it has been checked.
    ///
    /// # Errors
    /// When there is none, or it is not here yet.
    pub async fn download_of(&self, workspace: WorkspaceId, id: AttachmentId) -> Result<Download> {
        let row = self
            .store
            .read(workspace, move |tx| attachments::get(tx, workspace, id))
            .await?;
        let row = row
            .filter(|row| row.state == "ready")
            .ok_or_else(|| Refusal::not_found("File"))?;
        let sha256 = row.sha256.ok_or_else(|| Refusal::not_found("File"))?;
        Ok(Download {
            path: self.files.path(workspace, &sha256),
            inline: files::shows_inline(&row.mime),
            mime: row.mime,
            file_name: row.file_name,
        })
    }

    /// An address of a file that needs no sign-in and cannot be guessed, for providers that fetch files themselves.
    #[must_use]
    pub fn signed_file_url(&self, workspace: WorkspaceId, id: AttachmentId, name: &str) -> String {
        format!(
            "{}{}",
            self.settings.public_url,
            self.signed_file_path(workspace, id, name)
        )
    }

    /// The same without the host, for the widget, which only loads files from where it was loaded itself.
    #[must_use]
    pub fn signed_file_path(&self, workspace: WorkspaceId, id: AttachmentId, name: &str) -> String {
        let signature = self.secrets.sign("file", &format!("{workspace}:{id}"));
        let name: String = url::form_urlencoded::byte_serialize(name.as_bytes())
            .collect::<String>()
            .replace('+', "%20");
        format!("/files/{workspace}/{id}/{}/{name}", &signature[..32])
    }

    /// Checks an address made by [`Services::signed_file_url`].
    #[must_use]
    pub fn signed_file_fits(&self, workspace: WorkspaceId, id: AttachmentId, signature: &str) -> bool {
        use subtle::ConstantTimeEq;
        let expected = self.secrets.sign("file", &format!("{workspace}:{id}"));
        expected.as_bytes()[..32].ct_eq(signature.as_bytes()).into()
    }
}

/// The view of a row with its address.
#[must_use]
pub fn uploaded(row: AttachmentRow, url: String) -> UploadedView {
    UploadedView {
        id: row.id,
        kind: row.kind,
        mime: row.mime,
        size: row.size,
        file_name: row.file_name,
        url,
        width: row.width,
        height: row.height,
    }
}

/// The row of a file that is here.
pub(crate) fn ready(
    workspace: WorkspaceId,
    id: AttachmentId,
    stored: Stored,
    file_name: &str,
    uploaded_by: String,
    now: Timestamp,
) -> AttachmentRow {
    AttachmentRow {
        workspace_id: workspace,
        id,
        kind: stored.kind.as_str().to_owned(),
        state: "ready".to_owned(),
        file_name: files::clean_name(file_name, &stored.mime),
        mime: stored.mime,
        size: stored.size,
        width: stored.width,
        height: stored.height,
        sha256: Some(stored.sha256),
        uploaded_by,
        created_at: now,
    }
}

/// The row of a file that a provider still has.
pub(crate) fn pending(
    workspace: WorkspaceId,
    id: AttachmentId,
    attachment: &Attachment,
    now: Timestamp,
) -> AttachmentRow {
    let mime = attachment
        .mime
        .clone()
        .unwrap_or_else(|| "application/octet-stream".to_owned());
    AttachmentRow {
        workspace_id: workspace,
        id,
        kind: attachment.kind.as_str().to_owned(),
        state: "pending".to_owned(),
        file_name: files::clean_name(attachment.file_name.as_deref().unwrap_or_default(), &mime),
        mime,
        size: attachment.size.unwrap_or_default(),
        width: attachment.width,
        height: attachment.height,
        sha256: None,
        uploaded_by: "contact".to_owned(),
        created_at: now,
    }
}
