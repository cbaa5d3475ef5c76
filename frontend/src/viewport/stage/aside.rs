//! What is laid aside while a picture is taken: marks of the person at the screen, the motion of what swings, and for the
//! set-up the result.

use super::Stage;
use crate::viewport::field::{Line, Shown};
use crate::viewport::inside::Raster;
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
    /// Of a result that plays.
    swing: Option<f64>,
    result: Option<Covered>,
}

/// What the set-up stands in the place of.
struct Covered {
    shown: Option<Shown>,
    inner: Option<Model>,
    glyphs: Vec<Glyph>,
    /// The result's field on the section, which takes a while to compute.
    rasters: Vec<(String, Raster)>,
    cap_lines: Vec<Line>,
    rasters_due: Option<f64>,
}

impl Stage {
    /// Takes away what is no part of a picture; with `setup`, the result too, and shows these symbols. A result that plays
    /// stands still at its full deflection: the phase of the moment says nothing.
    pub fn lay_aside(&mut self, setup: Option<Vec<Glyph>>) -> Aside {
        let swing = self.result.as_mut().filter(|r| r.view.playing).map(|r| {
            r.view.playing = false;
            std::mem::replace(&mut r.swing, 1.0)
        });
        let aside = Aside {
            selected: std::mem::take(&mut self.selected),
            highlighted: std::mem::take(&mut self.highlighted),
            remote: std::mem::take(&mut self.remote),
            hover: self.hover.take(),
            band: self.band.take(),
            swing,
            result: setup.map(|glyphs| Covered {
                shown: self.result.take(),
                inner: self.inner.take(),
                glyphs: std::mem::replace(&mut self.glyphs, glyphs),
                rasters: std::mem::take(&mut self.rasters),
                cap_lines: std::mem::take(&mut self.cap_lines),
                rasters_due: self.rasters_due,
            }),
        };
        self.laid(aside.result.is_some(), swing.is_some());
        aside
    }

    /// Puts everything back as it was.
    pub fn take_back(&mut self, aside: Aside) {
        let Aside { selected, highlighted, remote, hover, band, swing, result } = aside;
        (self.selected, self.highlighted, self.remote) = (selected, highlighted, remote);
        (self.hover, self.band) = (hover, band);
        match result {
            Some(Covered { shown, inner, glyphs, rasters, cap_lines, rasters_due }) => {
                (self.result, self.inner, self.glyphs) = (shown, inner, glyphs);
                self.laid(true, swing.is_some());
                // After what is seen was worked out anew, which takes them for stale.
                (self.rasters, self.cap_lines, self.rasters_due) = (rasters, cap_lines, rasters_due);
            }
            None => self.laid(false, swing.is_some()),
        }
        if let (Some(swing), Some(shown)) = (swing, &mut self.result) {
            (shown.view.playing, shown.swing) = (true, swing);
        }
    }

    fn laid(&mut self, result: bool, still: bool) {
        if result {
            self.changes.result = true;
            self.changes.inner = true;
            self.refresh_visible();
        }
        // What swings is drawn open, what stands still with its caps.
        self.changes.section |= still;
        self.changes.states = true;
        self.changes.picture = true;
    }
}
