//! What is laid aside while a picture is taken: marks of the person at the screen, and for the set-up the result.

use super::Stage;
use crate::viewport::field::Shown;
use crate::viewport::model::Model;
use app::viewport::{Glyph, Pick};
use glam::DVec2;
use solver::surface::FaceName;

/// What [`Stage::lay_aside`] took, for [`Stage::take_back`].
pub struct Aside {
    selected: Vec<Pick>,
    highlighted: Vec<Pick>,
    remote: Vec<(FaceName, u16)>,
    hover: Option<Pick>,
    band: Option<(DVec2, DVec2)>,
    result: Option<Covered>,
}

/// What the set-up stands in the place of.
struct Covered {
    shown: Option<Shown>,
    inner: Option<Model>,
    glyphs: Vec<Glyph>,
}

impl Stage {
    /// Takes away what is no part of a picture; with `setup`, the result too, and shows these symbols.
    pub fn lay_aside(&mut self, setup: Option<Vec<Glyph>>) -> Aside {
        let aside = Aside {
            selected: std::mem::take(&mut self.selected),
            highlighted: std::mem::take(&mut self.highlighted),
            remote: std::mem::take(&mut self.remote),
            hover: self.hover.take(),
            band: self.band.take(),
            result: setup.map(|glyphs| Covered {
                shown: self.result.take(),
                inner: self.inner.take(),
                glyphs: std::mem::replace(&mut self.glyphs, glyphs),
            }),
        };
        self.laid(aside.result.is_some());
        aside
    }

    /// Puts everything back as it was.
    pub fn take_back(&mut self, aside: Aside) {
        let Aside { selected, highlighted, remote, hover, band, result } = aside;
        (self.selected, self.highlighted, self.remote) = (selected, highlighted, remote);
        (self.hover, self.band) = (hover, band);
        let covered = result.is_some();
        if let Some(Covered { shown, inner, glyphs }) = result {
            (self.result, self.inner, self.glyphs) = (shown, inner, glyphs);
        }
        self.laid(covered);
    }

    fn laid(&mut self, result: bool) {
        if result {
            self.changes.result = true;
            self.changes.inner = true;
            self.refresh_visible();
        }
        self.changes.states = true;
        self.changes.picture = true;
    }
}
