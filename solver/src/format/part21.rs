//! Faceted solids out of STEP (ISO 10303-21): what [`super::step`] writes, and what other programs write for triangles.

use super::{FormatError, TRIANGLES_MAX, Triangles};
use glam::DVec3;
use std::collections::HashMap;

/// Lengths that files state, in mm.
const INCH: f64 = 25.4;

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
    /// Of a length, mm.
    unit: Option<f64>,
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
        Wrong::TooMany => FormatError::TooManyTriangles,
    })
}

/// Why shells gave no triangles.
enum Wrong {
    Reason(&'static str),
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
        // An entity of several kinds begins with a bracket, which leaves no name before it. An inch is made of an SI unit.
        if kind.is_empty() && arguments.contains("LENGTH_UNIT") {
            if arguments.contains("'INCH'") {
                self.unit = Some(INCH);
            } else if self.unit.is_none() {
                let all = [(".MILLI.", 1.0), (".CENTI.", 10.0), (".MICRO.", 1e-3), ("$", 1e3)];
                let is_it = |prefix: &str| arguments.contains(&format!("SI_UNIT({prefix},.METRE.)"));
                self.unit = all.into_iter().find(|(prefix, _)| is_it(prefix)).map(|(_, mm)| mm);
            }
        }
        Ok(())
    }

    fn triangles(&self) -> Result<Triangles, Wrong> {
        let missing = || Wrong::Reason("it uses an entity that it does not have");
        let unit = self.unit.unwrap_or(1.0);
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
                    points.push(DVec3::from(*self.points.get(corner).ok_or_else(missing)?) * unit);
                }
                if is_turned == *runs {
                    points.reverse();
                }
                let cross = |k: usize| (points[k] - points[0]).cross(points[k + 1] - points[0]);
                let whole: DVec3 = (1..points.len().saturating_sub(1)).map(cross).sum();
                for k in 1..points.len().saturating_sub(1) {
                    if points.len() > 3 && cross(k).dot(whole) < 0.0 {
                        return Err(Wrong::Reason("a face turns in on itself; export triangles"));
                    }
                    if out.triangles.len() == TRIANGLES_MAX {
                        return Err(Wrong::TooMany);
                    }
                    let triangle = [points[0], points[k], points[k + 1]].map(|p| {
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
        Ok(out)
    }
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
