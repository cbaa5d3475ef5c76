//! The panel of what is picked: what lies between, how large it is, what it weighs.

use super::desk::use_desk;
use crate::measure::{Reading, bodies, measure};
use crate::ui::{Glyph, Icon};
use crate::viewport::ViewCommand;
use leptos::prelude::*;

/// A table of readings.
#[component]
fn Readings(readings: Vec<Reading>) -> impl IntoView {
    let desk = use_desk();
    view! {
        <dl class="facts compact">
            {readings
                .into_iter()
                .map(|r| {
                    let (value, dimension, is_angle) = (r.value, r.dimension, r.is_angle);
                    let text = move || {
                        if is_angle {
                            format!("{:.3}°", value.to_degrees())
                        } else {
                            desk.show(value, dimension, 6)
                        }
                    };
                    view! {
                        <dt>{r.label}</dt>
                        <dd class="mono" data-testid=format!("measure-{}", r.label.to_lowercase().replace(' ', "-"))>{text}</dd>
                    }
                })
                .collect_view()}
        </dl>
    }
    .into_any()
}

#[component]
pub fn MeasurePanel() -> impl IntoView {
    let desk = use_desk();
    let measured = Memo::new(move |_| {
        let picks = desk.picks.get();
        let (design, resolved) = (desk.design.get(), desk.resolved.get());
        desk.scene.with(|s| s.as_ref().map(|s| (measure(s, &picks), bodies(s, &design, &resolved, &picks))))
    });
    Effect::new(move |_| {
        let on = desk.measuring.get();
        let lines = measured.with(|m| m.iter().flat_map(|(between, _)| between).filter_map(|r| r.line).collect());
        desk.view(ViewCommand::Lines(if on { lines } else { desk.bench.lines.get() }));
    });
    view! {
        <Show when=move || desk.measuring.get()>
            <div class="float-panel column" data-testid="measure-panel" role="group" aria-label="Measure">
                <header>
                    <Icon glyph=Glyph::Measure />
                    <strong>"Measure"</strong>
                    <span class="grow"></span>
                    <button
                        type="button" class="icon-button small" aria-label="Close measuring"
                        on:click=move |_| desk.measuring.set(false)
                    >
                        <Icon glyph=Glyph::Close size=12 />
                    </button>
                </header>
                {move || match measured.get() {
                    Some((readings, bodies)) => {
                        let nothing = readings.is_empty();
                        view! {
                            {nothing
                                .then(|| {
                                    view! {
                                        <p class="soft">"Click faces, edges or corners; Ctrl or Shift adds a second."</p>
                                    }
                                })}
                            <Readings readings=readings />
                            <hr />
                            <Readings readings=bodies />
                        }
                            .into_any()
                    }
                    None => view! { <p class="soft">"Nothing to measure yet."</p> }.into_any(),
                }}
            </div>
        </Show>
    }
    .into_any()
}
