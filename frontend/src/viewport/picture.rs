//! Pictures for thumbnails and reports: the stage without its furniture, twice as fine and then averaged.

use super::render::Renderer;
use super::stage::Stage;
use three_d::core::{DepthTexture2D, Interpolation, RenderTarget, Texture2D, Wrapping};
use wasm_bindgen::{Clamped, JsCast};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, ImageData};

/// PNG of `width × height`; `None` where the GPU or the browser refuses.
pub fn take(renderer: &Renderer, stage: &Stage, width: u32, height: u32) -> Option<Vec<u8>> {
    let (w, h) = (2 * width, 2 * height);
    let clamp = Wrapping::ClampToEdge;
    let nearest = Interpolation::Nearest;
    let colour = Texture2D::new_empty::<[u8; 4]>(&renderer.context, w, h, nearest, nearest, None, clamp, clamp);
    let depth = DepthTexture2D::new::<f32>(&renderer.context, w, h, clamp, clamp);
    let target = RenderTarget::new(colour.as_color_target(None), depth.as_depth_target());
    renderer.draw(stage, &target, 2.0, false).ok()?;
    let fine: Vec<[u8; 4]> = target.read_color();
    encode(&halve(&fine, w as usize), width, height)
}

/// Mean of each two by two pixels, opaque.
fn halve(fine: &[[u8; 4]], width: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(fine.len());
    for rows in fine.chunks_exact(2 * width) {
        let (upper, lower) = rows.split_at(width);
        for (a, b) in upper.chunks_exact(2).zip(lower.chunks_exact(2)) {
            for k in 0..3 {
                let sum = [a[0], a[1], b[0], b[1]].iter().map(|p| u16::from(p[k])).sum::<u16>();
                out.push(((sum + 2) / 4) as u8);
            }
            out.push(255);
        }
    }
    out
}

/// The browser's own PNG encoder.
fn encode(pixels: &[u8], width: u32, height: u32) -> Option<Vec<u8>> {
    let window = web_sys::window()?;
    let canvas: HtmlCanvasElement = window.document()?.create_element("canvas").ok()?.dyn_into().ok()?;
    canvas.set_width(width);
    canvas.set_height(height);
    let pen: CanvasRenderingContext2d = canvas.get_context("2d").ok()??.dyn_into().ok()?;
    let image = ImageData::new_with_u8_clamped_array_and_sh(Clamped(pixels), width, height).ok()?;
    pen.put_image_data(&image, 0.0, 0.0).ok()?;
    let url = canvas.to_data_url_with_type("image/png").ok()?;
    let text = window.atob(url.strip_prefix("data:image/png;base64,")?).ok()?;
    // atob answers one character per byte
    Some(text.chars().map(|c| c as u8).collect())
}

#[cfg(test)]
mod tests {
    use super::halve;

    #[test]
    fn halving_averages_and_keeps_rows_apart() {
        let fine =
            [[0, 0, 0, 0], [100, 0, 0, 0], [8, 8, 8, 8], [8, 8, 8, 8], [0, 40, 0, 0], [0, 0, 0, 0], [8; 4], [8; 4]];
        assert_eq!(halve(&fine, 4), [25, 10, 0, 255, 8, 8, 8, 255]);
    }
}
