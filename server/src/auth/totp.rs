//! Codes that change with time. Source: RFC 6238 (TOTP) over RFC 4226 (HOTP), with SHA-1, six digits and steps of 30 s, which
//! is what every authenticator app understands.

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;

/// Length of a step, s. RFC 6238, 4.1.
const STEP: i64 = 30;
const DIGITS: u32 = 6;
/// Steps before and after the server's own that are taken: clocks differ. RFC 6238, 5.2.
const DRIFT: i64 = 1;
/// Length of a secret, bytes: that of the hash. RFC 4226, 4, R6.
pub const SECRET_BYTES: usize = 20;

/// The value at the counter `step`, before it is cut to digits. RFC 4226, 5.3.
fn truncated(secret: &[u8], step: u64) -> u32 {
    // A key of any length fits HMAC.
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(secret) else { return 0 };
    mac.update(&step.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let offset = usize::from(hash[hash.len() - 1] & 0xf);
    let word = [hash[offset], hash[offset + 1], hash[offset + 2], hash[offset + 3]];
    u32::from_be_bytes(word) & 0x7fff_ffff
}

fn step_at(time: i64) -> i64 {
    time.div_euclid(1000 * STEP)
}

/// The code of `secret` at `time`, epoch milliseconds.
pub fn code(secret: &[u8], time: i64) -> String {
    let value = truncated(secret, step_at(time).max(0).unsigned_abs()) % 10_u32.pow(DIGITS);
    format!("{value:06}")
}

/// The step that `given` is the code of, within the drift around `time` and after the step `last`.
pub fn find(secret: &[u8], given: &str, time: i64, last: i64) -> Option<i64> {
    use subtle::ConstantTimeEq as _;
    let now = step_at(time);
    let steps = (now - DRIFT..=now + DRIFT).filter(|step| *step > last);
    steps.fold(None, |found, step| {
        let same = bool::from(code(secret, step * 1000 * STEP).as_bytes().ct_eq(given.as_bytes()));
        found.or(same.then_some(step))
    })
}

/// Base 32 without padding. RFC 4648, 6.
pub fn base32(bytes: &[u8]) -> String {
    BASE32_NOPAD.encode(bytes)
}

/// The bytes of a text that [`base32`] wrote; `None` for any other.
pub fn of_base32(text: &str) -> Option<Vec<u8>> {
    BASE32_NOPAD.decode(text.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"12345678901234567890";

    /// RFC 4226, appendix D.
    #[test]
    fn counters_give_the_published_codes() {
        let published =
            ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"];
        for (step, wanted) in published.iter().enumerate() {
            assert_eq!(format!("{:06}", truncated(SECRET, step as u64) % 1_000_000), *wanted);
        }
    }

    /// RFC 6238, appendix B, SHA-1: eight digits there, of which six are the last.
    #[test]
    fn times_give_the_published_codes() {
        for (seconds, wanted) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            let step = step_at(seconds * 1000).unsigned_abs();
            assert_eq!(format!("{:08}", truncated(SECRET, step) % 100_000_000), wanted, "{seconds}");
            assert_eq!(code(SECRET, seconds * 1000), wanted[2..], "{seconds}");
        }
    }

    #[test]
    fn a_code_fits_near_its_time_and_never_after_a_later_one() {
        let time = 1_111_111_111_000;
        let step = step_at(time);
        let given = code(SECRET, time);
        for (at, fits) in [(-31_000, true), (0, true), (29_000, true), (59_000, false), (-62_000, false)] {
            assert_eq!(find(SECRET, &given, time + at, 0).is_some(), fits, "{at}");
        }
        assert_eq!(find(SECRET, &given, time, step - 1), Some(step));
        assert_eq!(find(SECRET, &given, time, step), None, "used");
        assert_eq!(find(SECRET, &given[..5], time, 0), None);
        assert_eq!(find(SECRET, "", time, 0), None);
    }

    /// RFC 4648, 10.
    #[test]
    fn base_32_is_as_published() {
        for (plain, wanted) in
            [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("foobar", "MZXW6YTBOI")]
        {
            assert_eq!(base32(plain.as_bytes()), wanted);
            assert_eq!(of_base32(wanted).as_deref(), Some(plain.as_bytes()));
        }
        assert_eq!(of_base32("MZXW1"), None);
    }
}
