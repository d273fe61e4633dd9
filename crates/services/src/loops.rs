//! What every background loop has in common: it waits for a wake-up or the next sweep, whichever comes first.

use crate::Services;
use ism_bus::{Wake, WakeStream};
use ism_domain::Timestamp;
use std::time::Duration;

/// Shortest pause between two looks, so that no loop spins.
const SHORTEST: Duration = Duration::from_millis(5);

/// Why a loop goes round again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Something may be there.
    Look,
    /// The process is to stop.
    Stop,
}

/// Waits until `wanted` wakes, until `pause` is over, or until the process stops. Wakes are hints: a lost one costs at most
/// `pause`.
pub async fn wait(
    services: &Services,
    wakes: &mut WakeStream,
    pause: Duration,
    wanted: impl Fn(&Wake) -> bool,
) -> Turn {
    let deadline = tokio::time::sleep(pause);
    tokio::pin!(deadline);
    loop {
        tokio::select! {
            () = services.stopping.cancelled() => return Turn::Stop,
            () = &mut deadline => return Turn::Look,
            wake = wakes.next() => match wake {
                Some(Wake::Lagged) => return Turn::Look,
                Some(wake) if wanted(&wake) => return Turn::Look,
                Some(_) => {}
                None => return Turn::Stop,
            },
        }
    }
}

/// How long until a due time, at most `longest`.
pub fn until(due: Option<Timestamp>, now: Timestamp, longest: Duration) -> Duration {
    let wait = due.map_or(longest, |due| {
        Duration::from_micros(u64::try_from(due.0 - now.0).unwrap_or(0))
    });
    // Not `clamp`: the longest pause may itself be shorter than the shortest.
    wait.min(longest).max(SHORTEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_keep_their_bounds_whatever_is_asked() {
        let (now, millis) = (Timestamp(1_000_000), Duration::from_millis);
        assert_eq!(until(None, now, millis(1_000)), millis(1_000));
        assert_eq!(until(Some(now.plus(20_000)), now, millis(1_000)), millis(20));
        assert_eq!(until(Some(now.plus(-20_000)), now, millis(1_000)), millis(5));
        assert_eq!(until(None, now, millis(1)), millis(5));
        assert_eq!(until(Some(now.plus(Timestamp::DAY)), now, millis(1)), millis(5));
    }
}
