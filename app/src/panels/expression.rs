//! The field for a quantity: takes what engineers type, shows its value, and can be dragged.

use super::desk::use_desk;
use leptos::{ev, html, prelude::*};
use solver::design::Resolved;
use solver::quantity::{self, Dimension, Quantity, UnitSystem, display_unit};

/// What the field may hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// `None`: a quantity of any kind, as a parameter is.
    pub dimension: Option<Dimension>,
    pub min: Option<f64>,
    pub max: Option<f64>,
    pub whole: bool,
    /// Plain numbers are radians and shown in degrees.
    pub angle: bool,
}

impl Range {
    pub const ANY: Self = Self { dimension: None, min: None, max: None, whole: false, angle: false };

    pub fn of(dimension: Dimension) -> Self {
        Self { dimension: Some(dimension), ..Self::ANY }
    }

    /// Whether it is a speed of turning: read back in rpm, because hertz would be off by 2π.
    fn turns(&self) -> bool {
        self.dimension == Some(Dimension::FREQUENCY)
    }
}

/// Prints a value as the field would have it typed: in display units, angles in degrees.
pub fn print(q: Quantity, range: Range, units: UnitSystem, digits: usize) -> String {
    if range.angle {
        let degrees = quantity::format(Quantity::new(q.value.to_degrees(), Dimension::NONE), units, digits);
        return format!("{degrees} deg");
    }
    if range.turns() {
        return quantity::format_turning(q.value, digits);
    }
    quantity::format(q, units, digits)
}

/// A step per pixel, in the display unit, for dragging a value of this size: 100 goes by 0.5, 8 by 0.05.
fn step(shown: f64) -> f64 {
    let size = shown.abs().max(1e-3);
    let decade = 10f64.powf(size.log10().floor());
    decade * if size / decade >= 5.0 { 0.01 } else { 0.005 }
}

/// The text after dragging `text` by `pixels`; `None` when it is not a plain value that can be dragged.
fn dragged(text: &str, pixels: f64, fine: bool, range: Range, units: UnitSystem) -> Option<String> {
    // What is computed from parameters is changed there.
    if !quantity::names(text).is_empty() {
        return None;
    }
    let q = quantity::evaluate(text, &|_| None).ok()?;
    let clamp = |v: f64| v.clamp(range.min.unwrap_or(f64::NEG_INFINITY), range.max.unwrap_or(f64::INFINITY));
    if range.whole {
        return Some(format!("{}", clamp((q.value + pixels / 12.0).round())));
    }
    let dimension = range.dimension.filter(|_| q.value == 0.0).unwrap_or(q.dimension);
    let (factor, offset) = if range.angle {
        (std::f64::consts::PI / 180.0, 0.0)
    } else if range.turns() {
        (quantity::unit("rpm").map_or(1.0, |u| u.factor), 0.0)
    } else {
        let (_, factor, offset) = display_unit(dimension, units);
        (factor, offset)
    };
    let shown = (q.value - offset) / factor;
    let by = step(if shown == 0.0 { 100.0 } else { shown }) * if fine { 0.1 } else { 1.0 };
    let moved = ((shown + pixels * by) / by).round() * by;
    let value = clamp(moved * factor + offset);
    Some(print(Quantity::new(value, dimension), range, units, 5))
}

/// A quantity field with its label. The label drags the value: a preview while the pointer is down, one edit on release.
#[component]
pub fn ExpressionField(
    #[prop(into)] label: String,
    #[prop(into)] testid: String,
    /// The text as it is in the design.
    #[prop(into)]
    text: Signal<String>,
    range: Range,
    /// It may use `time`; the value shown is that of the start.
    #[prop(optional)]
    over_time: bool,
    /// It may use `temperature`; the value shown is that at 20 °C.
    #[prop(optional)]
    over_temperature: bool,
    /// A fault to show below, from the design's checks.
    #[prop(optional, into)]
    fault: Signal<Option<String>>,
    on_commit: Callback<String>,
    /// The text while dragging; `None` when the drag is given up.
    on_drag: Callback<Option<String>>,
    /// No label beside the field: a cell of a table or a part of a vector.
    #[prop(optional)]
    bare: bool,
) -> impl IntoView {
    let desk = use_desk();
    let input = NodeRef::<html::Input>::new();
    // What is being typed; `None` while the field only shows the design.
    let draft = RwSignal::new(None::<String>);
    // Where a drag began, and the text it began with.
    let grip = RwSignal::new(None::<(f64, String)>);
    let dragging = RwSignal::new(None::<String>);
    let current = Memo::new(move |_| dragging.get().or_else(|| draft.get()).unwrap_or_else(|| text.get()));
    let value = Memo::new(move |_| {
        let text = current.get();
        let read = |r: &Resolved| match range.dimension {
            Some(dimension) => r.evaluate_as(&text, dimension).map(|v| Quantity::new(v, dimension)),
            None => r.evaluate(&text),
        };
        let found = desk.resolved.with(|r| match (over_time, over_temperature) {
            (true, _) => read(&r.at_time(0.0)),
            (_, true) => read(&r.at_temperature(293.15)),
            _ => read(r),
        });
        found.map_err(|e| e.to_string())
    });
    // Only where it says more than the text does.
    let preview = Memo::new(move |_| {
        let q = value.get().ok()?;
        let printed = print(q, range, desk.units.get(), 6);
        let same = |a: &str, b: &str| a.replace(' ', "") == b.replace(' ', "");
        (!same(&printed, current.get().trim_start_matches('='))).then_some(printed)
    });
    let shown_fault = Memo::new(move |_| {
        // While typing, what is wrong with the typing; otherwise what the design says.
        if draft.with(Option::is_some) { value.get().err() } else { fault.get() }
    });
    let commit = move || {
        if let Some(new) = draft.get_untracked() {
            let new = new.trim().to_string();
            if new != text.get_untracked() && !new.is_empty() {
                on_commit.run(new);
            }
            draft.set(None);
        }
    };
    let on_key = move |e: ev::KeyboardEvent| match e.key().as_str() {
        "Enter" => {
            e.prevent_default();
            commit();
            if let Some(input) = input.get_untracked() {
                input.select();
            }
        }
        "Escape" if draft.with_untracked(Option::is_some) => {
            e.stop_propagation();
            draft.set(None);
        }
        "ArrowUp" | "ArrowDown" if !e.alt_key() => {
            let by = if e.key() == "ArrowUp" { 2.0 } else { -2.0 };
            let by = if range.whole { by * 6.0 } else { by };
            if let Some(new) = dragged(&current.get_untracked(), by, e.shift_key(), range, desk.units.get_untracked()) {
                e.prevent_default();
                draft.set(Some(new));
            }
        }
        _ => {}
    };
    let down = move |e: ev::PointerEvent| {
        let text = text.get_untracked();
        if e.button() != 0
            || !desk.may_edit.get_untracked()
            || dragged(&text, 0.0, false, range, desk.units.get_untracked()).is_none()
        {
            return;
        }
        e.prevent_default();
        #[cfg(feature = "browser")]
        {
            use wasm_bindgen::JsCast;
            if let Some(element) = e.current_target().and_then(|t| t.dyn_into::<leptos::web_sys::Element>().ok()) {
                // Fails only when the pointer is gone already.
                let _ = element.set_pointer_capture(e.pointer_id());
            }
        }
        grip.set(Some((f64::from(e.client_x()), text)));
    };
    let moved = move |e: ev::PointerEvent| {
        let Some((from, start)) = grip.get_untracked() else { return };
        let pixels = f64::from(e.client_x()) - from;
        if dragging.with_untracked(Option::is_none) && pixels.abs() < 3.0 {
            return;
        }
        let new = dragged(&start, pixels, e.shift_key(), range, desk.units.get_untracked());
        if new != dragging.get_untracked() {
            dragging.set(new.clone());
            on_drag.run(new);
        }
    };
    let up = move |_: ev::PointerEvent| {
        let start = grip.get_untracked();
        grip.set(None);
        if let Some(new) = dragging.get_untracked() {
            if start.is_some_and(|(_, s)| s != new) {
                on_commit.run(new);
            } else {
                on_drag.run(None);
            }
            dragging.set(None);
        } else if let Some(input) = input.get_untracked() {
            // A plain click on the label goes to the field.
            let _ = input.focus();
            input.select();
        }
    };
    let lost = move |_: ev::PointerEvent| {
        grip.set(None);
        if dragging.get_untracked().is_some() {
            dragging.set(None);
            on_drag.run(None);
        }
    };
    let scrubs = move || dragged(&text.get(), 0.0, false, range, desk.units.get()).is_some() && desk.may_edit.get();
    let name = label.clone();
    view! {
        <div class="expression" class:bare=bare class:bad=move || shown_fault.get().is_some()>
            <span
                class="scrub" class:active=scrubs data-testid=format!("scrub-{testid}")
                title=move || if scrubs() { "Drag to change; Shift for fine steps" } else { "" }
                on:pointerdown=down on:pointermove=moved on:pointerup=up on:pointercancel=lost
            >
                {label}
            </span>
            <div class="expression-box">
                <input
                    node_ref=input class="input" type="text" spellcheck="false" autocomplete="off"
                    data-testid=testid aria-label=name
                    aria-invalid=move || shown_fault.get().is_some().to_string()
                    disabled=move || !desk.may_edit.get()
                    prop:value=move || current.get()
                    on:input=move |e| draft.set(Some(event_target_value(&e)))
                    on:keydown=on_key
                    on:blur=move |_| commit()
                />
                {move || preview.get().map(|p| view! { <span class="preview" title="Value now">{format!("= {p}")}</span> })}
            </div>
            {move || shown_fault.get().map(|f| view! { <p class="fault" role="alert">{f}</p> })}
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH: Range = Range { dimension: Some(Dimension::LENGTH), min: Some(1e-3), ..Range::ANY };

    #[test]
    fn dragging_goes_by_steps_that_fit_the_value() {
        let mm = UnitSystem::Millimetre;
        assert_eq!(dragged("100 mm", 10.0, false, LENGTH, mm).as_deref(), Some("105 mm"));
        assert_eq!(dragged("8 mm", 10.0, false, LENGTH, mm).as_deref(), Some("8.1 mm"));
        assert_eq!(dragged("8 mm", 10.0, true, LENGTH, mm).as_deref(), Some("8.01 mm"));
        assert_eq!(dragged("2 mm", -1000.0, false, LENGTH, mm).as_deref(), Some("1 mm"));
        assert_eq!(dragged("1 in", 0.0, false, LENGTH, UnitSystem::Inch).as_deref(), Some("1 in"));
        let angle = Range { dimension: Some(Dimension::NONE), angle: true, ..Range::ANY };
        assert_eq!(dragged("90 deg", 2.0, false, angle, mm).as_deref(), Some("90.2 deg"));
        let turning = Range::of(Dimension::FREQUENCY);
        assert_eq!(dragged("3000 rpm", 10.0, false, turning, mm).as_deref(), Some("3050 rpm"));
        assert_eq!(dragged("50 rev/s", 0.0, false, turning, mm).as_deref(), Some("3000 rpm"));
        let count = Range { min: Some(1.0), max: Some(9.0), whole: true, ..Range::ANY };
        assert_eq!(dragged("4", 26.0, false, count, mm).as_deref(), Some("6"));
        assert_eq!(dragged("4", 2600.0, false, count, mm).as_deref(), Some("9"));
    }

    #[test]
    fn expressions_of_parameters_are_not_dragged() {
        assert_eq!(dragged("2*width", 10.0, false, LENGTH, UnitSystem::Millimetre), None);
        assert_eq!(dragged("nonsense(", 10.0, false, LENGTH, UnitSystem::Millimetre), None);
    }
}
