//! Picking in the view for a property.

use super::desk::Desk;
use crate::viewport::{Pick, PickFilter};
use leptos::prelude::*;
use solver::design::schema::{FieldType, Section};
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
    /// Features, by the face that was clicked.
    Features,
}

impl Desk {
    /// The pick filter that fits what is being picked.
    pub fn filter(&self) -> PickFilter {
        match self.target.get().map(|t| t.wants) {
            Some(Wants::Faces | Wants::Features) => PickFilter::Faces,
            Some(Wants::Edges) => PickFilter::Edges,
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
            Wants::Features => {
                let mut refs = object.refs(&target.key);
                for feature in picks.iter().filter_map(face_of).map(|f| Id(f.feature().into())) {
                    if feature != object.id {
                        toggle(&mut refs, feature);
                    }
                }
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

/// What a field of this type collects from the viewport.
pub fn wants(kind: &FieldType) -> Option<Wants> {
    match kind {
        FieldType::Faces => Some(Wants::Faces),
        FieldType::Edges => Some(Wants::Edges),
        FieldType::Refs { section: Section::Feature, .. } => Some(Wants::Features),
        _ => None,
    }
}
