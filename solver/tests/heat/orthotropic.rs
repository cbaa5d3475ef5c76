//! Bodies that conduct by their directions: whole runs against closed forms, and what is refused.

use crate::expansion::{run as run_static, set_up as set_up_static, slide};
use crate::run::{bar, film, over_time, run, set_up, warm};
use glam::DVec3;
use solver::design::{Object, Severity, Value};
use solver::study::outcome::{Cell, Outcome};
use solver::study::study;
use solver::study::suite::{Sample, faults};

/// A ply on the block, its direction 1 along `first`.
pub fn ply(first: DVec3, second: DVec3) -> Object {
    let vector = |v: DVec3| Value::Vector(v.to_array().map(|c| c.to_string()));
    Object::new("ply", "orthotropic", "Ply")
        .with("bodies", Value::Refs(vec!["part".into()]))
        .with("direction_1", vector(first))
        .with("direction_2", vector(second))
        .expr("k1", "5 W/(m*K)")
        .expr("k2", "1 W/(m*K)")
        .expr("k3", "0.5 W/(m*K)")
        .expr("specific_heat", "900 J/(kg*K)")
}

fn plain() -> Object {
    ply(DVec3::X, DVec3::Y)
}

fn of_heat(objects: Vec<Object>) -> Sample {
    set_up(vec![("part", "s235jr", bar())], objects, |o| o)
}

fn value(out: &Outcome, id: &str) -> f64 {
    out.scalars.iter().find(|s| s.id == id).unwrap().value
}

#[test]
fn heat_flows_by_the_conductivity_of_its_way() {
    for (first, second, k) in [(DVec3::X, DVec3::Y, 5.0), (DVec3::Y, DVec3::X, 1.0), (DVec3::Z, DVec3::Y, 0.5)] {
        let out = run(&of_heat(vec![
            ply(first, second),
            warm("hot", "part.x0", "100 °C"),
            film("air", "part.x1", "200 W/(m^2*K)"),
        ]));
        let flow = 80.0 / (0.06 / k + 1.0 / 200.0);
        assert!((value(&out, "heat:hot") / (flow * 4e-4) - 1.0).abs() < 1e-6, "{k}");
        assert!((value(&out, "temperature_min") - 293.15 - flow / 200.0).abs() < 1e-6, "{k}");
        assert!(out.warnings.is_empty(), "{:?}", out.warnings);
        let fact = |key: &str| out.facts.iter().find(|f| f.0 == key).unwrap().1.clone();
        assert_eq!(fact("material of part"), "Ply (as typed in the design)");
        assert_eq!(fact("conductivity of part"), "5.0000, 1.0000 and 0.5000 W/(m·K) along its directions");
    }
}

#[test]
fn each_conductivity_follows_the_temperature() {
    let fading = plain().expr("k1", "table(temperature, 20 °C, 50 W/(m*K), 420 °C, 20 W/(m*K))");
    let out = run(&of_heat(vec![fading.clone(), warm("a", "part.x0", "420 °C"), warm("b", "part.x1", "20 °C")]));
    // Kirchhoff: ∫ k dT over the length and the section.
    let exact = 35.0 * 400.0 / 0.06 * 4e-4;
    assert!((value(&out, "heat:a") / exact - 1.0).abs() < 1e-3, "{} {exact}", value(&out, "heat:a"));
    let out = run(&of_heat(vec![fading, warm("a", "part.x0", "520 °C"), warm("b", "part.x1", "20 °C")]));
    let said = out.warnings.iter().find(|w| w.contains("Conductivity along 1 is known up to 420 °C")).unwrap();
    assert!(said.contains("520 °C") && said.contains("is kept"), "{said}");
}

#[test]
fn heat_is_stored_by_its_own_density_and_specific_heat_or_by_those_of_the_other_material() {
    let coil = || Object::new("coil", "heat_source", "coil").expr("power", "50 W");
    for (c, capacity, said) in [("900 J/(kg*K)", 1600.0 * 900.0, false), ("0 J/(kg*K)", 7850.0 * 440.0, true)] {
        let out = run(&set_up(vec![("part", "s235jr", bar())], vec![plain().expr("specific_heat", c), coil()], |o| {
            over_time(o).expr("duration", "10 s").expr("states", "2")
        }));
        let rise = 500.0 / (capacity * 0.06 * 4e-4);
        let last = out.scalars.iter().rfind(|s| s.id == "temperature_max").unwrap();
        assert!((last.value - 293.15 - rise).abs() < 1e-4 * rise, "{} {rise}", last.value - 293.15);
        let warned =
            |w: &String| w.contains("Ply gives no specific heat, so heat takes that of S235JR, with its density");
        assert_eq!(out.warnings.iter().any(warned), said, "{:?}", out.warnings);
        assert_eq!(out.facts.iter().any(|f| f.0 == "specific heat and density of part"), said);
    }
}

#[test]
fn a_held_ply_is_stressed_by_the_temperatures_that_its_conductivity_gives() {
    let heat =
        |o: Object| o.with("warmth", Value::Choice("heat".into())).with("heat", Value::Refs(vec!["heat".into()]));
    let mut stop = slide(&["x1"]);
    (stop.id, stop.name) = ("stop".into(), "Stop".into());
    let out = run_static(&set_up_static(
        vec![
            plain().expr("k1", "table(temperature, 20 °C, 6 W/(m*K), 220 °C, 2 W/(m*K))"),
            slide(&["x0", "y0", "z0"]),
            stop,
            warm("a", "part.x0", "20 °C"),
            warm("b", "part.x1", "220 °C"),
            Object::new("heat", "heat", "Heat"),
        ],
        heat,
    ));
    // Along x there goes k dT of each temperature: the mean is ∫ τ k dτ / ∫ k dτ with k = 6 − 0.02 τ. The force is the same in
    // every section, and nothing acts across on the whole: E₁ α₁ of the mean.
    let mean = (6.0 * 200f64.powi(2) / 2.0 - 0.02 * 200f64.powi(3) / 3.0) / (6.0 * 200.0 - 0.01 * 200f64.powi(2));
    let force = 140e9 * -0.5e-6 * mean * 4e-4;
    let table = out.tables.iter().find(|t| t.id == "reactions").unwrap();
    let row = table.rows.iter().find(|r| matches!(&r[1], Cell::Text(name) if name == "Stop")).unwrap();
    let Cell::Number(found) = row[2] else { panic!("a number") };
    println!("{found} {force}");
    assert!((found + force).abs() < 2e-3 * force.abs(), "{found} {force}");
}

#[test]
fn what_cannot_be_is_refused_by_name_and_what_is_left_out_is_said() {
    let of = |o: Object| {
        let sample = of_heat(vec![o, warm("a", "part.x0", "120 °C")]);
        sample.with(|case| study("heat").unwrap().check(case))
    };
    assert!(of(plain()).is_empty());
    for (key, text, words) in [
        ("k2", "0 W/(m*K)", "Conductivity along 2 is zero and another is not"),
        ("k3", "-1 W/(m*K)", "Conductivity along 3 is"),
        ("k1", "2 W", "Conductivity along 1"),
        ("k1", "table(temperature, 20 °C, 2 W/(m*K), 120 °C, 0 W/(m*K))", "Conductivity along 1 is zero"),
        ("k2", "table(temperature, 20 °C, 2 W/(m*K), 10 °C, 1 W/(m*K))", "Conductivity along 2"),
    ] {
        let found = of(plain().expr(key, text));
        let named = |i: &&solver::design::Issue| i.key.as_deref() == Some(key) && i.object.0 == "ply";
        let issue = found.iter().find(named).unwrap_or_else(|| panic!("{key} {text}: {found:?}"));
        assert!(issue.severity == Severity::Error && issue.message.contains(words), "{issue:?}");
    }
    let none = ["k1", "k2", "k3"].into_iter().fold(plain(), |o, key| o.expr(key, "0 W/(m*K)"));
    let found = of(none);
    let words = "part: Ply gives no conductivity, so heat takes that of S235JR, alike in all directions";
    assert!(matches!(&found[..], [i] if i.severity == Severity::Warning && i.message == words), "{found:?}");
}

#[test]
fn heat_along_directions_conforms_to_the_suite() {
    let sample = |o: Object| of_heat(vec![o, warm("a", "part.x0", "120 °C"), film("f", "part.y1", "50 W/(m^2*K)")]);
    let lean = || ply(DVec3::new(1.0, 0.5, 0.0), DVec3::Z);
    let broken = [
        ("a conductivity that is no number", sample(lean().expr("k1", "0 W/(m*K) / 0"))),
        ("a conductivity along one direction only", sample(lean().expr("k2", "0 W/(m*K)"))),
        ("a direction without length", sample(ply(DVec3::ZERO, DVec3::Z))),
    ];
    let on_threads = |n: usize, f: &mut (dyn FnMut() + Send)| {
        rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap().install(f);
    };
    let found = faults(study("heat").unwrap(), &sample(lean()), &broken, &on_threads);
    assert!(found.is_empty(), "{found:?}");
}
