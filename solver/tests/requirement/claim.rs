//! The table of false claims.

use crate::world::{World, choice, refs, statics};
use solver::design::{Command, Object, Value};
use solver::quantity::Dimension;
use solver::requirement::Verdict;
use solver::result::flaw::{self, Flaw};
use solver::study::outcome::{Grade, Outcome};
use solver::surface::FaceName;

/// What is claimed to be met, what is wrong with that, the requirement, the fault, and what the checker must say.
pub type Claim = (&'static str, &'static str, fn(&mut World), Verdict);

/// Claims that a run on another version of the design proves the requirement.
pub const OF_ANOTHER_VERSION: &[Claim] = &[
    ("the part is longer now", "r_mass", |w| w.type_in("box", "dx", "2*width + 1 mm"), Verdict::Stale),
    ("a parameter in use has another value", "r_move", |w| w.type_in("w", "value", "41 mm"), Verdict::Stale),
    ("another material", "r_stress", |w| w.set("box", "material", choice("ti_6al_4v")), Verdict::Stale),
    (
        "a material of the design's own",
        "r_mass",
        |w| w.add(Object::new("m", "isotropic", "Steel").with("bodies", refs(&["box"]))),
        Verdict::Stale,
    ),
    (
        "a load is larger",
        "r_safe",
        |w| w.set("f2", "force", Value::Vector(["0 N".into(), "0 N".into(), "-2000 N".into()])),
        Verdict::Stale,
    ),
    ("a load case counts more", "r_safe", |w| w.type_in("pull", "factor", "1.5"), Verdict::Stale),
    ("a load case has more loads", "r_stress", |w| w.set("pull", "loads", refs(&["f1", "f2"])), Verdict::Stale),
    ("a support is gone", "r_first", |w| w.suppress("wall"), Verdict::Stale),
    (
        "a support holds elsewhere",
        "r_first",
        |w| w.set("wall", "faces", Value::Faces(vec![FaceName("box.bottom".into())])),
        Verdict::Stale,
    ),
    ("a hole is gone", "r_mass", |w| w.suppress("hole"), Verdict::Stale),
    ("a rib more", "r_buckle", |w| w.add(Object::new("rib", "box", "Rib")), Verdict::Stale),
    ("the study asks for less accuracy", "r_stress", |w| w.type_in("st", "accuracy", "20 %"), Verdict::Stale),
    ("the study is an instant one now", "r_stress", |w| w.set("st", "method", choice("instant")), Verdict::Stale),
    ("it is hotter", "r_warm", |w| w.type_in("hot", "temperature", "150 °C"), Verdict::Stale),
    ("longer in the heat", "r_warm", |w| w.type_in("he", "duration", "1 h"), Verdict::Stale),
    ("a bolt is tightened", "r_bolt", |w| w.add(Object::new("bp", "bolt_preload", "Bolt")), Verdict::Stale),
    ("the study has learnt since", "r_move", |w| w.last("st").record.question = "0".repeat(64), Verdict::Stale),
    ("a record without a question", "r_move", |w| w.last("st").record.question = String::new(), Verdict::Stale),
    (
        "the run of the day before is better",
        "r_mass",
        |w| {
            w.last("st").record.created = 5_000;
            w.type_in("box", "dx", "200 mm");
        },
        Verdict::Stale,
    ),
];

/// All other false claims.
pub const OTHERS: &[Claim] = &[
    // Of another study.
    ("a run of a study of another part", "r_move", |w| w.last("st").record.study = "quick".into(), Verdict::NoEvidence),
    (
        "a run of another kind of study",
        "r_move",
        |w| w.last("st").record.study_kind = "modal".into(),
        Verdict::NoEvidence,
    ),
    ("a study that was never run", "r_move", |w| w.set("r_move", "study", refs(&["quick"])), Verdict::NoEvidence),
    ("a study that does not answer this", "r_mass", |w| w.set("r_mass", "study", refs(&["he"])), Verdict::NoEvidence),
    ("the study is suppressed", "r_mass", |w| w.suppress("st"), Verdict::NoEvidence),
    ("the study is removed", "r_mass", |w| w.edit(Command::Remove { id: "st".into() }), Verdict::NoEvidence),
    ("no study is chosen", "r_mass", |w| w.set("r_mass", "study", refs(&[])), Verdict::NoEvidence),
    // Of another load case.
    (
        "the run has the other load case alone",
        "r_move",
        |w| {
            w.set("r_move", "cases", refs(&["push"]));
            w.answer("st", |o| o.scalars.retain(|s| s.case.as_deref() != Some("push")));
        },
        Verdict::NoEvidence,
    ),
    (
        "under all load cases, by a run of one",
        "r_safe",
        |w| w.answer("st", |o| o.scalars.retain(|s| s.case.as_deref() != Some("push"))),
        Verdict::NoEvidence,
    ),
    (
        "under all load cases, by a study of one",
        "r_safe",
        |w| {
            w.set("st", "cases", refs(&["pull"]));
            let mut outcome = statics();
            outcome.scalars.retain(|s| s.case.as_deref() != Some("push"));
            w.run("st", &outcome);
        },
        Verdict::NoEvidence,
    ),
    (
        "the numbers are filed under another load case",
        "r_move",
        |w| w.number("st", "displacement_max", Some("pull"), |s| s.case = Some("other".into())),
        Verdict::NoEvidence,
    ),
    (
        "a load case that is suppressed",
        "r_move",
        |w| {
            w.set("r_move", "cases", refs(&["push"]));
            w.suppress("push");
            w.run("st", &statics());
        },
        Verdict::NoEvidence,
    ),
    (
        "a load case that is gone",
        "r_move",
        |w| {
            w.set("r_move", "cases", refs(&["push"]));
            w.edit(Command::Remove { id: "push".into() });
            w.run("st", &statics());
        },
        Verdict::NoEvidence,
    ),
    (
        "buckling under a load that was not pressed",
        "r_buckle",
        |w| w.set("r_buckle", "cases", refs(&["push"])),
        Verdict::NoEvidence,
    ),
    ("buckling under every load case", "r_buckle", |w| w.set("r_buckle", "cases", refs(&[])), Verdict::NoEvidence),
    // Instant passed as verified.
    (
        "numbers of an instant run in a study that says verified",
        "r_stress",
        |w| w.answer("st", |o| o.scalars.iter_mut().for_each(|s| s.grade = Grade::Instant)),
        Verdict::Indicated,
    ),
    (
        "one load case of two by an instant run",
        "r_stress",
        |w| w.number("st", "von_mises_max", Some("push"), |s| s.grade = Grade::Instant),
        Verdict::Indicated,
    ),
    (
        "an instant run",
        "r_safe",
        |w| {
            w.set("r_safe", "study", refs(&["quick"]));
            let mut outcome = statics();
            outcome.scalars.iter_mut().for_each(|s| s.grade = Grade::Instant);
            w.run("quick", &outcome);
        },
        Verdict::Indicated,
    ),
    ("an instant mass", "r_mass", |w| w.number("st", "mass", None, |s| s.grade = Grade::Instant), Verdict::Indicated),
    // Edited artefacts.
    (
        "a byte is another",
        "r_mass",
        |w| {
            let bytes = &mut w.last("st").bytes;
            let at = bytes.len() - 1;
            bytes[at] ^= 1;
        },
        Verdict::NoEvidence,
    ),
    ("cut short", "r_mass", |w| w.last("st").bytes.truncate(100), Verdict::NoEvidence),
    ("empty", "r_mass", |w| w.last("st").bytes.clear(), Verdict::NoEvidence),
    (
        "better numbers in the place of those that were published",
        "r_mass",
        |w| {
            let mut better = statics();
            better.scalars.iter_mut().for_each(|s| s.value *= 0.5);
            w.last("st").bytes = better.to_bytes();
        },
        Verdict::NoEvidence,
    ),
    ("the bytes of another run", "r_first", |w| w.last("mo").bytes = statics().to_bytes(), Verdict::NoEvidence),
    (
        "a record that names other bytes",
        "r_first",
        |w| w.last("mo").record.artefact = "f".repeat(64),
        Verdict::NoEvidence,
    ),
    (
        "something that is no answer",
        "r_first",
        |w| {
            let run = w.last("mo");
            run.bytes = b"all requirements are met".to_vec();
            run.record.artefact = blake3::hash(&run.bytes).to_hex().to_string();
        },
        Verdict::NoEvidence,
    ),
    // Singular places.
    (
        "a peak that grows with the mesh",
        "r_stress",
        |w| w.number("st", "von_mises_max", Some("pull"), |s| s.exponent = Some(0.45)),
        Verdict::NoFiniteValue,
    ),
    (
        "such a peak in the lesser load case",
        "r_stress",
        |w| w.number("st", "von_mises_max", Some("push"), |s| s.exponent = Some(0.45)),
        Verdict::NoFiniteValue,
    ),
    (
        "a sharp corner below the largest stress on this mesh",
        "r_stress",
        |w| w.answer("st", |o| o.tables.extend(flaw::table(&[("Push".into(), Flaw { at: [0.0; 3], radius: 1e-3 })]))),
        Verdict::NoFiniteValue,
    ),
    (
        "a safety factor that leaves the corner out",
        "r_safe",
        |w| w.number("st", "von_mises_max", Some("pull"), |s| s.exponent = Some(0.3)),
        Verdict::NoFiniteValue,
    ),
    (
        "away from singular places, where no such value was found",
        "r_away",
        |w| w.number("st", "von_mises_max", Some("pull"), |s| s.exponent = Some(0.3)),
        Verdict::NoFiniteValue,
    ),
    // Bands.
    (
        "the value inside, its band outside",
        "r_move",
        |w| w.number("st", "displacement_max", Some("pull"), |s| s.error = Some(0.11e-3)),
        Verdict::Indicated,
    ),
    (
        "the band of the lesser load case outside",
        "r_move",
        |w| w.number("st", "displacement_max", Some("push"), |s| s.error = Some(0.3e-3)),
        Verdict::Indicated,
    ),
    ("no band", "r_move", |w| w.number("st", "displacement_max", Some("pull"), |s| s.error = None), Verdict::Indicated),
    (
        "the band of a frequency below",
        "r_first",
        |w| w.number("mo", "frequency", Some("mode_1"), |s| s.error = Some(11.0)),
        Verdict::Indicated,
    ),
    (
        "outside, but the band reaches in",
        "r_move",
        |w| w.number("st", "displacement_max", Some("pull"), |s| (s.value, s.error) = (0.51e-3, Some(0.1e-3))),
        Verdict::NotMet,
    ),
    // Outside.
    (
        "beyond in one load case",
        "r_stress",
        |w| w.number("st", "von_mises_max", Some("push"), |s| s.value = 210e6),
        Verdict::NotMet,
    ),
    ("a bolt of two", "r_bolt", |w| w.number("st", "bolt_force_1", Some("push"), |s| s.value = 11e3), Verdict::NotMet),
    ("the limit was set lower since", "r_mass", |w| w.type_in("r_mass", "limit", "0.55 kg"), Verdict::NotMet),
    ("the limit follows a parameter", "r_bolt", |w| w.type_in("bolt", "value", "4 kN"), Verdict::NotMet),
    ("at least, not at most", "r_mass", |w| w.set("r_mass", "comparison", choice("at_least")), Verdict::NotMet),
    (
        "too hot at one moment",
        "r_warm",
        |w| w.number("he", "temperature_max", Some("time_1"), |s| s.value = 360.0),
        Verdict::NotMet,
    ),
    (
        "beyond in one load case, the other missing",
        "r_move",
        |w| {
            w.answer("st", |o| o.scalars.retain(|s| s.case.as_deref() != Some("push")));
            w.number("st", "displacement_max", Some("pull"), |s| s.value = 1e-3);
        },
        Verdict::NotMet,
    ),
    (
        "waived",
        "r_mass",
        |w| {
            w.type_in("r_mass", "limit", "0.5 kg");
            w.set("r_mass", "waived_by", Value::Text("A. Chief".into()));
            w.set("r_mass", "waiver_reason", Value::Text("prototype".into()));
        },
        Verdict::NotMet,
    ),
    // Units.
    ("a limit in newton for a mass", "r_mass", |w| w.type_in("r_mass", "limit", "6.5 N"), Verdict::NoEvidence),
    ("a limit without a unit", "r_move", |w| w.type_in("r_move", "limit", "500"), Verdict::NoEvidence),
    (
        "a plain zero",
        "r_stress",
        |w| {
            w.set("r_stress", "comparison", choice("at_least"));
            w.type_in("r_stress", "limit", "0");
        },
        Verdict::NoEvidence,
    ),
    ("a frequency in turns per minute", "r_first", |w| w.type_in("r_first", "limit", "1000 rpm"), Verdict::NoEvidence),
    ("the same by a parameter", "r_first", |w| w.type_in("r_first", "limit", "1.1*spin"), Verdict::NoEvidence),
    ("a limit that cannot be read", "r_mass", |w| w.type_in("r_mass", "limit", "1 kg +"), Verdict::NoEvidence),
    (
        "a limit of a parameter that is not there",
        "r_mass",
        |w| w.type_in("r_mass", "limit", "mass_max"),
        Verdict::NoEvidence,
    ),
    (
        "a number of another dimension",
        "r_mass",
        |w| w.number("st", "mass", None, |s| s.dimension = Dimension::LENGTH),
        Verdict::NoEvidence,
    ),
    // No numbers.
    ("not a number", "r_mass", |w| w.number("st", "mass", None, |s| s.value = f64::NAN), Verdict::NoEvidence),
    (
        "minus infinity",
        "r_mass",
        |w| w.number("st", "mass", None, |s| s.value = f64::NEG_INFINITY),
        Verdict::NoEvidence,
    ),
    ("a band below zero", "r_mass", |w| w.number("st", "mass", None, |s| s.error = Some(-1.0)), Verdict::NoEvidence),
    (
        "a band that is no number",
        "r_mass",
        |w| w.number("st", "mass", None, |s| s.error = Some(f64::NAN)),
        Verdict::Indicated,
    ),
    // Nothing to go by.
    ("a run that was cancelled", "r_mass", |w| w.last("st").record.finished = false, Verdict::NoEvidence),
    ("no run at all", "r_mass", |w| w.runs.clear(), Verdict::NoEvidence),
    ("an empty answer", "r_mass", |w| w.answer("st", |o| *o = Outcome::default()), Verdict::NoEvidence),
    ("a mode that was not found", "r_first", |w| w.type_in("r_first", "mode", "3"), Verdict::NoEvidence),
    ("a mode and a half", "r_first", |w| w.type_in("r_first", "mode", "1.5"), Verdict::NoEvidence),
    ("a moment is missing", "r_warm", |w| w.answer("he", |o| drop(o.scalars.pop())), Verdict::NoEvidence),
];
