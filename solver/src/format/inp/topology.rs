//! Solid elements of the language: how many nodes, and which nodes each face has.
//!
//! Source: CalculiX 2.20, *CrunchiX User's Manual*, § 6.2; Abaqus numbers the same way.

/// Form of a solid element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Tet4,
    Tet10,
    Wedge6,
    Wedge15,
    Hex8,
    Hex20,
}

/// A face: corners in the order of the manual (seen from inside they turn left), and the middle node after each corner.
pub struct FaceNodes {
    pub corners: &'static [usize],
    pub middles: &'static [usize],
}

macro_rules! faces {
    ($([$($c:literal),*] [$($m:literal),*])*) => {
        &[$(FaceNodes { corners: &[$($c - 1),*], middles: &[$($m - 1),*] }),*]
    };
}

const TET4: &[FaceNodes] = faces! { [1, 2, 3] [] [1, 4, 2] [] [2, 4, 3] [] [3, 4, 1] [] };
const TET10: &[FaceNodes] =
    faces! { [1, 2, 3] [5, 6, 7] [1, 4, 2] [8, 9, 5] [2, 4, 3] [9, 10, 6] [3, 4, 1] [10, 8, 7] };
const WEDGE6: &[FaceNodes] = faces! {
    [1, 2, 3] [] [4, 6, 5] [] [1, 4, 5, 2] [] [2, 5, 6, 3] [] [3, 6, 4, 1] []
};
const WEDGE15: &[FaceNodes] = faces! {
    [1, 2, 3] [7, 8, 9] [4, 6, 5] [12, 11, 10] [1, 4, 5, 2] [13, 10, 14, 7] [2, 5, 6, 3] [14, 11, 15, 8]
    [3, 6, 4, 1] [15, 12, 13, 9]
};
const HEX8: &[FaceNodes] = faces! {
    [1, 2, 3, 4] [] [5, 8, 7, 6] [] [1, 5, 6, 2] [] [2, 6, 7, 3] [] [3, 7, 8, 4] [] [4, 8, 5, 1] []
};
const HEX20: &[FaceNodes] = faces! {
    [1, 2, 3, 4] [9, 10, 11, 12] [5, 8, 7, 6] [16, 15, 14, 13] [1, 5, 6, 2] [17, 13, 18, 9]
    [2, 6, 7, 3] [18, 14, 19, 10] [3, 7, 8, 4] [19, 15, 20, 11] [4, 8, 5, 1] [20, 16, 17, 12]
};

impl Form {
    /// The form of a solid element's type; `None` for every other element.
    pub fn of(kind: &str) -> Option<Self> {
        let kind = kind.strip_prefix('D').unwrap_or(kind);
        let rest = kind.strip_prefix("C3D")?;
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        // What follows the number says how it is integrated and which fields it carries.
        match &rest[..digits] {
            "4" => Some(Self::Tet4),
            "10" => Some(Self::Tet10),
            "6" => Some(Self::Wedge6),
            "15" => Some(Self::Wedge15),
            "8" => Some(Self::Hex8),
            "20" => Some(Self::Hex20),
            _ => None,
        }
    }

    pub fn n_nodes(self) -> usize {
        match self {
            Self::Tet4 => 4,
            Self::Wedge6 => 6,
            Self::Hex8 => 8,
            Self::Tet10 => 10,
            Self::Wedge15 => 15,
            Self::Hex20 => 20,
        }
    }

    pub fn faces(self) -> &'static [FaceNodes] {
        match self {
            Self::Tet4 => TET4,
            Self::Tet10 => TET10,
            Self::Wedge6 => WEDGE6,
            Self::Wedge15 => WEDGE15,
            Self::Hex8 => HEX8,
            Self::Hex20 => HEX20,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Form; 6] = [Form::Tet4, Form::Tet10, Form::Wedge6, Form::Wedge15, Form::Hex8, Form::Hex20];

    #[test]
    fn every_side_of_an_element_is_in_two_faces_once_each_way_with_one_middle() {
        for form in ALL {
            let mut sides = std::collections::BTreeMap::new();
            for face in form.faces() {
                let n = face.corners.len();
                assert!(face.middles.is_empty() || face.middles.len() == n);
                for k in 0..n {
                    let side = (face.corners[k], face.corners[(k + 1) % n]);
                    assert!(sides.insert(side, face.middles.get(k)).is_none(), "{form:?} {side:?}");
                }
            }
            for ((a, b), middle) in &sides {
                assert_eq!(sides.get(&(*b, *a)), Some(middle), "{form:?} {a} {b}");
            }
            let most = form.faces().iter().flat_map(|f| f.corners.iter().chain(f.middles)).max();
            assert_eq!(most, Some(&(form.n_nodes() - 1)), "{form:?}");
        }
    }

    #[test]
    fn types_are_read_with_their_letters() {
        for (kind, form) in [
            ("C3D4", Some(Form::Tet4)),
            ("C3D10M", Some(Form::Tet10)),
            ("DC3D10", Some(Form::Tet10)),
            ("C3D8I", Some(Form::Hex8)),
            ("C3D20RT", Some(Form::Hex20)),
            ("C3D6", Some(Form::Wedge6)),
            ("C3D15", Some(Form::Wedge15)),
            ("C3D5", None),
            ("S8R", None),
            ("CAX6", None),
            ("", None),
        ] {
            assert_eq!(Form::of(kind), form, "{kind}");
        }
    }
}
