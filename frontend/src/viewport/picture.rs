//! What is on a canvas as a picture to keep.

use wasm_bindgen::JsCast as _;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

/// Longest side of a picture, pixels: sharp over the width of a printed page, and small enough to keep.
const SIDE_MAX: u32 = 1600;

/// The canvas as it was drawn in this very turn of the page, as PNG; `None` where the browser gives none.
///
/// A picture with a longer side than [`SIDE_MAX`] is made smaller.
pub fn png(canvas: &HtmlCanvasElement) -> Option<Vec<u8>> {
    let (width, height) = fitting(canvas.width(), canvas.height());
    if (width, height) == (canvas.width(), canvas.height()) {
        return encoded(canvas);
    }
    let small = web_sys::window()?.document()?.create_element("canvas").ok()?.dyn_into::<HtmlCanvasElement>().ok()?;
    small.set_width(width);
    small.set_height(height);
    let context = small.get_context("2d").ok()??.dyn_into::<CanvasRenderingContext2d>().ok()?;
    let (width, height) = (f64::from(width), f64::from(height));
    context.draw_image_with_html_canvas_element_and_dw_and_dh(canvas, 0.0, 0.0, width, height).ok()?;
    encoded(&small)
}

/// Width and height in the same proportion, neither longer than [`SIDE_MAX`].
fn fitting(width: u32, height: u32) -> (u32, u32) {
    let most = width.max(height);
    if most <= SIDE_MAX {
        return (width, height);
    }
    let share = f64::from(SIDE_MAX) / f64::from(most);
    let side = |n: u32| (f64::from(n) * share).round().max(1.0) as u32;
    (side(width), side(height))
}

fn encoded(canvas: &HtmlCanvasElement) -> Option<Vec<u8>> {
    let url = canvas.to_data_url_with_type("image/png").ok()?;
    let text = web_sys::window()?.atob(url.strip_prefix("data:image/png;base64,")?).ok()?;
    // One character per byte.
    Some(text.chars().map(|c| c as u8).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_canvases_keep_their_proportion() {
        assert_eq!(fitting(1280, 800), (1280, 800));
        assert_eq!(fitting(3200, 2000), (1600, 1000));
        assert_eq!(fitting(1000, 4000), (400, 1600));
        assert_eq!(fitting(100_000, 1), (1600, 1));
    }
}
