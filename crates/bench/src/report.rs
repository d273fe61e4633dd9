//! Figures with their names.

use hdrhistogram::Histogram;
use serde_json::{Map, Value};

/// What a workload found.
pub struct Report {
    figures: Vec<(&'static str, Value)>,
    /// Whether what was acknowledged is there exactly once and every invariant holds.
    pub sound: bool,
}

impl Report {
    pub(crate) fn new(workload: &'static str) -> Self {
        Self {
            figures: vec![("workload", workload.into())],
            sound: true,
        }
    }

    pub(crate) fn add(&mut self, name: &'static str, value: impl Into<Value>) {
        self.figures.push((name, value.into()));
    }

    /// Percentiles of a histogram of microseconds, in milliseconds.
    pub(crate) fn latency(&mut self, took: &Histogram<u64>) {
        for (name, quantile) in [("p50_ms", 0.5), ("p90_ms", 0.9), ("p99_ms", 0.99), ("p99_9_ms", 0.999)] {
            self.add(name, tenths(took.value_at_quantile(quantile) as f64 / 1000.0));
        }
        self.add("max_ms", tenths(took.max() as f64 / 1000.0));
    }

    /// For people: a row for each figure.
    #[must_use]
    pub fn rows(&self) -> Vec<Vec<String>> {
        let shown = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        self.figures
            .iter()
            .map(|(name, value)| vec![(*name).to_owned(), shown(value)])
            .collect()
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> Value {
        let mut all: Map<String, Value> = self
            .figures
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        all.insert("sound".to_owned(), self.sound.into());
        Value::Object(all)
    }
}

/// Rounded to a tenth.
pub(crate) fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
