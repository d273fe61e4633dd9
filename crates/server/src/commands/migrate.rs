//! `migrate`: the schema, brought up to date or only looked at.

use crate::config::Config;
use crate::failure::Failure;
use crate::{installation, output};
use ism_store::Store;
use serde_json::json;
use std::process::ExitCode;

/// Takes the missing steps, or with `check` names them and exits 1 if there are any.
///
/// # Errors
/// When the database cannot be reached or a step fails.
pub async fn run(config: &Config, check: bool, for_programs: bool) -> Result<ExitCode, Failure> {
    if !check {
        let applied = Store::migrate(config.store_database()).await?;
        if for_programs {
            output::json(&json!({ "applied": applied }));
        } else if applied.is_empty() {
            output::line("The schema is up to date.");
        } else {
            output::line(format!("Applied: {}.", applied.join(", ")));
        }
        return Ok(ExitCode::SUCCESS);
    }
    if !installation::exists(config) {
        // Looking must not make a database.
        let text = format!(
            "There is no database in {} yet. The first command that needs one makes it.",
            config.data.display()
        );
        return Err(Failure::new("no_installation", text));
    }
    let outstanding = Store::outstanding_migrations(config.store_database()).await?;
    if for_programs {
        output::json(&json!({ "outstanding": outstanding }));
    } else if outstanding.is_empty() {
        output::line("The schema is up to date.");
    } else {
        output::line(format!(
            "Missing: {}. Apply with: is-messenger migrate",
            outstanding.join(", ")
        ));
    }
    Ok(if outstanding.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
