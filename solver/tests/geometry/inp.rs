//! Input decks: what is read, what is noted, what is refused with its line.

use proptest::prelude::*;
use solver::format::FormatError;
use solver::format::inp::{Act, Elastic, Procedure, Target, read};

/// A cube of one element, held below and pressed from above.
pub const CUBE: &str = "\
*HEADING
One cube
*NODE, NSET=ALL
1, 0., 0., 0.
2, 10., 0., 0.
3, 10., 10., 0.
4, 0., 10., 0.
5, 0., 0., 10.
6, 10., 0., 10.
7, 10., 10., 10.
8, 0., 10., 10.
*ELEMENT, TYPE=C3D8I, ELSET=BODY
1, 1, 2, 3, 4,
 5, 6, 7, 8
*NSET, NSET=BELOW, GENERATE
1, 4, 1
*SURFACE, NAME=ABOVE, TYPE=ELEMENT
BODY, S2
*MATERIAL, NAME=STEEL
*ELASTIC
210000., 0.3
*DENSITY
7.85D-9
*PLASTIC
355., 0.
400., 0.1
*SOLID SECTION, ELSET=BODY, MATERIAL=STEEL
*BOUNDARY
BELOW, 1, 3
*STEP
*STATIC
*DSLOAD
ABOVE, P, 2.5
*NODE FILE
U
*END STEP
";

fn fails(text: &str, line: usize, words: &str) {
    match read(text.as_bytes()) {
        Err(FormatError::Deck { line: at, reason }) => {
            assert!(at == line && reason.contains(words), "line {at}: {reason}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_deck_is_read_whole() {
    let deck = read(CUBE.as_bytes()).unwrap();
    assert_eq!(deck.heading, "One cube");
    assert_eq!((deck.points.len(), deck.elements.len(), deck.nodes(0).len()), (8, 1, 8));
    assert_eq!(deck.node_sets["BELOW"].members, [0, 1, 2, 3]);
    assert_eq!(deck.surfaces["ABOVE"].faces, [(0, 1)]);
    let steel = &deck.materials[0];
    assert_eq!(steel.elastic, Some(Elastic::Isotropic { young: 210_000.0, poisson: 0.3 }));
    assert_eq!((steel.density, steel.yield_strength), (Some(7.85e-9), Some(355.0)));
    assert_eq!(deck.sections[0].material, "STEEL");
    let step = &deck.steps[0];
    assert_eq!(step.procedure, Some((31, Procedure::Static)));
    assert_eq!(step.actions[0].rows, [(33, Target::Name("ABOVE".into()), Act::Pressure { face: None, value: 2.5 })]);
    // The one thing to say: what becomes of the flow curve.
    assert_eq!(deck.notes.iter().map(|n| n.line).collect::<Vec<_>>(), [24], "{:?}", deck.notes);
}

#[test]
fn what_cannot_be_understood_is_named_by_line() {
    fails(&CUBE.replace("10., 10., 10.", "10., ten, 10."), 10, "value 3 is 'ten'");
    fails(&CUBE.replace(" 5, 6, 7, 8\n", ""), 13, "needs 8 nodes, not 4");
    fails(&CUBE.replace(" 5, 6, 7, 8", " 5, 6, 7, 99"), 14, "names node 99");
    fails(&CUBE.replace("*SURFACE", "*INCLUDE, INPUT=mesh.inp\n*SURFACE"), 17, "mesh.inp");
    fails(&CUBE.replace("BODY, S2", "BODY, S9"), 18, "S1 to S6");
    fails(&CUBE.replace("210000., 0.3", "-1., 0.3"), 21, "no elastic material");
    fails(&CUBE.replace("210000., 0.3\n", ""), 20, "no data line");
    fails(&CUBE.replace("BELOW, 1, 3", "BELOW, 1, 44"), 29, "a component");
    fails(&CUBE.replace("*DSLOAD", "*STEP"), 32, "*END STEP");
    let tie = |lines: &str| CUBE.replace("*MATERIAL", &format!("{lines}*MATERIAL"));
    fails(&tie("*TIE, NAME=T\nA\n"), 20, "a tie is two surfaces");
    fails(&tie("*TIE, NAME=T\nA, 7\n"), 20, "the name of a surface");
    fails(&tie("*TIE, NAME=T, POSITION TOLERANCE=-1\nA, B\n"), 19, "POSITION TOLERANCE");
    fails(&tie("*TIE, NAME=T\n"), 19, "no data line");
    fails("1, 2, 3\n", 1, "begins with a keyword");
    fails("*HEADING\nnothing\n", 1, "no solid elements");
}

#[test]
fn what_is_not_read_is_noted() {
    let text = CUBE
        .replace("*MATERIAL", "*ELEMENT, TYPE=S4, ELSET=SKIN\n2, 1, 2, 3, 4\n*TIE, NAME=T\nA, B\n*MATERIAL")
        .replace("*STATIC", "*STATIC\n*MODEL CHANGE, TYPE=ELEMENT, REMOVE\nBODY\n*DLOAD\nBODY, BX, 3.");
    let deck = read(text.as_bytes()).unwrap();
    let notes = deck.notes;
    let has =
        |line: usize, words: &str| assert!(notes.iter().any(|n| n.line == line && n.text.contains(words)), "{notes:?}");
    has(19, "1 elements of type S4");
    // A tie is read; what comes of it is for the bodies to say.
    assert_eq!((deck.ties.len(), deck.ties[0].line, deck.ties[0].tolerance), (1, 22, None));
    has(36, "*MODEL CHANGE");
    has(39, "'BX' under *DLOAD");
}

#[test]
fn sets_of_sets_and_ranges_resolve_even_in_circles() {
    let sets = "*NSET, NSET=A\nB, 8\n*NSET, NSET=B\nA, 1\n*NSET, NSET=HUGE, GENERATE\n1, 4000000000, 7\n*NSET, NSET=BODIES, ELSET=BODY\n";
    let deck = read(CUBE.replace("*MATERIAL", &format!("{sets}*MATERIAL")).as_bytes()).unwrap();
    assert!(deck.node_sets["A"].members.contains(&0) && deck.node_sets["A"].members.contains(&7));
    assert_eq!(deck.node_sets["HUGE"].members, [0, 7]);
    assert_eq!(deck.node_sets["BODIES"].members.len(), 8);
    // A chain of sets as long as a file: no recursion.
    let chain: String = (0..20_000).map(|k| format!("*NSET, NSET=C{k}\nC{}\n", k + 1)).collect();
    let deck = read(CUBE.replace("*MATERIAL", &format!("{chain}*NSET, NSET=C20000\n3\n*MATERIAL")).as_bytes()).unwrap();
    assert_eq!(deck.node_sets["C0"].members, [2]);
}

proptest! {
    #[test]
    fn damaged_decks_never_panic(
        at in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        swap in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut lines: Vec<&str> = CUBE.lines().collect();
        for (a, b) in &swap {
            let (a, b) = (a.index(lines.len()), b.index(lines.len()));
            lines.swap(a, b);
        }
        let mut bytes = lines.join("\n").into_bytes();
        for (i, to) in &at {
            let i = i.index(bytes.len());
            bytes[i] = *to;
        }
        let n_lines = bytes.iter().filter(|b| **b == b'\n').count() + 1;
        for bytes in [&bytes[..], &bytes[..cut.index(bytes.len())]] {
            match read(bytes) {
                Err(FormatError::Deck { line, reason }) => prop_assert!((1..=n_lines).contains(&line) && !reason.is_empty()),
                Err(other) => prop_assert!(false, "{other:?}"),
                Ok(deck) => prop_assert!(deck.notes.iter().all(|n| n.line >= 1 && n.line <= n_lines)),
            }
        }
    }
}
