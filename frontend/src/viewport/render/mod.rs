//! Draws a [`Stage`] with three-d's core layer: a handful of draw calls, whatever the number of bodies.
//!
//! Order: background, faces (pushed back by a polygon offset, so that edges lie cleanly on them), section cap, edges and
//! outlines, symbols, dots, then the overlay and the view cube.

pub mod batch;
mod corner;
mod direction;
mod label;
mod program;
mod symbol;

use super::camera::View;
use super::field::Shown;
use super::paint::{self, Marks, Show};
use super::stage::Stage;
use super::theme::Rgb;
use app::colormap;
use app::viewport::Pick;
use batch::{Layer, PointField};
use corner::CubeMesh;
use direction::Directions;
use glam::{DMat3, DMat4, DVec3};
use program::Programs;
use std::cell::Cell;
use symbol::Symbols;
use three_d::core::{
    Blend, ClearState, Context, CoreError, DepthTest, InstanceBuffer, Interpolation, Mat3, Mat4, RenderStates,
    RenderTarget, Texture2D, TextureData, Vec2, Vec3, Vec4, VertexBuffer, Viewport, WriteMask,
};
use web_sys::WebGl2RenderingContext as Gl;

/// A plane that cuts nothing.
pub const NO_SECTION: Vec4 = Vec4::new(0.0, 0.0, 0.0, 1e30);

/// Brightness of a cut against the body's colour.
const INSIDE: f32 = 0.86;

/// Darkness of the hatch's lines on a cut.
const HATCH: f32 = 0.22;

/// How much of an overlay is seen before the model, and behind it.
const OVER: f32 = 0.62;
const BEHIND: f32 = 0.16;

const LINES: RenderStates = RenderStates {
    write_mask: WriteMask::COLOR,
    depth_test: DepthTest::LessOrEqual,
    blend: Blend::TRANSPARENCY,
    cull: three_d::core::Cull::None,
};

pub struct Renderer {
    pub context: Context,
    gl: Gl,
    programs: Programs,
    cube: CubeMesh,
    scene: Option<Layer>,
    result: Option<Layer>,
    /// What is seen inside the result's bodies.
    inner: Option<Layer>,
    /// Over the model, seen through.
    overlay: Option<Layer>,
    map: Texture2D,
    caps: Caps,
    symbols: Symbols,
    directions: Directions,
    dots: Dots,
    /// Drawn once, so that the first result finds its programs built; then `None`.
    warming: Cell<Option<Layer>>,
    is_warm: bool,
    draw_calls: Cell<u32>,
}

/// How much of a layer's faces is seen, and where.
#[derive(Clone, Copy)]
struct Veil {
    alpha: f32,
    states: RenderStates,
    /// Polygon offset: of the slope, and in steps of depth.
    offset: (f32, f32),
}

impl Veil {
    const NONE: Self = Self {
        alpha: 1.0,
        states: RenderStates {
            write_mask: WriteMask::COLOR_AND_DEPTH,
            depth_test: DepthTest::Less,
            blend: Blend::Disabled,
            cull: three_d::core::Cull::None,
        },
        offset: (1.8, 2.0),
    };
    /// Lies before the faces of the model that it coincides with, and behind its edges.
    const OVER: Self = Self { alpha: OVER, states: LINES, offset: (0.9, 1.0) };
    const BEHIND: Self =
        Self { alpha: BEHIND, states: RenderStates { depth_test: DepthTest::Greater, ..LINES }, offset: (0.9, 1.0) };
}

/// How a field lies over a layer.
struct Look {
    /// Where the layer's own coordinates begin, world, m.
    base: DVec3,
    /// Value at the start of the colour map, and maps per value.
    ramp: (f64, f64),
    /// 0 for smooth colours.
    bands: f32,
    /// The values are numbers of states.
    counts: bool,
    scale: f32,
}

impl From<&Shown> for Look {
    fn from(shown: &Shown) -> Self {
        Self {
            base: shown.model.base,
            ramp: shown.ramp(),
            bands: shown.bands(),
            counts: shown.view.reading.over.counts(),
            scale: shown.drawn_scale(),
        }
    }
}

/// The cap of one body under its field.
struct FieldCap {
    positions: VertexBuffer<[f32; 3]>,
    tints: VertexBuffer<[f32; 4]>,
    places: VertexBuffer<[f32; 2]>,
    field: Texture2D,
}

/// The cut of the section.
struct Caps {
    fields: Vec<FieldCap>,
    bands: f32,
    positions: VertexBuffer<[f32; 3]>,
    tints: VertexBuffer<[f32; 4]>,
    start: InstanceBuffer<[f32; 3]>,
    end: InstanceBuffer<[f32; 3]>,
    border: InstanceBuffer<[f32; 4]>,
}

/// Corners shown as dots.
struct Dots {
    centres: InstanceBuffer<[f32; 3]>,
    tints: InstanceBuffer<[f32; 4]>,
}

/// What all passes of a picture share.
pub struct Frame {
    pub view: View,
    pub clip_from_local: DMat4,
    pub viewport: Viewport,
    /// Device pixels per CSS pixel.
    pub ratio: f64,
    pub section: Vec4,
}

impl Renderer {
    /// # Errors
    /// The driver's message when a shader does not compile.
    pub fn new(context: Context, gl: Gl) -> Result<Self, CoreError> {
        Ok(Self {
            programs: Programs::new(&context)?,
            cube: CubeMesh::new(&context),
            scene: None,
            result: None,
            inner: None,
            overlay: None,
            map: batch::picture(
                &context,
                colormap::N,
                1,
                TextureData::RgbaU8(colormap::table().iter().map(|&[r, g, b]| [r, g, b, 255]).collect()),
                Interpolation::Linear,
            ),
            caps: Caps {
                fields: Vec::new(),
                bands: 0.0,
                positions: VertexBuffer::new(&context),
                tints: VertexBuffer::new(&context),
                start: InstanceBuffer::new(&context),
                end: InstanceBuffer::new(&context),
                border: InstanceBuffer::new(&context),
            },
            symbols: Symbols::new(&context),
            directions: Directions::new(&context),
            dots: Dots { centres: InstanceBuffer::new(&context), tints: InstanceBuffer::new(&context) },
            warming: Cell::new(None),
            is_warm: false,
            draw_calls: Cell::new(0),
            gl,
            context,
        })
    }

    fn count(&self) {
        self.draw_calls.set(self.draw_calls.get() + 1);
    }

    /// Sends to the GPU what changed since the last picture.
    pub fn upload(&mut self, stage: &mut Stage) {
        let changes = std::mem::take(&mut stage.changes);
        if changes.scene {
            self.scene = (!stage.model.bodies.is_empty()).then(|| Layer::new(&self.context, &stage.model, None));
        }
        if changes.result {
            self.result = stage.result.as_ref().map(|shown| {
                let field = PointField { displacement: &shown.displacement, values: &shown.values };
                Layer::new(&self.context, &shown.model, Some(&field))
            });
        }
        if changes.inner {
            self.inner = stage
                .inner
                .as_ref()
                .filter(|m| m.n_triangles() > 0)
                .map(|model| Layer::new(&self.context, model, None));
        }
        if changes.overlay {
            let seen = stage.overlay.as_ref().filter(|m| m.n_triangles() > 0);
            self.overlay = seen.map(|model| Layer::new(&self.context, model, None));
        }
        if changes.scene || changes.result || changes.inner || changes.overlay || changes.states {
            let marks = Marks {
                hover: stage.hover.as_ref(),
                selected: &stage.selected,
                highlighted: &stage.highlighted,
                remote: &stage.remote,
                show: &stage.show,
                edges: stage.edges,
                theme: stage.theme,
            };
            if let Some(layer) = &mut self.scene {
                layer.face_states.fill(&paint::face_states(&stage.model, &marks));
                layer.edge_states.fill(&paint::edge_states(&stage.model, &marks));
            }
            if let (Some(layer), Some(shown)) = (&mut self.result, &stage.result) {
                // A face lit up under the pointer would hide the colours that are probed there.
                let hover = stage.hover.as_ref().filter(|pick| !matches!(pick, Pick::Face { .. }));
                let marks = Marks { show: &stage.result_show, hover, ..marks };
                layer.face_states.fill(&paint::face_states(&shown.model, &marks));
                layer.edge_states.fill(&paint::edge_states(&shown.model, &marks));
            }
            if let (Some(layer), Some(inner)) = (&mut self.inner, &stage.inner) {
                let show = vec![Show::Solid; inner.bodies.len()];
                let marks = Marks { show: &show, hover: None, selected: &[], highlighted: &[], remote: &[], ..marks };
                layer.face_states.fill(&paint::face_states(inner, &marks));
            }
            if let (Some(layer), Some(overlay)) = (&mut self.overlay, &stage.overlay) {
                let show = vec![Show::Solid; overlay.bodies.len()];
                let marks = Marks { show: &show, hover: None, selected: &[], highlighted: &[], remote: &[], ..marks };
                layer.face_states.fill(&paint::face_states(overlay, &marks));
            }
            let dots = paint::dots(&stage.model, &marks);
            let centres: Vec<[f32; 3]> = dots.iter().map(|d| stage.model.local(d.0)).collect();
            let tints: Vec<[f32; 4]> = dots.iter().map(|d| d.1).collect();
            self.dots.centres.fill(&centres);
            self.dots.tints.fill(&tints);
        }
        if changes.scene || changes.result || changes.section {
            self.caps.fill(&self.context, stage);
        }
        if changes.scene || changes.result || changes.section || changes.inner {
            self.directions.fill(stage);
        }
        if changes.scene || changes.symbols {
            self.symbols.fill(&self.context, stage);
        }
        if changes.warm && !std::mem::replace(&mut self.is_warm, true) {
            self.warming.set(Some(Layer::unseen(&self.context)));
        }
    }

    /// Draws the stage into `target`; returns the number of draw calls.
    ///
    /// # Errors
    /// The driver's message when it refuses.
    pub fn draw(&self, stage: &Stage, target: &RenderTarget, ratio: f64) -> Result<u32, CoreError> {
        self.draw_calls.set(0);
        let view = stage.view();
        let frame = Frame {
            clip_from_local: view.clip_from_world * DMat4::from_translation(stage.model.base),
            view,
            viewport: Viewport::new_at_origo(target.width(), target.height()),
            ratio,
            section: stage.section.map_or(NO_SECTION, |s| {
                let normal = DVec3::from_array(s.normal);
                let offset = (DVec3::from_array(s.point) - stage.model.base).dot(normal);
                vec3(normal).extend(offset as f32)
            }),
        };
        target.clear(ClearState::color_and_depth(1.0, 1.0, 1.0, 1.0, 1.0));
        target.write(|| -> Result<(), CoreError> {
            self.draw_background(stage, &frame);
            // Result skins first: the bodies they stand for keep only their ghost's edges.
            let look = stage.result.as_ref().map(Look::from);
            let layers = [(&self.result, look.as_ref()), (&self.scene, None)];
            let layers: Vec<_> = layers.into_iter().filter_map(|(l, look)| Some((l.as_ref()?, look))).collect();
            for (layer, look) in &layers {
                self.draw_faces(stage, &frame, layer, look.map_or(stage.model.base, |l| l.base), *look, Veil::NONE);
            }
            if let Some(layer) = self.warming.take() {
                let look = Look { base: stage.model.base, ramp: (0.0, 1.0), bands: 0.0, counts: false, scale: 1.0 };
                self.draw_faces(stage, &frame, &layer, look.base, Some(&look), Veil::NONE);
                self.draw_lines(stage, &frame, &layer, Some(&look));
            }
            if let (Some(layer), Some(inner)) = (&self.inner, &stage.inner) {
                self.draw_faces(stage, &frame, layer, inner.base, None, Veil::NONE);
            }
            self.draw_caps(&frame);
            if let (Some(layer), Some(overlay)) = (&self.overlay, &stage.overlay) {
                for veil in [Veil::BEHIND, Veil::OVER] {
                    self.draw_faces(stage, &frame, layer, overlay.base, None, veil);
                }
            }
            for (layer, look) in &layers {
                self.draw_lines(stage, &frame, layer, *look);
            }
            self.draw_directions(&frame);
            self.draw_symbols(stage, &frame);
            self.draw_dots(&frame);
            self.draw_band(stage, &frame);
            Ok(())
        })?;
        target.clear(ClearState::depth(1.0));
        target.write(|| -> Result<(), CoreError> {
            self.draw_cube(stage, &frame);
            Ok(())
        })?;
        Ok(self.draw_calls.get())
    }

    fn draw_background(&self, stage: &Stage, frame: &Frame) {
        let program = &self.programs.background;
        program.use_uniform("top", rgb(stage.theme.top));
        program.use_uniform("bottom", rgb(stage.theme.bottom));
        let states =
            RenderStates { write_mask: WriteMask::COLOR, depth_test: DepthTest::Always, ..RenderStates::default() };
        program.draw_arrays(states, frame.viewport, 3);
        self.count();
    }

    /// `base`: where the layer's own coordinates begin, world, m.
    fn draw_faces(&self, stage: &Stage, frame: &Frame, layer: &Layer, base: DVec3, look: Option<&Look>, veil: Veil) {
        let batch = &layer.faces;
        let mut program = &self.programs.face;
        let offset = base - stage.model.base;
        if let (Some(look), Some(displacement), Some(values)) = (look, &batch.displacement, &batch.values) {
            program = &self.programs.face_field;
            program.use_uniform("range", Vec3::new(look.ramp.0 as f32, look.ramp.1 as f32, look.bands));
            program.use_uniform("counts", if look.counts { 1.0f32 } else { 0.0 });
            program.use_uniform("scale", look.scale);
            program.use_texture("map", &self.map);
            program.use_vertex_attribute("displacement", displacement);
            program.use_vertex_attribute("value", values);
        }
        let clip_from_local = frame.clip_from_local * DMat4::from_translation(offset);
        let section = shifted(frame.section, offset);
        let view_from_world = stage.camera.axes().transpose();
        program.use_uniform("clip_from_local", mat4(clip_from_local));
        program.use_uniform("view_from_world", mat3(view_from_world));
        program.use_uniform("section", section);
        program.use_uniform("sky", vec3(view_from_world * DVec3::Z));
        program.use_uniform("inside", Vec3::new(INSIDE, INSIDE, INSIDE));
        program.use_uniform("rows", layer.face_states.rows);
        program.use_uniform("alpha", veil.alpha);
        program.use_texture("states", layer.face_states.texture());
        program.use_vertex_attribute("position", &batch.positions);
        program.use_vertex_attribute("normal", &batch.normals);
        program.use_vertex_attribute("face", &batch.faces);
        // Edges are up to four pixels wide: push faces back by the slope over two.
        self.gl.enable(Gl::POLYGON_OFFSET_FILL);
        let (slope, units) = veil.offset;
        self.gl.polygon_offset(slope, units);
        program.draw_elements(veil.states, frame.viewport, &batch.indices);
        self.gl.disable(Gl::POLYGON_OFFSET_FILL);
        self.count();
    }

    fn draw_lines(&self, stage: &Stage, frame: &Frame, layer: &Layer, look: Option<&Look>) {
        let offset = look.map_or(DVec3::ZERO, |l| l.base - stage.model.base);
        let clip_from_local = mat4(frame.clip_from_local * DMat4::from_translation(offset));
        let section = shifted(frame.section, offset);
        let scale = look.map_or(1.0, |l| l.scale);
        let size = Vec2::new(frame.viewport.width as f32, frame.viewport.height as f32);
        let outlines = &layer.outlines;
        if stage.edges && outlines.faces.instance_count() > 0 {
            let mut program = &self.programs.outline;
            if let Some([a, b]) = &outlines.moves {
                program = &self.programs.outline_field;
                program.use_uniform("scale", scale);
                program.use_instance_attribute("move_a", a);
                program.use_instance_attribute("move_b", b);
            }
            let camera = &frame.view.camera;
            let eye = if camera.perspective {
                vec3(frame.view.eye - stage.model.base - offset).extend(1.0)
            } else {
                vec3(camera.backward()).extend(0.0)
            };
            program.use_uniform("clip_from_local", clip_from_local);
            program.use_uniform("viewport", size);
            program.use_uniform("section", section);
            program.use_uniform("nudge", 1e-6f32);
            program.use_uniform("eye", eye);
            program.use_uniform("width", (1.2 * frame.ratio) as f32);
            program.use_uniform("tint", tint(stage.theme.edge, stage.theme.edge_alpha));
            program.use_uniform("rows", layer.face_states.rows);
            program.use_texture("states", layer.face_states.texture());
            program.use_instance_attribute("a", &outlines.a);
            program.use_instance_attribute("b", &outlines.b);
            program.use_instance_attribute("left", &outlines.left);
            program.use_instance_attribute("right", &outlines.right);
            program.use_instance_attribute("face", &outlines.faces);
            program.draw_arrays_instanced(LINES, frame.viewport, 6, outlines.faces.instance_count());
            self.count();
        }
        let lines = &layer.lines;
        if lines.edges.instance_count() > 0 {
            let mut program = &self.programs.line;
            if let Some([a, b]) = &lines.moves {
                program = &self.programs.line_field;
                program.use_uniform("scale", scale);
                program.use_instance_attribute("move_a", a);
                program.use_instance_attribute("move_b", b);
            }
            program.use_uniform("clip_from_local", clip_from_local);
            program.use_uniform("viewport", size);
            program.use_uniform("section", section);
            program.use_uniform("nudge", 2e-6f32);
            program.use_uniform("pixel_ratio", frame.ratio as f32);
            program.use_uniform("rows", layer.edge_states.rows);
            program.use_texture("states", layer.edge_states.texture());
            program.use_instance_attribute("a", &lines.a);
            program.use_instance_attribute("b", &lines.b);
            program.use_instance_attribute("edge", &lines.edges);
            program.draw_arrays_instanced(LINES, frame.viewport, 6, lines.edges.instance_count());
            self.count();
        }
    }

    fn draw_caps(&self, frame: &Frame) {
        let caps = &self.caps;
        if caps.start.instance_count() == 0 {
            return;
        }
        if caps.positions.vertex_count() > 0 {
            let program = &self.programs.cap;
            program.use_uniform("clip_from_local", mat4(frame.clip_from_local));
            program.use_uniform("pixel_ratio", frame.ratio as f32);
            program.use_uniform("strength", HATCH);
            program.use_vertex_attribute("position", &caps.positions);
            program.use_vertex_attribute("tint", &caps.tints);
            program.draw_arrays(RenderStates::default(), frame.viewport, caps.positions.vertex_count());
            self.count();
        }
        for cap in &caps.fields {
            let program = &self.programs.cap_field;
            program.use_uniform("clip_from_local", mat4(frame.clip_from_local));
            program.use_uniform("pixel_ratio", frame.ratio as f32);
            program.use_uniform("strength", HATCH);
            program.use_uniform("bands", caps.bands);
            program.use_texture("field", &cap.field);
            program.use_texture("map", &self.map);
            program.use_vertex_attribute("position", &cap.positions);
            program.use_vertex_attribute("tint", &cap.tints);
            program.use_vertex_attribute("place", &cap.places);
            program.draw_arrays(RenderStates::default(), frame.viewport, cap.positions.vertex_count());
            self.count();
        }
        let program = &self.programs.tinted;
        program.use_uniform("clip_from_local", mat4(frame.clip_from_local));
        program.use_uniform("viewport", Vec2::new(frame.viewport.width as f32, frame.viewport.height as f32));
        program.use_uniform("section", NO_SECTION);
        program.use_uniform("nudge", 1e-5f32);
        program.use_uniform("width", (1.5 * frame.ratio) as f32);
        program.use_instance_attribute("a", &caps.start);
        program.use_instance_attribute("b", &caps.end);
        program.use_instance_attribute("tint", &caps.border);
        program.draw_arrays_instanced(LINES, frame.viewport, 6, caps.start.instance_count());
        self.count();
    }

    fn draw_dots(&self, frame: &Frame) {
        let n = self.dots.centres.instance_count();
        if n == 0 {
            return;
        }
        let program = &self.programs.point;
        program.use_uniform("clip_from_local", mat4(frame.clip_from_local));
        program.use_uniform("viewport", Vec2::new(frame.viewport.width as f32, frame.viewport.height as f32));
        program.use_uniform("radius", (5.5 * frame.ratio) as f32);
        program.use_instance_attribute("centre", &self.dots.centres);
        program.use_instance_attribute("tint", &self.dots.tints);
        program.draw_arrays_instanced(LINES, frame.viewport, 6, n);
        self.count();
    }

    /// The rubber band: filled lightly, its border a pixel wide; dashed look is not needed, the two directions differ in colour.
    fn draw_band(&self, stage: &Stage, frame: &Frame) {
        let Some((from, to)) = stage.band else { return };
        let colour = if to.x >= from.x { stage.theme.highlighted } else { stage.theme.selected };
        let (lo, hi) = (from.min(to).as_vec2(), from.max(to).as_vec2());
        let mut positions: Vec<[f32; 2]> = Vec::new();
        let mut tints: Vec<[f32; 4]> = Vec::new();
        let mut rectangle = |x0: f32, y0: f32, x1: f32, y1: f32, alpha: u8| {
            positions.extend([[x0, y0], [x1, y0], [x1, y1], [x0, y0], [x1, y1], [x0, y1]]);
            tints.extend([paint::unit(colour, alpha); 6]);
        };
        rectangle(lo.x, lo.y, hi.x, hi.y, 36);
        rectangle(lo.x, lo.y, hi.x, lo.y + 1.0, 230);
        rectangle(lo.x, hi.y - 1.0, hi.x, hi.y, 230);
        rectangle(lo.x, lo.y, lo.x + 1.0, hi.y, 230);
        rectangle(hi.x - 1.0, lo.y, hi.x, hi.y, 230);
        let program = &self.programs.flat;
        program.use_uniform("size", Vec2::new(stage.size.x as f32, stage.size.y as f32));
        program.use_vertex_attribute("position", &VertexBuffer::new_with_data(&self.context, &positions));
        program.use_vertex_attribute("tint", &VertexBuffer::new_with_data(&self.context, &tints));
        let states = RenderStates { depth_test: DepthTest::Always, ..LINES };
        program.draw_arrays(states, frame.viewport, positions.len() as u32);
        self.count();
    }
}

impl Caps {
    fn fill(&mut self, context: &Context, stage: &Stage) {
        self.fields.clear();
        self.bands = stage.result.as_ref().map_or(0.0, Shown::bands);
        let (mut positions, mut tints) = (Vec::new(), Vec::new());
        let (mut start, mut end, mut border) = (Vec::new(), Vec::new(), Vec::new());
        let line = paint::unit(stage.theme.edge, stage.theme.edge_alpha);
        for (i, (cap, colour, raster)) in stage.caps().into_iter().enumerate() {
            let mut tint = paint::unit(colour, 255).map(|v| v * INSIDE);
            tint[3] = (i % 2) as f32;
            let corners = cap.triangles.iter().flatten();
            if let (Some(raster), Some(shown)) = (raster, &stage.result) {
                let local: Vec<[f32; 3]> = corners.clone().map(|&p| stage.model.local(p)).collect();
                // three-d turns a texture's rows over on their way to the GPU.
                let upright = |p: glam::DVec2| [p.x as f32, 1.0 - p.y as f32];
                let places: Vec<[f32; 2]> = corners.map(|&p| upright(raster.place(p))).collect();
                if !local.is_empty() {
                    let texels = TextureData::RgbaU8(raster.texels(shown.ramp()));
                    // Between two states there is none.
                    let counts = shown.view.reading.over.counts();
                    let filter = if counts { Interpolation::Nearest } else { Interpolation::Linear };
                    self.fields.push(FieldCap {
                        tints: VertexBuffer::new_with_data(context, &vec![tint; local.len()]),
                        positions: VertexBuffer::new_with_data(context, &local),
                        places: VertexBuffer::new_with_data(context, &places),
                        field: batch::picture(context, raster.columns, raster.rows, texels, filter),
                    });
                }
            } else {
                positions.extend(corners.map(|&p| stage.model.local(p)));
                tints.resize(positions.len(), tint);
            }
            start.extend(cap.border.iter().map(|s| stage.model.local(s[0])));
            end.extend(cap.border.iter().map(|s| stage.model.local(s[1])));
            border.resize(start.len(), line);
        }
        self.positions.fill(&positions);
        self.tints.fill(&tints);
        self.start.fill(&start);
        self.end.fill(&end);
        self.border.fill(&border);
    }
}

/// A section plane seen from a base that lies `offset` away.
fn shifted(section: Vec4, offset: DVec3) -> Vec4 {
    let along = DVec3::new(f64::from(section.x), f64::from(section.y), f64::from(section.z)).dot(offset);
    Vec4::new(section.x, section.y, section.z, section.w - along as f32)
}

pub fn mat4(m: DMat4) -> Mat4 {
    Mat4::from(m.as_mat4().to_cols_array_2d())
}

pub fn mat3(m: DMat3) -> Mat3 {
    Mat3::from(m.as_mat3().to_cols_array_2d())
}

pub fn vec3(v: DVec3) -> Vec3 {
    Vec3::new(v.x as f32, v.y as f32, v.z as f32)
}

pub fn rgb(c: Rgb) -> Vec3 {
    let [r, g, b, _] = paint::unit(c, 255);
    Vec3::new(r, g, b)
}

fn tint(c: Rgb, alpha: u8) -> Vec4 {
    Vec4::from(paint::unit(c, alpha))
}
