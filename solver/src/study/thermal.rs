//! Heat as read off a design, for every study that needs temperatures: boundaries, sources, their course, and the
//! temperatures on a given mesh.

use super::form::thermal::{boundaries, is_steady};
use crate::design::{Issue, Object, Resolved, resolve};
use crate::fitted::heat::{Conduction, Conductivity, Exchange, Law, Matter, Moment};
use crate::fitted::march::{Reached, march};
use crate::fitted::{FittedError, Mesh, Span, hold};
use crate::linear::constraint::Constraints;
use crate::run::Ctx;
use crate::study::bond::Bonded;
use crate::study::isotropic;
use crate::study::part::{Part, faces_of, facets_of, parts, touching};
use crate::study::resolution::{Refined, Resolution};
use crate::study::{Case, StudyError};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;

/// Bodies within this share of the design's size count as neighbours, which may touch.
const NEAR: f64 = 1e-3;
/// Moments at which what depends on time is read before a run.
const SAMPLES: usize = 64;

/// What happens on faces.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Kept at a temperature.
    Kept,
    /// By its law; heat in total, if so given.
    Passes(Law, bool),
}

/// Faces through which heat passes.
pub struct Boundary {
    pub object: Object,
    pub kind: Kind,
    pub faces: Vec<(usize, usize)>,
}

/// Heat made in bodies.
pub struct Source {
    pub object: Object,
    /// Indices into the parts.
    pub parts: Vec<usize>,
    /// Given in total, not per volume.
    pub total: bool,
}

/// Steady or over time.
#[derive(Clone, Debug, PartialEq)]
pub enum Course {
    Steady,
    Transient {
        /// K
        initial: f64,
        /// Moments to keep, s, rising; the last is the end.
        stops: Vec<f64>,
    },
}

/// Sizes of a mesh that totals are divided by.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sizes {
    /// Of each boundary that heat passes through, m².
    pub areas: Vec<f64>,
    /// Of each part, m³.
    pub volumes: Vec<f64>,
}

impl Sizes {
    pub fn of(problem: &Conduction) -> Self {
        Self {
            areas: (0..problem.exchanges.len()).map(|k| problem.area(k)).collect(),
            volumes: (0..problem.mesh.parts.len()).map(|p| problem.volume(p)).collect(),
        }
    }
}

/// Everything a run needs, resolved.
pub struct Setup<'a> {
    pub parts: Vec<Part<'a>>,
    pub boundaries: Vec<Boundary>,
    pub sources: Vec<Source>,
    pub course: Course,
    pub resolution: Resolution,
    pub refined: Refined,
    pub bonded: Bonded,
    /// Wished half width of the bands over the range of temperatures.
    pub accuracy: f64,
    resolved: Resolved,
}

impl<'a> Setup<'a> {
    /// Reads the study's set-up; issues of severity error mean it must not be run.
    pub fn read(case: &Case<'a>) -> (Self, Vec<Issue>) {
        let (resolved, _) = resolve(case.design);
        let mut issues = Vec::new();
        let parts = parts(case, &mut issues);
        let (mut faced, mut sources) = (Vec::new(), Vec::new());
        for object in boundaries(case.design, case.study) {
            if object.kind == "heat_source" {
                sources.extend(source(case, &parts, object, &mut issues));
                continue;
            }
            match kind(object, &resolved) {
                Ok(Some(kind)) => {
                    let faces = faces_of(case, &parts, object, &mut issues);
                    faced.push(Boundary { object: object.clone(), kind, faces });
                }
                Ok(None) => {}
                Err(issue) => issues.push(issue),
            }
        }
        let mut number = |key: &str| {
            resolved.number(case.study, key).unwrap_or_else(|issue| {
                issues.push(issue);
                1.0
            })
        };
        let accuracy = number("accuracy");
        let course = if is_steady(case.study) {
            Course::Steady
        } else {
            let (initial, duration, n) = (number("initial"), number("duration"), number("states").max(1.0));
            Course::Transient { initial, stops: (1..=n as usize).map(|k| duration * k as f64 / n).collect() }
        };
        let resolution = Resolution::read(case.study, &resolved, &mut issues);
        let refined = Refined::read(case, &resolved, &mut issues);
        let bonded = Bonded::read(case, &resolved, &parts, &mut issues);
        let setup = Self { parts, boundaries: faced, sources, course, resolution, refined, bonded, accuracy, resolved };
        setup.check_matter(case, &mut issues);
        setup.check_values(&mut issues);
        setup.check_faces(&mut issues);
        setup.check_fixed(case, &mut issues);
        (setup, issues)
    }

    /// Own materials may leave out what only heat asks for; what an orthotropic one leaves out, another gives, and that is said.
    fn check_matter(&self, case: &Case, issues: &mut Vec<Issue>) {
        for part in &self.parts {
            let m = &part.thermal;
            let stores = self.is_steady() || m.specific_heat.range()[0] > 0.0;
            let lacks = match (m.conductivity.least() > 0.0, stores) {
                (true, true) => None,
                (false, _) => Some(("conductivity", &m.conducts[0])),
                (true, false) => Some(("specific heat", &m.stores[0])),
            };
            if let Some((lacks, name)) = lacks {
                let message = format!("{}: its material {name} has no {lacks}; type one there", part.label);
                issues.push(Issue::error(case.study, "bodies", message));
            }
            let Some(ply) = &part.orthotropic else { continue };
            let other = &part.material.name;
            let of_other = [
                (true, matches!(m.conductivity, Conductivity::Even(_)), "conductivity", ", alike in all directions"),
                (!self.is_steady(), m.stores[0] != ply.name, "specific heat", ", with its density"),
            ];
            for (_, _, what, how) in of_other.into_iter().filter(|(asked, lent, ..)| *asked && *lent) {
                let message =
                    format!("{}: {} gives no {what}, so heat takes that of {other}{how}", part.label, ply.name);
                issues.push(Issue::warning(case.study, "bodies", message));
            }
        }
    }

    /// Conductivity and capacity of each part.
    pub fn matter(&self) -> Vec<Matter> {
        self.parts.iter().map(|p| p.thermal.matter()).collect()
    }

    pub fn is_steady(&self) -> bool {
        self.course == Course::Steady
    }

    /// Moments that the answer keeps.
    pub fn n_states(&self) -> usize {
        match &self.course {
            Course::Steady => 1,
            Course::Transient { stops, .. } => stops.len(),
        }
    }

    /// Boundaries that keep a temperature, and those through which heat passes by a law, in the solver's order.
    pub fn kept(&self) -> impl Iterator<Item = &Boundary> {
        self.boundaries.iter().filter(|b| b.kind == Kind::Kept)
    }

    pub fn passing(&self) -> impl Iterator<Item = (&Boundary, Law, bool)> {
        self.boundaries
            .iter()
            .filter_map(|b| if let Kind::Passes(law, total) = b.kind { Some((b, law, total)) } else { None })
    }

    /// Nodes of each kept boundary: where two meet, the one that stands first in the tree.
    pub fn groups(&self, mesh: &Mesh) -> Vec<Vec<u32>> {
        let mut taken = BTreeSet::new();
        let mut group = |b: &Boundary| -> Vec<u32> {
            let on = facets_of(mesh, &self.parts, &b.faces);
            let nodes: BTreeSet<u32> = on.iter().flat_map(|f| mesh.facets[*f].nodes).collect();
            nodes.into_iter().filter(|n| taken.insert(*n)).collect()
        };
        self.kept().map(&mut group).collect()
    }

    /// What is given at `time`, s, on a mesh.
    ///
    /// # Errors
    /// An issue at the object whose value leaves its range.
    pub fn moment(&self, sizes: &Sizes, time: f64) -> Result<Moment, Issue> {
        let now = self.resolved.at_time(time);
        let mut moment = Moment { sources: vec![0.0; self.parts.len()], ..Moment::default() };
        for b in self.kept() {
            moment.kept.push(now.number(&b.object, "temperature")?);
        }
        for (k, (b, law, total)) in self.passing().enumerate() {
            let value = now.number(&b.object, value_key(law, total))?;
            moment.exchanges.push(if total { value / sizes.areas[k] } else { value });
        }
        for s in &self.sources {
            let value = now.number(&s.object, if s.total { "power" } else { "density" })?;
            let volume: f64 = s.parts.iter().map(|p| sizes.volumes[*p]).sum();
            for p in &s.parts {
                moment.sources[*p] += if s.total { value / volume } else { value };
            }
        }
        Ok(moment)
    }

    /// Marches through `stops`, s, from temperatures at all nodes, K.
    ///
    /// # Errors
    /// [`StudyError`]; where a value leaves its range in mid-run, an issue at its object.
    pub fn march(
        &self,
        fitted: &Fitted,
        start: &[f64],
        stops: &[f64],
        cancel: &AtomicBool,
        see: &mut dyn FnMut(&Reached) -> bool,
    ) -> Result<(), StudyError> {
        // What breaks stops the march by numbers that are none; then it is said.
        let broken: RefCell<Option<Issue>> = RefCell::new(None);
        let given = |time: f64| {
            self.moment(&fitted.size, time).unwrap_or_else(|issue| {
                broken.replace(Some(issue));
                Moment {
                    kept: vec![f64::NAN; self.kept().count()],
                    exchanges: vec![f64::NAN; self.passing().count()],
                    sources: vec![f64::NAN; self.parts.len()],
                }
            })
        };
        let result = march(&fitted.problem, start, stops, STEPS_SHARE * self.accuracy, &given, cancel, see);
        match (result, broken.into_inner()) {
            (Err(_), Some(issue)) => Err(StudyError::Setup(vec![issue])),
            (Err(e), None) => Err(failed(e, self)),
            (Ok(()), _) => Ok(()),
        }
    }

    /// Every value that may depend on time, at moments through the run.
    fn check_values(&self, issues: &mut Vec<Issue>) {
        let end = if let Course::Transient { stops, .. } = &self.course { stops.last().copied() } else { None };
        let times = (0..=SAMPLES).map(|k| end.unwrap_or(0.0) * k as f64 / SAMPLES as f64);
        let moments: Vec<Resolved> = times.map(|t| self.resolved.at_time(t)).collect();
        let values = self.kept().map(|b| (&b.object, "temperature"));
        let values = values.chain(self.passing().map(|(b, law, total)| (&b.object, value_key(law, total))));
        let values = values.chain(self.sources.iter().map(|s| (&s.object, if s.total { "power" } else { "density" })));
        for (object, key) in values {
            issues.extend(moments.iter().find_map(|m| m.number(object, key).err()));
        }
    }

    fn check_faces(&self, issues: &mut Vec<Issue>) {
        for (i, b) in self.boundaries.iter().enumerate() {
            for other in &self.boundaries[..i] {
                let kept = |b: &Boundary| b.kind == Kind::Kept;
                if !b.faces.iter().any(|f| other.faces.contains(f)) || !(kept(b) || kept(other)) {
                    continue;
                }
                let (b, o) = (&b.object, &other.object);
                issues.push(if b.kind == o.kind {
                    Issue::error(b, "faces", format!("{} keeps one of its faces at a temperature already", o.name))
                } else {
                    let (keeps, idle) = if kept(other) { (o, b) } else { (b, o) };
                    let message =
                        format!("{} keeps one of its faces at a temperature, where this changes nothing", keeps.name);
                    Issue::warning(idle, "faces", message)
                });
            }
        }
    }

    /// In a steady state every body must have a temperature to hold on to.
    fn check_fixed(&self, case: &Case, issues: &mut Vec<Issue>) {
        let bounds = self.parts.iter().filter_map(|p| p.surface.bounds());
        let size = bounds.map(|(l, h)| (0..3).map(|a| h[a] - l[a]).fold(0.0, f64::max)).fold(0.0, f64::max);
        if !self.is_steady() || self.boundaries.is_empty() && self.sources.is_empty() {
            return;
        }
        for group in touching(&self.parts, NEAR * size, &self.bonded) {
            let fixes = |b: &Boundary| {
                let does = match b.kind {
                    Kind::Kept => true,
                    Kind::Passes(Law::Film(h), _) => h > 0.0,
                    Kind::Passes(Law::Radiation(e), _) => e > 0.0,
                    Kind::Passes(Law::Flux, _) => false,
                };
                does && b.faces.iter().any(|(body, _)| group.contains(body))
            };
            if !self.boundaries.iter().any(fixes) {
                let names: Vec<&str> =
                    self.parts.iter().filter(|p| group.contains(&p.index)).map(|p| p.label.as_str()).collect();
                let message = format!(
                    "{}: nothing fixes its temperature; add a given temperature, convection or radiation on one of its \
                     faces, or let it touch a body that has one",
                    names.join(" with ")
                );
                issues.push(Issue::error(case.study, "thermal", message));
            }
        }
    }
}

/// Relative residual of a steady solve.
pub const TOLERANCE: f64 = 1e-10;
/// Share of the wished accuracy that the steps in time may use up.
pub const STEPS_SHARE: f64 = 0.25;

/// What a person reads where the temperatures of a set-up are not found.
pub fn failed(error: FittedError, setup: &Setup) -> StudyError {
    match error {
        FittedError::Cancelled => StudyError::Cancelled,
        FittedError::Loose if setup.parts.len() > 1 => StudyError::Solver(
            "nothing fixes the temperature of a body that touches no other; add a boundary to it, or move the bodies \
             together"
                .into(),
        ),
        FittedError::Loose => StudyError::Solver("nothing fixes the temperature of the body".into()),
        other => StudyError::Solver(other.to_string()),
    }
}

/// A set-up on a mesh of its parts.
pub struct Fitted<'m> {
    pub problem: Conduction<'m>,
    /// Nodes of each kept boundary.
    pub groups: Vec<Vec<u32>>,
    pub bonds: Constraints<1>,
    pub n_bonded: usize,
    pub size: Sizes,
}

impl<'m> Fitted<'m> {
    /// # Errors
    /// [`StudyError`].
    pub fn new(setup: &Setup, mesh: &'m Mesh) -> Result<Self, StudyError> {
        let groups = setup.groups(mesh);
        let mut bonds = Constraints::<1>::new(mesh.points.len());
        let taken = groups.iter().flatten().copied().collect();
        let n_bonded = if mesh.parts.len() > 1 {
            hold::bond(mesh, &mut bonds, &taken, &setup.bonded.on(mesh, &setup.parts))
        } else {
            0
        };
        let exchanges: Vec<Exchange> = setup
            .passing()
            .map(|(b, law, _)| Exchange { facets: facets_of(mesh, &setup.parts, &b.faces), law })
            .collect();
        let problem = Conduction::new(mesh, &setup.matter(), &bonds, &groups, exchanges, !setup.is_steady())
            .map_err(|e| failed(e, setup))?;
        let size = Sizes::of(&problem);
        Ok(Self { problem, groups, bonds, n_bonded, size })
    }
}

/// Says which parts get hotter or colder than their materials are known, from temperatures at all nodes, K.
pub fn beyond<'t>(setup: &Setup, mesh: &Mesh, states: impl Iterator<Item = &'t [f64]> + Clone) -> Vec<String> {
    let of = |(part, span): (&Part, &Span)| {
        let all = states.clone().flat_map(|t| &t[span.nodes.clone()]);
        let (low, high) = all.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), t| (l.min(*t), h.max(*t)));
        isotropic::beyond(&part.label, &part.thermal.known, low, high)
    };
    setup.parts.iter().zip(&mesh.parts).filter_map(of).collect()
}

/// Temperatures at all nodes of a mesh, K: the steady ones, or those at the end.
///
/// # Errors
/// [`StudyError`].
pub fn temperatures(setup: &Setup, mesh: &Mesh, ctx: &mut Ctx) -> Result<Vec<f64>, StudyError> {
    let fitted = Fitted::new(setup, mesh)?;
    ctx.check()?;
    let given = |time: f64| setup.moment(&fitted.size, time);
    let flag = ctx.cancel_flag();
    let Course::Transient { initial, stops } = &setup.course else {
        let moment = given(0.0).map_err(|i| StudyError::Setup(vec![i]))?;
        let found = fitted.problem.steady(&moment, TOLERANCE, flag, |_, _| ctx.check().is_ok());
        return Ok(found.map_err(|e| failed(e, setup))?.0);
    };
    let start = vec![*initial; mesh.points.len()];
    let mut end = start.clone();
    setup.march(&fitted, &start, stops, flag, &mut |r| {
        end.copy_from_slice(r.temperature);
        ctx.check().is_ok()
    })?;
    Ok(end)
}

fn value_key(law: Law, total: bool) -> &'static str {
    match law {
        Law::Flux if total => "power",
        Law::Flux => "flux",
        Law::Film(_) | Law::Radiation(_) => "ambient",
    }
}

/// What an object does on its faces; `None` for kinds that act on none.
fn kind(object: &Object, resolved: &Resolved) -> Result<Option<Kind>, Issue> {
    Ok(Some(match object.kind.as_str() {
        "temperature" => Kind::Kept,
        "heat_flux" => Kind::Passes(Law::Flux, object.choice("by") == "total"),
        "convection" => Kind::Passes(Law::Film(resolved.number(object, "film")?), false),
        "radiation" => Kind::Passes(Law::Radiation(resolved.number(object, "emissivity")?), false),
        _ => return Ok(None),
    }))
}

fn source(case: &Case, parts: &[Part], object: &Object, issues: &mut Vec<Issue>) -> Option<Source> {
    let chosen = object.refs("bodies");
    let feature = |p: &Part| p.name.split('#').next().unwrap_or_default().to_string();
    let own = |p: &Part| chosen.is_empty() || chosen.iter().any(|id| id.0 == feature(p));
    let parts: Vec<usize> = (0..parts.len()).filter(|p| own(&parts[*p])).collect();
    if parts.is_empty() && !case.model.bodies.is_empty() {
        issues.push(Issue::error(object, "bodies", "None of its bodies takes part in the study: choose another"));
    }
    (!parts.is_empty()).then(|| Source { object: object.clone(), parts, total: object.choice("by") == "total" })
}
