//! The body that a generative study found: into the design as a feature, and what a verified run says of it.

use super::pareto::CompareBodies;
use crate::api::client::encode;
use crate::api::run::{Run, RunState};
use crate::panels::{Desk, use_desk};
use crate::ui::{Glyph, Icon};
use leptos::prelude::*;
use solver::design::schema::Section;
use solver::design::{Command, Design, Id, Object, Value};
use solver::growth::{FACT, Growth};
use solver::quantity::{Dimension, display_unit};
use solver::study::generative::is_conduction;
use solver::study::outcome::{Grade, Outcome, Scalar};
use solver::study::question::question;
use std::sync::Arc;

/// Difference between the optimiser's and the verified value that is flagged, as a share.
const FLAGGED: f64 = 0.05;

/// Hash of the body that an answer proposes for the design.
fn growth_of(outcome: &Outcome) -> Option<String> {
    outcome.facts.iter().find(|(key, _)| key == FACT).map(|(_, hash)| hash.clone())
}

/// The features that make the body with this hash.
fn makers<'a>(design: &'a Design, growth: &'a str) -> impl Iterator<Item = &'a Object> {
    let is_it = move |o: &&Object| matches!(o.get("file"), Some(Value::Blob { hash, .. }) if hash == growth);
    design.of_kind("generated").filter(is_it)
}

/// The features that the shown answer was taken over as: their bodies are in the place of its own.
pub fn taken_over(desk: Desk) -> Vec<Id> {
    let is_shown = desk.bench.shown.with(Option::is_some);
    let growth = desk.bench.outcome.with(|o| o.as_deref().filter(|_| is_shown).and_then(growth_of));
    let ids = |growth: String| desk.design.with(|d| makers(d, &growth).map(|o| o.id.clone()).collect());
    growth.map(ids).unwrap_or_default()
}

/// The feature that makes the body with this hash, and the study that verifies it alone.
fn adopted(design: &Design, growth: &str) -> Option<(Object, Option<Object>)> {
    let feature = makers(design, growth).next()?.clone();
    let check = check_of(design, &feature.id).or_else(|| heat_of(design, &feature.id));
    Some((feature, check))
}

/// The heat study that has one body alone: it verifies what was grown to lead heat.
pub fn heat_of(design: &Design, feature: &Id) -> Option<Object> {
    let alone = std::slice::from_ref(feature);
    design.of_kind("heat").find(|o| !o.suppressed && o.refs("bodies") == alone).cloned()
}

/// The verified static study that has one body alone.
pub fn check_of(design: &Design, feature: &Id) -> Option<Object> {
    let alone = std::slice::from_ref(feature);
    let is_check = |o: &&Object| !o.suppressed && o.refs("bodies") == alone && o.choice("method") == "verified";
    design.of_kind("static").find(is_check).cloned()
}

/// What takes a body into the design: its feature, and a study that verifies it under what it was made for.
fn adoption(design: &Design, study: &Id, growth: &Growth, file: Value, fresh: impl Fn(&str) -> Id) -> Command {
    let study = design.get(study);
    let label = study.map_or("Outcome".to_string(), |o| format!("Outcome of {}", o.name));
    let n = design
        .section(Section::Feature)
        .filter(|o| o.name == label || o.name.starts_with(&format!("{label} ")))
        .count();
    let label = if n == 0 { label } else { format!("{label} {}", n + 1) };
    let mut feature = Object::new(fresh("generated"), "generated", &label).with("file", file);
    feature.properties.extend(growth.head.values.clone());
    // What leads heat is verified by the steady heat study, under the same heat boundaries.
    let is_conduction = study.is_some_and(is_conduction);
    let kind = if is_conduction { "heat" } else { "static" };
    let mut check = Object::new(fresh(kind), kind, &format!("Check of {label}"))
        .with("bodies", Value::Refs(vec![feature.id.clone()]));
    if !is_conduction {
        check = check.with("method", Value::Choice("verified".into()));
    }
    let same: &[&str] = if is_conduction { &["thermal"] } else { &["supports", "cases"] };
    for key in same.iter().copied() {
        if let Some(value) = study.and_then(|o| o.properties.get(key)) {
            check = check.with(key, value.clone());
        }
    }
    let add = |object| Command::Add { object, before: None };
    Command::Batch { commands: vec![add(feature), add(check)] }
}

/// What the optimiser says of a body and a verified study knows better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Figure {
    Compliance,
    Displacement,
    Stress,
    Heat,
}

impl Figure {
    const ALL: [Self; 4] = [Self::Compliance, Self::Displacement, Self::Stress, Self::Heat];

    fn label(self) -> &'static str {
        match self {
            Self::Compliance => "Compliance",
            Self::Displacement => "Largest displacement",
            Self::Stress => "Largest stress",
            Self::Heat => "Thermal compliance",
        }
    }

    fn help(self) -> &'static str {
        match self {
            Self::Compliance => "Work of the loads",
            Self::Displacement => "Anywhere on the body",
            Self::Stress => {
                "Von Mises. Optimised: at the centres of cells, away from what is kept; verified: everywhere but where it has no finite \
                 value"
            }
            Self::Heat => "Heat times its rise of temperature where it enters",
        }
    }

    fn dimension(self) -> Dimension {
        match self {
            Self::Compliance => Dimension::MOMENT,
            Self::Displacement => Dimension::LENGTH,
            Self::Stress => Dimension::PRESSURE,
            Self::Heat => Dimension::THERMAL_COMPLIANCE,
        }
    }

    /// Names of the scalar: of the optimiser's densities, of the body in its cells, and of the verified study.
    fn keys(self) -> (&'static str, Option<&'static str>, &'static str) {
        match self {
            Self::Compliance => ("compliance", Some("compliance_body"), "compliance"),
            Self::Displacement => ("displacement_max", None, "displacement_max"),
            Self::Stress => ("stress_max", None, "von_mises_max"),
            Self::Heat => ("thermal_compliance", Some("thermal_compliance_body"), "thermal_compliance"),
        }
    }

    /// Of the row's verified value, for tests in a browser.
    fn testid(self) -> &'static str {
        match self {
            Self::Compliance => "verified-compliance",
            Self::Displacement => "verified-displacement",
            Self::Stress => "verified-stress",
            Self::Heat => "verified-heat",
        }
    }
}

/// One figure of one load case, or of heat: what the optimiser says of its densities and of the body in cells, and what was
/// verified.
#[derive(Clone, Debug, PartialEq)]
struct Line {
    figure: Figure,
    /// Load case; empty for heat.
    label: String,
    densities: f64,
    cells: Option<f64>,
    verified: Option<(f64, Option<f64>)>,
}

impl Line {
    /// How far the optimiser is off, as a share of what was verified.
    fn off(&self) -> Option<f64> {
        self.verified.map(|(value, _)| self.densities / value - 1.0)
    }

    fn is_flagged(&self) -> bool {
        self.off().is_some_and(|o| o.abs() > FLAGGED)
    }
}

fn scalar<'a>(out: &'a Outcome, id: &str, case: Option<&str>) -> Option<&'a Scalar> {
    out.scalars.iter().find(|s| s.id == id && s.case.as_deref() == case)
}

/// A verified value with its band; a stress without a finite value gives way to the largest beside it.
fn verified_value(out: &Outcome, id: &str, case: Option<&str>) -> Option<(f64, Option<f64>)> {
    let found = scalar(out, id, case).filter(|s| s.grade == Grade::Verified)?;
    let found = if found.exponent.is_some() { scalar(out, &format!("{id}_finite"), case)? } else { found };
    Some((found.value, found.error))
}

fn lines(found: &Outcome, verified: Option<&Outcome>) -> Vec<Line> {
    let line = |figure: Figure, case: Option<&str>, label: &str| {
        let (densities, cells, checked) = figure.keys();
        // A design without load cases has one, of all its loads, which each study calls after itself.
        let of_check = |v: &Outcome| {
            let only = || v.states.first().filter(|_| found.states.len() == 1 && v.states.len() == 1);
            let same = |case: Option<&str>| verified_value(v, checked, case);
            same(case).or_else(|| if case.is_some() { same(Some(&only()?.id)) } else { None })
        };
        Some(Line {
            figure,
            label: label.into(),
            densities: scalar(found, densities, case)?.value,
            cells: cells.and_then(|id| scalar(found, id, case)).map(|s| s.value),
            verified: verified.and_then(of_check),
        })
    };
    let cases: Vec<(Option<&str>, &str)> =
        [(None, "")].into_iter().chain(found.states.iter().map(|s| (Some(&*s.id), &*s.label))).collect();
    Figure::ALL.into_iter().flat_map(|figure| cases.iter().filter_map(move |(c, l)| line(figure, *c, l))).collect()
}

/// The newest answer of a study to what it asks now.
pub fn answer(runs: &[Run], design: &Design, study: &Id) -> Option<Run> {
    let asked = question(design, study)?;
    runs.iter().find(|r| r.study == study.0 && r.state == RunState::Done && r.fingerprint == asked).cloned()
}

/// The body of the shown answer, where it has one for the design.
#[component]
pub fn GrowthPanel(outcome: Arc<Outcome>) -> impl IntoView {
    let desk = use_desk();
    let bench = desk.bench;
    let outcome = StoredValue::new(outcome);
    let Some(growth) = outcome.with_value(|o| growth_of(o)) else { return ().into_any() };
    let growth = StoredValue::new(growth);
    let taken = Memo::new(move |_| growth.with_value(|g| desk.design.with(|d| adopted(d, g))));
    let verified = RwSignal::new(None::<(String, Arc<Outcome>)>);
    let check = Memo::new(move |_| {
        let study = taken.with(|t| t.as_ref().and_then(|(_, c)| c.as_ref().map(|c| c.id.clone())))?;
        bench.runs.with(|runs| desk.design.with(|d| answer(runs, d, &study))).map(|r| r.id)
    });
    Effect::new(move |_| {
        let Some(run) = check.get() else { return verified.set(None) };
        let client = desk.client.get_value();
        leptos::task::spawn_local(async move {
            let path = format!("/api/runs/{}/artefacts/surface", encode(&run));
            let Ok(bytes) = client.bytes(&path).await else { return };
            let read = Outcome::from_bytes(&bytes).ok().map(|o| (run.clone(), Arc::new(o)));
            // Another run may have been asked for since.
            if check.try_get_untracked().flatten().as_ref() == Some(&run) {
                verified.try_set(read);
            }
        });
    });
    let busy = RwSignal::new(false);
    let take = move |_| {
        busy.set(true);
        leptos::task::spawn_local(async move {
            if let Err(why) = adopt(desk).await {
                desk.notices.bad(why);
            }
            busy.try_set(false);
        });
    };
    let rows = move || {
        let found = verified.with(|v| outcome.with_value(|o| lines(o, v.as_ref().map(|(_, o)| &**o))));
        let row = |line: Line| {
            let dimension = line.figure.dimension();
            let number = |value: f64| desk.show_number(value, dimension, 4);
            let words = line.verified.map_or("–".to_string(), |(value, _)| number(value));
            let title = line.verified.map(|(value, error)| {
                let band = error.map_or(String::new(), |e| format!(" ± {}", desk.show_number(e, dimension, 2)));
                format!("{}{band}; the tag: how far the optimiser is off", number(value))
            });
            let flagged = line.is_flagged();
            let unit = display_unit(dimension, desk.units.get()).0;
            let case = (!line.label.is_empty()).then(|| view! { <span class="soft">" · "{line.label.clone()}</span> });
            view! {
                <tr>
                    <td title=line.figure.help()>{line.figure.label()}" "<span class="soft unit">{unit}</span>{case}</td>
                    <td>{number(line.densities)}</td>
                    <td>{line.cells.map_or("–".to_string(), number)}</td>
                    <td data-testid=line.figure.testid() title=title>
                        {words}
                        {line.off().map(|o| {
                            view! { <span class="tag" class:bad=flagged class:good=!flagged>{format!("{:+.1} %", 100.0 * o)}</span> }
                        })}
                    </td>
                </tr>
            }
        };
        found.into_iter().map(row).collect_view()
    };
    // What is off, in words.
    let flagged = move || {
        verified.with(|v| {
            let (_, v) = v.as_ref()?;
            let lines = outcome.with_value(|o| lines(o, Some(v)));
            let off = |f: &Figure| lines.iter().any(|l| l.figure == *f && l.is_flagged());
            let names: Vec<String> = Figure::ALL.into_iter().filter(off).map(|f| f.label().to_lowercase()).collect();
            (!names.is_empty()).then(|| names.join(", "))
        })
    };
    let has_lines = outcome.with_value(|o| !lines(o, None).is_empty());
    let open = move |study: bool| {
        let id = taken.with_untracked(|t| {
            let (feature, check) = t.as_ref()?;
            if study { check.as_ref().map(|c| c.id.clone()) } else { Some(feature.id.clone()) }
        });
        if let Some(id) = id {
            desk.selected.set(Some(id));
        }
    };
    view! {
        <h3>"The body"</h3>
        <div class="result-tool growth" data-testid="growth">
            {move || match taken.get() {
                None => view! {
                    <p class="soft">
                        "Take it over as a feature: to be cut, blended, joined and exported like any body, and to be verified on \
                         elements that follow it."
                    </p>
                    <button
                        type="button" class="button primary wide" data-testid="adopt" on:click=take
                        disabled=move || {
                            busy.get() || !desk.may_edit.get() || bench.shown.with(|s| s.as_ref().is_none_or(|s| s.partial))
                        }
                    >
                        <Icon glyph=Glyph::Add />
                        {move || if busy.get() { "Taking over…" } else { "Take over into the design" }}
                    </button>
                }
                    .into_any(),
                Some((feature, study)) => view! {
                    <p class="adopted">
                        <button type="button" class="link" data-testid="open-feature" on:click=move |_| open(false)>{feature.name}</button>
                        {match study {
                            Some(study) => view! {
                                <span class="soft">" · verified by "</span>
                                <button type="button" class="link" data-testid="open-check" on:click=move |_| open(true)>
                                    {study.name}
                                </button>
                            }
                                .into_any(),
                            None => view! { <span class="soft">" · no verified study has it as its only body"</span> }.into_any(),
                        }}
                    </p>
                }
                    .into_any(),
            }}
            <Show when=move || has_lines>
                <div class="table-scroll">
                    <table class="table dense">
                        <thead>
                            <tr>
                                <th><span class="visually-hidden">"Figure and load case"</span></th>
                                <th title="As the optimiser ended: grey densities count as soft">"Optimised"</th>
                                <th title="The body that was made of it, in the optimiser's cells">"In cells"</th>
                                <th>"Verified"</th>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            </Show>
            <Show when=move || taken.with(|t| t.as_ref().is_some_and(|(_, c)| c.is_some())) && check.with(Option::is_none)>
                <p class="soft">"Not verified as it is now: open its check and run it."</p>
            </Show>
            <Show when=move || taken.with(Option::is_some)>
                <CompareBodies />
            </Show>
            {move || flagged().map(|names| view! {
                <div class="callout small" data-testid="growth-off">
                    <Icon glyph=Glyph::Warning />
                    <p>
                        "The optimiser is more than 5 % off what was verified ("{names}"): members or their roots are thin for its \
                         cells. Believe the verified value, or take more cells or a larger smallest member."
                    </p>
                </div>
            })}
        </div>
    }
    .into_any()
}

/// Puts the body of the shown answer among the design's files, and its feature and study into the tree.
async fn adopt(desk: Desk) -> Result<(), String> {
    let shown = desk.bench.shown.get_untracked().ok_or("There is no answer to take a body of.")?;
    let run = desk.bench.run(&shown.run).ok_or("This run is not in the list any more. Reload the page.")?;
    let (client, design) = (desk.client.get_value(), desk.id.get_value());
    let path = format!("/api/runs/{}/artefacts/growth", encode(&run.id));
    let bytes = client.bytes(&path).await.map_err(|p| p.message)?;
    let growth = Growth::from_bytes(&bytes).ok_or("The body of this run is damaged. Run the study again.")?;
    let name = format!("{} v{}.{}", run.study_name.replace(['/', '\\'], "-"), run.sequence, Growth::EXTENSION);
    let stored = client.store(&design, &name, bytes).await.map_err(|p| p.message)?;
    let file = Value::Blob { hash: stored.hash, name: stored.name };
    let study = Id(run.study.clone());
    let fresh = |kind: &str| Id::fresh(kind, crate::ui::random());
    let command = desk.design.with_untracked(|d| adoption(d, &study, &growth, file, fresh));
    let check = match &command {
        Command::Batch { commands } => commands.last().and_then(|c| match c {
            Command::Add { object, .. } => Some(object.id.clone()),
            _ => None,
        }),
        _ => None,
    };
    if desk.commit(command) {
        // Inside its design space the body would not be seen.
        let space = growth.head.values.get("bodies");
        if let Some(Value::Refs(ids)) = space {
            desk.hidden.update(|hidden| {
                hidden.extend(ids.iter().map(|id| id.0.clone()).filter(|id| !hidden.contains(id)).collect::<Vec<_>>());
            });
        }
        desk.bench.close();
        desk.selected.set(check);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use solver::growth::Head;
    use solver::study::outcome::{State, StateKind};
    use std::collections::BTreeMap;

    fn refs(ids: &[&str]) -> Value {
        Value::Refs(ids.iter().map(|i| (*i).into()).collect())
    }

    fn growth() -> Growth {
        let values = BTreeMap::from([("bodies".to_string(), refs(&["space"]))]);
        let head =
            Head { values, level: 0.5, n_cells: 60.0, volume: 1e-6, origin: [0.0; 3], spacing: 1e-3, counts: [2; 3] };
        Growth { head, samples: vec![0; 8] }
    }

    #[test]
    fn a_body_is_taken_over_with_its_check_and_known_again() {
        let mut design = Design::new();
        let study = Object::new("st", "generative", "Wing").with("supports", refs(&["wall"])).expr("share", "20 %");
        design.objects = [Object::new("space", "box", "Space"), study].map(Arc::new).to_vec();
        let file = || Value::Blob { hash: "abc".into(), name: "Wing v3.growth".into() };
        let turn = std::cell::Cell::new(0);
        let fresh = |kind: &str| {
            turn.set(turn.get() + 1);
            Id(format!("{kind}_{}", turn.get()))
        };
        for name in ["Outcome of Wing", "Outcome of Wing 2"] {
            assert!(name.ends_with('2') || adopted(&design, "abc").is_none());
            let command = adoption(&design, &"st".into(), &growth(), file(), fresh);
            design = solver::design::apply(&design, &command).expect("applied").0;
            assert!(design.of_kind("generated").any(|o| o.name == name));
        }
        let (feature, check) = adopted(&design, "abc").expect("in the design");
        let check = check.expect("a verified study");
        assert_eq!((feature.refs("bodies"), check.refs("bodies")), (vec!["space".into()], vec![feature.id.clone()]));
        assert_eq!((check.refs("supports"), check.choice("method")), (vec!["wall".into()], "verified".into()));
        assert_eq!(solver::design::check(&design).iter().filter(|i| i.object == feature.id).count(), 0);
        assert!(adopted(&design, "abd").is_none());
        // What was grown to lead heat is verified by a heat study under the boundaries that it was grown for.
        let mut cooler = Design::new();
        let study = Object::new("st", "generative", "Cooler")
            .with("goal", Value::Choice("conduction".into()))
            .with("thermal", refs(&["sink", "flow"]));
        cooler.objects = [Object::new("space", "box", "Space"), study].map(Arc::new).to_vec();
        let command = adoption(&cooler, &"st".into(), &growth(), file(), fresh);
        let cooler = solver::design::apply(&cooler, &command).expect("applied").0;
        let (feature, check) = adopted(&cooler, "abc").expect("in the design");
        let check = check.expect("a heat study");
        assert_eq!((check.kind.as_str(), check.refs("bodies")), ("heat", vec![feature.id.clone()]));
        assert_eq!((check.refs("thermal").len(), check.choice("course")), (2, "steady".into()));
        assert!(check_of(&cooler, &feature.id).is_none());
        assert_eq!(makers(&design, "abc").count(), 2, "each of them is in the place of the answer");
    }

    #[test]
    fn verified_values_stand_beside_those_of_the_same_case() {
        let outcome = |cases: &[&str], id: &str, value: f64, grade| Outcome {
            states: cases
                .iter()
                .map(|c| State {
                    id: (*c).into(),
                    label: (*c).into(),
                    kind: StateKind::LoadCase,
                    value: None,
                    dimension: Dimension::NONE,
                })
                .collect(),
            scalars: cases
                .iter()
                .flat_map(|c| [id, "compliance_body"].map(|id| (c, id)))
                .map(|(c, id)| Scalar {
                    id: id.into(),
                    label: String::new(),
                    value,
                    error: None,
                    dimension: Dimension::MOMENT,
                    grade,
                    case: Some((*c).into()),
                    at: None,
                    exponent: None,
                })
                .collect(),
            ..Outcome::default()
        };
        let found = outcome(&["a", "b"], "compliance", 1.04, Grade::Instant);
        let check = outcome(&["b"], "compliance", 1.0, Grade::Verified);
        let off: Vec<_> = lines(&found, Some(&check)).iter().map(Line::off).collect();
        assert!(off[0].is_none() && (off[1].unwrap_or_default() - 0.04).abs() < 1e-12, "{off:?}");
        // Of one case each, whatever they call it; and nothing that was not verified.
        let one = outcome(&["st"], "compliance", 1.04, Grade::Instant);
        assert!(lines(&one, Some(&check))[0].off().is_some());
        let instant = outcome(&["b"], "compliance", 1.0, Grade::Instant);
        assert!(lines(&one, Some(&instant))[0].verified.is_none());
        assert!(lines(&one, None)[0].off().is_none());
        // Stress gives way to what is beside a place without a finite value, and 5 % is flagged.
        let mut found = outcome(&["a"], "stress_max", 1.06, Grade::Instant);
        found.scalars.retain(|s| s.id != "compliance_body");
        let mut check = outcome(&["a"], "von_mises_max", 9.0, Grade::Verified);
        check.scalars[0].exponent = Some(0.4);
        assert!(lines(&found, Some(&check))[0].verified.is_none());
        let finite =
            Scalar { id: "von_mises_max_finite".into(), value: 1.0, exponent: None, ..check.scalars[0].clone() };
        check.scalars.push(finite);
        let [line] = &lines(&found, Some(&check))[..] else { panic!("one line") };
        assert_eq!((line.figure, line.verified, line.is_flagged()), (Figure::Stress, Some((1.0, None)), true));
        // Heat has no load cases.
        let heat = |value: f64, grade| {
            let mut out = outcome(&["a"], "thermal_compliance", value, grade);
            out.states.clear();
            out.scalars.retain(|s| s.id == "thermal_compliance");
            out.scalars[0].case = None;
            out
        };
        let (found, check) = (heat(10.2, Grade::Instant), heat(10.0, Grade::Verified));
        let [line] = &lines(&found, Some(&check))[..] else { panic!("one line") };
        assert_eq!((line.figure, line.label.as_str(), line.is_flagged()), (Figure::Heat, "", false));
        assert_eq!(line.verified, Some((10.0, None)));
    }
}
