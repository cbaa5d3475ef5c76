//! Colour and visibility of every face and edge, as the small textures that the shaders look up.
//!
//! Hover and selection change these few kilobytes; the geometry on the GPU is never touched for them.

use super::model::Model;
use super::theme::{self, Rgb, Theme};
use app::viewport::Pick;
use glam::DVec3;
use solver::surface::FaceName;

/// Texels in a row of a state texture.
pub const ROW: usize = 1024;

/// What decides how things look, apart from the camera.
pub struct Marks<'a> {
    pub hover: Option<&'a Pick>,
    pub selected: &'a [Pick],
    pub highlighted: &'a [Pick],
    pub remote: &'a [(FaceName, u16)],
    /// By body.
    pub show: &'a [Show],
    /// Draw ordinary edges.
    pub edges: bool,
    pub theme: &'a Theme,
}

/// How a body is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Show {
    #[default]
    Solid,
    /// The undeformed shape behind a result: edges only, faint.
    Ghost,
    Hidden,
}

/// Two texels a face: colour with visibility in alpha; mark with its strength in alpha. Padded to whole rows.
pub fn face_states(model: &Model, marks: &Marks) -> Vec<[u8; 4]> {
    let mut out = vec![[0u8; 4]; rows(model.n_faces) * ROW];
    for (b, body) in model.bodies.iter().enumerate() {
        if show(marks, b) != Show::Solid {
            continue;
        }
        let first = body.first_face as usize;
        for f in 0..body.surface.faces.len() {
            out[2 * (first + f)] = with(body.colour, 255);
        }
        let mut mark = |name: &FaceName, colour: Rgb, strength: u8| {
            for f in body.surface.faces_named(name) {
                out[2 * (first + f as usize) + 1] = with(colour, strength);
            }
        };
        for (name, hue) in marks.remote {
            mark(name, theme::person(*hue), 60);
        }
        let own = |picks: &'_ [Pick]| -> Vec<FaceName> {
            picks
                .iter()
                .filter_map(|p| match p {
                    Pick::Face { body: owner, face } if *owner == body.name => Some(face.clone()),
                    _ => None,
                })
                .collect()
        };
        own(marks.highlighted).iter().for_each(|f| mark(f, marks.theme.highlighted, 135));
        let selected = own(marks.selected);
        selected.iter().for_each(|f| mark(f, marks.theme.selected, 165));
        if let Some(Pick::Face { body: owner, face }) = marks.hover
            && *owner == body.name
        {
            let strength = if selected.contains(face) { 190 } else { 95 };
            mark(face, marks.theme.hover, strength);
        }
    }
    out
}

/// Two texels an edge: colour; width in sixteenths of 16 CSS pixels in red (0: not drawn).
pub fn edge_states(model: &Model, marks: &Marks) -> Vec<[u8; 4]> {
    let mut out = vec![[0u8; 4]; rows(model.n_edges) * ROW];
    let width = theme::edge_width(model.n_edges);
    let mut set = |edge: usize, colour: Rgb, alpha: u8, width: f32| {
        out[2 * edge] = with(colour, alpha);
        out[2 * edge + 1] = [(width / 16.0 * 255.0).round() as u8, 0, 0, 0];
    };
    for (b, body) in model.bodies.iter().enumerate() {
        let how = show(marks, b);
        if how == Show::Hidden {
            continue;
        }
        let first = body.first_edge as usize;
        for (e, edge) in body.surface.edges.iter().enumerate() {
            let at = first + e;
            if how == Show::Ghost {
                set(at, marks.theme.ghost, 150, 1.0);
                continue;
            }
            if marks.edges {
                set(at, marks.theme.edge, marks.theme.edge_alpha, width);
            }
            for (face, hue) in marks.remote {
                if edge.name.faces.contains(face) {
                    set(at, theme::person(*hue), 255, 2.6);
                }
            }
            let is = |p: &Pick| matches!(p, Pick::Edge { body: owner, edge: name } if *owner == body.name && *name == edge.name);
            let bounds = |p: &Pick| matches!(p, Pick::Face { body: owner, face } if *owner == body.name && edge.name.faces.contains(face));
            if marks.highlighted.iter().any(is) {
                set(at, marks.theme.highlighted, 255, 3.0);
            }
            if marks.selected.iter().any(bounds) {
                set(at, darker(marks.theme.selected), 255, 1.8);
            }
            if marks.selected.iter().any(is) {
                set(at, marks.theme.selected, 255, 3.4);
            }
            if marks.hover.is_some_and(is) {
                set(at, marks.theme.hover, 255, 3.8);
            }
        }
    }
    out
}

/// Corners to show as dots, with their colour.
pub fn dots(model: &Model, marks: &Marks) -> Vec<(DVec3, [f32; 4])> {
    let place = |pick: &Pick, colour: Rgb| match pick {
        Pick::Vertex { body, point } => {
            let b = model.bodies.iter().position(|b| b.name == *body)?;
            let body = &model.bodies[b];
            (show(marks, b) == Show::Solid && (*point as usize) < body.surface.points.len())
                .then(|| (body.point(*point), unit(colour, 255)))
        }
        _ => None,
    };
    let highlighted = marks.highlighted.iter().map(|p| (p, marks.theme.highlighted));
    let selected = marks.selected.iter().map(|p| (p, marks.theme.selected));
    let hover = marks.hover.iter().map(|p| (*p, marks.theme.hover));
    highlighted.chain(selected).chain(hover).filter_map(|(p, c)| place(p, c)).collect()
}

/// sRGB bytes as the shaders take them.
pub fn unit([r, g, b]: Rgb, alpha: u8) -> [f32; 4] {
    [r, g, b, alpha].map(|v| f32::from(v) / 255.0)
}

fn show(marks: &Marks, body: usize) -> Show {
    marks.show.get(body).copied().unwrap_or_default()
}

fn rows(n: u32) -> usize {
    (2 * n as usize).div_ceil(ROW).max(1)
}

fn with([r, g, b]: Rgb, alpha: u8) -> [u8; 4] {
    [r, g, b, alpha]
}

fn darker(colour: Rgb) -> Rgb {
    colour.map(|v| (f32::from(v) * 0.78) as u8)
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use solver::surface::EdgeName;

    fn model() -> Model {
        Model::new([
            sample::part("a", sample::cuboid([0.0; 3], [1.0; 3])),
            sample::part("b", sample::cuboid([2.0, 0.0, 0.0], [3.0, 1.0, 1.0])),
        ])
    }

    fn plain() -> Marks<'static> {
        Marks {
            hover: None,
            selected: &[],
            highlighted: &[],
            remote: &[],
            show: &[],
            edges: true,
            theme: &theme::LIGHT,
        }
    }

    fn face(body: &str, name: &str) -> Pick {
        Pick::Face { body: body.into(), face: FaceName(name.into()) }
    }

    #[test]
    fn selection_marks_one_body_and_a_colleague_marks_by_name() {
        let model = model();
        let selected = [face("b", "x1")];
        let remote = [(FaceName("x0".into()), 200)];
        let states = face_states(&model, &Marks { selected: &selected, remote: &remote, ..plain() });
        assert_eq!(states.len(), ROW);
        let strength: Vec<u8> = (0..12).map(|f| states[2 * f + 1][3]).collect();
        assert_eq!(strength, [60, 0, 0, 0, 0, 0, 60, 165, 0, 0, 0, 0]);
        assert!((0..12).all(|f| states[2 * f][3] == 255));
    }

    #[test]
    fn hidden_bodies_and_ghosts_have_no_faces() {
        let model = model();
        let states = face_states(&model, &Marks { show: &[Show::Hidden, Show::Solid], ..plain() });
        assert_eq!((states[0][3], states[12][3]), (0, 255));
        let marks = Marks { show: &[Show::Ghost; 2], ..plain() };
        assert!(face_states(&model, &marks).iter().all(|s| s[3] == 0));
        assert!(edge_states(&model, &marks).iter().step_by(2).take(24).all(|s| s[3] == 150));
    }

    #[test]
    fn edges_can_be_off_and_still_be_hovered() {
        let model = model();
        let name = EdgeName::between(FaceName("x0".into()), FaceName("z1".into()), 0);
        let hover = Pick::Edge { body: "a".into(), edge: name };
        let states = edge_states(&model, &Marks { edges: false, hover: Some(&hover), ..plain() });
        assert_eq!(states.iter().skip(1).step_by(2).filter(|s| s[0] > 0).count(), 1);
        assert_eq!(dots(&model, &plain()), []);
        let corner = [Pick::Vertex { body: "b".into(), point: 1 }, Pick::Vertex { body: "b".into(), point: 99 }];
        let shown = dots(&model, &Marks { selected: &corner, ..plain() });
        assert_eq!(shown.len(), 1);
        assert_eq!(shown[0].0, DVec3::new(3.0, 0.0, 0.0));
    }
}
