//! Runs every verification case and writes `docs/verification.md`.
//!
//! `cargo run --release -p solver --features solve --example verification`

#![allow(clippy::print_stdout)]

#[path = "../tests/support/closed_form.rs"]
#[allow(dead_code)] // The tests use the rest of it.
mod closed_form;
#[path = "../tests/verification/heat.rs"]
mod heat;
#[path = "../tests/verification/modes.rs"]
mod modes;
#[path = "../tests/support/row.rs"]
mod row;
#[path = "../tests/verification/statics.rs"]
mod statics;
#[path = "../tests/support/tet_box.rs"]
#[allow(dead_code)]
mod tet_box;
#[path = "../tests/support/truth.rs"]
#[allow(dead_code)]
mod truth;

use row::{Basis, Row};
use std::fmt::Write;

const CASES: &[fn() -> Vec<Row>] = &[
    statics::case_2,
    statics::case_3,
    statics::case_4,
    statics::case_6,
    statics::case_8,
    statics::case_9,
    statics::case_12,
    statics::case_13,
    statics::case_15,
    statics::case_17,
    statics::case_18,
    statics::case_19,
    heat::case_22,
    modes::case_24,
    modes::case_25,
    modes::case_27,
    modes::case_28,
    modes::case_30,
    heat::case_31,
    heat::case_32,
    heat::case_33,
    heat::case_34,
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rows: Vec<Row> = CASES.iter().flat_map(|case| case()).collect();
    let passed = rows.iter().filter(|r| r.passes()).count();
    let mut text = format!(
        "# Verification cases\n\n\
         Written by `cargo run --release -p solver --features solve --example verification`; do not edit. The test suite \
         runs the same cases and fails where one is outside its tolerance.\n\n\
         **{passed} of {} values within tolerance.** Basis of a reference: *closed form*; *published*, and read there; \
         *computed* to convergence by an independent program; *unconfirmed*, published as far as we know.\n\n\
         | case | problem | quantity | ours | reference | difference | allowed | basis | solved on |\n\
         |---|---|---|---|---|---|---|---|---|\n",
        rows.len()
    );
    for r in &rows {
        let basis = match r.basis {
            Basis::Form => "closed form",
            Basis::Published => "published",
            Basis::Computed => "computed",
            Basis::Unconfirmed => "unconfirmed",
        };
        let percent = |x: f64| if r.reference == 0.0 { format!("{x:.1e}") } else { format!("{:.3} %", 100.0 * x) };
        writeln!(
            text,
            "| {} | {} | {} | {} {unit} | {} {unit} | {}{} | {} | {basis} | {} |",
            r.case,
            r.name,
            r.quantity,
            digits(r.found),
            digits(r.reference),
            percent(r.error()),
            if r.passes() { "" } else { " **missed**" },
            percent(r.tolerance),
            r.mesh,
            unit = r.unit,
        )?;
    }
    print!("{text}");
    std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/verification.md"), text)?;
    Ok(())
}

/// Six significant digits.
fn digits(x: f64) -> String {
    if x == 0.0 || (1e-2..1e5).contains(&x.abs()) { format!("{x:.5}") } else { format!("{x:.5e}") }
}
