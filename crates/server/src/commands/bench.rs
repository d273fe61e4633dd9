//! `bench`: load on a server of its own.

use crate::failure::Failure;
use crate::output;
use ism_bench::Workload;
use std::process::ExitCode;

/// Runs one workload and prints its figures; the exit code says whether everything acknowledged was there once.
///
/// # Errors
/// When the server under test cannot be set up or reached.
pub async fn run(workload: &Workload, for_programs: bool) -> Result<ExitCode, Failure> {
    let report = ism_bench::run(workload)
        .await
        .map_err(|error| Failure::new("bench", error.to_string()))?;
    if for_programs {
        output::json(&report.json());
    } else {
        output::line(output::table(&report.rows()));
        output::line(if report.sound {
            "Everything that was acknowledged is stored once."
        } else {
            "What was acknowledged and what is stored differ, see above."
        });
    }
    Ok(if report.sound {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
