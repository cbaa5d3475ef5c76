//! Materials that depend on temperature, in heat and in what expands.

use crate::expansion::{given, run as run_static, set_up as set_up_static, slide, value};
use crate::part;
use crate::run::{bar, faces, over_time, run, set_up, warm};
use solver::design::{Object, Severity, Value};
use solver::study::study;
use solver::study::suite::{Sample, faults};

pub fn steel() -> Object {
    Object::new("hot_steel", "isotropic", "Hot steel")
        .with("bodies", Value::Refs(vec!["part".into()]))
        .expr("youngs_modulus", "table(temperature, 20 °C, 210 GPa, 220 °C, 190 GPa, 420 °C, 130 GPa)")
        .expr("yield_strength", "table(temperature, 20 °C, 400 MPa, 420 °C, 200 MPa)")
        .expr("expansion", "table(temperature, 20 °C, 12e-6 1/K, 420 °C, 15e-6 1/K)")
        .expr("conductivity", "table(temperature, 20 °C, 50 W/(m*K), 420 °C, 20 W/(m*K))")
        .expr("specific_heat", "table(temperature, 20 °C, 450 J/(kg*K), 420 °C, 700 J/(kg*K))")
}

fn of_heat(objects: Vec<Object>) -> Sample {
    set_up(vec![("part", "s235jr", bar())], objects, |o| o.expr("cell", "6 mm"))
}

#[test]
fn conduction_follows_the_temperature() {
    let out = run(&of_heat(vec![steel(), warm("a", "part.x0", "420 °C"), warm("b", "part.x1", "20 °C")]));
    // Kirchhoff: ∫ k dT over the length and the section.
    let exact = 35.0 * 400.0 / 0.06 * 4e-4;
    let flow = |name: &str| value(&out, &format!("heat:{name}"));
    assert!((flow("a") / exact - 1.0).abs() < 1e-3 && (flow("b") / exact + 1.0).abs() < 1e-3, "{} {exact}", flow("a"));
    assert!(out.warnings.is_empty(), "{:?}", out.warnings);
    // Beyond its tables the last value is kept, and it is said.
    let out = run(&of_heat(vec![steel(), warm("a", "part.x0", "520 °C"), warm("b", "part.x1", "20 °C")]));
    let said = out.warnings.iter().find(|w| w.contains("Conductivity is known up to 420 °C")).unwrap();
    assert!(said.contains("520 °C") && said.contains("is kept"), "{said}");
}

#[test]
fn a_body_heated_evenly_takes_what_its_capacity_says() {
    // 3 kW for 10 s, insulated: ∫ ρ c dT = 30 kJ.
    let coil = Object::new("coil", "heat_source", "coil").expr("power", "3 kW");
    let out = run(&set_up(vec![("part", "s235jr", bar())], vec![steel(), coil], |o| {
        over_time(o).expr("duration", "10 s").expr("accuracy", "0.5 %").expr("states", "2")
    }));
    let mass = 7850.0 * 0.06 * 4e-4;
    // (450 + 0.3125 x) dx: 450 x + 0.15625 ... with (700 − 450)/400 per kelvin.
    let slope = 250.0 / 400.0;
    let wanted: f64 = 30e3 / mass;
    let rise = (-450.0 + (450.0 * 450.0 + 2.0 * slope * wanted).sqrt()) / slope;
    let last = out.scalars.iter().rfind(|s| s.id == "temperature_max").unwrap();
    assert!((last.value - 293.15 - rise).abs() < 5e-3 * rise, "{} {rise}", last.value - 293.15);
}

#[test]
fn a_held_bar_is_stressed_by_what_it_is_when_warm() {
    // At 120 °C: E = 200 GPa, α = 12.75e-6.
    let sample = |objects: Vec<Object>| {
        let mut all = vec![steel()];
        all.extend(objects);
        set_up_static(all, given)
    };
    let out = run_static(&sample(vec![slide(&["x0", "x1", "y0", "z0"])]));
    let stress = 200e9 * 12.75e-6 * 100.0;
    assert!((value(&out, "von_mises_max") / stress - 1.0).abs() < 1e-6);
    // 400 MPa less a quarter of 200 MPa.
    assert!((value(&out, "safety_factor_min") / (350e6 / stress) - 1.0).abs() < 1e-6);
    // Without a change of temperature, that which is free of stress counts.
    let pull = Object::new("pull", "force", "Pull").with("faces", part::faces(&["x1"]));
    let pull = pull.with("force", part::vector([40e3, 0.0, 0.0], "N"));
    let warm = set_up_static(vec![steel(), slide(&["x0", "y0", "z0"]), pull], |o| o.expr("stress_free", "220 °C"));
    let out = run_static(&warm);
    let strain = 1e8 / 190e9;
    let exact = strain * glam::DVec3::new(0.06, 0.3 * 0.02, 0.3 * 0.02).length();
    assert!((value(&out, "displacement_max") / exact - 1.0).abs() < 1e-6);
    assert!((value(&out, "safety_factor_min") / 3.0 - 1.0).abs() < 1e-6, "300 MPa over 100 MPa");
    // What the table leaves is said before the run.
    let hot = sample(vec![slide(&["x0", "y0", "z0"])]);
    let at = hot.design.position(&"study".into()).unwrap();
    let mut hot = hot;
    hot.design.objects[at] = std::sync::Arc::new(hot.design.objects[at].as_ref().clone().expr("temperature", "600 °C"));
    let issues = hot.with(|case| study("static").unwrap().check(case));
    assert!(issues.iter().any(|i| i.message.contains("Young's modulus is known up to 420 °C")), "{issues:?}");
    // The instant method takes room temperature, and says so.
    let cold =
        set_up_static(vec![steel(), slide(&["x0", "y0", "z0"])], |o| o.with("method", Value::Choice("instant".into())));
    let issues = cold.with(|case| study("static").unwrap().check(case));
    assert!(issues.iter().any(|i| i.message.contains("the values of Hot steel at 20 °C")), "{issues:?}");
}

#[test]
fn a_bar_warm_along_its_length_gives_by_each_place() {
    let heat =
        |o: Object| o.with("warmth", Value::Choice("heat".into())).with("heat", Value::Refs(vec!["heat".into()]));
    // Evenly conducting, so that temperatures rise evenly.
    let even = steel().expr("conductivity", "40 W/(m*K)");
    let objects = vec![
        even,
        slide(&["x0", "x1", "y0", "z0"]),
        warm("a", "part.x0", "20 °C"),
        warm("b", "part.x1", "220 °C"),
        Object::new("heat", "heat", "Heat"),
    ];
    let out = run_static(&set_up_static(objects, heat));
    // ∫ α(T) (T − T₀) dx over ∫ dx / E: α = 12e-6 + 0.0075e-6 x/K, E = 210 GPa − 0.1 GPa/K.
    let grown = 12e-6 * 100.0 + 7.5e-9 * 200.0f64.powi(2) / 3.0;
    let soft = (210.0f64 / 190.0).ln() / 20e9;
    let stress = grown / soft;
    let found = out.fields.iter().filter(|f| f.id == "stress" && f.mesh.starts_with("volume:"));
    let all: Vec<f64> = found.flat_map(|f| f.values.chunks(6).map(|s| -f64::from(s[0]))).collect();
    let mean = all.iter().sum::<f64>() / all.len() as f64;
    println!("{mean:.5e} {stress:.5e}");
    assert!((mean / stress - 1.0).abs() < 5e-3, "{mean:e} {stress:e}");
    // The safety factor is that of each place's own strength: 400 MPa less 0.5 MPa for every kelvin.
    let of = |id: &str| {
        let fields = out.fields.iter().filter(|f| f.id == id && f.mesh.starts_with("skin:"));
        fields.flat_map(|f| f.values.iter().map(|v| f64::from(*v))).collect::<Vec<_>>()
    };
    let (safety, stress, temperature) = (of("safety_factor"), of("von_mises"), of("temperature"));
    for ((safety, stress), t) in safety.iter().zip(&stress).zip(&temperature) {
        let strength = 400e6 - 0.5e6 * (t - 293.15);
        assert!((safety * stress / strength - 1.0).abs() < 1e-4, "{safety} {stress:e} {t}");
    }
    let least = safety.iter().copied().fold(f64::INFINITY, f64::min);
    assert!((value(&out, "safety_factor_min") / least - 1.0).abs() < 0.02);
}

#[test]
fn what_cannot_be_is_refused_by_name() {
    let of = |o: Object| {
        let sample = of_heat(vec![o, warm("a", "part.x0", "420 °C")]);
        let found = sample.with(|case| study("heat").unwrap().check(case));
        found.into_iter().filter(|i| i.severity == Severity::Error).map(|i| i.message).collect::<Vec<_>>()
    };
    assert!(of(steel()).is_empty());
    let errors = of(steel().expr("conductivity", "table(temperature, 20 °C, 50 W/(m*K), 420 °C, -20 W/(m*K))"));
    assert!(errors.iter().any(|e| e.contains("Conductivity is") && e.contains("at least")), "{errors:?}");
    let errors = of(steel().expr("conductivity", "table(temperature, 20 °C, 50 W/(m*K), 420 °C, 20 mm)"));
    assert!(errors.iter().any(|e| e.contains("Conductivity")), "{errors:?}");
    let errors = of(steel().expr("density", "table(temperature, 20 °C, 7850 kg/m^3, 420 °C, 7700 kg/m^3)"));
    assert!(errors.iter().any(|e| e.contains("temperature")), "{errors:?}");
    let mut twice = steel();
    twice.id = "again".into();
    let sample = of_heat(vec![steel(), twice, warm("a", "part.x0", "420 °C")]);
    let found = sample.with(|case| study("heat").unwrap().check(case));
    assert!(found.iter().any(|i| i.message.contains("is of Hot steel already")), "{found:?}");
}

#[test]
fn heat_in_materials_that_depend_on_it_conforms_to_the_suite() {
    let sample = |o: Object| {
        let glow = Object::new("glow", "radiation", "glow").with("faces", faces(&["part.x1"]));
        set_up(vec![("part", "s235jr", bar())], vec![o, warm("a", "part.x0", "420 °C"), glow], |o| o)
    };
    let broken = [
        ("a table without points", sample(steel().expr("conductivity", "table(temperature)"))),
        ("a value that is no number", sample(steel().expr("specific_heat", "450 J/(kg*K) / 0"))),
    ];
    let on_threads = |n: usize, f: &mut (dyn FnMut() + Send)| {
        rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap().install(f);
    };
    let found = faults(study("heat").unwrap(), &sample(steel()), &broken, &on_threads);
    assert!(found.is_empty(), "{found:?}");
}
