//! The pictures of the manual: what the browser walks saw, made small.

use crate::process::root;
use anyhow::{Context, Result, bail};
use color_quant::NeuQuant;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;
use std::path::{Path, PathBuf};

/// Colours of a palette.
const COLOURS: usize = 256;
/// Of these, the most frequent colours get so many as they are: text and areas keep theirs, and what is in between is
/// approximated.
const EXACT: usize = 80;
/// How far a channel may be off, of 255, for a pixel to repeat the one beside or above it: behind a model the view shades with
/// noise, which nobody sees and which is most of what a picture weighs.
const OFF_MAX: u8 = 2;
/// From so many equal pixels in a row on they are an area, whose colour stays, and no noise.
const FLAT: usize = 8;

/// Pages that may name pictures: the manual and what stands at the top.
///
/// # Errors
/// When they cannot be read.
pub fn pages() -> Result<Vec<(String, String)>> {
    let mut out = Vec::new();
    for folder in ["", "docs/"] {
        for entry in std::fs::read_dir(root().join(folder))? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name.ends_with(".md") {
                let page = format!("{folder}{name}");
                let text =
                    std::fs::read_to_string(root().join(&page)).with_context(|| format!("cannot read {page}"))?;
                out.push((page, text));
            }
        }
    }
    out.sort();
    Ok(out)
}

/// Addresses of the pictures that a page shows, `![…](address)`; what stands in backticks is shown to nobody.
pub fn named(text: &str) -> Vec<&str> {
    let shown = text.split('`').step_by(2);
    let after = shown.flat_map(|t| t.split("![").skip(1)).filter_map(|t| t.split_once("](")).map(|(_, rest)| rest);
    after.filter_map(|rest| rest.split_once(')').map(|(address, _)| address)).collect()
}

/// Makes `docs/images` what the pages name, from `e2e/artefacts`.
///
/// # Errors
/// When a picture was not taken, or is none.
pub fn pictures() -> Result<()> {
    let pages = pages()?;
    let in_manual = pages.iter().filter(|(page, _)| page.starts_with("docs/"));
    let wanted: BTreeSet<&str> = in_manual
        .flat_map(|(_, text)| named(text))
        .filter_map(|a| a.strip_prefix("images/")?.strip_suffix(".png"))
        .collect();
    let taken = |name: &str| root().join("e2e/artefacts").join(format!("{name}.png"));
    let missing: Vec<&str> = wanted.iter().copied().filter(|name| !taken(name).is_file()).collect();
    if !missing.is_empty() {
        bail!(
            "not in e2e/artefacts: {}. The walks leave them there: cargo xtask test browser",
            missing.iter().map(|name| format!("{name}.png")).collect::<Vec<_>>().join(", ")
        );
    }
    let folder = root().join("docs/images");
    std::fs::create_dir_all(&folder)?;
    let mut total = 0;
    for name in &wanted {
        let bytes = std::fs::read(taken(name))?;
        let small = small(&bytes).with_context(|| format!("e2e/artefacts/{name}.png"))?;
        println!("{:>6.1} KB  {name}.png (was {:.0} KB)", small.len() as f64 / 1024.0, bytes.len() as f64 / 1024.0);
        total += small.len();
        std::fs::write(folder.join(format!("{name}.png")), small)?;
    }
    for path in left_over(&folder, &wanted)? {
        println!("removed {}: no page names it", path.display());
        std::fs::remove_file(path)?;
    }
    println!("{:>6.1} KB  in {} pictures", total as f64 / 1024.0, wanted.len());
    Ok(())
}

/// Pictures in `folder` that are not among the `wanted`.
fn left_over(folder: &Path, wanted: &BTreeSet<&str>) -> Result<Vec<PathBuf>> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let is_wanted = path.file_stem().is_some_and(|stem| wanted.contains(&*stem.to_string_lossy()));
        if path.extension().is_some_and(|e| e == "png") && !is_wanted {
            out.push(path);
        }
    }
    out.sort();
    Ok(out)
}

type Colour = [u8; 3];

/// The same picture with at most [`COLOURS`] colours, in as many pixels: text whose pixels are mixed with their neighbours weighs
/// more, and reads worse. The same bytes for the same picture.
///
/// # Errors
/// For anything but a PNG in red, green and blue.
fn small(bytes: &[u8]) -> Result<Vec<u8>> {
    let (pixels, width) = read(bytes)?;
    let mut count: BTreeMap<Colour, usize> = BTreeMap::new();
    for pixel in &pixels {
        *count.entry(*pixel).or_default() += 1;
    }
    let palette = palette(&count);
    let nearest = |colour: Colour| (0..palette.len()).min_by_key(|i| apart(palette[*i], colour)).unwrap_or(0) as u8;
    let index: BTreeMap<Colour, u8> = count.keys().map(|colour| (*colour, nearest(*colour))).collect();
    let mut data: Vec<u8> = Vec::with_capacity(pixels.len());
    for run in pixels.chunks(width).flat_map(|row| row.chunk_by(|a, b| a == b)) {
        let colour = run[0];
        if run.len() >= FLAT {
            data.extend(std::iter::repeat_n(index[&colour], run.len()));
            continue;
        }
        for _ in run {
            let i = data.len();
            let beside = (!i.is_multiple_of(width)).then(|| data[i - 1]);
            let above = (i >= width).then(|| data[i - width]);
            let is_close = |known: &u8| (0..3).all(|k| palette[usize::from(*known)][k].abs_diff(colour[k]) <= OFF_MAX);
            data.push(beside.into_iter().chain(above).find(is_close).unwrap_or_else(|| index[&colour]));
        }
    }
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width as u32, (pixels.len() / width) as u32);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(palette.concat());
    encoder.set_compression(png::Compression::High);
    encoder.set_filter(png::Filter::NoFilter);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&data)?;
    writer.finish()?;
    Ok(out)
}

/// Pixels row by row, and how many make a row.
fn read(bytes: &[u8]) -> Result<(Vec<Colour>, usize)> {
    let mut decoder = png::Decoder::new(Cursor::new(bytes));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().context("this is no PNG")?;
    let mut raw = vec![0; reader.output_buffer_size().context("this picture is too large")?];
    let info = reader.next_frame(&mut raw).context("this PNG is damaged")?;
    raw.truncate(info.buffer_size());
    let pixels = match info.color_type {
        png::ColorType::Rgb => raw.as_chunks::<3>().0.to_vec(),
        // Screenshots let nothing through.
        png::ColorType::Rgba => raw.as_chunks::<4>().0.iter().map(|[r, g, b, _]| [*r, *g, *b]).collect(),
        other => bail!("red, green and blue are wanted, not {other:?}"),
    };
    Ok((pixels, info.width as usize))
}

/// How far two colours are from each other, as the eye has it: it tells greens best, and blues worst.
fn apart(a: Colour, b: Colour) -> u32 {
    [2, 4, 1].iter().zip(a).zip(b).map(|((weight, x), y)| weight * u32::from(x.abs_diff(y)).pow(2)).sum()
}

/// The most frequent colours, and what a network learns of the rest.
fn palette(count: &BTreeMap<Colour, usize>) -> Vec<Colour> {
    let mut out: Vec<Colour> = count.keys().copied().collect();
    if out.len() <= COLOURS {
        return out;
    }
    out.sort_by_key(|colour| (std::cmp::Reverse(count[colour]), *colour));
    // By the logarithm of how often each is there: the scale of a result is small, and has many colours.
    let rest: Vec<u8> = out
        .split_off(EXACT)
        .iter()
        .flat_map(|c| [c[0], c[1], c[2], u8::MAX].repeat(count[c].ilog2() as usize + 1))
        .collect();
    let learnt = NeuQuant::new(1, COLOURS - EXACT, &rest);
    out.extend(learnt.color_map_rgb().as_chunks::<3>().0);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two areas, noise that nobody sees, and many colours.
    fn taken() -> Vec<u8> {
        let (width, height) = (400usize, 100usize);
        let mut raw = Vec::new();
        let mut noise = 1u32;
        for i in 0..width * height {
            let (x, y) = (i % width, i / width);
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            raw.extend(match x {
                ..50 => [255, 255, 255],
                50..100 => [20, 90, 200],
                100..300 => [24, 26, 28].map(|k| 240 - (noise >> k) as u8 % 3),
                _ => [(x * 2 % 256) as u8, (y * 2) as u8, (x + y) as u8],
            });
        }
        let mut out = Vec::new();
        let mut encoder = png::Encoder::new(&mut out, width as u32, height as u32);
        encoder.set_color(png::ColorType::Rgb);
        let mut writer = encoder.write_header().expect("a PNG");
        writer.write_image_data(&raw).expect("all rows");
        writer.finish().expect("a PNG");
        out
    }

    #[test]
    fn a_picture_stays_what_it_was() {
        let before = taken();
        let after = small(&before).expect("a picture");
        assert!(after.len() < before.len() / 2, "{} of {} bytes", after.len(), before.len());
        assert_eq!(small(&before).expect("a picture"), after, "the same bytes again");
        let mut decoder = png::Decoder::new(Cursor::new(&after));
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().expect("a PNG");
        let mut raw = vec![0; reader.output_buffer_size().expect("small")];
        reader.next_frame(&mut raw).expect("a picture");
        let (was, width) = read(&before).expect("a picture");
        let is = raw.as_chunks::<3>().0;
        assert_eq!((is.len(), width), (was.len(), 400));
        assert_eq!((is[10], is[60]), (was[10], was[60]), "areas keep their colour");
        let worst = is.iter().zip(&was).map(|(a, b)| apart(*a, *b)).max();
        assert!(worst < Some(7 * 20 * 20), "a colour is far off: {worst:?}");
        assert!(small(b"no picture").is_err());
    }

    #[test]
    fn addresses_of_pictures() {
        assert_eq!(
            named("![a](images/1.png) and ![b [c]](x.png), [no](picture.png) ![no] (y.png)"),
            ["images/1.png", "x.png"]
        );
    }
}
