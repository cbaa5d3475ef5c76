//! Decks that cut across bolts: what comes of a `*PRE-TENSION SECTION`.

use crate::deck::{STEEL, bricks, build, of, open, si};
use solver::deck::Units;

/// A block of 30 × 20 × 20 mm, cut 10 mm from its left end; node 9001 moves the sides of the cut.
fn deck(section: &str, pull: &str) -> String {
    format!(
        "{}*NODE\n9001, 0., 0., 0.\n*SURFACE, NAME=ACROSS\n1, S4\n4, S4\n7, S4\n10, S4\n{STEEL}\
         *SOLID SECTION, ELSET=BODY, MATERIAL=STEEL\n{section}*STEP\n*STATIC\n*BOUNDARY\nLEFT, 1, 3\nRIGHT, 1, 3\n{pull}\
         *END STEP\n",
        bricks([3, 2, 2])
    )
}

const SECTION: &str = "*PRE-TENSION SECTION, SURFACE=ACROSS, NODE=9001\n1., 0., 0.\n";

#[test]
fn a_pretension_section_is_a_preloaded_bolt() {
    for (pull, by, key, value) in [
        ("*CLOAD\n9001, 1, 500.\n", "force", "force", 500.0),
        ("*BOUNDARY\n9001, 1, 1, 0.02\n", "length", "length", 2e-5),
    ] {
        let (reading, design, _) = build(&deck(SECTION, pull), Units::Millimetre);
        assert_eq!(reading.notes, [], "{by}");
        assert_eq!(reading.bodies.len(), 1, "the shank stays whole");
        let bolt = of(&design, "bolt_preload")[0];
        assert_eq!(bolt.choice("by"), by);
        assert!((si(&design, bolt, key) / value - 1.0).abs() < 1e-9, "{by}");
        // The four sides that the cut goes round; their faces are not parted along it.
        assert_eq!(bolt.faces("faces").len(), 4);
        assert_eq!(of(&design, "load_case")[0].refs("loads"), std::slice::from_ref(&bolt.id));
    }
    // The direction may be that of the surface.
    let without = SECTION.replace("1., 0., 0.\n", "");
    let (_, design, _) = build(&deck(&without, "*CLOAD\n9001, 1, 500.\n"), Units::Millimetre);
    assert_eq!(of(&design, "bolt_preload").len(), 1);
}

#[test]
fn a_pretension_section_that_is_none_is_said() {
    let says = |section: &str, pull: &str, words: &str| {
        let reading = open(&deck(section, pull), Units::Millimetre);
        assert!(reading.notes.iter().any(|n| n.text.contains(words)), "{words}: {:?}", reading.notes);
        assert!(reading.objects.iter().all(|o| o.kind != "bolt_preload"), "{words}");
    };
    says(SECTION, "*CLOAD\n9001, 1, -500.\n", "pressed apart");
    says(&SECTION.replace("ACROSS", "NOWHERE"), "*CLOAD\n9001, 1, 500.\n", "a surface without faces");
    says("*PRE-TENSION SECTION, ELEMENT=5, NODE=9001\n", "", "across a beam");
}

/// A step that tightens the bolt, and one that goes on with it.
fn then(first: &str, second: &str) -> String {
    deck(SECTION, &format!("{first}*END STEP\n*STEP\n*STATIC\n*DLOAD\n9, P2, 1.\n{second}"))
}

#[test]
fn a_bolt_that_is_locked_keeps_its_preload() {
    let pull = "*CLOAD\n9001, 1, 500.\n";
    for lock in [
        "*BOUNDARY, FIXED\n9001, 1, 1\n",
        "*BOUNDARY\n9001, 1, 1, 0.\n",
        "*CLOAD, OP=NEW\n*BOUNDARY, FIXED\n9001, 1, 1\n",
        "*CLOAD\n9001, 1, 900.\n*BOUNDARY, FIXED\n9001, 1, 1\n",
        "*BOUNDARY, FIXED\n9001, 1, 1\n*END STEP\n*STEP\n*STATIC\n*BOUNDARY, FIXED\n9001, 1, 1\n",
    ] {
        let (reading, design, _) = build(&then(pull, lock), Units::Millimetre);
        assert!(reading.notes.iter().any(|n| n.text.contains("keeps the preload")), "{lock}: {:?}", reading.notes);
        let bolts = of(&design, "bolt_preload");
        assert_eq!(bolts.len(), 1, "{lock}");
        assert!((si(&design, bolts[0], "force") / 500.0 - 1.0).abs() < 1e-9, "{lock}");
        let cases = of(&design, "load_case");
        assert!(cases.len() > 1, "{lock}");
        assert!(cases.iter().all(|c| c.refs("loads").contains(&bolts[0].id)), "{lock}");
    }
}

#[test]
fn a_preload_that_ends_is_said() {
    let shortened = "*BOUNDARY\n9001, 1, 1, 0.02\n";
    let reading = open(&then(shortened, "*BOUNDARY, FIXED\n9001, 1, 1\n"), Units::Millimetre);
    assert!(reading.notes.iter().any(|n| n.text.contains("repeat the length")), "{:?}", reading.notes);
    let held = open(&deck(SECTION, "*BOUNDARY\n9001, 1, 1\n*CLOAD\n9001, 1, 500.\n"), Units::Millimetre);
    assert!(held.notes.iter().any(|n| n.text.contains("no step before has tightened it")), "{:?}", held.notes);
}
