//! Closing-note categories.

use crate::views::ClosingCategoryView;
use crate::{Error, Member, Result, Services};
use ism_domain::access::Action;
use ism_domain::content::clean_text;
use ism_domain::conversation::MAX_CATEGORY;
use ism_domain::event::{EventKind, NewEvent};
use ism_domain::{CategoryId, Refusal};
use ism_store::tables::conversations::{self, ClosingCategory};
use ism_store::{Existing, Tx};
use serde_json::json;

/// Most categories of a workspace.
const MAX_CATEGORIES: usize = 100;
/// Most characters of a description.
const MAX_DESCRIPTION: usize = 512;

impl Services {
    /// The categories, in their order.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn closing_categories(&self, member: Member) -> Result<Vec<ClosingCategoryView>> {
        member.require(Action::InboxView)?;
        let workspace = member.workspace;
        let rows = self
            .store
            .read(workspace, move |tx| conversations::categories(tx, workspace))
            .await?;
        Ok(rows.into_iter().map(view).collect())
    }

    /// Adds a category at the end.
    ///
    /// # Errors
    /// When the name is missing, too long or taken.
    pub async fn add_closing_category(
        &self,
        member: Member,
        name: String,
        description: String,
    ) -> Result<ClosingCategoryView> {
        member.require(Action::ClosingNotesManage)?;
        self.write_category(member, move |tx| {
            let workspace = tx.workspace();
            let known = conversations::categories(tx, workspace)?;
            if known.len() >= MAX_CATEGORIES {
                return Err(Refusal::conflict(
                    "too_many",
                    format!("A workspace has at most {MAX_CATEGORIES} categories."),
                )
                .into());
            }
            let position = known.iter().map(|row| row.position).max().unwrap_or(0) + 1;
            Ok(ClosingCategory {
                workspace_id: workspace,
                id: tx.id(),
                name: check_name(&known, None, &name)?,
                description: check_description(&description)?,
                position,
            })
        })
        .await
    }

    /// Changes a category. Past conversations keep the name they were closed with.
    ///
    /// # Errors
    /// When there is none, or the name is missing, too long or taken.
    pub async fn edit_closing_category(
        &self,
        member: Member,
        id: CategoryId,
        name: Option<String>,
        description: Option<String>,
        position: Option<i64>,
    ) -> Result<ClosingCategoryView> {
        member.require(Action::ClosingNotesManage)?;
        self.write_category(member, move |tx| {
            let workspace = tx.workspace();
            let known = conversations::categories(tx, workspace)?;
            let mut row = known
                .iter()
                .find(|row| row.id == id)
                .cloned()
                .ok_or_else(|| Refusal::not_found("Category"))?;
            if let Some(name) = &name {
                row.name = check_name(&known, Some(id), name)?;
            }
            if let Some(description) = &description {
                row.description = check_description(description)?;
            }
            if let Some(wanted) = position {
                // The others close ranks, so that positions stay 1, 2, 3…
                let mut order: Vec<ClosingCategory> = known.iter().filter(|row| row.id != id).cloned().collect();
                let at = usize::try_from(wanted - 1).unwrap_or(0).min(order.len());
                order.insert(at, row.clone());
                for (index, other) in order.iter_mut().enumerate() {
                    other.position = i64::try_from(index).unwrap_or(0) + 1;
                }
                row.position = i64::try_from(at).unwrap_or(0) + 1;
                tx.insert(order.iter().filter(|other| other.id != id), Existing::Replace)?;
            }
            Ok(row)
        })
        .await
    }

    /// Removes a category.
    ///
    /// # Errors
    /// When there is none.
    pub async fn delete_closing_category(&self, member: Member, id: CategoryId) -> Result<()> {
        member.require(Action::ClosingNotesManage)?;
        self.store
            .write(member.workspace, move |tx| {
                let workspace = tx.workspace();
                if !conversations::delete_category(tx, workspace, id)? {
                    return Err(Error::from(Refusal::not_found("Category")));
                }
                let payload = json!({ "category_id": id, "deleted": true });
                tx.emit(NewEvent::workspace(
                    EventKind::ClosingCategoryUpdated,
                    member.actor(),
                    payload,
                ));
                Ok(())
            })
            .await
    }

    async fn write_category(
        &self,
        member: Member,
        mut make: impl FnMut(&mut Tx<'_>) -> Result<ClosingCategory> + Send + 'static,
    ) -> Result<ClosingCategoryView> {
        self.store
            .write(member.workspace, move |tx| {
                let row = make(tx)?;
                tx.insert([&row], Existing::Replace)?;
                let payload = json!({ "category_id": row.id });
                tx.emit(NewEvent::workspace(
                    EventKind::ClosingCategoryUpdated,
                    member.actor(),
                    payload,
                ));
                Ok(view(row))
            })
            .await
    }
}

fn view(row: ClosingCategory) -> ClosingCategoryView {
    ClosingCategoryView {
        id: row.id,
        name: row.name,
        description: row.description,
        position: row.position,
    }
}

fn check_name(known: &[ClosingCategory], own: Option<CategoryId>, name: &str) -> Result<String, Refusal> {
    let name = clean_text(name.trim());
    if name.is_empty() {
        return Err(Refusal::field("name", "Give the category a name."));
    }
    if name.chars().count() > MAX_CATEGORY {
        return Err(Refusal::field(
            "name",
            format!("Keep the name to {MAX_CATEGORY} characters."),
        ));
    }
    if known
        .iter()
        .any(|row| Some(row.id) != own && row.name.to_lowercase() == name.to_lowercase())
    {
        return Err(Refusal {
            field: Some("name".to_owned()),
            ..Refusal::conflict("taken", "There is a category of this name.")
        });
    }
    Ok(name)
}

fn check_description(text: &str) -> Result<String, Refusal> {
    let text = clean_text(text.trim());
    if text.chars().count() > MAX_DESCRIPTION {
        return Err(Refusal::field(
            "description",
            format!("Keep the description to {MAX_DESCRIPTION} characters."),
        ));
    }
    Ok(text)
}
