//! The axes that components are read along: the model's, a picked face's, or typed ones.

use super::bench::Shown;
use crate::panels::status::pick_text;
use crate::panels::{Desk, use_desk};
use crate::viewport::Pick;
use leptos::prelude::*;
use solver::design::Resolved;
use solver::quantity::Dimension;
use solver::result::Frame;

/// Axes as a person types them: numbers with units, or expressions of the design's parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Typed {
    /// The fields are shown.
    pub open: bool,
    /// About the z axis, instead of the same everywhere.
    pub round: bool,
    origin: [String; 3],
    z: [String; 3],
    x: [String; 3],
}

impl Default for Typed {
    fn default() -> Self {
        let text = |of: [&str; 3]| of.map(String::from);
        let origin = text(["0 mm"; 3]);
        Self { open: false, round: false, origin, z: text(["0", "0", "1"]), x: text(["1", "0", "0"]) }
    }
}

/// A row of typed fields.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    Origin,
    Z,
    X,
}

impl Part {
    fn label(self) -> &'static str {
        match self {
            Self::Origin => "Origin",
            Self::Z => "z along",
            Self::X => "x along",
        }
    }

    fn key(self) -> &'static str {
        match self {
            Self::Origin => "origin",
            Self::Z => "z",
            Self::X => "x",
        }
    }

    fn dimension(self) -> Dimension {
        if self == Self::Origin { Dimension::LENGTH } else { Dimension::NONE }
    }
}

impl Typed {
    /// The rows that matter: a shift of straight axes changes no component, nor does a turn of round ones.
    fn parts(&self) -> [Part; 2] {
        if self.round { [Part::Origin, Part::Z] } else { [Part::Z, Part::X] }
    }

    fn text(&self, part: Part) -> &[String; 3] {
        match part {
            Part::Origin => &self.origin,
            Part::Z => &self.z,
            Part::X => &self.x,
        }
    }

    fn text_mut(&mut self, part: Part) -> &mut [String; 3] {
        match part {
            Part::Origin => &mut self.origin,
            Part::Z => &mut self.z,
            Part::X => &mut self.x,
        }
    }

    /// # Errors
    /// A sentence that names the field.
    fn frame(&self, resolved: &Resolved) -> Result<Frame, String> {
        let read = |part: Part| -> Result<[f64; 3], String> {
            let mut out = [0.0; 3];
            for ((out, text), axis) in out.iter_mut().zip(self.text(part)).zip(["x", "y", "z"]) {
                let found = resolved.evaluate_as(text, part.dimension());
                *out = found.map_err(|e| format!("{}, {axis}: {e}", part.label()))?;
            }
            Ok(out)
        };
        let frame = if self.round {
            Frame::cylindrical(read(Part::Origin)?, read(Part::Z)?)
        } else {
            Frame::cartesian(read(Part::Z)?, read(Part::X)?)
        };
        frame.map_err(|e| crate::panels::desk::capital(&e.to_string()))
    }
}

/// The frame that the picked face gives, and the face in words.
fn picked_frame(desk: Desk) -> Option<(Frame, String)> {
    desk.picks.with(|picks| {
        picks.iter().find_map(|pick| {
            let Pick::Face { body, face } = pick else { return None };
            let shape = desk.scene.with(|s| {
                let body = s.as_ref()?.bodies.iter().find(|b| b.name == *body)?;
                body.surface.faces.iter().find(|f| f.name == *face).map(|f| f.shape)
            })?;
            Some((Frame::of(&shape)?, pick_text(&desk, pick)))
        })
    })
}

/// Chooses the axes that components are read along.
#[component]
pub fn FramePicker() -> impl IntoView {
    let desk = use_desk();
    let bench = desk.bench;
    let turns = Memo::new(move |_| bench.shown.with(|s| s.as_ref().is_some_and(|s| s.reading.quantity.turns())));
    let is_model = move || bench.shown.with(|s| s.as_ref().is_none_or(|s| s.reading.frame == Frame::Model));
    let is_face = move || bench.shown.with(|s| s.as_ref().is_some_and(|s| !s.frame_face.is_empty())) && !is_model();
    let typed = bench.typed;
    let is_open = move || typed.with(|t| t.open);
    let picked = Memo::new(move |_| picked_frame(desk));
    let take = move |_| {
        typed.update(|t| t.open = false);
        if let Some((frame, face)) = picked.get_untracked() {
            bench.read(|r| r.frame = frame);
            bench.shown.update(|s| s.iter_mut().for_each(|s| s.frame_face.clone_from(&face)));
        }
    };
    // Typed axes hold while they are open; parameters that they use may change.
    Effect::new(move |_| {
        let Some(Ok(frame)) = typed.with(|t| t.open.then(|| desk.resolved.with(|r| t.frame(r)))) else { return };
        let other = |s: &Shown| s.reading.frame != frame || !s.frame_face.is_empty();
        if bench.shown.with_untracked(|s| s.as_ref().is_some_and(other)) {
            bench.shown.update(|s| s.iter_mut().for_each(|s| s.frame_face.clear()));
            bench.read(|r| r.frame = frame);
        }
    });
    let words = move || {
        bench.shown.with(|s| {
            let s = s.as_ref()?;
            match s.reading.frame {
                Frame::Model => None,
                Frame::Axes { .. } => Some("x′, y′, z′ as typed, the same everywhere".into()),
                Frame::Cylinder { .. } if s.frame_face.is_empty() => Some("r, θ, z about the typed axis".into()),
                Frame::Plane { .. } => Some(format!("u and v along {}, n out of it", s.frame_face)),
                Frame::Cylinder { .. } => Some(format!("r, θ, z about the axis of {}", s.frame_face)),
            }
        })
    };
    view! {
        <Show when=move || turns.get()>
            <div class="control stacked">
                <span class="label">"Axes"</span>
                <div class="segmented fill" role="radiogroup" aria-label="Axes of components">
                    <button
                        type="button" role="radio" data-testid="frame-model"
                        aria-checked=move || (is_model() && !is_open()).to_string()
                        on:click=move |_| {
                            typed.update(|t| t.open = false);
                            bench.read(|r| r.frame = Frame::Model);
                        }
                    >
                        "Model"
                    </button>
                    <button
                        type="button" role="radio" data-testid="frame-face"
                        aria-checked=move || (is_face() && !is_open()).to_string()
                        disabled=move || picked.with(Option::is_none) && !is_face()
                        title="Pick a plane, a cylinder, a cone or a torus in the view first" on:click=take
                    >
                        "Picked face"
                    </button>
                    <button
                        type="button" role="radio" data-testid="frame-typed" aria-checked=move || is_open().to_string()
                        title="Directions, and an origin, of your own" on:click=move |_| typed.update(|t| t.open = true)
                    >
                        "Typed"
                    </button>
                </div>
                <Show when=is_open>
                    <TypedAxes />
                </Show>
                <p class="soft hint" data-testid="frame-words">
                    {move || {
                        words()
                            .unwrap_or_else(|| {
                                if picked.with(Option::is_some) {
                                    "The picked face can give the axes.".into()
                                } else {
                                    "Pick a plane or a round face in the view for its axes.".into()
                                }
                            })
                    }}
                </p>
            </div>
        </Show>
    }
    .into_any()
}

/// The fields of typed axes, and what is wrong with them.
#[component]
fn TypedAxes() -> impl IntoView {
    let desk = use_desk();
    let typed = desk.bench.typed;
    let fault = move || typed.with(|t| desk.resolved.with(|r| t.frame(r).err()));
    let round = Memo::new(move |_| typed.with(|t| t.round));
    let choice = move |label: &'static str, testid: &'static str, of: bool| {
        view! {
            <button
                type="button" role="radio" data-testid=testid aria-checked=move || (round.get() == of).to_string()
                on:click=move |_| typed.update(|t| t.round = of)
            >
                {label}
            </button>
        }
    };
    let row = move |part: Part| {
        let cells = ["x", "y", "z"].into_iter().enumerate().map(|(k, axis)| {
            view! {
                <input
                    class="input mono" spellcheck="false" aria-label=format!("{}, {axis}", part.label())
                    data-testid=format!("axes-{}-{axis}", part.key())
                    prop:value=move || typed.with(|t| t.text(part)[k].clone())
                    on:change=move |e| {
                        let text = event_target_value(&e).trim().to_string();
                        typed.update(|t| t.text_mut(part)[k] = text);
                    }
                />
            }
        });
        view! {
            <span class="label">{part.label()}</span>
            <div class="vector">{cells.collect_view()}</div>
        }
    };
    view! {
        <div class="segmented fill" role="radiogroup" aria-label="Kind of axes">
            {choice("Cartesian", "axes-straight", false)} {choice("Cylindrical", "axes-round", true)}
        </div>
        {move || {
            round.track();
            typed.with_untracked(Typed::parts).map(row).collect_view()
        }}
        {move || fault().map(|why| view! { <p class="fault" role="alert" data-testid="axes-fault">{why}</p> })}
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use solver::design::{Design, resolve};

    #[test]
    fn typed_axes_name_the_field_that_is_wrong() {
        let (resolved, _) = resolve(&Design::new());
        let mut typed = Typed::default();
        assert_eq!(typed.frame(&resolved), Ok(Frame::Axes { x: [1.0, 0.0, 0.0], z: [0.0, 0.0, 1.0] }));
        typed.x[1] = "wide".into();
        let error = typed.frame(&resolved).unwrap_err();
        assert!(error.starts_with("x along, y: "), "{error}");
        typed.x = ["0", "0", "2"].map(String::from);
        assert_eq!(typed.frame(&resolved).unwrap_err(), "X runs along z; give x a direction across it");
        // About an axis x does not matter, and the origin does.
        typed.round = true;
        typed.origin[0] = "2 * 5 mm".into();
        let Ok(Frame::Cylinder { point, axis }) = typed.frame(&resolved) else {
            panic!("{:?}", typed.frame(&resolved))
        };
        assert!((point[0] - 0.01).abs() < 1e-15 && axis == [0.0, 0.0, 1.0]);
        typed.origin[2] = "3 s".into();
        assert!(typed.frame(&resolved).unwrap_err().starts_with("Origin, z: "));
    }
}
