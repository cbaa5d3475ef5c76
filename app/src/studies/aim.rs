//! What a click in the view is for while a line or a probe is being placed.

use super::bench::Bench;
use super::pins;
use crate::panels::{Desk, use_desk};
use crate::ui::{Glyph, Icon};
use crate::viewport::{Pick, Rest};
use leptos::prelude::*;
use solver::result::path::Path;
use solver::study::outcome::OutcomeMesh;

/// What the next click places.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Aim {
    LineStart,
    LineEnd {
        from: [f64; 3],
    },
    /// A line through the wall, inwards from where it is clicked.
    Through,
    Pin,
    /// Where the comment being written belongs.
    Comment,
}

impl Aim {
    fn hint(self) -> &'static str {
        match self {
            Self::LineStart => "Click where the line begins",
            Self::LineEnd { .. } => "Click where the line ends",
            Self::Through => "Click a wall: the line goes straight through it",
            Self::Pin => "Click faces to pin probes to",
            Self::Comment => "Click the face that the comment is about",
        }
    }
}

impl Bench {
    /// Takes a click in the view while something is being placed; whether it was meant for that.
    pub fn aimed(&self, desk: Desk, pick: Option<&Pick>, rest: Option<Rest>) -> bool {
        let Some(aim) = self.aim.get_untracked() else { return false };
        // Beside the bodies: the hint still stands.
        let Some(rest) = rest else { return true };
        match aim {
            Aim::LineStart => self.aim.set(Some(Aim::LineEnd { from: rest.at })),
            Aim::LineEnd { from } if from == rest.at => {}
            Aim::LineEnd { from } => self.draw(desk, Path { from, to: rest.at }),
            Aim::Through => match self.through(rest) {
                Some(path) => self.draw(desk, path),
                None => desk.notices.bad("The line does not come out of the body there; click another place."),
            },
            Aim::Pin => match pick {
                Some(Pick::Face { face, .. }) => pins::pin(desk, face, rest.at),
                _ => desk.notices.bad("Probes are pinned to faces; click one."),
            },
            Aim::Comment => match pick {
                Some(Pick::Face { face, .. }) => desk.talking.pin(desk, face, rest.at),
                // Near an edge one of its faces is meant, and either will do.
                Some(Pick::Edge { edge, .. }) => desk.talking.pin(desk, &edge.faces[0], rest.at),
                _ => desk.notices.bad("Comments are pinned to faces; click one."),
            },
        }
        true
    }

    fn draw(&self, desk: Desk, path: Path) {
        self.aim.set(None);
        self.line_at.set(None);
        self.line.set(Some(path));
        self.want_inside(desk);
    }

    /// The line from a point of a skin to where it comes out.
    fn through(&self, rest: Rest) -> Option<Path> {
        let outcome = self.outcome.get_untracked()?;
        let skins = outcome.meshes.iter().filter_map(|m| match m {
            OutcomeMesh::Surface { surface, .. } => Path::through(surface, rest.at, rest.normal),
            _ => None,
        });
        // The body that was clicked is the first to be left.
        skins.min_by(|a, b| a.length().total_cmp(&b.length()))
    }
}

/// Says over the view what the next click does.
#[component]
pub fn AimHint() -> impl IntoView {
    let desk = use_desk();
    let bench = desk.bench;
    view! {
        {move || {
            bench
                .aim
                .get()
                .map(|aim| {
                    view! {
                        <div class="pick-hint" role="status" data-testid="aim-hint">
                            <Icon glyph=if matches!(aim, Aim::Pin | Aim::Comment) { Glyph::Pin } else { Glyph::Curve } size=14 />
                            {aim.hint()}
                            <button type="button" class="button small" on:click=move |_| bench.aim.set(None)>
                                {if aim == Aim::Pin { "Done" } else { "Cancel" }}
                            </button>
                        </div>
                    }
                })
        }}
    }
    .into_any()
}
