//! Short lines along the principal stresses: warm where they pull, cool where they press.

use super::super::field::Line;
use super::super::paint::unit;
use super::super::stage::Stage;
use super::super::theme::Rgb;
use super::{Frame, LINES, NO_SECTION, Renderer, mat4};
use three_d::core::{Context, InstanceBuffer, Vec2, Vec4};

/// Colours of tension and compression; each stands out from the whole colour map inside its halo.
const TENSION: Rgb = [214, 40, 40];
const COMPRESSION: Rgb = [30, 92, 220];
const HALO: Rgb = [255, 255, 255];
/// Widths of a line and of its halo, CSS pixels.
const WIDTH: f64 = 1.9;
const HALO_WIDTH: f64 = 4.0;
/// Towards the eye in clip space: a straight line at a curved surface must not dip into it.
const NUDGE: f32 = 2e-3;

/// Lines on the skins, which the section cuts, and on its caps, which lie in it.
pub struct Directions {
    sets: [Set; 2],
}

struct Set {
    start: InstanceBuffer<[f32; 3]>,
    end: InstanceBuffer<[f32; 3]>,
    tint: InstanceBuffer<[f32; 4]>,
    halo: InstanceBuffer<[f32; 4]>,
}

impl Set {
    fn new(context: &Context) -> Self {
        Self {
            start: InstanceBuffer::new(context),
            end: InstanceBuffer::new(context),
            tint: InstanceBuffer::new(context),
            halo: InstanceBuffer::new(context),
        }
    }

    fn fill(&mut self, stage: &Stage, lines: &[Line]) {
        let local = |sign: f64| lines.iter().map(|l| stage.model.local(l.middle + l.half * sign)).collect::<Vec<_>>();
        self.start.fill(&local(-1.0));
        self.end.fill(&local(1.0));
        let colour = |l: &Line| unit(if l.tension { TENSION } else { COMPRESSION }, 255);
        self.tint.fill(&lines.iter().map(colour).collect::<Vec<_>>());
        self.halo.fill(&vec![unit(HALO, 210); lines.len()]);
    }
}

impl Directions {
    pub fn new(context: &Context) -> Self {
        Self { sets: [Set::new(context), Set::new(context)] }
    }

    pub fn fill(&mut self, stage: &Stage) {
        let skin = stage.result.as_ref().map_or(&[][..], |r| &r.lines[..]);
        // Seen through, a skin has no place for lines.
        self.sets[0].fill(stage, if stage.inner.is_some() { &[] } else { skin });
        self.sets[1].fill(stage, &stage.cap_lines);
    }
}

impl Renderer {
    pub fn draw_directions(&self, frame: &Frame) {
        let program = &self.programs.tinted;
        for (set, section) in self.directions.sets.iter().zip([frame.section, NO_SECTION]) {
            let n = set.start.instance_count();
            if n == 0 {
                continue;
            }
            for (tint, width, nudge) in [(&set.halo, HALO_WIDTH, NUDGE), (&set.tint, WIDTH, 1.5 * NUDGE)] {
                program.use_uniform("clip_from_local", mat4(frame.clip_from_local));
                program.use_uniform("viewport", Vec2::new(frame.viewport.width as f32, frame.viewport.height as f32));
                program.use_uniform::<Vec4>("section", section);
                program.use_uniform("nudge", nudge);
                program.use_uniform("width", (width * frame.ratio) as f32);
                program.use_instance_attribute("a", &set.start);
                program.use_instance_attribute("b", &set.end);
                program.use_instance_attribute("tint", tint);
                program.draw_arrays_instanced(LINES, frame.viewport, 6, n);
                self.count();
            }
        }
    }
}
