//! The clock port: what a simulation or a test must be able to move.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Tells the time.
pub trait Clock: Send + Sync + 'static {
    /// Epoch milliseconds.
    fn now(&self) -> i64;
}

/// The machine's clock.
pub struct Wall;

impl Clock for Wall {
    fn now(&self) -> i64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
    }
}

/// The machine's clock, moved ahead by hand.
#[derive(Default)]
pub struct Shifted {
    ahead_ms: AtomicI64,
}

impl Shifted {
    pub fn advance(&self, ms: i64) {
        self.ahead_ms.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for Shifted {
    fn now(&self) -> i64 {
        Wall.now() + self.ahead_ms.load(Ordering::SeqCst)
    }
}

pub const SECOND: i64 = 1000;
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;
