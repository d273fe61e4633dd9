//! Starting: how long until ready, how much memory at rest.

use crate::report::{Report, tenths};
use crate::subject::Subject;
use crate::{Result, Start};

pub async fn run(arguments: &Start) -> Result<Report> {
    let mut subject = Subject::new(&arguments.place)?;
    subject.set_up().await?;
    let (mut took, mut memory) = (Vec::new(), 0.0_f64);
    for _ in 0..arguments.rounds {
        took.push(subject.start().await?.as_secs_f64() * 1000.0);
        memory = memory.max(subject.memory()?.now_mb);
        subject.stop().await?;
    }
    took.sort_by(f64::total_cmp);
    let mut report = Report::new("start");
    report.add("database", subject.database_name());
    report.add("rounds", arguments.rounds);
    for (name, at) in [
        ("ready_min_ms", 0),
        ("ready_median_ms", took.len() / 2),
        ("ready_max_ms", took.len() - 1),
    ] {
        report.add(name, tenths(took[at]));
    }
    report.add("memory_at_rest_mb", tenths(memory));
    report.add("program_mb", tenths(subject.binary_size()? as f64 / 1_000_000.0));
    let (whole, stored) = subject.recount()?;
    report.sound = whole && stored == 0;
    Ok(report)
}
