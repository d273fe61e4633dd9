//! `init`: the first owner, organization and workspace.

use crate::cli::Init;
use crate::config::{self, Config};
use crate::failure::Failure;
use crate::{installation, output};
use serde_json::json;

/// Makes them, unless there is an owner.
///
/// # Errors
/// When there is an owner, a value cannot be used, or the database cannot be opened.
pub async fn run(config: &Config, arguments: &Init, for_programs: bool) -> Result<(), Failure> {
    let password = arguments
        .password
        .clone()
        .or_else(|| config::variable("ISM_PASSWORD"))
        .ok_or_else(|| {
            Failure::new(
                "password",
                "Give the owner's password in the variable ISM_PASSWORD, or with --password.",
            )
        })?;
    let services = installation::services_on(config, installation::open_for_command(config).await?).await?;
    let result = services
        .initialise(&arguments.email, &password, &arguments.workspace)
        .await;
    services.stop().await;
    let made = result?;
    if for_programs {
        output::json(&json!(made));
    } else {
        output::line(format!(
            "Workspace \"{}\" is ready, with the id {}.",
            arguments.workspace.trim(),
            made.workspace_id
        ));
        output::line(format!(
            "Start the server with: is-messenger serve --data {}",
            config.data.display()
        ));
        output::line(format!(
            "Then sign in at {} as {}.",
            services.settings.public_url,
            arguments.email.trim()
        ));
    }
    Ok(())
}
