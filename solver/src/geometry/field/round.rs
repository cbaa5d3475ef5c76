//! Fillets and chamfers of a field: rolling a ball along chosen edges by offsetting there and back.
//!
//! Shrinking a solid by `r` and growing it again rounds its convex edges with radius `r`; growing first rounds the
//! concave ones (morphological opening and closing; Serra, Image Analysis and Mathematical Morphology, 1982). Offsets
//! are exact here because each is measured anew from the contour of the one before. Only what lies near the chosen
//! edges is kept, and each is only rounded the way it bends: filling a groove asks nothing of the body's thickness. A
//! chamfer is made the same way, with the round standing in for the bevel's middle.

use super::contour::contour;
use super::{Curve, MeshBody, Node, dot, sub, unit};
use crate::geometry::imported::closed_sides;
use crate::surface::{EdgeName, FaceName, Representation};
use std::sync::Arc;

/// How much farther than the ball touches the change is kept, for the error of the cells.
const SLACK: f64 = 1.1;
/// Faces that turn by less, rad, meet smoothly: there is nothing to round. A contour's normals are this uncertain.
pub(in crate::geometry) const TURN_MIN: f64 = 0.05;
/// Sharpest corner that is reached in full: its faces turn by 140°.
const TURN_MAX: f64 = 2.44;

/// What [`round`] made of its edges.
pub(in crate::geometry) struct Rounded {
    pub node: Arc<Node>,
    /// Edges that are not on the solid.
    pub lost: Vec<EdgeName>,
    /// Edges whose faces turn by less than [`TURN_MIN`] everywhere.
    pub smooth: Vec<EdgeName>,
}

/// `node` with the named edges rounded by `radius`, m.
///
/// Returns `None` when an edge stands out and the solid vanishes under the offset: the radius is more than half its
/// thickness everywhere.
pub(in crate::geometry) fn round(feature: &str, node: &Arc<Node>, edges: &[EdgeName], radius: f64) -> Option<Rounded> {
    let whole = contour(node)?;
    let mut segments = Vec::new();
    let (mut turn, mut stands_out, mut bends_in) = (0.0f64, false, false);
    let sides = closed_sides(&whole.surface).ok()?;
    let (mut lost, mut smooth) = (Vec::new(), Vec::new());
    for name in edges {
        let found: Vec<_> = whole.surface.edges.iter().filter(|e| e.name == *name).collect();
        if found.is_empty() {
            lost.push(name.clone());
            continue;
        }
        let mut sharpest = 0.0f64;
        for edge in found {
            let at = |i: u32| whole.surface.points[i as usize];
            segments.extend(edge.points.windows(2).map(|w| [at(w[0]), at(w[1])]));
            for w in edge.points.windows(2) {
                let (Some(left), Some(right)) = (sides.get(&(w[0], w[1])), sides.get(&(w[1], w[0]))) else { continue };
                let normal = |t: u32| unit(whole.surface.triangle_cross(t as usize));
                let (m, n) = (normal(*left), normal(*right));
                let angle = dot(m, n).clamp(-1.0, 1.0).acos();
                sharpest = sharpest.max(angle);
                let third = whole.surface.triangles[*right as usize].into_iter().find(|p| !w.contains(p));
                if let (Some(third), true) = (third, angle > TURN_MIN) {
                    let above = dot(m, sub(at(third), at(w[0])));
                    stands_out |= above < 0.0;
                    bends_in |= above > 0.0;
                }
            }
        }
        turn = turn.max(sharpest);
        if sharpest <= TURN_MIN {
            smooth.push(name.clone());
        }
    }
    if !stands_out && !bends_in {
        return Some(Rounded { node: node.clone(), lost, smooth });
    }
    let curve = Arc::new(Curve { segments });
    let blend = FaceName(format!("{feature}.round"));
    // Where the faces turn by φ, a ball of radius r touches them r tan(φ/2) from the edge.
    let reach = SLACK * radius * (turn.min(TURN_MAX) / 2.0).tan().max(0.5) + whole.cell;
    let mesh =
        |contour: super::contour::Contour| Arc::new(MeshBody::new(Arc::new(contour.surface), Representation::Field));
    let mut out = node.clone();
    if stands_out {
        let changed = there_and_back(mesh(whole), -radius, &blend)?;
        out = Arc::new(Node::Near { base: out, changed, curve: curve.clone(), reach, fills: false });
    }
    if bends_in {
        let changed = there_and_back(mesh(contour(&out)?), radius, &blend)?;
        out = Arc::new(Node::Near { base: out, changed, curve, reach, fills: true });
    }
    Some(Rounded { node: out, lost, smooth })
}

/// Offsets a surface by `by` and back, measuring the way back from the offset surface itself.
fn there_and_back(of: Arc<MeshBody>, by: f64, blend: &FaceName) -> Option<Arc<Node>> {
    let middle = contour(&Node::Offset { of, by, blend: blend.clone() })?;
    let of = Arc::new(MeshBody::new(Arc::new(middle.surface), Representation::Field));
    Some(Arc::new(Node::Offset { of, by: -by, blend: blend.clone() }))
}
