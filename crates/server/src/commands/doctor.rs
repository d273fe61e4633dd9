//! `doctor`: looks at everything an installation needs, and says what to do where something is wrong.

mod data;
mod database;
mod network;

use crate::config::{Config, Settings};
use crate::failure::Failure;
use crate::output;
use serde_json::{Value, json};
use std::process::ExitCode;

/// How one check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Ok,
    Warn,
    Fail,
}

impl Verdict {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// One check.
struct Finding {
    verdict: Verdict,
    name: &'static str,
    /// What was found; for warnings and failures also what to do.
    text: String,
}

fn ok(name: &'static str, text: impl Into<String>) -> Finding {
    Finding {
        verdict: Verdict::Ok,
        name,
        text: text.into(),
    }
}

fn warn(name: &'static str, text: impl Into<String>) -> Finding {
    Finding {
        verdict: Verdict::Warn,
        name,
        text: text.into(),
    }
}

fn fail(name: &'static str, text: impl Into<String>) -> Finding {
    Finding {
        verdict: Verdict::Fail,
        name,
        text: text.into(),
    }
}

/// Checks and prints; exit 1 when something fails.
///
/// # Errors
/// Never for what it finds: that is printed.
pub async fn run(config: &Config, settings: &Settings, for_programs: bool) -> Result<ExitCode, Failure> {
    let mut findings: Vec<Finding> = settings
        .warnings
        .iter()
        .map(|text| warn("configuration", text))
        .collect();
    if findings.is_empty() {
        let text = settings
            .file
            .as_ref()
            .map_or("no file".to_owned(), |file| file.display().to_string());
        findings.push(ok("configuration", text));
    }
    findings.push(data::directory(config));
    findings.push(data::key(config));
    findings.push(data::disk(config));
    findings.push(data::open_files());
    findings.extend(database::check(config).await);
    findings.push(network::listen(config).await);
    findings.push(network::public_url(config));
    findings.push(network::nats(config).await);
    findings.push(network::certificates());
    let failed = findings.iter().any(|finding| finding.verdict == Verdict::Fail);
    if for_programs {
        let checks: Vec<Value> = findings
            .iter()
            .map(|found| json!({ "check": found.name, "verdict": found.verdict.as_str(), "text": found.text }))
            .collect();
        output::json(&json!({ "ok": !failed, "checks": checks }));
    } else {
        let rows: Vec<Vec<String>> = findings
            .iter()
            .map(|found| {
                vec![
                    found.verdict.as_str().to_owned(),
                    found.name.to_owned(),
                    found.text.clone(),
                ]
            })
            .collect();
        output::line(output::table(&rows));
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
