//! Why the exact kernel did not do it, in words a person can act on.

use super::{Solid, name};
use crate::surface::{EdgeName, FaceName};
use arris::math::Stop;
use arris::ops::{BlendReason, BooleanReason, InputReason, OpError, Reason, SweepReason};
use arris::topo::{EntityId, Model, Shape};

/// A refusal, told by what it concerns.
#[derive(Clone, Debug)]
pub(in crate::geometry) struct Refusal {
    pub reason: String,
    pub faces: Vec<FaceName>,
    pub edges: Vec<EdgeName>,
    /// The field kernel can do it: the person is offered that. False for a wrong input.
    pub offer_field: bool,
    /// Nothing would be left of the body.
    pub empty: bool,
    /// A blend that does not fit: a smaller one may.
    pub too_large: bool,
}

impl Refusal {
    pub(in crate::geometry) fn wrong(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            faces: Vec::new(),
            edges: Vec::new(),
            offer_field: false,
            empty: false,
            too_large: false,
        }
    }

    /// The kernel contradicted itself; the field kernel does not share its faults.
    pub(in crate::geometry) fn broken(reason: impl Into<String>) -> Self {
        Self { offer_field: true, ..Self::wrong(reason) }
    }

    pub(super) fn of(model: &Model, operands: &[&Solid], error: OpError) -> Self {
        let mut out = Self::wrong("");
        match &error {
            OpError::Degenerate { entities, reason } => {
                out.name(model, operands, entities);
                out.read(reason);
            }
            OpError::Unsupported { a, b } => {
                out.name(model, operands, &[a.1, b.1]);
                out.offer_field = true;
                out.reason = format!("the exact kernel has no formula for a {} against a {} here", a.0, b.0);
            }
            OpError::Profile(e) => out.reason = profile(e),
            OpError::Tolerance { entity, .. } => {
                out.name(model, operands, &[*entity]);
                out.offer_field = true;
                out.reason = "the faces meet so flatly that their edge would be uncertain by more than 0.01 mm".into();
            }
            OpError::Interrupted(stop) => {
                out.offer_field = true;
                out.reason = match stop.by {
                    Stop::Budget => "it is too intricate for the exact kernel: it was stopped".into(),
                    Stop::Poll => "it was cancelled".into(),
                };
            }
            OpError::InvalidInput { .. } | OpError::Internal(_) => {
                out.offer_field = true;
                out.reason = "the exact kernel could not close the result".into();
            }
            other => {
                out.offer_field = true;
                out.reason = other.to_string();
            }
        }
        out
    }

    fn read(&mut self, reason: &Reason) {
        let field = |out: &mut Self, text: &str| {
            out.offer_field = true;
            out.reason = text.into();
        };
        match reason {
            Reason::Boolean(BooleanReason::Empty) | Reason::Input(InputReason::ZeroThickness) => {
                self.empty = true;
                self.reason = "nothing of the body would be left".into();
            }
            Reason::Boolean(BooleanReason::TangentContact) => {
                field(self, "the faces touch along a line without crossing; shift one by a hundredth of a millimetre")
            }
            Reason::Boolean(BooleanReason::BesideSingularity) => {
                field(self, "a cut passes a tip or a pole by less than the kernel can tell apart; shift it a little")
            }
            Reason::Input(InputReason::NonManifold) => field(
                self,
                "the result would hang together by an edge or a point alone; let the bodies overlap or part",
            ),
            Reason::Blend(BlendReason::TooLarge) => {
                self.too_large = true;
                field(self, "it does not fit on the faces beside the edge")
            }
            Reason::Blend(BlendReason::TangentChain) => field(
                self,
                "the faces beside the edge run into each other smoothly, so that there is no corner to blend",
            ),
            Reason::Blend(BlendReason::VertexBlend) => field(
                self,
                "the corner at the edge's end joins too many or too unlike edges; blend its edges together or in another order",
            ),
            Reason::Sweep(SweepReason::ProfileCrossesAxis) => {
                self.reason = "the profile lies on both sides of the axis; keep it on one side".into()
            }
            Reason::Sweep(SweepReason::SpindleTorus) => {
                field(self, "an arc's circle reaches across the axis; make its radius smaller or move it away")
            }
            other => field(self, &other.to_string()),
        }
    }

    fn name(&mut self, model: &Model, operands: &[&Solid], entities: &[Shape]) {
        for entity in entities {
            for solid in operands {
                match entity.id {
                    EntityId::Face(face) => self.faces.extend(solid.names.get(&face).cloned()),
                    EntityId::Edge(edge) => self.edges.extend(
                        name::edges(model, solid).into_iter().find(|(id, _)| *id == edge).map(|(_, name)| name),
                    ),
                    _ => {}
                }
            }
        }
        self.faces.dedup();
        self.edges.dedup();
    }
}

/// What is wrong with a profile, counted as the panel counts it.
fn profile(error: &arris::geom::ProfileError) -> String {
    use arris::geom::ProfileError as E;
    let at = |i: &usize| if *i == 0 { "the outline".to_string() } else { format!("hole {i}") };
    match error {
        E::NotClosed { loop_index, gap } => {
            format!("{} does not close: it ends {gap:.6} mm from its start; end the last segment there", at(loop_index))
        }
        E::TooFewSegments { loop_index } => format!("{} needs at least two segments, or a circle", at(loop_index)),
        E::ShortSegment { loop_index, segment } => {
            format!("{}, segment {}: it has no length; take it out", at(loop_index), segment + 1)
        }
        E::DegenerateArc { loop_index, segment } => {
            format!("{}, segment {}: its three points lie on a line; use a line", at(loop_index), segment + 1)
        }
        E::ZeroArea { loop_index } => format!("{} encloses no area", at(loop_index)),
        E::SelfIntersecting { loop_index, segments } => {
            format!("{} crosses itself at segments {} and {}", at(loop_index), segments[0] + 1, segments[1] + 1)
        }
        E::Crossing { loops } => format!("{} and {} cross", at(&loops[0]), at(&loops[1])),
        E::HoleOutside { hole } => format!("{} lies outside the outline", at(hole)),
        E::NestedHoles { holes } => format!("{} lies inside {}", at(&holes[1]), at(&holes[0])),
        other => other.to_string(),
    }
}
