//! Keys: what each does, and the sheet that shows them.

use super::desk::{Desk, use_desk};
use crate::ui::Dialog;
use leptos::prelude::*;
#[cfg(feature = "browser")]
use {super::toolbar::VIEWS, crate::viewport::ViewCommand, leptos::ev};

const SHEET: &[(&str, &str)] = &[
    ("Esc", "Stop picking, measuring, sectioning, following; return to now; show the whole model; clear the selection"),
    ("F", "Fit the view"),
    ("1 – 7", "Front, back, left, right, top, bottom, isometric"),
    ("P", "Perspective or parallel"),
    ("E", "Edges on and off"),
    ("S", "Section"),
    ("M", "Measure"),
    ("C", "Comments"),
    ("V", "History: edits, versions, branches"),
    ("H", "Hide the selected bodies; with none, show all"),
    ("I", "Show only the selected bodies, or all again"),
    ("Ctrl Z", "Undo your own last edit"),
    ("Ctrl Shift Z", "Redo"),
    ("Delete", "Delete the selected object"),
    ("F2", "Rename in the tree"),
    ("↑ ↓", "In the tree: next row. In a field: step the value"),
    ("Ctrl or Shift click", "Select more than one"),
    ("?", "This sheet"),
];

/// Whether keys go to a text field now.
#[cfg(feature = "browser")]
fn typing(e: &ev::KeyboardEvent) -> bool {
    use wasm_bindgen::JsCast;
    e.target().and_then(|t| t.dyn_into::<leptos::web_sys::Element>().ok()).is_some_and(|t| {
        let kind = t.get_attribute("type");
        match t.tag_name().as_str() {
            "TEXTAREA" | "SELECT" => true,
            "INPUT" => !matches!(kind.as_deref(), Some("checkbox" | "radio" | "range" | "file")),
            _ => false,
        }
    })
}

/// Listens on the window while the editor is open. `full`: with the keys that edit.
pub fn listen(desk: Desk, full: bool) {
    #[cfg(feature = "browser")]
    {
        let handle = window_event_listener(ev::keydown, move |e| {
            let dialog = document().query_selector("dialog[open]").ok().flatten().is_some();
            if dialog || typing(&e) {
                return;
            }
            if press(desk, &e, full) {
                e.prevent_default();
            }
        });
        on_cleanup(move || handle.remove());
    }
    #[cfg(not(feature = "browser"))]
    let _ = (desk, full);
}

/// Does what a key means; false when it means nothing here.
#[cfg(feature = "browser")]
fn press(desk: Desk, e: &ev::KeyboardEvent, full: bool) -> bool {
    let key = e.key();
    if e.ctrl_key() || e.meta_key() {
        match key.to_lowercase().as_str() {
            "z" if full && e.shift_key() => desk.redo(),
            "z" if full => desk.undo(),
            "y" if full => desk.redo(),
            _ => return false,
        }
        return true;
    }
    if e.alt_key() {
        return false;
    }
    match key.as_str() {
        "Escape" => {
            if desk.bench.aim.with_untracked(Option::is_some) {
                desk.bench.aim.set(None);
            } else if desk.target.with_untracked(Option::is_some) {
                desk.target.set(None);
            } else if desk.measuring.get_untracked() {
                desk.measuring.set(false);
            } else if desk.cut.with_untracked(Option::is_some) {
                desk.cut.set(None);
            } else if desk.following.with_untracked(Option::is_some) {
                desk.following.set(None);
            } else if desk.past.at.with_untracked(Option::is_some) {
                desk.look(None);
            } else if desk.rolled.with_untracked(Option::is_some) {
                desk.roll(None);
            } else {
                desk.picks.set(Vec::new());
                desk.selected.set(None);
            }
        }
        "Delete" | "Backspace" if full => match desk.selected.get_untracked() {
            Some(id) => desk.remove(&id),
            None => return false,
        },
        "f" | "F" => desk.view(ViewCommand::Fit),
        "h" | "H" => desk.toggle_hidden(),
        "i" | "I" => desk.toggle_isolated(),
        "s" | "S" => desk.toggle_cut(),
        "m" | "M" => desk.toggle_measure(),
        "c" | "C" if full => desk.toggle_talk(),
        "v" | "V" if full => desk.toggle_history(),
        "p" | "P" => desk.perspective.update(|p| *p = !*p),
        "e" | "E" => desk.edges.update(|p| *p = !*p),
        "?" => desk.help.set(true),
        key => match VIEWS.iter().find(|(_, _, k)| *k == key) {
            Some((view, _, _)) => desk.view(ViewCommand::View(*view)),
            None => return false,
        },
    }
    true
}

#[component]
pub fn KeySheet() -> impl IntoView {
    let desk = use_desk();
    view! {
        <Dialog open=desk.help title="Keys" testid="keys-dialog">
            <dl class="keys">
                {SHEET
                    .iter()
                    .map(|(keys, does)| view! { <dt><kbd>{*keys}</kbd></dt><dd>{*does}</dd> })
                    .collect_view()}
            </dl>
        </Dialog>
    }
    .into_any()
}
