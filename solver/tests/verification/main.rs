//! Verification cases: our value against a closed form or a published one, within the stated tolerance.
//! `cargo run --release -p solver --features solve --example verification` writes their table.
#![cfg(feature = "solve")]
#![allow(clippy::print_stdout)]

#[path = "../support/closed_form.rs"]
#[allow(dead_code)] // Each test file uses its share.
mod closed_form;
#[path = "../support/part.rs"]
#[allow(dead_code)]
mod part;
#[path = "../support/row.rs"]
#[allow(dead_code)]
mod row;
#[path = "../support/structure.rs"]
mod structure;
#[path = "../support/tet_box.rs"]
#[allow(dead_code)]
mod tet_box;
#[path = "../support/truth.rs"]
#[allow(dead_code)]
mod truth;

mod bolt;
mod boundary;
mod design;
mod direction;
mod heat;
mod material;
mod modes;
mod statics;
mod topology;

/// One test per case.
macro_rules! cases {
    ($($module:ident::$case:ident)*) => {
        cases! { $($module::$case as $case)* }
    };
    ($($module:ident::$case:ident as $name:ident)*) => {
        $(#[test]
        fn $name() {
            for row in $module::$case() {
                println!("{}: {} {:.6e}, reference {:.6e}, {:+.3} %", row.name, row.quantity, row.found, row.reference, 100.0 * row.error());
                assert!(row.passes(), "{row:?}");
            }
        })*
    };
}

cases! {
    statics::case_2 statics::case_3 statics::case_4 statics::case_6 statics::case_8 statics::case_9 statics::case_11
    statics::case_12 statics::case_13 statics::case_15 statics::case_17 statics::case_18 statics::case_19 heat::case_22
    modes::case_24 modes::case_25 modes::case_27 modes::case_28 modes::case_30
    boundary::turning_disc boundary::beam_on_springs boundary::hole_in_a_ply bolt::preloaded_joint
    material::wall material::bar
    direction::aslant direction::ellipse direction::block
    heat::case_31 heat::case_32 heat::case_33 heat::case_34
    topology::case_53 topology::case_54 topology::case_55 topology::case_57 topology::case_58 topology::case_60
    topology::case_61 topology::casting topology::asymptotes
}

// The same from a design, or a body, the whole way to what a person reads.
cases! {
    design::case_9 as case_9_from_a_body design::case_13 as case_13_from_a_design design::case_15 as case_15_from_a_design
    design::case_25 as case_25_from_a_body design::case_34 as case_34_from_a_design
}
