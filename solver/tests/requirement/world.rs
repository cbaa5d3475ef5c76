//! A design that does what is asked of it, and honest evidence.

use solver::design::{Command, Design, Id, Object, Value, apply};
use solver::quantity::Dimension;
use solver::requirement::{Canary, Evidence, Judgement, Record, judge_as};
use solver::study::outcome::{Grade, Outcome, Scalar, State, StateKind};
use solver::study::question::question;
use solver::surface::FaceName;

/// A run with what it published.
pub struct Run {
    pub record: Record,
    pub bytes: Vec<u8>,
}

/// A design, its runs, and the requirement that a claim is about.
pub struct World {
    pub design: Design,
    pub runs: Vec<Run>,
    pub claim: &'static str,
}

pub fn scalar(id: &str, case: Option<&str>, value: f64, error: f64, dimension: Dimension) -> Scalar {
    Scalar {
        id: id.into(),
        label: id.into(),
        value,
        error: Some(error),
        dimension,
        grade: Grade::Verified,
        case: case.map(Into::into),
        at: None,
        exponent: None,
    }
}

fn state(id: &str, label: &str, kind: StateKind) -> State {
    State { id: id.into(), label: label.into(), kind, value: None, dimension: Dimension::NONE }
}

pub fn statics() -> Outcome {
    let mut out = Outcome {
        states: [("pull", "Pull"), ("push", "Push")].map(|(i, l)| state(i, l, StateKind::LoadCase)).to_vec(),
        ..Outcome::default()
    };
    for (case, by) in [("pull", 1.0), ("push", 0.8)] {
        let mut push = |id: &str, value: f64, error: f64, dimension| {
            out.scalars.push(scalar(id, Some(case), value, error, dimension))
        };
        push("displacement_max", 0.4e-3 * by, 0.01e-3, Dimension::LENGTH);
        push("von_mises_max", 150e6 * by, 5e6, Dimension::PRESSURE);
        push("safety_factor_min", 1.8 / by, 0.1, Dimension::NONE);
        push("bolt_force_1", 9.0e3 * by, 100.0, Dimension::FORCE);
        push("bolt_force_2", 9.5e3 * by, 100.0, Dimension::FORCE);
    }
    out.scalars.push(scalar("mass", None, 0.6, 0.001, Dimension::MASS));
    out
}

fn modes() -> Outcome {
    let mut out = Outcome {
        states: ["mode_1", "mode_2"].map(|id| state(id, id, StateKind::Mode)).to_vec(),
        ..Outcome::default()
    };
    out.scalars.push(scalar("frequency", Some("mode_1"), 130.0, 1.0, Dimension::FREQUENCY));
    out.scalars.push(scalar("frequency", Some("mode_2"), 310.0, 2.0, Dimension::FREQUENCY));
    out
}

fn buckles() -> Outcome {
    Outcome { scalars: vec![scalar("load_factor_first", None, 4.0, 0.1, Dimension::NONE)], ..Outcome::default() }
}

fn warms() -> Outcome {
    let mut out = Outcome {
        states: ["time_1", "time_2"].map(|id| state(id, "", StateKind::Time)).to_vec(),
        ..Outcome::default()
    };
    out.scalars.push(scalar("temperature_max", Some("time_1"), 320.0, 0.5, Dimension::TEMPERATURE));
    out.scalars.push(scalar("temperature_max", Some("time_2"), 340.0, 0.5, Dimension::TEMPERATURE));
    out
}

pub fn refs(ids: &[&str]) -> Value {
    Value::Refs(ids.iter().map(|id| Id::from(*id)).collect())
}

pub fn choice(text: &str) -> Value {
    Value::Choice(text.into())
}

/// `(id, quantity, comparison, limit, study)` of requirements that the honest world meets.
pub const ASKED: &[(&str, &str, &str, &str, &str)] = &[
    ("r_mass", "mass", "at_most", "0.65 kg", "st"),
    ("r_move", "displacement_max", "at_most", "0.5 mm", "st"),
    ("r_stress", "von_mises_max", "at_most", "200 MPa", "st"),
    ("r_away", "von_mises_away", "at_most", "200 MPa", "st"),
    ("r_safe", "safety_factor_min", "at_least", "1.5", "st"),
    ("r_bolt", "bolt_force", "at_most", "2*bolt", "st"),
    ("r_first", "frequency", "at_least", "120 Hz", "mo"),
    ("r_buckle", "load_factor", "at_least", "3", "bu"),
    ("r_warm", "temperature_max", "at_most", "80 °C", "he"),
];

pub fn honest(claim: &'static str) -> World {
    let faces = |name: &str| Value::Faces(vec![FaceName(name.into())]);
    let mut objects = vec![
        Object::new("w", "parameter", "width").expr("value", "40 mm"),
        Object::new("bolt", "parameter", "bolt").expr("value", "5 kN"),
        Object::new("spin", "parameter", "spin").expr("value", "1000 rpm"),
        Object::new("box", "box", "Plate").expr("dx", "2*width"),
        Object::new("hole", "hole", "Hole"),
        Object::new("wall", "fixed", "Wall").with("faces", faces("box.left")),
        Object::new("f1", "force", "Pull").with("faces", faces("box.right")),
        Object::new("f2", "force", "Push").with("faces", faces("box.right")),
        Object::new("hot", "temperature", "Hot").with("faces", faces("box.left")),
        Object::new("pull", "load_case", "Pull").with("loads", refs(&["f1"])),
        Object::new("push", "load_case", "Push").with("loads", refs(&["f2"])),
        Object::new("st", "static", "Strength").with("method", choice("verified")),
        Object::new("quick", "static", "Quick look"),
        Object::new("mo", "modal", "Modes"),
        Object::new("bu", "buckling", "Buckling").with("cases", refs(&["pull"])),
        Object::new("he", "heat", "Warm").with("course", choice("transient")),
    ];
    for (id, quantity, comparison, limit, study) in ASKED {
        let r = Object::new(*id, "requirement", id)
            .with("quantity", choice(quantity))
            .with("comparison", choice(comparison))
            .expr("limit", limit)
            .with("study", refs(&[study]));
        objects.push(if *id == "r_buckle" { r.with("cases", refs(&["pull"])) } else { r });
    }
    let add = |d: Design, object| apply(&d, &Command::Add { object, before: None }).unwrap().0;
    let design = objects.into_iter().fold(Design::new(), add);
    let mut world = World { design, runs: Vec::new(), claim };
    for (study, outcome) in [("st", statics()), ("mo", modes()), ("bu", buckles()), ("he", warms())] {
        world.run(study, &outcome);
    }
    world
}

impl World {
    /// A finished run of `study` as the design is now.
    pub fn run(&mut self, study: &str, outcome: &Outcome) {
        let bytes = outcome.surface_part().to_bytes();
        let record = Record {
            run: format!("run_{}", self.runs.len()),
            version: 12,
            created: 1_000 + self.runs.len() as i64,
            study: study.into(),
            study_kind: self.design.get(&study.into()).unwrap().kind.clone(),
            question: question(&self.design, &study.into()).unwrap(),
            finished: true,
            artefact: blake3::hash(&bytes).to_hex().to_string(),
        };
        self.runs.push(Run { record, bytes });
    }

    pub fn judge(&self, canary: Canary) -> Judgement {
        let evidence: Vec<Evidence> = self.runs.iter().map(|r| Evidence::read(r.record.clone(), &r.bytes)).collect();
        let requirement = self.design.get(&self.claim.into()).unwrap();
        judge_as(&self.design, requirement, &evidence, canary)
    }

    pub fn edit(&mut self, command: Command) {
        self.design = apply(&self.design, &command).unwrap().0;
    }

    pub fn set(&mut self, id: &str, key: &str, value: Value) {
        self.edit(Command::Set { id: id.into(), key: key.into(), value: Some(value) });
    }

    pub fn type_in(&mut self, id: &str, key: &str, text: &str) {
        self.set(id, key, Value::Expr(text.into()));
    }

    pub fn add(&mut self, object: Object) {
        self.edit(Command::Add { object, before: None });
    }

    pub fn suppress(&mut self, id: &str) {
        self.edit(Command::Suppress { id: id.into(), suppressed: true });
    }

    pub fn last(&mut self, study: &str) -> &mut Run {
        self.runs.iter_mut().rev().find(|r| r.record.study.0 == study).unwrap()
    }

    /// Another answer, published as such.
    pub fn answer(&mut self, study: &str, change: impl Fn(&mut Outcome)) {
        let run = self.last(study);
        let mut outcome = Outcome::from_bytes(&run.bytes).unwrap();
        change(&mut outcome);
        run.bytes = outcome.to_bytes();
        run.record.artefact = blake3::hash(&run.bytes).to_hex().to_string();
    }

    /// One number of the answer.
    pub fn number(&mut self, study: &str, id: &str, case: Option<&str>, change: impl Fn(&mut Scalar)) {
        self.answer(study, |o| {
            o.scalars.iter_mut().filter(|s| s.id == id && s.case.as_deref() == case).for_each(&change)
        });
    }
}
