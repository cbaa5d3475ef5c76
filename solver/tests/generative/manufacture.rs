//! What the cells of an answer promise to who makes the part.

use crate::sample::{cantilever, cells, choice, run, wish};
use solver::density::casting::Draw;
use solver::density::overhang::Slope;
use solver::density::{Direction, Domain, measure};
use solver::design::{Issue, Severity, Value};

/// Cells within a layer of 2 mm of the held and the loaded face: they are kept, supported or not.
fn kept(at: [usize; 3]) -> bool {
    at[0] == 0 || at[0] == 23
}

#[test]
fn nothing_hangs_over_in_three_build_directions() {
    for (key, axis, forward) in [("z", 2, true), ("z_back", 2, false), ("y", 1, true)] {
        let study = wish().with("process", choice("additive")).with("build", choice(key));
        let out = run(&cantilever(study, vec![]));
        let made = &out.growth.as_ref().unwrap().head.values["process"];
        let words = format!("additive {} {}, overhangs from 45°", if forward { "along" } else { "against" }, &key[..1]);
        assert_eq!(made, &Value::Text(words), "the feature says how it is to be made");
        let (grid, domain, solid) = cells(&out);
        assert_eq!(grid.counts, [24, 6, 12]);
        let hanging = measure::unsupported(&domain, &solid, Direction { axis, forward }, Slope::DIAGONAL);
        let free: Vec<_> = hanging.into_iter().map(|c| grid.position(c)).filter(|at| !kept(*at)).collect();
        assert_eq!(free, Vec::<[usize; 3]>::new(), "{key}");
        assert!(out.facts.iter().any(|(k, v)| k == "cells without support below" && v == "0"));
    }
    // A canary: without the process something does hang over.
    let (_, domain, solid) = cells(&run(&cantilever(wish(), vec![])));
    let hanging = |direction| measure::unsupported(&domain, &solid, direction, Slope::DIAGONAL).len();
    assert!(hanging(Direction { axis: 2, forward: true }) > 0);
}

#[test]
fn a_mould_leaves_the_part() {
    for (mould, parting) in [("one", None), ("two", Some(3))] {
        let study = wish().with("process", choice("casting")).with("draw", choice("y")).with("mould", choice(mould));
        let (_, domain, solid) = cells(&run(&cantilever(study, vec![])));
        let draw = Draw { direction: Direction { axis: 1, forward: true }, parting };
        assert_eq!(measure::undercuts(&domain, &solid, draw), Vec::<usize>::new(), "{mould}");
    }
}

#[test]
fn an_extrusion_has_one_profile_and_a_symmetric_part_two_like_halves() {
    let study = wish().with("process", choice("extrusion")).with("axis", choice("y"));
    let (grid, _, solid) = cells(&run(&cantilever(study, vec![])));
    let [nx, ny, nz] = grid.counts;
    for (x, z) in (0..nx).flat_map(|x| (0..nz).map(move |z| (x, z))) {
        let column: Vec<bool> = (0..ny).map(|y| solid[grid.index([x, y, z])]).collect();
        assert!(column.iter().all(|s| *s == column[0]), "{x} {z}");
    }
    let study = wish().with("symmetric_z", Value::Flag(true)).expr("member", "6 mm").expr("iterations", "80");
    let out = run(&cantilever(study, vec![]));
    let (_, domain, solid) = cells(&out);
    for c in 0..solid.len() {
        let [x, y, z] = grid.position(c);
        assert_eq!(solid[c], solid[grid.index([x, y, nz - 1 - z])]);
    }
    // Nothing lies beyond the space. What is kept is as thin as its layer, and so is what grows on it.
    let thin = |domain: &Domain, solid: &[bool]| {
        let found = measure::thin(domain, solid, 3, measure::Beyond::Void);
        let free = |cells: Vec<usize>| cells.into_iter().map(|c| grid.position(c)).filter(|at| !kept(*at)).collect();
        [found.members, found.gaps].map(free) as [Vec<[usize; 3]>; 2]
    };
    let [members, gaps] = thin(&domain, &solid);
    assert_eq!((members, gaps), (vec![], vec![]), "too thin");
    for what in ["members", "gaps"] {
        let key = format!("cells of {what} thinner than asked for");
        assert!(out.facts.iter().any(|(k, v)| *k == key && v == "0"), "{what}: {:?}", out.facts);
    }
    let (_, domain, plain) = cells(&run(&cantilever(wish(), vec![])));
    let [members, gaps] = thin(&domain, &plain);
    println!("too thin without a smallest member: {} cells of members, {} of gaps", members.len(), gaps.len());
    assert!(members.len() > 20, "canary");
}

#[test]
fn both_filters_find_much_the_same_and_a_large_radius_leaves_less_detail() {
    let answer = |study| {
        let out = run(&cantilever(study, vec![]));
        let (grid, domain, solid) = cells(&out);
        // Faces between what is built and what is not, inside the space: its detail.
        let [nx, ny, nz] = grid.counts;
        let differs = |a: [usize; 3], b: [usize; 3]| usize::from(solid[grid.index(a)] != solid[grid.index(b)]);
        let mut detail = 0;
        for (x, y, z) in (0..nx).flat_map(|x| (0..ny).flat_map(move |y| (0..nz).map(move |z| (x, y, z)))) {
            detail += if x + 1 < nx { differs([x, y, z], [x + 1, y, z]) } else { 0 };
            detail += if y + 1 < ny { differs([x, y, z], [x, y + 1, z]) } else { 0 };
            detail += if z + 1 < nz { differs([x, y, z], [x, y, z + 1]) } else { 0 };
        }
        (solid, detail, domain.n_inside())
    };
    let helmholtz = || wish().with("filter", choice("helmholtz"));
    let (cone, _, n_inside) = answer(wish());
    let (plain, fine, _) = answer(helmholtz());
    let (_, coarse, _) = answer(helmholtz().expr("filter_radius", "9 mm"));
    let others = plain.iter().zip(&cone).filter(|(a, b)| a != b).count();
    println!("{others} of {n_inside} cells differ; faces of {fine} cells inside, {coarse} with a radius of 9 mm");
    assert!(others > 0, "canary: it is another filter");
    assert!(5 * others < n_inside, "{others} of {n_inside} cells differ");
    assert!(10 * coarse < 9 * fine, "{coarse} and {fine}");
}

#[test]
fn filters_that_cannot_be_had_are_refused() {
    for (study, key, says) in [
        (wish().expr("filter_radius", "3 mm"), "filter_radius", "less than 2 cells of 2.000 mm"),
        (wish().expr("filter_radius", "8 mm").expr("member", "6 mm"), "filter_radius", "the smallest member sets it"),
        (wish().with("filter", choice("helmholtz")).expr("member", "6 mm"), "filter", "the cone alone"),
    ] {
        let issues = cantilever(study, vec![]).with(|case| solver::study::study("generative").unwrap().check(case));
        let error = |i: &&Issue| i.key.as_deref() == Some(key) && i.severity == Severity::Error;
        assert!(issues.iter().find(error).is_some_and(|i| i.message.contains(says)), "{key}: {issues:?}");
    }
}

#[test]
fn no_member_is_wider_than_asked_for() {
    // 3 cells; without it, chords are wider.
    let study = || wish().expr("share", "60 %").expr("iterations", "80");
    let out = run(&cantilever(study().expr("member_max", "6 mm"), vec![]));
    let (_, domain, solid) = cells(&out);
    let (_, plain_domain, plain) = cells(&run(&cantilever(study(), vec![])));
    let wide = |domain: &Domain, solid: &[bool]| measure::thick(domain, solid, 4).len();
    let n_solid = solid.iter().filter(|s| **s).count();
    println!("{} of {n_solid} cells too wide, {} without a limit", wide(&domain, &solid), wide(&plain_domain, &plain));
    assert_eq!(wide(&domain, &solid), 0);
    assert!(wide(&plain_domain, &plain) > 100, "canary");
    assert!(out.facts.iter().any(|(k, v)| k == "cells of members wider than asked for" && v == "0"));
}

#[test]
fn overhangs_are_as_steep_as_asked_for() {
    for (angle, slope) in [("60 deg", Slope { up: 2, out: 1 }), ("30 deg", Slope { up: 4, out: 7 })] {
        let study = wish().with("process", choice("additive")).with("build", choice("z")).expr("overhang", angle);
        let out = run(&cantilever(study, vec![]));
        let (grid, domain, solid) = cells(&out);
        let hanging = measure::unsupported(&domain, &solid, Direction { axis: 2, forward: true }, slope);
        let free: Vec<_> = hanging.into_iter().map(|c| grid.position(c)).filter(|at| !kept(*at)).collect();
        assert_eq!(free, Vec::<[usize; 3]>::new(), "{angle}");
    }
}
