//! `config check` and `config show`.

use crate::config::{Config, KEYS, Settings};
use crate::output;
use serde_json::{Map, json};
use std::process::ExitCode;

/// Says whether the configuration can be used. Mistakes were reported before this runs; what is left are warnings.
pub fn check(settings: &Settings, for_programs: bool) -> ExitCode {
    if for_programs {
        output::json(&json!({ "ok": true, "file": settings.file, "warnings": settings.warnings }));
        return ExitCode::SUCCESS;
    }
    for warning in &settings.warnings {
        output::line(format!("Warning: {warning}"));
    }
    match &settings.file {
        Some(file) => output::line(format!("The configuration is fine. File: {}.", file.display())),
        None => output::line("The configuration is fine. There is no file."),
    }
    ExitCode::SUCCESS
}

/// Prints every setting with its value, as far as it may be seen, and where it came from.
pub fn show(settings: &Settings, for_programs: bool) -> ExitCode {
    let unusable = Config::check(settings).err();
    if for_programs {
        let values: Map<_, _> = KEYS
            .iter()
            .map(|key| {
                let origin = settings.get(key.name).map(|value| value.origin.to_string());
                (
                    key.name.to_owned(),
                    json!({ "value": settings.shown(key), "from": origin }),
                )
            })
            .collect();
        output::json(&json!({ "file": settings.file, "settings": values, "warnings": settings.warnings }));
    } else {
        let rows: Vec<Vec<String>> = KEYS
            .iter()
            .map(|key| {
                let origin = settings.get(key.name).map(|value| format!("({})", value.origin));
                let value = settings.shown(key).unwrap_or_else(|| "not set".to_owned());
                vec![key.name.to_owned(), value, origin.unwrap_or_default()]
            })
            .collect();
        output::line(output::table(&rows));
        for warning in &settings.warnings {
            output::line(format!("Warning: {warning}"));
        }
    }
    match unusable {
        None => ExitCode::SUCCESS,
        Some(failure) => {
            output::failure(&failure, false);
            ExitCode::FAILURE
        }
    }
}
