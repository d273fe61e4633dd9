//! How fast a channel may be written to: a bucket per channel, and one per recipient.

use crate::channels::Live;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};
use ism_channels::Pace;
use ism_domain::{ChannelId, ContactChannelId};
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

/// Whether a message may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Now,
    /// The whole channel has to wait.
    ChannelLater(Duration),
    /// This recipient has had enough for the moment.
    ContactLater(Duration),
}

struct Buckets {
    pace: Pace,
    channel: DefaultDirectRateLimiter,
    contacts: Option<DefaultKeyedRateLimiter<ContactChannelId>>,
    rest_until: Option<Instant>,
}

/// The buckets of every channel in use.
#[derive(Default)]
pub struct Pacer {
    channels: HashMap<ChannelId, Buckets>,
    clock: DefaultClock,
}

impl Pacer {
    /// Takes a place in the channel's and the recipient's bucket, if there is one in both.
    pub fn may_send(&mut self, live: &Live, recipient: ContactChannelId) -> Verdict {
        let pace = live.adapter.pace(&live.wire);
        let buckets = self.channels.entry(live.row.id).or_insert_with(|| Buckets::new(pace));
        if buckets.pace != pace {
            *buckets = Buckets::new(pace);
        }
        let now = self.clock.now();
        // The channel first: a place of the recipient that is not used would be lost for seconds, one of the channel for
        // milliseconds.
        if let Err(later) = buckets.channel.check() {
            let wait = later.wait_time_from(now);
            buckets.rest_until = Some(Instant::now() + wait);
            return Verdict::ChannelLater(wait);
        }
        if let Some(contacts) = &buckets.contacts {
            if let Err(later) = contacts.check_key(&recipient) {
                return Verdict::ContactLater(later.wait_time_from(now));
            }
            if contacts.len() > 100_000 {
                contacts.retain_recent();
            }
        }
        Verdict::Now
    }

    /// Channels that have no place left at this moment.
    pub fn resting(&mut self, now: Instant) -> Vec<i64> {
        let mut resting = Vec::new();
        for (id, buckets) in &mut self.channels {
            match buckets.rest_until {
                Some(until) if until > now => resting.push(id.0),
                _ => buckets.rest_until = None,
            }
        }
        resting
    }
}

impl Buckets {
    fn new(pace: Pace) -> Self {
        let per_second = NonZeroU32::new(pace.per_second).unwrap_or(NonZeroU32::MIN);
        // A tenth of a second's worth at once keeps the pace even.
        let burst = NonZeroU32::new(pace.per_second / 10).unwrap_or(NonZeroU32::MIN);
        let contacts = Quota::with_period(pace.contact_interval).map(|quota| {
            RateLimiter::keyed(quota.allow_burst(NonZeroU32::new(pace.contact_burst).unwrap_or(NonZeroU32::MIN)))
        });
        Self {
            pace,
            channel: RateLimiter::direct(Quota::per_second(per_second).allow_burst(burst)),
            contacts,
            rest_until: None,
        }
    }
}
