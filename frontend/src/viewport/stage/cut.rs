//! The section of the stage: its plane, its caps, and the result's field on them.

use super::Stage;
use crate::viewport::inside::Raster;
use crate::viewport::section::{self, Cap};
use app::viewport::SectionPlane;
use glam::DVec3;

/// A section that has stood still for so long gets its field, ms: the cut itself follows the hand at once.
const SETTLED: f64 = 80.0;

impl Stage {
    /// The cuts of the section, with the body's colour and, where a result is known inside, its field.
    pub fn caps(&self) -> Vec<(Cap, [u8; 3], Option<&Raster>)> {
        // What swings is drawn open: a cap would have to be cut anew for every picture.
        let Some(plane) = self.section.as_ref().filter(|_| !self.is_playing()) else { return Vec::new() };
        let bodies = self.seen().bodies.iter().zip(&self.visible).filter(|(_, v)| **v);
        bodies.map(|(body, _)| (section::cut(body, plane), body.colour, self.raster_of(&body.name))).collect()
    }

    pub(super) fn raster_of(&self, body: &str) -> Option<&Raster> {
        self.rasters.iter().find(|(name, _)| name == body).map(|(_, r)| r)
    }

    /// The caps' fields do not fit any more.
    pub(super) fn stale_rasters(&mut self) {
        self.rasters.clear();
        self.cap_lines.clear();
        self.rasters_due = (self.inside.is_some() && self.section.is_some()).then_some(f64::INFINITY);
    }

    fn fill_rasters(&mut self) {
        self.rasters_due = None;
        let (Some(inside), Some(plane), Some(result)) = (&self.inside, &self.section, &self.result) else { return };
        let bodies = self.seen().bodies.iter().zip(&self.visible).filter(|(_, v)| **v);
        let filled = bodies.filter_map(|(body, _)| {
            let cap = section::cut(body, plane);
            let (raster, lines) = inside.over(&cap, &body.name, plane, result)?;
            Some(((body.name.clone(), raster), lines))
        });
        let (rasters, lines): (Vec<_>, Vec<_>) = filled.unzip();
        self.rasters = rasters;
        self.cap_lines = lines.concat();
        self.changes.section = true;
        self.changes.picture = true;
        self.pointer_moved = true;
    }

    /// Computes the caps' fields once the section has stood still; true while that is still to come.
    pub(super) fn settle_rasters(&mut self, now: f64) -> bool {
        match self.rasters_due {
            Some(due) if due.is_infinite() => self.rasters_due = Some(now + SETTLED),
            Some(due) if now < due => {}
            Some(_) => self.fill_rasters(),
            None => {}
        }
        self.rasters_due.is_some()
    }

    pub(super) fn set_section(&mut self, plane: Option<SectionPlane>) {
        // Three points picked on a line, or a damaged link, make no plane.
        let plane = plane.and_then(|p| {
            let normal = DVec3::from_array(p.normal).try_normalize()?;
            DVec3::from_array(p.point).is_finite().then_some(SectionPlane { normal: normal.to_array(), ..p })
        });
        if self.section != plane {
            self.section = plane;
            self.stale_rasters();
            self.changes.section = true;
            self.changes.picture = true;
            self.pointer_moved = true;
        }
    }
}
