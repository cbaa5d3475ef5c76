//! What both branches of a merge changed: both values with a choice, in the list of the merge, at the row of the tree and
//! beside the property.

use super::past::Clash;
use crate::panels::use_desk;
use crate::ui::{Glyph, Icon};
use leptos::prelude::*;
use solver::design::schema::{self, Kind};
use solver::design::{Id, Side};

impl Clash {
    /// `Height of Plate: 12 mm in Bracket (here), 8 mm in Lighter`, without the object's name.
    pub fn words(&self) -> String {
        let c = &self.conflict;
        format!("{}: {} in {} (here), {} in {}", c.label, c.ours, self.ours, c.theirs, self.theirs)
    }
}

/// What is said at an object that both branches changed.
fn said<'a>(all: impl Iterator<Item = &'a Clash>) -> Option<String> {
    let lines: Vec<String> = all.map(Clash::words).collect();
    (!lines.is_empty()).then(|| format!("Both branches changed this.\n{}", lines.join("\n")))
}

/// Which of an object's clashes stand beside no property of its kind.
fn beside_none(kind: &'static Kind, clash: &Clash) -> bool {
    schema::field_of(kind, &clash.conflict.key).is_none()
}

/// The mark at an object's row, with what both sides made of it.
#[component]
pub fn ClashMark(#[prop(into)] id: Signal<Id>) -> impl IntoView {
    let desk = use_desk();
    let words = Memo::new(move |_| {
        desk.past.conflicted.with(|all| id.with(|id| said(all.iter().filter(|c| c.conflict.object == *id))))
    });
    move || {
        words.get().map(|text| {
            view! {
                <span class="issue" title=text.clone() data-testid="conflicted" role="img" aria-label=text>
                    <Icon glyph=Glyph::Merge size=14 />
                </span>
            }
        })
    }
}

/// Beside a property: what both branches made of it, to choose from.
#[component]
pub fn PropertyClash(id: Id, key: &'static str) -> impl IntoView {
    Clashes(ClashesProps { id, of: std::sync::Arc::new(move |clash: &Clash| clash.conflict.key == key) })
}

/// Above the properties: what of the object both branches changed besides them, as its name or its place.
#[component]
pub fn ObjectClash(id: Id, kind: &'static Kind) -> impl IntoView {
    Clashes(ClashesProps { id, of: std::sync::Arc::new(move |clash: &Clash| beside_none(kind, clash)) })
}

#[component]
fn Clashes(id: Id, of: std::sync::Arc<dyn Fn(&Clash) -> bool + Send + Sync>) -> impl IntoView {
    let desk = use_desk();
    let here = Memo::new(move |_| {
        let own = |c: &&Clash| c.conflict.object == id && of(c);
        desk.past.conflicted.with(|all| all.iter().filter(own).cloned().collect::<Vec<_>>())
    });
    move || {
        here.get()
            .into_iter()
            .map(|clash| {
                let key = clash.conflict.key.clone();
                let head = format!("Both branches changed {}; it was {}", clash.conflict.label, clash.conflict.base);
                view! {
                    <div class="conflict" data-testid="property-conflict" data-key=key>
                        <p class="conflict-head"><Icon glyph=Glyph::Merge size=14 /><span>{head}</span></p>
                        <Sides clash=clash />
                    </div>
                }
            })
            .collect_view()
    }
}

/// Both values, of which one is chosen.
#[component]
pub fn Sides(clash: Clash) -> impl IntoView {
    let choices = use_desk().past.choices;
    let Clash { conflict, ours, theirs } = clash;
    let at = StoredValue::new((conflict.object, conflict.key));
    let chosen = move || at.with_value(|at| choices.with(|all| all.get(at).copied()));
    let side = move |side: Side, of: String, value: String, testid: &'static str| {
        view! {
            <button
                type="button" class="conflict-side" role="radio" data-testid=testid
                aria-checked=move || (chosen() == Some(side)).to_string()
                on:click=move |_| {
                    choices.update(|all| {
                        all.insert(at.get_value(), side);
                    });
                }
            >
                <span class="soft">{of}</span>
                <span class="conflict-value">{value}</span>
            </button>
        }
    };
    view! {
        <div class="conflict-sides" role="radiogroup" aria-label=format!("{} of {}", conflict.label, conflict.name)>
            {side(Side::Ours, format!("{ours} (here)"), conflict.ours, "choose-ours")}
            {side(Side::Theirs, theirs, conflict.theirs, "choose-theirs")}
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use solver::design::merge::{Conflict, NAME};

    fn clash(object: &str, key: &str) -> Clash {
        let conflict = Conflict {
            object: object.into(),
            key: key.into(),
            name: "Plate".into(),
            label: "Height".into(),
            base: "10 mm".into(),
            ours: "12 mm".into(),
            theirs: "8 mm".into(),
            choice: None,
        };
        Clash { conflict, ours: "Bracket".into(), theirs: "Lighter".into() }
    }

    #[test]
    fn the_row_says_both_values_and_whose_they_are() {
        let all = [clash("plate", "height"), clash("hole", "depth")];
        let of = |id: &str| said(all.iter().filter(|c| c.conflict.object.0 == id));
        let words = of("plate").unwrap();
        assert_eq!(words, "Both branches changed this.\nHeight: 12 mm in Bracket (here), 8 mm in Lighter");
        assert_eq!(of("other"), None);
    }

    #[test]
    fn a_clash_stands_beside_its_property_or_above_all() {
        let kind = schema::kind("box").unwrap();
        let field = kind.fields[0].key;
        assert!(!beside_none(kind, &clash("plate", field)));
        assert!(beside_none(kind, &clash("plate", NAME)));
    }
}
