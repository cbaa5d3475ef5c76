//! Moments of the solid part of a cell: everything a trilinear element needs to know of the geometry inside it.
//!
//! Products of gradients of trilinear functions have degree at most two in each coordinate, so the 27 integrals
//! `∫ ξ^i η^j ζ^k dV`, `i, j, k ≤ 2`, over the solid part of the cell (local coordinates in `[-1, 1]`) give its
//! stiffness exactly, and the moments of a cell of twice the size follow exactly from those of its eight children.

/// `[i + 3 j + 9 k]`, local coordinates.
pub type Moments = [f64; 27];

/// Moments of a whole cell.
pub const FULL: Moments = {
    let one = [2.0, 0.0, 2.0 / 3.0];
    let mut m = [0.0; 27];
    let mut n = 0;
    while n < 27 {
        m[n] = one[n % 3] * one[n / 3 % 3] * one[n / 9];
        n += 1;
    }
    m
};

/// Volume of the cell in local coordinates.
pub const VOLUME: f64 = 8.0;

/// The moments in coordinates `t = scale · s + offset` (per axis `offset`), including the volume factor `scale³`.
pub fn map(m: &Moments, scale: f64, offset: [f64; 3]) -> Moments {
    let mut out = *m;
    for (axis, b) in offset.into_iter().enumerate() {
        let step = [1, 3, 9][axis];
        for n in 0..27 {
            if n / step % 3 != 0 {
                continue;
            }
            let (m0, m1, m2) = (out[n], out[n + step], out[n + 2 * step]);
            out[n] = scale * m0;
            out[n + step] = scale * (scale * m1 + b * m0);
            out[n + 2 * step] = scale * (scale * scale * m2 + 2.0 * scale * b * m1 + b * b * m0);
        }
    }
    out
}

/// Moments of a child cell as seen from its parent: `child` bits say upper half in x, y, z.
pub fn to_parent(m: &Moments, child: usize) -> Moments {
    let half = |bit: usize| if child >> bit & 1 == 1 { 0.5 } else { -0.5 };
    map(m, 0.5, [half(0), half(1), half(2)])
}

/// Moments of a box `x × y × z`, each `[from, to]` in local coordinates, added to `m` with `weight`.
pub fn add_box(m: &mut Moments, x: &[f64; 3], y: &[f64; 3], z: &[f64; 3]) {
    for k in 0..3 {
        for j in 0..3 {
            let yz = y[j] * z[k];
            for i in 0..3 {
                m[i + 3 * j + 9 * k] += x[i] * yz;
            }
        }
    }
}

/// `∫ s^k ds` over `[from, to]`, k = 0, 1, 2.
pub fn line(from: f64, to: f64) -> [f64; 3] {
    [to - from, 0.5 * (to * to - from * from), (to * to * to - from * from * from) / 3.0]
}

/// Centroid of the solid part, local; the cell's centre for an empty one.
pub fn centroid(m: &Moments) -> [f64; 3] {
    if m[0] > 0.0 { [m[1] / m[0], m[3] / m[0], m[9] / m[0]] } else { [0.0; 3] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_children_make_the_parent() {
        let mut sum = [0.0; 27];
        for child in 0..8 {
            for (s, m) in sum.iter_mut().zip(to_parent(&FULL, child)) {
                *s += m;
            }
        }
        for (s, f) in sum.iter().zip(FULL) {
            assert!((s - f).abs() < 1e-14, "{s} {f}");
        }
    }

    #[test]
    fn moments_move_with_their_box() {
        let mut a = [0.0; 27];
        add_box(&mut a, &line(-0.2, 0.7), &line(0.1, 0.4), &line(-1.0, -0.5));
        let moved = map(&a, 1.0, [-0.1, 0.3, 0.2]);
        let mut b = [0.0; 27];
        add_box(&mut b, &line(-0.3, 0.6), &line(0.4, 0.7), &line(-0.8, -0.3));
        for (x, y) in moved.iter().zip(b) {
            assert!((x - y).abs() < 1e-14, "{x} {y}");
        }
    }
}
