//! Colours of the drawing, for paper and for a dark room. sRGB.

pub type Rgb = [u8; 3];

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Theme {
    pub top: Rgb,
    pub bottom: Rgb,
    pub edge: Rgb,
    pub edge_alpha: u8,
    /// Edges of the undeformed shape behind a result.
    pub ghost: Rgb,
    pub hover: Rgb,
    pub selected: Rgb,
    pub highlighted: Rgb,
    pub cube: Rgb,
    pub cube_text: Rgb,
}

pub const LIGHT: Theme = Theme {
    top: [250, 251, 253],
    bottom: [219, 226, 234],
    edge: [26, 33, 43],
    edge_alpha: 235,
    ghost: [105, 118, 134],
    hover: [255, 196, 70],
    selected: [255, 152, 0],
    highlighted: [72, 149, 239],
    cube: [240, 243, 247],
    cube_text: [62, 74, 90],
};

pub const DARK: Theme = Theme {
    top: [46, 53, 62],
    bottom: [22, 25, 30],
    edge: [10, 13, 17],
    edge_alpha: 245,
    ghost: [150, 163, 180],
    hover: [255, 204, 92],
    selected: [255, 160, 20],
    highlighted: [96, 170, 255],
    cube: [74, 84, 97],
    cube_text: [226, 232, 240],
};

/// Red, green, blue axes, as on every drawing.
pub const AXES: [Rgb; 3] = [[214, 64, 64], [62, 158, 74], [58, 112, 222]];

/// Muted colours that stay apart from each other, from selection and from the result map. In order of bodies.
const BODIES: [Rgb; 8] = [
    [171, 184, 201],
    [203, 178, 140],
    [140, 182, 168],
    [196, 152, 152],
    [160, 163, 205],
    [185, 192, 140],
    [150, 188, 206],
    [196, 164, 192],
];

pub fn body_colour(i: usize) -> Rgb {
    BODIES[i % BODIES.len()]
}

/// A person's colour from a hue in degrees: strong enough for a line on either background.
pub fn person(hue: u16) -> Rgb {
    let h = f64::from(hue % 360) / 60.0;
    let (saturation, lightness): (f64, f64) = (0.78, 0.52);
    let chroma = (1.0 - (2.0 * lightness - 1.0).abs()) * saturation;
    let x = chroma * (1.0 - (h % 2.0 - 1.0).abs());
    let (r, g, b) = match h as u8 {
        0 => (chroma, x, 0.0),
        1 => (x, chroma, 0.0),
        2 => (0.0, chroma, x),
        3 => (0.0, x, chroma),
        4 => (x, 0.0, chroma),
        _ => (chroma, 0.0, x),
    };
    let shift = lightness - 0.5 * chroma;
    [r, g, b].map(|v| ((v + shift) * 255.0).round() as u8)
}

/// Width of an ordinary edge, CSS pixels: thinner where there are many, lest they cover an imported mesh.
pub fn edge_width(n_edges: u32) -> f32 {
    if n_edges > 4_000 { 0.9 } else { 1.4 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hues_become_their_colours() {
        let [r, g, b] = person(0);
        assert!(r > 200 && g < 80 && b < 80);
        let [r, g, b] = person(480);
        assert!(g > 200 && r < 80 && b < 80);
        assert_ne!(body_colour(0), body_colour(1));
        assert_eq!(body_colour(0), body_colour(8));
    }
}
