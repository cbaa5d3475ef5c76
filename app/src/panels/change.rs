//! Adding and removing objects.

use super::desk::Desk;
use super::target::{Target, edge_of, face_of, wants};
use crate::ui::random;
use crate::viewport::Pick;
use leptos::prelude::*;
use solver::design::profile::{Outline, Profile};
use solver::design::schema::{self, FieldType, Section};
use solver::design::{Command, Design, Id, Object, Value};
use solver::surface::{EdgeName, FaceName};

impl Desk {
    /// Adds an object of `kind` with what is picked, and selects it.
    pub fn add(&self, kind: &'static str) -> Option<Id> {
        let kind = schema::kind(kind)?;
        let id = Id::fresh(kind.id, random());
        let mut object = Object::new(id.clone(), kind.id, "");
        object.name = self.design.with_untracked(|d| free_name(d, kind));
        prefill(&mut object, kind, &self.picks.get_untracked(), self.selected.get_untracked(), self);
        let before = self.insert_before().filter(|_| kind.section == Section::Feature);
        let rolled = before.is_some();
        if !self.commit(Command::Add { object: object.clone(), before }) {
            return None;
        }
        if rolled {
            self.roll(Some(id.clone()));
        }
        self.selected.set(Some(id.clone()));
        self.picks.set(Vec::new());
        // What still has to be picked is asked for at once.
        let open = kind.fields.iter().find(|f| {
            // Picked faces are what a selection is for, unless a rule is chosen.
            (f.required || f.hangs_on("rule", "faces"))
                && match f.kind {
                    FieldType::Faces => object.faces(f.key).is_empty(),
                    FieldType::Edges => object.edges(f.key).is_empty(),
                    FieldType::Refs { section, .. } => section == Section::Feature && object.refs(f.key).is_empty(),
                    _ => false,
                }
        });
        self.target
            .set(open.and_then(|f| wants(f).map(|wants| Target { object: id.clone(), key: f.key.into(), wants })));
        Some(id)
    }

    /// Removes an object; of a group only the group, as in other trees: its contents stay where they stand.
    pub fn remove(&self, id: &Id) {
        let (next, command) = self.design.with_untracked(|d| (neighbour(d, id), removal(d, id)));
        if self.commit(command) {
            self.target.set(None);
            self.selected.set(next);
        }
    }
}

/// Removes `id` in one step that undo takes back whole; what stood in it moves up to where it stood itself.
fn removal(design: &Design, id: &Id) -> Command {
    let above = design.get(id).and_then(|o| o.parent.clone());
    let contents = design.objects.iter().enumerate().filter(|(_, o)| o.parent.as_ref() == Some(id));
    let mut commands: Vec<Command> = contents
        .map(|(at, child)| {
            let before = design.objects.get(at + 1).map(|o| o.id.clone());
            Command::Move { id: child.id.clone(), before, parent: above.clone() }
        })
        .collect();
    let remove = Command::Remove { id: id.clone() };
    if commands.is_empty() {
        return remove;
    }
    commands.push(remove);
    Command::Batch { commands }
}

/// The object to select after `id` is gone: the next of its section, else the one before.
fn neighbour(design: &Design, id: &Id) -> Option<Id> {
    let section = design.get(id)?.section()?;
    let list: Vec<&Object> = design.section(section).collect();
    let at = list.iter().position(|o| o.id == *id)?;
    list.get(at + 1).or_else(|| at.checked_sub(1).and_then(|i| list.get(i))).map(|o| o.id.clone())
}

/// "Hole 3"; for a parameter `length_2`.
fn free_name(design: &Design, kind: &schema::Kind) -> String {
    let taken = |name: &str| design.objects.iter().any(|o| o.name == name);
    let parameter = kind.section == Section::Parameter;
    let name = |n: usize| if parameter { format!("length_{n}") } else { format!("{} {n}", kind.label) };
    (1..).map(name).find(|n| !taken(n)).unwrap_or_default()
}

/// Puts what is picked and selected into the properties that want it.
fn prefill(object: &mut Object, kind: &schema::Kind, picks: &[Pick], selected: Option<Id>, desk: &Desk) {
    let faces: Vec<FaceName> = picks.iter().filter_map(face_of).collect();
    let edges: Vec<EdgeName> = picks.iter().filter_map(edge_of).collect();
    let feature = selected
        .clone()
        .filter(|id| desk.design.with_untracked(|d| d.get(id).and_then(Object::section)) == Some(Section::Feature));
    for field in kind.fields {
        match field.kind {
            FieldType::Faces if !faces.is_empty() && field.when.is_none() => {
                object.properties.insert(field.key.into(), Value::Faces(faces.clone()));
            }
            FieldType::Faces if field.hangs_on("plane", "face") && faces.len() == 1 => {
                object.properties.insert(field.key.into(), Value::Faces(faces.clone()));
                object.properties.insert("plane".into(), Value::Choice("face".into()));
            }
            FieldType::Faces if field.hangs_on("rule", "faces") && !faces.is_empty() => {
                object.properties.insert(field.key.into(), Value::Faces(faces.clone()));
            }
            FieldType::Edges if !edges.is_empty() => {
                object.properties.insert(field.key.into(), Value::Edges(edges.clone()));
            }
            FieldType::Refs { section: Section::Feature, .. } if field.key == "features" && field.when.is_none() => {
                if let Some(feature) = feature.clone() {
                    object.properties.insert(field.key.into(), Value::Refs(vec![feature]));
                }
            }
            _ => {}
        }
    }
    // Evidence comes from the study at hand.
    if object.kind == solver::requirement::KIND {
        let study = desk.design.with_untracked(|d| {
            let is_study = |id: &Id| d.get(id).and_then(Object::section) == Some(Section::Study);
            selected.clone().filter(is_study).or_else(|| d.section(Section::Study).next().map(|o| o.id.clone()))
        });
        if let Some(study) = study {
            object.properties.insert("study".into(), Value::Refs(vec![study]));
        }
    }
    // Turned about an axis in its plane: a profile around the origin would lie on both sides of it.
    if object.kind == "revolve" {
        let outer = Outline::Circle { centre: ["25 mm".into(), "0 mm".into()], radius: "10 mm".into() };
        object.properties.insert("profile".into(), Value::Profile(Profile { outer, holes: Vec::new() }));
    }
    let has_body = desk.design.with_untracked(|d| d.section(Section::Feature).next().is_some());
    // On a face of a body, more material is usually meant to be one with it.
    if object.kind == "extrude" && has_body && object.properties.contains_key("face") {
        object.properties.insert("operation".into(), Value::Choice("join".into()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn new_objects_get_a_free_name() {
        let mut design = Design::new();
        let kind = schema::kind("hole").expect("a kind");
        assert_eq!(free_name(&design, kind), "Hole 1");
        design.objects.push(Arc::new(Object::new("a", "hole", "Hole 1")));
        design.objects.push(Arc::new(Object::new("b", "hole", "Hole 3")));
        assert_eq!(free_name(&design, kind), "Hole 2");
        assert_eq!(neighbour(&design, &"a".into()), Some("b".into()));
        assert_eq!(neighbour(&design, &"b".into()), Some("a".into()));
    }

    #[test]
    fn removing_a_group_leaves_its_contents_in_place_and_undo_brings_all_back() {
        let mut design = Design::new();
        let object = |id: &str, kind: &str, parent: Option<&str>| {
            let mut o = Object::new(id, kind, id);
            o.parent = parent.map(Into::into);
            Arc::new(o)
        };
        design.objects = vec![
            object("outer", "group", None),
            object("inner", "group", Some("outer")),
            object("box_a", "box", Some("inner")),
            object("hole_a", "hole", None),
            object("hole_b", "hole", Some("inner")),
        ];
        let (after, inverse) = solver::design::apply(&design, &removal(&design, &"inner".into())).expect("applies");
        let of = |d: &Design| d.objects.iter().map(|o| (o.id.clone(), o.parent.clone())).collect::<Vec<_>>();
        let line = |id: &str, parent: Option<&str>| (Id::from(id), parent.map(Id::from));
        let expected =
            [line("outer", None), line("box_a", Some("outer")), line("hole_a", None), line("hole_b", Some("outer"))];
        assert_eq!(of(&after), expected);
        let (back, _) = solver::design::apply(&after, &inverse).expect("applies");
        assert_eq!(of(&back), of(&design));
        assert_eq!(removal(&design, &"box_a".into()), Command::Remove { id: "box_a".into() });
    }
}
