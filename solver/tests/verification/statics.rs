//! Static cases, on meshes of ten-node tetrahedra.

use crate::closed_form::{E, NU, beam, hold, kirsch, lame};
use crate::row::{Basis, Row};
use crate::tet_box;
use crate::truth::{self, Solved, solve};
use glam::DVec3;
use solver::element::tet::{Elasticity, matrix};
use solver::fitted::{Mesh, motion, push};
use solver::linear::constraint::Constraints;
use std::f64::consts::{FRAC_PI_2, PI};

/// On a coordinate, to rounding.
fn near(x: f64, y: f64) -> bool {
    (x - y).abs() < 1e-9 * (1.0 + y.abs())
}

fn described(solved: &Solved) -> String {
    described_mesh(&solved.mesh)
}

fn described_mesh(mesh: &Mesh) -> String {
    format!("{} tetrahedra, {} nodes", mesh.tets.len(), mesh.points.len())
}

/// Adds a body force, N/m³.
fn body(mesh: &Mesh, f: &mut [f64], force: DVec3) {
    for t in 0..mesh.tets.len() {
        let load = matrix::body_force(&mesh.nodes(t), |_| force).expect("sound elements");
        for (n, load) in mesh.tets[t].iter().zip(load) {
            push(f, *n, load);
        }
    }
}

/// A box of crooked elements with straight sides: corners inside are moved about.
fn crooked(n: usize) -> Mesh {
    let size = 1.0 / n as f64;
    let mut mesh = truth::mesh(DVec3::ONE, [n; 3], |p| p);
    let inside = |p: DVec3| p.min_element() > 1e-9 && p.max_element() < 1.0 - 1e-9;
    for p in &mut mesh.points {
        if inside(*p) {
            let [a, b, c] = (*p * 97.0).to_array();
            *p += 0.15 * size * DVec3::new((a + 2.0 * b).sin(), (b + 3.0 * c).sin(), (c + 5.0 * a).sin());
        }
    }
    for (m, [a, b]) in mesh.middles() {
        mesh.points[m as usize] = 0.5 * (mesh.points[a as usize] + mesh.points[b as usize]);
    }
    mesh
}

/// Largest error of a displacement field prescribed on the surface, over its size.
fn patch(field: impl Fn(DVec3) -> DVec3, force: DVec3) -> (f64, String) {
    let mesh = crooked(4);
    let mut held = Constraints::new(mesh.points.len());
    for n in truth::select(&mesh, |p| p.min_element() < 1e-9 || p.max_element() > 1.0 - 1e-9) {
        held.fix(n, field(mesh.points[n as usize]).to_array());
    }
    let solved = solve(mesh, Elasticity::isotropic(1e6, 0.25), &held, |m, f| body(m, f, force));
    let (mut error, mut size) = (0.0f64, 0.0f64);
    for (n, p) in solved.mesh.points.iter().enumerate() {
        error = error.max((motion(&solved.u, n as u32) - field(*p)).length());
        size = size.max(field(*p).length());
    }
    (error / size, described(&solved))
}

/// Patch tests in space: linear and quadratic displacements.
pub fn case_2() -> Vec<Row> {
    let linear = |p: DVec3| 1e-3 * DVec3::new(p.x + 0.5 * p.y, p.y + 0.5 * p.z - p.x, p.z + 0.25 * p.x);
    // u = 1e-3 (x², y z, z x): its forces follow from (λ + μ) ∇ div u + μ Δu with λ = μ at ν = 0.25.
    let quadratic = |p: DVec3| 1e-3 * DVec3::new(p.x * p.x, p.y * p.z, p.z * p.x);
    let mu = 1e6 / 2.5;
    // div u = 2 x + z + x, its gradient (3, 0, 1); Δu = (2, 0, 0).
    let force = -1e-3 * (2.0 * mu * DVec3::new(3.0, 0.0, 1.0) + mu * DVec3::new(2.0, 0.0, 0.0));
    [
        ("linear field, largest error", patch(linear, DVec3::ZERO), 1e-10),
        ("quadratic field, largest error", patch(quadratic, force), 1e-8),
    ]
    .map(|(quantity, (found, mesh), tolerance)| Row {
        case: 2,
        name: "Patch of crooked elements",
        mesh,
        quantity,
        unit: "",
        reference: 0.0,
        basis: Basis::Form,
        found,
        tolerance,
    })
    .to_vec()
}

/// Timoshenko's cantilever.
pub fn case_3() -> Vec<Row> {
    let (slab, _) = beam(6, 3e7, false);
    let tip = slab.at(DVec3::new(48.0, 0.0, 0.0)).y;
    let errors = [2, 4].map(|n| {
        let (solved, _) = beam(n, 3e7, true);
        // Plane strain is plane stress with E / (1 − ν²) and ν / (1 − ν).
        let (young, nu, inertia) = (3e7 / (1.0 - NU * NU), NU / (1.0 - NU), 144.0);
        let exact = |q: DVec3| {
            let (x, y, l, d2) = (q.x, q.y, 48.0, 144.0);
            let k = 1000.0 / (6.0 * young * inertia);
            DVec3::new(
                -k * y * ((6.0 * l - 3.0 * x) * x + (2.0 + nu) * (y * y - 0.25 * d2)),
                k * (3.0 * nu * y * y * (l - x) + (4.0 + 5.0 * nu) * 0.25 * d2 * x + (3.0 * l - x) * x * x),
                0.0,
            )
        };
        solved.displacement_error(exact)
    });
    let name = "Timoshenko's cantilever";
    let basis = Basis::Form;
    vec![
        Row {
            case: 3,
            name,
            mesh: described(&slab),
            quantity: "tip",
            unit: "m",
            reference: 8.9e-3,
            basis,
            found: tip.abs(),
            tolerance: 1e-3,
        },
        Row {
            case: 3,
            name,
            mesh: "4 and 8 elements along, twice as fine".into(),
            quantity: "order of the displacement's L2 error, plane strain",
            unit: "",
            reference: 3.0,
            basis,
            found: (errors[0] / errors[1]).log2(),
            tolerance: 0.12,
        },
    ]
}

/// MacNeal and Harder's straight beam.
pub fn case_4() -> Vec<Row> {
    let (l, b, h) = (6.0, 0.2, 0.1);
    let run = |load: &dyn Fn(DVec3) -> DVec3| {
        let mesh = truth::mesh(DVec3::new(l, b, h), [60, 4, 4], |p| p);
        let mut held = Constraints::new(mesh.points.len());
        (0..3).for_each(|axis| hold(&mesh, &mut held, axis, |p| near(p.x, 0.0)));
        solve(mesh, Elasticity::isotropic(1e7, 0.3), &held, |m, f| {
            truth::traction(m, f, |p| near(p.x, l), |p, _| load(p));
        })
    };
    let middle = DVec3::new(l, 0.5 * b, 0.5 * h);
    let even = 1.0 / (b * h);
    let mut out = Vec::new();
    let mut row = |quantity, unit, reference, basis, found, mesh: &Solved, tolerance| {
        out.push(Row {
            case: 4,
            name: "Straight beam of MacNeal and Harder",
            mesh: described(mesh),
            quantity,
            unit,
            reference,
            basis,
            found,
            tolerance,
        });
    };
    let s = run(&|_| DVec3::X * even);
    row("extension", "m", 3e-5, Basis::Published, s.at(middle).x, &s, 0.02);
    let s = run(&|_| DVec3::Y * even);
    row("bending in the plane", "m", 0.1081, Basis::Published, s.at(middle).y, &s, 0.02);
    let s = run(&|_| DVec3::Z * even);
    row("bending out of the plane", "m", 0.4321, Basis::Unconfirmed, s.at(middle).z, &s, 0.02);
    // Tractions c (−z, y) about the axis; their moment is c times the polar moment of the section.
    let polar = b * h * (b * b + h * h) / 12.0;
    let s = run(&|p| DVec3::new(0.0, -(p.z - 0.5 * h), p.y - 0.5 * b) / polar);
    // Between a quarter and three quarters: the ends, where warping is held and tractions are not Saint-Venant's, differ.
    let turn = |x: f64| (s.at(DVec3::new(x, b, 0.5 * h)).z - s.at(DVec3::new(x, 0.0, 0.5 * h)).z) / b;
    // Saint-Venant's series; the .03208 that goes about is 6 % below it, and shown beside.
    let series: f64 = (0..20).map(|k| f64::from(2 * k + 1)).map(|n| (0.5 * n * PI * b / h).tanh() / n.powi(5)).sum();
    let torsion = b * h.powi(3) * (1.0 / 3.0 - 64.0 / PI.powi(5) * h / b * series);
    let twist = l / (1e7 / 2.6 * torsion);
    let found = 2.0 * (turn(0.75 * l) - turn(0.25 * l));
    row("twist, against Saint-Venant", "rad", twist, Basis::Form, found, &s, 0.02);
    row("twist, not graded", "rad", 0.03208, Basis::Unconfirmed, found, &s, 0.06);
    out
}

/// Cook's membrane in plane stress, as half a slab.
pub fn case_6() -> Vec<Row> {
    let t = 0.5;
    let mesh = truth::mesh(DVec3::new(1.0, 1.0, t), [24, 24, 1], |q| {
        let (low, high) = (44.0 * q.x, 44.0 + 16.0 * q.x);
        DVec3::new(48.0 * q.x, low + (high - low) * q.y, q.z)
    });
    let mut held = Constraints::new(mesh.points.len());
    (0..2).for_each(|axis| hold(&mesh, &mut held, axis, |p| near(p.x, 0.0)));
    hold(&mesh, &mut held, 2, |p| near(p.z, 0.0));
    let s = solve(mesh, Elasticity::isotropic(1.0, 1.0 / 3.0), &held, |m, f| {
        truth::traction(m, f, |p| near(p.x, 48.0), |_, _| DVec3::Y / 16.0);
    });
    vec![Row {
        case: 6,
        name: "Cook's membrane, thin slab",
        mesh: described(&s),
        quantity: "v(48, 52)",
        unit: "m",
        reference: 23.968,
        basis: Basis::Computed,
        found: s.at(DVec3::new(48.0, 52.0, 0.0)).y,
        tolerance: 5e-3,
    }]
}

/// A quarter between the ellipses of NAFEMS LE1 and LE10, from z = 0 to `t`.
fn ellipses(counts: [usize; 3], t: f64) -> Mesh {
    truth::mesh(DVec3::new(1.0, 1.0, t), counts, |q| {
        // Finer at the inner ellipse and at D.
        let (s, angle) = (q.x * (0.5 + 0.5 * q.x), FRAC_PI_2 * q.y * (0.6 + 0.4 * q.y));
        let (a, b) = (2.0 + 1.25 * s, 1.0 + 1.75 * s);
        DVec3::new(a * angle.cos(), b * angle.sin(), q.z)
    })
}

fn outer(p: DVec3) -> bool {
    ((p.x / 3.25).powi(2) + (p.y / 2.75).powi(2) - 1.0).abs() < 1e-6
}

/// NAFEMS LE1, as half a slab.
pub fn case_8() -> Vec<Row> {
    let mesh = ellipses([10, 20, 1], 0.05);
    let mut held = Constraints::new(mesh.points.len());
    (0..3).for_each(|axis| hold(&mesh, &mut held, axis, |p| near(p[axis], 0.0)));
    let s = solve(mesh, Elasticity::isotropic(E, NU), &held, |m, f| {
        truth::traction(m, f, outer, |_, n| 10e6 * n);
    });
    vec![Row {
        case: 8,
        name: "NAFEMS LE1, elliptic membrane",
        mesh: described(&s),
        quantity: "σyy at D",
        unit: "MPa",
        reference: 92.66,
        basis: Basis::Computed,
        found: s.stress_at(DVec3::new(2.0, 0.0, 0.0))[1] / 1e6,
        tolerance: 5e-3,
    }]
}

/// NAFEMS LE10.
pub fn case_9() -> Vec<Row> {
    let mesh = ellipses([10, 16, 6], 0.6);
    let mut held = Constraints::new(mesh.points.len());
    (0..2).for_each(|axis| hold(&mesh, &mut held, axis, |p| near(p[axis], 0.0) || outer(p)));
    hold(&mesh, &mut held, 2, |p| outer(p) && near(p.z, 0.3));
    let s = solve(mesh, Elasticity::isotropic(E, NU), &held, |m, f| {
        truth::traction(m, f, |p| near(p.z, 0.6), |_, _| DVec3::NEG_Z * 1e6);
    });
    vec![Row {
        case: 9,
        name: "NAFEMS LE10, thick plate",
        mesh: described(&s),
        quantity: "σyy at D",
        unit: "MPa",
        reference: -5.38,
        basis: Basis::Published,
        found: s.stress_at(DVec3::new(2.0, 0.0, 0.6))[1] / 1e6,
        tolerance: 0.01,
    }]
}

/// NAFEMS LE5: a cantilever with a Z for its section, twisted by shear in its flanges.
pub fn case_12() -> Vec<Row> {
    let (l, t) = (10.0, 0.1);
    // Along the middle line: a flange of 1, the web of 2, a flange of 1, with mitred corners.
    let place = move |q: DVec3| {
        let (s, w) = (q.y, (q.z - 0.5) * t);
        // Ends are square and corners mitred: points off the middle line shift along it.
        let (y, z) = if s <= 1.0 {
            (s - 1.0 + w * s, 1.0 + w)
        } else if s <= 3.0 {
            (w, 2.0 - s + w)
        } else {
            (s - 3.0 + w * (4.0 - s), w - 1.0)
        };
        DVec3::new(q.x, y, z)
    };
    let mesh = truth::mesh(DVec3::new(l, 4.0, 1.0), [40, 16, 1], place);
    let mut held = Constraints::new(mesh.points.len());
    (0..3).for_each(|axis| hold(&mesh, &mut held, axis, |p| near(p.x, 0.0)));
    let s = solve(mesh, Elasticity::isotropic(E, NU), &held, |m, f| {
        // Each flange is pushed towards its free edge, so that A, on that edge, is pressed.
        for (side, sign) in [(1.0, -1.0), (-1.0, 1.0)] {
            let flange = |p: DVec3| near(p.x, l) && (p.z * side - 1.0).abs() < 0.5 * t + 1e-9;
            // Shear of 0.6 MN over the flange's end, spread evenly.
            let mut total = vec![0.0; f.len()];
            truth::traction(m, &mut total, flange, |_, _| DVec3::Y);
            let area: f64 = total.iter().sum();
            for (f, a) in f.iter_mut().zip(&total) {
                *f += sign * 0.6e6 / area * a;
            }
        }
    });
    let at = |w: f64| s.stress_at(place(DVec3::new(2.5, 0.0, w)))[0];
    vec![Row {
        case: 12,
        name: "NAFEMS LE5, Z-section cantilever",
        mesh: described(&s),
        quantity: "σxx at A, middle surface",
        unit: "MPa",
        reference: -108.0,
        basis: Basis::Unconfirmed,
        found: at(0.5) / 1e6,
        tolerance: 0.03,
    }]
}

/// Lamé's thick ring.
pub fn case_13() -> Vec<Row> {
    let (s, _) = lame(12);
    let hoop = |r: f64| {
        // Turned by 45°, the hoop stress is half the sum of the normal ones less the shear.
        let q = s.stress_at(DVec3::new(1.0, 1.0, 0.0) * (r * std::f64::consts::FRAC_1_SQRT_2));
        (0.5 * (q[0] + q[1]) - q[3]) / 1e6
    };
    let row = |quantity, unit, reference, found| Row {
        case: 13,
        name: "Lamé's thick ring, plane strain",
        mesh: described(&s),
        quantity,
        unit,
        reference,
        basis: Basis::Form,
        found,
        tolerance: 2e-3,
    };
    vec![
        row("σθ inside", "MPa", 500.0 / 3.0, hoop(0.1)),
        row("σθ outside", "MPa", 200.0 / 3.0, hoop(0.2)),
        row("u inside", "m", 9.07937e-5, s.at(DVec3::new(0.1, 0.0, 0.0)).x),
    ]
}

/// Kirsch's hole.
pub fn case_15() -> Vec<Row> {
    let (s, _) = kirsch(8);
    let errors = [4, 8].map(|n| {
        let (s, exact) = kirsch(n);
        s.errors(exact).0
    });
    let row = |quantity, reference, found, tolerance, mesh: String| Row {
        case: 15,
        name: "Kirsch's hole, exact tractions",
        mesh,
        quantity,
        unit: "",
        reference,
        basis: Basis::Form,
        found,
        tolerance,
    };
    vec![
        row("stress concentration", 3.0, s.stress_at(DVec3::Y)[0] / 1e6, 0.01, described(&s)),
        row("order of the stress's error", 2.0, (errors[0] / errors[1]).log2(), 0.12, "two meshes".into()),
    ]
}

/// A clamped circular plate, a quarter of it, with a pinhole instead of its centre.
pub fn case_17() -> Vec<Row> {
    let (a, h, q) = (1.0f64, 0.02f64, 1e4);
    let mesh = truth::mesh(DVec3::new(1.0, FRAC_PI_2, h), [24, 20, 1], |p| {
        let r = a * (0.01 + 0.99 * p.x);
        DVec3::new(r * p.y.cos(), r * p.y.sin(), p.z)
    });
    let mut held = Constraints::new(mesh.points.len());
    (0..2).for_each(|axis| hold(&mesh, &mut held, axis, |p| p[axis].abs() < 1e-9));
    (0..3).for_each(|axis| hold(&mesh, &mut held, axis, |p| near(p.x.hypot(p.y), a)));
    let s = solve(mesh, Elasticity::isotropic(E, NU), &held, |m, f| {
        truth::traction(m, f, |p| near(p.z, h), |_, _| DVec3::NEG_Z * q);
    });
    let stiffness = E * h.powi(3) / (12.0 * (1.0 - NU * NU));
    vec![Row {
        case: 17,
        name: "Clamped circular plate, a/h = 50",
        mesh: described(&s),
        quantity: "w in the middle",
        unit: "m",
        reference: q * a.powi(4) / (64.0 * stiffness),
        basis: Basis::Form,
        found: -s.at(DVec3::new(0.01 * a, 0.0, 0.0)).z,
        tolerance: 0.01,
    }]
}

/// Square plates, a quarter of each; simply supported means hard: no motion along the edge either.
pub fn case_18() -> Vec<Row> {
    let (a, h, q) = (1.0f64, 0.01f64, 1e3);
    let stiffness = E * h.powi(3) / (12.0 * (1.0 - NU * NU));
    let run = |clamped: bool| {
        let mesh = truth::mesh(DVec3::new(0.5 * a, 0.5 * a, h), [24, 24, 1], |p| p);
        let mut held = Constraints::new(mesh.points.len());
        for axis in 0..2 {
            hold(&mesh, &mut held, axis, |p| near(p[axis], 0.0));
            let edge = |p: DVec3| near(p[axis], 0.5 * a);
            hold(&mesh, &mut held, 2, edge);
            hold(&mesh, &mut held, 1 - axis, edge);
            if clamped {
                hold(&mesh, &mut held, axis, edge);
            }
        }
        solve(mesh, Elasticity::isotropic(E, NU), &held, |m, f| {
            truth::traction(m, f, |p| near(p.z, h), |_, _| DVec3::NEG_Z * q);
        })
    };
    [("simply supported (hard), w in the middle", false, 0.00406235), ("clamped, w in the middle", true, 0.00126532)]
        .map(|(quantity, clamped, factor)| {
            let s = run(clamped);
            Row {
                case: 18,
                name: "Thin square plate, a/h = 100",
                mesh: described(&s),
                quantity,
                unit: "m",
                reference: factor * q * a.powi(4) / stiffness,
                basis: Basis::Form,
                found: -s.at(DVec3::ZERO).z,
                tolerance: 0.01,
            }
        })
        .to_vec()
}

/// A quarter of a thin hemisphere, pulled at one point of its rim and pushed at another: nearly all of its motion is
/// bending, for which flat elements are far stiffer in their plane.
pub fn case_11() -> Vec<Row> {
    let (r, t) = (10.0, 0.04);
    // A third of the octant: lines of equal angle about the two other axes.
    let third = |axis: usize| {
        tet_box::quadratic(DVec3::ONE, [21, 21, 1], move |q: DVec3| {
            let [u, v] = [q.x, q.y].map(|a| (0.25 * PI * a).tan());
            let mut p = [0.0; 3];
            (p[axis], p[(axis + 1) % 3], p[(axis + 2) % 3]) = (1.0, u, v);
            DVec3::from(p).normalize() * (r + t * (q.z - 0.5))
        })
    };
    let mesh = truth::part(tet_box::join([0, 1, 2].map(third)));
    let mut held = Constraints::new(mesh.points.len());
    (0..2).for_each(|axis| hold(&mesh, &mut held, axis, |p| near(p[axis], 0.0)));
    hold(&mesh, &mut held, 2, |p| near(p.z, r));
    let s = solve(mesh, Elasticity::isotropic(68.25e9, 0.3), &held, |m, f| {
        for (axis, force) in [(DVec3::X, 2000.0), (DVec3::Y, -2000.0)] {
            let through = truth::select(m, |p| near(p.dot(axis), p.length()));
            through.iter().for_each(|n| push(f, *n, axis * force / through.len() as f64));
        }
    });
    vec![Row {
        case: 11,
        name: "NAFEMS LE3, hemisphere with point loads",
        mesh: described(&s),
        quantity: "outward motion under the pull",
        unit: "m",
        reference: 0.185,
        basis: Basis::Published,
        found: s.at(DVec3::X * r).x,
        tolerance: 0.02,
    }]
}

/// The roof of Scordelis and Lo, a quarter of it.
pub fn case_19() -> Vec<Row> {
    let (r, l, angle, t) = (25.0, 25.0, 40f64.to_radians(), 0.25);
    let place = |q: DVec3| {
        let (radius, turn) = (r + t * (q.z - 0.5), angle * q.y);
        DVec3::new(l * q.x, radius * turn.sin(), radius * turn.cos())
    };
    let mesh = truth::mesh(DVec3::ONE, [16, 16, 1], place);
    let mut held = Constraints::new(mesh.points.len());
    hold(&mesh, &mut held, 0, |p| near(p.x, l));
    (1..3).for_each(|axis| hold(&mesh, &mut held, axis, |p| near(p.x, 0.0)));
    hold(&mesh, &mut held, 1, |p| near(p.y, 0.0));
    let s = solve(mesh, Elasticity::isotropic(4.32e8, 0.0), &held, |m, f| body(m, f, DVec3::NEG_Z * 90.0 / t));
    vec![Row {
        case: 19,
        name: "Roof of Scordelis and Lo, as a solid",
        mesh: described(&s),
        quantity: "w at the free edge",
        unit: "ft",
        reference: 0.3024,
        basis: Basis::Published,
        found: -s.at(place(DVec3::new(1.0, 1.0, 0.5))).z,
        tolerance: 0.02,
    }]
}
