//! What a mesh is made of.

use super::Mesh;
use crate::element::tet::Elasticity;

/// Stress from strain over a mesh.
#[derive(Clone, Copy, Debug)]
pub enum Materials<'a> {
    /// By part.
    Parts(&'a [Elasticity]),
    /// At the four integration points of every element.
    Points(&'a [[Elasticity; 4]]),
}

impl<'a> Materials<'a> {
    /// Of element `t`: one for all of it, or one at each of its integration points.
    pub fn of(self, mesh: &Mesh, t: usize) -> &'a [Elasticity] {
        match self {
            Self::Parts(parts) => std::slice::from_ref(&parts[mesh.part_of(t)]),
            Self::Points(points) => &points[t],
        }
    }
}

impl<'a> From<&'a [Elasticity]> for Materials<'a> {
    fn from(parts: &'a [Elasticity]) -> Self {
        Self::Parts(parts)
    }
}

impl<'a> From<&'a Vec<Elasticity>> for Materials<'a> {
    fn from(parts: &'a Vec<Elasticity>) -> Self {
        Self::Parts(parts)
    }
}

impl<'a, const N: usize> From<&'a [Elasticity; N]> for Materials<'a> {
    fn from(parts: &'a [Elasticity; N]) -> Self {
        Self::Parts(parts)
    }
}
