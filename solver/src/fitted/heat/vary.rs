//! Parts whose conductivity or capacity depends on temperature: what they conduct and store, element by element.

use super::{Conduction, Matter};
use crate::element::tet::{FIFTEEN_POINTS, FOUR_POINTS, Inverted, gradients, matrix, shape};
use crate::linear::{Sparse, system};
use glam::{DMat3, DVec3};
use rayon::prelude::*;

impl Conduction<'_> {
    /// Adds what each element whose matter depends on temperature gives its nodes: `of(places, matter, nodes)`.
    fn gather(&self, to: &mut [f64], of: impl Fn(&[DVec3; 10], &Matter, &[u32; 10]) -> [f64; 10] + Sync) {
        let each: Vec<[f64; 10]> = self
            .varying
            .par_iter()
            .map(|e| of(&self.mesh.nodes(*e), &self.matter[self.mesh.part_of(*e)], &self.mesh.tets[*e]))
            .collect();
        for (e, own) in self.varying.iter().zip(each) {
            for (n, f) in self.mesh.tets[*e].iter().zip(own) {
                to[*n as usize] += f;
            }
        }
    }

    /// Takes what they conduct away from their nodes, W: −K(T) T.
    pub(super) fn conduct_varying(&self, t: &[f64], to: &mut [f64]) {
        self.gather(to, |x, own, tet| {
            let nodal = tet.map(|n| t[n as usize]);
            let mut out = [0.0; 10];
            for point in &FOUR_POINTS {
                // Elements were found sound when the constant part was assembled.
                let Ok((g, v)) = gradients(x, &point.at) else { continue };
                let slope: DVec3 = g.iter().zip(&nodal).map(|(g, t)| *g * *t).sum();
                let flow = own.conductivity.flow(between(&point.at, &nodal), slope, v * point.share);
                for (out, g) in out.iter_mut().zip(g) {
                    *out -= flow.dot(g);
                }
            }
            out
        });
    }

    /// C(T) Ṫ by node, W, at temperatures that change by `rate`, K/s.
    pub(super) fn storing(&self, t: &[f64], rate: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; t.len()];
        let Some(store) = &self.store else { return out };
        store.full.apply(1.0, rate, 0.0, &mut out);
        self.gather(&mut out, |x, own, tet| {
            let [nodal, change] = [t, rate].map(|v| tet.map(|n| v[n as usize]));
            moments(x, |l| own.capacity.at(between(l, &nodal)) * between(l, &change))
        });
        out
    }

    /// Heat that the bodies took up between two states at all nodes, J.
    pub fn gained(&self, from: &[f64], to: &[f64]) -> f64 {
        let change: Vec<f64> = to.iter().zip(from).map(|(b, a)| b - a).collect();
        let mut out = vec![0.0; to.len()];
        if let Some(store) = &self.store {
            store.full.apply(1.0, &change, 0.0, &mut out);
        }
        self.gather(&mut out, |x, own, tet| {
            let [a, b] = [from, to].map(|v| tet.map(|n| v[n as usize]));
            moments(x, |l| own.capacity.integral(between(l, &a), between(l, &b)))
        });
        out.iter().sum()
    }

    /// Adds conduction and, by `shift`, 1/s, storage of the matter that depends on temperature, W/K.
    pub(super) fn add_varying(&self, t: &[f64], shift: f64, k: &mut Sparse<f64, 1, 1>) -> Result<(), Inverted> {
        let [own, reduced] = &self.varying_nodes;
        let element = |e: usize, out: &mut [f64]| -> Result<(), Inverted> {
            let e = self.varying[e];
            let (x, matter) = (self.mesh.nodes(e), &self.matter[self.mesh.part_of(e)]);
            let nodal = self.mesh.tets[e].map(|n| t[n as usize]);
            let at = |p: usize| matter.conductivity.tensor(between(&FOUR_POINTS[p].at, &nodal));
            let tensors: [DMat3; 4] = std::array::from_fn(at);
            matrix::gradient_matrix(&x, &tensors, out)?;
            if shift > 0.0 {
                let mut store = [0.0; 100];
                matrix::mass_of(&x, |l| matter.capacity.at(between(l, &nodal)), &mut store)?;
                out[..100].iter_mut().zip(store).for_each(|(o, s)| *o += shift * s);
            }
            Ok(())
        };
        system::assemble(&self.transform, own, reduced, element, k)
    }
}

/// A value given at the nodes of an element, at barycentric coordinates `l`.
pub(super) fn between(l: &[f64; 4], nodal: &[f64; 10]) -> f64 {
    shape::<10>(l).iter().zip(nodal).map(|(n, v)| n * v).sum()
}

/// ∫ N f by node of an element.
fn moments(x: &[DVec3; 10], f: impl Fn(&[f64; 4]) -> f64) -> [f64; 10] {
    let mut out = [0.0; 10];
    for point in &FIFTEEN_POINTS {
        let Ok((_, v)) = gradients(x, &point.at) else { continue };
        let w = f(&point.at) * v * point.share;
        for (out, n) in out.iter_mut().zip(shape::<10>(&point.at)) {
            *out += w * n;
        }
    }
    out
}
