//! The objects of a design that a deck comes to.

mod material;

use super::posed::{Course, Item, Posed, Preload, What};
use super::unit::{celsius, typed};
use super::{Built, Opened, Source};
use crate::deck::{Note, Units};
use crate::design::schema::Section;
use crate::design::{Id, Object, Value};
use crate::format::inp::Procedure;
use crate::surface::FaceName;
use glam::DVec3;
use std::collections::BTreeSet;

/// Points of a table over time that an expression has room for.
const TABLE_MAX: usize = 20;
/// Objects of one import: a batch of commands holds no more.
const OBJECTS_MAX: usize = 900;
/// Motions without strain that a free body has, which other programs count among its modes.
const RIGID: u32 = 6;
/// Modes that a study may ask for.
const MODES_MAX: u32 = 50;

const FORCE: [i32; 4] = [1, 1, -2, 0];
const MOMENT: [i32; 4] = [2, 1, -2, 0];
const PRESSURE: [i32; 4] = [-1, 1, -2, 0];
const ACCELERATION: [i32; 4] = [1, 0, -2, 0];
const BEDDING: [i32; 4] = [-2, 1, -2, 0];
const FILM: [i32; 4] = [0, 1, -3, -1];
const FLUX: [i32; 4] = [0, 1, -3, 0];
const POWER: [i32; 4] = [2, 1, -3, 0];
const HEAT_DENSITY: [i32; 4] = [-1, 1, -3, 0];

pub struct Writer<'a> {
    opened: &'a Opened,
    units: Units,
    source: &'a Source<'a>,
    features: Vec<Id>,
    n_ids: u64,
    objects: Vec<Object>,
    notes: Vec<Note>,
}

fn choice(key: &str) -> Value {
    Value::Choice(key.into())
}

impl<'a> Writer<'a> {
    pub fn new(opened: &'a Opened, source: &'a Source<'a>) -> Self {
        let (objects, notes) = (Vec::new(), opened.notes.clone());
        let mut writer = Self { opened, units: source.units, source, features: Vec::new(), n_ids: 0, objects, notes };
        writer.features = opened.skin.parts.iter().map(|_| writer.id("import")).collect();
        writer
    }

    /// The id of the feature that brings part `k`.
    pub fn feature(&self, k: usize) -> Id {
        self.features[k].clone()
    }

    pub fn finish(self) -> (Vec<Object>, Vec<Note>) {
        (self.objects, self.notes)
    }

    fn id(&mut self, kind: &str) -> Id {
        self.n_ids += 1;
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.source.seed.to_le_bytes());
        hasher.update(&self.n_ids.to_le_bytes());
        let bytes = hasher.finalize();
        let random = bytes.as_bytes().first_chunk::<8>().map_or(0, |b| u64::from_le_bytes(*b));
        Id::fresh(kind, random)
    }

    fn note(&mut self, line: usize, text: impl Into<String>) {
        self.notes.push(Note { line, text: text.into() });
    }

    fn add(&mut self, object: Object) -> Id {
        let id = object.id.clone();
        self.objects.push(object);
        id
    }

    /// Three values in a unit of `factor`.
    fn vector(&self, v: [f64; 3], powers: [i32; 4], factor: f64, symbol: &str) -> Value {
        Value::Vector(v.map(|c| typed(self.units.si(c, powers), factor, symbol)))
    }

    fn typed(&self, v: f64, powers: [i32; 4], factor: f64, symbol: &str) -> String {
        typed(self.units.si(v, powers), factor, symbol)
    }

    pub fn write(&mut self, built: &[Built]) {
        self.bodies();
        self.materials();
        let ids: Vec<Option<Id>> = self.opened.problem.items.iter().map(|item| self.item(item, built)).collect();
        self.studies(&ids);
        self.bonds(built);
        if self.objects.len() > OBJECTS_MAX {
            let text = format!("the deck would make {} objects; only the first {OBJECTS_MAX} are", self.objects.len());
            self.note(1, text);
            self.objects.truncate(OBJECTS_MAX);
        }
    }

    fn bodies(&mut self) {
        let (_, unit) = self.units.length();
        for (k, part) in self.opened.skin.parts.iter().enumerate() {
            let object = Object::new(self.features[k].clone(), "import", &part.name)
                .with("file", Value::Blob { hash: self.source.hash.into(), name: self.source.file.into() })
                .with("unit", choice(unit))
                .with("part", Value::Text(part.name.clone()));
            self.objects.push(object);
        }
    }

    /// The object of a condition; `None` with a note where it has no face left.
    fn item(&mut self, item: &Item, built: &[Built]) -> Option<Id> {
        let mut faces: BTreeSet<FaceName> = BTreeSet::new();
        for k in &item.facets {
            let part = self.opened.skin.facets[*k as usize].part as usize;
            faces.extend(built[part].face_of.get(k).cloned());
        }
        let needs_faces = !matches!(item.what, What::Gravity(_) | What::Spin { .. } | What::Source { .. });
        if needs_faces && faces.is_empty() {
            self.note(item.line, "what is held or loaded here has no face in the design and is left out");
            return None;
        }
        let (kind, label) = match &item.what {
            What::Fixed => ("fixed", "Fixed"),
            What::Sliding => ("sliding", "Sliding"),
            What::Displacement(_) => ("displacement", "Displacement"),
            What::Elastic { .. } => ("elastic", "Elastic foundation"),
            What::Remote { .. } => ("remote_displacement", "Remote displacement"),
            What::RemoteForce { .. } => ("remote_force", "Remote force"),
            What::RemoteMoment { .. } => ("remote_moment", "Remote moment"),
            What::Force(_) => ("force", "Force"),
            What::Moment(_) => ("moment", "Moment"),
            What::Pressure(_) => ("pressure", "Pressure"),
            What::Gravity(_) => ("gravity", "Gravity"),
            What::Bolt(_) => ("bolt_preload", "Bolt preload"),
            What::Spin { .. } => ("rotation", "Turning"),
            What::Temperature(_) => ("temperature", "Temperature"),
            What::Flux(_) | What::Heat(_) => ("heat_flux", "Heat flow"),
            What::Film { .. } => ("convection", "Convection"),
            What::Radiation { .. } => ("radiation", "Radiation"),
            What::Source { .. } => ("heat_source", "Heat source"),
        };
        let name = if item.name.is_empty() {
            format!("{label}, line {}", item.line)
        } else {
            format!("{label} {}", item.name)
        };
        let id = self.id(kind);
        let mut object = Object::new(id, kind, &name);
        if needs_faces {
            object = object.with("faces", Value::Faces(faces.into_iter().collect()));
        }
        object = match &item.what {
            What::Fixed | What::Sliding => object,
            What::Displacement(ways) => {
                for (value, (key, along)) in ways.iter().zip([("x", "along_x"), ("y", "along_y"), ("z", "along_z")]) {
                    object = object.with(along, choice(if value.is_some() { "given" } else { "free" }));
                    if let Some(value) = value {
                        object = object.expr(key, &self.typed(*value, [1, 0, 0, 0], 1e-3, "mm"));
                    }
                }
                object
            }
            What::Elastic { normal, tangential } => object
                .expr("stiffness", &self.typed(*normal, BEDDING, 1e9, "N/mm^3"))
                .expr("tangential", &self.typed(*tangential, BEDDING, 1e9, "N/mm^3")),
            What::Remote { at, ways } => self.remote(object, *at, *ways),
            What::RemoteForce { force, at, rigid } => object
                .with("point", self.vector(at.to_array(), [1, 0, 0, 0], 1e-3, "mm"))
                .with("force", self.vector(force.to_array(), FORCE, 1.0, "N"))
                .with("coupling", choice(if *rigid { "rigid" } else { "distributing" })),
            What::RemoteMoment { moment, rigid } => object
                .with("moment", self.vector(moment.to_array(), MOMENT, 1.0, "N*m"))
                .with("coupling", choice(if *rigid { "rigid" } else { "distributing" })),
            What::Force(f) => object.with("force", self.vector(f.to_array(), FORCE, 1.0, "N")),
            What::Moment(m) => object.with("moment", self.vector(m.to_array(), MOMENT, 1.0, "N*m")),
            What::Pressure(p) => object.expr("pressure", &self.typed(*p, PRESSURE, 1e6, "MPa")),
            What::Bolt(Preload::Force(f)) => {
                object.with("by", choice("force")).expr("force", &self.typed(*f, FORCE, 1.0, "N"))
            }
            What::Bolt(Preload::Shortening(way)) => {
                object.with("by", choice("length")).expr("length", &self.typed(*way, [1, 0, 0, 0], 1e-3, "mm"))
            }
            What::Gravity(a) => object.with("acceleration", self.vector(a.to_array(), ACCELERATION, 1.0, "m/s^2")),
            What::Spin { squared, point, axis } => {
                let radians = self.units.si(*squared, [0, 0, -2, 0]).sqrt();
                object
                    .with("point", self.vector(*point, [1, 0, 0, 0], 1e-3, "mm"))
                    .with("direction", Value::Vector(axis.map(|c| typed(c, 1.0, ""))))
                    .expr("speed", &typed(radians, std::f64::consts::TAU / 60.0, "rpm"))
            }
            What::Temperature(course) => object.expr("temperature", &self.temperature(item.line, course)),
            What::Flux(course) => object.expr("flux", &self.course(item.line, course, FLUX, "W/m^2")),
            What::Heat(course) => {
                object.with("by", choice("total")).expr("power", &self.course(item.line, course, POWER, "W"))
            }
            What::Film { ambient, film } => object
                .expr("film", &self.typed(*film, FILM, 1.0, "W/(m^2*K)"))
                .expr("ambient", &self.temperature(item.line, ambient)),
            What::Radiation { ambient, emissivity } => object
                .expr("emissivity", &typed(*emissivity, 1.0, ""))
                .expr("ambient", &self.temperature(item.line, ambient)),
            What::Source { density, parts } => {
                let bodies = parts.iter().map(|p| self.features[*p as usize].clone()).collect();
                object
                    .with("bodies", Value::Refs(bodies))
                    .with("by", choice("volume"))
                    .expr("density", &self.course(item.line, density, HEAT_DENSITY, "W/m^3"))
            }
        };
        Some(self.add(object))
    }

    /// A support that moves faces as one solid piece about a point.
    fn remote(&self, mut object: Object, at: DVec3, ways: [Option<f64>; 6]) -> Object {
        object = object.with("point", self.vector(at.to_array(), [1, 0, 0, 0], 1e-3, "mm"));
        let keys = [
            ("x", "along_x"),
            ("y", "along_y"),
            ("z", "along_z"),
            ("rx", "about_x"),
            ("ry", "about_y"),
            ("rz", "about_z"),
        ];
        for (k, (value, (key, which))) in ways.into_iter().zip(keys).enumerate() {
            object = object.with(which, choice(if value.is_some() { "given" } else { "free" }));
            if let Some(value) = value.filter(|v| *v != 0.0) {
                let said = if k < 3 { self.typed(value, [1, 0, 0, 0], 1e-3, "mm") } else { typed(value, 1.0, "rad") };
                object = object.expr(key, &said);
            }
        }
        object
    }

    fn course(&mut self, line: usize, course: &Course, powers: [i32; 4], symbol: &str) -> String {
        let units = self.units;
        self.over_time(line, course, |v| typed(units.si(v, powers), 1.0, symbol))
    }

    fn temperature(&mut self, line: usize, course: &Course) -> String {
        let (units, zero) = (self.units, self.opened.deck.absolute_zero);
        self.over_time(line, course, |v| celsius(units.kelvin(v, zero)))
    }

    /// A value, or a table over time where it follows an amplitude that changes.
    fn over_time(&mut self, line: usize, course: &Course, typed: impl Fn(f64) -> String) -> String {
        let Some(name) = &course.amplitude else { return typed(course.value) };
        let Some(table) = self.opened.deck.amplitudes.get(name).filter(|t| !t.is_empty()) else {
            self.note(line, format!("the amplitude {name} is not there; the value is taken as constant"));
            return typed(course.value);
        };
        let first = table[0][1];
        let size = table.iter().fold(0.0f64, |m, p| m.max(p[1].abs()));
        if table.iter().all(|p| (p[1] - first).abs() <= 1e-12 * size) {
            return typed(course.value * first);
        }
        let (points, off) = thinned(table);
        if off > 1e-3 {
            let text = format!(
                "the amplitude {name} has {} points; a table of {} is off by at most {:.1} % of its range",
                table.len(),
                points.len(),
                100.0 * off
            );
            self.note(line, text);
        }
        let pairs = points.iter().map(|[t, v]| {
            let time = super::unit::typed(self.units.si(*t, [0, 0, 1, 0]), 1.0, "s");
            format!("{time}, {}", typed(course.value * v))
        });
        format!("table(time, {})", pairs.collect::<Vec<_>>().join(", "))
    }

    fn studies(&mut self, ids: &[Option<Id>]) {
        let posed: Vec<Posed> = self.opened.problem.steps.clone();
        let is = |k: &usize, test: fn(&What) -> bool| test(&self.opened.problem.items[*k].what);
        let chosen = |step: &Posed, test: fn(&What) -> bool| -> Vec<Id> {
            step.items.iter().filter(|k| is(k, test)).filter_map(|k| ids[*k].clone()).collect()
        };
        let mut written: Vec<(Vec<Id>, Option<u64>, Vec<Id>, String, usize)> = Vec::new();
        let (mut studies, mut pressed): (Vec<Object>, Vec<(Object, usize)>) = (Vec::new(), Vec::new());
        for step in &posed {
            let supports = self.few(step.line, chosen(step, What::is_support), 100);
            let loads = chosen(step, What::is_load);
            let bodies = Value::Refs(self.features.iter().take(100).cloned().collect());
            let base = |id: Id, kind: &str| Object::new(id, kind, &step.name).with("bodies", bodies.clone());
            match &step.procedure {
                Procedure::Static => {
                    let case = (!loads.is_empty()).then(|| self.case(step, loads));
                    let warmth = step.warmth.map(f64::to_bits);
                    match written.iter_mut().find(|w| w.0 == supports && w.1 == warmth) {
                        Some(w) => w.2.extend(case),
                        None => {
                            written.push((supports, warmth, case.into_iter().collect(), step.name.clone(), step.line))
                        }
                    }
                }
                Procedure::Frequency { n } => {
                    let id = self.id("modal");
                    let above = if supports.is_empty() { n.saturating_sub(RIGID).max(1) } else { *n };
                    let object = base(id, "modal").expr("modes", &self.modes(step.line, above).to_string());
                    studies.push(if supports.is_empty() {
                        object.with("free", Value::Flag(true))
                    } else {
                        object.with("supports", Value::Refs(supports))
                    });
                }
                Procedure::Buckle { n } => {
                    let id = self.id("buckling");
                    let object = base(id, "buckling").expr("modes", &self.modes(step.line, *n).to_string());
                    let object = object.with("supports", Value::Refs(supports));
                    if !loads.is_empty() {
                        let case = self.case(step, loads);
                        studies.push(object.with("cases", Value::Refs(vec![case])));
                    } else if step.items.iter().any(|k| self.opened.problem.items[*k].what.moves()) {
                        // Supports that move press, too.
                        pressed.push((object, step.line));
                    } else {
                        let text = format!("{} has no load that could be carried, so it makes no study", step.name);
                        self.note(step.line, text);
                    }
                }
                Procedure::Heat { duration } => {
                    let thermal = self.few(step.line, chosen(step, |w| !w.is_support() && !w.is_load()), 100);
                    let id = self.id("heat");
                    let mut object = base(id, "heat").with("thermal", Value::Refs(thermal));
                    if let Some(duration) = duration {
                        object = object
                            .with("course", choice("transient"))
                            .expr("duration", &self.typed(*duration, [0, 0, 1, 0], 1.0, "s"));
                        object = match self.opened.problem.initial {
                            Some(t) => object.expr("initial", &self.kelvin(t)),
                            None => {
                                self.note(
                                    step.line,
                                    format!("{}: the temperature at the start is not given", step.name),
                                );
                                object
                            }
                        };
                    }
                    studies.push(object);
                }
                Procedure::Other(_) => {}
            }
        }
        let has_cases = self.objects.iter().any(|o| o.kind == "load_case");
        let lone =
            |name: &str| format!("{name} has no load of its own, which a study beside load cases cannot ask; left out");
        for (object, line) in pressed {
            if has_cases {
                self.note(line, lone(&object.name));
            } else {
                studies.push(object);
            }
        }
        for (supports, warmth, cases, name, line) in written {
            if cases.is_empty() && has_cases {
                self.note(line, lone(&name));
                continue;
            }
            let id = self.id("static");
            let mut object = Object::new(id, "static", &name)
                .with("bodies", Value::Refs(self.features.iter().take(100).cloned().collect()))
                .with("supports", Value::Refs(supports))
                .with("cases", Value::Refs(cases.into_iter().take(32).collect()))
                .with("method", choice("verified"));
            if let Some(t) = warmth {
                object = object.with("warmth", choice("given")).expr("temperature", &self.kelvin(f64::from_bits(t)));
                if let Some(t) = self.opened.problem.initial {
                    object = object.expr("stress_free", &self.kelvin(t));
                }
            }
            studies.push(object);
        }
        self.objects.extend(studies);
    }

    /// Tells every study which faces it bonds across gaps: all ties together, with the widest of their gaps.
    fn bonds(&mut self, built: &[Built]) {
        let ties = &self.opened.problem.ties;
        let gap = ties.iter().map(|t| t.gap).fold(0.0, f64::max);
        let part = |k: &u32| self.opened.skin.facets[*k as usize].part as usize;
        let names = ties.iter().flat_map(|t| &t.facets).filter_map(|k| built[part(k)].face_of.get(k).cloned());
        let faces: Vec<FaceName> = names.collect::<BTreeSet<_>>().into_iter().collect();
        if faces.is_empty() {
            return;
        }
        let gap = self.typed(gap, [1, 0, 0, 0], 1e-3, "mm");
        for study in self.objects.iter_mut().filter(|o| o.section() == Some(Section::Study)) {
            *study = study.clone().with("bonded", Value::Faces(faces.clone())).expr("bond_gap", &gap);
        }
    }

    fn kelvin(&self, value: f64) -> String {
        celsius(self.units.kelvin(value, self.opened.deck.absolute_zero))
    }

    fn modes(&mut self, line: usize, n: u32) -> u32 {
        if n > MODES_MAX {
            self.note(line, format!("{n} modes are asked for; {MODES_MAX} are the most a study finds"));
        }
        n.min(MODES_MAX)
    }

    /// A reference list holds no more than `max`.
    fn few(&mut self, line: usize, mut ids: Vec<Id>, max: usize) -> Vec<Id> {
        if ids.len() > max {
            self.note(line, format!("{} conditions are too many for one object; {max} are kept", ids.len()));
            ids.truncate(max);
        }
        ids
    }

    fn case(&mut self, step: &Posed, loads: Vec<Id>) -> Id {
        let loads = self.few(step.line, loads, 100);
        let id = self.id("load_case");
        self.add(Object::new(id, "load_case", &step.name).with("loads", Value::Refs(loads)))
    }
}

/// At most [`TABLE_MAX`] of the points, those that keep the lines between them nearest to the rest, and how far off any is,
/// as a share of the range. Source: Douglas & Peucker, Cartographica 10(2), 1973.
fn thinned(table: &[[f64; 2]]) -> (Vec<[f64; 2]>, f64) {
    let (lo, hi) = table.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), p| (lo.min(p[1]), hi.max(p[1])));
    let mut kept: BTreeSet<usize> = BTreeSet::from([0, table.len() - 1]);
    loop {
        let mut worst = (0.0, None);
        let ends: Vec<usize> = kept.iter().copied().collect();
        for pair in ends.windows(2) {
            let ([t0, v0], [t1, v1]) = (table[pair[0]], table[pair[1]]);
            for k in pair[0] + 1..pair[1] {
                let off = (table[k][1] - v0 - (v1 - v0) * (table[k][0] - t0) / (t1 - t0)).abs();
                if off > worst.0 {
                    worst = (off, Some(k));
                }
            }
        }
        let off = if hi > lo { worst.0 / (hi - lo) } else { 0.0 };
        match worst.1 {
            Some(k) if off > 1e-9 && kept.len() < TABLE_MAX => drop(kept.insert(k)),
            _ => return (kept.into_iter().map(|k| table[k]).collect(), off),
        }
    }
}
