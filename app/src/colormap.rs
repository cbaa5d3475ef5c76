//! The one colour map of results: the viewport's texture and the page's legend come from the same table.
//!
//! A path through Oklab (Ottosson 2020) whose lightness rises evenly from a deep violet over blue and green to a bright
//! yellow, spaced so that neighbours differ equally: equal steps of the value look equal, it reads in grey, and the
//! common colour blindnesses keep its order.

use std::sync::OnceLock;

/// Entries of [`table`].
pub const N: usize = 256;

/// sRGB of `N` even steps from the smallest value to the largest.
pub fn table() -> &'static [[u8; 3]; N] {
    static TABLE: OnceLock<[[u8; 3]; N]> = OnceLock::new();
    TABLE.get_or_init(|| {
        const FINE: usize = 2048;
        let path: Vec<[f64; 3]> = (0..=FINE).map(|i| oklab(i as f64 / FINE as f64)).collect();
        let mut length = vec![0.0];
        for pair in path.windows(2) {
            length.push(length[length.len() - 1] + distance(pair[0], pair[1]));
        }
        std::array::from_fn(|i| {
            let want = length[FINE] * i as f64 / (N - 1) as f64;
            let k = length.partition_point(|&l| l < want).clamp(1, FINE);
            let s = (want - length[k - 1]) / (length[k] - length[k - 1]);
            let at: [f64; 3] = std::array::from_fn(|c| path[k - 1][c] + s * (path[k][c] - path[k - 1][c]));
            srgb(at).map(|v| (v.clamp(0.0, 1.0) * 255.0).round() as u8)
        })
    })
}

/// Colour at `s` in 0…1; in `bands` equal bands when there are any.
pub fn colour(s: f64, bands: Option<u32>) -> [u8; 3] {
    let s = if s.is_finite() { s.clamp(0.0, 1.0) } else { 0.0 };
    let s = match bands {
        Some(n) if n > 0 => ((s * f64::from(n)).floor().min(f64::from(n) - 1.0) + 0.5) / f64::from(n),
        _ => s,
    };
    table()[(s * (N - 1) as f64).round() as usize]
}

/// CSS gradient from bottom (smallest) to top, for a legend; `inverted`: with the bright end at the bottom.
pub fn css(bands: Option<u32>, inverted: bool) -> String {
    let mut stops = Vec::new();
    match bands {
        Some(n) if n > 0 => {
            for i in 0..n {
                let [r, g, b] = colour((f64::from(i) + 0.5) / f64::from(n), Some(n));
                let at = |k: u32| 100.0 * f64::from(k) / f64::from(n);
                stops.push(format!("rgb({r} {g} {b}) {:.3}% {:.3}%", at(i), at(i + 1)));
            }
        }
        _ => {
            for i in 0..=24 {
                let [r, g, b] = colour(f64::from(i) / 24.0, None);
                stops.push(format!("rgb({r} {g} {b})"));
            }
        }
    }
    format!("linear-gradient(to {}, {})", if inverted { "bottom" } else { "top" }, stops.join(", "))
}

/// Bands of a banded legend.
pub const BANDS: u32 = 10;
/// Most bands: with more, neighbours would have the same colour.
pub const BANDS_MAX: u32 = N as u32;

/// Oklab lightness of the two ends: the dark one stands out from a dark room still, lit from the side, the bright one from
/// paper.
const LIGHTNESS: [f64; 2] = [0.38, 0.93];

/// The path before it is spaced: lightness linear, hue turning from violet to yellow, as much chroma as sRGB holds
/// there, up to a ceiling.
fn oklab(t: f64) -> [f64; 3] {
    let lightness = LIGHTNESS[0] + (LIGHTNESS[1] - LIGHTNESS[0]) * t;
    let hue = (292.0 - 186.0 * t.powf(1.1)).to_radians();
    let mut chroma: f64 = 0.15;
    let at = |c: f64| [lightness, c * hue.cos(), c * hue.sin()];
    while chroma > 0.0 && !srgb(at(chroma)).iter().all(|v| (0.004..=0.996).contains(v)) {
        chroma -= 0.0005;
    }
    at(chroma)
}

fn distance(a: [f64; 3], b: [f64; 3]) -> f64 {
    (0..3).map(|i| (a[i] - b[i]).powi(2)).sum::<f64>().sqrt()
}

/// Oklab to gamma-encoded sRGB; outside 0…1 when out of gamut. Matrices: Ottosson, "A perceptual color space for image
/// processing", 2020.
fn srgb([l, a, b]: [f64; 3]) -> [f64; 3] {
    let cone = [
        l + 0.396_337_777_4 * a + 0.215_803_757_3 * b,
        l - 0.105_561_345_8 * a - 0.063_854_172_8 * b,
        l - 0.089_484_177_5 * a - 1.291_485_548 * b,
    ]
    .map(|v| v * v * v);
    let linear = [
        4.076_741_662_1 * cone[0] - 3.307_711_591_3 * cone[1] + 0.230_969_929_2 * cone[2],
        -1.268_438_004_6 * cone[0] + 2.609_757_401_1 * cone[1] - 0.341_319_396_5 * cone[2],
        -0.004_196_086_3 * cone[0] - 0.703_418_614_7 * cone[1] + 1.707_614_701 * cone[2],
    ];
    linear.map(|v| if v <= 0.003_130_8 { 12.92 * v } else { 1.055 * v.powf(1.0 / 2.4) - 0.055 })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance, linear light.
    fn luminance(c: [u8; 3]) -> f64 {
        let linear = c.map(|v| {
            let v = f64::from(v) / 255.0;
            if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    }

    #[test]
    fn it_grows_lighter_all_the_way() {
        let mut last = -1.0;
        for (i, &c) in table().iter().enumerate() {
            let now = luminance(c);
            assert!(now > last - 2e-3, "entry {i}");
            last = now;
        }
        assert!(luminance(table()[0]) < 0.06 && luminance(table()[255]) > 0.6);
    }

    #[test]
    fn equal_steps_look_equal() {
        // Back to Oklab through the table itself, in steps of 16 so that rounding to bytes does not decide.
        let to_lab = |c: [u8; 3]| {
            let [r, g, b] = c.map(|v| {
                let v = f64::from(v) / 255.0;
                if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
            });
            let l = (0.412_221_470_8 * r + 0.536_332_536_3 * g + 0.051_445_992_9 * b).cbrt();
            let m = (0.211_903_498_2 * r + 0.680_699_545_1 * g + 0.107_396_956_6 * b).cbrt();
            let s = (0.088_302_461_9 * r + 0.281_718_837_6 * g + 0.629_978_700_5 * b).cbrt();
            [
                0.210_454_255_3 * l + 0.793_617_785 * m - 0.004_072_046_8 * s,
                1.977_998_495_1 * l - 2.428_592_205 * m + 0.450_593_709_9 * s,
                0.025_904_037_1 * l + 0.782_771_766_2 * m - 0.808_675_766 * s,
            ]
        };
        let steps: Vec<f64> =
            (0..15).map(|i| distance(to_lab(table()[17 * i]), to_lab(table()[17 * (i + 1)]))).collect();
        let mean = steps.iter().sum::<f64>() / steps.len() as f64;
        assert!(steps.iter().all(|s| (s / mean - 1.0).abs() < 0.12), "{steps:?}");
    }

    #[test]
    fn bands_are_flat_and_the_ends_belong_to_the_outer_ones() {
        assert_eq!(colour(0.0, Some(10)), colour(0.0999, Some(10)));
        assert_ne!(colour(0.0999, Some(10)), colour(0.1001, Some(10)));
        assert_eq!(colour(1.0, Some(10)), colour(0.95, Some(10)));
        assert_eq!(colour(f64::NAN, None), table()[0]);
        assert_eq!(css(Some(10), false).matches("rgb").count(), 10);
    }
}
