//! Decks whose faces follow a reference node: what loads it, what holds it, and what of that a design carries.

use crate::deck::{STEEL, area, bricks, build, of, open};
use crate::support::choice;
use solver::deck::{Reading, Units};
use solver::design::{Design, Object, resolve};
use solver::format::FormatError;
use solver::format::inp::read;

/// A block of 30 × 20 × 20 mm with a reference node 10 mm before its right face, END, and another there for rotations.
fn deck(coupling: &str, steps: &str) -> String {
    format!(
        "{}*NODE\n9001, 40., 10., 10.\n9002, 40., 10., 10.\n*SURFACE, NAME=END\n3, S4\n6, S4\n9, S4\n12, S4\n{STEEL}\
         *SOLID SECTION, ELSET=BODY, MATERIAL=STEEL\n{coupling}*STEP\n*STATIC\n*BOUNDARY\nLEFT, 1, 3\n{steps}*END STEP\n",
        bricks([3, 2, 2])
    )
}

const SPREAD: &str = "*COUPLING, CONSTRAINT NAME=Grip, REF NODE=9001, SURFACE=END\n*DISTRIBUTING\n";
const KINEMATIC: &str = "*COUPLING, CONSTRAINT NAME=Grip, REF NODE=9001, SURFACE=END\n*KINEMATIC\n";
const RIGID: &str = "*RIGID BODY, NSET=RIGHT, REF NODE=9001, ROT NODE=9002\n";

fn vector(design: &Design, object: &Object, key: &str) -> [f64; 3] {
    resolve(design).0.vector(object, key).unwrap().map(|c| (c * 1e9).round() / 1e9)
}

fn line(text: &str, of: &str) -> usize {
    1 + text.lines().position(|l| l == of).unwrap()
}

fn says(reading: &Reading, line: usize, words: &str) {
    let found = reading.notes.iter().any(|n| n.line == line && n.text.contains(words));
    assert!(found, "line {line}, {words}: {:?}", reading.notes);
}

#[test]
fn what_loads_a_distributing_coupling_is_a_remote_load() {
    let loads = "*CLOAD\n9001, 1, 100.\n9001, 3, -50.\n9001, 5, 2000.\n";
    let spread = SPREAD.replace("*DISTRIBUTING\n", "*DISTRIBUTING\n1, 6\n");
    for coupling in [SPREAD, &spread] {
        let (reading, design, model) = build(&deck(coupling, loads), Units::Millimetre);
        assert_eq!(reading.notes, []);
        let (push, turn) = (of(&design, "remote_force")[0], of(&design, "remote_moment")[0]);
        assert_eq!((push.name.as_str(), turn.name.as_str()), ("Remote force GRIP", "Remote moment GRIP"));
        assert_eq!(vector(&design, push, "force"), [100.0, 0.0, -50.0]);
        assert_eq!(vector(&design, push, "point"), [0.04, 0.01, 0.01]);
        assert_eq!(vector(&design, turn, "moment"), [0.0, 2.0, 0.0]);
        for load in [push, turn] {
            assert_eq!(load.choice("coupling"), "distributing");
            assert!((area(&design, &model, load) - 400.0).abs() < 1e-9);
        }
        assert_eq!(of(&design, "load_case")[0].refs("loads").len(), 2);
    }
    // What it does not carry is said by its axis; a force keeps its arm.
    let text = deck(&SPREAD.replace("*DISTRIBUTING\n", "*DISTRIBUTING, WEIGHTING METHOD=LINEAR\n1, 3\n"), loads);
    let (reading, design, _) = build(&text, Units::Millimetre);
    says(&reading, line(&text, "9001, 1, 100."), "moment about y is left out");
    says(&reading, line(&text, "*DISTRIBUTING, WEIGHTING METHOD=LINEAR"), "every area takes its share");
    assert_eq!((of(&design, "remote_force").len(), of(&design, "remote_moment").len()), (1, 0));
}

#[test]
fn what_loads_a_solid_piece_keeps_it_solid() {
    let both = "*CLOAD\n9001, 3, -50.\n9002, 2, 2000.\n";
    let own = "*CLOAD\n9001, 3, -50.\n9001, 5, 2000.\n";
    for (coupling, loads) in [(RIGID, both), (KINEMATIC, own)] {
        let (reading, design, model) = build(&deck(coupling, loads), Units::Millimetre);
        assert_eq!(reading.notes, []);
        let (push, turn) = (of(&design, "remote_force")[0], of(&design, "remote_moment")[0]);
        assert_eq!(vector(&design, push, "force"), [0.0, 0.0, -50.0]);
        assert_eq!(vector(&design, turn, "moment"), [0.0, 2.0, 0.0]);
        for load in [push, turn] {
            assert_eq!(load.choice("coupling"), "rigid");
            assert!((area(&design, &model, load) - 400.0).abs() < 1e-9);
        }
    }
    // A force on a node of the piece moves the piece: 10 N at (30, 0, 0) about (40, 10, 10).
    let (reading, design, _) = build(&deck(RIGID, "*CLOAD\n4, 3, 10.\n"), Units::Millimetre);
    assert_eq!(reading.notes, []);
    assert_eq!(vector(&design, of(&design, "remote_force")[0], "force"), [0.0, 0.0, 10.0]);
    assert_eq!(vector(&design, of(&design, "remote_moment")[0], "moment"), [-0.1, 0.1, 0.0]);
    assert!(of(&design, "force").is_empty());
    // Solid and neither loaded nor held: that is lost, and said.
    let text = deck(RIGID, "*DLOAD\nBODY, GRAV, 9810., 0., 0., -1.\n");
    says(&open(&text, Units::Millimetre), line(&text, RIGID.trim_end()), "as soft as they are");
    // Along one axis only.
    let text = deck(&KINEMATIC.replace("*KINEMATIC\n", "*KINEMATIC\n1, 1\n"), own);
    says(&open(&text, Units::Millimetre), line(&text, "9001, 3, -50."), "along some axes only");
}

#[test]
fn what_holds_a_reference_node_holds_its_faces() {
    let held = |coupling: &str, lines: &str| {
        let text = deck(coupling, &format!("{lines}*DLOAD\nBODY, GRAV, 9810., 0., 0., -1.\n"));
        let (reading, design, model) = build(&text, Units::Millimetre);
        let of_end = of(&design, "fixed")
            .into_iter()
            .chain(of(&design, "displacement"))
            .chain(of(&design, "remote_displacement"));
        let end: Vec<Object> =
            of_end.filter(|o| o.name.contains("GRIP") || o.name.ends_with("RIGHT")).cloned().collect();
        end.iter().for_each(|o| assert!((area(&design, &model, o) - 400.0).abs() < 1e-9));
        (text, reading, design, end)
    };
    for (coupling, lines) in [
        (KINEMATIC, "9001, 1, 6\n"),
        (KINEMATIC, "9001, ENCASTRE\n"),
        (RIGID, "9001, 1, 3\n9002, 1, 3\n"),
        (RIGID, "9001, 1, 6\n"),
    ] {
        let (_, reading, _, end) = held(coupling, lines);
        assert_eq!(reading.notes, [], "{lines}");
        assert_eq!((end.len(), end[0].kind.as_str()), (1, "fixed"), "{lines}");
    }
    // A hinge about z, moved along x; a ball joint.
    let (_, reading, design, end) = held(KINEMATIC, "9001, 1, 1, 0.2\n9001, 2, 5\n");
    assert_eq!(reading.notes, []);
    assert_eq!((end.len(), end[0].kind.as_str()), (1, "remote_displacement"));
    let ways = ["along_x", "along_y", "along_z", "about_x", "about_y", "about_z"].map(|k| end[0].choice(k).to_string());
    assert_eq!(ways, ["given", "given", "given", "given", "given", "free"]);
    assert_eq!(vector(&design, &end[0], "point"), [0.04, 0.01, 0.01]);
    assert!((resolve(&design).0.number(&end[0], "x").unwrap() - 2e-4).abs() < 1e-12);
    let (_, _, design, end) = held(RIGID, "9001, 1, 3\n9002, 3, 3, 0.01\n");
    assert_eq!(end[0].choice("about_x"), "free");
    assert!((resolve(&design).0.number(&end[0], "rz").unwrap() - 0.01).abs() < 1e-12);
    // Following along x only and held for good: held along x.
    let (_, reading, _, end) = held(&KINEMATIC.replace("*KINEMATIC\n", "*KINEMATIC\n1, 1\n"), "9001, 1, 6\n");
    assert_eq!(reading.notes, []);
    let ways = ["along_x", "along_y", "along_z"].map(|k| end[0].properties.get(k).cloned().unwrap());
    assert_eq!((end[0].kind.as_str(), ways), ("displacement", [choice("given"), choice("free"), choice("free")]));
    // In the mean: the nearest there is, and what it is not.
    let (text, reading, _, end) = held(SPREAD, "9001, 1, 6\n");
    assert_eq!(end[0].kind.as_str(), "fixed");
    says(&reading, line(&text, "9001, 1, 6"), "stiffer than holding them in the mean");
    let (text, reading, _, end) = held(SPREAD, "9001, 1, 3\n");
    assert!(end.is_empty());
    says(&reading, line(&text, "9001, 1, 3"), "is left out");
    // Loaded along what is free: one solid piece, held and loaded.
    let text = deck(KINEMATIC, "9001, 1, 5\n*CLOAD\n9001, 6, 3000.\n");
    let (reading, design, _) = build(&text, Units::Millimetre);
    assert_eq!(reading.notes, []);
    assert_eq!(
        of(&design, "remote_displacement")[0].properties["faces"],
        of(&design, "remote_moment")[0].properties["faces"]
    );
    assert_eq!(vector(&design, of(&design, "remote_moment")[0], "moment"), [0.0, 0.0, 3.0]);
}

#[test]
fn nodes_elements_and_shared_reference_nodes() {
    // By nodes; two regions that follow one node are one piece; faces of a whole body, which is rigid.
    let two = "*RIGID BODY, NSET=RIGHT, REF NODE=9001\n*KINEMATIC COUPLING, REF NODE=9001\nABOVE, 1, 3\n";
    let (reading, design, model) = build(&deck(two, "*CLOAD\n9001, 3, -50.\n"), Units::Millimetre);
    assert_eq!(reading.notes, []);
    let push = of(&design, "remote_force");
    assert_eq!(push.len(), 1);
    assert!((area(&design, &model, push[0]) - 1000.0).abs() < 1e-9);
    let whole = "*RIGID BODY, ELSET=BODY, REF NODE=9001\n";
    let (reading, design, model) = build(&deck(whole, "*CLOAD\n9001, 3, -50.\n"), Units::Millimetre);
    assert_eq!(reading.notes, []);
    assert!((area(&design, &model, of(&design, "remote_force")[0]) - 3200.0).abs() < 1e-9);
    // A step of modes has no solid pieces that nothing holds.
    let text = deck(RIGID, "").replace("*STATIC", "*FREQUENCY\n5");
    says(&open(&text, Units::Millimetre), line(&text, RIGID.trim_end()), "its frequencies may be lower");
    // Without a coupling, what loads a lone node has nowhere to go.
    let text = deck("", "*CLOAD\n9001, 3, -50.\n");
    says(&open(&text, Units::Millimetre), line(&text, "9001, 3, -50."), "belongs to no solid");
}

#[test]
fn what_is_wrong_with_a_coupling_is_named_by_line() {
    let fails = |coupling: &str, at: &str, words: &str| {
        let text = deck(coupling, "");
        match read(text.as_bytes()) {
            Err(FormatError::Deck { line: l, reason }) => {
                assert!(l == line(&text, at) && reason.contains(words), "{l}: {reason}")
            }
            other => panic!("{words}: {:?}", other.map(|d| d.notes)),
        }
    };
    fails("*COUPLING, REF NODE=9001\n*KINEMATIC\n", "*COUPLING, REF NODE=9001", "*COUPLING needs SURFACE=");
    fails("*COUPLING, SURFACE=END\n*KINEMATIC\n", "*COUPLING, SURFACE=END", "*COUPLING needs REF NODE=");
    fails("*RIGID BODY, REF NODE=9001\n", "*RIGID BODY, REF NODE=9001", "needs NSET= or ELSET=");
    fails(&KINEMATIC.replace("*KINEMATIC\n", "*KINEMATIC\n3, 9\n"), "3, 9", "components 3 to 9");
    let noted = |coupling: &str, at: &str, words: &str| {
        let text = deck(coupling, "*CLOAD\n4, 3, 10.\n");
        let reading = open(&text, Units::Millimetre);
        says(&reading, line(&text, at), words);
    };
    let head = "*COUPLING, CONSTRAINT NAME=Grip, REF NODE=9001, SURFACE=END";
    noted(&format!("{head}\n"), head, "needs *KINEMATIC or *DISTRIBUTING right below");
    noted("*KINEMATIC\n1, 3\n", "*KINEMATIC", "belongs right below a *COUPLING");
    noted(
        "*RIGID BODY, NSET=RIGHT, REF NODE=77\n",
        "*RIGID BODY, NSET=RIGHT, REF NODE=77",
        "none that the deck defines",
    );
    noted("*RIGID BODY, NSET=RIGHT, REF NODE=LEFT\n", "*RIGID BODY, NSET=RIGHT, REF NODE=LEFT", "it names 9");
    noted("*RIGID BODY, NSET=NOPE, REF NODE=9001\n", "*RIGID BODY, NSET=NOPE, REF NODE=9001", "does not define");
    let turned =
        format!("*ORIENTATION, NAME=LOCAL\n0., 1., 0., -1., 0., 0.\n{head}, ORIENTATION=LOCAL\n*DISTRIBUTING\n");
    noted(&turned, &format!("{head}, ORIENTATION=LOCAL"), "write it along x, y and z");
    let twice = format!("{SPREAD}*COUPLING, CONSTRAINT NAME=Other, REF NODE=9001, SURFACE=END\n*DISTRIBUTING\n");
    noted(&twice, "*COUPLING, CONSTRAINT NAME=Other, REF NODE=9001, SURFACE=END", "shares its reference node");
    // Shells beside solids are left out, not refused.
    let sides = "*ELEMENT, TYPE=S4, ELSET=SKIN\n99, 1, 2, 3, 4\n*SURFACE, NAME=OUT\nSKIN, SPOS\n";
    noted(sides, "SKIN, SPOS", "only solids are read");
}

#[test]
fn a_step_of_buckling_that_a_moved_support_presses_is_a_study() {
    let steps = "RIGHT, 1, 1, -0.05\n";
    let text = deck("", steps).replace("*STATIC", "*BUCKLE\n4");
    let (reading, design, _) = build(&text, Units::Millimetre);
    assert_eq!(reading.notes, []);
    let study = of(&design, "buckling")[0];
    assert_eq!((study.refs("supports").len(), study.refs("cases").len()), (2, 0));
    let moved = of(&design, "displacement")[0];
    assert!((resolve(&design).0.number(moved, "x").unwrap() + 5e-5).abs() < 1e-12);
    // By its reference node, too.
    let text = deck(KINEMATIC, "9001, 1, 1, -0.05\n9001, 2, 6\n").replace("*STATIC", "*BUCKLE\n4");
    let (_, design, _) = build(&text, Units::Millimetre);
    assert_eq!((of(&design, "buckling").len(), of(&design, "remote_displacement").len()), (1, 1));
    // Nothing presses; and what presses beside a step with loads would be pressed by those.
    let text = deck("", "").replace("*STATIC", "*BUCKLE\n4");
    says(&open(&text, Units::Millimetre), line(&text, "*STEP"), "no load that could be carried");
    let loaded = "*END STEP\n*STEP\n*STATIC\n*CLOAD\nRIGHT, 3, 1.\n";
    let text = deck("", &format!("{steps}{loaded}")).replacen("*STATIC", "*BUCKLE\n4", 1);
    let reading = open(&text, Units::Millimetre);
    says(&reading, line(&text, "*STEP"), "has no load of its own");
    assert!(!reading.objects.iter().any(|o| o.kind == "buckling"));
}
