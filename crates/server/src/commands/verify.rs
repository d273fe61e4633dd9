//! `verify`: the invariants of the data, recounted.

use crate::config::Config;
use crate::failure::Failure;
use crate::{installation, output};
use serde_json::json;
use std::process::ExitCode;

/// Recounts and prints; the exit code says whether all hold.
///
/// # Errors
/// When the installation cannot be opened or read.
pub async fn run(config: &Config, for_programs: bool) -> Result<ExitCode, Failure> {
    let services = installation::services(config).await?;
    let result = services.verify().await;
    services.stop().await;
    let report = result?;
    if for_programs {
        output::json(&json!(report));
    } else {
        let mut rows = vec![
            ["", "workspace", "counted", "broken", "invariant"]
                .map(str::to_owned)
                .to_vec(),
        ];
        rows.extend(report.checks.iter().map(|check| {
            let mark = if check.broken == 0 { "ok" } else { "BROKEN" };
            vec![
                mark.to_owned(),
                check.workspace_id.to_string(),
                check.counted.to_string(),
                check.broken.to_string(),
                format!("{} {}", check.id, check.name),
            ]
        }));
        output::line(output::table(&rows));
        output::line(if report.ok {
            "Every invariant holds."
        } else {
            "Some invariants are broken, see above."
        });
    }
    Ok(if report.ok {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
