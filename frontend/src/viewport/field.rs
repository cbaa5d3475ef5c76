//! A result over its skin: displaced points, the shown value at each, extremes, principal directions and probe.

use super::border;
use super::model::{Model, Part};
use super::pick::Hit;
use super::theme;
use app::viewport::{ResultView, colour_limits};
use glam::DVec3;
use solver::result::{Over, Quantity, STRESS, reading, tensor};
use solver::study::outcome::{Field, Location, Outcome, OutcomeMesh};
use solver::surface::SurfaceMesh;
use std::sync::Arc;

/// Largest displacement of the automatic scale, as part of the model's diagonal.
const AUTOMATIC: f64 = 0.08;

/// Lines of principal stresses stand so many to the model's diagonal, and the longest spans this share of the way to the
/// next.
const LINES_ACROSS: f64 = 34.0;
const LINE_SHARE: f64 = 0.95;
/// Stresses below this share of what spans a whole line get none.
const LINE_LEAST: f64 = 0.06;
/// Share of the points whose largest principal stress is shorter than a whole line: one steep place must not make all others
/// dots.
const LINE_RANK: f64 = 0.9;

/// A deformation that plays swings to and fro in this time, ms, whatever its frequency.
const SWING: f64 = 1600.0;

/// A decoded outcome and what of it is shown.
#[derive(Debug)]
pub struct Shown {
    pub view: ResultView,
    /// The skins, undeformed. Bodies carry the names of the design's bodies.
    pub model: Model,
    /// Per model-wide point, m.
    pub displacement: Vec<[f32; 3]>,
    /// Per model-wide point, SI; NaN where the field says nothing.
    pub values: Vec<f32>,
    /// Of the field; equal when it is constant or empty.
    pub min: f64,
    pub max: f64,
    pub scale: f64,
    /// Part of the deformation that is drawn now, −1 to 1: swings while the result plays, else 1.
    pub swing: f64,
    /// Model-wide points of the smallest and the largest value.
    pub extremes: Option<[u32; 2]>,
    /// Along the principal stresses of the skins.
    pub lines: Vec<Line>,
    /// Principal stress, Pa, that spans a whole line; larger ones do too.
    pub line_stress: f64,
}

/// A short line along a principal stress, world, m, as it is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    pub middle: DVec3,
    /// From the middle to an end.
    pub half: DVec3,
    pub tension: bool,
}

/// The lines of the principal stresses `stress` at a point drawn at `middle`: all, or the one of this number. `largest`: Pa,
/// which spans `span`, m.
pub fn lines_at(
    stress: tensor::Tensor,
    middle: DVec3,
    only: Option<u8>,
    largest: f64,
    span: f64,
) -> impl Iterator<Item = Line> {
    let wanted = move |k: usize| only.is_none_or(|only| usize::from(only) == k);
    tensor::axes(stress).into_iter().enumerate().filter(move |(k, _)| wanted(*k)).filter_map(
        move |(_, (value, axis))| {
            let share = (value.abs() / largest).min(1.0);
            let half = axis * (0.5 * LINE_SHARE * span * share);
            (share > LINE_LEAST && half.is_finite()).then_some(Line { middle, half, tension: value > 0.0 })
        },
    )
}

impl Shown {
    /// Makes the skins, or takes them from `before` when it is about the same outcome.
    ///
    /// # Errors
    /// A sentence for the person when the field is not in the outcome.
    pub fn new(view: ResultView, before: Option<Shown>) -> Result<Self, String> {
        let same = before.filter(|b| Arc::ptr_eq(&b.view.outcome, &view.outcome));
        let model = same.map_or_else(|| skins(&view.outcome), |before| before.model);
        let (outcome, beside) = (view.outcome.clone(), view.tensor.clone());
        let outcomes: Vec<&Outcome> = std::iter::once(&*outcome).chain(beside.as_deref()).collect();
        let case = view.reading.case.as_deref();
        // States side by side have no shape in common.
        let is_state = view.reading.over == Over::State;
        let n = model.n_points as usize;
        let mut displacement = vec![[0f32; 3]; n];
        let mut values = vec![f32::NAN; n];
        let mut found = false;
        let names: Vec<&str> = surfaces(&outcome).map(|(name, ..)| name).collect();
        for (body, mesh) in model.bodies.iter().zip(names) {
            let first = body.first_point as usize;
            let n_points = body.surface.points.len();
            if let Some(moved) = pick_field(&outcome, mesh, "displacement", case).filter(|_| is_state)
                && moved.components == 3
                && moved.location == Location::Point
                && moved.values.len() == 3 * n_points
            {
                for (to, from) in displacement[first..].iter_mut().zip(moved.values.chunks_exact(3)) {
                    *to = [0, 1, 2].map(|i| if from[i].is_finite() { from[i] } else { 0.0 });
                }
            }
            let of_cells = || match &view.reading.quantity {
                Quantity::Stored(id) => at_points(pick_field(&outcome, mesh, id, case)?, &body.surface),
                _ => None,
            };
            if let Some(shown) = view.reading.on(&outcomes, mesh, &body.surface.points).or_else(of_cells) {
                found = true;
                values[first..first + n_points].copy_from_slice(&shown);
            }
        }
        if !found {
            return Err(format!(
                "This result has no field “{}” for the chosen load case.",
                view.reading.quantity.key()
            ));
        }
        let mut extremes: Option<[u32; 2]> = None;
        for (i, v) in values.iter().enumerate().filter(|(_, v)| v.is_finite()) {
            let i = i as u32;
            extremes = Some(extremes.map_or([i, i], |[lo, hi]| {
                [if *v < values[lo as usize] { i } else { lo }, if *v > values[hi as usize] { i } else { hi }]
            }));
        }
        let [min, max] = extremes.map_or([0.0; 2], |e| e.map(|i| f64::from(values[i as usize])));
        let mut shown = Self {
            view,
            model,
            displacement,
            values,
            min,
            max,
            scale: 1.0,
            swing: 1.0,
            extremes,
            lines: Vec::new(),
            line_stress: 0.0,
        };
        let wished = || shown.view.scale.filter(|s| s.is_finite()).unwrap_or_else(|| shown.automatic());
        shown.scale = if is_state { wished() } else { 0.0 };
        if shown.view.directions && is_state {
            shown.draw_directions(&outcomes);
        }
        Ok(shown)
    }

    /// Way from one line of a principal stress to the next, m.
    pub fn line_span(&self) -> f64 {
        self.model.bounds.map_or(0.0, |(lo, hi)| hi.distance(lo)) / LINES_ACROSS
    }

    /// Lines along the principal stresses, at points spread evenly over the skins.
    fn draw_directions(&mut self, outcomes: &[&Outcome]) {
        let span = self.line_span();
        let only = self.view.reading.quantity.principal();
        let case = self.view.reading.case.as_deref();
        let names: Vec<&str> = surfaces(outcomes[0]).map(|(name, ..)| name).collect();
        let mut chosen: Vec<(DVec3, tensor::Tensor)> = Vec::new();
        for (body, mesh) in self.model.bodies.iter().zip(names) {
            let all = reading::fields(outcomes, mesh, STRESS);
            let of_case = |f: &&&Field| case.is_none_or(|case| f.case.as_deref().is_none_or(|c| c == case));
            let Some(field) = all.iter().find(of_case).filter(|f| f.values.len() == 6 * body.surface.points.len())
            else {
                continue;
            };
            // The first point of every bin.
            let mut seen = std::collections::HashSet::new();
            for (i, s) in field.values.as_chunks::<6>().0.iter().enumerate() {
                let s = s.map(f64::from);
                let at = body.point(i as u32);
                if span > 0.0 && seen.insert((at / span).floor().as_i64vec3()) {
                    chosen.push((self.displaced(body.first_point + i as u32), s));
                }
            }
        }
        let size = |s: &tensor::Tensor| {
            let [first, _, third] = tensor::principal(*s);
            first.abs().max(third.abs())
        };
        let mut sizes: Vec<f64> = chosen.iter().map(|(_, s)| size(s)).collect();
        sizes.sort_by(f64::total_cmp);
        let largest = sizes.get((LINE_RANK * sizes.len() as f64) as usize).copied().unwrap_or(0.0);
        self.line_stress = largest;
        self.lines = chosen.into_iter().flat_map(|(at, s)| lines_at(s, at, only, largest, span)).collect();
    }

    /// States that values are the numbers of, where they are.
    pub fn n_states(&self) -> Option<usize> {
        if !self.view.reading.over.counts() {
            return None;
        }
        let outcomes: Vec<&Outcome> = std::iter::once(&*self.view.outcome).chain(self.view.tensor.as_deref()).collect();
        let names = surfaces(&self.view.outcome).map(|(name, ..)| name);
        names.filter_map(|name| Some(self.view.reading.sources(&outcomes, name)?.fields.len())).max()
    }

    /// Equal steps of the colours; 0: none.
    pub fn bands(&self) -> f32 {
        let steps = if self.view.banded { app::colormap::BANDS as usize } else { 0 };
        self.n_states().unwrap_or(steps) as f32
    }

    /// Multiplier that shows the largest displacement as a fixed part of the size; 1 when nothing moves.
    fn automatic(&self) -> f64 {
        let largest = self.displacement.iter().map(|d| DVec3::from(d.map(f64::from)).length()).fold(0.0, f64::max);
        let size = self.model.bounds.map_or(0.0, |(lo, hi)| hi.distance(lo));
        let scale = AUTOMATIC * size / largest;
        if scale.is_finite() && scale > 0.0 { scale } else { 1.0 }
    }

    /// A value's place on the colour scale is `(value - start) * rate`.
    pub fn ramp(&self) -> (f64, f64) {
        let (lo, hi) = self.range();
        let rate = 1.0 / (hi - lo);
        if self.view.inverted { (hi, -rate) } else { (lo, rate) }
    }

    /// Limits of the colours: the person's, else the field's; never empty.
    pub fn range(&self) -> (f64, f64) {
        if let Some(n) = self.n_states() {
            // Each number in the middle of its band.
            return (-0.5, n as f64 - 0.5);
        }
        let (lo, hi) = colour_limits(self.view.range, self.view.ceiling, self.min, self.max);
        if hi > lo { (lo, hi) } else { (lo, lo + lo.abs().max(1e-12)) }
    }

    /// Lets a result that plays swing on to the time `now`, ms; whether it plays.
    pub fn play(&mut self, now: f64) -> bool {
        if self.view.playing {
            self.swing = (std::f64::consts::TAU * now / SWING).cos();
        }
        self.view.playing
    }

    /// Multiplier of the displacement in the picture of now.
    pub fn drawn_scale(&self) -> f32 {
        (self.scale * self.swing) as f32
    }

    /// Point at the full deformation, world, m.
    pub fn displaced(&self, point: u32) -> DVec3 {
        let moved = DVec3::from(self.displacement[point as usize].map(f64::from)) * self.scale;
        self.undisplaced(point) + moved
    }

    pub fn undisplaced(&self, point: u32) -> DVec3 {
        let after = self.model.bodies.partition_point(|b| b.first_point <= point);
        let body = &self.model.bodies[after - 1];
        body.point(point - body.first_point)
    }

    /// The skins as drawn, for picking and for the section.
    pub fn displaced_parts(&self) -> impl Iterator<Item = Part> + '_ {
        self.model.bodies.iter().map(|body| {
            let mut surface = SurfaceMesh::clone(&body.surface);
            for (i, p) in surface.points.iter_mut().enumerate() {
                *p = self.displaced(body.first_point + i as u32).to_array();
            }
            Part { name: body.name.clone(), colour: body.colour, surface: Arc::new(surface) }
        })
    }

    /// Value under a hit, between the corners of its triangle; `None` where the field says nothing. `hit.body` counts
    /// within [`Self::model`].
    pub fn probe(&self, hit: &Hit) -> Option<f64> {
        let body = self.model.bodies.get(hit.body).filter(|_| !hit.cap)?;
        let corners = body.surface.triangles.get(hit.triangle as usize)?;
        let of = |k: usize| f64::from(self.values[(body.first_point + corners[k]) as usize]);
        // Between two states there is none.
        let last = self.view.reading.over.counts().then(|| of(2));
        let value = last.unwrap_or_else(|| (0..3).map(|k| hit.weights[k] * of(k)).sum());
        value.is_finite().then_some(value)
    }

    /// Where a point under a hit on the skin rests, and the outward normal there.
    pub fn rest(&self, hit: &Hit) -> Option<(DVec3, DVec3)> {
        let body = self.model.bodies.get(hit.body).filter(|_| !hit.cap)?;
        let [a, b, c] = body.triangle(hit.triangle);
        Some((a * hit.weights[0] + b * hit.weights[1] + c * hit.weights[2], (b - a).cross(c - a).normalize_or_zero()))
    }
}

fn surfaces(outcome: &Outcome) -> impl Iterator<Item = (&str, &str, &SurfaceMesh)> {
    outcome.meshes.iter().filter_map(|m| match m {
        OutcomeMesh::Surface { name, body, surface } => Some((name.as_str(), body.as_str(), surface)),
        OutcomeMesh::Grid { .. } | OutcomeMesh::Solid { .. } => None,
    })
}

fn skins(outcome: &Outcome) -> Model {
    Model::new(surfaces(outcome).enumerate().map(|(i, (_, body, surface))| {
        let mut surface = surface.clone();
        // Solvers have no use for edges; whoever looks at a shape has.
        if surface.edges.is_empty() {
            surface.edges = border::borders(&surface);
        }
        Part { name: body.into(), colour: theme::body_colour(i), surface: Arc::new(surface) }
    }))
}

/// The field of a mesh for a load case; a field that belongs to no case serves every case, and no case takes the first.
pub fn pick_field<'a>(outcome: &'a Outcome, mesh: &str, id: &str, case: Option<&str>) -> Option<&'a Field> {
    let mut own = outcome.fields.iter().filter(|f| f.mesh == mesh && f.id == id);
    match case {
        Some(case) => own.find(|f| f.case.as_deref().is_none_or(|c| c == case)),
        None => own.next(),
    }
}

/// One value per point of a field of triangles: the mean of those around, weighted by area; vectors by their length.
fn at_points(field: &Field, mesh: &SurfaceMesh) -> Option<Vec<f32>> {
    let components = usize::from(field.components.max(1));
    let single = |v: &[f32]| if components == 1 { v[0] } else { v.iter().map(|x| x * x).sum::<f32>().sqrt() };
    let values: Vec<f32> = field.values.chunks_exact(components).map(single).collect();
    match field.location {
        Location::Point => None,
        Location::Cell => {
            if values.len() != mesh.triangles.len() {
                return None;
            }
            let mut sums = vec![(0.0f64, 0.0f64); mesh.points.len()];
            for (t, value) in values.iter().enumerate().filter(|(_, v)| v.is_finite()) {
                let area = DVec3::from_array(mesh.triangle_cross(t)).length();
                for &i in &mesh.triangles[t] {
                    let sum = &mut sums[i as usize];
                    *sum = (sum.0 + area * f64::from(*value), sum.1 + area);
                }
            }
            Some(sums.into_iter().map(|(v, w)| (v / w) as f32).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use solver::quantity::Dimension;
    use solver::result::Reading;
    use solver::study::outcome::Grade;

    fn field(id: &str, components: u8, case: Option<&str>, values: Vec<f32>) -> Field {
        Field {
            id: id.into(),
            label: id.into(),
            mesh: "skin of block".into(),
            location: Location::Point,
            components,
            dimension: Dimension::NONE,
            case: case.map(Into::into),
            grade: Grade::Instant,
            values,
        }
    }

    /// A block stretched along x: u = 1e-3 x, value = 10 x, in case `a`; twice that in case `b`.
    fn outcome() -> Outcome {
        let surface = sample::cuboid([0.0; 3], [0.2, 0.1, 0.05]);
        let mut out = Outcome::default();
        for (case, k) in [("a", 1.0), ("b", 2.0)] {
            let moved = surface.points.iter().flat_map(|p| [1e-3 * k * p[0] as f32, 0.0, 0.0]).collect();
            let values = surface.points.iter().map(|p| 10.0 * k * p[0] as f32).collect();
            out.fields.push(field("displacement", 3, Some(case), moved));
            out.fields.push(field("load", 1, Some(case), values));
        }
        out.meshes.push(OutcomeMesh::Surface { name: "skin of block".into(), body: "block".into(), surface });
        out
    }

    fn shown(case: &str, scale: Option<f64>) -> Shown {
        let view = ResultView {
            outcome: Arc::new(outcome()),
            tensor: None,
            reading: Reading::stored("load", Some(case)),
            directions: false,
            scale,
            ghost: true,
            banded: false,
            range: None,
            inverted: false,
            ceiling: None,
            flags: true,
            playing: false,
        };
        Shown::new(view, None).unwrap()
    }

    #[test]
    fn the_chosen_case_is_shown_with_its_range() {
        let a = shown("a", Some(1.0));
        assert!((a.min, a.max) == (0.0, 2.0), "{} {}", a.min, a.max);
        let b = shown("b", Some(1.0));
        assert_eq!(b.max, 4.0);
        assert_eq!(b.range(), (0.0, 4.0));
        let [lo, hi] = a.extremes.unwrap();
        assert_eq!((a.undisplaced(lo).x, a.undisplaced(hi).x), (0.0, 0.2));
    }

    #[test]
    fn automatic_scale_makes_the_largest_move_a_twelfth_of_the_size() {
        let s = shown("a", None);
        let far = s.extremes.unwrap()[1];
        let moved = s.displaced(far).distance(s.undisplaced(far));
        let size = DVec3::new(0.2, 0.1, 0.05).length();
        assert!((moved / size - AUTOMATIC).abs() < 1e-6);
        let one = shown("a", Some(1.0));
        assert!((one.displaced(far).x - 0.2002).abs() < 1e-8);
    }

    #[test]
    fn a_probe_reads_between_the_corners() {
        let s = shown("a", Some(1.0));
        // a triangle of the top face; value is linear, so any weights give 10 x
        let t = s.model.bodies[0].surface.triangles.iter().position(|t| t == &[4, 5, 7]).unwrap() as u32;
        let weights = [0.2, 0.5, 0.3];
        let x: f64 = [4u32, 5, 7].iter().zip(weights).map(|(&i, w)| w * s.model.bodies[0].point(i).x).sum();
        let hit = Hit { body: 0, triangle: t, at: DVec3::ZERO, t: 1.0, weights, cap: false };
        assert!((s.probe(&hit).unwrap() - 10.0 * x).abs() < 1e-6);
        assert_eq!(s.probe(&Hit { cap: true, ..hit }), None, "the skin says nothing about the inside");
        assert_eq!(s.probe(&Hit { body: 7, ..hit }), None);
    }

    #[test]
    fn a_constant_field_has_a_range_and_a_missing_one_is_said() {
        let mut outcome = outcome();
        outcome.fields[1].values.fill(5.0);
        let outcome = Arc::new(outcome);
        let s = Shown::new(ResultView { outcome: outcome.clone(), ..shown("a", None).view }, None).unwrap();
        let (lo, hi) = s.range();
        assert!(lo == 5.0 && hi > lo);
        let view = ResultView { outcome, reading: Reading::stored("heat", None), ..shown("a", None).view };
        assert!(Shown::new(view, None).unwrap_err().contains("heat"));
    }

    #[test]
    fn an_inverted_ramp_gives_the_bright_end_to_the_smallest_and_a_ceiling_ends_it() {
        let mut s = shown("a", None);
        let place = |s: &Shown, v: f64| (v - s.ramp().0) * s.ramp().1;
        assert_eq!((place(&s, 0.0), place(&s, 2.0)), (0.0, 1.0));
        s.view.inverted = true;
        s.view.ceiling = Some(1.5);
        assert_eq!((place(&s, 0.0), place(&s, 1.5)), (1.0, 0.0));
        assert!(place(&s, 2.0) < 0.0, "the shader clamps");
        s.view.ceiling = Some(9.0);
        assert_eq!(s.range(), (0.0, 2.0), "a ceiling beyond the field changes nothing");
    }

    #[test]
    fn an_envelope_has_no_shape_and_its_map_a_band_for_each_case() {
        let of = |over| {
            let reading = Reading { over, ..Reading::stored("load", None) };
            Shown::new(ResultView { reading, ..shown("a", None).view }, None).unwrap()
        };
        let worst = of(Over::Largest);
        assert_eq!((worst.max, worst.scale, worst.bands()), (4.0, 0.0, 0.0));
        let far = worst.extremes.unwrap()[1];
        assert_eq!(worst.displaced(far), worst.undisplaced(far));
        let map = of(Over::GoverningLargest);
        assert_eq!((map.bands(), map.range()), (2.0, (-0.5, 1.5)));
        assert_eq!(map.max, 1.0);
    }

    #[test]
    fn lines_follow_the_principal_stresses() {
        // A pull along x twice as large as the push along y.
        let mut tensor = Outcome::default();
        let values = (0..8).flat_map(|_| [10.0, -5.0, 0.0, 0.0, 0.0, 0.0]).collect();
        tensor.fields.push(field(STRESS, 6, Some("a"), values));
        let view = ResultView { tensor: Some(Arc::new(tensor)), directions: true, ..shown("a", None).view };
        let all = Shown::new(view.clone(), None).unwrap();
        assert!(
            all.lines.len() == 16 && (all.line_stress - 10.0).abs() < 1e-9,
            "{} {}",
            all.lines.len(),
            all.line_stress
        );
        let pull = all.lines.iter().find(|l| l.tension).unwrap();
        assert!((pull.half.x.abs() - 0.5 * LINE_SHARE * all.line_span()).abs() < 1e-9 && pull.half.y.abs() < 1e-12);
        let third =
            Reading { quantity: Quantity::Stress(solver::result::Measure::Principal(2)), ..view.reading.clone() };
        let only = Shown::new(ResultView { reading: third, ..view }, None).unwrap();
        assert!(only.lines.len() == 8 && only.lines.iter().all(|l| !l.tension && l.half.x.abs() < 1e-12));
    }

    #[test]
    fn cell_values_reach_their_points() {
        let mesh = sample::cuboid([0.0; 3], [1.0; 3]);
        let mut cells = field("density", 1, None, vec![3.0; 12]);
        cells.location = Location::Cell;
        assert!(at_points(&cells, &mesh).unwrap().iter().all(|v| (*v - 3.0).abs() < 1e-6));
        cells.values.pop();
        assert!(at_points(&cells, &mesh).is_none());
    }
}
