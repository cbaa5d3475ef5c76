//! The checker of requirements against false claims: each takes a design that does what is asked, with honest evidence,
//! and makes one thing wrong. A checker that ignores the version lets some of them through, and the table tells.

mod claim;
mod world;

use claim::{OF_ANOTHER_VERSION, OTHERS};
use solver::design::{Command, Value, check};
use solver::quantity::Dimension;
use solver::requirement::{Canary, Evidence, Verdict, judge};
use world::{ASKED, World, honest, scalar, statics};

#[test]
fn honest_evidence_meets_every_requirement() {
    for (id, ..) in ASKED {
        let world = honest(id);
        let found = world.judge(Canary::default());
        assert_eq!(found.verdict, Verdict::Met, "{id}: {}", found.reason);
        assert!(found.run.is_some() && found.margin > Some(0.0), "{id}");
        let issues = check(&world.design);
        assert!(issues.iter().all(|i| i.object.0 != *id), "{id}: {issues:?}");
    }
}

#[test]
fn every_false_claim_is_refused() {
    let n = OF_ANOTHER_VERSION.len() + OTHERS.len();
    assert!(n >= 50, "{n} claims");
    for (what, id, fault, verdict) in OF_ANOTHER_VERSION.iter().chain(OTHERS) {
        let mut world = honest(id);
        fault(&mut world);
        let found = world.judge(Canary::default());
        assert_eq!(found.verdict, *verdict, "{what}: {}", found.reason);
        assert_ne!(found.verdict, Verdict::Met, "{what}");
        assert!(found.reason.len() > 20 && !found.reason.contains("NaN"), "{what}: {}", found.reason);
    }
}

/// Canary: a checker that takes runs on any version believes what the table says it must not.
#[test]
fn a_checker_that_ignores_the_version_is_caught() {
    for (what, id, fault, verdict) in OF_ANOTHER_VERSION {
        let mut world = honest(id);
        fault(&mut world);
        let found = world.judge(Canary { any_version: true });
        assert_ne!(found.verdict, *verdict, "{what}: the table would not notice");
        assert_eq!(found.verdict, Verdict::Met, "{what}: {}", found.reason);
    }
}

#[test]
fn the_reason_says_value_band_limit_and_run() {
    let reason = |id: &'static str, fault: fn(&mut World)| {
        let mut world = honest(id);
        fault(&mut world);
        world.judge(Canary::default()).reason
    };
    assert_eq!(
        reason("r_move", |_| ()),
        "Largest displacement (Pull) is 0.4 mm ± 0.01 mm, and must be at most 0.5 mm: 0.1 mm to spare, by a verified run"
    );
    assert_eq!(
        reason("r_warm", |w| w.type_in("r_warm", "limit", "60 °C")),
        "Highest temperature (moment 2 of 2) is 66.85 °C ± 0.5 K, and must be at most 60 °C: it is 6.9 K beyond"
    );
    assert_eq!(
        reason("r_mass", |w| w.type_in("box", "dx", "1 m")),
        "The design asks something else since version 12: run Strength again"
    );
    assert_eq!(reason("r_mass", |w| w.type_in("r_mass", "limit", "6.5 N")), "Limit: Mass is a mass; this is a force");
    assert_eq!(
        reason("r_first", |w| w.type_in("r_first", "limit", "spin")),
        "Limit: give a frequency in Hz; speeds of turning count in radians"
    );
}

#[test]
fn the_newest_run_that_can_be_read_counts() {
    let mut world = honest("r_mass");
    world.run("st", &statics());
    world.last("st").bytes[20] ^= 1;
    let found = world.judge(Canary::default());
    assert_eq!((found.verdict, found.run.as_deref()), (Verdict::Met, Some("run_0")));
    let mut lighter = statics();
    lighter.scalars.iter_mut().filter(|s| s.id == "mass").for_each(|s| s.value = 0.5);
    world.run("st", &lighter);
    assert_eq!(world.judge(Canary::default()).value, Some(0.5));
    // What it said stays to be seen when it is stale, and is not lost with names and numbers that nothing hangs on.
    world.edit(Command::Rename { id: "box".into(), name: "Base plate".into() });
    world.type_in("r_move", "limit", "0.1 mm");
    assert_eq!(world.judge(Canary::default()).verdict, Verdict::Met);
    world.type_in("box", "dz", "21 mm");
    let found = world.judge(Canary::default());
    assert_eq!((found.verdict, found.value), (Verdict::Stale, Some(0.5)));
}

#[test]
fn stresses_away_from_singular_places_are_a_quantity_of_their_own() {
    let mut world = honest("r_away");
    world.answer("st", |o| {
        o.scalars
            .iter_mut()
            .filter(|s| s.id == "von_mises_max")
            .for_each(|s| (s.value, s.exponent) = (900e6, Some(0.4)));
        for case in ["pull", "push"] {
            o.scalars.push(scalar("von_mises_max_finite", Some(case), 140e6, 4e6, Dimension::PRESSURE));
        }
    });
    let found = world.judge(Canary::default());
    assert_eq!((found.verdict, found.value), (Verdict::Met, Some(140e6)), "{}", found.reason);
    world.claim = "r_stress";
    let found = world.judge(Canary::default());
    assert_eq!((found.verdict, found.value), (Verdict::NoFiniteValue, None));
}

#[test]
fn a_waiver_needs_a_name_and_a_reason_and_changes_no_verdict() {
    let mut world = honest("r_mass");
    world.set("r_mass", "waived_by", Value::Text("A. Chief".into()));
    let found = world.judge(Canary::default());
    assert_eq!((found.waiver, found.verdict), (None, Verdict::Met));
    let issues = check(&world.design);
    assert!(issues.iter().any(|i| i.object.0 == "r_mass" && i.message.contains("a name and a reason")), "{issues:?}");
    world.type_in("r_mass", "limit", "0.1 kg");
    world.set("r_mass", "waiver_reason", Value::Text("prototype only".into()));
    let evidence: Vec<Evidence> = world.runs.iter().map(|r| Evidence::read(r.record.clone(), &r.bytes)).collect();
    let found = judge(&world.design, world.design.get(&"r_mass".into()).unwrap(), &evidence);
    assert_eq!(found.waiver.map(|w| (w.by, w.reason)), Some(("A. Chief".into(), "prototype only".into())));
    assert_eq!(found.verdict, Verdict::NotMet);
    assert!(check(&world.design).iter().all(|i| i.object.0 != "r_mass"));
}
