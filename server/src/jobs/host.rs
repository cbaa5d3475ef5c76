//! What a worker knows of, and asks from, the machine it runs on.

/// Cores this process may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The host's name, for people to find it.
pub fn name() -> String {
    #[cfg(unix)]
    {
        rustix::system::uname().nodename().to_string_lossy().into_owned()
    }
    #[cfg(not(unix))]
    {
        std::env::var("COMPUTERNAME").unwrap_or_else(|_| "host".into())
    }
}

/// Memory of the machine, bytes; `None` where the system does not tell.
pub fn memory_bytes() -> Option<u64> {
    kib("/proc/meminfo", "MemTotal:").map(|n| n * 1024)
}

/// Largest resident set of this process so far, bytes; 0 where the system does not tell.
pub fn memory_peak_bytes() -> u64 {
    kib("/proc/self/status", "VmHWM:").map_or(0, |n| n * 1024)
}

/// Processor time of this process so far, all threads, s.
pub fn core_seconds() -> f64 {
    #[cfg(unix)]
    {
        let t = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        t.tv_sec as f64 + t.tv_nsec as f64 * 1e-9
    }
    #[cfg(not(unix))]
    {
        0.0
    }
}

/// Limits this process's address space: an allocation past it fails instead of taking the machine down.
///
/// # Errors
/// When the system refuses.
pub fn limit_address_space(bytes: u64) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let limit = Rlimit { current: Some(bytes), maximum: Some(bytes) };
        setrlimit(Resource::As, limit)?;
        // A crash is told by its last words; a dump of gigabytes helps nobody.
        setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    }
    #[cfg(not(unix))]
    let _ = bytes;
    Ok(())
}

/// Steps back behind the server and the person's other work (P5: editing stays quick while a solve runs).
pub fn be_nice() {
    #[cfg(unix)]
    if let Err(e) = rustix::process::nice(10) {
        tracing::warn!(error = %e, "the worker could not lower its priority");
    }
}

/// A size in words, `8 GiB`.
pub fn size(bytes: u64) -> String {
    let (mut x, mut unit) = (bytes as f64, "B");
    for next in ["KiB", "MiB", "GiB", "TiB"] {
        if x < 1024.0 {
            break;
        }
        (x, unit) = (x / 1024.0, next);
    }
    if x < 10.0 && x.fract() > 0.05 { format!("{x:.1} {unit}") } else { format!("{x:.0} {unit}") }
}

/// Reads `8GiB`, `500 MB`, `2g`, `1048576` as bytes.
///
/// # Errors
/// Says what a size looks like.
pub fn parse_size(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kib" => 1024.0,
        "m" | "mib" => 1024.0 * 1024.0,
        "g" | "gib" => 1024.0 * 1024.0 * 1024.0,
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        _ => return Err(format!("'{text}' is not a size; write 8GiB, 500MB or a number of bytes")),
    };
    match number.parse::<f64>() {
        Ok(n) if n > 0.0 => Ok((n * factor) as u64),
        _ => Err(format!("'{text}' is not a size; write 8GiB, 500MB or a number of bytes")),
    }
}

/// A line `key  123 kB` of a file of the proc filesystem.
fn kib(path: &str, key: &str) -> Option<u64> {
    let text = std::fs::read_to_string(path).ok()?;
    text.lines().find_map(|l| l.strip_prefix(key))?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_written() {
        for (text, bytes) in
            [("8GiB", 8 << 30), ("500 MB", 500_000_000), ("2g", 2 << 30), ("1048576", 1 << 20), ("1.5k", 1536)]
        {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        for text in ["", "GiB", "-1", "8 bananas", "0"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
        assert_eq!(size(8 << 30), "8 GiB");
        assert_eq!(size(1536), "1.5 KiB");
    }

    #[test]
    fn the_host_is_known() {
        assert!(cores() >= 1);
        assert!(core_seconds() >= 0.0);
        if cfg!(target_os = "linux") {
            assert!(memory_bytes().unwrap() > 1 << 20);
            assert!(memory_peak_bytes() > 0);
            assert!(!name().is_empty());
        }
    }
}
