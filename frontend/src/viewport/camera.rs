//! The camera: a Z-up turntable around a target, orthographic or perspective.
//!
//! World space, m; screen space in CSS pixels, origin top left, y down. All of it pure, f64.

use app::viewport::StandardView;
use glam::{DMat3, DMat4, DVec2, DVec3};
use std::f64::consts::{FRAC_PI_2, PI};

/// Vertical field of view of the perspective camera: narrow, so that parts keep their proportions.
pub const FIELD_OF_VIEW: f64 = 30.0 * PI / 180.0;
/// Turn per CSS pixel of drag: half the width of a laptop screen turns the part around.
const TURN_PER_PIXEL: f64 = 0.45 * PI / 180.0;
const HEIGHT_MIN: f64 = 1e-6;
const HEIGHT_MAX: f64 = 1e5;

/// Where we look from. `yaw` turns about world Z, `pitch` rises towards it; there is no roll, so the horizon stays
/// level whatever the gestures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Camera {
    pub target: DVec3,
    pub yaw: f64,
    pub pitch: f64,
    /// World height of the picture in the plane of the target, m.
    pub height: f64,
    pub perspective: bool,
}

/// A ball around everything drawn; sets the depth range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ball {
    pub centre: DVec3,
    pub radius: f64,
}

/// A half line; `direction` has unit length.
#[derive(Clone, Copy, Debug)]
pub struct Ray {
    pub origin: DVec3,
    pub direction: DVec3,
}

impl Ray {
    pub fn at(&self, t: f64) -> DVec3 {
        self.origin + self.direction * t
    }
}

impl Default for Camera {
    fn default() -> Self {
        let (yaw, pitch) = angles_of(StandardView::Isometric);
        Self { target: DVec3::ZERO, yaw, pitch, height: 0.2, perspective: false }
    }
}

impl Camera {
    /// From the target towards the eye, unit length.
    pub fn backward(&self) -> DVec3 {
        let (sin_yaw, cos_yaw) = self.yaw.sin_cos();
        let (sin_pitch, cos_pitch) = self.pitch.sin_cos();
        DVec3::new(cos_pitch * cos_yaw, cos_pitch * sin_yaw, sin_pitch)
    }

    pub fn right(&self) -> DVec3 {
        let (sin_yaw, cos_yaw) = self.yaw.sin_cos();
        DVec3::new(-sin_yaw, cos_yaw, 0.0)
    }

    pub fn up(&self) -> DVec3 {
        self.backward().cross(self.right())
    }

    /// Columns right, up, backward: `world_from_view`.
    pub fn axes(&self) -> DMat3 {
        DMat3::from_cols(self.right(), self.up(), self.backward())
    }

    /// Distance between eye and target. The orthographic eye is placed there too, so that switching keeps the size.
    pub fn distance(&self) -> f64 {
        0.5 * self.height / (0.5 * FIELD_OF_VIEW).tan()
    }

    pub fn eye(&self) -> DVec3 {
        self.target + self.backward() * self.distance()
    }

    /// Turns by a drag of `delta` pixels so that `pivot` stays where it is on the screen.
    pub fn orbit(&mut self, pivot: DVec3, delta: DVec2) {
        let local = self.axes().transpose() * (self.target - pivot);
        self.yaw = wrap(self.yaw - delta.x * TURN_PER_PIXEL);
        self.pitch = (self.pitch + delta.y * TURN_PER_PIXEL).clamp(-FRAC_PI_2, FRAC_PI_2);
        self.target = pivot + self.axes() * local;
    }

    /// Shifts by `delta` pixels of `metres_per_pixel` at the depth that was grabbed.
    pub fn pan(&mut self, delta: DVec2, metres_per_pixel: f64) {
        self.target += (self.up() * delta.y - self.right() * delta.x) * metres_per_pixel;
    }

    /// Scales the picture by `1 / factor` around `about`, which stays where it is on the screen.
    pub fn zoom(&mut self, factor: f64, about: DVec3) {
        let height = (self.height * factor).clamp(HEIGHT_MIN, HEIGHT_MAX);
        let factor = height / self.height;
        self.height = height;
        self.target = about + (self.target - about) * factor;
    }

    pub fn look(&mut self, view: StandardView) {
        (self.yaw, self.pitch) = angles_of(view);
    }

    /// Looks along `-backward`. Seen from straight above or below, `up` decides the turn where it can.
    pub fn look_from(&mut self, backward: DVec3, up: Option<DVec3>) {
        let Some(backward) = backward.try_normalize() else { return };
        if backward.z.abs() > 1.0 - 1e-9 {
            self.pitch = FRAC_PI_2 * backward.z.signum();
            // up = ∓(cos yaw, sin yaw, 0) at the poles
            if let Some(up) = up.map(|u| -u * backward.z.signum()).filter(|u| u.truncate().length() > 1e-9) {
                self.yaw = up.y.atan2(up.x);
            } else {
                self.yaw = -FRAC_PI_2;
            }
        } else {
            self.pitch = backward.z.asin();
            self.yaw = backward.y.atan2(backward.x);
        }
    }

    /// Takes the place of another camera, as when following a colleague.
    pub fn set(&mut self, eye: DVec3, target: DVec3, up: DVec3) {
        let offset = eye - target;
        if !(eye.is_finite() && target.is_finite() && up.is_finite()) || offset.length() < HEIGHT_MIN {
            return;
        }
        self.look_from(offset, Some(up));
        self.target = target;
        self.height = (2.0 * offset.length() * (0.5 * FIELD_OF_VIEW).tan()).clamp(HEIGHT_MIN, HEIGHT_MAX);
    }

    /// Shows the box `lo..hi` with a margin, in a picture of `aspect` = width / height.
    pub fn fit(&mut self, lo: DVec3, hi: DVec3, aspect: f64) {
        const MARGIN: f64 = 1.16;
        let axes = self.axes();
        let corners: Vec<DVec3> = (0..8)
            .map(|i| {
                let pick = |bit: usize, axis: usize| if i >> bit & 1 == 0 { lo[axis] } else { hi[axis] };
                axes.transpose() * DVec3::new(pick(0, 0), pick(1, 1), pick(2, 2))
            })
            .collect();
        let low = corners.iter().fold(DVec3::INFINITY, |a, &b| a.min(b));
        let high = corners.iter().fold(DVec3::NEG_INFINITY, |a, &b| a.max(b));
        let middle = 0.5 * (low + high);
        let tan = (0.5 * FIELD_OF_VIEW).tan();
        let half = corners
            .iter()
            .map(|&corner| {
                let from = corner - middle;
                let half = from.y.abs().max(from.x.abs() / aspect);
                if self.perspective { half + from.z * tan } else { half }
            })
            .fold(0.0, f64::max);
        self.target = axes * middle;
        let height = 2.0 * MARGIN * half;
        self.height = if height > HEIGHT_MIN { height.min(HEIGHT_MAX) } else { 0.1 };
    }

    /// Between `self` at 0 and `to` at 1: the shorter turn, sizes geometrically.
    pub fn towards(&self, to: &Camera, s: f64) -> Camera {
        if s >= 1.0 {
            return *to;
        }
        Camera {
            target: self.target.lerp(to.target, s),
            yaw: wrap(self.yaw + wrap(to.yaw - self.yaw) * s),
            pitch: self.pitch + (to.pitch - self.pitch) * s,
            height: self.height * (to.height / self.height).powf(s),
            perspective: to.perspective,
        }
    }
}

/// A camera move under way.
#[derive(Clone, Copy, Debug)]
pub struct Tween {
    pub from: Camera,
    pub to: Camera,
    /// ms, on the page's clock.
    pub start: f64,
}

impl Tween {
    pub const DURATION_MS: f64 = 200.0;

    /// Camera at `now`, and whether the move is over.
    pub fn at(&self, now: f64) -> (Camera, bool) {
        let s = ((now - self.start) / Self::DURATION_MS).clamp(0.0, 1.0);
        (self.from.towards(&self.to, s * s * (3.0 - 2.0 * s)), s >= 1.0)
    }
}

fn angles_of(view: StandardView) -> (f64, f64) {
    match view {
        StandardView::Front => (-FRAC_PI_2, 0.0),
        StandardView::Back => (FRAC_PI_2, 0.0),
        StandardView::Left => (PI, 0.0),
        StandardView::Right => (0.0, 0.0),
        StandardView::Top => (-FRAC_PI_2, FRAC_PI_2),
        StandardView::Bottom => (-FRAC_PI_2, -FRAC_PI_2),
        // equal foreshortening of the three axes: tan(pitch) = 1/√2
        StandardView::Isometric => (-FRAC_PI_2 / 2.0, (0.5f64.sqrt()).atan()),
    }
}

fn wrap(angle: f64) -> f64 {
    (angle + PI).rem_euclid(2.0 * PI) - PI
}

/// A camera in a canvas: everything needed to go between world and pixels.
#[derive(Clone, Copy, Debug)]
pub struct View {
    pub camera: Camera,
    /// Canvas, CSS pixels.
    pub size: DVec2,
    pub clip_from_world: DMat4,
    pub view_from_world: DMat4,
    world_from_clip: DMat4,
    /// Eye for rays; for orthographic the plane through it.
    pub eye: DVec3,
    pub near: f64,
    pub far: f64,
}

impl View {
    /// `size` in CSS pixels, at least 1 × 1.
    pub fn new(camera: Camera, size: DVec2, bounds: Ball) -> Self {
        let size = size.max(DVec2::ONE);
        let aspect = size.x / size.y;
        let axes = camera.axes();
        let radius = bounds.radius.max(1e-6) * 1.02;
        // The orthographic eye stands in front of everything, else a close-up would cut the part.
        let along = (bounds.centre - camera.target).dot(camera.backward());
        let eye = if camera.perspective {
            camera.eye()
        } else {
            camera.target + camera.backward() * (camera.distance().max(along + 2.0 * radius))
        };
        let depth = (eye - bounds.centre).dot(camera.backward());
        let view_from_world = DMat4::from_mat3(axes.transpose()) * DMat4::from_translation(-eye);
        let (near, far, clip_from_view) = if camera.perspective {
            let far = (depth + radius).max(camera.distance() * 0.1);
            // 24 bits of depth: never more than 1 : 5000 between the planes.
            let near = (depth - radius).max(far * 2e-4);
            (near, far, DMat4::perspective_rh_gl(FIELD_OF_VIEW, aspect, near, far))
        } else {
            let (near, far) = (depth - radius, depth + radius);
            let half = DVec2::new(0.5 * camera.height * aspect, 0.5 * camera.height);
            (near, far, DMat4::orthographic_rh_gl(-half.x, half.x, -half.y, half.y, near, far))
        };
        let clip_from_world = clip_from_view * view_from_world;
        Self {
            camera,
            size,
            clip_from_world,
            view_from_world,
            world_from_clip: clip_from_world.inverse(),
            eye,
            near,
            far,
        }
    }

    /// Ray through pixel `at`; starts at the near plane.
    pub fn ray(&self, at: DVec2) -> Ray {
        let ndc = DVec2::new(2.0 * at.x / self.size.x - 1.0, 1.0 - 2.0 * at.y / self.size.y);
        let origin = self.world_from_clip.project_point3(ndc.extend(-1.0));
        let direction = if self.camera.perspective { (origin - self.eye).normalize() } else { -self.camera.backward() };
        Ray { origin, direction }
    }

    /// Pixel and depth in front of the eye, m; `None` behind the eye.
    pub fn project(&self, point: DVec3) -> Option<(DVec2, f64)> {
        let clip = self.clip_from_world * point.extend(1.0);
        if clip.w <= 0.0 {
            return None;
        }
        let ndc = clip.truncate() / clip.w;
        let pixel = DVec2::new((ndc.x + 1.0) * 0.5 * self.size.x, (1.0 - ndc.y) * 0.5 * self.size.y);
        Some((pixel, (self.eye - point).dot(self.camera.backward())))
    }

    /// World length of one CSS pixel at the depth of `point`, m.
    pub fn pixel_at(&self, point: DVec3) -> f64 {
        if self.camera.perspective {
            let depth = (self.eye - point).dot(self.camera.backward()).max(self.near);
            2.0 * depth * (0.5 * FIELD_OF_VIEW).tan() / self.size.y
        } else {
            self.camera.height / self.size.y
        }
    }

    /// Where the ray through `at` meets the plane of the target.
    pub fn on_target_plane(&self, at: DVec2) -> DVec3 {
        let ray = self.ray(at);
        let normal = self.camera.backward();
        let t = (self.camera.target - ray.origin).dot(normal) / ray.direction.dot(normal);
        ray.at(t)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: DVec2 = DVec2::new(800.0, 600.0);
    const BALL: Ball = Ball { centre: DVec3::new(0.1, 0.0, 0.0), radius: 0.3 };

    fn cameras() -> [Camera; 2] {
        let mut camera = Camera { target: DVec3::new(0.05, 0.02, -0.01), height: 0.5, ..Camera::default() };
        camera.orbit(DVec3::ZERO, DVec2::new(37.0, -21.0));
        [camera, Camera { perspective: true, ..camera }]
    }

    #[test]
    fn standard_views_point_where_a_draughtsman_expects() {
        let axes = |view| {
            let mut camera = Camera::default();
            camera.look(view);
            (camera.right(), camera.up(), camera.backward())
        };
        let close = |(r, u, b): (DVec3, DVec3, DVec3), right: DVec3, up: DVec3, back: DVec3| {
            assert!((r - right).length() + (u - up).length() + (b - back).length() < 1e-12, "{r} {u} {b}");
        };
        close(axes(StandardView::Front), DVec3::X, DVec3::Z, -DVec3::Y);
        close(axes(StandardView::Right), DVec3::Y, DVec3::Z, DVec3::X);
        close(axes(StandardView::Top), DVec3::X, DVec3::Y, DVec3::Z);
        close(axes(StandardView::Bottom), DVec3::X, -DVec3::Y, -DVec3::Z);
        let (_, _, back) = axes(StandardView::Isometric);
        assert!((back - DVec3::new(1.0, -1.0, 1.0).normalize()).length() < 1e-12);
    }

    #[test]
    fn a_ray_goes_through_the_point_it_was_projected_from() {
        for camera in cameras() {
            let view = View::new(camera, SIZE, BALL);
            let point = DVec3::new(0.12, -0.05, 0.04);
            let (pixel, _) = view.project(point).unwrap();
            let ray = view.ray(pixel);
            let off = (point - ray.origin) - ray.direction * (point - ray.origin).dot(ray.direction);
            assert!(off.length() < 1e-12, "{off}");
            assert!((point - ray.origin).dot(ray.direction) > 0.0);
        }
    }

    #[test]
    fn orbit_and_zoom_hold_the_point_under_the_cursor() {
        for camera in cameras() {
            let point = DVec3::new(0.12, -0.05, 0.04);
            let before = View::new(camera, SIZE, BALL).project(point).unwrap().0;
            let mut turned = camera;
            turned.orbit(point, DVec2::new(55.0, 18.0));
            let after = View::new(turned, SIZE, BALL).project(point).unwrap().0;
            assert!(before.distance(after) < 1e-6, "{before} {after}");
            let mut zoomed = camera;
            zoomed.zoom(0.3, point);
            let after = View::new(zoomed, SIZE, BALL).project(point).unwrap().0;
            assert!(before.distance(after) < 1e-6, "{before} {after}");
            assert!((zoomed.height / camera.height - 0.3).abs() < 1e-12);
        }
    }

    #[test]
    fn pan_moves_the_grabbed_point_with_the_cursor() {
        for camera in cameras() {
            let point = DVec3::new(0.12, -0.05, 0.04);
            let view = View::new(camera, SIZE, BALL);
            let mut panned = camera;
            panned.pan(DVec2::new(30.0, -12.0), view.pixel_at(point));
            let moved = View::new(panned, SIZE, BALL).project(point).unwrap().0 - view.project(point).unwrap().0;
            assert!(moved.distance(DVec2::new(30.0, -12.0)) < 1e-6, "{moved}");
        }
    }

    #[test]
    fn fit_shows_every_corner_and_wastes_little() {
        for mut camera in cameras() {
            let (lo, hi) = (DVec3::new(-0.2, 0.1, 0.0), DVec3::new(0.4, 0.2, 0.15));
            camera.fit(lo, hi, SIZE.x / SIZE.y);
            let view = View::new(camera, SIZE, Ball { centre: 0.5 * (lo + hi), radius: 0.5 * hi.distance(lo) });
            let mut most: f64 = 0.0;
            for i in 0..8 {
                let corner = DVec3::new([lo, hi][i & 1].x, [lo, hi][i >> 1 & 1].y, [lo, hi][i >> 2].z);
                let (pixel, _) = view.project(corner).unwrap();
                let off = ((pixel - 0.5 * SIZE) / (0.5 * SIZE)).abs().max_element();
                assert!(off < 0.95, "{off}");
                most = most.max(off);
            }
            assert!(most > 0.7, "{most}");
        }
    }

    #[test]
    fn a_followed_camera_arrives_where_the_other_is() {
        for camera in cameras() {
            let mut follower = Camera { perspective: camera.perspective, ..Camera::default() };
            follower.set(camera.eye(), camera.target, camera.up());
            assert!((follower.eye() - camera.eye()).length() < 1e-12);
            assert!((follower.up() - camera.up()).length() < 1e-9);
        }
        let mut top = Camera::default();
        top.look(StandardView::Top);
        top.yaw += 0.7;
        let mut follower = Camera::default();
        follower.set(top.eye(), top.target, top.up());
        assert!((follower.up() - top.up()).length() < 1e-9);
        let still = follower;
        follower.set(DVec3::NAN, DVec3::ZERO, DVec3::Z);
        assert_eq!(follower, still);
    }

    #[test]
    fn a_tween_takes_the_short_way_and_ends() {
        let from = Camera { yaw: 3.0, ..Camera::default() };
        let to = Camera { yaw: -3.0, height: 2.0, ..from };
        let tween = Tween { from, to, start: 1000.0 };
        let (half, over) = tween.at(1100.0);
        assert!(!over && half.yaw.abs() > 3.0, "{}", half.yaw);
        assert_eq!(tween.at(1200.0), (to, true));
    }

    #[test]
    fn pitch_stops_at_the_poles() {
        let mut camera = Camera::default();
        camera.orbit(DVec3::ZERO, DVec2::new(0.0, 1e5));
        assert_eq!(camera.pitch, FRAC_PI_2);
    }
}
