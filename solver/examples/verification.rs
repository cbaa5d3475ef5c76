//! Runs every verification case and writes `docs/verification.md`.
//!
//! `cargo run --release -p solver --features solve --example verification`

#![allow(clippy::print_stdout)]

#[path = "../tests/verification/bolt.rs"]
mod bolt;
#[path = "../tests/verification/boundary.rs"]
mod boundary;
#[path = "../tests/support/closed_form.rs"]
#[allow(dead_code)] // The tests use the rest of it.
mod closed_form;
#[path = "../tests/verification/design.rs"]
mod design;
#[path = "../tests/verification/direction.rs"]
mod direction;
#[path = "../tests/verification/heat.rs"]
mod heat;
#[path = "../tests/verification/material.rs"]
mod material;
#[path = "../tests/verification/modes.rs"]
mod modes;
#[path = "../tests/support/part.rs"]
#[allow(dead_code)]
mod part;
#[path = "../tests/support/row.rs"]
mod row;
#[path = "../tests/verification/statics.rs"]
mod statics;
#[path = "../tests/support/structure.rs"]
mod structure;
#[path = "../tests/support/tet_box.rs"]
#[allow(dead_code)]
mod tet_box;
#[path = "../tests/verification/topology.rs"]
mod topology;
#[path = "../tests/support/truth.rs"]
#[allow(dead_code)]
mod truth;

use row::{Basis, Row};
use std::fmt::Write;

/// Study and case.
const CASES: &[(&str, fn() -> Vec<Row>)] = &[
    ("static", statics::case_2),
    ("static", statics::case_3),
    ("static", statics::case_4),
    ("static", statics::case_6),
    ("static", statics::case_8),
    ("static", statics::case_9),
    ("static", design::case_9),
    ("static", statics::case_11),
    ("static", statics::case_12),
    ("static", statics::case_13),
    ("static", design::case_13),
    ("static", statics::case_15),
    ("static", design::case_15),
    ("static", statics::case_17),
    ("static", statics::case_18),
    ("static", statics::case_19),
    ("static", heat::case_22),
    ("modal", modes::case_24),
    ("modal", modes::case_25),
    ("modal", design::case_25),
    ("modal", modes::case_27),
    ("buckling", modes::case_28),
    ("modal", modes::case_30),
    ("static", boundary::turning_disc),
    ("static", boundary::beam_on_springs),
    ("static", boundary::hole_in_a_ply),
    ("static", bolt::preloaded_joint),
    ("static", heat::case_31),
    ("static", material::bar),
    ("heat", material::wall),
    ("heat", direction::aslant),
    ("heat", direction::ellipse),
    ("heat", direction::block),
    ("heat", heat::case_32),
    ("heat", heat::case_33),
    ("heat", heat::case_34),
    ("heat", design::case_34),
    ("topology", topology::case_53),
    ("topology", topology::case_54),
    ("topology", topology::case_55),
    ("topology", topology::case_57),
    ("topology", topology::case_58),
    ("topology", topology::case_60),
    ("topology", topology::case_61),
    ("topology", topology::casting),
    ("topology", topology::asymptotes),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rows: Vec<(&str, Row)> =
        CASES.iter().flat_map(|(study, case)| case().into_iter().map(move |row| (*study, row))).collect();
    let passed = rows.iter().filter(|r| r.1.passes()).count();
    let mut text = format!(
        "# Verification cases\n\n\
         Written by `cargo run --release -p solver --features solve --example verification`; do not edit. The test suite \
         runs the same cases and fails where one is outside its tolerance.\n\n\
         **{passed} of {} values within tolerance.** Basis of a reference: *closed form*; *published*, and read there; \
         *computed* to convergence by an independent program; *unconfirmed*, published as far as we know.\n\n\
         | study | case | problem | quantity | ours | reference | difference | allowed | basis | solved on |\n\
         |---|---|---|---|---|---|---|---|---|---|\n",
        rows.len()
    );
    for (study, r) in &rows {
        let basis = match r.basis {
            Basis::Form => "closed form",
            Basis::Published => "published",
            Basis::Computed => "computed",
            Basis::Unconfirmed => "unconfirmed",
        };
        let case = if r.case == 0 { "–".to_string() } else { r.case.to_string() };
        let percent = |x: f64| if r.reference == 0.0 { format!("{x:.1e}") } else { format!("{:.3} %", 100.0 * x) };
        writeln!(
            text,
            "| {study} | {case} | {} | {} | {} {unit} | {} {unit} | {}{} | {} | {basis} | {} |",
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
