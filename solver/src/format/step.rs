//! STEP AP214 (ISO 10303-214) of bodies that are triangles: faceted solids. Exact bodies are written by the exact kernel.

use crate::surface::SurfaceMesh;
use glam::DVec3;
use std::fmt::Write as _;

/// mm in the file per m.
const MM: f64 = 1e3;
/// How far the file says points may be off, mm.
const UNCERTAINTY: f64 = 1e-3;

/// A whole file of faceted solids, each a product under its name.
pub fn write(bodies: &[(&str, &SurfaceMesh)]) -> String {
    let mut out = String::from(
        "ISO-10303-21;\nHEADER;\nFILE_DESCRIPTION(('faceted solids'),'2;1');\n\
         FILE_NAME('','',(''),(''),'Brunel','Brunel','');\n\
         FILE_SCHEMA(('AUTOMOTIVE_DESIGN { 1 0 10303 214 1 1 1 1 }'));\nENDSEC;\nDATA;\n",
    );
    let mut lines = Lines { out: &mut out, last: 0 };
    bodies.iter().for_each(|(name, surface)| lines.product(name, surface));
    out.push_str("ENDSEC;\nEND-ISO-10303-21;\n");
    out
}

/// Adds faceted solids to a file of other products; `None` where the text is no such file.
pub fn append(file: &str, bodies: &[(&str, &SurfaceMesh)]) -> Option<String> {
    let end = file.rfind("ENDSEC;")?;
    let number = |line: &str| line.trim_start().strip_prefix('#')?.split('=').next()?.trim().parse().ok();
    let last = file[..end].lines().filter_map(number).max()?;
    let mut out = file[..end].to_owned();
    let mut lines = Lines { out: &mut out, last };
    bodies.iter().for_each(|(name, surface)| lines.product(name, surface));
    out.push_str(&file[end..]);
    Some(out)
}

/// The data section being written.
struct Lines<'a> {
    out: &'a mut String,
    /// Number of the last entity.
    last: usize,
}

impl Lines<'_> {
    fn add(&mut self, entity: std::fmt::Arguments) -> usize {
        self.last += 1;
        // Writing to a string cannot fail.
        let _ = writeln!(self.out, "#{}={entity};", self.last);
        self.last
    }

    fn product(&mut self, name: &str, surface: &SurfaceMesh) {
        let name = text(name);
        let application = self.add(format_args!("APPLICATION_CONTEXT('automotive design')"));
        self.add(format_args!(
            "APPLICATION_PROTOCOL_DEFINITION('international standard','automotive_design',2000,#{application})"
        ));
        let context = self.add(format_args!("PRODUCT_CONTEXT('',#{application},'mechanical')"));
        let product = self.add(format_args!("PRODUCT('{name}','{name}','',(#{context}))"));
        let formation = self.add(format_args!("PRODUCT_DEFINITION_FORMATION('','',#{product})"));
        let view = self.add(format_args!("PRODUCT_DEFINITION_CONTEXT('part definition',#{application},'design')"));
        let definition = self.add(format_args!("PRODUCT_DEFINITION('design','',#{formation},#{view})"));
        let shape = self.add(format_args!("PRODUCT_DEFINITION_SHAPE('','',#{definition})"));
        let length = self.add(format_args!("(LENGTH_UNIT()NAMED_UNIT(*)SI_UNIT(.MILLI.,.METRE.))"));
        let angle = self.add(format_args!("(NAMED_UNIT(*)PLANE_ANGLE_UNIT()SI_UNIT($,.RADIAN.))"));
        let solid_angle = self.add(format_args!("(NAMED_UNIT(*)SI_UNIT($,.STERADIAN.)SOLID_ANGLE_UNIT())"));
        let off = self.add(format_args!(
            "UNCERTAINTY_MEASURE_WITH_UNIT(LENGTH_MEASURE({}),#{length},'distance_accuracy_value','')",
            real(UNCERTAINTY)
        ));
        let space = self.add(format_args!(
            "(GEOMETRIC_REPRESENTATION_CONTEXT(3)GLOBAL_UNCERTAINTY_ASSIGNED_CONTEXT((#{off}))\
             GLOBAL_UNIT_ASSIGNED_CONTEXT((#{length},#{angle},#{solid_angle}))REPRESENTATION_CONTEXT('',''))"
        ));
        let points: Vec<usize> =
            surface.points.iter().map(|p| self.point("CARTESIAN_POINT", DVec3::from(*p) * MM)).collect();
        let mut items = Vec::new();
        for Solid { outer, voids } in solids(surface) {
            let outer = self.shell(surface, &outer, &points);
            let voids: Vec<usize> = voids.iter().map(|v| self.shell(surface, v, &points)).collect();
            items.push(if voids.is_empty() {
                self.add(format_args!("FACETED_BREP('{name}',#{outer})"))
            } else {
                // The faces of a void look out of the material already.
                let inner: Vec<usize> =
                    voids.iter().map(|v| self.add(format_args!("ORIENTED_CLOSED_SHELL('',*,#{v},.T.)"))).collect();
                self.add(format_args!(
                    "(BREP_WITH_VOIDS({})FACETED_BREP()GEOMETRIC_REPRESENTATION_ITEM()MANIFOLD_SOLID_BREP(#{outer})\
                     REPRESENTATION_ITEM('{name}')SOLID_MODEL())",
                    list(&inner)
                ))
            });
        }
        let origin = self.point("CARTESIAN_POINT", DVec3::ZERO);
        let place = self.place(origin, DVec3::Z);
        items.insert(0, place);
        let shapes = list(&items);
        let representation = self.add(format_args!("FACETED_BREP_SHAPE_REPRESENTATION('{name}',{shapes},#{space})"));
        self.add(format_args!("SHAPE_DEFINITION_REPRESENTATION(#{shape},#{representation})"));
    }

    fn point(&mut self, kind: &str, p: DVec3) -> usize {
        self.add(format_args!("{kind}('',({},{},{}))", real(p.x), real(p.y), real(p.z)))
    }

    /// Axes at a point, z along `normal`.
    fn place(&mut self, origin: usize, normal: DVec3) -> usize {
        let z = self.point("DIRECTION", normal);
        let x = self.point("DIRECTION", normal.any_orthonormal_vector());
        self.add(format_args!("AXIS2_PLACEMENT_3D('',#{origin},#{z},#{x})"))
    }

    /// A closed shell of the given triangles; those without an area are left out.
    fn shell(&mut self, surface: &SurfaceMesh, triangles: &[usize], points: &[usize]) -> usize {
        let mut faces = Vec::with_capacity(triangles.len());
        for &t in triangles {
            let Some(normal) = DVec3::from(surface.triangle_cross(t)).try_normalize() else { continue };
            let corners = surface.triangles[t].map(|i| points[i as usize]);
            let place = self.place(corners[0], normal);
            let plane = self.add(format_args!("PLANE('',#{place})"));
            let round = self.add(format_args!("POLY_LOOP('',{})", list(&corners)));
            let bound = self.add(format_args!("FACE_OUTER_BOUND('',#{round},.T.)"));
            faces.push(self.add(format_args!("FACE_SURFACE('',(#{bound}),#{plane},.T.)")));
        }
        self.add(format_args!("CLOSED_SHELL('',{})", list(&faces)))
    }
}

/// A solid's triangles: of the surface around it, and around each void in it.
struct Solid {
    outer: Vec<usize>,
    voids: Vec<Vec<usize>>,
}

/// Pieces of a surface that hang together by points, voids with the smallest piece around them.
fn solids(surface: &SurfaceMesh) -> Vec<Solid> {
    let mut root: Vec<usize> = (0..surface.points.len()).collect();
    fn find(root: &mut [usize], mut i: usize) -> usize {
        while root[i] != i {
            root[i] = root[root[i]];
            i = root[i];
        }
        i
    }
    for t in &surface.triangles {
        let first = find(&mut root, t[0] as usize);
        for i in &t[1..] {
            let other = find(&mut root, *i as usize);
            root[other] = first;
        }
    }
    let mut pieces: std::collections::BTreeMap<usize, Vec<usize>> = Default::default();
    for (t, corners) in surface.triangles.iter().enumerate() {
        pieces.entry(find(&mut root, corners[0] as usize)).or_default().push(t);
    }
    let volume = |piece: &[usize]| -> f64 {
        let of = |t: &usize| {
            let first = DVec3::from(surface.points[surface.triangles[*t][0] as usize]);
            first.dot(DVec3::from(surface.triangle_cross(*t))) / 6.0
        };
        piece.iter().map(of).sum()
    };
    let bounds = |piece: &[usize]| {
        let corners = piece.iter().flat_map(|t| surface.triangles[*t]).map(|i| DVec3::from(surface.points[i as usize]));
        corners.fold((DVec3::INFINITY, DVec3::NEG_INFINITY), |(lo, hi), p| (lo.min(p), hi.max(p)))
    };
    let (outer, voids): (Vec<_>, Vec<_>) = pieces.into_values().partition(|piece| volume(piece) > 0.0);
    let mut out: Vec<(Solid, DVec3, DVec3)> = outer
        .into_iter()
        .map(|outer| {
            let (lo, hi) = bounds(&outer);
            (Solid { outer, voids: Vec::new() }, lo, hi)
        })
        .collect();
    for piece in voids {
        let (lo, hi) = bounds(&piece);
        let around = out.iter_mut().filter(|(_, l, h)| l.cmple(lo).all() && h.cmpge(hi).all());
        let size = |of: &(Solid, DVec3, DVec3)| (of.2 - of.1).length();
        if let Some((solid, ..)) = around.min_by(|a, b| size(a).total_cmp(&size(b))) {
            solid.voids.push(piece);
        }
    }
    out.into_iter().map(|(solid, ..)| solid).collect()
}

/// `(#1,#2)`
fn list(numbers: &[usize]) -> String {
    let mut out = String::from("(");
    for (i, n) in numbers.iter().enumerate() {
        let _ = write!(out, "{}#{n}", if i == 0 { "" } else { "," });
    }
    out + ")"
}

/// A real as Part 21 wants it: with a point.
fn real(x: f64) -> String {
    // Nine decimals of a millimetre are less than rounding; no sign at zero.
    let text = format!("{:.9}", x + 0.0);
    let text = text.trim_end_matches('0');
    if text == "-0." { "0.".into() } else { text.into() }
}

/// A string as Part 21 wants it: quotes doubled, what is not ASCII in hexadecimal.
fn text(s: &str) -> String {
    let mut out = String::new();
    for c in s.chars() {
        match c {
            '\'' => out.push_str("''"),
            '\\' => out.push_str("\\\\"),
            ' '..='~' => out.push(c),
            c => {
                let mut units = [0; 2];
                out.push_str("\\X2\\");
                for unit in c.encode_utf16(&mut units) {
                    let _ = write!(out, "{unit:04X}");
                }
                out.push_str("\\X0\\");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A cube, its faces outward, or inward for a void.
    fn cube(out: &mut SurfaceMesh, lo: f64, hi: f64, inward: bool) {
        let first = out.points.len() as u32;
        out.points.extend((0..8).map(|k| [0, 1, 2].map(|a| if k >> a & 1 == 1 { hi } else { lo })));
        for [a, b, c, d] in [[0, 2, 3, 1], [4, 5, 7, 6], [0, 1, 5, 4], [2, 6, 7, 3], [0, 4, 6, 2], [1, 3, 7, 5]] {
            for [p, q, r] in [[a, b, c], [a, c, d]] {
                out.triangles.push(if inward { [p, r, q] } else { [p, q, r] }.map(|i| first + i));
            }
        }
    }

    #[test]
    fn solids_are_told_apart_and_voids_stay_with_theirs() {
        let mut surface = SurfaceMesh::default();
        cube(&mut surface, 0.0, 0.01, false);
        cube(&mut surface, 0.002, 0.004, true);
        cube(&mut surface, 0.02, 0.03, false);
        let text = write(&[("Körper 'A'", &surface)]);
        assert_eq!(text.matches("FACETED_BREP('").count(), 1, "the one without a void");
        assert_eq!(text.matches("BREP_WITH_VOIDS((#").count(), 1);
        assert_eq!(text.matches("CLOSED_SHELL('',(").count(), 3);
        assert_eq!(text.matches("FACE_SURFACE(").count(), 36);
        assert!(text.contains(r"PRODUCT('K\X2\00F6\X0\rper ''A'''"));
        assert!(text.contains("CARTESIAN_POINT('',(30.,30.,30.))"), "mm");
        // Every number that is used is defined, once.
        let defined: Vec<&str> = text.lines().filter_map(|l| l.strip_prefix('#')?.split('=').next()).collect();
        let unique: std::collections::BTreeSet<_> = defined.iter().collect();
        assert_eq!(unique.len(), defined.len());
        let used = text.split('#').skip(1).map(|s| s.split(|c: char| !c.is_ascii_digit()).next().unwrap_or(""));
        assert!(used.clone().count() > 500 && used.clone().all(|n| unique.contains(&n)));
    }

    #[test]
    fn solids_are_added_behind_what_a_file_has() {
        let mut surface = SurfaceMesh::default();
        cube(&mut surface, 0.0, 0.01, false);
        let one = write(&[("A", &surface)]);
        let two = append(&one, &[("B", &surface)]).unwrap();
        assert_eq!(two, write(&[("A", &surface), ("B", &surface)]));
        assert_eq!(append("solid", &[("B", &surface)]), None);
    }

    #[test]
    fn numbers_have_a_point_and_no_noise() {
        let all = [(0.0, "0."), (-0.0, "0."), (1e-12, "0."), (-1e-12, "0."), (2.5, "2.5"), (-1e3, "-1000.")];
        for (x, want) in all {
            assert_eq!(real(x), want);
        }
    }
}
