//! Faceted solids out of STEP (ISO 10303-21): what [`super::step`] writes, and what other programs write for triangles.

use super::{FormatError, TRIANGLES_MAX, Triangles};
use glam::DVec3;
use std::collections::HashMap;

/// Of a polygon's area squared: what a triangle of it may turn the wrong way by rounding.
const FLAT: f64 = 1e-9;
/// Corners tried for a fan without flat triangles.
const FANS_MAX: usize = 64;

/// A unit of length that a file defines.
struct Length<'a> {
    number: &'a str,
    /// Made of another unit, as an inch is of mm.
    is_made: bool,
    /// mm, or what it is called where that says nothing.
    size: Result<f64, String>,
}

/// What a file has of faceted solids, by the numbers of its entities.
#[derive(Default)]
struct Entities<'a> {
    points: HashMap<&'a str, [f64; 3]>,
    loops: HashMap<&'a str, Vec<&'a str>>,
    /// Loop, and whether it runs as the bound does.
    bounds: HashMap<&'a str, (&'a str, bool)>,
    faces: HashMap<&'a str, Vec<&'a str>>,
    /// In the order of the file.
    shells: Vec<(&'a str, Vec<&'a str>)>,
    /// Shells that are used the other way round.
    turned: Vec<&'a str>,
    lengths: Vec<Length<'a>>,
    /// Units, of whatever, that shapes are in.
    units: Vec<&'a str>,
}

/// Reads all faceted solids of a file as one, in mm.
///
/// # Errors
/// [`FormatError`] for text that is no such file, for exact bodies, and for assemblies that move their parts.
pub fn read(bytes: &[u8]) -> Result<Triangles, FormatError> {
    let malformed = |reason: &str| FormatError::Malformed { format: "STEP", reason: reason.into() };
    // Names may be in an older code; all that counts here is ASCII.
    let text = String::from_utf8_lossy(bytes);
    if !text.trim_start().starts_with("ISO-10303-21") {
        return Err(malformed("it does not begin as ISO 10303-21 asks"));
    }
    let mut found = Entities::default();
    for statement in Statements(&text) {
        let Some((number, entity)) = statement.trim_start().split_once('=') else { continue };
        let Some((kind, arguments)) = entity.trim().split_once('(') else { continue };
        let arguments = arguments.strip_suffix(')').unwrap_or(arguments);
        found.take(number.trim(), kind.trim(), arguments).map_err(malformed)?;
    }
    found.triangles().map_err(|e| match e {
        Wrong::Reason(reason) => malformed(reason),
        Wrong::Unit(name) => malformed(&format!("its unit of length {name} is none that is known")),
        Wrong::TooMany => FormatError::TooManyTriangles,
    })
}

/// Why shells gave no triangles.
enum Wrong {
    Reason(&'static str),
    /// A unit of length of this name.
    Unit(String),
    TooMany,
}

impl<'a> Entities<'a> {
    fn take(&mut self, number: &'a str, kind: &str, arguments: &'a str) -> Result<(), &'static str> {
        let list = |at: usize| split(arguments).nth(at).map(|l| split(inside(l)).map(str::trim).collect::<Vec<_>>());
        let one = |at: usize| split(arguments).nth(at).map(str::trim);
        let cut = "one of its entities is cut off";
        match kind {
            "CARTESIAN_POINT" => {
                let numbers: Vec<f64> = list(1).ok_or(cut)?.into_iter().filter_map(|n| n.parse().ok()).collect();
                // Points of curves on surfaces have two.
                if let [x, y, z] = numbers[..] {
                    if ![x, y, z].iter().all(|c| c.is_finite()) {
                        return Err("a coordinate is not a number");
                    }
                    self.points.insert(number, [x, y, z]);
                }
            }
            "POLY_LOOP" => {
                self.loops.insert(number, list(1).ok_or(cut)?);
            }
            "FACE_OUTER_BOUND" | "FACE_BOUND" => {
                self.bounds.insert(number, (one(1).ok_or(cut)?, one(2) != Some(".F.")));
            }
            "FACE_SURFACE" | "FACE" => {
                self.faces.insert(number, list(1).ok_or(cut)?);
            }
            "CLOSED_SHELL" => self.shells.push((number, list(1).ok_or(cut)?)),
            "ORIENTED_CLOSED_SHELL" if one(3) == Some(".F.") => self.turned.push(one(2).ok_or(cut)?),
            "ADVANCED_FACE" => {
                return Err("it holds exact faces, and only faceted solids are read; export it as STL or 3MF instead");
            }
            "ITEM_DEFINED_TRANSFORMATION" | "MAPPED_ITEM" => {
                return Err("it is an assembly that moves its parts; export the part alone");
            }
            _ => {}
        }
        // An entity of several kinds begins with a bracket, which leaves no name before it.
        if kind.is_empty() && arguments.contains("LENGTH_UNIT") {
            let (is_made, size) = millimetres(arguments);
            self.lengths.push(Length { number, is_made, size });
        }
        if kind.is_empty()
            && let Some((_, rest)) = arguments.split_once("GLOBAL_UNIT_ASSIGNED_CONTEXT")
        {
            let list = rest.split(')').next().unwrap_or_default();
            self.units
                .extend(list.trim_start_matches(|c: char| c == '(' || c.is_whitespace()).split(',').map(str::trim));
        }
        Ok(())
    }

    /// Of a length, mm.
    fn unit(&self) -> Result<f64, Wrong> {
        let is_used = |l: &&Length| self.units.contains(&l.number);
        // Files that do not say what their shapes are in have but one unit, and what that is made of.
        let is_stated = self.lengths.iter().any(|l| is_used(&l));
        let asked = || self.lengths.iter().filter(|l| !is_stated || is_used(l));
        let unit = asked().find(|l| l.is_made).or_else(|| asked().next());
        let unit = unit.ok_or(Wrong::Reason("it states no unit of length"))?;
        unit.size.clone().map_err(Wrong::Unit)
    }

    fn triangles(&self) -> Result<Triangles, Wrong> {
        let missing = || Wrong::Reason("it uses an entity that it does not have");
        let mut out = Triangles::default();
        let mut index: HashMap<[u64; 3], u32> = HashMap::new();
        for (number, faces) in &self.shells {
            let is_turned = self.turned.contains(number);
            for face in faces {
                let bounds = self.faces.get(face).ok_or_else(missing)?;
                let [bound] = bounds[..] else { return Err(Wrong::Reason("a face has a hole; export triangles")) };
                let (round, runs) = self.bounds.get(bound).ok_or_else(missing)?;
                let corners =
                    self.loops.get(round).ok_or(Wrong::Reason("a face is bound by edges, not by a polygon"))?;
                let mut points: Vec<DVec3> = Vec::with_capacity(corners.len());
                for corner in corners {
                    points.push(DVec3::from(*self.points.get(corner).ok_or_else(missing)?));
                }
                if is_turned == *runs {
                    points.reverse();
                }
                let fan = fan(&points).ok_or(Wrong::Reason("a face turns in on itself; export triangles"))?;
                for triangle in fan {
                    if out.triangles.len() == TRIANGLES_MAX {
                        return Err(Wrong::TooMany);
                    }
                    let triangle = triangle.map(|i| points[i]).map(|p| {
                        let n = index.len() as u32;
                        *index.entry(p.to_array().map(|c| (c + 0.0).to_bits())).or_insert_with(|| {
                            out.points.push(p.to_array());
                            n
                        })
                    });
                    out.triangles.push(triangle);
                }
            }
        }
        if !out.triangles.is_empty() {
            let unit = self.unit()?;
            out.points.iter_mut().flatten().for_each(|c| *c *= unit);
        }
        Ok(out)
    }
}

/// A polygon as triangles around one of its corners; `None` where it turns in on itself.
fn fan(points: &[DVec3]) -> Option<Vec<[usize; 3]>> {
    let n = points.len();
    let around = |first: usize| (1..n.saturating_sub(1)).map(move |k| [first, (first + k) % n, (first + k + 1) % n]);
    if n <= 3 {
        return Some(around(0).collect());
    }
    let cross = |[a, b, c]: [usize; 3]| (points[b] - points[a]).cross(points[c] - points[a]);
    let whole: DVec3 = around(0).map(cross).sum();
    let flat = FLAT * whole.length_squared();
    if around(0).any(|t| cross(t).dot(whole) < -flat) {
        return None;
    }
    // Corners in the middle of a side make flat triangles around others; left out, they would leave slits beside the face.
    let is_full = |t: &[usize; 3]| cross(*t).dot(whole) > flat;
    let first = (0..n.min(FANS_MAX)).find(|first| around(*first).all(|t| is_full(&t))).unwrap_or(0);
    Some(around(first).filter(is_full).collect())
}

/// Whether a unit of length is made of another, and its size, mm, or its name where that says nothing.
fn millimetres(unit: &str) -> (bool, Result<f64, String>) {
    let text: String = unit.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_uppercase();
    if let Some((_, made)) = text.split_once("CONVERSION_BASED_UNIT(") {
        let name = made.split('\'').nth(1).unwrap_or_default();
        let size = match name {
            "INCH" | "INCHES" => Ok(25.4),
            "FOOT" | "FEET" => Ok(304.8),
            _ => Err(format!("'{name}'")),
        };
        return (true, size);
    }
    let si = text.split_once("SI_UNIT(").and_then(|(_, rest)| rest.split_once(')')).map_or("", |(inside, _)| inside);
    let size = match si {
        "$,.METRE." => Ok(1e3),
        ".KILO.,.METRE." => Ok(1e6),
        ".DECI.,.METRE." => Ok(100.0),
        ".CENTI.,.METRE." => Ok(10.0),
        ".MILLI.,.METRE." => Ok(1.0),
        ".MICRO.,.METRE." => Ok(1e-3),
        _ => Err(if si.is_empty() { text } else { si.into() }),
    };
    (false, size)
}

/// What stands between semicolons, without those in strings and without comments.
struct Statements<'a>(&'a str);

impl<'a> Iterator for Statements<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        // Comments stand between statements where they stand at all.
        loop {
            self.0 = self.0.trim_start();
            let Some(comment) = self.0.strip_prefix("/*") else { break };
            self.0 = &comment[comment.find("*/")? + 2..];
        }
        let mut is_string = false;
        let stop = self.0.bytes().position(|b| {
            is_string ^= b == b'\'';
            b == b';' && !is_string
        })?;
        let (statement, rest) = (&self.0[..stop], &self.0[stop + 1..]);
        self.0 = rest;
        Some(statement)
    }
}

/// Arguments at commas, but those in brackets and strings.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let all = rest?;
        let (mut depth, mut is_string) = (0usize, false);
        let comma = all.bytes().position(|b| {
            match b {
                b'\'' => is_string = !is_string,
                b'(' if !is_string => depth += 1,
                b')' if !is_string => depth = depth.saturating_sub(1),
                _ => {}
            }
            b == b',' && depth == 0 && !is_string
        });
        let (one, after) = comma.map_or((all, None), |at| (&all[..at], Some(&all[at + 1..])));
        rest = after;
        Some(one)
    })
}

fn inside(list: &str) -> &str {
    list.trim().trim_start_matches('(').trim_end_matches(')')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(data: &str) -> Vec<u8> {
        format!("ISO-10303-21;\nHEADER;\nENDSEC;\nDATA;\n{data}ENDSEC;\nEND-ISO-10303-21;\n").into_bytes()
    }

    const SQUARE: &str = "/* a; b */#1=CARTESIAN_POINT('it''s; (',(0.,0.,0.));#2=CARTESIAN_POINT('',(1.,0.,0.));\n\
        #3 = CARTESIAN_POINT('',(1.,2.,0.));#4=CARTESIAN_POINT('',(0.,2.E0,0.));#5=POLY_LOOP('',(#1,#2, #3,#4));\n";

    #[test]
    fn polygons_run_as_their_bounds_say_in_the_unit_of_the_file() {
        let rest = |runs: &str, unit: &str| {
            format!(
                "{SQUARE}#6=FACE_OUTER_BOUND('',#5,{runs});#7=FACE_SURFACE('',(#6),#9,.T.);#8=CLOSED_SHELL('',(#7));\n\
                 #20=(LENGTH_UNIT()NAMED_UNIT(*){unit});\n"
            )
        };
        let out = read(&file(&rest(".T.", "SI_UNIT(.MILLI.,.METRE.)"))).expect("a square");
        assert_eq!((out.points[2], &out.triangles[..]), ([1.0, 2.0, 0.0], &[[0, 1, 2], [0, 2, 3]][..]));
        let out = read(&file(&rest(".F.", "SI_UNIT($,.METRE.)"))).expect("a square");
        assert_eq!((out.points[0], out.points[1], out.triangles.len()), ([0.0, 2e3, 0.0], [1e3, 2e3, 0.0], 2));
    }

    #[test]
    fn units_of_length_are_understood_or_refused_by_name() {
        let shape = "#6=FACE_OUTER_BOUND('',#5,.T.);#7=FACE_SURFACE('',(#6),#9,.T.);#8=CLOSED_SHELL('',(#7));\n";
        let read = |units: &str| read(&file(&format!("{SQUARE}{shape}{units}")));
        let made = |name: &str| {
            format!(
                "#20=(LENGTH_UNIT()NAMED_UNIT(*)SI_UNIT(.MILLI.,.METRE.));\
                 #21=( CONVERSION_BASED_UNIT ('{name}',#22)\nLENGTH_UNIT() NAMED_UNIT(#23) );"
            )
        };
        let si = |prefix: &str| format!("#20=( LENGTH_UNIT ( ) NAMED_UNIT(*)\n SI_UNIT( {prefix}, .METRE. ) );");
        for (units, mm) in [
            (si("$"), 1e3),
            (si(".KILO."), 1e6),
            (si(".DECI."), 100.0),
            (si(".CENTI."), 10.0),
            (si(".milli."), 1.0),
            (si(".MICRO."), 1e-3),
            (made("inch"), 25.4),
            (made("Foot"), 304.8),
            // The shapes are in mm, whatever else is defined.
            (made("MILE") + "#24=(GLOBAL_UNIT_ASSIGNED_CONTEXT( (#30, #20) )REPRESENTATION_CONTEXT('',''));", 1.0),
        ] {
            let out = read(&units).expect(&units);
            assert_eq!(out.points[1], [mm, 0.0, 0.0], "{units}");
        }
        let said = |units: &str| read(units).unwrap_err().to_string();
        assert!(said("").contains("no unit of length"));
        assert!(said(&made("MILE")).contains("'MILE'"));
        assert!(said(&si(".GIGA.")).contains(".GIGA.,.METRE."));
        assert!(said("#20=(LENGTH_UNIT()NAMED_UNIT(*));").contains("LENGTH_UNIT()"));
    }

    #[test]
    fn a_corner_in_the_middle_of_a_side_stays() {
        // Within rounding, on either side of the side.
        for off in [0.0, 1e-14, -1e-14] {
            let data = format!(
                "#1=CARTESIAN_POINT('',(0.,0.,0.));#2=CARTESIAN_POINT('',(0.5,{off:e},0.));#3=CARTESIAN_POINT('',(1.,0.,0.));\
                 #4=CARTESIAN_POINT('',(0.,2.,0.));#5=POLY_LOOP('',(#1,#2,#3,#4));#6=FACE_BOUND('',#5,.T.);#7=FACE('',(#6));\
                 #8=CLOSED_SHELL('',(#7));#20=(LENGTH_UNIT()NAMED_UNIT(*)SI_UNIT(.MILLI.,.METRE.));"
            );
            let out = read(&file(&data)).expect("a triangle of four corners");
            assert_eq!((out.points.len(), out.triangles.len()), (4, 2), "{off}");
        }
        let on_all = [DVec3::ZERO, DVec3::X, 2.0 * DVec3::X, DVec3::X + DVec3::Y, 2.0 * DVec3::Y, DVec3::Y];
        assert_eq!(fan(&on_all).map(|f| f.len()), Some(4));
        // Two in one side: what no fan has without flat triangles is left without them.
        let two = [DVec3::ZERO, DVec3::X, 2.0 * DVec3::X, 3.0 * DVec3::X, DVec3::Y];
        assert_eq!(fan(&two).map(|f| f.len()), Some(3));
    }

    #[test]
    fn what_is_not_faceted_is_refused_with_what_to_do() {
        let said = |data: &str| read(&file(data)).unwrap_err().to_string();
        assert!(said("#1=ADVANCED_FACE('',(#2),#3,.T.);").contains("only faceted solids are read"));
        assert!(said("#1=MAPPED_ITEM('',#2,#3);").contains("assembly"));
        assert!(said("#8=CLOSED_SHELL('',(#7));").contains("does not have"));
        assert!(said("#1=CARTESIAN_POINT('',(1.E999,0.,0.));").contains("not a number"));
        let hole = format!("{SQUARE}#7=FACE('',(#5,#6));#8=CLOSED_SHELL('',(#7));");
        assert!(said(&hole).contains("a hole"));
        let dart = "#1=CARTESIAN_POINT('',(0.,0.,0.));#2=CARTESIAN_POINT('',(9.,-1.,0.));#3=CARTESIAN_POINT('',(1.,0.,0.));\
            #4=CARTESIAN_POINT('',(9.,9.,0.));#5=POLY_LOOP('',(#2,#3,#4,#1));#6=FACE_BOUND('',#5,.T.);#7=FACE('',(#6));\
            #8=CLOSED_SHELL('',(#7));";
        assert!(said(dart).contains("turns in on itself"));
        assert!(read(b"solid").unwrap_err().to_string().contains("STEP"));
    }
}
