//! Bodies of the design against one another: mass, what verified runs say of each alone, and which of them no other beats.

mod plot;

use super::growth::{answer, check_of, heat_of};
use crate::api::client::encode;
use crate::panels::{Desk, use_desk};
use crate::sync::Submission;
use crate::ui::{Dialog, Glyph, Icon};
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;
use plot::Plot;
use solver::design::schema::Section;
use solver::design::{Command, Design, Id, Object, Value, material};
use solver::quantity::{Dimension, display_unit};
use solver::scene::Scene;
use solver::study::outcome::{Grade, Scalar};
use std::collections::BTreeMap;

/// A figure of merit; smaller is better for all but the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Merit {
    Mass,
    Displacement,
    Stress,
    Compliance,
    Safety,
}

impl Merit {
    const ALL: [Self; 5] = [Self::Mass, Self::Displacement, Self::Stress, Self::Compliance, Self::Safety];

    fn label(self) -> &'static str {
        match self {
            Self::Mass => "Mass",
            Self::Displacement => "Displacement",
            Self::Stress => "Stress",
            Self::Compliance => "Compliance",
            Self::Safety => "Safety factor",
        }
    }

    fn key(self) -> &'static str {
        match self {
            Self::Mass => "mass",
            Self::Displacement => "displacement_max",
            Self::Stress => "von_mises_max",
            Self::Compliance => "compliance",
            Self::Safety => "safety_factor_min",
        }
    }

    fn dimension(self) -> Dimension {
        match self {
            Self::Mass => Dimension::MASS,
            Self::Displacement => Dimension::LENGTH,
            Self::Stress => Dimension::PRESSURE,
            Self::Compliance => Dimension::MOMENT,
            Self::Safety => Dimension::NONE,
        }
    }

    fn is_better(self, a: f64, b: f64) -> bool {
        if self == Self::Safety { a > b } else { a < b }
    }

    /// The worst over the load cases with its band; a peak without a finite value gives way to the largest beside it.
    fn of(self, numbers: &[Scalar]) -> Option<(f64, Option<f64>)> {
        let all = |key: &str| -> Vec<&Scalar> {
            numbers.iter().filter(|s| s.id == key && s.grade == Grade::Verified).collect()
        };
        let peaks = all(self.key());
        let beside = all("von_mises_max_finite");
        let value = |s: &Scalar| match s.exponent {
            None => Some((s.value, s.error)),
            Some(_) => beside.iter().find(|f| f.case == s.case).map(|f| (f.value, f.error)),
        };
        let values = peaks.iter().map(|s| value(s)).collect::<Option<Vec<_>>>()?;
        values.into_iter().reduce(|a, b| if self.is_better(a.0, b.0) { b } else { a })
    }
}

/// What runs answered, by their ids.
type Numbers = BTreeMap<String, Vec<Scalar>>;

/// A body that takes part.
#[derive(Clone, Debug, PartialEq)]
struct Rival {
    feature: Id,
    label: String,
    /// How it came about, in a few words.
    kind: &'static str,
    /// How it is to be made: what a grown body was grown for.
    process: Option<String>,
    /// kg, where the material is of the library.
    mass: Option<f64>,
    /// The study that verifies it alone, and its newest answer to what it asks now.
    check: Option<Id>,
    run: Option<String>,
}

impl Rival {
    fn value(&self, merit: Merit, numbers: &Numbers) -> Option<(f64, Option<f64>)> {
        match merit {
            Merit::Mass => self.mass.map(|m| (m, None)),
            _ => merit.of(numbers.get(self.run.as_ref()?)?),
        }
    }
}

/// Grown bodies, and all that a verified study has alone.
fn rivals(design: &Design, scene: &Scene, runs: &[crate::api::run::Run]) -> Vec<Rival> {
    let of = |body: &solver::scene::SceneBody| {
        let feature = design.get(&Id(body.name.clone()))?;
        let grown = feature.kind == "generated";
        // What was grown to lead heat is verified by a heat study, which tells none of the figures here but the mass.
        let heat = || if grown { heat_of(design, &feature.id) } else { None };
        let check = check_of(design, &feature.id).or_else(heat);
        (grown || check.is_some()).then(|| Rival {
            feature: feature.id.clone(),
            label: body.label.clone(),
            kind: if grown { "generated" } else { "drawn" },
            process: process_of(feature),
            mass: material(&body.material).map(|m| m.density * body.mass.volume),
            run: check.as_ref().and_then(|c| answer(runs, design, &c.id)).map(|r| r.id),
            check: check.map(|c| c.id),
        })
    };
    scene.bodies.iter().filter_map(of).collect()
}

/// The process that a grown body was grown for, where it says so; one taken over before it did does not.
fn process_of(feature: &Object) -> Option<String> {
    let text = (feature.kind == "generated").then(|| feature.get("process"))?;
    let Some(Value::Text(text)) = text else { return None };
    (!text.is_empty()).then(|| text.clone())
}

/// Bodies side by side, in a dialog.
#[component]
pub fn ParetoDialog() -> impl IntoView {
    let desk = use_desk();
    view! {
        <Dialog open=desk.bench.comparing title="Compare bodies" testid="pareto" wide=true>
            <Contest />
        </Dialog>
    }
    .into_any()
}

#[component]
fn Contest() -> impl IntoView {
    let desk = use_desk();
    let bench = desk.bench;
    let all = Memo::new(move |_| {
        let of = |scene: &Scene| desk.design.with(|d| bench.runs.with(|runs| rivals(d, scene, runs)));
        desk.scene.with(|s| s.as_ref().map_or_else(Vec::new, |s| of(s)))
    });
    let numbers = RwSignal::new(Numbers::new());
    Effect::new(move |_| {
        let known = numbers.with_untracked(|n| n.keys().cloned().collect::<Vec<_>>());
        let wanted =
            all.with(|a| a.iter().filter_map(|r| r.run.clone()).filter(|r| !known.contains(r)).collect::<Vec<_>>());
        let client = desk.client.get_value();
        leptos::task::spawn_local(async move {
            for run in wanted {
                match client.numbers(&run).await {
                    Ok(found) => {
                        numbers.try_update(|n| n.insert(run, found));
                    }
                    Err(problem) => return desk.notices.bad(problem.message),
                }
            }
        });
    });
    let (x, y) = (RwSignal::new(Merit::Mass), RwSignal::new(Merit::Displacement));
    // Kept by the frame that was drawn over the plot; `None`: all.
    let kept = RwSignal::new(None::<Vec<Id>>);
    view! {
        <Show
            when=move || all.with(|a| !a.is_empty())
            fallback=|| {
                view! {
                    <div class="empty small">
                        <Icon glyph=Glyph::Grown size=24 />
                        <p>
                            "No body to compare yet. Run a generative study and take its outcome over, or give a body a verified static \
                             study of its own."
                        </p>
                    </div>
                }
            }
        >
            <Plot all=all numbers=numbers x=x y=y kept=kept />
            <Rows all=all numbers=numbers kept=kept />
        </Show>
    }
    .into_any()
}

/// All figures in a table; a body's name leads to it.
#[component]
fn Rows(all: Memo<Vec<Rival>>, numbers: RwSignal<Numbers>, kept: RwSignal<Option<Vec<Id>>>) -> impl IntoView {
    let desk = use_desk();
    let head = move || {
        let cell = |m: Merit| match display_unit(m.dimension(), desk.units.get()).0 {
            "" => view! { <th>{m.label()}</th> }.into_any(),
            unit => view! { <th>{m.label()} <span class="soft unit">{unit}</span></th> }.into_any(),
        };
        Merit::ALL.map(cell).collect_view()
    };
    let navigate = StoredValue::new(use_navigate());
    let busy = RwSignal::new(false);
    let branch = move |feature: Id, label: String| {
        busy.set(true);
        leptos::task::spawn_local(async move {
            match branch_off(desk, feature, label).await {
                Ok(address) => navigate.with_value(|go| go(&address, Default::default())),
                Err(why) => desk.notices.bad(why),
            }
            busy.try_set(false);
        });
    };
    let row = move |rival: Rival| {
        let away = {
            let id = rival.feature.clone();
            move || kept.with(|k| k.as_ref().is_some_and(|k| !k.contains(&id)))
        };
        let cell = |m: Merit| {
            let value = numbers.with(|n| rival.value(m, n));
            let words = value.map_or("–".to_string(), |(v, e)| {
                let band = e.filter(|e| *e > 1e-6 * v.abs());
                let band = band.map_or(String::new(), |e| format!(" ± {}", desk.show_number(e, m.dimension(), 2)));
                format!("{}{band}", desk.show_number(v, m.dimension(), 4))
            });
            view! { <td>{words}</td> }
        };
        let cells = Merit::ALL.map(cell).collect_view();
        let picture = {
            let (design, body) = (encode(&desk.id.get_value()), encode(&rival.feature.0));
            format!("/api/designs/{design}/thumbnail?bodies={body}&at={}", desk.sequence.get())
        };
        let feature = rival.feature.clone();
        let open = move |id: Id| {
            desk.bench.comparing.set(false);
            desk.selected.set(Some(id));
        };
        let own = (rival.feature.clone(), rival.label.clone());
        let check = rival.check.clone();
        let state = match (&rival.check, &rival.run) {
            (_, Some(_)) => "verified",
            (Some(_), None) => "check not run",
            (None, None) => "no check",
        };
        view! {
            <tr class:away=away data-testid="rival">
                <td>
                    <span class="rival-name">
                        <img src=picture alt="" width="64" height="40" loading="lazy" />
                        <span>
                            <button type="button" class="link" on:click=move |_| open(feature.clone())>{rival.label}</button>
                            <span class="soft">
                                {rival.kind}" · "
                                {match check {
                                    Some(check) => {
                                        view! {
                                            <button type="button" class="link small" on:click=move |_| open(check.clone())>{state}</button>
                                        }
                                            .into_any()
                                    }
                                    None => state.into_any(),
                                }}
                            </span>
                        </span>
                    </span>
                </td>
                <td data-testid="rival-process">{rival.process.unwrap_or_else(|| "–".into())}</td>
                {cells}
                <td>
                    <button
                        type="button" class="icon-button small" title="Open as a new design" aria-label="Open as a new design"
                        data-testid="rival-branch" disabled=move || busy.get() on:click=move |_| branch(own.0.clone(), own.1.clone())
                    >
                        <Icon glyph=Glyph::Branch size=14 />
                    </button>
                </td>
            </tr>
        }
    };
    view! {
        <div class="table-scroll">
            <table class="table dense rivals">
                <thead><tr><th>"Body"</th><th title="What a grown body was grown for">"Process"</th>{head}<th><span class="visually-hidden">"Open as a new design"</span></th></tr></thead>
                <tbody>{move || all.get().into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
        <p class="soft">"Displacement, stress and compliance are the largest of all load cases, from verified runs on each body alone."</p>
    }
    .into_any()
}

/// What a copy of the design loses to be about one grown body: the others, their checks, and the studies that grow more.
fn others(design: &Design, feature: &Id) -> Vec<Command> {
    let grown: Vec<&Id> = design.of_kind("generated").map(|o| &o.id).filter(|id| *id != feature).collect();
    let is_other = |o: &&Object| {
        let bodies = o.refs("bodies");
        grown.contains(&&o.id)
            || o.kind == "generative"
            || o.section() == Some(Section::Study) && !bodies.is_empty() && bodies.iter().all(|b| grown.contains(&b))
    };
    // What refers to an object goes before it.
    let gone = design.objects.iter().map(|o| &**o).filter(is_other);
    gone.map(|o| Command::Remove { id: o.id.clone() }).rev().collect()
}

/// Makes a design of its own about one body, and tells its address.
async fn branch_off(desk: Desk, feature: Id, label: String) -> Result<String, String> {
    let (client, id) = (desk.client.get_value(), desk.id.get_value());
    let copy = client.duplicate_design(&id, &label).await.map_err(|p| p.message)?;
    let document = client.document(&copy.id, None).await.map_err(|p| p.message)?;
    let commands = others(&document.design, &feature);
    if !commands.is_empty() {
        let submission = Submission {
            client: format!("{:016x}", crate::ui::random()),
            number: 1,
            base: document.sequence,
            offline: false,
            command: Command::Batch { commands },
            undo_of: None,
        };
        client.edit(&copy.id, &submission).await.map_err(|p| p.message)?;
    }
    Ok(format!("/design/{}", copy.id))
}

/// Opens the comparison, from wherever bodies are spoken of.
#[component]
pub fn CompareBodies() -> impl IntoView {
    let desk: Desk = use_desk();
    view! {
        <button type="button" class="button wide" data-testid="compare-bodies" on:click=move |_| desk.bench.comparing.set(true)>
            <Icon glyph=Glyph::Beside size=14 />
            "Compare bodies"
        </button>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_verified_case_counts_and_what_is_infinite_gives_way() {
        let scalar = |id: &str, value: f64, case: &str, grade, exponent| Scalar {
            id: id.into(),
            label: String::new(),
            value,
            error: Some(0.1),
            dimension: Dimension::NONE,
            grade,
            case: Some(case.into()),
            at: None,
            exponent,
        };
        let verified = |id: &str, value, case: &str| scalar(id, value, case, Grade::Verified, None);
        let mut all = vec![verified("displacement_max", 1.0, "a"), verified("displacement_max", 3.0, "b")];
        assert_eq!(Merit::Displacement.of(&all), Some((3.0, Some(0.1))));
        all.extend([verified("safety_factor_min", 2.0, "a"), verified("safety_factor_min", 1.5, "b")]);
        assert_eq!(Merit::Safety.of(&all), Some((1.5, Some(0.1))));
        all.push(scalar("von_mises_max", 9.0, "a", Grade::Verified, Some(0.4)));
        assert_eq!(Merit::Stress.of(&all), None, "no finite value, and none beside it");
        all.push(verified("von_mises_max_finite", 7.0, "a"));
        assert_eq!(Merit::Stress.of(&all), Some((7.0, Some(0.1))));
        assert_eq!(Merit::Compliance.of(&[scalar("compliance", 1.0, "a", Grade::Instant, None)]), None);
    }

    #[test]
    fn a_grown_body_tells_its_process() {
        let grown = Object::new("g", "generated", "One");
        assert_eq!(process_of(&grown), None, "taken over before outcomes told it");
        let text = |text: &str| grown.clone().with("process", Value::Text(text.into()));
        assert_eq!(process_of(&text("casting along y")).as_deref(), Some("casting along y"));
        assert_eq!(process_of(&text("")), None);
        assert_eq!(process_of(&Object::new("b", "box", "Drawn").with("process", Value::Text("any".into()))), None);
    }

    #[test]
    fn a_design_about_one_body_keeps_what_that_needs() {
        use std::sync::Arc;
        let of = |ids: &[&str]| solver::design::Value::Refs(ids.iter().map(|i| (*i).into()).collect());
        let mut design = Design::new();
        design.objects = [
            Object::new("space", "box", "Space"),
            Object::new("g1", "generated", "One").with("bodies", of(&["space"])),
            Object::new("g2", "generated", "Two").with("bodies", of(&["space"])),
            Object::new("st", "generative", "Study").with("bodies", of(&["space"])),
            Object::new("c1", "static", "Check of one").with("bodies", of(&["g1"])),
            Object::new("c2", "static", "Check of two").with("bodies", of(&["g2"])),
            Object::new("all", "static", "All"),
        ]
        .map(Arc::new)
        .to_vec();
        let commands = others(&design, &"g1".into());
        let gone: Vec<_> = commands.iter().map(|c| if let Command::Remove { id } = c { &*id.0 } else { "" }).collect();
        assert_eq!(gone, ["c2", "st", "g2"]);
        let left = solver::design::apply(&design, &Command::Batch { commands }).expect("applied").0;
        assert_eq!(left.objects.len(), 4);
    }
}
