//! The model as it stands part of the way down the tree: while something is picked for a feature, and wherever a person
//! rolls back to. Only on their own screen; the design stays as it is.

use super::desk::{Desk, use_desk};
use crate::ui::{Glyph, Icon};
use leptos::prelude::*;
use solver::design::schema::Section;
use solver::design::{Design, Id, Object};

/// Where the model ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// What this feature works on: it may use up the very edges that are picked for it.
    Before(Id),
    After(Id),
}

/// What of `design` shapes the model up to `stop`; `None` when that is all of it, or nothing.
pub fn upto(design: &Design, stop: &Stop) -> Option<Design> {
    let (Stop::Before(id) | Stop::After(id)) = stop;
    let is_feature = |o: &Object| o.section() == Some(Section::Feature);
    let at = design.objects.iter().position(|o| o.id == *id && is_feature(o))?;
    let end = if matches!(stop, Stop::After(_)) { at + 1 } else { at };
    let (kept, left) = design.objects.split_at(end);
    if !kept.iter().any(|o| is_feature(o)) || !left.iter().any(|o| is_feature(o)) {
        return None;
    }
    // Selections, loads and the like name faces that may not be there yet; that is no fault of theirs.
    let shapes = |o: &Object| matches!(o.section(), Some(Section::Parameter | Section::Group | Section::Setting));
    let kept = kept.iter().filter(|o| is_feature(o) || shapes(o));
    let left = left.iter().filter(|o| shapes(o));
    Some(Design { objects: kept.chain(left).cloned().collect(), ..design.clone() })
}

impl Desk {
    /// Where the shown model ends; `None`: it is whole.
    pub fn stop(&self) -> Option<Stop> {
        let picking = self.target.get().map(|t| t.object).filter(|id| self.is_feature(id)).map(Stop::Before);
        picking.or_else(|| self.rolled.get().map(Stop::After))
    }

    fn is_feature(&self, id: &Id) -> bool {
        self.design.with(|d| d.get(id).and_then(Object::section)) == Some(Section::Feature)
    }

    /// Whether features stand below this one.
    pub fn is_earlier(&self, id: &Id) -> bool {
        self.design.with(|d| d.section(Section::Feature).skip_while(|o| o.id != *id).nth(1).is_some())
    }

    /// Shows the model up to this feature, or the whole of it again.
    pub fn roll(&self, id: Option<Id>) {
        if id.is_some() {
            // An answer is one about the whole model.
            self.bench.close();
        }
        self.rolled.set(id);
    }

    /// The feature before which a new one goes: new ones follow what is shown.
    pub fn insert_before(&self) -> Option<Id> {
        let rolled = self.rolled.get_untracked()?;
        self.design
            .with_untracked(|d| d.section(Section::Feature).skip_while(|o| o.id != rolled).nth(1).map(|o| o.id.clone()))
    }

    /// Whether this feature is left out of what is shown because it comes later.
    pub fn is_beyond(&self, id: &Id) -> bool {
        self.rolled.with(|rolled| {
            rolled.as_ref().is_some_and(|rolled| {
                self.design.with(|d| {
                    let mut after = d.section(Section::Feature).skip_while(|o| o.id != *rolled);
                    after.next().is_some() && after.any(|o| o.id == *id)
                })
            })
        })
    }
}

/// Says over the view that the model goes on.
#[component]
pub fn RolledBack() -> impl IntoView {
    let desk = use_desk();
    let name = move || {
        let id = desk.rolled.get()?;
        desk.is_earlier(&id).then(|| desk.object(&id).map(|o| o.name)).flatten()
    };
    view! {
        {move || {
            name()
                .map(|name| {
                    view! {
                        <div class="float-panel" role="status" data-testid="rolled-back">
                            <Icon glyph=Glyph::RollBack />
                            <span>{format!("The model up to {name}. New features go here.")}</span>
                            <button
                                type="button" class="button small" data-testid="roll-forward"
                                on:click=move |_| desk.roll(None)
                            >
                                "Show all"
                            </button>
                        </div>
                    }
                })
        }}
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn a_model_ends_before_or_after_a_feature_and_keeps_what_shapes_it() {
        let mut design = Design::new();
        let kinds = ["box", "parameter", "force", "fillet", "fixed", "hole", "parameter"];
        for (i, kind) in kinds.into_iter().enumerate() {
            design.objects.push(Arc::new(Object::new(format!("o{i}").as_str(), kind, kind)));
        }
        let ids = |stop: Stop| {
            upto(&design, &stop).map(|d| d.objects.iter().map(|o| o.id.0.clone()).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(ids(Stop::Before("o3".into())).as_deref(), Some("o0 o1 o6"));
        assert_eq!(ids(Stop::After("o3".into())).as_deref(), Some("o0 o1 o3 o6"));
        assert_eq!(ids(Stop::After("o5".into())), None, "the last one: all of it");
        assert_eq!(ids(Stop::Before("o0".into())), None, "the first one: nothing");
        assert_eq!(ids(Stop::After("o2".into())), None, "a load shapes nothing");
    }
}
