//! The proof that names hold: selections with an analytic predicate each, hundreds of random edits, and none of them
//! may land elsewhere. The predicate is computed from the parameters, never from the name.

use crate::support::{Blobs, Random, mm, point, seed};
use solver::design::schema::Section;
use solver::design::{Command, Design, Id, Object, Resolved, Value, apply, resolve, template};
use solver::geometry::{Cache, Model, evaluate_cached, select};
use solver::surface::FaceName;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What is known of a selected face: a function that is zero on it, of the parameters and a point, m.
type Residual = fn(&dyn Fn(&str) -> f64, [f64; 3]) -> f64;

struct Pick {
    name: &'static str,
    residual: Residual,
}

const fn pick(name: &'static str, residual: Residual) -> Pick {
    Pick { name, residual }
}

fn from_axis(a: f64, b: f64, radius: f64) -> f64 {
    a.hypot(b) - radius
}

/// Distance from the wall of hole `k` (from 0) of the flange's bolt circle.
fn bolt(p: &dyn Fn(&str) -> f64, k: f64, [x, y, _]: [f64; 3]) -> f64 {
    let angle = std::f64::consts::TAU * k / p("bolt_count");
    let r = p("bolt_circle") / 2.0;
    from_axis(x - r * angle.cos(), y - r * angle.sin(), p("bolt_diameter") / 2.0)
}

/// Distance from the bracket's bolt hole in column `i`, row `j`.
fn corner(p: &dyn Fn(&str) -> f64, i: f64, j: f64, [x, y, _]: [f64; 3]) -> f64 {
    let x0 = p("hole_inset") - p("width") / 2.0 + i * (p("width") - 2.0 * p("hole_inset"));
    from_axis(x - x0, y - p("hole_inset") - j * p("row_spacing"), p("hole_diameter") / 2.0)
}

const BRACKET: &[Pick] = &[
    pick("extrude_angle.side1", |_, [_, _, z]| z),
    pick("extrude_angle.side2", |p, [_, y, _]| y - p("depth")),
    pick("extrude_angle.side3", |p, [_, _, z]| z - p("height")),
    pick("extrude_angle.side4", |p, [_, y, _]| y - p("depth") + p("thickness")),
    pick("extrude_angle.side5", |p, [_, _, z]| z - p("thickness")),
    pick("extrude_angle.end", |p, [x, ..]| x - p("width") / 2.0),
    pick("cylinder_boss.bottom", |p, [_, y, _]| y - p("depth") + p("thickness") + p("boss_length")),
    pick("cylinder_boss.wall", |p, [x, _, z]| from_axis(x, z - p("bore_height"), p("boss_diameter") / 2.0)),
    pick("hole_bore.wall", |p, [x, _, z]| from_axis(x, z - p("bore_height"), p("bore_diameter") / 2.0)),
    pick("hole_bolt.wall", |p, q| corner(p, 0.0, 0.0, q)),
    pick("hole_bolt.wall#pattern_column.2", |p, q| corner(p, 1.0, 0.0, q)),
    pick("hole_bolt.wall#pattern_row.2", |p, q| corner(p, 0.0, 1.0, q)),
    pick("hole_bolt.wall#pattern_column.2#pattern_row.2", |p, q| corner(p, 1.0, 1.0, q)),
    pick("fillet_bend.round(extrude_angle.side4|extrude_angle.side5)", |p, [_, y, z]| {
        let r = p("bend_radius");
        from_axis(y - (p("depth") - p("thickness") - r), z - (p("thickness") + r), r)
    }),
];

const FLANGE: &[Pick] = &[
    pick("cylinder_disc.wall", |p, [x, y, _]| from_axis(x, y, p("outer_diameter") / 2.0)),
    pick("cylinder_hub.top", |p, [_, _, z]| z - p("thickness") - p("hub_length")),
    pick("hole_bore.wall", |p, [x, y, _]| from_axis(x, y, p("bore_diameter") / 2.0)),
    pick("hole_bolt.wall", |p, q| bolt(p, 0.0, q)),
    pick("hole_bolt.wall#pattern_bolt.2", |p, q| bolt(p, 1.0, q)),
    pick("hole_bolt.wall#pattern_bolt.3", |p, q| bolt(p, 2.0, q)),
    pick("hole_bolt.wall#pattern_bolt.4", |p, q| bolt(p, 3.0, q)),
];

const HEAT_SINK: &[Pick] = &[
    pick("box_block.bottom", |_, [_, _, z]| z),
    pick("box_block.top", |p, [_, _, z]| z - p("base") - p("fin_height")),
    pick("box_slot.bottom", |p, [_, _, z]| z - p("base")),
    pick("box_slot.left#pattern_slot.3", |p, [x, ..]| x - p("fin_thickness") - 2.0 * (p("fin_thickness") + p("gap"))),
];

/// Parameters that are varied, with the range of factors; counts take the values they are listed with.
const RANGES: &[(&str, f64, f64)] = &[
    ("width", 0.9, 1.5),
    ("depth", 0.95, 1.4),
    ("height", 0.95, 1.3),
    ("thickness", 0.7, 1.2),
    ("hole_diameter", 0.5, 1.2),
    ("hole_inset", 0.9, 1.1),
    ("row_spacing", 0.8, 1.0),
    ("bore_diameter", 0.6, 1.1),
    ("bore_height", 0.98, 1.05),
    ("boss_diameter", 0.95, 1.1),
    ("boss_length", 0.5, 1.5),
    ("bend_radius", 0.4, 1.2),
    ("rib_thickness", 0.5, 1.3),
    ("outer_diameter", 0.98, 1.2),
    ("hub_diameter", 0.95, 1.05),
    ("hub_length", 0.6, 1.5),
    ("bolt_circle", 0.98, 1.02),
    ("bolt_diameter", 0.6, 1.1),
    ("hub_radius", 0.4, 1.1),
    ("rim_chamfer", 0.5, 1.5),
    ("length", 0.8, 1.4),
    ("fin_thickness", 0.7, 1.4),
    ("gap", 0.9, 1.3),
    ("base", 0.6, 1.4),
    ("fin_height", 0.6, 1.4),
    ("screw_diameter", 0.7, 1.1),
];
const COUNTS: &[(&str, &[u32])] = &[("bolt_count", &[4, 6, 3]), ("fin_count", &[5, 7, 9])];

/// What the edits that took effect did, by kind; parameters by name.
#[derive(Default)]
struct Edits {
    parameters: BTreeSet<String>,
    inserted: usize,
    removed: usize,
    suppressed: usize,
    moved: usize,
}

impl Edits {
    fn count(&mut self, design: &Design, command: &Command) {
        match command {
            Command::Set { id, .. } => {
                self.parameters.extend(design.get(id).map(|o| o.name.clone()));
            }
            Command::Add { .. } => self.inserted += 1,
            Command::Remove { .. } => self.removed += 1,
            Command::Suppress { .. } => self.suppressed += 1,
            Command::Move { .. } => self.moved += 1,
            _ => {}
        }
    }
}

/// The design after one random edit that changes it.
fn edited(design: &Design, original: &Design, random: &mut Random, n: usize, edits: &mut Edits) -> Design {
    loop {
        let Some(command) = edit(design, original, random, n) else { continue };
        if let Ok((next, _)) = apply(design, &command)
            && next != *design
        {
            edits.count(design, &command);
            return next;
        }
    }
}

fn edit(design: &Design, original: &Design, random: &mut Random, n: usize) -> Option<Command> {
    let features: Vec<Id> = design.section(Section::Feature).map(|o| o.id.clone()).collect();
    Some(match random.below(10) {
        // Most edits drag a dimension.
        0..=4 => {
            let all: Vec<&Object> = design.section(Section::Parameter).collect();
            let parameter = all[random.below(all.len())];
            let value = if let Some((_, values)) = COUNTS.iter().find(|(name, _)| *name == parameter.name) {
                values[random.below(values.len())].to_string()
            } else if let Some((_, lo, hi)) = RANGES.iter().find(|(name, ..)| *name == parameter.name) {
                let base = original.get(&parameter.id).expect("a parameter stays").text("value");
                format!("({base}) * {:.3}", random.between(*lo, *hi))
            } else {
                panic!("the parameter {} has no range here: give it one", parameter.name);
            };
            Command::Set { id: parameter.id.clone(), key: "value".into(), value: Some(Value::Expr(value)) }
        }
        5 => {
            // A small pocket or pad somewhere, put anywhere in the tree.
            let operation = if random.below(2) == 0 { "cut" } else { "join" };
            let (x, y) = (random.between(-40.0, 40.0), random.between(0.0, 60.0));
            let object = Object::new(format!("box_new{n}").as_str(), "box", "New")
                .with("operation", Value::Choice(operation.into()))
                .with("origin", point(x, y, random.between(2.0, 30.0)))
                .expr("dx", &mm(random.between(2.0, 9.0)))
                .expr("dy", &mm(random.between(2.0, 9.0)))
                .expr("dz", &mm(random.between(2.0, 9.0)));
            Command::Add { object, before: Some(features[1 + random.below(features.len() - 1)].clone()) }
        }
        6 => {
            // What was inserted goes again, so that the part does not fill up.
            Command::Remove { id: features.iter().find(|id| id.0.starts_with("box_new"))?.clone() }
        }
        7 | 8 => {
            let id = features[1 + random.below(features.len() - 1)].clone();
            let suppressed = !design.get(&id).is_some_and(|o| o.suppressed) && random.below(3) == 0;
            Command::Suppress { id, suppressed }
        }
        _ => {
            let id = features[1 + random.below(features.len() - 1)].clone();
            let before = features[1 + random.below(features.len() - 1)].clone();
            Command::Move { id, before: Some(before), parent: None }
        }
    })
}

struct Tally {
    landed: usize,
    elsewhere: usize,
    lost: usize,
    silent: usize,
}

/// Where each pick is now; `find` is the naming under test.
fn judge(
    design: &Design,
    model: &Model,
    picks: &[Pick],
    tally: &mut Tally,
    find: &dyn Fn(&Pick) -> (Vec<(usize, usize)>, bool),
) -> Option<String> {
    let (resolved, _): (Resolved, _) = resolve(design);
    let parameter = |name: &str| resolved.parameter(name).map_or(f64::NAN, |q| q.value);
    let mut first = None;
    for pick in picks {
        let (found, reported) = find(pick);
        if found.is_empty() {
            tally.lost += 1;
            tally.silent += usize::from(!reported);
            continue;
        }
        for (body, face) in found {
            let surface = model.bodies[body].body.surface();
            let points = surface.triangles.iter().zip(&surface.face_of).filter(|(_, f)| **f as usize == face);
            let off = points
                .flat_map(|(t, _)| t.map(|i| (pick.residual)(&parameter, surface.points[i as usize]).abs()))
                .fold(0.0, f64::max);
            if off < 1e-6 {
                tally.landed += 1;
            } else {
                tally.elsewhere += 1;
                first.get_or_insert(format!("{} landed {off} m off", pick.name));
            }
        }
    }
    first
}

const EDITS: usize = 300;

#[test]
#[allow(clippy::print_stdout)]
fn no_selection_lands_elsewhere_in_three_hundred_edits() {
    let parts = [("bracket", BRACKET), ("flange", FLANGE), ("heat_sink", HEAT_SINK)];
    let n_picks: usize = parts.iter().map(|(_, picks)| picks.len()).sum();
    assert!(n_picks >= 20);
    let seed = seed(20_261_121);
    let mut edits = Edits::default();
    let mut parameters = BTreeSet::new();
    let mut by_name = Tally { landed: 0, elsewhere: 0, lost: 0, silent: 0 };
    let mut by_index = Tally { landed: 0, elsewhere: 0, lost: 0, silent: 0 };
    for (i, (id, picks)) in parts.into_iter().enumerate() {
        let mut random = Random(seed.wrapping_add(i as u64));
        let original = (template(id).expect("a template").build)();
        let mut design = original.clone();
        parameters.extend(original.section(Section::Parameter).map(|o| o.name.clone()));
        let mut cache = Cache::default();
        let start = evaluate_cached(&design, &Blobs::default(), &mut cache);
        // The canary remembers the face's number in the first model, as a kernel without names would.
        let number = |pick: &Pick| select::named(&start, &FaceName(pick.name.into()))[0].1;
        let numbers: Vec<usize> = picks.iter().map(number).collect();
        for n in 0..EDITS / 3 {
            design = edited(&design, &original, &mut random, n, &mut edits);
            // Long chains of random edits end in rubble; every twelve edits the part is made anew.
            if n % 12 == 11 {
                design = original.clone();
            }
            let model = evaluate_cached(&design, &Blobs::default(), &mut cache);
            let find = |pick: &Pick| {
                let holder = Object::new("probe", "fixed", "Probe")
                    .with("faces", Value::Faces(vec![FaceName(pick.name.into())]));
                let (found, issues) = select::faces(&design, &model, &holder);
                (found, issues.iter().any(|i| i.object.0 == "probe" && i.message.contains("is lost")))
            };
            let wrong = judge(&design, &model, picks, &mut by_name, &find);
            assert_eq!(wrong, None, "{id}, edit {n}, BRUNEL_SEED={seed}");
            judge(&design, &model, picks, &mut by_index, &|pick| {
                let at = picks.iter().position(|p| p.name == pick.name).expect("its own list");
                let there = model.bodies.first().is_some_and(|b| numbers[at] < b.body.surface().faces.len());
                (if there { vec![(0, numbers[at])] } else { Vec::new() }, true)
            });
        }
    }
    println!(
        "{EDITS} edits, {n_picks} selections: {} found, {} lost and reported, {} elsewhere; by index {} elsewhere",
        by_name.landed, by_name.lost, by_name.elsewhere, by_index.elsewhere
    );
    assert_eq!((by_name.elsewhere, by_name.silent), (0, 0));
    assert_eq!(edits.parameters, parameters, "every parameter was changed");
    let few = edits.inserted.min(edits.removed).min(edits.suppressed).min(edits.moved);
    assert!(few >= 10, "every kind of edit happened: {few}");
    // A proof on faces that were never there would be none.
    assert!(by_name.landed > 4 * by_name.lost, "{} found, {} lost", by_name.landed, by_name.lost);
    assert!(
        by_index.elsewhere > EDITS,
        "the canary lives: names by index landed elsewhere {} times",
        by_index.elsewhere
    );
}

#[test]
fn a_count_of_four_six_three_loses_what_is_gone_and_nothing_else() {
    let original = (template("flange").expect("it").build)();
    let mut cache = Cache::default();
    for (count, expected) in [("4", 4), ("6", 4), ("3", 3)] {
        let mut design = original.clone();
        let parameter = design.objects.iter_mut().find(|o| o.name == "bolt_count").expect("a parameter");
        Arc::make_mut(parameter).properties.insert("value".into(), Value::Expr(count.into()));
        let model = evaluate_cached(&design, &Blobs::default(), &mut cache);
        assert_eq!(model.issues, []);
        let names = FLANGE[3..].iter().map(|p| FaceName(p.name.into())).collect::<Vec<_>>();
        let found = names.iter().filter(|n| !select::named(&model, n).is_empty()).count();
        assert_eq!(found, expected, "of four selections at a count of {count}");
    }
}

#[test]
fn a_split_face_is_selected_whole() {
    let design = (template("heat_sink").expect("it").build)();
    let model = evaluate_cached(&design, &Blobs::default(), &mut Cache::default());
    // The block's top is what is left between the slots: nine fins.
    assert_eq!(select::named(&model, &FaceName("box_block.top".into())).len(), 9);
}
