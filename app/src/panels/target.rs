//! Picking in the view for a property.

use super::desk::Desk;
use crate::viewport::{Pick, PickFilter};
use leptos::prelude::*;
use solver::design::schema::{Field, FieldType, Section};
use solver::design::{Id, Value};
use solver::surface::{EdgeName, FaceName};

/// The property that picks in the viewport go to.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    pub object: Id,
    pub key: String,
    pub wants: Wants,
}

/// What a property collects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wants {
    Faces,
    Edges,
    /// Features, by the face of theirs that was clicked.
    Features,
    /// Bodies, by any of their faces.
    Bodies,
}

impl Wants {
    /// Of these, several.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Faces => "faces",
            Self::Edges => "edges",
            Self::Features => "features",
            Self::Bodies => "bodies",
        }
    }
}

impl Desk {
    /// The pick filter that fits what is being picked.
    pub fn filter(&self) -> PickFilter {
        match self.target.get().map(|t| t.wants) {
            Some(Wants::Faces | Wants::Features | Wants::Bodies) => PickFilter::Faces,
            Some(Wants::Edges) => PickFilter::Edges,
            None if self.bench.aim.with(Option::is_some) => PickFilter::Faces,
            None => PickFilter::All,
        }
    }

    /// Puts picks into the property that is collecting: what is there already leaves, the rest joins.
    pub fn collect(&self, picks: &[Pick]) {
        let Some(target) = self.target.get_untracked() else { return };
        let Some(object) = self.design.with_untracked(|d| d.get(&target.object).cloned()) else { return };
        fn toggle<T: PartialEq>(list: &mut Vec<T>, item: T) {
            match list.iter().position(|x| *x == item) {
                Some(at) => drop(list.remove(at)),
                None => list.push(item),
            }
        }
        let value = match target.wants {
            Wants::Faces => {
                let mut faces = object.faces(&target.key);
                picks.iter().filter_map(face_of).for_each(|f| toggle(&mut faces, f));
                Value::Faces(faces)
            }
            Wants::Edges => {
                let mut edges = object.edges(&target.key);
                picks.iter().filter_map(edge_of).for_each(|e| toggle(&mut edges, e));
                Value::Edges(edges)
            }
            Wants::Features | Wants::Bodies => {
                let mut refs = object.refs(&target.key);
                let mut meant: Vec<Id> = if target.wants == Wants::Bodies {
                    // Known by the feature that started it; its pieces by a number behind that.
                    let start = |p: &Pick| Id(p.body().split('#').next().unwrap_or_default().into());
                    picks.iter().map(start).collect()
                } else {
                    picks.iter().filter_map(face_of).map(|f| Id(f.feature().into())).collect()
                };
                // A box around many faces means each feature once.
                meant.sort();
                meant.dedup();
                meant.into_iter().filter(|id| *id != object.id).for_each(|id| toggle(&mut refs, id));
                Value::Refs(refs)
            }
        };
        if object.get(&target.key).as_ref() != Some(&value) {
            self.set(&target.object, &target.key, value);
        }
    }
}

pub fn face_of(pick: &Pick) -> Option<FaceName> {
    match pick {
        Pick::Face { face, .. } => Some(face.clone()),
        _ => None,
    }
}

pub fn edge_of(pick: &Pick) -> Option<EdgeName> {
    match pick {
        Pick::Edge { edge, .. } => Some(edge.clone()),
        _ => None,
    }
}

/// What this field collects from the viewport.
pub fn wants(field: &Field) -> Option<Wants> {
    match field.kind {
        FieldType::Faces => Some(Wants::Faces),
        FieldType::Edges => Some(Wants::Edges),
        FieldType::Refs { section: Section::Feature, .. } if means_bodies(field.key) => Some(Wants::Bodies),
        FieldType::Refs { section: Section::Feature, .. } => Some(Wants::Features),
        _ => None,
    }
}

/// Whether a list of features stands for the bodies that they start.
pub fn means_bodies(key: &str) -> bool {
    matches!(key, "targets" | "tools" | "bodies")
}

#[cfg(test)]
mod tests {
    use super::*;
    use solver::design::schema::field;

    #[test]
    fn lists_of_features_mean_bodies_where_bodies_are_worked_on() {
        let of = |kind, key| wants(field(kind, key).expect("in the schema"));
        assert_eq!(of("boolean", "tools"), Some(Wants::Bodies));
        assert_eq!(of("move", "bodies"), Some(Wants::Bodies));
        assert_eq!(of("mirror", "features"), Some(Wants::Features));
        assert_eq!(of("fillet", "edges"), Some(Wants::Edges));
        assert_eq!(of("static", "supports"), None);
    }
}
