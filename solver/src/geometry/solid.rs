//! One solid while a design is being built, whichever kernel holds it, and what can be done to it.

use super::Body;
use super::exact::{self, MM, Refusal};
use super::field;
use super::imported::MeshBody;
use super::plan::{Operation, Placement};
use crate::surface::{FaceName, Representation, Shape};
use arris::math::{Aabb, Vec3};
use arris::topo::{self, Orientation};
use std::sync::Arc;

#[derive(Clone)]
pub(super) enum Solid {
    Exact(exact::Solid),
    Field(Arc<field::Node>),
    Imported(Arc<MeshBody>),
}

impl Solid {
    /// Box around it, mm; an outer bound.
    pub fn bounds(&self, kernel: &topo::Model) -> Option<Aabb> {
        let mm = |b: Option<([f64; 3], [f64; 3])>| {
            b.map(|(lo, hi)| Aabb { min: lo.map(|c| c * MM), max: hi.map(|c| c * MM) })
        };
        match self {
            Self::Exact(solid) => exact::bounds(kernel, solid),
            Self::Field(node) => mm(node.bounds()),
            Self::Imported(body) => mm(body.surface().bounds()),
        }
    }

    /// As an implicit solid: an exact one through its tessellation, an imported one as it is.
    ///
    /// # Errors
    /// [`Refusal`] when an exact body cannot be tessellated.
    pub fn to_field(&self, kernel: &topo::Model) -> Result<Arc<field::Node>, Refusal> {
        Ok(match self {
            Self::Exact(solid) => {
                let surface = exact::tessellate(kernel, solid)?.surface().clone();
                Arc::new(field::Node::Leaf(Arc::new(MeshBody::new(surface, Representation::Exact))))
            }
            Self::Field(node) => node.clone(),
            Self::Imported(body) => Arc::new(field::Node::Leaf(body.clone())),
        })
    }

    /// Whether someone has chosen the field kernel for it already.
    pub fn is_field(&self) -> bool {
        match self {
            Self::Exact(_) => false,
            Self::Field(_) => true,
            Self::Imported(body) => body.representation() == Representation::Field,
        }
    }

    /// `self` combined with `others`: by the exact kernel when all are exact, else as fields.
    ///
    /// # Errors
    /// [`Refusal`]; also when exactness was asked for and an operand is imported.
    pub fn combine(
        &self,
        kernel: &mut topo::Model,
        operation: Operation,
        others: &[Self],
        how: &How,
    ) -> Result<Self, Refusal> {
        let exact: Option<Vec<&exact::Solid>> = others
            .iter()
            .map(|o| match o {
                Self::Exact(solid) => Some(solid),
                _ => None,
            })
            .collect();
        if let (Self::Exact(target), Some(tools), false) = (self, exact, how.as_field) {
            return Ok(Self::Exact(exact::combine(kernel, operation, target, &tools)?));
        }
        let all = || std::iter::once(self).chain(others);
        // Whoever has made one of the bodies a field has chosen already.
        if !how.as_field && !all().any(Self::is_field) {
            return Err(Refusal::broken(
                "an imported body is made of triangles, which the exact kernel does not cut or join",
            ));
        }
        let mut node = self.to_field(kernel)?;
        for other in others {
            node = Arc::new(field::Node::Combine {
                operation,
                a: node,
                b: other.to_field(kernel)?,
                smooth: how.smooth,
                blend: how.blend.clone(),
            });
        }
        Ok(Self::Field(node))
    }

    /// A copy elsewhere; faces keep their names, with `suffix` appended.
    ///
    /// # Errors
    /// [`Refusal`] where the kernel cannot place it.
    pub fn placed(&self, kernel: &mut topo::Model, placement: &Placement, suffix: &str) -> Result<Self, Refusal> {
        Ok(match self {
            Self::Exact(solid) => Self::Exact(exact::place(kernel, solid, placement, suffix)?),
            Self::Field(node) => Self::Field(node.placed(placement, suffix)),
            Self::Imported(body) => Self::Imported(Arc::new(body.placed(placement, suffix))),
        })
    }

    /// The plane of a named face, mm: a point on it and the normal out of the body. `Ok(None)`: no such face here.
    ///
    /// # Errors
    /// The face is there and not plane.
    pub fn plane(&self, kernel: &topo::Model, name: &FaceName) -> Result<Option<(Vec3, Vec3)>, NotPlane> {
        let vector = |v: [f64; 3], scale: f64| Vec3::new(v[0], v[1], v[2]) * scale;
        match self {
            Self::Exact(solid) => {
                for face in kernel.faces(solid.body).unwrap_or_default() {
                    if solid.names.get(&face.id) != Some(name) {
                        continue;
                    }
                    let surface = kernel.face(face.id).and_then(|f| kernel.surface(f.surface()));
                    let Ok(arris::geom::Surface::Plane { frame }) = surface else { return Err(NotPlane) };
                    let out = frame.z().into_inner();
                    let normal = if face.orientation == Orientation::Forward { out } else { -out };
                    return Ok(Some((frame.origin().coords, normal)));
                }
                Ok(None)
            }
            Self::Field(node) => Ok(node.plane(name).map(|(p, n)| (vector(p, MM), vector(n, 1.0)))),
            Self::Imported(body) => match body.surface().faces.iter().find(|f| f.name == *name).map(|f| f.shape) {
                Some(Shape::Plane { point, normal }) => Ok(Some((vector(point, MM), vector(normal, 1.0)))),
                Some(_) => Err(NotPlane),
                None => Ok(None),
            },
        }
    }
}

/// A face that a sketch cannot stand on.
pub(super) struct NotPlane;

/// How a feature wants its booleans done.
pub(super) struct How {
    pub as_field: bool,
    /// Radius of the transition, m.
    pub smooth: f64,
    /// Name of the transition's face.
    pub blend: FaceName,
}
