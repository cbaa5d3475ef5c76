//! The shader programs, compiled once for a context.

use three_d::core::{Context, CoreError, Program};

const STATE: &str = include_str!("../shader/state.glsl");
const LIGHT: &str = include_str!("../shader/light.glsl");
const LINE: &str = include_str!("../shader/line.glsl");

pub struct Programs {
    pub background: Program,
    pub face: Program,
    pub face_field: Program,
    pub line: Program,
    pub line_field: Program,
    pub outline: Program,
    pub outline_field: Program,
    pub symbol: Program,
    pub point: Program,
    pub flat: Program,
    pub cap: Program,
    pub cap_field: Program,
    pub cube: Program,
    pub sprite: Program,
    /// Lines with a colour each.
    pub tinted: Program,
}

impl Programs {
    /// # Errors
    /// The driver's message when a shader does not compile.
    pub fn new(context: &Context) -> Result<Self, CoreError> {
        let make = |vertex: &[&str], fragment: &[&str]| {
            Program::from_source(context, &vertex.join("\n"), &fragment.join("\n"))
        };
        const FIELD: &str = "#define FIELD";
        let face_vertex = include_str!("../shader/face.vert");
        let face_fragment = include_str!("../shader/face.frag");
        let line_vertex = include_str!("../shader/line.vert");
        let outline_vertex = include_str!("../shader/outline.vert");
        let line_fragment = include_str!("../shader/line.frag");
        Ok(Self {
            background: make(
                &[include_str!("../shader/background.vert")],
                &[include_str!("../shader/background.frag")],
            )?,
            face: make(&[STATE, face_vertex], &[LIGHT, face_fragment])?,
            face_field: make(&[FIELD, STATE, face_vertex], &[FIELD, LIGHT, face_fragment])?,
            line: make(&[STATE, LINE, line_vertex], &[line_fragment])?,
            line_field: make(&[FIELD, STATE, LINE, line_vertex], &[line_fragment])?,
            outline: make(&[STATE, LINE, outline_vertex], &[line_fragment])?,
            outline_field: make(&[FIELD, STATE, LINE, outline_vertex], &[line_fragment])?,
            tinted: make(&[LINE, include_str!("../shader/tinted.vert")], &[line_fragment])?,
            symbol: make(&[include_str!("../shader/symbol.vert")], &[LIGHT, include_str!("../shader/symbol.frag")])?,
            point: make(&[include_str!("../shader/point.vert")], &[include_str!("../shader/point.frag")])?,
            flat: make(&[include_str!("../shader/flat.vert")], &[include_str!("../shader/flat.frag")])?,
            cap: make(&[include_str!("../shader/cap.vert")], &[include_str!("../shader/cap.frag")])?,
            cap_field: make(
                &[FIELD, include_str!("../shader/cap.vert")],
                &[FIELD, include_str!("../shader/cap.frag")],
            )?,
            cube: make(&[include_str!("../shader/cube.vert")], &[include_str!("../shader/cube.frag")])?,
            sprite: make(&[include_str!("../shader/sprite.vert")], &[include_str!("../shader/sprite.frag")])?,
        })
    }
}
