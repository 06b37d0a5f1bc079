//! The server's time: faster than the world's by a factor, or without waiting.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How fast the server's time passes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    /// So many times as fast as a clock; positive.
    Times(f64),
    /// Work takes no time at all: nothing waits.
    Max,
}

/// The server's clock.
#[derive(Debug)]
pub(super) struct Clock {
    speed: Speed,
    /// Milliseconds since 1970 when it was started.
    epoch_ms: i64,
    started: Instant,
    /// The end of the work that was done, since the start, in the server's time.
    worked: Mutex<Duration>,
}

impl Clock {
    /// A clock that goes wrong by `skew_ms` milliseconds.
    pub(super) fn new(speed: Speed, skew_ms: i64) -> Self {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let epoch_ms = i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX);
        Self {
            speed,
            epoch_ms: epoch_ms.saturating_add(skew_ms),
            started: Instant::now(),
            worked: Mutex::default(),
        }
    }

    /// Since the start, in the server's time.
    fn elapsed(&self) -> Duration {
        let elapsed = self.started.elapsed();
        let worked = *self.worked.lock().unwrap_or_else(PoisonError::into_inner);
        match self.speed {
            Speed::Times(factor) => scaled(elapsed, factor),
            Speed::Max => elapsed.saturating_add(worked),
        }
    }

    /// Milliseconds since 1970.
    pub(super) fn now_ms(&self) -> i64 {
        self.epoch_ms.saturating_add(i64::try_from(self.elapsed().as_millis()).unwrap_or(i64::MAX))
    }

    /// Seconds since 1970, without what the server's time is ahead of the world's.
    pub(super) fn wall_seconds(&self) -> i64 {
        let elapsed = i64::try_from(self.started.elapsed().as_secs()).unwrap_or_default();
        (self.epoch_ms / 1000).saturating_add(elapsed)
    }

    /// Works for so long.
    pub(super) async fn work(&self, time: Duration) {
        let until = {
            let mut worked = self.worked.lock().unwrap_or_else(PoisonError::into_inner);
            match self.speed {
                Speed::Max => {
                    *worked = worked.saturating_add(time);
                    None
                }
                Speed::Times(factor) => {
                    let now = scaled(self.started.elapsed(), factor);
                    *worked = (*worked).max(now.saturating_sub(LATE)).saturating_add(time);
                    self.started.checked_add(scaled(*worked, 1.0 / factor))
                }
            }
        };
        match until {
            Some(until) if until > Instant::now() => tokio::time::sleep_until(until.into()).await,
            _ => tokio::task::yield_now().await,
        }
    }

    /// Waits so long in the world's time; not at all where nothing waits.
    pub(super) async fn pause(&self, time: Duration) {
        if self.speed == Speed::Max || time.is_zero() {
            tokio::task::yield_now().await;
        } else {
            tokio::time::sleep(time).await;
        }
    }
}

/// What waits too long by so much, since timers are coarse, waits less the next time.
const LATE: Duration = Duration::from_millis(5);

/// `time * factor`; the longest time there is where that is too much.
fn scaled(time: Duration, factor: f64) -> Duration {
    Duration::try_from_secs_f64(time.as_secs_f64() * factor).unwrap_or(Duration::MAX)
}
