//! Instants as microseconds since 1970, UTC. The databases store the same number.

use serde::{Deserialize, Serialize};

/// Microseconds since 1970-01-01T00:00:00Z.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default, utoipa::ToSchema,
)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// One second in the unit of this type.
    pub const SECOND: i64 = 1_000_000;
    /// One minute in the unit of this type.
    pub const MINUTE: i64 = 60 * Self::SECOND;
    /// One hour in the unit of this type.
    pub const HOUR: i64 = 60 * Self::MINUTE;
    /// One day of 24 hours in the unit of this type.
    pub const DAY: i64 = 24 * Self::HOUR;

    /// From a provider's number of seconds. Some providers send milliseconds where they document seconds;
    /// numbers that would lie beyond the year 33658 are read as milliseconds.
    #[must_use]
    pub fn from_provider_seconds(number: i64) -> Self {
        if number.unsigned_abs() >= 1_000_000_000_000 {
            Self::from_millis(number)
        } else {
            Self(number.saturating_mul(Self::SECOND))
        }
    }

    /// From milliseconds since 1970.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// Whole seconds since 1970, rounded down.
    #[must_use]
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(Self::SECOND)
    }

    /// Whole milliseconds since 1970, rounded down.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// This instant plus a number of microseconds.
    #[must_use]
    pub const fn plus(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn seconds_and_milliseconds_are_told_apart() {
        assert_eq!(
            Timestamp::from_provider_seconds(1_790_000_001).as_seconds(),
            1_790_000_001
        );
        assert_eq!(
            Timestamp::from_provider_seconds(1_790_000_001_000).as_seconds(),
            1_790_000_001
        );
    }
}
