//! A sheet of labels for the view cube, drawn by the browser's own text engine into a texture.

use three_d::core::{Context, Interpolation, Mipmap, Texture2D, TextureData, Wrapping};
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

/// Cells in a row and a column of the sheet.
const GRID: usize = 3;
const CELL: usize = 160;
const LABELS: [&str; GRID * GRID] = ["LEFT", "RIGHT", "FRONT", "BACK", "BOTTOM", "TOP", "X", "Y", "Z"];

/// The sheet; blank where the page has no 2-D canvas, so that the cube still works without words.
pub fn sheet(context: &Context) -> Texture2D {
    let side = GRID * CELL;
    let alpha = draw(side).unwrap_or_else(|| vec![0; side * side]);
    Texture2D::new(
        context,
        &three_d::core::CpuTexture {
            data: TextureData::RU8(alpha),
            width: side as u32,
            height: side as u32,
            min_filter: Interpolation::Linear,
            mag_filter: Interpolation::Linear,
            mipmap: Some(Mipmap { filter: Interpolation::Linear, max_levels: 6, ..Mipmap::default() }),
            wrap_s: Wrapping::ClampToEdge,
            wrap_t: Wrapping::ClampToEdge,
            ..Default::default()
        },
    )
}

/// Texture coordinates of label `i`: left, bottom, right, top.
pub fn cell(i: usize) -> [f32; 4] {
    let (column, row) = ((i % GRID) as f32, (i / GRID) as f32);
    let n = GRID as f32;
    [column / n, 1.0 - (row + 1.0) / n, (column + 1.0) / n, 1.0 - row / n]
}

fn draw(side: usize) -> Option<Vec<u8>> {
    let canvas: HtmlCanvasElement = web_sys::window()?.document()?.create_element("canvas").ok()?.dyn_into().ok()?;
    canvas.set_width(side as u32);
    canvas.set_height(side as u32);
    let pen: CanvasRenderingContext2d = canvas.get_context("2d").ok()??.dyn_into().ok()?;
    pen.set_text_align("center");
    pen.set_text_baseline("middle");
    pen.set_fill_style_str("#fff");
    for (i, label) in LABELS.iter().enumerate() {
        let size = if i < 6 { 33 } else { 104 };
        let weight = if i < 6 { 650 } else { 700 };
        pen.set_font(&format!(
            "{weight} {size}px system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"
        ));
        let centre = |k: usize| (k * CELL + CELL / 2) as f64;
        pen.fill_text_with_max_width(label, centre(i % GRID), centre(i / GRID), CELL as f64 * 0.60).ok()?;
    }
    let pixels = pen.get_image_data(0.0, 0.0, side as f64, side as f64).ok()?.data();
    Some(pixels.chunks_exact(4).map(|p| p[3]).collect())
}
