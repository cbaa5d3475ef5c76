//! Line icons on a 16-unit square, one stroke width, drawn for this product.

use leptos::prelude::*;

macro_rules! glyphs {
    ($($name:ident $path:literal)*) => {
        /// Which icon.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Glyph { $($name),* }
        impl Glyph {
            /// SVG path data, stroked.
            pub fn path(self) -> &'static str {
                match self { $(Self::$name => $path),* }
            }
        }
    };
}

glyphs! {
    Add "M8 3v10M3 8h10"
    Remove "M3.5 4.5h9M6.5 4.5V3h3v1.5M4.5 4.5l.6 8.5h5.8l.6-8.5M6.8 7v3.5M9.2 7v3.5"
    Close "M4 4l8 8M12 4l-8 8"
    Play "M5 3l8 5-8 5z"
    Pause "M5.5 3.5v9M10.5 3.5v9"
    Check "M3 8.5l3.2 3L13 4.5"
    Down "M4 6l4 4 4-4"
    Right "M6 4l4 4-4 4"
    Left "M10 4L6 8l4 4"
    History "M8 14A6 6 0 102.3 9.9M2 6.5l1 3.4 3.2-1.3M8 4.5V8l2.5 1.5"
    Branch "M4.5 4.8v6.4M4.5 4.8a1.4 1.4 0 100-2.8 1.4 1.4 0 000 2.8zM4.5 14a1.4 1.4 0 100-2.8 1.4 1.4 0 000 2.8zM11.5 6.3a1.4 1.4 0 100-2.8 1.4 1.4 0 000 2.8zM11.5 6.3c0 2.7-7 2-7 4.9"
    Merge "M4.5 4.8v6.4M4.5 4.8a1.4 1.4 0 100-2.8 1.4 1.4 0 000 2.8zM4.5 14a1.4 1.4 0 100-2.8 1.4 1.4 0 000 2.8zM11.5 11.3a1.4 1.4 0 100-2.8 1.4 1.4 0 000 2.8zM4.5 4.8c0 3.4 2.5 5.1 5.6 5.1"
    Swap "M5 13V3M2.5 5.5L5 3l2.5 2.5M11 3v10M8.5 10.5L11 13l2.5-2.5"
    Undo "M6 3L3 6l3 3M3 6h6.5a3.5 3.5 0 010 7H6"
    Redo "M10 3l3 3-3 3M13 6H6.5a3.5 3.5 0 000 7H10"
    Share "M8 10V2M5 5l3-3 3 3M3 9v4h10V9"
    Search "M7 12A5 5 0 107 2a5 5 0 000 10zM10.6 10.6L14 14"
    More "M3.5 8h.01M8 8h.01M12.5 8h.01"
    Sun "M8 10.5a2.5 2.5 0 100-5 2.5 2.5 0 000 5zM8 1.5v1.5M8 13v1.5M1.5 8H3M13 8h1.5M3.4 3.4l1 1M11.6 11.6l1 1M12.6 3.4l-1 1M4.4 11.6l-1 1"
    Moon "M13 9.5A5.5 5.5 0 016.5 3 5.5 5.5 0 1013 9.5z"
    Person "M8 8a2.7 2.7 0 100-5.4A2.7 2.7 0 008 8zM2.8 13.8c.5-2.6 2.6-4 5.2-4s4.7 1.4 5.2 4"
    People "M6 8a2.4 2.4 0 100-4.8A2.4 2.4 0 006 8zM1.5 13c.4-2.2 2.2-3.4 4.5-3.4s4.1 1.2 4.5 3.4M10.5 3.4a2.3 2.3 0 010 4.4M12 9.9c1.4.4 2.3 1.5 2.6 3.1"
    Home "M2.5 7.5L8 3l5.5 4.5V13h-4V9.5h-3V13h-4z"
    Runs "M2.5 12.5V9M6.2 12.5V5M9.8 12.5V7M13.5 12.5V3"
    Layers "M8 2.5l5.5 2.8L8 8.1 2.5 5.3zM2.5 8L8 10.8 13.5 8M2.5 10.7L8 13.5l5.5-2.8"
    Warning "M8 2.5l6 10.5H2zM8 6.5v3M8 11.4h.01"
    Error "M8 14A6 6 0 108 2a6 6 0 000 12zM8 5v3.6M8 10.9h.01"
    Info "M8 14A6 6 0 108 2a6 6 0 000 12zM8 7.4V11M8 5.1h.01"
    Eye "M1.5 8S4 3.8 8 3.8 14.5 8 14.5 8 12 12.2 8 12.2 1.5 8 1.5 8zM8 10a2 2 0 100-4 2 2 0 000 4z"
    EyeOff "M2 2l12 12M6.2 4.1A6.7 6.7 0 018 3.8c4 0 6.5 4.2 6.5 4.2a12 12 0 01-2 2.4M10 11.9a6.6 6.6 0 01-2 .3C4 12.2 1.5 8 1.5 8A12 12 0 014.2 5.1"
    Isolate "M2.5 5V2.5H5M11 2.5h2.5V5M13.5 11v2.5H11M5 13.5H2.5V11M6 6h4v4H6z"
    Section "M3 3h10v10H3zM3 13L13 3M8.5 13L13 8.5M5.5 13L13 5.5"
    Measure "M2 10.5L10.5 2 14 5.5 5.5 14zM4.5 8l1.5 1.5M7 5.5L8.5 7M9.5 3L11 4.5"
    Edges "M3 2.5v10.5h10.5M3 13l5.5-5.5M6 2.5h7.5V10"
    Fit "M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10"
    Perspective "M4.5 3.5h7l2.5 9H2zM8 3.5v9M3.3 8h9.4"
    Group "M2 4.5h4l1.3 1.5H14v7H2z"
    Parameter "M4.5 4.5l3.5 7 3.5-9M2 7h1.5M11.5 12.5l2.5-4M11.5 8.5l2.5 4"
    Box "M8 2l5.5 3v6L8 14l-5.5-3V5zM2.5 5L8 8l5.5-3M8 8v6"
    Cylinder "M3.5 4.3c0-1 2-1.8 4.5-1.8s4.5.8 4.5 1.8v7.4c0 1-2 1.8-4.5 1.8s-4.5-.8-4.5-1.8zM3.5 4.3c0 1 2 1.8 4.5 1.8s4.5-.8 4.5-1.8"
    Cone "M8 2l4.8 9.7c0 1-2.2 1.8-4.8 1.8s-4.8-.8-4.8-1.8zM3.2 11.7c0-1 2.2-1.7 4.8-1.7s4.8.7 4.8 1.7"
    Sphere "M8 14A6 6 0 108 2a6 6 0 000 12zM2 8c0 1.2 2.7 2.2 6 2.2S14 9.2 14 8"
    Torus "M8 12.5c3.3 0 6-2 6-4.5s-2.7-4.5-6-4.5S2 5.5 2 8s2.7 4.5 6 4.5zM5.5 7.6c.6.8 1.5 1.2 2.5 1.2s1.9-.4 2.5-1.2"
    Extrude "M3 10.5l5 2.5 5-2.5-5-2.5zM8 8V2M5.8 4L8 2l2.2 2"
    Revolve "M8 2v12M10.5 5.5h3v5h-3M5.5 5.5c-2 .4-3.3 1.3-3.3 2.5s1.3 2.1 3.3 2.5"
    Hole "M2 6l6-3 6 3-6 3zM2 6v5l6 3 6-3V6M8 7.1c1.1 0 2-.5 2-1.1s-.9-1.1-2-1.1-2 .5-2 1.1.9 1.1 2 1.1z"
    Boolean "M6 10.5a4 4 0 100-8 4 4 0 000 8zM10 13.5a4 4 0 100-8 4 4 0 000 8z"
    Fillet "M3 13.5V8.5a6 6 0 016-6h4.5"
    Chamfer "M3 13.5V8l5.5-5.5h5"
    Pattern "M2.5 2.5h4v4h-4zM9.5 2.5h4v4h-4zM2.5 9.5h4v4h-4zM9.5 9.5h4v4h-4z"
    Circular "M8 4.5a1.5 1.5 0 100-3 1.5 1.5 0 000 3zM8 14.5a1.5 1.5 0 100-3 1.5 1.5 0 000 3zM3 9.5a1.5 1.5 0 100-3 1.5 1.5 0 000 3zM13 9.5a1.5 1.5 0 100-3 1.5 1.5 0 000 3z"
    Mirror "M8 2v12M6 4.5L2 12h4zM10 4.5l4 7.5h-4z"
    Move "M8 2v12M2 8h12M6 4l2-2 2 2M6 12l2 2 2-2M4 6L2 8l2 2M12 6l2 2-2 2"
    Import "M8 2v8M5 7l3 3 3-3M3 10v3.5h10V10"
    Grown "M2.5 2.5v11M2.5 4c4.5 0 5.5 4 11 4M2.5 12c4.5 0 5.5-4 11-4M6.8 5.4c1.6 1.6 1.6 3.6 0 5.2"
    Selection "M3 3h3M10 3h3v3M13 10v3h-3M6 13H3v-3M3 6V3M6.5 6.5l5 2-2.2.8-.8 2.2z"
    Support "M8 3l4 6H4zM2.5 11.5h11M4 11.5l-1.5 2M8 11.5l-1.5 2M12 11.5l-1.5 2"
    Load "M8 2v8.5M4.8 7.5L8 10.7l3.2-3.2M2.5 13.5h11"
    Bolt "M4.5 2.5h7v3.2h-7zM6.2 5.7v7.8h3.6V5.7M6.2 8.3h3.6M6.2 10.9h3.6"
    Heat "M8 10V3.5a1.5 1.5 0 00-3 0V10a3 3 0 103 0zM6.5 6v6M11 4h2.5M11 7h2.5M11 10h2.5"
    Case "M3 4h10M3 8h10M3 12h6"
    Study "M2.5 13.5c2-8 4-10 5.5-10s1.5 3 2.5 5.5 2 3 3 1.5M2.5 2.5v11h11"
    Setting "M3 4.5h6M12 4.5h1M3 11.5h1M7 11.5h6M10.5 6a1.5 1.5 0 100-3 1.5 1.5 0 000 3zM5.5 13a1.5 1.5 0 100-3 1.5 1.5 0 000 3z"
    Run "M5 3l8 5-8 5z"
    Stop "M4 4h8v8H4z"
    Cloud "M4.5 12.5a3 3 0 01-.3-6 4 4 0 017.7.6 2.7 2.7 0 01-.4 5.4z"
    Offline "M2 2l12 12M4.5 12.5a3 3 0 01-.3-6M6.5 4.3a4 4 0 015.4 2.8 2.7 2.7 0 011.2 4.4M10.5 12.5h-6"
    Copy "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3"
    Link "M6.5 9.5l3-3M7 4.5l1.5-1.5a3 3 0 014.3 4.3L11.3 8.8M9 11.5L7.5 13a3 3 0 01-4.3-4.3l1.5-1.5"
    Grip "M6 4h.01M10 4h.01M6 8h.01M10 8h.01M6 12h.01M10 12h.01"
    Keyboard "M1.5 4h13v8h-13zM4 6.5h.01M6.5 6.5h.01M9 6.5h.01M11.5 6.5h.01M5 9.5h6"
    Help "M8 14A6 6 0 108 2a6 6 0 000 12zM6.3 6.3a1.750 1.750 0 113 1.2c-.8.7-1.3 1-1.3 1.9M8 11.4h.01"
    Archive "M2 3h12v3H2zM3 6v7.5h10V6M6.5 8.5h3"
    Restore "M3 8a5 5 0 111.5 3.6M3 12.5V9.5h3"
    RollBack "M3 13h10M8 10.5v-8M5 5.5l3-3 3 3"
    Rename "M10.5 3l2.5 2.5-7.5 7.5H3v-2.5zM9 4.5L11.5 7"
    Device "M2 3h12v8H2zM5.5 13.5h5M8 11v2.5"
    Leave "M9.5 3H3v10h6.5M7 8h7M11.5 5.5L14 8l-2.5 2.5"
    Palette "M2 13V3h3v10zM2 6.3h3M2 9.6h3M8 4h6M8 8h6M8 12h4"
    Flag "M4 14V2.5M4 3h8l-2 2.7 2 2.8H4"
    Talk "M2.5 3h11v7.5H8L5 13.2v-2.7H2.5z"
    Bell "M8 2.2c2.4 0 3.8 1.7 3.8 4v2.6l1.4 2.2H2.8l1.4-2.2V6.2c0-2.3 1.4-4 3.8-4zM6.6 13a1.5 1.5 0 002.8 0"
    Download "M8 2v8M5 7l3 3 3-3M3 13h10"
    Pin "M8 14V9.5M5 2.5h6l-.8 4 2 2.5H3.8l2-2.5z"
    Curve "M2.5 2.5v11h11M4.5 11c2 0 2-6 4.5-6s2 4 4.5 4"
    Beside "M2 3h5v10H2zM9 3h5v10H9z"
    Ghost "M2.5 5.5l4-2 4 2v5l-4 2-4-2zM10.5 6.5l3 1.5v4.5l-4 2-2.5-1.3"
}

/// An inline icon; decorative, so the control around it carries the name.
#[component]
pub fn Icon(glyph: Glyph, #[prop(default = 16)] size: u8) -> impl IntoView {
    // Filled where a stroke alone would read as noise.
    let fill = if matches!(glyph, Glyph::Run | Glyph::Stop) { "currentColor" } else { "none" };
    let width = if matches!(glyph, Glyph::More | Glyph::Grip) { "2" } else { "1.3" };
    view! {
        <svg
            class="icon" width=size height=size viewBox="0 0 16 16" fill=fill stroke="currentColor"
            stroke-width=width stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"
        >
            <path d=glyph.path()></path>
        </svg>
    }
    .into_any()
}

/// The icon of an object's kind.
impl Glyph {
    pub fn of_kind(kind: &str) -> Self {
        match kind {
            "group" => Self::Group,
            "parameter" => Self::Parameter,
            "box" => Self::Box,
            "cylinder" => Self::Cylinder,
            "cone" => Self::Cone,
            "sphere" => Self::Sphere,
            "torus" => Self::Torus,
            "extrude" => Self::Extrude,
            "revolve" => Self::Revolve,
            "hole" => Self::Hole,
            "boolean" => Self::Boolean,
            "fillet" => Self::Fillet,
            "chamfer" => Self::Chamfer,
            "pattern_linear" => Self::Pattern,
            "pattern_circular" => Self::Circular,
            "mirror" => Self::Mirror,
            "move" => Self::Move,
            "import" => Self::Import,
            "generated" => Self::Grown,
            "selection" => Self::Selection,
            "isotropic" | "orthotropic" => Self::Layers,
            "fixed" | "sliding" | "symmetry" | "displacement" | "remote_displacement" | "elastic" => Self::Support,
            "bolt_preload" => Self::Bolt,
            "load_case" => Self::Case,
            "temperature" | "heat_flux" | "convection" | "radiation" | "heat_source" => Self::Heat,
            "static" | "modal" | "buckling" | "heat" | "generative" => Self::Study,
            "probe" => Self::Pin,
            "requirement" => Self::Check,
            "units" => Self::Setting,
            _ => Self::Load,
        }
    }
}
