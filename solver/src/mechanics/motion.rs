//! Rigid motions that the supports leave free, named.

use super::patch::Patch;
use super::support::Hold;
use glam::DVec3;

/// A motion nothing stops.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Free {
    Slide { along: DVec3 },
    Turn { about: DVec3, through: DVec3 },
}

impl Free {
    /// "slide along x", "turn about an axis along z through (10, 0, 5) mm".
    pub fn describe(&self) -> String {
        match self {
            Self::Slide { along } => format!("slide along {}", direction(*along)),
            Self::Turn { about, through } => {
                let [x, y, z] = (*through * 1e3).to_array().map(|c| if c.abs() < 5e-4 { 0.0 } else { c });
                format!("turn about an axis along {} through ({x:.4}, {y:.4}, {z:.4}) mm", direction(*about))
                    .replace(".0000", "")
            }
        }
    }
}

fn direction(d: DVec3) -> String {
    for (axis, name) in [(DVec3::X, "x"), (DVec3::Y, "y"), (DVec3::Z, "z")] {
        if d.dot(axis).abs() > 1.0 - 1e-6 {
            return name.into();
        }
    }
    format!("({:.2}, {:.2}, {:.2})", d.x, d.y, d.z)
}

/// Relative stiffness below which a motion counts as free.
const FREE: f64 = 1e-8;

/// The motions that `held` faces leave free; `size` is the length of the body, m.
pub fn free(held: &[(&Patch, Hold)], size: f64) -> Vec<Free> {
    let total: f64 = held.iter().map(|(p, _)| p.area).sum();
    if !(total > 0.0) {
        let axes = [DVec3::X, DVec3::Y, DVec3::Z];
        return axes.map(|along| Free::Slide { along }).to_vec();
    }
    let centre = held.iter().map(|(p, _)| p.centroid * p.area).sum::<DVec3>() / total;
    let mut g = vec![vec![0.0; 6]; 6];
    for (patch, hold) in held {
        if let Hold::Solid(solid) = hold {
            for (v, w) in solid.stops(centre) {
                // Turns count by what they move at the body's length.
                let row = [v.x, v.y, v.z, w.x / size, w.y / size, w.z / size];
                let share = patch.area / total * if v == DVec3::ZERO { size * size } else { 1.0 };
                for i in 0..6 {
                    for j in 0..6 {
                        g[i][j] += row[i] * row[j] * share;
                    }
                }
            }
            continue;
        }
        for p in &patch.points {
            let r = (p.at - centre) / size;
            let motion = [DVec3::X, DVec3::Y, DVec3::Z, DVec3::X.cross(r), DVec3::Y.cross(r), DVec3::Z.cross(r)];
            let acts = hold.acts(p.normal);
            let stopped = motion.map(|m| acts * m);
            for i in 0..6 {
                for j in 0..6 {
                    g[i][j] += stopped[i].dot(stopped[j]) * p.area / total;
                }
            }
        }
    }
    let (values, vectors) = eigen(g);
    let most = values.iter().copied().fold(0.0, f64::max);
    let loose: Vec<&Vec<f64>> = values.iter().zip(&vectors).filter(|(l, _)| **l <= FREE * most).map(|p| p.1).collect();
    if loose.is_empty() {
        return Vec::new();
    }
    // Combinations without rotation are slides; the others turn.
    let k = loose.len();
    let mut w = vec![vec![0.0; k]; k];
    for i in 0..k {
        for j in 0..k {
            w[i][j] = (3..6).map(|c| loose[i][c] * loose[j][c]).sum();
        }
    }
    let (turning, mixes) = eigen(w);
    let mut out = Vec::new();
    for (t, mix) in turning.iter().zip(&mixes) {
        let twist: Vec<f64> = (0..6).map(|c| (0..k).map(|i| mix[i] * loose[i][c]).sum()).collect();
        let v = DVec3::new(twist[0], twist[1], twist[2]);
        let omega = DVec3::new(twist[3], twist[4], twist[5]) / size;
        if *t < 1e-6 {
            out.push(Free::Slide { along: v.normalize_or_zero() });
        } else {
            let through = centre + omega.cross(v) / omega.length_squared();
            out.push(Free::Turn { about: omega.normalize(), through });
        }
    }
    snap_to_axes(&mut out);
    out
}

/// Three free slides span space and two a plane: name them by the axes they contain where possible.
fn snap_to_axes(free: &mut [Free]) {
    let slides: Vec<usize> = (0..free.len()).filter(|i| matches!(free[*i], Free::Slide { .. })).collect();
    let span: Vec<DVec3> =
        slides.iter().filter_map(|i| if let Free::Slide { along } = free[*i] { Some(along) } else { None }).collect();
    let inside: Vec<DVec3> = [DVec3::X, DVec3::Y, DVec3::Z]
        .into_iter()
        .filter(|a| span.iter().map(|s| s.dot(*a).powi(2)).sum::<f64>() > 1.0 - 1e-6)
        .collect();
    if inside.len() == slides.len() {
        for (i, along) in slides.into_iter().zip(inside) {
            free[i] = Free::Slide { along };
        }
    }
}

/// Eigenvalues and vectors of a small symmetric matrix by Jacobi rotations.
fn eigen(mut a: Vec<Vec<f64>>) -> (Vec<f64>, Vec<Vec<f64>>) {
    let n = a.len();
    let mut v: Vec<Vec<f64>> = (0..n).map(|i| (0..n).map(|j| f64::from(u8::from(i == j))).collect()).collect();
    for _ in 0..50 {
        let off: f64 = (0..n).flat_map(|i| (0..i).map(move |j| (i, j))).map(|(i, j)| a[i][j].powi(2)).sum();
        if off < 1e-30 {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                if a[p][q].abs() < 1e-300 {
                    continue;
                }
                let theta = 0.5 * (a[q][q] - a[p][p]) / a[p][q];
                let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
                let t = if theta == 0.0 { 1.0 } else { t };
                let c = 1.0 / (t * t + 1.0).sqrt();
                let s = t * c;
                for row in a.iter_mut() {
                    let (x, y) = (row[p], row[q]);
                    row[p] = c * x - s * y;
                    row[q] = s * x + c * y;
                }
                let (rp, rq) = (a[p].clone(), a[q].clone());
                for k in 0..n {
                    a[p][k] = c * rp[k] - s * rq[k];
                    a[q][k] = s * rp[k] + c * rq[k];
                }
                let (vp, vq) = (v[p].clone(), v[q].clone());
                for k in 0..n {
                    v[p][k] = c * vp[k] - s * vq[k];
                    v[q][k] = s * vp[k] + c * vq[k];
                }
            }
        }
    }
    ((0..n).map(|i| a[i][i]).collect(), v)
}

#[cfg(test)]
mod tests {
    use super::super::patch::Point;
    use super::*;

    fn plane(normal: DVec3, at: DVec3) -> Patch {
        let (u, v) = normal.any_orthonormal_pair();
        let points: Vec<Point> = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)]
            .iter()
            .map(|(s, t)| Point { at: at + (u * *s + v * *t) * 0.01, area: 1e-4, normal })
            .collect();
        Patch { points, area: 4e-4, centroid: at }
    }

    #[test]
    fn sliding_supports_leave_the_motions_one_expects() {
        let (x, y, z) = (plane(DVec3::X, DVec3::X), plane(DVec3::Y, DVec3::Y), plane(DVec3::Z, DVec3::Z));
        assert!(free(&[(&x, Hold::FIXED)], 1.0).is_empty());
        assert!(free(&[(&x, Hold::Normal(0.0)), (&y, Hold::Normal(0.0)), (&z, Hold::Normal(0.0))], 1.0).is_empty());
        let two = free(&[(&x, Hold::Normal(0.0)), (&y, Hold::Normal(0.0))], 1.0);
        assert_eq!(two.iter().map(Free::describe).collect::<Vec<_>>(), ["slide along z"]);
        let one = free(&[(&z, Hold::Normal(0.0))], 1.0);
        assert_eq!(one.len(), 3);
        assert!(one.iter().any(|f| f.describe() == "slide along x"));
        assert!(one.iter().any(|f| f.describe().starts_with("turn about an axis along z")));
        assert_eq!(free(&[], 1.0).len(), 3);
        // What is given along one axis stops that axis, on a face that leans too; springs stop where they have stiffness.
        let lean = plane(DVec3::new(1.0, 1.0, 0.0).normalize(), DVec3::X);
        let along_x = free(&[(&lean, Hold::Axes([Some(1e-3), None, None]))], 1.0);
        assert!(!along_x.iter().any(|f| f.describe() == "slide along x"), "{along_x:?}");
        assert!(along_x.iter().any(|f| f.describe() == "slide along y"), "{along_x:?}");
        let bed = |normal, tangential| free(&[(&z, Hold::Elastic { normal, tangential })], 1.0).len();
        assert_eq!([bed(1e9, 0.0), bed(0.0, 1e3), bed(1e9, 1e3)], [3, 3, 0]);
    }

    #[test]
    fn a_held_bore_turns_about_its_axis() {
        let axis = DVec3::new(0.03, 0.02, 0.0);
        let n = 24;
        let points: Vec<Point> = (0..2 * n)
            .map(|i| {
                let t = 2.0 * std::f64::consts::PI * f64::from(i % n) / f64::from(n);
                let out = DVec3::new(t.cos(), t.sin(), 0.0);
                Point { at: axis + out * 0.005 + DVec3::Z * 0.01 * f64::from(i / n), area: 1e-6, normal: -out }
            })
            .collect();
        let patch = Patch { area: 2.0 * f64::from(n) * 1e-6, centroid: axis + DVec3::Z * 0.005, points };
        let names: Vec<String> = free(&[(&patch, Hold::Normal(0.0))], 0.1).iter().map(Free::describe).collect();
        assert_eq!(names.len(), 2, "{names:?}");
        assert!(names.iter().any(|n| n == "slide along z"), "{names:?}");
        assert!(names.iter().any(|n| n.starts_with("turn about an axis along z through (30, 20,")), "{names:?}");
    }
}
