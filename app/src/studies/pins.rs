//! Probes pinned to faces: objects of the design, read in whichever answer is shown.

use super::aim::Aim;
use super::outcome::value_text;
use crate::panels::{Desk, use_desk};
use crate::ui::{Glyph, Icon, random};
use leptos::prelude::*;
use solver::design::{Command, Id, Object, Value};
use solver::quantity::Dimension;
use solver::result::flaw::{flaws, is_near};
use solver::result::pin::{self, Spot};
use solver::result::{Over, Reading};
use solver::study::outcome::Outcome;
use solver::surface::FaceName;

/// What begins the ids of labels of probes.
const LABEL: &str = "probe:";

/// A probe as the shown answer has it.
#[derive(Clone, Debug, PartialEq)]
struct Read {
    id: Id,
    name: String,
    found: Found,
}

#[derive(Clone, Debug, PartialEq)]
enum Found {
    /// The answer's bodies have no such face.
    Gone,
    /// The answer says nothing there.
    Silent([f64; 3]),
    Value {
        value: f64,
        /// Half width of the estimated band.
        error: Option<f64>,
        /// Nearer to a place without finite stress than stresses say anything.
        flawed: bool,
        /// On the shape as drawn.
        drawn: [f64; 3],
    },
}

/// Pins a probe to `face` at `at`, world, m.
pub fn pin(desk: Desk, face: &FaceName, at: [f64; 3]) {
    let place = desk.bench.outcome.with_untracked(|o| {
        let (_, surface) = pin::skin_of(o.as_ref()?, face)?;
        pin::place(surface, face, at)
    });
    let Some(place) = place else {
        return desk.notices.bad("The shown result does not have this face; pin the probe to another.");
    };
    let number = desk
        .design
        .with_untracked(|d| (1..).find(|n| !d.objects.iter().any(|o| o.name == format!("Probe {n}"))).unwrap_or(1));
    let object = Object::new(Id::fresh("probe", random()), "probe", &format!("Probe {number}"))
        .with("faces", Value::Faces(vec![face.clone()]))
        .with("place", Value::Vector(place.map(|x| format!("{x:.5}"))));
    desk.commit(Command::Add { object, before: None });
}

/// Whether stresses of the shown reading say nothing at `at`.
pub fn is_flawed(desk: Desk, at: [f64; 3]) -> bool {
    let bench = desk.bench;
    bench.shown.with(|s| {
        s.as_ref().filter(|s| stresses(s.dimension, &s.reading)).is_some_and(|s| {
            bench.outcome.with(|o| o.as_ref().is_some_and(|o| is_near(&flaws(o, cases(&s.reading)), at)))
        })
    })
}

/// Whether a reading is of stresses, which singular places spoil.
fn stresses(dimension: Dimension, reading: &Reading) -> bool {
    dimension == Dimension::PRESSURE || reading.quantity.field() == "safety_factor"
}

/// The state whose flaws count: an envelope has those of all.
fn cases(reading: &Reading) -> Option<&str> {
    reading.case.as_deref().filter(|_| reading.over == Over::State)
}

/// Reads a probe in an answer.
fn found(
    outcomes: &[&Outcome],
    reading: &Reading,
    dimension: Dimension,
    scale: f64,
    face: &FaceName,
    place: [f64; 3],
) -> Found {
    let outcome = outcomes[0];
    let spot = pin::skin_of(outcome, face).and_then(|(mesh, s)| Some((mesh, s, pin::find(s, face, place)?)));
    let Some((mesh, surface, spot)) = spot else { return Found::Gone };
    let read = |reading: &Reading, spot: &Spot| reading.at_spot(outcomes, mesh, surface, spot);
    let Some(value) = read(reading, &spot) else { return Found::Silent(spot.at) };
    let is_stress = stresses(dimension, reading);
    let error = Reading { over: reading.over, ..Reading::stored("stress_error", reading.case.as_deref()) };
    let mut drawn = spot.at;
    if reading.over == Over::State && scale != 0.0 {
        for (k, x) in drawn.iter_mut().enumerate() {
            let quantity = solver::result::Quantity::Along("displacement".into(), k as u8);
            let moved = Reading { quantity, ..Reading::stored("", reading.case.as_deref()) };
            *x += scale * read(&moved, &spot).unwrap_or(0.0);
        }
    }
    Found::Value {
        value,
        error: read(&error, &spot).filter(|_| dimension == Dimension::PRESSURE && !reading.over.counts()),
        flawed: is_stress && is_near(&flaws(outcome, cases(reading)), spot.at),
        drawn,
    }
}

/// All probes of the design in the shown answer.
fn reads(desk: Desk) -> Vec<Read> {
    let bench = desk.bench;
    let (Some(shown), Some(outcome)) = (bench.shown.get(), bench.outcome.get()) else { return Vec::new() };
    let tensor = bench.tensor(&shown.run);
    let outcomes: Vec<&Outcome> = std::iter::once(&*outcome).chain(tensor.as_deref()).collect();
    let scale = shown.scale.or_else(|| bench.range.get().map(|r| r.2)).unwrap_or(0.0);
    let resolved = desk.resolved.get();
    desk.design.with(|d| {
        d.of_kind("probe")
            .filter(|o| !o.suppressed)
            .map(|o| {
                let place = resolved.vector(o, "place").unwrap_or([0.5; 3]);
                let found = o
                    .faces("faces")
                    .first()
                    .map_or(Found::Gone, |face| found(&outcomes, &shown.reading, shown.dimension, scale, face, place));
                Read { id: o.id.clone(), name: o.name.clone(), found }
            })
            .collect()
    })
}

/// Keeps the view told where the labels of probes go.
pub fn follow(desk: Desk) {
    let all = Memo::new(move |_| reads(desk));
    let texts = texts(desk, all);
    Effect::new(move |_| desk.bench.pinned.set(texts.get()));
    Effect::new(move |_| {
        let anchors = all.with(|all| {
            let place = |r: &Read| match &r.found {
                Found::Gone => None,
                Found::Silent(at) | Found::Value { drawn: at, .. } => Some((format!("{LABEL}{}", r.id), *at)),
            };
            all.iter().filter_map(place).collect::<Vec<_>>()
        });
        if desk.bench.anchors.with_untracked(|a| *a != anchors) {
            desk.bench.anchors.set(anchors);
        }
    });
}

/// Name, value and note of each probe, by its id.
fn texts(desk: Desk, all: Memo<Vec<Read>>) -> Memo<Vec<Text>> {
    Memo::new(move |_| {
        all.with(|all| {
            all.iter()
                .map(|r| {
                    let (value, note) = match &r.found {
                        Found::Gone => (String::new(), "Its face is gone: pick another in its properties"),
                        Found::Silent(_) => (String::new(), "This answer says nothing here"),
                        Found::Value { value, flawed: true, .. } => {
                            (value_text(desk, *value), "No finite value near here: judge the stress beside it")
                        }
                        Found::Value { value, .. } => (value_text(desk, *value), ""),
                    };
                    let dimension =
                        desk.bench.shown.with(|s| s.as_ref().map(|s| s.dimension)).unwrap_or(Dimension::NONE);
                    let band = match r.found {
                        Found::Value { error: Some(e), flawed: false, .. } => {
                            format!("± {}", desk.show_difference(e, dimension, 2))
                        }
                        _ => String::new(),
                    };
                    Text { id: r.id.clone(), name: r.name.clone(), value, band, note }
                })
                .collect()
        })
    })
}

/// What is said of a probe.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    pub id: Id,
    pub name: String,
    pub value: String,
    pub band: String,
    /// Why there is no value, or why it is not to be trusted.
    pub note: &'static str,
}

/// The labels of probes over the picture.
#[component]
pub fn PinLabels() -> impl IntoView {
    let desk = use_desk();
    view! {
        {move || {
            let texts = desk.bench.pinned.get();
            desk.anchored
                .get()
                .into_iter()
                .filter_map(|a| {
                    let id = a.id.strip_prefix(LABEL)?;
                    let text = texts.iter().find(|t| t.id.0 == id)?.clone();
                    let value = if text.value.is_empty() { "–" } else { &text.value };
                    let words = format!("{} {value}", text.name);
                    let style = flag_style(a.screen, &words);
                    Some(view! {
                        <div
                            class="flag pin" class:behind=!a.visible class:bad=!text.note.is_empty() style=style
                            title=text.note data-testid="pin-label"
                        >
                            {words}
                        </div>
                    })
                })
                .collect_view()
        }}
    }
    .into_any()
}

/// Where a label over the view stands, and how long it is: `04-editor.css` keeps it from running out.
pub fn flag_style([x, y]: [f64; 2], words: &str) -> String {
    format!("--x:{x:.0}px;--n:{};transform:translate({x:.0}px,{y:.0}px)", words.chars().count())
}

/// The table of probes.
#[component]
pub fn PinPanel() -> impl IntoView {
    let desk = use_desk();
    let bench = desk.bench;
    let pinning = move || bench.aim.get() == Some(Aim::Pin);
    view! {
        <h3>"Probes"</h3>
        <div class="result-tool" data-testid="pins">
            {move || {
                let texts = bench.pinned.get();
                if texts.is_empty() {
                    return view! { <p class="soft">"A probe stays on its face through quantities, load cases and new runs."</p> }
                        .into_any();
                }
                view! {
                    <table class="table dense pins">
                        <tbody>
                            {texts
                                .into_iter()
                                .map(|t| {
                                    let (id, own) = (t.id.clone(), t.id);
                                    view! {
                                        <tr data-testid="pin-row">
                                            <td>
                                                <button type="button" class="link" on:click=move |_| desk.selected.set(Some(id.clone()))>
                                                    {t.name}
                                                </button>
                                            </td>
                                            <td class="mono">
                                                {t.value} <span class="soft band">{t.band}</span>
                                                {(!t.note.is_empty()).then(|| view! { <span class="note">{t.note}</span> })}
                                            </td>
                                            <td>
                                                <button
                                                    type="button" class="icon-button small" aria-label="Remove the probe" title="Remove"
                                                    disabled=move || !desk.may_edit.get()
                                                    on:click=move |_| {
                                                        desk.commit(Command::Remove { id: own.clone() });
                                                    }
                                                >
                                                    <Icon glyph=Glyph::Close size=12 />
                                                </button>
                                            </td>
                                        </tr>
                                    }
                                })
                                .collect_view()}
                        </tbody>
                    </table>
                }
                    .into_any()
            }}
            <button
                type="button" class="button small" data-testid="pin" aria-pressed=move || pinning().to_string()
                disabled=move || !desk.may_edit.get()
                on:click=move |_| bench.aim.update(|a| *a = if *a == Some(Aim::Pin) { None } else { Some(Aim::Pin) })
            >
                <Icon glyph=Glyph::Pin size=14 />
                {move || if pinning() { "Done" } else { "Pin a probe" }}
            </button>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use solver::study::outcome::{Field, Grade, Location, OutcomeMesh, State, StateKind};
    use solver::surface::{Face, Shape, SurfaceMesh};

    fn field(id: &str, components: u8, values: Vec<f32>) -> Field {
        Field {
            id: id.into(),
            label: id.into(),
            mesh: "skin".into(),
            location: Location::Point,
            components,
            dimension: Dimension::PRESSURE,
            case: Some("a".into()),
            grade: Grade::Verified,
            values,
        }
    }

    #[test]
    fn a_probe_says_value_band_and_where_there_is_none() {
        let surface = SurfaceMesh {
            points: vec![[0.0; 3], [1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.0, 1.0, 0.0]],
            triangles: vec![[0, 1, 2], [0, 2, 3]],
            face_of: vec![0, 0],
            faces: vec![Face {
                name: FaceName("top".into()),
                shape: Shape::Plane { point: [0.0; 3], normal: [0.0, 0.0, 1.0] },
                area: 1.0,
            }],
            ..SurfaceMesh::default()
        };
        let mut outcome = Outcome {
            states: vec![State {
                id: "a".into(),
                label: "Pull".into(),
                kind: StateKind::LoadCase,
                value: None,
                dimension: Dimension::NONE,
            }],
            meshes: vec![OutcomeMesh::Surface { name: "skin".into(), body: "b".into(), surface }],
            fields: vec![
                field("von_mises", 1, vec![0.0, 10.0, 10.0, 0.0]),
                field("stress_error", 1, vec![2.0; 4]),
                field("displacement", 3, [0.0, 0.0, 0.5].repeat(4)),
            ],
            ..Outcome::default()
        };
        let flaw = solver::result::flaw::Flaw { at: [1.0, 1.0, 0.0], radius: 0.1 };
        outcome.tables.extend(solver::result::flaw::table(&[("Pull".into(), flaw)]));
        let reading = Reading::stored("von_mises", Some("a"));
        let read =
            |face: &str, place| found(&[&outcome], &reading, Dimension::PRESSURE, 2.0, &FaceName(face.into()), place);
        assert_eq!(
            read("top", [0.25, 0.5, 0.5]),
            Found::Value { value: 2.5, error: Some(2.0), flawed: false, drawn: [0.25, 0.5, 1.0] }
        );
        assert!(matches!(read("top", [0.99, 0.99, 0.5]), Found::Value { flawed: true, .. }));
        assert_eq!(read("side", [0.5; 3]), Found::Gone);
        let heat = Reading::stored("temperature", Some("a"));
        let silent = found(&[&outcome], &heat, Dimension::TEMPERATURE, 0.0, &FaceName("top".into()), [0.5; 3]);
        assert_eq!(silent, Found::Silent([0.5, 0.5, 0.0]));
    }
}
