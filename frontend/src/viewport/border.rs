//! Edges of a skin that comes without any: the lines where one face of it meets another.

use solver::surface::{Edge, EdgeName, SurfaceMesh};
use std::collections::{BTreeMap, HashMap};

/// A side of a triangle or a pair of faces, the smaller number first.
type Pair = [u32; 2];

fn pair(a: u32, b: u32) -> Pair {
    [a.min(b), a.max(b)]
}

/// The borders between the faces of a closed surface, each as long as it runs without a fork.
pub fn borders(surface: &SurfaceMesh) -> Vec<Edge> {
    let mut open: HashMap<Pair, u32> = HashMap::new();
    let mut between: BTreeMap<Pair, Vec<Pair>> = BTreeMap::new();
    for (corners, &face) in surface.triangles.iter().zip(&surface.face_of) {
        for k in 0..3 {
            let side = pair(corners[k], corners[(k + 1) % 3]);
            match open.remove(&side) {
                None => drop(open.insert(side, face)),
                Some(other) if other != face => between.entry(pair(face, other)).or_default().push(side),
                Some(_) => {}
            }
        }
    }
    let name = |face: u32| surface.faces.get(face as usize).map(|f| f.name.clone());
    let mut out = Vec::new();
    for ([a, b], sides) in between {
        let (Some(a), Some(b)) = (name(a), name(b)) else { continue };
        for (piece, points) in chains(&sides).into_iter().enumerate() {
            let at = |i: u32| surface.points[i as usize];
            let step = |p: &[u32]| (0..3).map(|c| (at(p[1])[c] - at(p[0])[c]).powi(2)).sum::<f64>().sqrt();
            let length = points.windows(2).map(step).sum();
            let name = EdgeName::between(a.clone(), b.clone(), piece as u32);
            out.push(Edge { name, points, length, radius: None });
        }
    }
    out
}

/// Segments strung together, from fork to fork or all the way round.
fn chains(sides: &[Pair]) -> Vec<Vec<u32>> {
    // In order, so that the same skin always gives the same edges.
    let mut at: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (i, side) in sides.iter().enumerate() {
        side.iter().for_each(|p| at.entry(*p).or_default().push(i));
    }
    let mut used = vec![false; sides.len()];
    let mut out = Vec::new();
    // Ends and forks first: what is left then are closed rings.
    let ends = at.iter().filter(|(_, s)| s.len() != 2).map(|(p, _)| *p);
    for start in ends.chain(at.keys().copied()) {
        while let Some(&first) = at[&start].iter().find(|i| !used[**i]) {
            let (mut points, mut side) = (vec![start], first);
            loop {
                used[side] = true;
                let here = points[points.len() - 1];
                let next = if sides[side][0] == here { sides[side][1] } else { sides[side][0] };
                points.push(next);
                let on = if at[&next].len() == 2 { at[&next].iter().find(|i| !used[**i]) } else { None };
                match on {
                    Some(&further) if next != start => side = further,
                    _ => break,
                }
            }
            out.push(points);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn a_box_has_twelve_edges_and_a_cylinder_two_rings() {
        let edges = borders(&sample::cuboid([0.0; 3], [0.2, 0.1, 0.05]));
        assert_eq!(edges.len(), 12);
        assert!(edges.iter().all(|e| e.points.len() == 2));
        assert!((edges.iter().map(|e| e.length).sum::<f64>() - 4.0 * 0.35).abs() < 1e-12);
        let rings = borders(&sample::cylinder([0.0; 3], 0.03, 0.1, 64));
        let round: Vec<_> = rings.iter().filter(|e| e.points.len() == 65 && e.points[0] == e.points[64]).collect();
        assert_eq!(round.len(), 2, "{:?}", rings.iter().map(|e| e.points.len()).collect::<Vec<_>>());
    }

    #[test]
    fn a_fork_parts_the_line() {
        // A path of four and, from its middle, a branch.
        let found = chains(&[[0, 1], [1, 2], [2, 3], [1, 9]]);
        assert_eq!(found, [vec![0, 1], vec![1, 2, 3], vec![1, 9]]);
        assert_eq!(chains(&[[5, 6], [6, 7], [5, 7]]), [vec![5, 6, 7, 5]]);
    }
}
