//! What a generative study asks for, read off its properties.

use super::conduction::Conduction;
use crate::density::casting::Draw;
use crate::density::overhang::Slope;
use crate::density::pipeline::Process;
use crate::density::{Direction, pattern};
use crate::design::schema::Section;
use crate::design::{Id, Issue, Object, ROOM, Resolved, Severity, Value, describe_face, resolve};
use crate::geometry::Model;
use crate::mechanics::setup::{LoadCase, Setup};
use crate::mechanics::support::Hold;
use crate::mesh::Grid;
use crate::study::Case;
use crate::study::part::{self, Part, parts};
use glam::DVec3;
use std::collections::{BTreeMap, BTreeSet};

/// Cells that the largest member has at least: balls of fewer are no balls.
const WIDEST_MIN: f64 = 3.0;

/// Radius of the filter where none and no smallest member is asked for, cells: less leaves checkerboards and single cells.
pub const RADIUS: f64 = 2.0;

/// What is sought.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Goal {
    /// Stiffest with at most this share of the space's volume.
    Share(f64),
    /// Lightest with a mean displacement of the loads of at most this, m.
    Displacement(f64),
    /// Lightest with a compliance of at most this, J.
    Compliance(f64),
    /// Lightest with a von Mises stress of at most this away from what is kept, Pa.
    Stress(f64),
    /// Best conductor with at most this share of the space's volume.
    Conduction(f64),
}

/// What the body is for.
pub enum Duty<'a> {
    /// To carry forces. The set-up's parts stand in the [`Brief`].
    Mechanical(Setup<'a>),
    /// To lead heat away.
    Thermal(Conduction),
}

/// Faces and bodies of the model where something is said beforehand.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Given {
    /// Indices into the model's bodies.
    pub bodies: Vec<usize>,
    /// `(body, face)` of the model.
    pub faces: Vec<(usize, usize)>,
    /// How far from the faces it holds, m.
    pub distance: f64,
}

/// A study's wishes; lengths in m.
pub struct Brief<'a> {
    /// The design space, alone where the study has no errors.
    pub parts: Vec<Part<'a>>,
    pub duty: Duty<'a>,
    pub goal: Goal,
    pub keep: Given,
    pub avoid: Given,
    pub symmetric: [bool; 3],
    pub member: f64,
    /// 0: no limit.
    pub member_max: f64,
    /// Filtered by the Helmholtz equation, not over balls.
    pub by_equation: bool,
    /// 0: as the cells ask for.
    pub filter_radius: f64,
    process: String,
    direction: Direction,
    slope: Slope,
    two_halves: bool,
    /// Cells along the longest side.
    pub cells: u32,
    pub iterations_max: u32,
    /// Of each load case; heat has one.
    pub weights: Vec<f64>,
}

impl<'a> Brief<'a> {
    /// Reads the study; issues of severity error mean that it must not be run.
    pub fn read(case: &Case<'a>) -> (Self, Vec<Issue>) {
        let (resolved, study) = (resolve(case.design).0, case.study);
        let mut issues = Vec::new();
        let kept = bodies(case, "keep_bodies", &mut issues);
        let (parts, duty) = if super::is_conduction(study) {
            let parts = parts(case, &mut issues);
            let conduction = Conduction::read(case, &resolved, &parts, &kept, &mut issues);
            (parts, Duty::Thermal(conduction))
        } else {
            let (mut setup, found) = Setup::read(case);
            issues.extend(found);
            (std::mem::take(&mut setup.parts), Duty::Mechanical(setup))
        };
        if study.refs("bodies").is_empty() {
            issues.push(Issue::error(study, "bodies", "Design space: choose the body that may be filled"));
        } else if parts.len() > 1 {
            let message = "Design space: copies made it several bodies; choose a feature that made one";
            issues.push(Issue::error(study, "bodies", message));
        }
        let mut number = |key: &str| {
            resolved.number(study, key).unwrap_or_else(|issue| {
                issues.push(issue);
                1.0
            })
        };
        let goal = match study.choice("goal").as_str() {
            "mass" => {
                let whole: f64 = parts.iter().map(|p| p.volume * p.density).sum();
                Goal::Share(number("mass") / whole)
            }
            "displacement" => Goal::Displacement(number("displacement")),
            "compliance" => Goal::Compliance(number("compliance")),
            "stress" => Goal::Stress(number("stress")),
            "conduction" => Goal::Conduction(number("share")),
            _ => Goal::Share(number("share")),
        };
        let (layer, distance, member) = (number("layer"), number("distance"), number("member"));
        let (member_max, filter_radius) = (number("member_max"), number("filter_radius"));
        let (cells, iterations_max) = (number("cells") as u32, number("iterations") as u32);
        let slope = Slope::of(number("overhang"));
        let weights = match &duty {
            Duty::Mechanical(setup) => weights(case, &resolved, &setup.cases, &mut issues),
            Duty::Thermal(_) => vec![1.0],
        };

        let mut faces: Vec<(usize, usize)> = match &duty {
            Duty::Mechanical(setup) => {
                let held = setup.supports.iter().flat_map(|s| &s.faces);
                held.chain(setup.loads.iter().flat_map(|l| &l.faces)).copied().collect()
            }
            Duty::Thermal(conduction) => conduction.faces().collect(),
        };
        faces.extend(part::named(case, "keep_faces", "Faces to keep", &mut issues));
        faces.sort_unstable();
        faces.dedup();
        let keep = Given { bodies: kept, faces, distance: layer };
        let avoid = Given {
            bodies: bodies(case, "avoid_bodies", &mut issues),
            faces: part::named(case, "avoid_faces", "Faces to keep away from", &mut issues),
            distance,
        };
        let process = study.choice("process");
        let chosen = match process.as_str() {
            "additive" => study.choice("build"),
            "casting" => study.choice("draw"),
            _ => study.choice("axis"),
        };
        let brief = Self {
            goal,
            keep,
            avoid,
            symmetric: ["symmetric_x", "symmetric_y", "symmetric_z"].map(|key| study.flag(key)),
            member,
            member_max,
            filter_radius,
            by_equation: study.choice("filter") == "helmholtz",
            process,
            direction: direction(&chosen),
            slope,
            two_halves: study.choice("mould") == "two",
            cells,
            iterations_max,
            weights,
            parts,
            duty,
        };
        brief.check(case, &mut issues);
        (brief, issues)
    }

    /// Load cases; heat has none.
    pub fn cases(&self) -> &[LoadCase] {
        match &self.duty {
            Duty::Mechanical(setup) => &setup.cases,
            Duty::Thermal(_) => &[],
        }
    }

    /// Temperature that rises count from, K.
    pub fn temperature(&self) -> f64 {
        match &self.duty {
            Duty::Mechanical(_) => ROOM,
            Duty::Thermal(conduction) => conduction.temperature,
        }
    }

    /// What cannot be answered, and what will surprise.
    fn check(&self, case: &Case, issues: &mut Vec<Issue>) {
        let study = case.study;
        if let Goal::Share(share) = self.goal
            && !(share > 0.0 && share <= 1.0)
        {
            let whole: f64 = self.parts.iter().map(|p| p.volume * p.density).sum();
            let message = format!(
                "Mass at most: the whole design space weighs {whole:.4} kg; give a mass above 0 and below that"
            );
            issues.push(Issue::error(study, "mass", message));
        }
        if matches!(self.goal, Goal::Displacement(d) if d <= 0.0) {
            issues.push(Issue::error(study, "displacement", "Displacement at most: it must be above zero"));
        }
        if self.weights.iter().all(|w| *w == 0.0) && !self.weights.is_empty() {
            issues.push(Issue::error(study, "cases", "Every load case has the weight 0: give one of them more"));
        }
        if let Duty::Mechanical(setup) = &self.duty {
            self.check_mechanical(case, setup, issues);
        }
        let Some(grid) = self.grid() else { return };
        let (h, mm) = (grid.cell, 1e3);
        if self.keep.distance < h {
            let message = format!(
                "Layer kept: {:.3} mm is less than a cell of {:.3} mm; take more cells or a thicker layer",
                self.keep.distance * mm,
                h * mm
            );
            issues.push(Issue::warning(study, "layer", message));
        }
        if self.filter_radius > 0.0 && self.filter_radius < RADIUS * h {
            let message = format!(
                "Filter radius: {:.3} mm is less than {RADIUS} cells of {:.3} mm; take more cells, or 0 for just that",
                self.filter_radius * mm,
                h * mm
            );
            issues.push(Issue::error(study, "filter_radius", message));
        }
        if self.filter_radius > 0.0 && self.member > 0.0 {
            let message = "Filter radius: the smallest member sets it; take one of them back to 0";
            issues.push(Issue::error(study, "filter_radius", message));
        }
        if self.by_equation && self.member > 0.0 {
            let message =
                "Filter: the cone alone makes members as wide as asked for; choose it, or 0 for the smallest member";
            issues.push(Issue::error(study, "filter", message));
        }
        if self.member > 0.0 && self.member < 2.0 * h {
            let message = format!(
                "Smallest member: {:.3} mm is less than two cells of {:.3} mm; take more cells, or 0 for no limit",
                self.member * mm,
                h * mm
            );
            issues.push(Issue::error(study, "member", message));
        }
        if self.member_max > 0.0 && self.member_max < WIDEST_MIN * h {
            let message = format!(
                "Largest member: {:.3} mm is less than {WIDEST_MIN} cells of {:.3} mm; take more cells, or 0 for no limit",
                self.member_max * mm,
                h * mm
            );
            issues.push(Issue::error(study, "member_max", message));
        } else if self.member_max > 0.0 && self.member_max < 1.5 * self.member {
            let message = "Largest member: it must be at least one and a half times the smallest, or members have no width to take";
            issues.push(Issue::error(study, "member_max", message));
        }
        let conflict: Vec<String> = self
            .avoid
            .faces
            .iter()
            .filter(|f| self.keep.faces.contains(f))
            .map(|(b, f)| describe_face(case.design, &case.model.bodies[*b].body.surface().faces[*f].name))
            .collect();
        if !conflict.is_empty() {
            let message = format!("{} is to be kept and to be kept away from: take it off one", conflict.join(", "));
            issues.push(Issue::error(study, "avoid_faces", message));
        }
    }

    /// Forces and supports that cells cannot have.
    fn check_mechanical(&self, case: &Case, setup: &Setup, issues: &mut Vec<Issue>) {
        let study = case.study;
        for one in &setup.supports {
            let why = match one.hold {
                Hold::Elastic { .. } => "beds its faces on springs",
                Hold::Solid(_) => "moves its faces as one solid piece",
                hold if hold.way() > 0.0 => "gives a displacement",
                Hold::Normal(_) if !square(case.model, &one.faces) => {
                    "slides on faces that are not square to x, y or z, which cells cannot follow"
                }
                _ => continue,
            };
            let message =
                format!("{} {why}: generative design cannot have it; hold these faces fixed", one.object.name);
            issues.push(Issue::error(study, "supports", message));
        }
        for one in setup.cases.iter().filter(|c| c.is_heavy()) {
            let message = format!(
                "{}: gravity and turning load a body by its own mass, which changes with the design; take them off",
                one.label
            );
            issues.push(Issue::error(study, "cases", message));
        }
        if !setup.bolts.is_empty() {
            let message = "Bolt preload: generative design has none; suppress it, or give its force as a load";
            issues.push(Issue::error(study, "cases", message));
        }
        for part in self.parts.iter().filter(|p| p.orthotropic.is_some()) {
            let message = format!("{}: orthotropic; generative design knows one stiffness only", part.label);
            issues.push(Issue::error(study, "bodies", message));
        }
        for one in setup.loads.iter().filter(|l| l.rigid) {
            let message = format!(
                "{}: its rigid coupling is taken as distributing; the layer kept behind its faces is what is stiff",
                one.object.name
            );
            issues.push(Issue::warning(study, "cases", message));
        }
    }

    /// Properties of the feature that makes the body found a part of the design: what bounds it, as the study has it.
    pub fn proposal(&self, case: &Case) -> BTreeMap<String, Value> {
        let bodies = |given: &Given| Value::Refs(features(case.model, &given.bodies));
        let faces = |given: &Given| {
            let names = given.faces.iter().map(|(b, f)| case.model.bodies[*b].body.surface().faces[*f].name.clone());
            Value::Faces(names.collect::<BTreeSet<_>>().into_iter().collect())
        };
        let mut out = BTreeMap::from([
            ("keep_bodies", bodies(&self.keep)),
            ("keep_faces", faces(&self.keep)),
            ("avoid_bodies", bodies(&self.avoid)),
            ("avoid_faces", faces(&self.avoid)),
        ]);
        out.extend(["bodies", "layer", "distance"].into_iter().filter_map(|key| Some((key, case.study.get(key)?))));
        if let Some(part) = self.parts.first() {
            out.insert("material", Value::Choice(case.model.bodies[part.index].material.clone()));
        }
        out.insert("process", Value::Text(self.made()));
        out.into_iter().map(|(key, value)| (key.into(), value)).collect()
    }

    /// How the part is to be made, in words.
    fn made(&self) -> String {
        let Direction { axis, forward } = self.direction;
        let axis = ["x", "y", "z"][axis.min(2)];
        let along = if forward { format!("along {axis}") } else { format!("against {axis}") };
        match self.process.as_str() {
            "additive" => format!("additive {along}, overhangs from {:.0}°", self.slope.angle().to_degrees()),
            "casting" if self.two_halves => format!("casting along {axis}, two halves"),
            "casting" => format!("casting {along}"),
            "extrusion" => format!("extrusion along {axis}"),
            _ => "any".into(),
        }
    }

    /// The box of cells over the space; `None` without one.
    pub fn grid(&self) -> Option<Grid> {
        let (lo, hi) = self.parts.first()?.surface.bounds()?;
        let longest = (0..3).map(|a| hi[a] - lo[a]).fold(0.0, f64::max);
        (longest > 0.0 && self.cells > 0).then(|| Grid::over(lo, hi, longest / f64::from(self.cells), 1))
    }

    /// The process on that grid.
    pub fn process(&self, grid: &Grid) -> Process {
        match self.process.as_str() {
            "additive" => Process::Printed { build: self.direction, slope: self.slope },
            "casting" => {
                let parting = self.two_halves.then(|| grid.counts[self.direction.axis] / 2);
                Process::Cast { draw: Draw { direction: self.direction, parting } }
            }
            "extrusion" => Process::Extruded { axis: self.direction.axis },
            _ => Process::Any,
        }
    }

    /// Planes of symmetry about the middle of the grid.
    pub fn planes(&self, grid: &Grid) -> Vec<pattern::Plane> {
        let plane = |axis: usize| pattern::Plane { axis, half_cells: grid.counts[axis] };
        (0..3).filter(|a| self.symmetric[*a] && grid.counts[*a] > 1).map(plane).collect()
    }
}

fn direction(key: &str) -> Direction {
    let axis = match key.as_bytes().first() {
        Some(b'x') => 0,
        Some(b'y') => 1,
        _ => 2,
    };
    Direction { axis, forward: !key.ends_with("_back") }
}

/// Whether every triangle of the faces is square to an axis.
fn square(model: &Model, faces: &[(usize, usize)]) -> bool {
    faces.iter().all(|(body, face)| {
        let surface = model.bodies[*body].body.surface();
        let of = |t: &usize| surface.face_of[*t] as usize == *face;
        (0..surface.triangles.len()).filter(of).all(|t| {
            let normal = DVec3::from(surface.triangle_cross(t)).normalize_or_zero();
            normal == DVec3::ZERO || normal.abs().max_element() > 1.0 - 1e-6
        })
    })
}

fn weights(case: &Case, resolved: &Resolved, cases: &[LoadCase], issues: &mut Vec<Issue>) -> Vec<f64> {
    let mut of = |id: &str| {
        // Without load cases all loads make one, of the study's id.
        let object = case.design.get(&Id(id.into())).filter(|o| o.section() == Some(Section::LoadCase));
        let weight = object.map_or(Ok(1.0), |o: &Object| resolved.number(o, "weight"));
        weight.unwrap_or_else(|issue| {
            issues.push(issue);
            1.0
        })
    };
    cases.iter().map(|c| of(&c.id)).collect()
}

/// The bodies that property `key` names, none of which may be the design space.
fn bodies(case: &Case, key: &str, issues: &mut Vec<Issue>) -> Vec<usize> {
    let space = case.study.refs("bodies");
    let mut out = Vec::new();
    for id in case.study.refs(key) {
        let made: Vec<usize> = (0..case.model.bodies.len())
            .filter(|i| case.model.bodies[*i].name.split('#').next() == Some(id.0.as_str()))
            .collect();
        let name = case.design.get(&id).map_or_else(|| id.to_string(), |o| o.name.clone());
        if space.contains(&id) {
            issues.push(Issue::error(case.study, key, format!("{name} is the design space itself: take it off")));
        } else if made.is_empty() {
            issues.push(Issue::error(case.study, key, format!("{name} made no body; mend it or take it off the list")));
        }
        out.extend(made);
    }
    out
}

/// The features that started bodies of the model.
fn features(model: &Model, bodies: &[usize]) -> Vec<Id> {
    let started = bodies.iter().filter_map(|b| model.bodies[*b].name.split('#').next());
    started.map(Id::from).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Errors alone.
pub fn errors(issues: &[Issue]) -> Vec<Issue> {
    issues.iter().filter(|i| i.severity == Severity::Error).cloned().collect()
}
