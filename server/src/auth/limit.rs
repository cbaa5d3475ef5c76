//! How often someone may ask: token buckets per account and per address.

use crate::Error;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Above this many buckets, the full ones are forgotten (a full bucket is the same as none).
const BUCKETS_MAX: usize = 20_000;

/// A bucket's size and refill.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// Requests at once.
    pub burst: f64,
    /// Requests per second, for ever.
    pub per_second: f64,
}

/// Guesses at one account, from wherever: ten, then one in half a minute.
pub const LOGIN_ACCOUNT: Rate = Rate { burst: 10.0, per_second: 1.0 / 30.0 };
/// Codes of one person's second factor at a time. Alone it would let 2,880 guesses a day through, of which three in a million
/// fit: almost one in a hundred days.
pub const FACTOR: Rate = Rate { burst: 5.0, per_second: 1.0 / 30.0 };
/// Wrong codes of one person's app, in the long run: 24 a day, so that whoever knows the password finds a code within a year
/// with a chance of 2.6 %, and every one of their guesses is in the audit log. Recovery codes are beyond guessing and not
/// counted.
pub const FACTOR_WRONG: Rate = Rate { burst: 20.0, per_second: 1.0 / 3600.0 };
/// Logins from one address: an office behind one router fits.
pub const LOGIN_ADDRESS: Rate = Rate { burst: 40.0, per_second: 0.5 };
/// Sign-ups, invitations looked at and resets from one address.
pub const JOIN_ADDRESS: Rate = Rate { burst: 30.0, per_second: 0.1 };
/// Comments of the guests of one link.
pub const SAY_GUEST: Rate = Rate { burst: 20.0, per_second: 1.0 / 30.0 };
/// Files that have to be made for the guests of one link: all formats of some versions, then one a minute.
pub const FILE_GUEST: Rate = Rate { burst: 12.0, per_second: 1.0 / 60.0 };
/// API requests of one person.
pub const PERSON: Rate = Rate { burst: 600.0, per_second: 60.0 };
/// API requests from one address without an account.
pub const ADDRESS: Rate = Rate { burst: 300.0, per_second: 30.0 };

/// The buckets, in memory: a restart forgives.
#[derive(Default)]
pub struct Limits {
    buckets: Mutex<HashMap<String, Bucket>>,
}

#[derive(Clone, Copy)]
struct Bucket {
    tokens: f64,
    /// Epoch milliseconds.
    at: i64,
    rate: Rate,
}

impl Bucket {
    fn refilled(self, now: i64) -> f64 {
        let seconds = (now - self.at).max(0) as f64 / 1000.0;
        (self.tokens + seconds * self.rate.per_second).min(self.rate.burst)
    }
}

impl Limits {
    /// Takes one token from the bucket called `key`.
    ///
    /// # Errors
    /// [`Error::TooFast`] with the seconds until the next one.
    pub fn take(&self, key: &str, rate: Rate, now: i64) -> Result<(), Error> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= BUCKETS_MAX {
            buckets.retain(|_, bucket| bucket.refilled(now) < bucket.rate.burst);
        }
        let bucket = buckets.entry(key.to_owned()).or_insert(Bucket { tokens: rate.burst, at: now, rate });
        bucket.tokens = bucket.refilled(now);
        bucket.at = now;
        if bucket.tokens < 1.0 {
            let seconds = ((1.0 - bucket.tokens) / rate.per_second).ceil() as u64;
            return Err(Error::TooFast { seconds: seconds.max(1) });
        }
        bucket.tokens -= 1.0;
        Ok(())
    }

    /// Puts a token back that was taken from the bucket called `key`: what was counted was none of what it limits.
    pub fn give_back(&self, key: &str) {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = buckets.get_mut(key) {
            bucket.tokens = (bucket.tokens + 1.0).min(bucket.rate.burst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_refills_and_says_how_long() {
        let limits = Limits::default();
        let rate = Rate { burst: 3.0, per_second: 0.5 };
        for _ in 0..3 {
            limits.take("a", rate, 1000).expect("within the burst");
        }
        let Err(Error::TooFast { seconds }) = limits.take("a", rate, 1000) else { panic!("the fourth is too fast") };
        assert_eq!(seconds, 2);
        limits.take("b", rate, 1000).expect("someone else has their own bucket");
        limits.take("a", rate, 3000).expect("refilled");
        assert!(limits.take("a", rate, 3000).is_err());
        limits.give_back("a");
        limits.give_back("nobody's");
        limits.take("a", rate, 3000).expect("given back");
        assert!(limits.take("a", rate, 3000).is_err());
    }

    #[test]
    fn memory_is_bounded() {
        let limits = Limits::default();
        for n in 0..BUCKETS_MAX + 10 {
            let _ = limits.take(&n.to_string(), ADDRESS, n as i64 * 1000);
        }
        assert!(limits.buckets.lock().expect("not poisoned").len() <= BUCKETS_MAX);
    }
}
