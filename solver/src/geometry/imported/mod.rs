//! Bodies from files: a closed triangle surface, parted into faces that can be picked and loaded.

mod fill;
pub(super) mod fit;
mod primitive;
mod repair;
mod rim;
pub(super) mod segment;
mod winding;

pub(super) use repair::{Repair, Soup};

use super::Body;
use super::distance::Distance;
use super::exact::Refusal;
use super::field::{self, Form};
use super::measure;
use super::plan::Placement;
use crate::format::Triangles;
use crate::surface::{MassProperties, Representation, SurfaceMesh};
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

/// Length of a part that is believed, m: beyond, its file was read in the wrong unit or is damaged.
const EXTENT: std::ops::Range<f64> = 1e-6..1e5;
/// Volume over the cube of the length below which a surface is folded onto itself: a thousandth of the thinnest sheet.
const VOLUME_SHARE_MIN: f64 = 1e-12;

/// A body of triangles.
pub(super) struct MeshBody {
    representation: Representation,
    surface: Arc<SurfaceMesh>,
    /// What is behind the triangles of a body that was grown.
    form: Option<Form>,
    mass: MassProperties,
    distance: OnceLock<Distance>,
}

impl MeshBody {
    pub fn new(surface: Arc<SurfaceMesh>, representation: Representation) -> Self {
        let mass = measure::mass_properties(&surface);
        Self { representation, surface, form: None, mass, distance: OnceLock::new() }
    }

    /// A field's surface, with what is behind it.
    pub fn formed(surface: Arc<SurfaceMesh>, form: Form) -> Self {
        let mass = form.mass_properties(&surface);
        let representation = Representation::Field;
        Self { representation, surface, form: Some(form), mass, distance: OnceLock::new() }
    }

    /// The same body elsewhere; faces keep their names, with `suffix` appended.
    pub fn placed(&self, placement: &Placement, suffix: &str) -> Self {
        let surface = Arc::new(field::place(&self.surface, placement, suffix));
        match &self.form {
            Some(form) => Self::formed(surface, form.placed(placement, suffix)),
            None => Self::new(surface, self.representation),
        }
    }

    pub fn form(&self) -> Option<&Form> {
        self.form.as_ref()
    }

    pub fn distance(&self) -> &Distance {
        self.distance.get_or_init(|| Distance::new(self.surface.clone()))
    }
}

impl Body for MeshBody {
    fn representation(&self) -> Representation {
        self.representation
    }

    fn surface(&self) -> &Arc<SurfaceMesh> {
        &self.surface
    }

    fn mass_properties(&self) -> MassProperties {
        self.mass
    }

    fn signed_distance(&self, points: &[[f64; 3]], out: &mut [f64]) {
        self.distance().signed(points, out);
    }

    fn onto(&self, face: u32, p: [f64; 3]) -> Option<[f64; 3]> {
        self.form.as_ref()?.onto(face, p)
    }
}

/// Makes a body of a file's triangles. `scale`: metres per file unit; `crease`: rad.
///
/// Faces are regions without a crease inside, each with the plane or cylinder that fits it. A surface that is closed and does
/// not cut itself is taken as it is; of another, a closed one is made, and the [`Repair`] tells what was wrong.
///
/// # Errors
/// [`Refusal`] when there is nothing to make a body of.
pub(super) fn body(
    feature: &str,
    triangles: &Triangles,
    scale: f64,
    crease: f64,
) -> Result<(SurfaceMesh, Option<Repair>), Refusal> {
    // A triangle that uses a point twice has no area and no side of its own.
    let kept: Vec<usize> = (0..triangles.triangles.len())
        .filter(|t| {
            let [a, b, c] = triangles.triangles[*t];
            a != b && b != c && c != a
        })
        .collect();
    let mut surface = SurfaceMesh {
        points: triangles.points.iter().map(|p| p.map(|c| c * scale)).collect(),
        triangles: kept.iter().map(|t| triangles.triangles[*t]).collect(),
        ..SurfaceMesh::default()
    };
    let marks: Vec<u32> = kept.iter().filter_map(|t| triangles.marks.get(*t).copied()).collect();
    let extent = extent(&surface);
    if surface.triangles.is_empty() || !(extent > 0.0) {
        return Err(Refusal::wrong("no triangle in the file has an area. Export the part again as a surface mesh"));
    }
    if !(EXTENT.contains(&extent)) {
        return Err(Refusal::wrong(format!(
            "the part in the file would be {extent:.3e} m long. Choose the unit the file was written in, or scale it there"
        )));
    }
    let repair = match closed_sides(&surface) {
        Ok(_) if repair::is_clean(&surface) => None,
        // What a deck marks cannot be found again on a surface made anew.
        Err(refusal) if !marks.is_empty() => return Err(refusal),
        _ if !marks.is_empty() => None,
        _ => Some(repair::repair(&mut surface)?),
    };
    let sides = closed_sides(&surface)?;
    if !encloses(&surface) {
        return Err(Refusal::wrong("the surface in the file encloses no volume. Export the part as a solid"));
    }
    let parts = repair.is_none_or(|r| r.rebuilt.is_none());
    // A file turned inside out is turned back: a body has a positive volume.
    if measure::mass_properties(&surface).volume < 0.0 {
        surface.triangles.iter_mut().for_each(|t| t.swap(1, 2));
        let sides = closed_sides(&surface)?;
        segment::segment(feature, &mut surface, &sides, crease, &marks, parts);
    } else {
        segment::segment(feature, &mut surface, &sides, crease, &marks, parts);
    }
    Ok((surface, repair))
}

/// Length of the longest side of the box around a surface, m.
fn extent(surface: &SurfaceMesh) -> f64 {
    surface.bounds().map_or(0.0, |(lo, hi)| (0..3).map(|k| hi[k] - lo[k]).fold(0.0, f64::max))
}

/// Whether a closed surface encloses something.
fn encloses(surface: &SurfaceMesh) -> bool {
    measure::mass_properties(surface).volume.abs() > VOLUME_SHARE_MIN * extent(surface).powi(3)
}

/// For each directed side of a triangle, the triangle that has it. `None`-free on a closed, oriented surface.
pub(super) type Sides = HashMap<(u32, u32), u32>;

pub(super) fn closed_sides(surface: &SurfaceMesh) -> Result<Sides, Refusal> {
    let mut sides: Sides = HashMap::with_capacity(3 * surface.triangles.len());
    let mut doubled = None;
    for (i, t) in surface.triangles.iter().enumerate() {
        for k in 0..3 {
            if sides.insert((t[k], t[(k + 1) % 3]), i as u32).is_some() {
                doubled.get_or_insert(t[k]);
            }
        }
    }
    let at = |p: u32| {
        let [x, y, z] = surface.points[p as usize].map(|c| c * 1e3);
        format!("{x:.3}, {y:.3}, {z:.3} mm")
    };
    // In triangle order, so that the place named does not depend on hashing.
    let mut open = surface.triangles.iter().flat_map(|t| (0..3).map(|k| (t[k], t[(k + 1) % 3])));
    let mut n_open = 0;
    let mut first = None;
    for (a, b) in open.by_ref() {
        if !sides.contains_key(&(b, a)) {
            n_open += 1;
            first.get_or_insert(a);
        }
    }
    if let Some(p) = first {
        return Err(Refusal::wrong(format!(
            "the surface in the file is not closed: {n_open} sides of triangles have no neighbour, the first near {}. \
             Repair it where it was made and import it again",
            at(p)
        )));
    }
    if let Some(p) = doubled {
        return Err(Refusal::wrong(format!(
            "more than two triangles meet in one side, the first near {}. Repair the file and import it again",
            at(p)
        )));
    }
    Ok(sides)
}
