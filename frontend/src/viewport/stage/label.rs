//! What the page hears of the pointer and where its labels go.

use super::Stage;
use app::viewport::{Anchored, Flag, ProbeValue, ViewEvent};
use glam::DVec2;

/// Where a label goes that is behind the eye: nowhere in sight.
const NOWHERE: DVec2 = DVec2::splat(-1e4);

impl Stage {
    pub(super) fn refresh_hover(&mut self) {
        let zone = self.pointer.and_then(|at| self.zone_at(at));
        if zone != self.hover_zone {
            self.hover_zone = zone;
            self.changes.picture = true;
        }
        let found = self.pointer.filter(|_| zone.is_none()).and_then(|at| self.find(at));
        let pick = found.as_ref().and_then(|f| f.pick.clone());
        if pick != self.hover {
            self.hover = pick.clone();
            self.changes.states = true;
            self.changes.picture = true;
            if pick.is_none() {
                self.events.push(ViewEvent::Hover(None));
            }
        }
        if let (Some(pick), Some(found)) = (pick, &found) {
            self.events.push(ViewEvent::Hover(Some((pick, found.at.to_array()))));
        }
        if let Some(result) = &self.result {
            let probe = found.and_then(|f| f.hit).and_then(|hit| {
                let rest = self.rest_of(&hit)?;
                let value = if hit.cap {
                    self.raster_of(&self.seen().bodies.get(hit.body)?.name)?.value(hit.at)?
                } else {
                    result.probe(&hit)?
                };
                Some(ProbeValue { value, at: rest.at })
            });
            if probe.is_some() || self.probed {
                self.probed = probe.is_some();
                self.events.push(ViewEvent::Probe(probe));
            }
        }
    }

    pub(super) fn refresh_flags(&mut self) {
        let mut flags = Vec::new();
        if let Some(result) = self.result.as_ref().filter(|r| r.view.flags && !r.view.playing && r.n_states().is_none())
            && let Some(extremes) = result.extremes
        {
            let view = self.view();
            let sight = self.sight(&view);
            for (is_max, point) in [false, true].into_iter().zip(extremes) {
                let drawn = result.displaced(point);
                // It would hang in the air.
                if sight.is_cut_away(drawn) {
                    continue;
                }
                let seen = view.project(drawn).map(|s| s.0);
                flags.push(Flag {
                    is_max,
                    value: f64::from(result.values[point as usize]),
                    at: result.undisplaced(point).to_array(),
                    screen: seen.unwrap_or(NOWHERE).to_array(),
                    visible: seen.is_some_and(|pixel| sight.is_visible(drawn, pixel)),
                });
            }
        }
        if flags != self.flags {
            self.flags = flags.clone();
            self.events.push(ViewEvent::Flags(flags));
        }
    }

    pub(super) fn refresh_anchors(&mut self) {
        let view = self.view();
        let sight = self.sight(&view);
        let anchored: Vec<Anchored> = self
            .anchors
            .iter()
            .map(|(id, p)| {
                let seen = view.project(*p).map(|s| s.0);
                let visible = seen.is_some_and(|pixel| sight.is_visible(*p, pixel));
                Anchored { id: id.clone(), screen: seen.unwrap_or(NOWHERE).to_array(), visible }
            })
            .collect();
        if anchored != self.anchored {
            self.anchored = anchored.clone();
            self.events.push(ViewEvent::Anchors(anchored));
        }
    }
}
