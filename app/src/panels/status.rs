//! The bottom line: connection, what is under the pointer, what is selected, units.

use super::desk::{Desk, use_desk};
use super::requirement::Tally;
use crate::studies;
use crate::viewport::Pick;
use leptos::prelude::*;
use solver::design::{Command, Id, Object, Value, describe_edge, describe_face};
use solver::quantity::{Dimension, UnitSystem};

/// What a pick is called.
pub fn pick_text(desk: &Desk, pick: &Pick) -> String {
    desk.design.with(|d| match pick {
        Pick::Face { face, .. } => describe_face(d, face),
        Pick::Edge { edge, .. } => describe_edge(d, edge),
        Pick::Vertex { .. } => "Corner".into(),
    })
}

#[component]
pub fn StatusLine() -> impl IntoView {
    let desk = use_desk();
    let under = move || match desk.hover.get() {
        Some((pick, at)) => {
            let place = at.map(|c| desk.show(c, Dimension::LENGTH, 4)).join(", ");
            format!("{}  ·  {place}", pick_text(&desk, &pick))
        }
        None => String::new(),
    };
    let chosen = move || {
        let picks = desk.picks.get();
        match picks.as_slice() {
            [] => String::new(),
            [one] => pick_text(&desk, one),
            many => {
                let n = |f: fn(&Pick) -> bool| many.iter().filter(|p| f(p)).count();
                let faces = n(|p| matches!(p, Pick::Face { .. }));
                let edges = n(|p| matches!(p, Pick::Edge { .. }));
                let corners = many.len() - faces - edges;
                [(faces, "face"), (edges, "edge"), (corners, "corner")]
                    .iter()
                    .filter(|(n, _)| *n > 0)
                    .map(|(n, what)| format!("{n} {what}{}", if *n == 1 { "" } else { "s" }))
                    .collect::<Vec<_>>()
                    .join(", ")
            }
        }
    };
    let probe = move || {
        let label = desk.bench.shown.with(|s| s.as_ref().map(|s| s.label.clone()))?;
        let (value, at) = desk.bench.probe.get()?;
        let doubt = if studies::is_flawed(desk, at) { " · no finite value near here" } else { "" };
        Some(format!("{label}: {}{doubt}", studies::value_text(desk, value)))
    };
    let set_units = move |e: leptos::ev::Event| {
        let system = Value::Choice(event_target_value(&e));
        let setting = desk.design.with_untracked(|d| d.of_kind("units").next().map(|o| o.id.clone()));
        match setting {
            Some(id) => desk.set(&id, "system", system),
            None => desk.commit(Command::Add {
                object: Object::new(Id("units".into()), "units", "Display units").with("system", system),
                before: None,
            }),
        };
    };
    let options = [
        (UnitSystem::Millimetre, "millimetre", "mm · N · MPa"),
        (UnitSystem::Metre, "metre", "m · N · MPa"),
        (UnitSystem::Inch, "inch", "in · lbf · psi"),
    ];
    view! {
        <footer class="status" data-testid="status">
            <span class="connection" class:off=move || desk.loaded.get() && !desk.online.get() data-testid="connection">
                <span class="dot" class:good=move || desk.online.get()></span>
                {move || match (desk.online.get(), desk.loaded.get()) {
                    (true, _) => "Connected",
                    (false, true) => "Offline",
                    (false, false) => "Connecting…",
                }}
            </span>
            <Show when=move || !desk.online.get() && desk.loaded.get()>
                <button type="button" class="link" data-testid="reconnect" on:click=move |_| desk.retry()>
                    "Reconnect"
                </button>
            </Show>
            <span class="status-busy" class:on=move || desk.kernel_busy.get()>"Building…"</span>
            <span class="status-text selected-text" data-testid="selection-text">{chosen}</span>
            <span class="grow"></span>
            <span class="status-text" data-testid="probe">{probe}</span>
            <span class="status-text" data-testid="hover-text">{under}</span>
            <Tally />
            <span class="mono soft" title="Position in the design's history" data-testid="sequence" data-sequence=move || desk.sequence.get()>
                {move || format!("v{}", desk.past.at.get().unwrap_or_else(|| desk.sequence.get()))}
            </span>
            <select
                class="units" aria-label="Display units" data-testid="units" disabled=move || !desk.may_edit.get()
                on:change=set_units
            >
                {options
                    .map(|(system, key, label)| {
                        view! { <option value=key selected=move || desk.units.get() == system>{label}</option> }
                    })
                    .collect_view()}
            </select>
        </footer>
    }
    .into_any()
}
