//! What the model behind a run takes for granted: read off the study and what it sees, for whoever signs the answer.
//!
//! The report of a run prints it. What depends on the mesh or on the finished answer stands in the outcome's warnings;
//! here is what follows from the question alone.

use super::form::thermal::is_steady;
use super::question::{lacks, materials, reach, warms};
use crate::design::schema::{self, Section};
use crate::design::{Design, Id, Object, Resolved, TEMPERATURE, material, resolve};
use crate::quantity::{Dimension, Quantity, UnitSystem, format, names};
use std::collections::{BTreeMap, BTreeSet};

/// One thing that is taken for granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assumption {
    /// What it is about: "Behaviour", "Bodies", "Contact", "Materials", "Supports", "Loads", "Heat", "Method", "Judgement".
    pub about: &'static str,
    /// Whole sentences.
    pub text: String,
}

/// What `study` of `design` takes for granted, grouped by what it is about; values in `units`.
///
/// Empty for a study of a kind that this build does not know.
pub fn assumptions(design: &Design, study: &Object, units: UnitSystem) -> Vec<Assumption> {
    if super::form(&study.kind).is_none() {
        return Vec::new();
    }
    let reader =
        Reader { design, study, units, resolved: resolve(design).0, seen: reach(design, study), out: Vec::new() };
    reader.read()
}

/// How a kind of support, load or heat boundary stands for the real thing; `None` for kinds that are none of these.
fn idealisation(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "fixed" => "the faces do not move at all: what they are mounted on is rigid and holds in pull as in push",
        "sliding" => {
            "the faces do not move along their normal and slide without friction; they are held in pull as in push, so \
             they cannot lift off"
        }
        "symmetry" => "shape, supports and loads of the part that is left out are the mirror image",
        "displacement" => "the faces are moved by exactly the given way, whatever force that takes, in every load case",
        "remote_displacement" => {
            "the faces move as one rigid piece about the point, by small turns; what is given is reached whatever force \
             it takes"
        }
        "elastic" => "the faces lie on springs that push and pull alike and in proportion, each point for itself",
        "force" => "the force is spread evenly over the area of the faces and keeps its direction",
        "pressure" => "the pressure is the same all over the faces and acts along the normal of the undeformed shape",
        "moment" => "the moment is spread over the faces as forces that vary linearly; the faces stay free to deform",
        "bearing" => {
            "the force presses on half of the cylinder wall as a cosine, without friction and without play of the pin"
        }
        "remote_force" | "remote_moment" => {
            "what carries the load to the faces is not modelled but for the coupling chosen"
        }
        "gravity" => "the acceleration is the same everywhere and acts on the mass of the bodies that take part alone",
        "rotation" => {
            "the bodies turn at a constant speed about a fixed axis; neither the start nor Coriolis forces are looked at, \
             and the spin does not stiffen what it pulls outwards"
        }
        "bolt_preload" => {
            "each shank is shortened until it pulls as given, all bolts tightened, then locked; the joint neither opens \
             nor slides, threads are bonded over their length, and preload is not lost by settling"
        }
        "temperature" => "the faces have the given temperature all over, whatever heat that takes",
        "heat_flux" => "heat enters evenly over the area of the faces, whatever their temperature",
        "convection" => {
            "one film coefficient and one temperature of the fluid hold all over the faces and at every temperature"
        }
        "radiation" => {
            "the faces radiate to wide black surroundings of one temperature; they do not see one another, and the \
             emissivity is the same at every temperature"
        }
        "heat_source" => "heat is made evenly in the volume of its bodies",
        _ => return None,
    })
}

struct Reader<'a> {
    design: &'a Design,
    study: &'a Object,
    units: UnitSystem,
    resolved: Resolved,
    seen: BTreeSet<Id>,
    out: Vec<Assumption>,
}

impl<'a> Reader<'a> {
    fn say(&mut self, about: &'static str, text: impl Into<String>) {
        self.out.push(Assumption { about, text: text.into() });
    }

    fn read(mut self) -> Vec<Assumption> {
        self.behaviour();
        self.bodies();
        self.materials();
        for section in [Section::Support, Section::Load, Section::Thermal] {
            self.idealised(section);
        }
        self.warmth();
        self.method();
        self.judgement();
        self.out
    }

    fn is(&self, kind: &str) -> bool {
        self.study.kind == kind
    }

    /// Whether forces and displacements are what it is about.
    fn is_mechanical(&self) -> bool {
        !self.is("heat") && !self.is_conductor()
    }

    fn is_conductor(&self) -> bool {
        self.is("generative") && self.study.choice("goal") == "conduction"
    }

    fn is_instant(&self) -> bool {
        self.is("static") && self.study.choice("method") == "instant"
    }

    /// The choice of a property that counts; empty for one that another choice hides.
    fn choice(&self, key: &str) -> String {
        let counts = schema::field(&self.study.kind, key).is_some_and(|f| self.study.shows(f));
        if counts { self.study.choice(key) } else { String::new() }
    }

    fn value(&self, object: &Object, key: &str, dimension: Dimension) -> String {
        match self.resolved.number(object, key) {
            Ok(value) => format(Quantity::new(value, dimension), self.units, 4),
            Err(_) => object.text(key),
        }
    }

    fn behaviour(&mut self) {
        const ABOUT: &str = "Behaviour";
        if self.is_mechanical() {
            self.say(
                ABOUT,
                "Displacements and turns are small: balance is that of the undeformed shape, and twice the load does twice \
                 as much.",
            );
            self.say(
                ABOUT,
                "Materials are linearly elastic at every stress: nothing yields, cracks, creeps or tires. Bodies are free of \
                 stress before the loads come: none is left by welding, forming or casting.",
            );
        }
        match self.study.kind.as_str() {
            "static" => {
                self.say(ABOUT, "Loads come so slowly that inertia and damping do not count, and stay for ever.");
            }
            "modal" => {
                self.say(
                    ABOUT,
                    "Vibrations are free and undamped, about a state without stress: loads, preloads and spin \
                                 change no frequency here.",
                );
                self.say(ABOUT, "Loads of the design are not looked at; given displacements are at rest.");
            }
            "buckling" => {
                self.say(
                    ABOUT,
                    "Until it buckles the body keeps its undeformed shape and carries the load in proportion; the \
                                 load keeps its direction.",
                );
                self.say(
                    ABOUT,
                    "The shape is perfect. Real ones, with crooked axes and uneven walls, give way earlier, thin shells far \
                     earlier: a factor below 3 asks for an analysis that follows large displacements.",
                );
            }
            "heat" => {
                self.say(ABOUT, "Heat is led by conduction alone inside of bodies: nothing flows, melts or dries.");
                let steady = self.study.choice("course") != "transient";
                if steady {
                    self.say(ABOUT, "Temperatures are those that hold for ever, with all boundaries as given at once.");
                } else {
                    let (initial, duration) = (
                        self.value(self.study, "initial", Dimension::TEMPERATURE),
                        self.value(self.study, "duration", Dimension::TIME),
                    );
                    self.say(
                        ABOUT,
                        format!("All bodies begin at {initial}; {duration} are followed. Density stays the same."),
                    );
                }
            }
            "generative" if self.is_conductor() => {
                self.say(
                    ABOUT,
                    "Heat is led by steady conduction alone; all cooled faces have one temperature, and no heat leaves by \
                     convection or radiation.",
                );
            }
            "generative" => {
                self.say(
                    ABOUT,
                    "Loads are steady forces on faces; stability (buckling) and vibration are not looked at.",
                );
            }
            _ => {}
        }
    }

    /// Features that start a body which nothing later uses up.
    fn starts(&self) -> Vec<&'a Object> {
        let design = self.design;
        let used: BTreeSet<Id> = design
            .of_kind("boolean")
            .filter(|o| !o.suppressed && !o.flag("keep"))
            .flat_map(|o| o.refs("tools"))
            .collect();
        let starts = |o: &&Object| {
            let new = o.get("operation").is_some() && o.kind != "boolean" && o.choice("operation") == "new";
            new || matches!(o.kind.as_str(), "import" | "generated")
        };
        design.section(Section::Feature).filter(|o| !o.suppressed && !used.contains(&o.id)).filter(starts).collect()
    }

    fn bodies(&mut self) {
        const ABOUT: &str = "Bodies";
        let chosen = self.study.refs("bodies");
        let starts = self.starts();
        if self.is("generative") {
            self.say(
                ABOUT,
                "What is found is a part of the design space; other bodies count only where they are to be kept \
                             or avoided.",
            );
        } else if chosen.is_empty() {
            self.say(
                ABOUT,
                "Every body of the design takes part, at its nominal size: without tolerances, play or wear.",
            );
        } else {
            self.say(ABOUT, "The chosen bodies take part, at their nominal size: without tolerances, play or wear.");
            let out: Vec<&str> = starts.iter().filter(|o| !chosen.contains(&o.id)).map(|o| o.name.as_str()).collect();
            if !out.is_empty() {
                self.say(ABOUT, format!("Left out, as if they were not there: {}.", out.join(", ")));
            }
        }
        let suppressed: Vec<&str> =
            self.design.section(Section::Feature).filter(|o| o.suppressed).map(|o| o.name.as_str()).collect();
        if !suppressed.is_empty() {
            self.say(ABOUT, format!("Suppressed features, not built: {}.", suppressed.join(", ")));
        }
        let n = starts.iter().filter(|o| chosen.is_empty() || chosen.contains(&o.id)).count();
        // Patterns and copies may make several bodies of one.
        let one = n == 1
            && !self.design.section(Section::Feature).any(|o| o.kind.starts_with("pattern") || o.kind == "mirror");
        if self.is("generative") || one {
            return;
        }
        const CONTACT: &str = "Contact";
        let counts = schema::field(&self.study.kind, "bonded").is_some_and(|f| self.study.shows(f));
        if counts && !self.study.faces("bonded").is_empty() {
            let gap = self.value(self.study, "bond_gap", Dimension::LENGTH);
            self.say(
                CONTACT,
                format!(
                    "The faces chosen for it are bonded across gaps of up to {gap}, too: what fills these is stiff and leads \
                     heat without resistance. A shear's moment over the width of a gap is left out."
                ),
            );
        }
        if self.is("heat") {
            self.say(
                CONTACT,
                "Where bodies touch, heat passes without resistance; across gaps none does but where they are bonded.",
            );
        } else {
            self.say(
                CONTACT,
                "Bodies that touch are bonded where they do: they neither part nor slide, and pull as they push. There is no \
                 friction, no play and no preload of the joint but that of bolts.",
            );
            self.say(CONTACT, "Bodies that are apart stay apart: should they meet under load, nothing stops them.");
        }
    }

    fn materials(&mut self) {
        const ABOUT: &str = "Materials";
        let heat = !self.is_mechanical();
        let chosen = self.study.refs("bodies");
        let steady = self.is_conductor() || is_steady(self.study);
        // One that says nothing of heat leaves it to the body's other material, and what it lacks.
        let says = |o: &&Object| {
            let [conducts, stores] = warms(o, &self.resolved);
            !o.suppressed && (!heat || o.kind != "orthotropic" || conducts || stores && !steady)
        };
        let own: Vec<&Object> = materials(self.design, self.study).filter(says).collect();
        let whole = own.iter().filter(|o| !(heat && lacks(o, &self.resolved, steady)));
        let owned: Vec<Id> = whole.flat_map(|o| o.refs("bodies")).collect();
        let mut library: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for body in self.starts() {
            if (chosen.is_empty() || chosen.contains(&body.id)) && !owned.contains(&body.id) {
                let key = body.choice("material");
                if let Some(m) = material(&key) {
                    library.entry(m.name).or_default().push(&body.name);
                }
            }
        }
        for (name, bodies) in library {
            self.say(
                ABOUT,
                format!(
                    "{}: {name} of the library, alike in all directions and places, with its values at about 20 °C at every \
                     temperature.",
                    bodies.join(", ")
                ),
            );
        }
        for object in own {
            let kind = schema::kind(&object.kind);
            let varying: Vec<&str> = kind
                .map_or(&[][..], |k| k.fields)
                .iter()
                .filter(|f| f.over_temperature && names(&object.text(f.key)).iter().any(|n| n == TEMPERATURE))
                .map(|f| f.label)
                .collect();
            let name = &object.name;
            let text = if object.kind == "orthotropic" && heat && !warms(object, &self.resolved)[0] {
                format!("{name}: density and specific heat; it conducts as the body's other material does.")
            } else if object.kind == "orthotropic" && heat {
                let values = if varying.is_empty() {
                    "the same at every temperature"
                } else {
                    "taken at the temperature of each place; beyond what is given, the last value holds"
                };
                format!(
                    "{name}: conductivity along three fixed directions of the model, the same at every place and {values}."
                )
            } else if object.kind == "orthotropic" {
                format!(
                    "{name}: stiffness along three fixed directions of the model, the same at every place and temperature; no \
                     strength, so no safety factor."
                )
            } else if varying.is_empty() {
                format!("{name}: alike in all directions and places; its values do not change with temperature.")
            } else {
                let rest = "beyond what is given, the last value holds";
                let taken = match self.study.kind.as_str() {
                    "heat" => "taken at the temperature of each place",
                    "static" if self.is_instant() => "taken at 20 °C",
                    "static" if self.choice("warmth") == "none" => "taken at the temperature without stress",
                    "static" => "taken at the temperature of each place",
                    "generative" if self.is_conductor() => "taken at the temperature of the cooled faces",
                    _ => "taken at 20 °C",
                };
                format!(
                    "{name}: alike in all directions and places. {} may change with temperature and {} {taken}; {rest}.",
                    varying.join(", "),
                    if varying.len() == 1 { "is" } else { "are" }
                )
            };
            self.say(ABOUT, text);
        }
    }

    /// Supports, loads and heat boundaries that act, by kind; and those that do not.
    fn idealised(&mut self, section: Section) {
        let about = match section {
            Section::Support => "Supports",
            Section::Load => "Loads",
            _ => "Heat",
        };
        let free = section == Section::Support && self.study.flag("free");
        let mut acting: Vec<(&str, Vec<&str>)> = Vec::new();
        let mut idle: Vec<&str> = Vec::new();
        for o in self.design.section(section).filter(|o| !o.suppressed) {
            if free || !self.seen.contains(&o.id) {
                idle.push(&o.name);
                continue;
            }
            match acting.iter_mut().find(|(kind, _)| *kind == o.kind) {
                Some((_, names)) => names.push(&o.name),
                None => acting.push((&o.kind, vec![&o.name])),
            }
        }
        for (kind, names) in acting {
            if let Some(text) = idealisation(kind) {
                self.say(about, format!("{}: {text}.", names.join(", ")));
            }
        }
        // Modal studies know no loads, and those of mechanics no heat: that is said once, under behaviour.
        let read = match section {
            Section::Support => !self.is("heat") && !self.is_conductor(),
            Section::Load => self.is_mechanical() && !self.is("modal"),
            _ => !self.is_mechanical(),
        };
        if read && !idle.is_empty() {
            self.say(about, format!("Of the design but not of this study: {}.", idle.join(", ")));
        }
        if section == Section::Support && free {
            self.say(about, "Nothing holds the bodies; their six rigid motions are left out of the list.");
        }
        if section == Section::Thermal && self.is("heat") {
            self.say(about, "Faces without a heat boundary let no heat through.");
        }
    }

    fn warmth(&mut self) {
        if !self.is("static") {
            return;
        }
        const ABOUT: &str = "Heat";
        match self.choice("warmth").as_str() {
            "given" => {
                let (rest, to) = (
                    self.value(self.study, "stress_free", Dimension::TEMPERATURE),
                    self.value(self.study, "temperature", Dimension::TEMPERATURE),
                );
                self.say(
                    ABOUT,
                    format!("All bodies are at {to}, evenly, in every load case; they are free of stress at {rest}."),
                );
            }
            "heat" => {
                let rest = self.value(self.study, "stress_free", Dimension::TEMPERATURE);
                let name = self.study.refs("heat").first().and_then(|id| self.design.get(id)).map(|o| o.name.clone());
                let name = name.unwrap_or_default();
                self.say(
                    ABOUT,
                    format!(
                        "Temperatures are those of “{name}”, at its end where it runs over time; bodies are free of stress at \
                         {rest}. Deformation does not act back on the heat."
                    ),
                );
            }
            _ => self.say(ABOUT, "Temperature stays as it is: nothing expands."),
        }
    }

    fn method(&mut self) {
        const ABOUT: &str = "Method";
        if self.is_instant() {
            self.say(
                ABOUT,
                "Instant: cubes that do not follow the surface. Walls thinner than two cubes are too stiff or too soft, gaps \
                 narrower than one are closed, and stress at inner corners and held edges is not resolved. It knows neither \
                 expansion, bolt preload, remote displacements nor directions of a material, and proves no requirement.",
            );
        } else if self.is("generative") {
            self.say(
                ABOUT,
                "Densities in cubes, solved on these; supports and loads act on nodes behind the true faces. The body's numbers \
                 are indicative: a verified study on the body signs it.",
            );
        } else {
            self.say(
                ABOUT,
                "Verified: quadratic tetrahedra on the true surface, refined until the wished accuracy or the limit of the \
                 machine is reached. Bands estimate what the mesh leaves out, and none of the assumptions of this list.",
            );
        }
    }

    fn judgement(&mut self) {
        const ABOUT: &str = "Judgement";
        if self.is("static") {
            self.say(
                ABOUT,
                "Safety factors compare the von Mises stress with the yield strength afterwards: they say nothing of fatigue, \
                 brittle fracture or stability, and beyond yield the stresses themselves are no longer right.",
            );
        }
        if self.is("modal") {
            self.say(
                ABOUT,
                "The size of a shape means nothing; how far it swings depends on what drives it and on damping.",
            );
        }
        if self.is("buckling") {
            self.say(
                ABOUT,
                "That the stress before buckling stays below yield is not checked here; a static study shows it.",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::design::Value;
    use crate::design::schema::KINDS;
    use crate::study::FORMS;
    use std::sync::Arc;

    fn design(objects: impl IntoIterator<Item = Object>) -> Design {
        let mut design = Design::new();
        design.objects = objects.into_iter().map(Arc::new).collect();
        design
    }

    fn said(design: &Design, study: &str) -> Vec<Assumption> {
        assumptions(design, design.get(&study.into()).unwrap(), UnitSystem::Millimetre)
    }

    fn any(list: &[Assumption], about: &str, text: &str) -> bool {
        list.iter().any(|a| a.about == about && a.text.contains(text))
    }

    #[test]
    fn every_condition_and_every_study_says_what_it_takes_for_granted() {
        for kind in KINDS {
            let is = matches!(kind.section, Section::Support | Section::Load | Section::Thermal);
            assert_eq!(idealisation(kind.id).is_some(), is, "{}", kind.id);
        }
        for form in FORMS {
            let d = design([Object::new("b", "box", "Block"), Object::new("s", form.id, "Study")]);
            let list = said(&d, "s");
            for about in ["Behaviour", "Bodies", "Materials", "Method"] {
                assert!(list.iter().any(|a| a.about == about), "{} says nothing of {about}", form.id);
            }
            assert!(list.iter().all(|a| a.text.ends_with('.') && !a.text.contains("  ")), "{list:?}");
        }
        assert!(said(&design([Object::new("b", "box", "Block")]), "b").is_empty(), "a body is no study");
    }

    #[test]
    fn it_is_read_off_this_very_study() {
        let base = [
            Object::new("a", "box", "Plate"),
            Object::new("b", "box", "Cover"),
            Object::new("c", "box", "Lid"),
            Object::new("s1", "fixed", "Wall"),
            Object::new("s2", "elastic", "Soil"),
            Object::new("l", "bearing", "Pin"),
            Object::new("st", "static", "Static")
                .with("bodies", Value::Refs(vec!["a".into(), "b".into()]))
                .with("supports", Value::Refs(vec!["s1".into()])),
        ];
        let instant = said(&design(base.clone()), "st");
        assert!(any(&instant, "Bodies", "Left out, as if they were not there: Lid."));
        assert!(any(&instant, "Contact", "bonded"));
        assert!(any(&instant, "Supports", "Wall: the faces do not move at all"));
        assert!(any(&instant, "Supports", "not of this study: Soil"));
        assert!(any(&instant, "Loads", "Pin: the force presses on half of the cylinder wall as a cosine"));
        assert!(any(&instant, "Method", "Instant: cubes"));
        assert!(any(&instant, "Heat", "nothing expands"));
        assert!(any(&instant, "Materials", "Plate, Cover: EN AW-6061-T6 of the library"));

        let [a, b, c, s1, s2, l, st] = base;
        let verified = st
            .with("method", Value::Choice("verified".into()))
            .with("warmth", Value::Choice("given".into()))
            .expr("temperature", "80 °C");
        let own = Object::new("m", "isotropic", "Our steel")
            .with("bodies", Value::Refs(vec!["a".into()]))
            .expr("youngs_modulus", "table(temperature, 20 °C, 210 GPa, 400 °C, 180 GPa)");
        let list = said(&design([a, b, c, s1, s2, l, own, verified]), "st");
        assert!(any(&list, "Heat", "at 80 °C, evenly, in every load case; they are free of stress at 20 °C"));
        assert!(any(
            &list,
            "Materials",
            "Young's modulus may change with temperature and is taken at the temperature of each"
        ));
        assert!(any(&list, "Materials", "Cover: EN AW-6061-T6") && !any(&list, "Materials", "Plate, Cover"));
        assert!(any(&list, "Method", "Verified") && !any(&list, "Method", "Instant"));
    }

    #[test]
    fn a_lone_body_has_no_contact_and_a_free_one_no_supports() {
        let d = design([
            Object::new("b", "box", "Block"),
            Object::new("s", "fixed", "Wall"),
            Object::new("m", "modal", "Modes").with("free", Value::Flag(true)),
        ]);
        let list = said(&d, "m");
        assert!(list.iter().all(|a| a.about != "Contact"), "{list:?}");
        assert!(
            any(&list, "Supports", "Nothing holds the bodies") && any(&list, "Supports", "not of this study: Wall")
        );
        assert!(!any(&list, "Loads", ""), "{list:?}");
    }
}
