//! Input decks as designs: bodies, faces parted along sets, supports, loads and studies.

use crate::inp::CUBE;
use crate::support::{Blobs, check_all, close, design};
use proptest::prelude::*;
use solver::deck::{Reading, Units};
use solver::design::{Design, Object, Value, check, resolve};
use solver::geometry::deck::{Source, read};
use solver::geometry::{Model, evaluate, select};
use std::fmt::Write as _;

pub fn open(text: &str, units: Units) -> Reading {
    read(text.as_bytes(), &Source { hash: "h", file: "part.inp", units, seed: 7 }).unwrap()
}

/// The design of a reading, free of issues, and its bodies.
pub fn build(text: &str, units: Units) -> (Reading, Design, Model) {
    let reading = open(text, units);
    let design = design(reading.objects.clone());
    assert_eq!(check(&design), []);
    let model = evaluate(&design, &Blobs([("h".to_string(), text.as_bytes().to_vec())].into()));
    assert_eq!(model.issues, []);
    check_all(&model);
    (reading, design, model)
}

pub fn of<'a>(design: &'a Design, kind: &'a str) -> Vec<&'a Object> {
    design.of_kind(kind).collect()
}

/// Area of an object's faces, mm².
pub fn area(design: &Design, model: &Model, object: &Object) -> f64 {
    let (faces, issues) = select::faces(design, model, object);
    assert_eq!(issues, []);
    faces.iter().map(|(b, f)| model.bodies[*b].body.surface().faces[*f].area * 1e6).sum()
}

pub fn si(design: &Design, object: &Object, key: &str) -> f64 {
    resolve(design).0.number(object, key).unwrap()
}

pub fn force(design: &Design, object: &Object) -> [f64; 3] {
    resolve(design).0.vector(object, "force").unwrap()
}

/// Nodes and bricks of a block of `n` cells of 10 mm each, with the sets BODY, LEFT, RIGHT, BELOW and ABOVE (nodes).
pub fn bricks(n: [usize; 3]) -> String {
    let id = |i: usize, j: usize, k: usize| 1 + i + (n[0] + 1) * (j + (n[1] + 1) * k);
    let mut s = String::from("*NODE, NSET=ALL\n");
    for k in 0..=n[2] {
        for j in 0..=n[1] {
            for i in 0..=n[0] {
                let _ = writeln!(s, "{}, {}., {}., {}.", id(i, j, k), 10 * i, 10 * j, 10 * k);
            }
        }
    }
    s.push_str("*ELEMENT, TYPE=C3D8, ELSET=BODY\n");
    let mut e = 0;
    for k in 0..n[2] {
        for j in 0..n[1] {
            for i in 0..n[0] {
                e += 1;
                let low = [id(i, j, k), id(i + 1, j, k), id(i + 1, j + 1, k), id(i, j + 1, k)];
                let high = [id(i, j, k + 1), id(i + 1, j, k + 1), id(i + 1, j + 1, k + 1), id(i, j + 1, k + 1)];
                let line: Vec<String> = low.iter().chain(&high).map(ToString::to_string).collect();
                let _ = writeln!(s, "{e}, {}", line.join(", "));
            }
        }
    }
    type Test = fn([usize; 3], [usize; 3]) -> bool;
    let sets: [(&str, Test); 4] = [
        ("LEFT", |at, _| at[0] == 0),
        ("RIGHT", |at, n| at[0] == n[0]),
        ("BELOW", |at, _| at[2] == 0),
        ("ABOVE", |at, n| at[2] == n[2]),
    ];
    for (name, test) in sets {
        let _ = writeln!(s, "*NSET, NSET={name}");
        for k in 0..=n[2] {
            for j in 0..=n[1] {
                for i in (0..=n[0]).filter(|i| test([*i, j, k], n)) {
                    let _ = writeln!(s, "{},", id(i, j, k));
                }
            }
        }
    }
    s
}

pub const STEEL: &str = "*MATERIAL, NAME=STEEL\n*ELASTIC\n210000., 0.3\n*DENSITY\n7.85E-9\n";

#[test]
fn a_cube_becomes_a_design_that_can_be_solved() {
    let (reading, design, model) = build(CUBE, Units::Millimetre);
    assert_eq!((reading.n_nodes, reading.n_elements, reading.bodies.len()), (8, 1, 1));
    reading.size.iter().for_each(|s| close(*s, 0.01, 1e-12));
    close(reading.bodies[0].density.unwrap(), 7850.0, 1e-9);
    assert_eq!(model.bodies[0].body.surface().faces.len(), 6);
    let steel = of(&design, "isotropic")[0];
    for (key, value) in
        [("youngs_modulus", 210e9), ("poisson_ratio", 0.3), ("density", 7850.0), ("yield_strength", 355e6)]
    {
        close(si(&design, steel, key), value, 1e-9);
    }
    let (fixed, pressure) = (of(&design, "fixed")[0], of(&design, "pressure")[0]);
    assert_eq!((fixed.name.as_str(), pressure.name.as_str()), ("Fixed BELOW", "Pressure ABOVE"));
    close(area(&design, &model, fixed), 100.0, 1e-9);
    close(area(&design, &model, pressure), 100.0, 1e-9);
    close(si(&design, pressure, "pressure"), 2.5e6, 1e-9);
    let study = of(&design, "static")[0];
    assert_eq!(study.refs("supports"), std::slice::from_ref(&fixed.id));
    assert_eq!(study.refs("cases"), [of(&design, "load_case")[0].id.clone()]);
    assert_eq!(of(&design, "load_case")[0].refs("loads"), std::slice::from_ref(&pressure.id));
    // The same numbers in metres are a part of ten metres: a wrong choice is seen.
    close(open(CUBE, Units::Metre).size[0], 10.0, 1e-12);
}

#[test]
fn a_set_that_covers_part_of_a_face_is_a_face_of_its_own() {
    // Two of the six cells above, and the forces of an even traction on the right, by hand.
    let text = format!(
        "{}{STEEL}*SOLID SECTION, ELSET=BODY, MATERIAL=STEEL\n*BOUNDARY\nLEFT, ENCASTRE\n*SURFACE, NAME=PAD\n1, S2\n2, S2\n\
         *STEP\n*STATIC\n*DSLOAD\nPAD, P, 3.\n*END STEP\n*STEP, NAME=Pull\n*STATIC\n*DSLOAD, OP=NEW\n*CLOAD\nRIGHT, 1, 5.\n*END STEP\n",
        bricks([3, 2, 1])
    );
    let (reading, design, model) = build(&text, Units::Millimetre);
    assert_eq!(model.bodies[0].body.surface().faces.len(), 7, "six sides, the upper one in two");
    close(area(&design, &model, of(&design, "pressure")[0]), 200.0, 1e-9);
    // Six nodes with five newtons each: not even for bricks, whose corners carry less; so the sum.
    let pull = of(&design, "force")[0];
    close(force(&design, pull)[0], 30.0, 1e-9);
    close(area(&design, &model, pull), 200.0, 1e-9);
    let notes: Vec<&str> = reading.notes.iter().map(|n| n.text.as_str()).collect();
    assert!(notes.iter().any(|n| n.contains("sum and moment")), "{notes:?}");
    let cases = of(&design, "load_case");
    assert_eq!(cases.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["Step 1", "Pull"]);
    assert_eq!(of(&design, "static")[0].refs("cases").len(), 2);
}

#[test]
fn forces_of_an_even_traction_become_that_traction() {
    // Consistent forces of a traction on two faces at once: a quarter at corners, a half along edges.
    let n = [2, 2, 2];
    let mut text = bricks(n);
    let _ = write!(
        text,
        "{STEEL}*SOLID SECTION, ELSET=BODY, MATERIAL=STEEL\n*BOUNDARY\nBELOW, 1, 3\n*STEP\n*STATIC\n*CLOAD\n"
    );
    for k in 0..=2 {
        for j in 0..=2 {
            for i in 0..=2 {
                let share = |a: usize, b: usize| {
                    let side = |c: usize| if c == 1 { 1.0 } else { 0.5 };
                    100.0 * side(a) * side(b)
                };
                let id = 1 + i + 3 * (j + 3 * k);
                // 0.4 upwards above, 0.2 along x on the right.
                if k == 2 {
                    let _ = writeln!(text, "{id}, 3, {}", 0.4 * share(i, j));
                }
                if i == 2 {
                    let _ = writeln!(text, "{id}, 1, {}", 0.2 * share(j, k));
                }
            }
        }
    }
    text.push_str("*END STEP\n");
    let (reading, design, model) = build(&text, Units::Millimetre);
    let mut found: Vec<[f64; 3]> = of(&design, "force").into_iter().map(|o| force(&design, o)).collect();
    found.sort_by(|a, b| a[0].total_cmp(&b[0]));
    assert_eq!(found.len(), 2, "{found:?}");
    for (f, expected) in found.iter().zip([[0.0, 0.0, 160.0], [80.0, 0.0, 0.0]]) {
        (0..3).for_each(|k| assert!((f[k] - expected[k]).abs() < 1e-6, "{found:?}"));
    }
    of(&design, "force").into_iter().for_each(|o| close(area(&design, &model, o), 400.0, 1e-9));
    assert_eq!(reading.notes, []);
}

#[test]
fn planes_of_symmetry_slide_and_what_has_no_face_is_said() {
    let text = format!(
        "{}{STEEL}*SOLID SECTION, ELSET=BODY, MATERIAL=STEEL\n*BOUNDARY\nLEFT, XSYMM\nBELOW, 3\n1, 2\n*STEP\n*STATIC\n*CLOAD\n\
         8, 2, 40.\n*DLOAD\nBODY, GRAV, 9810., 0., 0., -1.\n*END STEP\n",
        bricks([2, 2, 2])
    );
    let (reading, design, model) = build(&text, Units::Millimetre);
    let sliding = of(&design, "sliding");
    assert_eq!(sliding.len(), 2);
    sliding.iter().for_each(|s| close(area(&design, &model, s), 400.0, 1e-9));
    let g = resolve(&design).0.vector(of(&design, "gravity")[0], "acceleration").unwrap();
    close(g[2], -9.81, 1e-9);
    let at = |line: &str| text.lines().position(|l| l == line).unwrap() + 1;
    let has = |line: usize, words: &str| {
        assert!(reading.notes.iter().any(|n| n.line == line && n.text.contains(words)), "{line} {:?}", reading.notes);
    };
    has(at("1, 2"), "no whole face");
    has(at("8, 2, 40."), "no whole face");
}

#[test]
fn sections_become_bodies_that_touch() {
    let text = format!(
        "{}*ELSET, ELSET=ONE\n1\n*ELSET, ELSET=TWO\n2, 3\n{STEEL}*MATERIAL, NAME=BRASS\n*ELASTIC\n100000., 0.34\n\
         *SOLID SECTION, ELSET=ONE, MATERIAL=STEEL\n*SOLID SECTION, ELSET=TWO, MATERIAL=BRASS\n*BOUNDARY\nLEFT, 1, 3\n\
         *STEP\n*FREQUENCY\n8\n*END STEP\n*STEP\n*BUCKLE\n3\n*DLOAD\n3, P4, 1.\n*END STEP\n",
        bricks([3, 1, 1])
    );
    let (reading, design, model) = build(&text, Units::Millimetre);
    assert_eq!(model.bodies.iter().map(|b| b.label.as_str()).collect::<Vec<_>>(), ["ONE", "TWO"]);
    close(model.bodies[1].body.mass_properties().volume * 1e9, 2000.0, 1e-9);
    assert_eq!(of(&design, "isotropic").len(), 2);
    assert!(reading.notes.iter().any(|n| n.text.contains("BRASS has no *DENSITY")), "{:?}", reading.notes);
    let (modal, buckling) = (of(&design, "modal")[0], of(&design, "buckling")[0]);
    assert_eq!((si(&design, modal, "modes"), si(&design, buckling, "modes")), (8.0, 3.0));
    assert_eq!(modal.refs("supports"), buckling.refs("supports"));
    close(area(&design, &model, of(&design, "pressure")[0]), 100.0, 1e-9);
}

#[test]
fn heat_over_time_follows_its_amplitudes() {
    let text = format!(
        "{}{STEEL}*CONDUCTIVITY\n50.\n*SPECIFIC HEAT\n4.6E8\n*SOLID SECTION, ELSET=BODY, MATERIAL=STEEL\n\
         *AMPLITUDE, NAME=RAMP\n0., 0., 10., 1.\n*INITIAL CONDITIONS, TYPE=TEMPERATURE\nALL, 20.\n\
         *STEP\n*HEAT TRANSFER\n1., 60.\n*BOUNDARY, AMPLITUDE=RAMP\nLEFT, 11, 11, 100.\n*FILM\n3, F4, 25., 0.01\n\
         *DFLUX\nBODY, BF, 2.\n*END STEP\n",
        bricks([3, 1, 1])
    );
    let (reading, design, model) = build(&text, Units::Millimetre);
    assert_eq!(reading.notes, []);
    let kept = of(&design, "temperature")[0];
    assert_eq!(kept.text("temperature"), "table(time, 0 s, 0 °C, 10 s, 100 °C)");
    close(area(&design, &model, kept), 100.0, 1e-9);
    let film = of(&design, "convection")[0];
    close(si(&design, film, "film"), 10.0, 1e-9);
    close(si(&design, film, "ambient"), 298.15, 1e-9);
    // 2 mW/mm³.
    close(si(&design, of(&design, "heat_source")[0], "density"), 2e6, 1e-9);
    let study = of(&design, "heat")[0];
    close(si(&design, study, "duration"), 60.0, 1e-12);
    close(si(&design, study, "initial"), 293.15, 1e-12);
    close(si(&design, of(&design, "isotropic")[0], "specific_heat"), 460.0, 1e-9);
}

#[test]
fn curved_faces_of_quadratic_elements_are_followed() {
    // One quadratic tetrahedron whose middles bulge: four triangles a face.
    let text = "*NODE\n1,0.,0.,0.\n2,10.,0.,0.\n3,0.,10.,0.\n4,0.,0.,10.\n5,5.,-1.,0.\n6,5.5,5.5,0.\n7,-1.,5.,0.\n8,-1.,0.,5.\n\
                9,5.5,0.,5.5\n10,0.,5.5,5.5\n*ELEMENT,TYPE=C3D10,ELSET=B\n1,1,2,3,4,5,6,7,8,9,10\n*MATERIAL,NAME=M\n*ELASTIC\n1.,0.\n\
                *SOLID SECTION,ELSET=B,MATERIAL=M\n";
    let (reading, design, model) = build(text, Units::Millimetre);
    assert_eq!(model.bodies[0].body.surface().triangles.len(), 16);
    assert!(model.bodies[0].body.mass_properties().volume * 1e9 > 1000.0 / 6.0);
    assert!(of(&design, "static").is_empty(), "{:?}", reading.notes);
    // Another part of the deck than there is.
    let mut import = of(&design, "import")[0].clone();
    import.properties.insert("part".into(), Value::Text("C".into()));
    let model = evaluate(&self::design(vec![import]), &Blobs([("h".to_string(), text.as_bytes().to_vec())].into()));
    assert!(model.issues[0].message.contains("no part called 'C'; there are B"), "{:?}", model.issues);
}

#[test]
fn values_over_temperature_become_tables() {
    let tables = "*ELASTIC\n210000., 0.3, 20.\n180000., 0.3, 420.\n*EXPANSION, ZERO=20.\n1.2E-5, 20.\n1.4E-5, 420.\n\
                  *CONDUCTIVITY\n50., 0.\n40., 200.\n30., 100.\n";
    let text = CUBE.replace("*ELASTIC\n210000., 0.3\n", tables);
    let text =
        text.replace("355., 0.\n400., 0.1\n", "355., 0., 20.\n400., 0.1, 20.\n250., 0., 420.\n290., 0.1, 420.\n");
    let (reading, design, _) = build(&text, Units::Millimetre);
    let steel = of(&design, "isotropic")[0];
    for (key, said) in [
        ("youngs_modulus", "table(temperature, 20 °C, 210000 MPa, 420 °C, 180000 MPa)"),
        ("poisson_ratio", "0.3"),
        ("yield_strength", "table(temperature, 20 °C, 355 MPa, 420 °C, 250 MPa)"),
        ("expansion", "table(temperature, 20 °C, 0.000012 1/K, 420 °C, 0.000014 1/K)"),
        ("reference", "20 °C"),
        ("conductivity", "50 W/(m*K)"),
    ] {
        assert_eq!(steel.text(key).replace("1.2e-5", "0.000012").replace("1.4e-5", "0.000014"), said, "{key}");
    }
    let hot = resolve(&design).0.at_temperature(620.0);
    let expected = 210e9 - 30e9 * (620.0 - 293.15) / 400.0;
    close(hot.number(steel, "youngs_modulus").unwrap(), expected, 1e-9);
    // What does not rise is no table, and is said.
    let said: Vec<_> = reading.notes.iter().filter(|n| n.text.contains("CONDUCTIVITY")).collect();
    assert!(said.len() == 1 && said[0].text.contains("temperatures do not rise"), "{:?}", reading.notes);
    // On an absolute scale, zero is not at the freezing point of water.
    let kelvin = format!("*PHYSICAL CONSTANTS, ABSOLUTE ZERO=0.\n{text}");
    let (_, design, _) = build(&kelvin, Units::Millimetre);
    assert!(
        of(&design, "isotropic")[0].text("youngs_modulus").starts_with("table(temperature, -253.15 °C, 210000 MPa")
    );
}

#[test]
fn conductivities_along_directions_come_in_with_them() {
    // In N, mm, s: conductivity in mW/(mm K), which is W/(m K).
    let text = |rows: &str, elastic: &str| {
        CUBE.replace(
            "*ELASTIC\n210000., 0.3\n",
            &format!("{elastic}*CONDUCTIVITY, TYPE=ORTHO\n{rows}*SPECIFIC HEAT\n9E8\n"),
        )
        .replace(
            "*SOLID SECTION, ELSET=BODY, MATERIAL=STEEL",
            "*ORIENTATION, NAME=AXES\n0., 1., 0., -1., 0., 0.\n\
                      *SOLID SECTION, ELSET=BODY, MATERIAL=STEEL, ORIENTATION=AXES",
        )
    };
    let nine = "*ELASTIC, TYPE=ENGINEERING CONSTANTS\n140000., 10000., 9000., 0.3, 0.25, 0.4, 5000., 4500.\n3400.\n";
    let (reading, design, _) = build(&text("5., 1., 0.5, 20.\n3., 1., 0.4, 120.\n", nine), Units::Millimetre);
    let ply = of(&design, "orthotropic")[0];
    assert_eq!(ply.text("k1"), "table(temperature, 20 °C, 5 W/(m*K), 120 °C, 3 W/(m*K))");
    assert_eq!((ply.text("k2").as_str(), ply.text("specific_heat").as_str()), ("1 W/(m*K)", "900 J/(kg*K)"));
    assert_eq!(ply.text("k3"), "table(temperature, 20 °C, 0.5 W/(m*K), 120 °C, 0.4 W/(m*K))");
    assert_eq!(ply.get("direction_1"), Some(Value::Vector(["0", "1", "0"].map(String::from))));
    close(si(&design, ply, "g13"), 4.5e9, 1e-9);
    assert!(
        reading.notes.iter().any(|n| n.text.contains("the yield strength of an orthotropic")),
        "{:?}",
        reading.notes
    );
    // As stiff in all directions, as three equal ones say; without any, as steel.
    let even = "*ELASTIC\n210000., 0.3, 20.\n200000., 0.3, 120.\n*EXPANSION, TYPE=ORTHO\n1E-6, 2E-6, 3E-6\n";
    let (reading, design, _) = build(&text("5., 1., 0.5\n", even), Units::Millimetre);
    let ply = of(&design, "orthotropic")[0];
    close(si(&design, ply, "e3"), 210e9, 1e-9);
    close(si(&design, ply, "g23"), 210e9 / 2.6, 1e-9);
    close(si(&design, ply, "a2"), 2e-6, 1e-9);
    close(si(&design, ply, "k3"), 0.5, 1e-9);
    assert!(reading.notes.iter().any(|n| n.text.contains("*ELASTIC of an orthotropic material does not depend")));
    let (reading, design, _) = build(&text("5., 1., 0.5\n", ""), Units::Millimetre);
    close(si(&design, of(&design, "orthotropic")[0], "g12"), 210e9 / 2.6, 1e-9);
    assert!(reading.notes.iter().any(|n| n.text.contains("no *ELASTIC that is read")), "{:?}", reading.notes);
    // Three of a size are one.
    let (_, design, _) =
        build(&text("5., 5., 5., 20.\n4., 4., 4., 120.\n", "*ELASTIC\n210000., 0.3\n"), Units::Millimetre);
    let said = of(&design, "isotropic")[0].text("conductivity");
    assert_eq!(said, "table(temperature, 20 °C, 5 W/(m*K), 120 °C, 4 W/(m*K))");
    // What cannot be is refused with its line.
    let wrong = text("5., 1., 0.5, 20.\n3., -1., 0.4, 120.\n", nine);
    let line = 1 + wrong.lines().position(|l| l.starts_with("3., -1.")).unwrap();
    let source = Source { hash: "h", file: "part.inp", units: Units::Millimetre, seed: 7 };
    let refused = read(wrong.as_bytes(), &source).err().unwrap().to_string();
    assert!(refused.contains(&format!("line {line}")) && refused.contains("-1 is not a conductivity"), "{refused}");
}

proptest! {
    #[test]
    fn damaged_decks_are_read_or_refused_with_a_reason(
        swap in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..8),
        drop in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        change in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0u8..39), 0..6),
        of_parts in any::<bool>(),
    ) {
        let text = if of_parts { crate::assembly::angle() } else { format!(
            "{}{STEEL}*SOLID SECTION, ELSET=BODY, MATERIAL=STEEL\n*RIGID BODY, NSET=ABOVE, REF NODE=1\n*EQUATION\n2\n1, 1, 1., 2, 1, -1.\n*BOUNDARY\nLEFT, 1, 3\nBELOW, 3, 3, 0.1\n\
             *STEP\n*STATIC\n*CLOAD\nRIGHT, 1, 5.\n*DLOAD\nBODY, P2, 1.\nBODY, CENTRIF, 4., 0., 0., 0., 0., 0., 1.\n*END STEP\n\
             *STEP\n*HEAT TRANSFER, STEADY STATE\n*BOUNDARY, OP=NEW\nLEFT, 11, 11, 5.\n*CFLUX\nRIGHT, 11, 2.\n*END STEP\n",
            bricks([2, 1, 1])
        ) };
        let mut lines: Vec<String> = text.lines().map(String::from).collect();
        for (a, b) in &swap {
            let (a, b) = (a.index(lines.len()), b.index(lines.len()));
            lines.swap(a, b);
        }
        for (line, at, to) in &change {
            let line = line.index(lines.len());
            let mut chars: Vec<char> = lines[line].chars().collect();
            if !chars.is_empty() {
                let at = at.index(chars.len());
                chars[at] = char::from(b"0123456789.,-*=ABCEGLNPRSTFDHIOUVWXYZ \n"[usize::from(*to)]);
            }
            lines[line] = chars.into_iter().collect();
        }
        for at in &drop {
            let at = at.index(lines.len());
            lines.remove(at);
        }
        let text = lines.join("\n");
        match read(text.as_bytes(), &Source { hash: "h", file: "p.inp", units: Units::Millimetre, seed: 1 }) {
            Ok(reading) => prop_assert!(reading.bodies.iter().all(|b| b.volume.is_finite())),
            Err(e) => prop_assert!(e.to_string().len() > 20),
        }
    }
}
