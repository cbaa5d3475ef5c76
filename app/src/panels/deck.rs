//! What an input deck comes to, before it is added to the design and after.

use super::desk::use_desk;
use crate::ui::{Glyph, Icon};
use leptos::prelude::*;
use solver::deck::{Reading, Units};
#[cfg(feature = "browser")]
use solver::design::Command;
use solver::design::schema::kind;
use solver::quantity::Dimension;

/// How many objects of which kind a reading brings: "2 bodies", "1 fixed support".
fn counts(reading: &Reading) -> Vec<(String, usize)> {
    let mut out: Vec<(String, usize)> = Vec::new();
    for object in &reading.objects {
        let label = kind(&object.kind).map_or(object.kind.as_str(), |k| k.label);
        let label = if object.kind == "import" { "Body" } else { label };
        match out.iter_mut().find(|(l, _)| l == label) {
            Some((_, n)) => *n += 1,
            None => out.push((label.into(), 1)),
        }
    }
    out
}

/// Shows a deck in the units chosen and adds what it comes to; what is left out stays listed until the dialog is closed.
#[component]
pub fn DeckForm(hash: String, name: String, open: RwSignal<bool>) -> impl IntoView {
    let desk = use_desk();
    let units = RwSignal::new(Units::ALL[0].1.to_string());
    let reading = RwSignal::new(None::<Result<Reading, String>>);
    let added = RwSignal::new(false);
    let chosen = Memo::new(move |_| {
        units.with(|u| Units::ALL.iter().find(|(_, key, _)| key == u).map_or(Units::default(), |(units, ..)| *units))
    });
    Effect::new(move |_| {
        let units = chosen.get();
        reading.set(None);
        let answer = desk.client.with_value(|c| c.read_deck(&desk.id.get_value(), &hash, units));
        leptos::task::spawn_local(async move {
            let answer = answer.await.map_err(|problem| problem.message);
            // Another system may have been chosen meanwhile.
            if chosen.try_get_untracked() == Some(units) {
                reading.set(Some(answer));
            }
        });
    });
    let add = move |_| {
        #[cfg(feature = "browser")]
        if let Some(Ok(found)) = reading.get_untracked() {
            let first = found.objects.first().map(|o| o.id.clone());
            let commands = found.objects.into_iter().map(|object| Command::Add { object, before: None }).collect();
            if desk.commit(Command::Batch { commands }) {
                desk.selected.set(first);
                added.set(true);
            }
        }
    };
    let is_ready = move || reading.with(|r| matches!(r, Some(Ok(_))));
    view! {
        <div class="deck" data-testid="deck">
            <p class="file-name"><Icon glyph=Glyph::Import size=14 />{name}</p>
            <Show when=move || !added.get()>
                <crate::ui::Select
                    label="Units of the deck" name="deck-units" value=units
                    options=Units::ALL.map(|(_, key, label)| (key.to_string(), label.to_string())).to_vec()
                />
            </Show>
            {move || match reading.get() {
                None => view! { <p class="soft" role="status">"Reading the deck…"</p> }.into_any(),
                Some(Err(message)) => view! { <p class="fault" role="alert" data-testid="deck-fault">{message}</p> }.into_any(),
                Some(Ok(found)) => view! { <Found reading=found added=added /> }.into_any(),
            }}
            <div class="dialog-foot">
                <button type="button" class="button" data-testid="deck-close" on:click=move |_| open.set(false)>
                    {move || if added.get() { "Close" } else { "Cancel" }}
                </button>
                <Show when=move || !added.get()>
                    <button
                        type="button" class="button primary" data-testid="deck-add" disabled=move || !is_ready() on:click=add
                    >
                        "Add to the design"
                    </button>
                </Show>
            </div>
        </div>
    }
    .into_any()
}

/// The size of things, so that wrong units are seen; what is made; what is left out, by line.
#[component]
fn Found(reading: Reading, added: RwSignal<bool>) -> impl IntoView {
    let desk = use_desk();
    let show = move |value: f64, dimension| desk.show(value, dimension, 4);
    let size = reading.size.map(|s| show(s, Dimension::LENGTH)).join(" × ");
    let elements = if reading.n_elements == 1 { "element" } else { "elements" };
    let mesh = format!("{} {elements}, {} nodes", reading.n_elements, reading.n_nodes);
    let made = counts(&reading).into_iter().map(|(label, n)| format!("{n} × {label}")).collect::<Vec<_>>().join(", ");
    let bodies = reading.bodies.clone();
    let notes = reading.notes.clone();
    let n_notes = notes.len();
    view! {
        <dl class="facts">
            <dt>"Size"</dt>
            <dd class="mono" data-testid="deck-size">{size}</dd>
            <dt>"Mesh of the deck"</dt>
            <dd>{mesh}</dd>
            <dt>{move || if added.get() { "Added" } else { "Will be added" }}</dt>
            <dd data-testid="deck-made">{made}</dd>
        </dl>
        <div class="table-scroll">
            <table class="table dense">
                <thead>
                    <tr><th>"Body"</th><th>"Material"</th><th class="number">"Density"</th><th class="number">"Mass"</th></tr>
                </thead>
                <tbody>
                    {bodies
                        .into_iter()
                        .map(|b| {
                            let or_none = |v: Option<String>| v.unwrap_or_else(|| "not given".into());
                            view! {
                                <tr>
                                    <td>{b.name}</td>
                                    <td>{if b.material.is_empty() { "none".to_string() } else { b.material }}</td>
                                    <td class="number">{or_none(b.density.map(|d| show(d, Dimension::DENSITY)))}</td>
                                    <td class="number">{or_none(b.density.map(|d| show(d * b.volume, Dimension::MASS)))}</td>
                                </tr>
                            }
                        })
                        .collect_view()}
                </tbody>
            </table>
        </div>
        {if n_notes == 0 {
            view! { <p class="soft">"Everything in the deck has its place in the design."</p> }.into_any()
        } else {
            view! {
                <section>
                    <h3>"Left out or taken otherwise"</h3>
                    <ol class="deck-notes" data-testid="deck-notes">
                        {notes
                            .into_iter()
                            .map(|n| view! { <li><span class="mono">{format!("line {}", n.line)}</span><span>{n.text}</span></li> })
                            .collect_view()}
                    </ol>
                </section>
            }
                .into_any()
        }}
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use solver::design::Object;

    #[test]
    fn objects_are_counted_by_what_people_call_them() {
        let objects =
            [("a", "import"), ("b", "fixed"), ("c", "import")].map(|(id, kind)| Object::new(id, kind, id)).to_vec();
        let reading = Reading { objects, ..Reading::default() };
        assert_eq!(counts(&reading), [("Body".to_string(), 2), ("Fixed support".to_string(), 1)]);
    }
}
