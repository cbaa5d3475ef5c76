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
];

/// The material with this key.
pub fn material(key: &str) -> Option<&'static Material> {
    MATERIALS.iter().find(|m| m.key == key)
}
