//! Geometry on the GPU: filled when the scene changes, left alone otherwise.

use super::super::model::{FaceArrays, LineArrays, Model, OutlineArrays};
use super::super::paint::ROW;
use three_d::core::{
    Context, CpuTexture, ElementBuffer, InstanceBuffer, Interpolation, Texture2D, TextureData, VertexBuffer, Wrapping,
};

/// Everything of one model: triangles, edges, outlines, and the state textures that colour them.
pub struct Layer {
    pub faces: FaceBatch,
    pub lines: LineBatch,
    pub outlines: OutlineBatch,
    pub face_states: StateTexture,
    pub edge_states: StateTexture,
}

/// Displacement per model-wide point, m, and the shown value per point, SI; `None` for a plain model.
pub struct PointField<'a> {
    pub displacement: &'a [[f32; 3]],
    pub values: &'a [f32],
}

pub struct FaceBatch {
    pub positions: VertexBuffer<[f32; 3]>,
    pub normals: VertexBuffer<[i16; 2]>,
    pub faces: VertexBuffer<u32>,
    pub indices: ElementBuffer<u32>,
    pub displacement: Option<VertexBuffer<[f32; 3]>>,
    pub values: Option<VertexBuffer<f32>>,
    source: Vec<u32>,
}

pub struct LineBatch {
    pub a: InstanceBuffer<[f32; 3]>,
    pub b: InstanceBuffer<[f32; 3]>,
    pub edges: InstanceBuffer<u32>,
    pub moves: Option<[InstanceBuffer<[f32; 3]>; 2]>,
}

pub struct OutlineBatch {
    pub a: InstanceBuffer<[f32; 3]>,
    pub b: InstanceBuffer<[f32; 3]>,
    pub left: InstanceBuffer<[i16; 2]>,
    pub right: InstanceBuffer<[i16; 2]>,
    pub faces: InstanceBuffer<u32>,
    pub moves: Option<[InstanceBuffer<[f32; 3]>; 2]>,
}

impl Layer {
    /// One triangle, line and outline with a field, all in states that are not drawn. Drivers build a program when it first
    /// draws something, which takes them a while.
    pub fn unseen(context: &Context) -> Self {
        let place = || InstanceBuffer::new_with_data(context, &[[0.0f32; 3]]);
        let side = || InstanceBuffer::new_with_data(context, &[[0i16; 2]]);
        let index = || InstanceBuffer::new_with_data(context, &[0u32]);
        Self {
            lines: LineBatch { moves: Some([place(), place()]), a: place(), b: place(), edges: index() },
            outlines: OutlineBatch {
                moves: Some([place(), place()]),
                a: place(),
                b: place(),
                left: side(),
                right: side(),
                faces: index(),
            },
            faces: FaceBatch {
                positions: VertexBuffer::new_with_data(context, &[[0.0; 3]; 3]),
                normals: VertexBuffer::new_with_data(context, &[[0; 2]; 3]),
                faces: VertexBuffer::new_with_data(context, &[0; 3]),
                indices: ElementBuffer::new_with_data(context, &[0, 1, 2]),
                displacement: Some(VertexBuffer::new_with_data(context, &[[0.0; 3]; 3])),
                values: Some(VertexBuffer::new_with_data(context, &[0.0; 3])),
                source: Vec::new(),
            },
            face_states: StateTexture::new(context),
            edge_states: StateTexture::new(context),
        }
    }

    pub fn new(context: &Context, model: &Model, field: Option<&PointField>) -> Self {
        let faces = FaceArrays::new(model);
        let lines = LineArrays::new(model);
        let outlines = OutlineArrays::new(model);
        let moves = |source: &[[u32; 2]]| {
            field.map(|f| {
                [0, 1].map(|end| {
                    let moved: Vec<[f32; 3]> = source.iter().map(|s| f.displacement[s[end] as usize]).collect();
                    InstanceBuffer::new_with_data(context, &moved)
                })
            })
        };
        Self {
            lines: LineBatch {
                moves: moves(&lines.source),
                a: InstanceBuffer::new_with_data(context, &lines.a),
                b: InstanceBuffer::new_with_data(context, &lines.b),
                edges: InstanceBuffer::new_with_data(context, &lines.edges),
            },
            outlines: OutlineBatch {
                moves: moves(&outlines.source),
                a: InstanceBuffer::new_with_data(context, &outlines.a),
                b: InstanceBuffer::new_with_data(context, &outlines.b),
                left: InstanceBuffer::new_with_data(context, &outlines.left),
                right: InstanceBuffer::new_with_data(context, &outlines.right),
                faces: InstanceBuffer::new_with_data(context, &outlines.faces),
            },
            faces: FaceBatch::new(context, faces, field),
            face_states: StateTexture::new(context),
            edge_states: StateTexture::new(context),
        }
    }
}

impl FaceBatch {
    fn new(context: &Context, arrays: FaceArrays, field: Option<&PointField>) -> Self {
        let mut batch = Self {
            positions: VertexBuffer::new_with_data(context, &arrays.positions),
            normals: VertexBuffer::new_with_data(context, &arrays.normals),
            faces: VertexBuffer::new_with_data(context, &arrays.faces),
            indices: ElementBuffer::new_with_data(context, &arrays.indices),
            displacement: None,
            values: None,
            source: arrays.source,
        };
        if let Some(field) = field {
            let moved: Vec<[f32; 3]> = batch.source.iter().map(|&s| field.displacement[s as usize]).collect();
            batch.displacement = Some(VertexBuffer::new_with_data(context, &moved));
            batch.set_values(context, field.values);
        }
        batch
    }

    /// Another field over the same geometry: only its values are sent.
    pub fn set_values(&mut self, context: &Context, values: &[f32]) {
        let values: Vec<f32> = self.source.iter().map(|&s| values[s as usize]).collect();
        match &mut self.values {
            Some(buffer) => buffer.fill(&values),
            None => self.values = Some(VertexBuffer::new_with_data(context, &values)),
        }
    }
}

/// A state texture (see [`super::super::paint`]) that grows with the model.
pub struct StateTexture {
    context: Context,
    texture: Texture2D,
    pub rows: i32,
}

impl StateTexture {
    fn new(context: &Context) -> Self {
        Self { context: context.clone(), texture: empty(context, 1), rows: 1 }
    }

    pub fn fill(&mut self, states: &[[u8; 4]]) {
        let rows = states.len() / ROW;
        if rows as i32 != self.rows {
            self.texture = empty(&self.context, rows);
            self.rows = rows as i32;
        }
        self.texture.fill(states);
    }

    pub fn texture(&self) -> &Texture2D {
        &self.texture
    }
}

fn empty(context: &Context, rows: usize) -> Texture2D {
    nearest(context, ROW, rows, vec![[0u8; 4]; ROW * rows])
}

fn nearest(context: &Context, width: usize, height: usize, data: Vec<[u8; 4]>) -> Texture2D {
    picture(context, width, height, TextureData::RgbaU8(data), Interpolation::Nearest)
}

/// A texture without mip maps, clamped at its borders.
pub fn picture(context: &Context, width: usize, height: usize, data: TextureData, filter: Interpolation) -> Texture2D {
    Texture2D::new(
        context,
        &CpuTexture {
            data,
            width: width as u32,
            height: height as u32,
            min_filter: filter,
            mag_filter: filter,
            mipmap: None,
            wrap_s: Wrapping::ClampToEdge,
            wrap_t: Wrapping::ClampToEdge,
            ..CpuTexture::default()
        },
    )
}
