//! 3MF: closed meshes with names and a unit, zipped. Source: 3MF Consortium, Core Specification 1.3.

use super::{FormatError, TRIANGLES_MAX, Triangles, archive};
#[cfg(feature = "solve")]
use crate::surface::SurfaceMesh;
use glam::DVec3;
use std::collections::BTreeMap;

/// Objects within objects, at most.
const NESTED_MAX: usize = 16;
/// Copies of objects, at most, however few triangles they have.
const PLACED_MAX: usize = 1_000_000;
/// Points, at most: each triangle may have its own.
const POINTS_MAX: usize = 3 * TRIANGLES_MAX;

/// Rows of an affine map as the format has it: three of the turn, then the shift; points are rows that are multiplied by it.
type Transform = [DVec3; 4];

/// What an object is made of.
#[derive(Clone, Debug, Default)]
struct Object {
    points: Vec<DVec3>,
    triangles: Vec<[usize; 3]>,
    /// Other objects, with their transforms.
    components: Vec<(String, Transform)>,
}

/// Reads everything that the file builds, as one, in mm.
///
/// # Errors
/// [`FormatError`] for bytes that are no 3MF, or whose parts lie in several model files.
pub fn read(bytes: &[u8]) -> Result<Triangles, FormatError> {
    let malformed = |reason: String| FormatError::Malformed { format: "3MF", reason };
    let is_model = |name: &str| name.to_ascii_lowercase().ends_with(".model");
    // Slicers put parts of their own beside the model, which stands where the specification suggests.
    let usual = archive::file(bytes, |name| name.trim_start_matches('/').eq_ignore_ascii_case("3D/3dmodel.model"));
    let model = usual.or_else(|_| archive::file(bytes, is_model)).map_err(malformed)?;
    let text = std::str::from_utf8(&model).map_err(|_| malformed("its model is not in UTF-8".into()))?;
    let (mut unit, mut objects, mut items) = (1.0, BTreeMap::new(), Vec::new());
    let mut open: Option<(String, Object)> = None;
    let mut n_triangles = 0;
    for tag in Tags(text) {
        let lacks = |what: &str| malformed(format!("a {} lacks {what}", tag.name));
        let value = |key: &str| tag.get(key).ok_or_else(|| lacks(key));
        let real = |key: &str| {
            value(key)?
                .trim()
                .parse::<f64>()
                .ok()
                .filter(|v| v.is_finite())
                .ok_or_else(|| malformed(format!("a coordinate {key} is not a number")))
        };
        let index = |key: &str| value(key)?.trim().parse::<usize>().map_err(|_| lacks(key));
        let transform = || match tag.get("transform") {
            None => Ok([DVec3::X, DVec3::Y, DVec3::Z, DVec3::ZERO]),
            Some(text) => affine(text).ok_or_else(|| malformed("a transform is not twelve numbers".into())),
        };
        match (tag.name, &mut open) {
            ("model", _) => {
                unit = match tag.get("unit").unwrap_or("millimeter") {
                    "micron" => 1e-3,
                    "millimeter" => 1.0,
                    "centimeter" => 10.0,
                    "inch" => 25.4,
                    "foot" => 304.8,
                    "meter" => 1e3,
                    other => return Err(malformed(format!("its unit '{other}' is none of the format's"))),
                }
            }
            ("object", _) => {
                objects.extend(open.take());
                open = Some((value("id")?.to_owned(), Object::default()));
            }
            ("vertex", Some((_, object))) => object.points.push(DVec3::new(real("x")?, real("y")?, real("z")?)),
            ("triangle", Some((_, object))) => {
                n_triangles += 1;
                if n_triangles > TRIANGLES_MAX {
                    return Err(FormatError::TooManyTriangles);
                }
                object.triangles.push([index("v1")?, index("v2")?, index("v3")?]);
            }
            ("component", Some((_, object))) => {
                elsewhere(&tag).map_err(malformed)?;
                object.components.push((value("objectid")?.to_owned(), transform()?));
            }
            ("item", _) => {
                elsewhere(&tag).map_err(malformed)?;
                items.push((value("objectid")?.to_owned(), transform()?));
            }
            _ => {}
        }
    }
    objects.extend(open.take());
    let mut placing = Placing { objects: &objects, unit, n_placed: 0, out: Triangles::default() };
    for (id, transform) in &items {
        placing.place(id, transform, NESTED_MAX)?;
    }
    Ok(placing.out)
}

/// Refuses what lies in another model file of the archive.
fn elsewhere(tag: &Tag) -> Result<(), String> {
    let is_path = |key: &str| key == "path" || key.ends_with(":path");
    match tag.values().find(|(key, _)| is_path(key)) {
        Some(_) => Err("its parts lie in several model files".into()),
        None => Ok(()),
    }
}

/// What is built so far.
struct Placing<'a> {
    objects: &'a BTreeMap<String, Object>,
    /// mm.
    unit: f64,
    n_placed: usize,
    out: Triangles,
}

impl Placing<'_> {
    fn place(&mut self, id: &str, by: &Transform, nested: usize) -> Result<(), FormatError> {
        let malformed = |reason: &str| FormatError::Malformed { format: "3MF", reason: reason.into() };
        let objects = self.objects;
        let object = objects.get(id).ok_or_else(|| malformed("it builds an object that it does not have"))?;
        if nested == 0 {
            return Err(malformed("its objects are made of one another without end"));
        }
        // A few objects, each of several copies of the next, are more than any machine holds.
        self.n_placed += 1;
        if self.n_placed > PLACED_MAX {
            return Err(malformed(&format!("its objects are made of more than {PLACED_MAX} copies of one another")));
        }
        let turned = |p: DVec3| by[0] * p.x + by[1] * p.y + by[2] * p.z;
        if !object.triangles.is_empty() {
            if self.out.triangles.len() + object.triangles.len() > TRIANGLES_MAX {
                return Err(FormatError::TooManyTriangles);
            }
            let first = self.out.points.len();
            if first + object.points.len() > POINTS_MAX {
                return Err(malformed(&format!("it builds more than {POINTS_MAX} points")));
            }
            let unit = self.unit;
            self.out.points.extend(object.points.iter().map(|p| ((turned(*p) + by[3]) * unit).to_array()));
            // A mirror image turns triangles inside out.
            let is_mirrored = by[0].cross(by[1]).dot(by[2]) < 0.0;
            for triangle in &object.triangles {
                if triangle.iter().any(|i| *i >= object.points.len()) {
                    return Err(malformed("a triangle has a corner that is not there"));
                }
                let mut corners = triangle.map(|i| (first + i) as u32);
                if is_mirrored {
                    corners.swap(1, 2);
                }
                self.out.triangles.push(corners);
            }
        }
        for (part, own) in &object.components {
            let whole = [turned(own[0]), turned(own[1]), turned(own[2]), turned(own[3]) + by[3]];
            self.place(part, &whole, nested - 1)?;
        }
        Ok(())
    }
}

fn affine(text: &str) -> Option<Transform> {
    let numbers: Vec<f64> = text.split_whitespace().map(|n| n.parse().ok()).collect::<Option<_>>()?;
    let [a, b, c, d, e, f, g, h, i, j, k, l] = numbers[..] else { return None };
    let rows = [DVec3::new(a, b, c), DVec3::new(d, e, f), DVec3::new(g, h, i), DVec3::new(j, k, l)];
    rows.iter().all(|r| r.is_finite()).then_some(rows)
}

/// The opening tags of an XML text, one after another; what stands between them 3MF has no use for.
struct Tags<'a>(&'a str);

struct Tag<'a> {
    name: &'a str,
    rest: &'a str,
}

impl<'a> Iterator for Tags<'a> {
    type Item = Tag<'a>;

    fn next(&mut self) -> Option<Tag<'a>> {
        loop {
            let start = self.0.find('<')?;
            let text = &self.0[start + 1..];
            let skipped = [("!--", "-->"), ("![CDATA[", "]]>"), ("?", "?>"), ("!", ">"), ("/", ">")];
            if let Some((_, end)) = skipped.into_iter().find(|(begin, _)| text.starts_with(begin)) {
                self.0 = &text[text.find(end)? + end.len()..];
                continue;
            }
            // A closing bracket within quotes is text.
            let mut quote = None;
            let stop = text.find(|c| match (quote, c) {
                (None, '"' | '\'') => {
                    quote = Some(c);
                    false
                }
                (Some(q), c) => {
                    if q == c {
                        quote = None;
                    }
                    false
                }
                (None, c) => c == '>',
            })?;
            self.0 = &text[stop + 1..];
            let inside = text[..stop].trim_end_matches('/');
            let (name, rest) = inside.split_once(|c: char| c.is_ascii_whitespace()).unwrap_or((inside, ""));
            return Some(Tag { name, rest });
        }
    }
}

impl<'a> Tag<'a> {
    fn values(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let mut rest = self.rest;
        std::iter::from_fn(move || {
            let (key, after) = rest.split_once('=')?;
            let after = after.trim_start();
            let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            let (value, after) = after[1..].split_once(quote)?;
            rest = after;
            Some((key.trim(), value))
        })
    }

    fn get(&self, key: &str) -> Option<&'a str> {
        self.values().find(|(k, _)| *k == key).map(|(_, value)| value)
    }
}

/// Writes bodies, each an object under its name, in mm; equal bodies give equal bytes.
///
/// # Errors
/// Why the archive could not be made, in words.
#[cfg(feature = "solve")]
pub fn write(bodies: &[(&str, &SurfaceMesh)]) -> Result<Vec<u8>, String> {
    use std::io::Cursor;
    use threemf::model::{
        Build, Item, Mesh, Metadata, Model, Object, Resources, Triangle, Triangles, Vertex, Vertices,
    };
    let object = |(k, (name, surface)): (usize, &(&str, &SurfaceMesh))| {
        let vertex = |p: &[f64; 3]| {
            let [x, y, z] = p.map(|c| c * 1e3);
            Vertex { x, y, z }
        };
        let triangle = |t: &[u32; 3]| {
            let [v1, v2, v3] = t.map(|i| i as usize);
            Triangle { v1, v2, v3 }
        };
        let mesh = Mesh {
            vertices: Vertices { vertex: surface.points.iter().map(vertex).collect() },
            triangles: Triangles { triangle: surface.triangles.iter().map(triangle).collect() },
        };
        Object { id: k + 1, name: Some((*name).into()), mesh: Some(mesh), ..Object::default() }
    };
    let item = |k: usize| Item { objectid: k + 1, transform: None, partnumber: None };
    let model = Model {
        metadata: vec![Metadata { name: "Application".into(), value: Some("Brunel".into()) }],
        resources: Resources { object: bodies.iter().enumerate().map(object).collect(), basematerials: None },
        build: Build { item: (0..bodies.len()).map(item).collect() },
        ..Model::default()
    };
    let mut out = Cursor::new(Vec::new());
    threemf::write(&mut out, model).map_err(|e| e.to_string())?;
    Ok(out.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An archive of one stored file, without a checksum, which nobody asks for.
    fn stored(name: &str, text: &str) -> Vec<u8> {
        let (n, size) = (name.len() as u16, text.len() as u32);
        let sizes = [[0; 4], size.to_le_bytes(), size.to_le_bytes()].concat();
        let local = [b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0".to_vec(), sizes.clone(), n.to_le_bytes().to_vec(), vec![0; 2]];
        let mut out = local.concat();
        out.extend(name.bytes().chain(text.bytes()));
        let start = out.len() as u32;
        out.extend(
            [b"PK\x01\x02\x14\0\x14\0\0\0\0\0\0\0\0\0".to_vec(), sizes, n.to_le_bytes().to_vec(), vec![0; 16]].concat(),
        );
        out.extend(name.bytes());
        let length = out.len() as u32 - start;
        out.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
        out.extend([length.to_le_bytes(), start.to_le_bytes()].concat());
        out.extend([0, 0]);
        out
    }

    fn model(unit: &str, build: &str) -> Vec<u8> {
        let text = format!(
            "<?xml version=\"1.0\"?><!-- <vertex/> --><model unit='{unit}' xmlns=\"a > b\"><resources><object id=\"1\"><mesh><vertices>\
             <vertex x=\"0\" y=\"0\" z=\"0\"/><vertex x=\"1\" y=\"0\" z=\"0\" /><vertex x=\"0\" y=\"2\" z=\"0\"/><vertex x=\"0\" y=\"0\" \
             z=\"3\"/></vertices><triangles><triangle v1=\"0\" v2=\"2\" v3=\"1\"/><triangle v1=\"0\" v2=\"1\" v3=\"3\"/><triangle v1=\"0\" \
             v2=\"3\" v3=\"2\"/><triangle v1=\"1\" v2=\"2\" v3=\"3\"/></triangles></mesh></object><object id=\"2\"><components>\
             <component objectid=\"1\" transform=\"1 0 0 0 1 0 0 0 1 10 0 0\"/></components></object>\
             <object id=\"3\"><components><component objectid=\"3\"/></components></object></resources><build>{build}</build></model>"
        );
        stored("3D/3dmodel.model", &text)
    }

    #[test]
    fn what_is_built_is_read_in_place_and_in_millimetres() {
        let read = |unit: &str, build: &str| read(&model(unit, build));
        let one = read("centimeter", "<item objectid=\"1\"/>").expect("one");
        assert_eq!((one.points[2], one.triangles.len()), ([0.0, 20.0, 0.0], 4));
        // Turned by a quarter about z, then moved; the copy within it moved before.
        let two = read("millimeter", "<item objectid='1'/><item objectid='2' transform='0 1 0 -1 0 0 0 0 1 0 0 5'/>");
        let two = two.expect("two");
        assert_eq!((two.points.len(), two.triangles.len(), two.points[5]), (8, 8, [0.0, 11.0, 5.0]));
        let mirrored = read("inch", "<item objectid='1' transform='-1 0 0 0 1 0 0 0 1 0 0 0'/>").expect("mirrored");
        assert_eq!((mirrored.points[1], mirrored.triangles[0]), ([-25.4, 0.0, 0.0], [0, 1, 2]));
        for (unit, build, why) in [
            ("mile", "", "its unit 'mile'"),
            ("inch", "<item objectid='7'/>", "does not have"),
            ("inch", "<item objectid='3'/>", "without end"),
            ("inch", "<item objectid='1' transform='1 0 0'/>", "twelve numbers"),
            ("inch", "<item objectid='1' p:path='/3D/b.model'/>", "several model files"),
        ] {
            let said = read(unit, build).unwrap_err().to_string();
            assert!(said.contains(why) && said.contains("3MF"), "{said}");
        }
        assert!(super::read(&stored("a.txt", "")).unwrap_err().to_string().contains("it holds no model"));
    }

    #[test]
    fn few_objects_of_very_many_copies_are_refused() {
        let chain = |leaf: &str| {
            let object = |k: usize| {
                let parts = format!("<component objectid='{}'/>", k + 1).repeat(10);
                format!("<object id='{k}'><components>{parts}</components></object>")
            };
            let objects: String = (0..14).map(object).collect();
            let text = format!(
                "<model><resources>{objects}<object id='14'>{leaf}</object></resources><build><item objectid='0'/></build></model>"
            );
            read(&stored("3D/3dmodel.model", &text)).unwrap_err().to_string()
        };
        assert!(chain("").contains("copies of one another"));
        let points = "<vertex x='0' y='0' z='0'/>".repeat(200);
        let mesh =
            |triangles: &str| format!("<mesh><vertices>{points}</vertices><triangles>{triangles}</triangles></mesh>");
        assert!(chain(&mesh("")).contains("copies of one another"), "points alone are left out");
        assert!(chain(&mesh("<triangle v1='0' v2='1' v3='2'/>")).contains("15000000 points"));
    }
}
