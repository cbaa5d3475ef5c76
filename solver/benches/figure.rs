//! The lines that `cargo xtask bench` reads: one figure each, as JSON.

/// What a figure should reach.
#[derive(Clone, Copy)]
#[allow(dead_code, reason = "a bench may have targets of one kind only")]
pub enum Target {
    AtLeast(f64),
    AtMost(f64),
}

/// Prints one figure.
pub fn line(name: &str, value: f64, unit: &str, target: impl Into<Option<Target>>) {
    let (target, better) = match target.into() {
        Some(Target::AtLeast(least)) => (Some(least), Some("higher")),
        Some(Target::AtMost(most)) => (Some(most), Some("lower")),
        None => (None, None),
    };
    let line = serde_json::json!({"name": name, "value": value, "unit": unit, "target": target, "better": better});
    println!("{line}");
}

/// Says why a figure is missing.
#[allow(dead_code, reason = "not every bench has something to skip")]
pub fn skipped(name: &str, why: &str) {
    println!("{}", serde_json::json!({"name": format!("{name} (skipped: {why})"), "value": null, "unit": ""}));
}
