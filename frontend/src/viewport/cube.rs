//! The view cube: which of its 26 faces, edges and corners lies under the pointer, and where a click looks from.

use super::camera::{Camera, Ray};
use glam::{DVec2, DVec3};

/// Side of the square the cube is drawn in, CSS pixels.
pub const SIZE: f64 = 124.0;
/// Distance from the corner of the canvas.
pub const MARGIN: f64 = 4.0;
/// Half the height of the view in units of half the cube's side: room for its diagonal.
pub const REACH: f64 = 2.45;
/// From here to the border of a face its edges and corners begin.
pub const BAND: f64 = 0.62;

/// Part of the cube: components −1, 0 or 1; the direction it looks from.
pub type Zone = [i8; 3];

/// Square the cube occupies: origin and side, CSS pixels. Top right, below and left of what covers the canvas.
pub fn place(size: DVec2, top: f64, right: f64) -> (DVec2, f64) {
    (DVec2::new(size.x - right - MARGIN - SIZE, top + MARGIN), SIZE)
}

/// The zone under `at`, CSS pixels; `None` beside the cube.
pub fn zone_at(camera: &Camera, size: DVec2, top: f64, right: f64, at: DVec2) -> Option<Zone> {
    let (origin, side) = place(size, top, right);
    let ndc = (at - origin) / side * 2.0 - 1.0;
    if ndc.abs().max_element() > 1.0 {
        return None;
    }
    // The cube is drawn orthographically around its middle.
    let start = camera.right() * ndc.x * REACH - camera.up() * ndc.y * REACH + camera.backward() * 8.0;
    let hit = meet(&Ray { origin: start, direction: -camera.backward() })?;
    Some([hit.x, hit.y, hit.z].map(|v| if v.abs() > BAND { v.signum() as i8 } else { 0 }))
}

/// First point on the cube −1…1.
fn meet(ray: &Ray) -> Option<DVec3> {
    let (mut near, mut far) = (f64::NEG_INFINITY, f64::INFINITY);
    for axis in 0..3 {
        let (o, d) = (ray.origin[axis], ray.direction[axis]);
        if d.abs() < 1e-12 {
            if o.abs() > 1.0 {
                return None;
            }
            continue;
        }
        let (a, b) = ((-1.0 - o) / d, (1.0 - o) / d);
        near = near.max(a.min(b));
        far = far.min(a.max(b));
    }
    (near <= far).then(|| ray.at(near))
}

/// Turns a camera to look from a zone. From straight above or below it keeps the quarter turn it is closest to, so
/// that the part does not spin.
pub fn look_from(camera: &Camera, zone: Zone) -> Camera {
    let mut out = *camera;
    out.look_from(DVec3::new(f64::from(zone[0]), f64::from(zone[1]), f64::from(zone[2])), None);
    if zone[0] == 0 && zone[1] == 0 {
        let quarter = std::f64::consts::FRAC_PI_2;
        out.yaw = (camera.yaw / quarter).round() * quarter;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use app::viewport::StandardView;

    const CANVAS: DVec2 = DVec2::new(900.0, 600.0);

    fn at(camera: &Camera, p: DVec3) -> DVec2 {
        let (origin, side) = place(CANVAS, 0.0, 0.0);
        let ndc = DVec2::new(camera.right().dot(p), -camera.up().dot(p)) / REACH;
        origin + (ndc + 1.0) * 0.5 * side
    }

    #[test]
    fn faces_edges_and_corners_are_hit_where_they_are_drawn() {
        let camera = Camera::default();
        for zone in [[1i8, 0, 0], [0, -1, 0], [0, 0, 1], [1, -1, 0], [0, -1, 1], [1, 0, 1], [1, -1, 1]] {
            let p = DVec3::new(f64::from(zone[0]), f64::from(zone[1]), f64::from(zone[2])) * 0.97;
            assert_eq!(zone_at(&camera, CANVAS, 0.0, 0.0, at(&camera, p)), Some(zone));
        }
        assert_eq!(zone_at(&camera, CANVAS, 0.0, 0.0, DVec2::new(10.0, 10.0)), None);
        let (origin, _) = place(CANVAS, 0.0, 0.0);
        assert_eq!(zone_at(&camera, CANVAS, 0.0, 0.0, origin + 1.0), None, "beside the cube");
    }

    #[test]
    fn a_click_looks_straight_at_the_zone() {
        let mut camera = Camera::default();
        camera.look(StandardView::Front);
        let right = look_from(&camera, [1, 0, 0]);
        assert!((right.backward() - DVec3::X).length() < 1e-12);
        let corner = look_from(&camera, [-1, 1, 1]);
        assert!((corner.backward() - DVec3::new(-1.0, 1.0, 1.0).normalize()).length() < 1e-12);
        camera.yaw = 0.2;
        let top = look_from(&camera, [0, 0, 1]);
        assert!((top.backward() - DVec3::Z).length() < 1e-12 && top.yaw == 0.0);
    }

    #[test]
    fn panels_over_the_canvas_push_the_cube_away() {
        let (a, _) = place(CANVAS, 0.0, 0.0);
        let (b, _) = place(CANVAS, 50.0, 320.0);
        assert_eq!(b - a, DVec2::new(-320.0, 50.0));
    }
}
