//! Limits on proving a password: per account, so that it cannot be guessed from many addresses, and per address, so that
//! nobody can try one password on many accounts.

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use ism_domain::refusal::RefusalKind;
use ism_domain::{Refusal, Timestamp};
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};

/// Wrong passwords for one account within [`WINDOW`].
const TRIES: usize = 5;
const WINDOW: i64 = 15 * Timestamp::MINUTE;
/// Attempts of one address per minute, on whatever accounts.
const PER_ADDRESS: u32 = 30;
/// How many accounts or addresses are remembered before those that no longer matter are forgotten.
const REMEMBERED: usize = 50_000;

/// See the module's documentation. Each node counts for itself.
pub struct LoginLimits {
    by_address: DefaultKeyedRateLimiter<String>,
    /// When each account was tried without success. Accounts that do not exist are counted alike, so as not to be told apart.
    tries: Mutex<HashMap<String, Vec<Timestamp>>>,
    pub(super) hashing: tokio::sync::Semaphore,
}

impl LoginLimits {
    pub(crate) fn new() -> Self {
        let per_minute = NonZeroU32::new(PER_ADDRESS).unwrap_or(NonZeroU32::MIN);
        Self {
            by_address: RateLimiter::keyed(Quota::per_minute(per_minute)),
            tries: Mutex::default(),
            // Argon2 takes 19 MiB and a core for a while: two at a time.
            hashing: tokio::sync::Semaphore::new(2),
        }
    }

    /// Counts an attempt before the password is looked at, so that many at the same moment count as many.
    pub(super) fn attempt(&self, address: &str, account: &str, now: Timestamp) -> Result<(), Refusal> {
        if self.by_address.len() > REMEMBERED {
            self.by_address.retain_recent();
        }
        let refused = || {
            Refusal::new(
                RefusalKind::Limited,
                "too_many_attempts",
                "Too many attempts. Wait a quarter of an hour and try again.",
            )
        };
        self.by_address.check_key(&address.to_owned()).map_err(|_| refused())?;
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        if tries.len() > REMEMBERED {
            tries.retain(|_, times| times.last().is_some_and(|last| now.0 - last.0 < WINDOW));
        }
        let times = tries.entry(account.to_owned()).or_default();
        times.retain(|tried| now.0 - tried.0 < WINDOW);
        if times.len() >= TRIES {
            tracing::warn!("an account is closed to sign-ins for a while: too many wrong passwords");
            return Err(refused());
        }
        times.push(now);
        Ok(())
    }

    /// The password was right: what was tried before no longer counts.
    pub(super) fn succeeded(&self, account: &str) {
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        tries.remove(account);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_opens_again_when_its_window_has_passed() {
        let limits = LoginLimits::new();
        let at = |minute: i64| Timestamp(minute * Timestamp::MINUTE);
        for minute in 0..5 {
            assert!(limits.attempt("a", "mia@example.com", at(minute)).is_ok());
        }
        assert!(limits.attempt("b", "mia@example.com", at(5)).is_err());
        assert!(limits.attempt("b", "mia@example.com", at(14)).is_err());
        assert!(limits.attempt("b", "kai@example.com", at(14)).is_ok());
        // The first try is out of the window now; refused ones do not prolong it.
        assert!(limits.attempt("b", "mia@example.com", at(15)).is_ok());
        assert!(limits.attempt("b", "mia@example.com", at(15)).is_err());
        limits.succeeded("mia@example.com");
        assert!(limits.attempt("b", "mia@example.com", at(15)).is_ok());
    }
}
