//! From the design's objects to what the solver needs, with an issue for everything that is missing or odd.

use super::bolt::{self, Bolt};
use super::load::{Spin, Traction};
use super::motion;
use super::patch::Patch;
use super::support::{self, Hold, Support};
use crate::design::schema::{Section, field};
use crate::design::{Design, Issue, Object, ROOM, Resolved, Severity, resolve};
use crate::quantity;
use crate::study::bond::Bonded;
use crate::study::isotropic;
pub use crate::study::part::Part;
use crate::study::part::{faces_of, parts, touching};
use crate::study::resolution::{Refined, Resolution};
use crate::study::{Case, thermal};
use glam::DVec3;
use std::collections::BTreeSet;

/// A load on faces of the model.
pub struct FaceLoad {
    pub object: Object,
    pub faces: Vec<(usize, usize)>,
    pub traction: Traction,
    /// The faces move as one solid piece.
    pub rigid: bool,
    /// Every point of the surface mesh takes an equal share, instead of every area.
    pub by_points: bool,
}

/// Loads that act together.
pub struct LoadCase {
    pub id: String,
    pub label: String,
    /// Index into the face loads, and the factor.
    pub loads: Vec<(usize, f64)>,
    /// Sum of the gravity loads, m/s².
    pub gravity: DVec3,
    /// Steady turning, each with the load case's factor.
    pub spins: Vec<Spin>,
}

impl LoadCase {
    /// Whether mass is loaded.
    pub fn is_heavy(&self) -> bool {
        self.gravity != DVec3::ZERO || !self.spins.is_empty()
    }

    /// Force per mass at a place, m/s²; linear in the place.
    pub fn acceleration(&self, at: DVec3) -> DVec3 {
        self.gravity + self.spins.iter().map(|s| s.acceleration(at)).sum::<DVec3>()
    }
}

/// Which discretisation answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Cells that the surface cuts: an answer for thinking.
    Instant,
    /// Tetrahedra that follow the surface, refined until the answer stands: an answer for signing.
    Verified,
}

/// Temperatures that bodies expand with.
pub enum Warmth<'a> {
    /// One temperature everywhere, K.
    Given(f64),
    /// Those of a heat study on the same mesh.
    Heat(Box<thermal::Setup<'a>>),
}

/// Everything a run needs, resolved.
pub struct Setup<'a> {
    pub parts: Vec<Part<'a>>,
    pub supports: Vec<Support>,
    pub loads: Vec<FaceLoad>,
    /// Tightened in every load case.
    pub bolts: Vec<Bolt>,
    pub cases: Vec<LoadCase>,
    pub method: Method,
    pub resolution: Resolution,
    pub refined: Refined,
    pub bonded: Bonded,
    /// Wished half width of the bands over the values, for the verified method.
    pub accuracy: f64,
    /// What bodies expand with, and the temperature that is free of stress, K.
    pub warmth: Option<(Warmth<'a>, f64)>,
    /// Where it is one everywhere, or not known: the temperature that materials are taken at, K.
    pub even: f64,
    /// What share of the whole the bodies are, where supports are planes of symmetry.
    pub share: Option<String>,
}

impl<'a> Setup<'a> {
    /// Reads the set-up of a study of bodies under loads; issues of severity error mean it must not be run.
    pub fn read(case: &Case<'a>) -> (Self, Vec<Issue>) {
        let (setup, mut issues) = Self::read_with(case, true);
        setup.check_supports(case, &mut issues);
        setup.check_walls(case, &mut issues);
        setup.check_spins(case, &mut issues);
        (setup, issues)
    }

    /// Reads the set-up of a study without loads, whose bodies may be free: no load cases, and supports as there are.
    pub fn read_unloaded(case: &Case<'a>) -> (Self, Vec<Issue>) {
        Self::read_with(case, false)
    }

    fn read_with(case: &Case<'a>, loaded: bool) -> (Self, Vec<Issue>) {
        let design = case.design;
        let (resolved, _) = resolve(design);
        let mut issues = Vec::new();
        let parts = parts(case, &mut issues);
        let faces_of = |object: &Object, issues: &mut Vec<Issue>| faces_of(case, &parts, object, issues);

        let supports = support::read(case, &resolved, &parts, &faces_of, &mut issues);
        let mut loads = Vec::new();
        let bolts = if loaded { bolt::read(case, &resolved, &parts, &mut issues) } else { Vec::new() };
        let warmth = warmth(case, &resolved, &parts, &mut issues);
        // Expansion, given displacements and bolts load every case.
        let strained = warmth.is_some() || !bolts.is_empty() || supports.iter().any(|s| s.hold.way() > 0.0);
        let cases =
            if loaded { cases(case, &resolved, &mut loads, &mut issues, &faces_of, strained) } else { Vec::new() };

        let resolution = Resolution::read(case.study, &resolved, &mut issues);
        let refined = Refined::read(case, &resolved, &mut issues);
        let bonded = Bonded::read(case, &resolved, &parts, &mut issues);
        // A study without the choice has the verified method alone.
        let method = if case.study.choice("method") == "instant" { Method::Instant } else { Method::Verified };
        let accuracy = resolved.number(case.study, "accuracy").unwrap_or_else(|issue| {
            // A study that does not refine has no such property.
            if method == Method::Verified && field(&case.study.kind, "accuracy").is_some() {
                issues.push(issue);
            }
            0.05
        });
        let even = match &warmth {
            Some((Warmth::Given(t), _)) => *t,
            // Without a change of temperature, the one that is free of stress.
            None if case.study.kind == "static" && method == Method::Verified => {
                resolved.number(case.study, "stress_free").unwrap_or(ROOM)
            }
            _ => ROOM,
        };
        bolt::check(case, method, &bolts, &supports, &loads, &mut issues);
        let mut setup = Self {
            parts,
            supports,
            loads,
            bolts,
            cases,
            method,
            resolution,
            refined,
            bonded,
            accuracy,
            warmth,
            even,
            share: None,
        };
        setup.share = setup.share_of(case);
        setup.check_directions(case, &mut issues);
        setup.check_temperatures(case, &mut issues);
        setup.check_ways(case, &mut issues);
        setup.check_solid(case, &mut issues);
        setup.check_sides(case, &mut issues);
        setup.check_mirrored(case, &mut issues);
        (setup, issues)
    }

    /// What a report says of the set-up besides its objects.
    pub fn facts(&self) -> Vec<(String, String)> {
        self.share.iter().map(|share| ("symmetry".into(), share.clone())).collect()
    }

    /// Bounds of all parts, m.
    pub fn bounds(&self) -> Option<([f64; 3], [f64; 3])> {
        self.parts.iter().filter_map(|p| p.surface.bounds()).reduce(|(mut lo, mut hi), (l, h)| {
            for a in 0..3 {
                lo[a] = lo[a].min(l[a]);
                hi[a] = hi[a].max(h[a]);
            }
            (lo, hi)
        })
    }

    /// The cell edge that gives about the cells asked for, m: whole cells by volume, cut ones by area.
    pub fn cell(&self) -> f64 {
        match self.resolution {
            Resolution::Size(h) => h,
            Resolution::Cells(n) => self.cell_for(n),
        }
    }

    /// The cell edge that gives about `n` solid cells, m.
    pub fn cell_for(&self, n: f64) -> f64 {
        cell_for(n, self.parts.iter().map(|p| p.volume).sum(), self.parts.iter().map(|p| p.area).sum())
    }

    /// About how many solid cells an edge of `h` gives.
    pub fn n_cells(&self, h: f64) -> f64 {
        self.parts.iter().map(|p| p.volume / h.powi(3) + CUT_PER_AREA * p.area / h.powi(2)).sum()
    }

    /// Area of faces, `(body, face)` of the model, m².
    pub fn area(&self, faces: &[(usize, usize)]) -> f64 {
        let surface = |body: usize| self.parts.iter().find(|p| p.index == body).map(|p| p.surface);
        faces.iter().filter_map(|(body, face)| Some(surface(*body)?.faces.get(*face)?.area)).sum()
    }

    /// Diagonal of the bounds, m.
    pub fn size(&self) -> f64 {
        self.bounds().map_or(0.0, |(lo, hi)| DVec3::from(hi).distance(lo.into()))
    }

    /// Held faces of the bodies of `group`, by support.
    fn held(&self, case: &Case, group: &[usize]) -> Vec<(Patch, Hold)> {
        let patch = |s: &Support| {
            let faces: Vec<_> = s.faces.iter().copied().filter(|(b, _)| group.contains(b)).collect();
            (Patch::new(case.model, &faces, self.size() / 20.0), s.hold)
        };
        self.supports.iter().map(patch).collect()
    }

    /// Rigid motions that the supports leave free; bodies that touch move as one.
    pub fn n_free(&self, case: &Case) -> usize {
        let free = |group: Vec<usize>| {
            let patches = self.held(case, &group);
            if patches.iter().all(|(p, _)| p.area == 0.0) {
                return 6;
            }
            let held: Vec<(&Patch, Hold)> = patches.iter().map(|(p, h)| (p, *h)).collect();
            motion::free(&held, self.size()).len()
        };
        touching(&self.parts, self.cell(), &self.bonded).into_iter().map(free).sum()
    }

    fn check_supports(&self, case: &Case, issues: &mut Vec<Issue>) {
        if self.parts.is_empty() {
            return;
        }
        if self.supports.iter().all(|s| s.faces.is_empty()) {
            issues.push(Issue::error(
                case.study,
                "supports",
                "Nothing holds the design: add a fixed support or another, and pick its faces",
            ));
            return;
        }
        let size = self.size();
        for group in touching(&self.parts, self.cell(), &self.bonded) {
            let patches = self.held(case, &group);
            let held: Vec<(&Patch, Hold)> = patches.iter().map(|(p, h)| (p, *h)).collect();
            let free = motion::free(&held, size);
            if free.is_empty() {
                continue;
            }
            let names: Vec<&str> =
                self.parts.iter().filter(|p| group.contains(&p.index)).map(|p| p.label.as_str()).collect();
            let who = names.join(" with ");
            let message = if held.iter().all(|(p, _)| p.area == 0.0) {
                format!(
                    "{who} is held by nothing: add a support on one of its faces, or let it touch a body that is held"
                )
            } else {
                let ways: Vec<String> = free.iter().map(motion::Free::describe).collect();
                format!("{who} is free to {}: add a support that stops it", ways.join(", and to "))
            };
            issues.push(Issue::error(case.study, "supports", message));
        }
    }

    /// What orthotropic bodies cannot have.
    fn check_directions(&self, case: &Case, issues: &mut Vec<Issue>) {
        let names: Vec<&str> =
            self.parts.iter().filter(|p| p.orthotropic.is_some()).map(|p| p.label.as_str()).collect();
        if names.is_empty() || case.study.kind != "static" {
            return;
        }
        let who = names.join(", ");
        issues.push(if self.method == Method::Instant {
            let message =
                format!("{who}: orthotropic, and the instant method knows one stiffness only; choose Verified");
            Issue::error(case.study, "method", message)
        } else {
            let message =
                format!("{who}: orthotropic, so without a safety factor: the von Mises stress knows no directions");
            Issue::warning(case.study, "bodies", message)
        });
    }

    /// At which temperature materials are taken that depend on it, and whether they are known there.
    fn check_temperatures(&self, case: &Case, issues: &mut Vec<Issue>) {
        for part in self.parts.iter().filter(|p| p.orthotropic.is_none() && !p.material.mechanical.is_empty()) {
            let static_study = case.study.kind == "static";
            if !static_study || self.method == Method::Instant {
                let what = if static_study { "the instant method" } else { "this study" };
                let message = format!(
                    "{}: {what} knows no temperature; it takes the values of {} at 20 °C",
                    part.label, part.material.name
                );
                issues.push(Issue::warning(case.study, "bodies", message));
                continue;
            }
            let (low, high) = match &self.warmth {
                Some((Warmth::Given(t), rest)) => (t.min(*rest), t.max(*rest)),
                Some((Warmth::Heat(_), rest)) => (*rest, *rest),
                None => (self.even, self.even),
            };
            let beyond = isotropic::beyond(&part.label, &part.material.mechanical, low, high);
            issues.extend(beyond.map(|message| Issue::warning(case.study, "bodies", message)));
        }
    }

    fn check_spins(&self, case: &Case, issues: &mut Vec<Issue>) {
        if self.cases.iter().all(|c| c.spins.is_empty()) {
            return;
        }
        let (resolved, _) = resolve(case.design);
        for object in case.design.section(Section::Load).filter(|o| o.kind == "rotation" && !o.suppressed) {
            let Ok(spin) = spin(case.design, object, &resolved) else { continue };
            // Without load cases everything acts once.
            let factor = |c: &LoadCase| match case.design.get(&c.id.as_str().into()) {
                Some(o) if o.kind == "load_case" && o.refs("loads").contains(&object.id) => {
                    resolved.number(o, "factor").unwrap_or(1.0).abs()
                }
                Some(o) if o.kind == "load_case" => 0.0,
                _ => 1.0,
            };
            let spin = spin * self.cases.iter().map(factor).fold(0.0, f64::max);
            let reach = |p: &[f64; 3]| spin.distance((*p).into());
            let rim = self.parts.iter().flat_map(|p| &p.surface.points).map(reach).fold(0.0, f64::max);
            let rim_speed = spin.square.sqrt() * rim;
            if rim_speed > RIM_SPEED_MAX {
                issues.push(Issue::warning(
                    object,
                    "speed",
                    format!(
                        "{}: at {} the rim moves at {rim_speed:.0} m/s, more than any wheel stands; check the unit",
                        object.name,
                        quantity::format_turning(spin.square.sqrt(), 4)
                    ),
                ));
            }
        }
    }

    fn check_walls(&self, case: &Case, issues: &mut Vec<Issue>) {
        if self.parts.is_empty() || self.method == Method::Verified {
            return;
        }
        let h = self.cell();
        for part in &self.parts {
            // Mean wall of a plate-like body; thin spots of a bulky one show in the cut cells of the run.
            let wall = 2.0 * part.volume / part.area.max(f64::MIN_POSITIVE);
            if wall < 2.0 * h {
                issues.push(Issue::warning(
                    case.study,
                    "resolution",
                    format!(
                        "{}: its walls are about {:.2} mm, less than two cells of {:.2} mm; choose a finer resolution",
                        part.label,
                        wall * 1e3,
                        h * 1e3
                    ),
                ));
            }
        }
    }
}

/// Fastest rim that no material bears, m/s: carbon fibre rotors burst near 1,500.
const RIM_SPEED_MAX: f64 = 1500.0;

/// Cells per area of surface beyond what the volume accounts for, in units of the cell's own area.
const CUT_PER_AREA: f64 = 0.75;

fn cell_for(n: f64, volume: f64, area: f64) -> f64 {
    let (mut low, mut high) = (0.0, (volume / n).cbrt().max((area / n).sqrt()) * 4.0);
    for _ in 0..80 {
        let h = 0.5 * (low + high);
        if volume / h.powi(3) + CUT_PER_AREA * area / h.powi(2) > n { low = h } else { high = h }
    }
    high
}

/// What is said of a study that asks the instant method for what it does not know.
const COLD: &str = "The instant method does not know expansion by temperature: it answers for the loads and supports \
                    alone; choose verified, or no change of temperature";

/// What the study's bodies expand with.
fn warmth<'a>(
    case: &Case<'a>,
    resolved: &Resolved,
    parts: &[Part],
    issues: &mut Vec<Issue>,
) -> Option<(Warmth<'a>, f64)> {
    let study = case.study;
    let by = study.choice("warmth");
    if by != "given" && by != "heat" {
        return None;
    }
    if study.choice("method") != "verified" {
        // Its numbers stand beside verified ones that hold it.
        issues.push(Issue::warning(study, "method", COLD));
        return None;
    }
    let mut number = |key: &str| resolved.number(study, key).map_err(|issue| issues.push(issue)).ok();
    let free = number("stress_free")?;
    if by == "given" {
        return Some((Warmth::Given(number("temperature")?), free));
    }
    let chosen = study.refs("heat").into_iter().find_map(|id| case.design.get(&id));
    let Some(object) = chosen.filter(|o| o.kind == "heat" && !o.suppressed) else {
        issues.push(Issue::error(study, "heat", "Choose a heat study whose temperatures the bodies expand with"));
        return None;
    };
    let heat = Case { design: case.design, study: object, model: case.model, upstream: case.upstream };
    let (setup, found) = thermal::Setup::read(&heat);
    let errors: Vec<Issue> = found.into_iter().filter(|i| i.severity == Severity::Error).collect();
    let sound = errors.is_empty();
    issues.extend(errors);
    if !parts.iter().map(|p| p.index).eq(setup.parts.iter().map(|p| p.index)) {
        issues.push(Issue::error(study, "heat", format!("{} is about other bodies than this study", object.name)));
        return None;
    }
    sound.then(|| (Warmth::Heat(Box::new(setup)), free))
}

/// Faces of an object among the bodies that take part.
type FacesOf<'a> = dyn Fn(&Object, &mut Vec<Issue>) -> Vec<(usize, usize)> + 'a;

fn cases(
    case: &Case,
    resolved: &Resolved,
    loads: &mut Vec<FaceLoad>,
    issues: &mut Vec<Issue>,
    faces_of: &FacesOf,
    strained: bool,
) -> Vec<LoadCase> {
    let design = case.design;
    let chosen = case.study.refs("cases");
    let objects: Vec<&Object> = design
        .section(Section::LoadCase)
        .filter(|o| !o.suppressed && (chosen.is_empty() || chosen.contains(&o.id)))
        .collect();
    let all: Vec<&Object> = design.section(Section::Load).filter(|o| !o.suppressed).collect();
    // (id, label, factor, loads)
    let mut wanted: Vec<(String, String, f64, Vec<&Object>)> = Vec::new();
    if objects.is_empty() && !chosen.is_empty() {
        let message = "None of its load cases acts: they are suppressed or gone; activate one, or choose others";
        issues.push(Issue::error(case.study, "cases", message));
    } else if objects.is_empty() {
        wanted.push((case.study.id.0.clone(), "All loads".into(), 1.0, all));
    } else {
        for object in objects {
            let factor = resolved.number(object, "factor").unwrap_or_else(|issue| {
                issues.push(issue);
                1.0
            });
            let mut these = Vec::new();
            for id in object.refs("loads") {
                match design.get(&id) {
                    Some(load) if load.suppressed => {}
                    Some(load) => these.push(load),
                    None => issues.push(Issue::error(object, "loads", format!("{id} is not in the design any more"))),
                }
            }
            wanted.push((object.id.0.clone(), object.name.clone(), factor, these));
        }
    }
    let mut out = Vec::new();
    for (id, label, factor, objects) in wanted {
        let mut one = LoadCase { id, label, loads: Vec::new(), gravity: DVec3::ZERO, spins: Vec::new() };
        for object in objects {
            if object.kind == "gravity" {
                match resolved.vector(object, "acceleration") {
                    Ok(g) => one.gravity += DVec3::from(g) * factor,
                    Err(issue) => issues.push(issue),
                }
                continue;
            }
            if object.kind == "rotation" {
                match spin(design, object, resolved) {
                    Ok(spin) => one.spins.extend((spin.square != 0.0).then_some(spin * factor)),
                    Err(issue) => issues.push(issue),
                }
                continue;
            }
            let known = loads.iter().position(|l| l.object.id == object.id);
            let at = known.or_else(|| {
                let (traction, rigid) = match traction(object, resolved) {
                    Ok(t) => t?,
                    Err(issue) => {
                        issues.push(issue);
                        return None;
                    }
                };
                let faces = faces_of(object, issues);
                let by_points = object.choice("weights") == "points";
                loads.push(FaceLoad { object: object.clone(), faces, traction, rigid, by_points });
                Some(loads.len() - 1)
            });
            one.loads.extend(at.map(|at| (at, factor)));
        }
        if one.loads.is_empty() && !one.is_heavy() && !strained {
            let message = format!(
                "{}: nothing loads it; add a force, pressure, moment, gravity or centrifugal load, or give a support a way \
                 to move",
                one.label
            );
            issues.push(Issue::error(case.study, "cases", message));
        }
        out.push(one);
    }
    out
}

/// The turning that a load object asks for.
fn spin(design: &Design, object: &Object, resolved: &Resolved) -> Result<Spin, Issue> {
    let axis = DVec3::from(resolved.vector(object, "direction")?);
    let axis = axis.try_normalize().ok_or_else(|| {
        Issue::error(object, "direction", "Axis direction: it has no length; give it one component at least")
    })?;
    if let Some(text) = with_hertz(design, &object.text("speed")) {
        let message =
            format!("Speed: '{text}' is in hertz, which count turns, and 1/s is rad/s; write it in rev/s or rpm");
        return Err(Issue::error(object, "speed", message));
    }
    let speed = resolved.number(object, "speed")?;
    Ok(Spin { point: resolved.vector(object, "point")?.into(), axis, square: speed * speed })
}

/// The expression in hertz that `text` is or leads to by its parameters.
fn with_hertz(design: &Design, text: &str) -> Option<String> {
    let (mut waiting, mut seen) = (vec![text.to_string()], BTreeSet::new());
    while let Some(text) = waiting.pop() {
        if text.contains("Hz") {
            return Some(text);
        }
        let named = quantity::names(&text).into_iter().filter(|n| seen.insert(n.clone()));
        let parameters = named.filter_map(|n| design.section(Section::Parameter).find(|o| o.name == n));
        waiting.extend(parameters.map(|o| o.text("value")));
    }
    None
}

/// The traction of a load object and whether its coupling is rigid; `None` for kinds that act on no face.
fn traction(object: &Object, resolved: &Resolved) -> Result<Option<(Traction, bool)>, Issue> {
    let vector = |key: &str| resolved.vector(object, key).map(DVec3::from);
    let rigid = object.choice("coupling") == "rigid";
    let found = match object.kind.as_str() {
        "force" => Traction::Force(vector("force")?),
        "pressure" => Traction::Pressure(resolved.number(object, "pressure")?),
        "moment" => Traction::Moment(vector("moment")?),
        "bearing" => Traction::Bearing(vector("force")?),
        "remote_force" => {
            let at = if object.flag("at_centroid") { None } else { Some(vector("point")?) };
            Traction::Remote(vector("force")?, at)
        }
        "remote_moment" => Traction::Moment(vector("moment")?),
        _ => return Ok(None),
    };
    Ok(Some((found, rigid)))
}
