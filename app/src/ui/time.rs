//! Times, durations and sizes as people read them.

/// How long ago: "now", "4 min ago", "3 d ago". Both in epoch milliseconds.
pub fn ago(then: i64, now: i64) -> String {
    let secs = (now - then) / 1000;
    match secs {
        ..45 => "now".into(),
        45..3_600 => format!("{} min ago", (secs / 60).max(1)),
        3_600..86_400 => format!("{} h ago", secs / 3_600),
        86_400..2_592_000 => format!("{} d ago", secs / 86_400),
        _ => day(then),
    }
}

/// A date, `2026-11-21`, in UTC.
pub fn day(epoch_ms: i64) -> String {
    // Civil date from days: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
    let z = epoch_ms.div_euclid(86_400_000) + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let d = doy - (153 * mp + 2) / 5 + 1;
    let m = if mp < 10 { mp + 3 } else { mp - 9 };
    let y = yoe + era * 400 + i64::from(m <= 2);
    format!("{y:04}-{m:02}-{d:02}")
}

/// A duration: `0.8 s`, `42 s`, `3 min 20 s`, `2 h 5 min`.
pub fn seconds(s: f64) -> String {
    if !s.is_finite() || s < 0.0 {
        return "—".into();
    }
    if s < 10.0 {
        return format!("{s:.1} s");
    }
    let whole = s.round() as u64;
    match whole {
        ..60 => format!("{whole} s"),
        60..3_600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3_600, whole % 3_600 / 60),
    }
}

/// A size: `640 B`, `1.4 MB`.
pub fn bytes(n: u64) -> String {
    let mut value = n as f64;
    for unit in ["B", "kB", "MB", "GB"] {
        if value < 1000.0 {
            return if unit == "B" { format!("{n} B") } else { format!("{value:.1} {unit}") };
        }
        value /= 1000.0;
    }
    format!("{value:.1} TB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_people_write_them() {
        let now = 1_800_000_000_000;
        let cases = [(0, "now"), (60, "1 min ago"), (7_300, "2 h ago"), (200_000, "2 d ago")];
        for (secs, expected) in cases {
            assert_eq!(ago(now - secs * 1000, now), expected);
        }
        assert_eq!(day(0), "1970-01-01");
        assert_eq!(day(1_709_164_800_000), "2024-02-29");
        assert_eq!(day(-86_400_000), "1969-12-31");
        assert_eq!(seconds(0.84), "0.8 s");
        assert_eq!(seconds(200.0), "3 min 20 s");
        assert_eq!(seconds(f64::NAN), "—");
        assert_eq!(bytes(640), "640 B");
        assert_eq!(bytes(1_430_000), "1.4 MB");
    }
}
