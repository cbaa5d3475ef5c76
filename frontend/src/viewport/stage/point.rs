//! What lies under the pointer.

use super::Stage;
use crate::viewport::camera::View;
use crate::viewport::cube;
use crate::viewport::pick::{Found, Hit, Sight};
use app::viewport::Rest;
use glam::{DVec2, DVec3};

impl Stage {
    pub(super) fn zone_at(&self, at: DVec2) -> Option<cube::Zone> {
        cube::zone_at(&self.camera, self.size, self.inset.top, self.inset.right, at)
    }

    pub(super) fn sight<'a>(&'a self, view: &'a View) -> Sight<'a> {
        Sight { view, model: self.seen(), visible: &self.visible, section: self.section }
    }

    pub(super) fn find(&self, at: DVec2) -> Option<Found> {
        let view = self.view();
        self.sight(&view).find(at, self.filter)
    }

    /// Where what was hit rests, with the outward normal of a skin.
    pub(super) fn rest_of(&self, hit: &Hit) -> Option<Rest> {
        let body = self.seen().bodies.get(hit.body)?;
        if hit.cap {
            let (inside, shown) = (self.inside.as_ref()?, self.result.as_ref()?);
            let at = *inside.rest(&body.name, shown, &[hit.at.to_array()])?.first()?;
            return at[0].is_finite().then_some(Rest { at, normal: self.section?.normal });
        }
        let on_skin = self.result.as_ref().and_then(|r| r.rest(hit));
        let (at, normal) = on_skin.unwrap_or_else(|| {
            let [a, b, c] = body.triangle(hit.triangle);
            (hit.at, (b - a).cross(c - a).normalize_or_zero())
        });
        Some(Rest { at: at.to_array(), normal: normal.to_array() })
    }

    pub(super) fn hit(&self, at: DVec2) -> Option<Hit> {
        let view = self.view();
        self.sight(&view).cast(&view.ray(at), 2.0 * (view.far - view.near))
    }

    /// What a camera move that begins at a pixel turns about: the surface there, else the model's middle when it is in sight, else the
    /// plane we look at.
    pub(super) fn pivot_at(&self, at: DVec2) -> DVec3 {
        if let Some(hit) = self.hit(at) {
            return hit.at;
        }
        let view = self.view();
        let middle = self.model.base;
        let in_sight =
            view.project(middle).is_some_and(|(p, _)| p.cmpge(DVec2::ZERO).all() && p.cmple(self.size).all());
        if in_sight { middle } else { view.on_target_plane(at) }
    }

    /// The point at a pixel, at the depth of the pivot.
    pub(super) fn plane_point(&self, at: DVec2) -> DVec3 {
        let view = self.view();
        let ray = view.ray(at);
        let normal = self.camera.backward();
        let pivot = self.pivot.unwrap_or(self.camera.target);
        let t = (pivot - ray.origin).dot(normal) / ray.direction.dot(normal);
        if t.is_finite() && t > 0.0 { ray.at(t) } else { view.on_target_plane(at) }
    }
}
