//! Small solids of constant screen size: the origin's axes, arrows and supports.

use super::super::stage::Stage;
use super::super::symbol::{self as shape, Kind};
use super::{Frame, LINES, NO_SECTION, Renderer, mat3, mat4, vec3};
use glam::DVec3;
use std::collections::BTreeMap;
use three_d::core::{Context, ElementBuffer, InstanceBuffer, RenderStates, Vec2, VertexBuffer};

pub struct Symbols {
    meshes: BTreeMap<Kind, Mesh>,
    instances: BTreeMap<Kind, Instances>,
    line_start: InstanceBuffer<[f32; 3]>,
    line_end: InstanceBuffer<[f32; 3]>,
    line_tint: InstanceBuffer<[f32; 4]>,
}

struct Mesh {
    positions: VertexBuffer<[f32; 3]>,
    normals: VertexBuffer<[f32; 3]>,
    indices: ElementBuffer<u32>,
}

struct Instances {
    anchors: InstanceBuffer<[f32; 3]>,
    directions: InstanceBuffer<[f32; 3]>,
    colours: InstanceBuffer<[f32; 4]>,
}

impl Symbols {
    pub fn new(context: &Context) -> Self {
        Self {
            meshes: BTreeMap::new(),
            instances: BTreeMap::new(),
            line_start: InstanceBuffer::new(context),
            line_end: InstanceBuffer::new(context),
            line_tint: InstanceBuffer::new(context),
        }
    }

    /// Places the symbols of the stage; meshes are made when a kind is first seen.
    pub fn fill(&mut self, context: &Context, stage: &Stage) {
        self.instances.clear();
        for (kind, placed) in shape::place(stage) {
            self.meshes.entry(kind).or_insert_with(|| {
                let solid = shape::solid(kind);
                Mesh {
                    positions: VertexBuffer::new_with_data(context, &solid.positions),
                    normals: VertexBuffer::new_with_data(context, &solid.normals),
                    indices: ElementBuffer::new_with_data(context, &solid.indices),
                }
            });
            let anchors: Vec<[f32; 3]> = placed.iter().map(|p| stage.model.local(p.anchor)).collect();
            let directions: Vec<[f32; 3]> = placed.iter().map(|p| p.direction.as_vec3().to_array()).collect();
            let colours: Vec<[f32; 4]> = placed.iter().map(|p| p.colour).collect();
            let instances = Instances {
                anchors: InstanceBuffer::new_with_data(context, &anchors),
                directions: InstanceBuffer::new_with_data(context, &directions),
                colours: InstanceBuffer::new_with_data(context, &colours),
            };
            self.instances.insert(kind, instances);
        }
        let local = |end: usize| stage.lines.iter().map(|l| stage.model.local(l[end])).collect::<Vec<_>>();
        let colour = super::paint::unit(stage.theme.highlighted, 255);
        self.line_start.fill(&local(0));
        self.line_end.fill(&local(1));
        self.line_tint.fill(&vec![colour; stage.lines.len()]);
    }
}

impl Renderer {
    pub fn draw_symbols(&self, stage: &Stage, frame: &Frame) {
        let turn = stage.camera.axes().transpose();
        let metres_per_pixel = {
            // At clip w = 1; the shader multiplies by w.
            let camera = &frame.view.camera;
            let height = frame.view.size.y;
            if camera.perspective {
                2.0 * (0.5 * super::super::camera::FIELD_OF_VIEW).tan() / height
            } else {
                camera.height / height
            }
        };
        for (kind, placed) in &self.symbols.instances {
            let Some(mesh) = self.symbols.meshes.get(kind) else { continue };
            let program = &self.programs.symbol;
            program.use_uniform("clip_from_local", mat4(frame.clip_from_local));
            program.use_uniform("view_from_world", mat3(turn));
            program.use_uniform("metres_per_pixel", metres_per_pixel as f32);
            program.use_uniform("across", vec3(DVec3::X));
            program.use_uniform("sky", vec3(turn * DVec3::Z));
            program.use_uniform("flatness", 0.35f32);
            program.use_vertex_attribute("position", &mesh.positions);
            program.use_vertex_attribute("normal", &mesh.normals);
            program.use_instance_attribute("anchor", &placed.anchors);
            program.use_instance_attribute("direction", &placed.directions);
            program.use_instance_attribute("colour", &placed.colours);
            let n = placed.anchors.instance_count();
            program.draw_elements_instanced(RenderStates::default(), frame.viewport, &mesh.indices, n);
            self.count();
        }
        let n = self.symbols.line_start.instance_count();
        if n > 0 {
            let program = &self.programs.tinted;
            program.use_uniform("clip_from_local", mat4(frame.clip_from_local));
            program.use_uniform("viewport", Vec2::new(frame.viewport.width as f32, frame.viewport.height as f32));
            program.use_uniform("section", NO_SECTION);
            // A dimension is read through the part.
            program.use_uniform("nudge", 0.02f32);
            program.use_uniform("width", (2.0 * frame.ratio) as f32);
            program.use_instance_attribute("a", &self.symbols.line_start);
            program.use_instance_attribute("b", &self.symbols.line_end);
            program.use_instance_attribute("tint", &self.symbols.line_tint);
            let states = RenderStates { depth_test: three_d::core::DepthTest::Always, ..LINES };
            program.draw_arrays_instanced(states, frame.viewport, 6, n);
            self.count();
        }
    }
}
