//! `token create`: a token for the Developer API.

use crate::config::Config;
use crate::failure::Failure;
use crate::{installation, output};
use ism_domain::WorkspaceId;
use serde_json::json;

/// Makes a token and prints it, this once.
///
/// # Errors
/// When the workspace does not exist or has too many tokens.
pub async fn create(config: &Config, workspace: i64, name: &str, for_programs: bool) -> Result<(), Failure> {
    let services = installation::services(config).await?;
    let result = services.create_api_token(WorkspaceId(workspace), name, None).await;
    services.stop().await;
    let token = result?;
    if for_programs {
        output::json(&json!({ "token": token }));
    } else {
        output::line(token);
    }
    Ok(())
}
