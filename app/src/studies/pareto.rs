//! Bodies of the design against one another: mass, what verified runs say of each alone, and which of them no other beats.

use super::growth::{answer, check_of};
use crate::api::client::encode;
use crate::panels::{Desk, use_desk};
use crate::sync::Submission;
use crate::ui::{Dialog, Glyph, Icon};
use leptos::{ev, prelude::*};
use leptos_router::hooks::use_navigate;
use solver::design::schema::Section;
use solver::design::{Command, Design, Id, Object, material};
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

/// A body that takes part.
#[derive(Clone, Debug, PartialEq)]
struct Rival {
    feature: Id,
    label: String,
    /// How it came about, in a few words.
    kind: &'static str,
    /// kg, where the material is of the library.
    mass: Option<f64>,
    /// The study that verifies it alone, and its newest answer to what it asks now.
    check: Option<Id>,
    run: Option<String>,
}

impl Rival {
    fn value(&self, merit: Merit, numbers: &BTreeMap<String, Vec<Scalar>>) -> Option<(f64, Option<f64>)> {
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
        let check = check_of(design, &feature.id);
        let grown = feature.kind == "generated";
        (grown || check.is_some()).then(|| Rival {
            feature: feature.id.clone(),
            label: body.label.clone(),
            kind: if grown { "generated" } else { "drawn" },
            mass: material(&body.material).map(|m| m.density * body.mass.volume),
            run: check.as_ref().and_then(|c| answer(runs, design, &c.id)).map(|r| r.id),
            check: check.map(|c| c.id),
        })
    };
    scene.bodies.iter().filter_map(of).collect()
}

/// Which points no other beats in one merit without losing in the other; of equal ones, all.
fn front(points: &[(f64, f64)], x: Merit, y: Merit) -> Vec<bool> {
    let beats = |a: &(f64, f64), b: &(f64, f64)| {
        let no_worse = !x.is_better(b.0, a.0) && !y.is_better(b.1, a.1);
        no_worse && (x.is_better(a.0, b.0) || y.is_better(a.1, b.1))
    };
    points.iter().map(|p| !points.iter().any(|q| beats(q, p))).collect()
}

/// Limits of an axis with air about the values.
fn limits(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (lo, hi) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(v), hi.max(v)));
    if lo > hi {
        return (0.0, 1.0);
    }
    let air = if hi > lo { 0.12 * (hi - lo) } else { 0.1 * lo.abs().max(1e-12) };
    (lo - air, hi + air)
}

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 240.0;
const LEFT: f64 = 64.0;
const BOTTOM: f64 = 34.0;
const TOP: f64 = 10.0;
const RIGHT: f64 = 14.0;

/// Axes of the plot, SI.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Axes {
    x: (f64, f64),
    y: (f64, f64),
}

impl Axes {
    fn place(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let share = |v: f64, (lo, hi): (f64, f64)| (v - lo) / (hi - lo);
        (LEFT + share(x, self.x) * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - share(y, self.y) * (HEIGHT - BOTTOM - TOP))
    }
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
    let numbers = RwSignal::new(BTreeMap::<String, Vec<Scalar>>::new());
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

#[component]
fn AxisPicker(label: &'static str, testid: &'static str, merit: RwSignal<Merit>) -> impl IntoView {
    let choose = move |e: ev::Event| {
        let chosen = event_target_value(&e);
        if let Some(m) = Merit::ALL.into_iter().find(|m| m.key() == chosen) {
            merit.set(m);
        }
    };
    view! {
        <label class="label-row">
            <span class="label">{label}</span>
            <select class="input" data-testid=testid on:change=choose prop:value=move || merit.get().key()>
                {Merit::ALL
                    .map(|m| view! { <option value=m.key() selected=move || merit.get() == m>{m.label()}</option> })
                    .collect_view()}
            </select>
        </label>
    }
    .into_any()
}

/// Two merits against each other; a frame drawn with the pointer keeps the bodies in it.
#[component]
fn Plot(
    all: Memo<Vec<Rival>>,
    numbers: RwSignal<BTreeMap<String, Vec<Scalar>>>,
    x: RwSignal<Merit>,
    y: RwSignal<Merit>,
    kept: RwSignal<Option<Vec<Id>>>,
) -> impl IntoView {
    let desk = use_desk();
    let node = NodeRef::<leptos::svg::Svg>::new();
    let brush = RwSignal::new(None::<[(f64, f64); 2]>);
    // With both values, by feature.
    let points = Memo::new(move |_| {
        let (x, y) = (x.get(), y.get());
        let value = |r: &Rival, m: Merit| numbers.with(|n| r.value(m, n)).map(|v| v.0);
        let point = |r: &Rival| Some((r.feature.clone(), r.label.clone(), (value(r, x)?, value(r, y)?)));
        all.with(|a| a.iter().filter_map(point).collect::<Vec<_>>())
    });
    let axes = Memo::new(move |_| {
        points.with(|p| Axes { x: limits(p.iter().map(|p| p.2.0)), y: limits(p.iter().map(|p| p.2.1)) })
    });
    let at = move |e: &ev::PointerEvent| -> Option<(f64, f64)> {
        #[cfg(feature = "browser")]
        {
            let rect = node.get_untracked()?.get_bounding_client_rect();
            let share = |v: f64, from: f64, size: f64| ((v - from) / size).clamp(0.0, 1.0);
            let (x, y) = (f64::from(e.client_x()), f64::from(e.client_y()));
            Some((share(x, rect.left(), rect.width()) * WIDTH, share(y, rect.top(), rect.height()) * HEIGHT))
        }
        #[cfg(not(feature = "browser"))]
        {
            let _ = (e, node);
            None
        }
    };
    let begin = move |e: ev::PointerEvent| {
        e.prevent_default();
        brush.set(at(&e).map(|p| [p, p]));
    };
    let follow = move |e: ev::PointerEvent| {
        if let Some(p) = at(&e) {
            brush.update(|b| b.iter_mut().for_each(|b| b[1] = p));
        }
    };
    let end = move |_: ev::PointerEvent| {
        let Some([(a, b), (c, d)]) = brush.get_untracked() else { return };
        brush.set(None);
        if (a - c).abs() < 4.0 && (b - d).abs() < 4.0 {
            return kept.set(None);
        }
        let within = |(px, py): (f64, f64)| a.min(c) <= px && px <= a.max(c) && b.min(d) <= py && py <= b.max(d);
        let axes = axes.get_untracked();
        let chosen = points
            .with_untracked(|p| p.iter().filter(|p| within(axes.place(p.2))).map(|p| p.0.clone()).collect::<Vec<_>>());
        kept.set((!chosen.is_empty()).then_some(chosen));
    };
    let unit = move |m: Merit| match display_unit(m.dimension(), desk.units.get()).0 {
        "" => m.label().to_string(),
        unit => format!("{}, {unit}", m.label()),
    };
    let dots = move || {
        let (axes, merits) = (axes.get(), (x.get(), y.get()));
        let found = points.get();
        let best = front(&found.iter().map(|p| p.2).collect::<Vec<_>>(), merits.0, merits.1);
        found
            .into_iter()
            .zip(best)
            .map(|((feature, label, point), best)| {
                let (cx, cy) = axes.place(point);
                let id = feature.clone();
                let away = move || kept.with(|k| k.as_ref().is_some_and(|k| !k.contains(&id)));
                // Names at the right edge stand to the left of their dots.
                let (dx, anchor) = if cx > 0.7 * WIDTH { (-9.0, "end") } else { (9.0, "start") };
                view! {
                    <g class="rival" class:best=best class:away=away data-testid="rival-dot">
                        <circle cx=cx cy=cy r="5"></circle>
                        <text x=cx + dx y=cy + 4.0 text-anchor=anchor>{label}</text>
                    </g>
                }
            })
            .collect_view()
    };
    let line = move || {
        let (axes, merits) = (axes.get(), (x.get(), y.get()));
        let mut on: Vec<(f64, f64)> = points.with(|p| {
            let all: Vec<_> = p.iter().map(|p| p.2).collect();
            let best = front(&all, merits.0, merits.1);
            all.into_iter().zip(best).filter(|(_, best)| *best).map(|(p, _)| axes.place(p)).collect()
        });
        on.sort_by(|a, b| a.0.total_cmp(&b.0));
        on.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect::<Vec<_>>().join(" ")
    };
    let ends = move || {
        let (a, mx, my) = (axes.get(), x.get(), y.get());
        let number = |v: f64, m: Merit| desk.show_number(v, m.dimension(), 3);
        points.with(|p| !p.is_empty()).then(|| {
            view! {
                <text class="tick" x=LEFT y=HEIGHT - BOTTOM + 14.0 text-anchor="start">{number(a.x.0, mx)}</text>
                <text class="tick" x=WIDTH - RIGHT y=HEIGHT - BOTTOM + 14.0 text-anchor="end">{number(a.x.1, mx)}</text>
                <text class="tick" x=LEFT - 6.0 y=HEIGHT - BOTTOM text-anchor="end">{number(a.y.0, my)}</text>
                <text class="tick" x=LEFT - 6.0 y=TOP + 8.0 text-anchor="end">{number(a.y.1, my)}</text>
            }
        })
    };
    view! {
        <div class="pareto-head">
            <AxisPicker label="Across" testid="pareto-x" merit=x />
            <AxisPicker label="Up" testid="pareto-y" merit=y />
            <span class="grow"></span>
            <Show when=move || kept.with(Option::is_some)>
                <button type="button" class="button small" data-testid="pareto-all" on:click=move |_| kept.set(None)>"Show all"</button>
            </Show>
        </div>
        <svg
            node_ref=node class="pareto" viewBox=format!("0 0 {WIDTH} {HEIGHT}") role="img"
            aria-label="Bodies by two figures; those that no other beats are joined by a line" on:pointerdown=begin
            on:pointermove=follow on:pointerup=end on:pointerleave=end
        >
            <rect class="ground" x=LEFT y=TOP width=WIDTH - LEFT - RIGHT height=HEIGHT - BOTTOM - TOP></rect>
            {ends}
            <text class="axis" x=0.5 * (LEFT + WIDTH - RIGHT) y=HEIGHT - 6.0 text-anchor="middle">{move || unit(x.get())}</text>
            <text class="axis" transform=format!("translate(14 {}) rotate(-90)", 0.5 * (TOP + HEIGHT - BOTTOM)) text-anchor="middle">
                {move || unit(y.get())}
            </text>
            <polyline class="front" points=line></polyline>
            {dots}
            {move || {
                brush
                    .get()
                    .map(|[(a, b), (c, d)]| {
                        view! { <rect class="brush" x=a.min(c) y=b.min(d) width=(a - c).abs() height=(b - d).abs()></rect> }
                    })
            }}
        </svg>
        <Show when=move || points.with(|p| p.is_empty())>
            <p class="soft">"Nothing to plot: run the verified studies of the bodies below."</p>
        </Show>
    }
    .into_any()
}

/// All figures in a table; a body's name leads to it.
#[component]
fn Rows(
    all: Memo<Vec<Rival>>,
    numbers: RwSignal<BTreeMap<String, Vec<Scalar>>>,
    kept: RwSignal<Option<Vec<Id>>>,
) -> impl IntoView {
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
                <thead><tr><th>"Body"</th>{head}<th><span class="visually-hidden">"Open as a new design"</span></th></tr></thead>
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
    fn the_front_is_what_no_other_beats() {
        let points = [(1.0, 5.0), (2.0, 3.0), (2.0, 4.0), (3.0, 3.0), (4.0, 1.0)];
        assert_eq!(front(&points, Merit::Mass, Merit::Stress), [true, true, false, false, true]);
        // More safety is better.
        assert_eq!(front(&points, Merit::Mass, Merit::Safety), [true, false, false, false, false]);
        assert_eq!(front(&[(1.0, 1.0), (1.0, 1.0)], Merit::Mass, Merit::Stress), [true, true]);
        assert_eq!(front(&[], Merit::Mass, Merit::Stress), [false; 0]);
    }

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

    #[test]
    fn axes_have_air_and_values_their_place() {
        assert_eq!(limits([].into_iter()), (0.0, 1.0));
        let (lo, hi) = limits([2.0].into_iter());
        assert!(lo < 2.0 && hi > 2.0);
        let axes = Axes { x: (0.0, 2.0), y: (0.0, 1.0) };
        assert_eq!(axes.place((0.0, 0.0)), (LEFT, HEIGHT - BOTTOM));
        assert_eq!(axes.place((2.0, 1.0)), (WIDTH - RIGHT, TOP));
    }
}
