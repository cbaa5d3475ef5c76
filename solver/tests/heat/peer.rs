//! Our heat decks, solved by CalculiX where it is installed: the same mesh must give the same temperatures.

use crate::run::{bar, faces, film, over_time, run, set_up, warm};
use crate::{calculix, part};
use glam::DVec3;
use solver::design::Object;
use solver::study::outcome::Outcome;

/// Temperatures by node at the last moment of the result file; `None` where the program is not installed.
fn temperatures(name: &str, deck: &str) -> Option<Vec<f64>> {
    let text = calculix::solve(name, deck)?.results;
    let mut found: Vec<f64> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if line.starts_with(" -4  NDTEMP") {
            found.clear();
            inside = true;
        } else if line.starts_with(" -3") {
            inside = false;
        } else if inside && line.starts_with(" -1") {
            // Fixed columns: ten for the node, twelve for the value.
            let node: usize = line[3..13].trim().parse().unwrap();
            found.resize(found.len().max(node), f64::NAN);
            found[node - 1] = line[13..25].trim().parse().unwrap();
        }
    }
    assert!(!found.is_empty(), "{name}: no temperatures");
    Some(found)
}

/// Largest difference from CalculiX at any node of the solid meshes, over the range of temperatures, stays below `within`.
fn agree(name: &str, out: &Outcome, within: f64) {
    let Some(peer) = temperatures(name, &out.deck) else { return };
    let last = out.states.last().map(|s| s.id.clone());
    let fields = out.fields.iter().filter(|f| f.id == "temperature" && f.mesh.starts_with("volume:") && f.case == last);
    let own: Vec<f64> = fields.flat_map(|f| f.values.iter().map(|v| f64::from(*v))).collect();
    assert_eq!(own.len(), peer.len(), "{name}");
    let (low, high) = own.iter().fold((f64::INFINITY, 0.0f64), |(l, h), t| (l.min(*t), h.max(*t)));
    assert!(own.iter().chain(&peer).all(|t| t.is_finite()), "{name}: a temperature is missing");
    let off = own.iter().zip(&peer).fold(0.0f64, |m, (a, b)| m.max((a - b).abs()));
    println!("{name}: off by {off:.2e} K of {:.2} K", high - low);
    assert!(off < within * (high - low), "{name}: {off} of {}", high - low);
}

#[test]
fn calculix_agrees_on_the_same_mesh() {
    let one = |objects: Vec<Object>| run(&set_up(vec![("part", "s235jr", bar())], objects, |o| o.expr("cell", "6 mm")));
    let side = |o: Object| o.with("faces", faces(&["part.y1", "part.z1"]));
    let coil = |power: &str| Object::new("coil", "heat_source", "coil").expr("power", power);
    let glow = Object::new("glow", "radiation", "glow").with("faces", faces(&["part.z1", "part.x1"]));
    let glow = glow.expr("emissivity", "0.7").expr("ambient", "300 K");
    let flux = |face: &str| Object::new("q", "heat_flux", "q").with("faces", faces(&[face])).expr("flux", "2e4 W/m^2");
    agree("kept", &one(vec![warm("a", "part.x0", "400 K"), warm("b", "part.y1", "300 K")]), 1e-4);
    agree("flux", &one(vec![warm("a", "part.x0", "400 K"), flux("part.z1")]), 1e-4);
    agree("film", &one(vec![warm("a", "part.x0", "400 K"), side(film("f", "part.x1", "300 W/(m^2*K)"))]), 1e-3);
    agree("source", &one(vec![film("f", "part.x0", "500 W/(m^2*K)"), coil("30 W")]), 1e-3);
    agree("radiation", &one(vec![warm("a", "part.x0", "1000 K"), glow]), 1e-3);
    let steel = crate::material::steel;
    agree("hot_steel", &one(vec![steel(), warm("a", "part.x0", "420 °C"), warm("b", "part.y1", "20 °C")]), 1e-4);
    let second = part::block([0.04, 0.02, 0.02], |p| p + DVec3::X * 0.06);
    let bodies = vec![("part", "s235jr", bar()), ("other", "aisi_304", second)];
    let objects = vec![warm("a", "part.x0", "100 °C"), warm("b", "other.y1", "0 °C")];
    agree("bonded", &run(&set_up(bodies, objects, |o| o)), 1e-4);
    let rising = vec![warm("a", "part.x0", "20 °C + 50 K * time / (120 s)"), flux("part.y1")];
    let out = run(&set_up(vec![("part", "s235jr", bar())], rising, |o| {
        over_time(o).expr("accuracy", "0.5 %").expr("cell", "8 mm")
    }));
    // The other program steps by backward Euler, exact for what rises evenly.
    agree("transient", &out, 5e-3);
    let rising = vec![steel(), warm("a", "part.x0", "20 °C + 300 K * time / (120 s)"), flux("part.y1")];
    let out = run(&set_up(vec![("part", "s235jr", bar())], rising, |o| {
        over_time(o).expr("accuracy", "0.5 %").expr("cell", "8 mm")
    }));
    agree("hot_transient", &out, 1e-2);
}

#[test]
fn calculix_agrees_on_conductivities_along_directions() {
    use crate::orthotropic::ply;
    let lean = || ply(DVec3::new(1.0, 0.6, -0.3), DVec3::new(0.2, 1.0, 0.5));
    // Films are integrated by other points there, which shows where they take much from what hardly conducts.
    let of = |o: Object| {
        let flux = Object::new("q", "heat_flux", "q").with("faces", faces(&["part.z1"])).expr("flux", "2e3 W/m^2");
        vec![o, warm("a", "part.x0", "400 K"), warm("b", "part.y1", "300 K"), flux]
    };
    let one = |objects: Vec<Object>| run(&set_up(vec![("part", "s235jr", bar())], objects, |o| o.expr("cell", "6 mm")));
    let out = one(of(lean()));
    assert!(out.deck.contains("*CONDUCTIVITY,TYPE=ORTHO\n") && out.deck.contains("*ORIENTATION,NAME=AXES1"));
    agree("ply", &out, 1e-4);
    let hot = lean().expr("k1", "table(temperature, 280 K, 6 W/(m*K), 420 K, 3 W/(m*K))");
    agree("hot_ply", &one(of(hot.expr("k2", "table(temperature, 300 K, 1 W/(m*K), 350 K, 2 W/(m*K))"))), 1e-4);
    agree("cooled_ply", &one(vec![lean(), warm("a", "part.x0", "400 K"), film("f", "part.x1", "20 W/(m^2*K)")]), 1e-3);
    let rising = vec![lean(), warm("a", "part.x0", "20 °C + 50 K * time / (120 s)")];
    let out = run(&set_up(vec![("part", "s235jr", bar())], rising, |o| {
        over_time(o).expr("accuracy", "0.5 %").expr("cell", "8 mm")
    }));
    agree("ply_transient", &out, 1e-2);
}
