//! Decks of parts and instances.

use crate::deck::{STEEL, area, bricks, build, of, open, si};
use crate::inp::CUBE;
use solver::deck::Units;
use solver::design::{Design, Object};
use solver::format::FormatError;
use solver::format::inp::{Act, read};
use solver::geometry::{Model, select};

/// Two bars of one part that make an L: the second is moved, then turned a quarter about an upright axis, and touches the
/// first's side. Numbers of nodes and elements are those of both, and of the assembly's own node.
pub fn angle() -> String {
    format!(
        "*HEADING\nAn L\n*PREPRINT, ECHO=NO\n*PART, NAME=Bar\n{}*SOLID SECTION, ELSET=BODY, MATERIAL=STEEL\n,\n*END PART\n\
         *ASSEMBLY, NAME=Assembly\n*INSTANCE, NAME=Bar-1, PART=Bar\n*END INSTANCE\n\
         *INSTANCE, NAME=Bar-2, PART=Bar\n20., -10., 0.\n20., 0., 0., 20., 0., 1., -90.\n*END INSTANCE\n\
         *NODE\n1, 15., -30., 5.\n*NSET, NSET=m_Set-1\n1,\n\
         *ELSET, ELSET=_Pad_S4, INTERNAL, INSTANCE=Bar-2\n2,\n*SURFACE, TYPE=ELEMENT, NAME=Pad\n_Pad_S4, S4\n\
         *NSET, NSET=_Picked, INTERNAL, INSTANCE=Bar-1, GENERATE\n1, 10, 3\n*TIE, NAME=Weld\nPad, Pad\n\
         *COUPLING, CONSTRAINT NAME=Pull, REF NODE=m_Set-1, SURFACE=Pad\n*DISTRIBUTING, WEIGHTING METHOD=UNIFORM\n\
         *END ASSEMBLY\n{STEEL}*STEP, NAME=Press\n*STATIC\n*BOUNDARY\nBar-1.LEFT, ENCASTRE\n*DSLOAD\nPad, P, 3.\n\
         *CLOAD\nm_Set-1, 2, -70.\n*END STEP\n",
        bricks([2, 1, 1])
    )
}

/// Bounds of an object's faces, mm.
fn bounds(design: &Design, model: &Model, object: &Object) -> [[f64; 2]; 3] {
    let (faces, _) = select::faces(design, model, object);
    let mut out = [[f64::INFINITY, f64::NEG_INFINITY]; 3];
    for (b, f) in faces {
        let surface = model.bodies[b].body.surface();
        let on = surface.triangles.iter().zip(&surface.face_of).filter(|t| *t.1 as usize == f);
        for p in on.flat_map(|t| t.0.map(|n| surface.points[n as usize])) {
            for (o, c) in out.iter_mut().zip(p) {
                *o = [o[0].min(c * 1e3), o[1].max(c * 1e3)];
            }
        }
    }
    out.map(|o| o.map(|c| (c * 1e6).round() / 1e6))
}

#[test]
fn instances_of_one_part_are_bodies_in_their_places() {
    let text = angle();
    let (reading, design, model) = build(&text, Units::Millimetre);
    assert_eq!(reading.bodies.iter().map(|b| b.name.as_str()).collect::<Vec<_>>(), ["Bar-1", "Bar-2"]);
    assert_eq!((reading.n_nodes, reading.n_elements), (25, 4));
    let places: Vec<_> = model.bodies.iter().map(|b| b.body.surface().bounds().unwrap()).collect();
    for (place, expected) in
        places.iter().zip([([0.0, 0.0, 0.0], [20.0, 10.0, 10.0]), ([10.0, -20.0, 0.0], [20.0, 0.0, 10.0])])
    {
        for k in 0..3 {
            assert!((place.0[k] * 1e3 - expected.0[k]).abs() < 1e-9, "{places:?}");
            assert!((place.1[k] * 1e3 - expected.1[k]).abs() < 1e-9, "{places:?}");
        }
    }
    // One material for both, and each line where its instance stands.
    assert_eq!(of(&design, "isotropic").len(), 1);
    assert_eq!(bounds(&design, &model, of(&design, "fixed")[0]), [[0.0, 0.0], [0.0, 10.0], [0.0, 10.0]]);
    assert_eq!(bounds(&design, &model, of(&design, "pressure")[0]), [[10.0, 20.0], [-20.0, -20.0], [0.0, 10.0]]);
    let pull = of(&design, "remote_force")[0];
    assert_eq!(pull.name, "Remote force PULL");
    assert!((area(&design, &model, pull) - 100.0).abs() < 1e-9);
    let resolved = solver::design::resolve(&design).0;
    let point = resolved.vector(pull, "point").unwrap();
    assert!((point[1] + 0.03).abs() < 1e-12 && (point[0] - 0.015).abs() < 1e-12, "{point:?}");
    assert_eq!(of(&design, "load_case")[0].name, "Press");
    // A weld of a surface to itself is none, and nothing else is said.
    let at = 2 + text.lines().position(|l| l.starts_with("*TIE")).unwrap();
    assert_eq!(reading.notes.iter().map(|n| n.line).collect::<Vec<_>>(), [at], "{:?}", reading.notes);
    assert!(reading.notes[0].text.contains("both surfaces are of one body"), "{:?}", reading.notes);
}

#[test]
fn numbers_and_names_belong_to_their_instance() {
    let deck = read(angle().as_bytes()).unwrap();
    let left = |instance: &str| {
        let of = deck.node_sets[&format!("{instance}.LEFT")].members.iter();
        of.map(|n| deck.points[*n as usize].map(|c| (c * 1e9).round() / 1e9 + 0.0)).collect::<Vec<_>>()
    };
    assert!(left("BAR-1").iter().all(|p| p[0] == 0.0), "{:?}", left("BAR-1"));
    assert!(left("BAR-2").iter().all(|p| p[1] == 0.0 && p[0] >= 10.0), "{:?}", left("BAR-2"));
    assert_eq!(deck.points[deck.node_sets["M_SET-1"].members[0] as usize], [15.0, -30.0, 5.0]);
    assert_eq!(deck.node_sets["_PICKED"].members.len(), 4);
    // A node by its number behind the instance's name, and behind the assembly's too.
    let text = angle().replace("m_Set-1, 2, -70.", "Bar-2.3, 2, -70.\nAssembly.Bar-1.3, 2, -70.\n1, 2, -70.");
    let deck = read(text.as_bytes()).unwrap();
    let rows = deck.steps[0].actions.iter().flat_map(|a| &a.rows);
    let at: Vec<[f64; 3]> = rows
        .filter(|r| matches!(r.2, Act::Force { .. }))
        .map(|r| deck.points[deck.nodes_of(&r.1).unwrap()[0] as usize].map(|c| (c * 1e9).round() / 1e9 + 0.0))
        .collect();
    assert_eq!(at, [[10.0, -20.0, 0.0], [20.0, 0.0, 0.0], [15.0, -30.0, 5.0]]);
    // A set that the instance does not have is not taken from elsewhere.
    let reading = open(&angle().replace("Bar-1.LEFT, ENCASTRE", "Bar-1.m_Set-1, ENCASTRE"), Units::Millimetre);
    assert!(reading.notes.iter().any(|n| n.text.contains("*BOUNDARY names nodes the deck does not define")));
}

#[test]
fn sections_sets_and_directions_go_with_their_instance() {
    let ply = "*ELSET, ELSET=ONE\n1\n*ELSET, ELSET=TWO\n2\n*ORIENTATION, NAME=AXES\n1., 0., 0., 0., 1., 0.\n\
               *SOLID SECTION, ELSET=ONE, MATERIAL=PLY, ORIENTATION=AXES\n*SOLID SECTION, ELSET=TWO, MATERIAL=STEEL\n";
    let text = angle()
        .replace("*SOLID SECTION, ELSET=BODY, MATERIAL=STEEL\n,\n", ply)
        .replace("*MATERIAL", "*MATERIAL, NAME=PLY\n*ELASTIC, TYPE=ENGINEERING CONSTANTS\n140000., 10000., 10000., 0.3, 0.3, 0.4, 5000., 5000.\n3400.\n*DENSITY\n1.6E-9\n*MATERIAL");
    let (reading, design, model) = build(&text, Units::Millimetre);
    let names: Vec<&str> = reading.bodies.iter().map(|b| b.name.as_str()).collect();
    assert_eq!(names, ["Bar-1 ONE", "Bar-1 TWO", "Bar-2 ONE", "Bar-2 TWO"]);
    assert_eq!(model.bodies.len(), 4);
    // Direction 1 of the turned bar points along its length, to −y.
    let plies = of(&design, "orthotropic");
    let resolved = solver::design::resolve(&design).0;
    let along: Vec<[f64; 3]> = plies.iter().map(|p| resolved.vector(p, "direction_1").unwrap()).collect();
    assert_eq!(along.len(), 2);
    assert!((along[0][0] - 1.0).abs() < 1e-9 && (along[1][1] + 1.0).abs() < 1e-9, "{along:?}");
    assert!((si(&design, plies[0], "e1") - 140e9).abs() < 1.0);
}

#[test]
fn a_mesh_may_stand_in_the_instance_and_parts_need_no_assembly() {
    // The mesh of an independent instance stands in it; where it is placed counts for it too.
    let text = CUBE
        .replace(
            "*NODE,",
            "*PART, NAME=Cube\n*END PART\n*ASSEMBLY, NAME=A\n*INSTANCE, NAME=Cube-1, PART=Cube\n1., 0., 0.\n*NODE,",
        )
        .replace("*MATERIAL", "*SOLID SECTION, ELSET=BODY, MATERIAL=STEEL\n*END INSTANCE\n*END ASSEMBLY\n*MATERIAL")
        .replace(
            "*SOLID SECTION, ELSET=BODY, MATERIAL=STEEL\n*BOUNDARY\nBELOW, 1, 3",
            "*BOUNDARY\nCube-1.BELOW, ENCASTRE",
        )
        .replace("ABOVE, P", "Cube-1.ABOVE, P");
    let (reading, design, model) = build(&text, Units::Millimetre);
    assert_eq!((reading.bodies[0].name.as_str(), reading.bodies.len()), ("Cube-1", 1));
    let (low, _) = model.bodies[0].body.surface().bounds().unwrap();
    assert!((low[0] - 1e-3).abs() < 1e-12);
    assert_eq!((of(&design, "fixed").len(), of(&design, "pressure").len()), (1, 1));
    // One part without an assembly is the deck; several are themselves.
    let part = |name: &str| {
        let mesh = bricks([1, 1, 1]);
        format!("*PART, NAME={name}\n{mesh}*SOLID SECTION, ELSET=BODY, MATERIAL=STEEL\n*END PART\n")
    };
    let (one, ..) = build(&format!("{}{STEEL}", part("A")), Units::Millimetre);
    assert_eq!(one.bodies[0].name, "BODY");
    let two = open(&format!("{}{}{STEEL}", part("A"), part("B")), Units::Millimetre);
    assert_eq!(two.bodies.iter().map(|b| b.name.as_str()).collect::<Vec<_>>(), ["A", "B"]);
}

#[test]
fn what_is_wrong_with_an_assembly_is_named_by_line() {
    let fails = |change: &dyn Fn(String) -> String, line: &str, words: &str| {
        let text = change(angle());
        let at = 1 + text.lines().position(|l| l == line).unwrap();
        match read(text.as_bytes()) {
            Err(FormatError::Deck { line, reason }) => {
                assert!(line == at && reason.contains(words), "{at}: {line}: {reason}")
            }
            other => panic!("{words}: {:?}", other.map(|d| d.notes)),
        }
    };
    let replace = |from: &'static str, to: &'static str| move |text: String| text.replace(from, to);
    let second = "*INSTANCE, NAME=Bar-2, PART=Bar";
    fails(&replace(second, "*INSTANCE, NAME=Bar-2, PART=Rod"), "*INSTANCE, NAME=Bar-2, PART=Rod", "no *PART defines");
    fails(&replace(second, "*INSTANCE, NAME=bar-1, PART=Bar"), "*INSTANCE, NAME=bar-1, PART=Bar", "another name");
    fails(&replace(second, "*INSTANCE, NAME=Bar-2"), "*INSTANCE, NAME=Bar-2", "needs PART=");
    fails(&replace("*END PART\n", ""), "*ASSEMBLY, NAME=Assembly", "*END PART");
    fails(&replace("*END INSTANCE\n*NODE", "*NODE"), "*STEP, NAME=Press", "*END INSTANCE");
    fails(&replace("20., 0., 1., -90.", "20., 0., 0., -90."), "20., 0., 0., 20., 0., 0., -90.", "axis");
    fails(&replace("20., 0., 1., -90.", "20., 0., 1."), "20., 0., 0., 20., 0., 1.", "value 7 is missing");
    fails(&replace("1., -90.\n", "1., -90.\n1., 2., 3.\n"), "1., 2., 3.", "two lines at most");
    let set = "*NSET, NSET=_Picked, INTERNAL, INSTANCE=Bar-3, GENERATE";
    fails(&replace("INSTANCE=Bar-1, GENERATE", "INSTANCE=Bar-3, GENERATE"), set, "names the instance BAR-3");
    fails(&replace("*NODE, NSET=ALL", "*SYSTEM\n1., 0., 0.\n*NODE, NSET=ALL"), "*SYSTEM", "axes of their own");
    // Millions of elements in a few lines.
    let many: String = (0..1_000).map(|k| format!("*INSTANCE, NAME=I{k}, PART=Bar\n*END INSTANCE\n")).collect();
    let text = angle().replace(
        "*INSTANCE, NAME=Bar-1, PART=Bar\n*END INSTANCE\n",
        &format!("*INSTANCE, NAME=Bar-1, PART=Bar\n*END INSTANCE\n{many}"),
    );
    assert!(read(text.as_bytes()).unwrap_err().to_string().contains("more than 1000 instances"));
}

/// Two bars in a row, `gap` mm apart, whose facing ends a tie joins.
fn row(gap: f64, tie: &str) -> String {
    format!(
        "*PART, NAME=Bar\n{}*SOLID SECTION, ELSET=BODY, MATERIAL=STEEL\n,\n*END PART\n\
         *ASSEMBLY, NAME=Assembly\n*INSTANCE, NAME=Bar-1, PART=Bar\n*END INSTANCE\n\
         *INSTANCE, NAME=Bar-2, PART=Bar\n{}, 0., 0.\n*END INSTANCE\n\
         *ELSET, ELSET=_A, INSTANCE=Bar-1\n2,\n*SURFACE, NAME=A\n_A, S4\n\
         *ELSET, ELSET=_B, INSTANCE=Bar-2\n1,\n*SURFACE, NAME=B\n_B, S6\n{tie}*END ASSEMBLY\n{STEEL}\
         *STEP\n*STATIC\n*BOUNDARY\nBar-1.LEFT, ENCASTRE\n*CLOAD\nBar-2.RIGHT, 1, 5.\n*END STEP\n\
         *STEP\n*FREQUENCY\n5\n*END STEP\n",
        bricks([2, 1, 1]),
        20.0 + gap
    )
}

#[test]
fn a_tie_bonds_faces_across_its_gap() {
    let text = row(0.2, "*TIE, NAME=Weld, POSITION TOLERANCE=0.5, ADJUST=NO\nB, A\n");
    let (reading, design, model) = build(&text, Units::Millimetre);
    assert_eq!(reading.notes, [], "what is carried needs no note");
    for kind in ["static", "modal"] {
        let study = of(&design, kind)[0];
        let faces = study.faces("bonded");
        assert_eq!(faces.len(), 2, "{kind}: {faces:?}");
        let areas = faces.iter().flat_map(|f| select::named(&model, f));
        let total: f64 = areas.map(|(b, f)| model.bodies[b].body.surface().faces[f].area * 1e6).sum();
        assert!((total - 200.0).abs() < 1e-9, "{total}");
        let gap = si(&design, study, "bond_gap");
        assert!((0.2e-3..=0.5e-3).contains(&gap), "{gap}");
    }
    // Where nodes would be moved, that they are not is said.
    let said = |text: &str| {
        let reading = open(text, Units::Millimetre);
        let bonded = reading.objects.iter().any(|o| !o.faces("bonded").is_empty());
        (bonded, reading.notes.into_iter().map(|n| (n.line, n.text)).collect::<Vec<_>>())
    };
    let line = |text: &str| 2 + text.lines().position(|l| l.starts_with("*TIE")).unwrap();
    let only = |text: &str, bonded: bool, words: &str| {
        let (found, notes) = said(text);
        assert_eq!(found, bonded, "{notes:?}");
        assert!(notes.len() == 1 && notes[0].0 == line(text) && notes[0].1.contains(words), "{notes:?}");
    };
    only(&text.replace(", ADJUST=NO", ""), true, "nodes are not moved");
    // The tolerance is honoured, and so is the one that holds where none is given.
    only(&text.replace("TOLERANCE=0.5", "TOLERANCE=0.1"), false, "beyond its position tolerance");
    only(&row(0.4, "*TIE, NAME=Weld\nB, A\n"), false, "beyond its position tolerance");
    only(&row(0.2, "*TIE, NAME=Weld\nB, A\n"), true, "gap of up to 2.000e-1");
    only(&row(0.2, "*TIE, NAME=Weld\nB, C\n"), false, "the surface C, which the deck does not define");
    let ring = row(0.0, "*TIE, NAME=Ring, CYCLIC SYMMETRY\nB, A\n");
    assert!(said(&ring).1.iter().any(|n| n.0 + 1 == line(&ring) && n.1.contains("CYCLICSYMMETRY")));
    // Bodies that touch are bonded by every study: nothing to name, nothing to note.
    assert_eq!(said(&row(0.0, "*TIE, NAME=Weld\nB, A\n")), (false, Vec::new()));
}
