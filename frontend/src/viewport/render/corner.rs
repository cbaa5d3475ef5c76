//! The view cube with its axes in the corner of the canvas.

use super::super::cube;
use super::super::paint::unit;
use super::super::stage::Stage;
use super::super::theme::AXES;
use super::{Frame, Renderer, label, mat3, mat4, rgb, vec3};
use glam::{DMat4, DVec3};
use three_d::core::{
    Blend, Cull, DepthTest, ElementBuffer, InstanceBuffer, RenderStates, Texture2D, VertexBuffer, Viewport, WriteMask,
};

pub struct CubeMesh {
    positions: VertexBuffer<[f32; 3]>,
    normals: VertexBuffer<[f32; 3]>,
    uvs: VertexBuffer<[f32; 2]>,
    indices: ElementBuffer<u32>,
    labels: Texture2D,
    axis_start: InstanceBuffer<[f32; 3]>,
    axis_end: InstanceBuffer<[f32; 3]>,
    axis_tint: InstanceBuffer<[f32; 4]>,
    letter_at: InstanceBuffer<[f32; 3]>,
    letter_cell: InstanceBuffer<[f32; 4]>,
}

/// Normal, and the direction the label reads in, per face, in the order of the label sheet.
const FACES: [([f64; 3], [f64; 3]); 6] = [
    ([-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]),
    ([1.0, 0.0, 0.0], [0.0, 1.0, 0.0]),
    ([0.0, -1.0, 0.0], [1.0, 0.0, 0.0]),
    ([0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]),
    ([0.0, 0.0, -1.0], [1.0, 0.0, 0.0]),
    ([0.0, 0.0, 1.0], [1.0, 0.0, 0.0]),
];

impl CubeMesh {
    pub fn new(context: &three_d::core::Context) -> Self {
        let (mut positions, mut normals, mut uvs, mut indices) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (i, (normal, right)) in FACES.iter().enumerate() {
            let (n, r) = (DVec3::from_array(*normal), DVec3::from_array(*right));
            let up = n.cross(r);
            let [u0, v0, u1, v1] = label::cell(i);
            let first = positions.len() as u32;
            for (x, y) in [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)] {
                positions.push((n + r * x + up * y).as_vec3().to_array());
                normals.push(n.as_vec3().to_array());
                uvs.push([if x < 0.0 { u0 } else { u1 }, if y < 0.0 { v0 } else { v1 }]);
            }
            indices.extend([0, 1, 2, 0, 2, 3].map(|k| first + k));
        }
        let corner = [-1.12f32; 3];
        let ends: Vec<[f32; 3]> = (0..3).map(|axis| along(corner, axis, 2.35)).collect();
        let letters: Vec<[f32; 3]> = (0..3).map(|axis| along(corner, axis, 2.68)).collect();
        let tints: Vec<[f32; 4]> = AXES.iter().map(|&c| unit(c, 255)).collect();
        let cells: Vec<[f32; 4]> = (6..9).map(label::cell).collect();
        Self {
            positions: VertexBuffer::new_with_data(context, &positions),
            normals: VertexBuffer::new_with_data(context, &normals),
            uvs: VertexBuffer::new_with_data(context, &uvs),
            indices: ElementBuffer::new_with_data(context, &indices),
            labels: label::sheet(context),
            axis_start: InstanceBuffer::new_with_data(context, &[corner; 3]),
            axis_end: InstanceBuffer::new_with_data(context, &ends),
            axis_tint: InstanceBuffer::new_with_data(context, &tints),
            letter_at: InstanceBuffer::new_with_data(context, &letters),
            letter_cell: InstanceBuffer::new_with_data(context, &cells),
        }
    }
}

fn along(corner: [f32; 3], axis: usize, length: f32) -> [f32; 3] {
    let mut p = corner;
    p[axis] += length;
    p
}

impl Renderer {
    /// Draws the cube over whatever is there; the depth buffer has been cleared.
    pub fn draw_cube(&self, stage: &Stage, frame: &Frame) {
        let (origin, side) = cube::place(stage.size, stage.inset.top, stage.inset.right);
        let ratio = frame.ratio;
        let viewport = Viewport {
            x: (origin.x * ratio) as i32,
            y: ((stage.size.y - origin.y - side) * ratio) as i32,
            width: (side * ratio) as u32,
            height: (side * ratio) as u32,
        };
        let axes = stage.camera.axes().transpose();
        let reach = cube::REACH;
        let clip = DMat4::orthographic_rh_gl(-reach, reach, -reach, reach, -8.0, 8.0) * DMat4::from_mat3(axes);
        let mesh = &self.cube;
        let size = three_d::core::Vec2::new(viewport.width as f32, viewport.height as f32);
        let theme = stage.theme;

        let program = &self.programs.tinted;
        program.use_uniform("clip_from_local", mat4(clip));
        program.use_uniform("viewport", size);
        program.use_uniform("section", super::NO_SECTION);
        program.use_uniform("nudge", 0.0f32);
        program.use_uniform("width", (1.8 * ratio) as f32);
        program.use_instance_attribute("a", &mesh.axis_start);
        program.use_instance_attribute("b", &mesh.axis_end);
        program.use_instance_attribute("tint", &mesh.axis_tint);
        let over = RenderStates { blend: Blend::TRANSPARENCY, ..RenderStates::default() };
        program.draw_arrays_instanced(over, viewport, 6, 3);
        self.count();

        let program = &self.programs.cube;
        let zone = stage.hover_zone.unwrap_or([0; 3]).map(f64::from);
        program.use_uniform("clip_from_local", mat4(clip));
        program.use_uniform("view_from_world", mat3(axes));
        program.use_uniform("base", rgb(theme.cube));
        program.use_uniform("text", rgb(theme.cube_text));
        program.use_uniform("hover", rgb(theme.hover));
        program.use_uniform("zone", vec3(zone.into()));
        program.use_uniform("band", cube::BAND as f32);
        program.use_texture("labels", &mesh.labels);
        program.use_vertex_attribute("position", &mesh.positions);
        program.use_vertex_attribute("normal", &mesh.normals);
        program.use_vertex_attribute("uv", &mesh.uvs);
        let solid = RenderStates { cull: Cull::Back, ..RenderStates::default() };
        program.draw_elements(solid, viewport, &mesh.indices);
        self.count();

        let program = &self.programs.sprite;
        program.use_uniform("clip_from_local", mat4(clip));
        program.use_uniform("viewport", size);
        program.use_uniform("radius", (8.5 * ratio) as f32);
        program.use_texture("labels", &mesh.labels);
        program.use_instance_attribute("centre", &mesh.letter_at);
        program.use_instance_attribute("tint", &mesh.axis_tint);
        program.use_instance_attribute("cell", &mesh.letter_cell);
        let letters = RenderStates {
            write_mask: WriteMask::COLOR,
            depth_test: DepthTest::LessOrEqual,
            blend: Blend::TRANSPARENCY,
            ..RenderStates::default()
        };
        program.draw_arrays_instanced(letters, viewport, 6, 3);
        self.count();
    }
}
