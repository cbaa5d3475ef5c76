//! The material library: isotropic, linear, room temperature, each value with its source.

/// One material. SI.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Material {
    pub key: &'static str,
    /// As engineers type it.
    pub name: &'static str,
    pub also: &'static [&'static str],
    pub family: &'static str,
    /// Young's modulus, Pa.
    pub youngs_modulus: f64,
    pub poisson_ratio: f64,
    /// kg/m³
    pub density: f64,
    /// 0.2 % proof or yield strength, Pa; `None` where the material has none to speak of.
    pub yield_strength: Option<f64>,
    pub ultimate_strength: Option<f64>,
    /// Where the values come from, and on which basis (minimum, typical).
    pub source: &'static str,
}

/// Every material of the library.
pub const MATERIALS: &[Material] = &[
    Material {
        key: "en_aw_6061_t6",
        name: "EN AW-6061-T6",
        also: &["AlMg1SiCu", "6061-T6"],
        family: "Aluminium",
        youngs_modulus: 68.9e9,
        poisson_ratio: 0.33,
        density: 2700.0,
        yield_strength: Some(276e6),
        ultimate_strength: Some(310e6),
        source: "ASM Handbook vol. 2, typical",
    },
    Material {
        key: "ti_6al_4v",
        name: "Ti-6Al-4V",
        also: &["Grade 5", "3.7165"],
        family: "Titanium",
        youngs_modulus: 113.8e9,
        poisson_ratio: 0.342,
        density: 4430.0,
        yield_strength: Some(880e6),
        ultimate_strength: Some(950e6),
        source: "ASM Handbook vol. 2, annealed, typical",
    },
    Material {
        key: "en_aw_7075_t6",
        name: "EN AW-7075-T6",
        also: &["AlZn5.5MgCu", "7075-T651"],
        family: "Aluminium",
        youngs_modulus: 71.7e9,
        poisson_ratio: 0.33,
        density: 2810.0,
        yield_strength: Some(503e6),
        ultimate_strength: Some(572e6),
        source: "ASM Handbook vol. 2, plate and bar, typical, 20 °C",
    },
    Material {
        key: "en_aw_2024_t3",
        name: "EN AW-2024-T3",
        also: &["AlCu4Mg1", "2024-T351"],
        family: "Aluminium",
        youngs_modulus: 73.1e9,
        poisson_ratio: 0.33,
        density: 2780.0,
        yield_strength: Some(345e6),
        ultimate_strength: Some(483e6),
        source: "ASM Handbook vol. 2, sheet and plate, typical, 20 °C",
    },
    Material {
        key: "en_aw_5083_h111",
        name: "EN AW-5083-H111",
        also: &["AlMg4.5Mn0.7"],
        family: "Aluminium",
        youngs_modulus: 71.0e9,
        poisson_ratio: 0.33,
        density: 2660.0,
        yield_strength: Some(125e6),
        ultimate_strength: Some(275e6),
        source: "EN 485-2, plate 6.3 to 80 mm, minimum strengths; ASM Handbook vol. 2, elastic constants",
    },
    Material {
        key: "en_ac_42100_t6",
        name: "EN AC-42100-T6",
        also: &["A356.0-T6", "AlSi7Mg0.3"],
        family: "Aluminium",
        youngs_modulus: 72.4e9,
        poisson_ratio: 0.33,
        density: 2680.0,
        yield_strength: Some(210e6),
        ultimate_strength: Some(290e6),
        source: "EN 1706, permanent mould, minimum strengths; ASM Handbook vol. 2, elastic constants",
    },
    Material {
        key: "alsi10mg_pbf",
        name: "AlSi10Mg, laser powder bed",
        also: &["EN AC-43000, printed"],
        family: "Aluminium",
        youngs_modulus: 70.0e9,
        poisson_ratio: 0.33,
        density: 2670.0,
        yield_strength: Some(230e6),
        ultimate_strength: Some(350e6),
        source: "VDI 3405 part 2.1, as built with stress relief, lower typical, any direction",
    },
    Material {
        key: "s235jr",
        name: "S235JR",
        also: &["EN 1.0038", "St 37-2"],
        family: "Steel",
        youngs_modulus: 210.0e9,
        poisson_ratio: 0.3,
        density: 7850.0,
        yield_strength: Some(235e6),
        ultimate_strength: Some(360e6),
        source: "EN 10025-2, up to 16 mm, minimum strengths; EN 1993-1-1, elastic constants",
    },
    Material {
        key: "s355j2",
        name: "S355J2",
        also: &["EN 1.0577", "St 52-3"],
        family: "Steel",
        youngs_modulus: 210.0e9,
        poisson_ratio: 0.3,
        density: 7850.0,
        yield_strength: Some(355e6),
        ultimate_strength: Some(470e6),
        source: "EN 10025-2, up to 16 mm, minimum strengths; EN 1993-1-1, elastic constants",
    },
    Material {
        key: "42crmo4_qt",
        name: "42CrMo4+QT",
        also: &["EN 1.7225", "AISI 4140"],
        family: "Steel",
        youngs_modulus: 210.0e9,
        poisson_ratio: 0.3,
        density: 7850.0,
        yield_strength: Some(650e6),
        ultimate_strength: Some(900e6),
        source: "EN ISO 683-2, 40 to 100 mm, minimum strengths; elastic constants typical",
    },
    Material {
        key: "aisi_304",
        name: "AISI 304",
        also: &["EN 1.4301", "X5CrNi18-10"],
        family: "Stainless steel",
        youngs_modulus: 200.0e9,
        poisson_ratio: 0.29,
        density: 7900.0,
        yield_strength: Some(210e6),
        ultimate_strength: Some(520e6),
        source: "EN 10088-2, hot-rolled plate, minimum strengths; EN 10088-1, elastic constants",
    },
    Material {
        key: "aisi_316l",
        name: "AISI 316L",
        also: &["EN 1.4404", "X2CrNiMo17-12-2"],
        family: "Stainless steel",
        youngs_modulus: 200.0e9,
        poisson_ratio: 0.29,
        density: 8000.0,
        yield_strength: Some(220e6),
        ultimate_strength: Some(520e6),
        source: "EN 10088-2, hot-rolled plate, minimum strengths; EN 10088-1, elastic constants",
    },
    Material {
        key: "17_4_ph_h900",
        name: "17-4 PH, H900",
        also: &["EN 1.4542", "AISI 630"],
        family: "Stainless steel",
        youngs_modulus: 196.0e9,
        poisson_ratio: 0.27,
        density: 7780.0,
        yield_strength: Some(1170e6),
        ultimate_strength: Some(1310e6),
        source: "ASTM A564, H900, minimum strengths; ASM Handbook vol. 1, elastic constants",
    },
    Material {
        key: "en_gjs_500_7",
        name: "EN-GJS-500-7",
        also: &["EN 5.3200", "GGG-50"],
        family: "Cast iron",
        youngs_modulus: 169.0e9,
        poisson_ratio: 0.275,
        density: 7100.0,
        yield_strength: Some(320e6),
        ultimate_strength: Some(500e6),
        source: "EN 1563, wall up to 30 mm, minimum strengths; annex, elastic constants",
    },
    Material {
        key: "en_gjl_250",
        name: "EN-GJL-250",
        also: &["EN 5.1301", "GG-25"],
        family: "Cast iron",
        youngs_modulus: 110.0e9,
        poisson_ratio: 0.26,
        density: 7200.0,
        yield_strength: None,
        ultimate_strength: Some(250e6),
        source: "EN 1561, minimum tensile strength of separately cast bars; annex, elastic constants; brittle: no yield strength",
    },
    Material {
        key: "inconel_718",
        name: "Inconel 718",
        also: &["EN 2.4668", "UNS N07718"],
        family: "Nickel",
        youngs_modulus: 200.0e9,
        poisson_ratio: 0.29,
        density: 8190.0,
        yield_strength: Some(1034e6),
        ultimate_strength: Some(1276e6),
        source: "AMS 5662, aged, minimum strengths; Special Metals SMC-045, elastic constants",
    },
    Material {
        key: "ti_grade_2",
        name: "Titanium Grade 2",
        also: &["EN 3.7035"],
        family: "Titanium",
        youngs_modulus: 102.7e9,
        poisson_ratio: 0.34,
        density: 4510.0,
        yield_strength: Some(275e6),
        ultimate_strength: Some(345e6),
        source: "ASTM B265, minimum strengths; ASM Handbook vol. 2, elastic constants",
    },
    Material {
        key: "cuzn39pb3",
        name: "CuZn39Pb3",
        also: &["EN CW614N", "Brass"],
        family: "Copper",
        youngs_modulus: 97.0e9,
        poisson_ratio: 0.34,
        density: 8470.0,
        yield_strength: Some(200e6),
        ultimate_strength: Some(400e6),
        source: "EN 12164, R400, about 200 MPa proof stress typical; DKI data sheet, elastic constants",
    },
    Material {
        key: "az91d",
        name: "AZ91D",
        also: &["EN MC21120"],
        family: "Magnesium",
        youngs_modulus: 45.0e9,
        poisson_ratio: 0.35,
        density: 1810.0,
        yield_strength: Some(160e6),
        ultimate_strength: Some(230e6),
        source: "ASTM B94, die cast, typical",
    },
    Material {
        key: "pa12_sls",
        name: "PA 12, laser sintered",
        also: &["Nylon 12", "PA 2200"],
        family: "Plastic",
        youngs_modulus: 1.65e9,
        poisson_ratio: 0.4,
        density: 930.0,
        yield_strength: Some(42e6),
        ultimate_strength: Some(48e6),
        source: "Maker data sheet EOS PA 2200, in plane, typical, dry, 23 °C; Poisson ratio estimated",
    },
    Material {
        key: "abs",
        name: "ABS",
        also: &["Acrylonitrile butadiene styrene"],
        family: "Plastic",
        youngs_modulus: 2.2e9,
        poisson_ratio: 0.37,
        density: 1050.0,
        yield_strength: Some(42e6),
        ultimate_strength: Some(45e6),
        source: "CAMPUS data base, injection moulded, general purpose, typical, 23 °C; Poisson ratio typical",
    },
    Material {
        key: "peek",
        name: "PEEK",
        also: &["Victrex 450G"],
        family: "Plastic",
        youngs_modulus: 3.9e9,
        poisson_ratio: 0.4,
        density: 1300.0,
        yield_strength: Some(98e6),
        ultimate_strength: Some(98e6),
        source: "Maker data sheet Victrex 450G, tensile, typical, 23 °C; Poisson ratio typical",
    },
    Material {
        key: "pom_c",
        name: "POM-C",
        also: &["Acetal copolymer"],
        family: "Plastic",
        youngs_modulus: 2.8e9,
        poisson_ratio: 0.37,
        density: 1410.0,
        yield_strength: Some(67e6),
        ultimate_strength: Some(67e6),
        source: "CAMPUS data base, injection moulded, typical, 23 °C; Poisson ratio typical",
    },
];

/// The material with this key.
pub fn material(key: &str) -> Option<&'static Material> {
    MATERIALS.iter().find(|m| m.key == key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_material_is_sane_and_has_a_source() {
        assert!(MATERIALS.len() >= 12);
        for (i, m) in MATERIALS.iter().enumerate() {
            assert!(!MATERIALS[..i].iter().any(|n| n.key == m.key || n.name == m.name), "{} twice", m.key);
            assert!(m.key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'), "{}", m.key);
            // Outside these a unit was mistaken: softest moulded plastic to stiffest steel, foam-free to tungsten-free.
            assert!((0.5e9..=250e9).contains(&m.youngs_modulus), "{}", m.key);
            assert!((0.2..=0.45).contains(&m.poisson_ratio), "{}", m.key);
            assert!((800.0..=9000.0).contains(&m.density), "{}", m.key);
            for strength in [m.yield_strength, m.ultimate_strength].into_iter().flatten() {
                // Yield strain between 0.05 % and 5 %.
                let strain = strength / m.youngs_modulus;
                assert!((5e-4..=5e-2).contains(&strain), "{} {strain}", m.key);
            }
            if let (Some(y), Some(u)) = (m.yield_strength, m.ultimate_strength) {
                assert!(y <= u, "{}", m.key);
            }
            assert!(m.source.contains(',') && m.source.len() > 20, "{}", m.key);
        }
    }
}
