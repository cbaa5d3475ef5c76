//! Everything there is to show, and what the pointer does to it. No browser and no GPU: [`super::render`] draws it.

mod aside;
mod cut;
mod label;
mod point;

use super::camera::{Ball, Camera, Tween, View};
use super::cube;
use super::field::{Line, Shown};
use super::gesture::{Act, Gesture, Input};
use super::inside::{Inside, Raster};
use super::model::{Model, Part};
use super::paint::Show;
use super::theme::{self, Theme};
use app::viewport::{
    Anchored, Flag, Glyph, Inner, Overlay, Pick, PickFilter, ResultView, SectionPlane, ViewCommand, ViewEvent,
};
use glam::{DVec2, DVec3};
use solver::scene::Scene;
use solver::surface::FaceName;

/// Least time between two camera events, ms.
const CAMERA_PERIOD: f64 = 100.0;

/// Panels over the canvas, CSS pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Inset {
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
    pub left: f64,
}

/// What changed since it was last drawn; the renderer clears it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Changes {
    pub scene: bool,
    pub states: bool,
    pub section: bool,
    pub result: bool,
    pub inner: bool,
    pub overlay: bool,
    pub symbols: bool,
    /// What the first result needs is to be built now.
    pub warm: bool,
    /// The picture differs, for whatever reason.
    pub picture: bool,
}

impl Changes {
    pub const ALL: Self = Self {
        scene: true,
        states: true,
        section: true,
        result: true,
        inner: true,
        overlay: true,
        symbols: true,
        warm: false,
        picture: true,
    };
}

#[derive(Debug)]
pub struct Stage {
    pub model: Model,
    /// A result over its skins, instead of the bodies it is about.
    pub result: Option<Shown>,
    /// A surface inside the result's bodies, which are then seen through.
    pub inner: Option<Model>,
    /// Seen through, and never picked.
    pub overlay: Option<Model>,
    inside: Option<Inside>,
    /// The shown field on the section's caps, by body.
    rasters: Vec<(String, Raster)>,
    /// Along the principal stresses on the caps.
    pub cap_lines: Vec<Line>,
    /// When to compute them; `None`: they are as they should be. Infinite until the next tick says when.
    rasters_due: Option<f64>,
    /// What the pointer and the section see while a result is shown: the deformed skins, then the bodies without result.
    deformed: Option<Model>,
    pub camera: Camera,
    pub size: DVec2,
    pub pixel_ratio: f64,
    pub inset: Inset,
    pub selected: Vec<Pick>,
    pub highlighted: Vec<Pick>,
    pub remote: Vec<(FaceName, u16)>,
    pub hover: Option<Pick>,
    pub hover_zone: Option<cube::Zone>,
    pub band: Option<(DVec2, DVec2)>,
    pub section: Option<SectionPlane>,
    pub edges: bool,
    pub theme: &'static Theme,
    pub glyphs: Vec<Glyph>,
    pub lines: Vec<[DVec3; 2]>,
    pub show: Vec<Show>,
    pub changes: Changes,
    anchors: Vec<(String, DVec3)>,
    anchored: Vec<Anchored>,
    filter: PickFilter,
    hidden: Vec<String>,
    isolated: Option<Vec<String>>,
    /// By body of the model, by body of the result.
    visible: Vec<bool>,
    pub result_show: Vec<Show>,
    flags: Vec<Flag>,
    probed: bool,
    gesture: Gesture,
    pointer: Option<DVec2>,
    pointer_moved: bool,
    pivot: Option<DVec3>,
    tween: Option<Tween>,
    /// A first scene has been fitted.
    is_placed: bool,
    camera_sent: f64,
    camera_moved: bool,
    /// A view beside this one follows every move.
    is_mirrored: bool,
    /// The next change of size makes room for that view, or takes it back.
    keeps_width: bool,
    events: Vec<ViewEvent>,
}

impl Default for Stage {
    fn default() -> Self {
        Self {
            model: Model::default(),
            result: None,
            inner: None,
            overlay: None,
            inside: None,
            rasters: Vec::new(),
            cap_lines: Vec::new(),
            rasters_due: None,
            deformed: None,
            camera: Camera::default(),
            size: DVec2::ONE,
            pixel_ratio: 1.0,
            inset: Inset::default(),
            selected: Vec::new(),
            highlighted: Vec::new(),
            remote: Vec::new(),
            hover: None,
            hover_zone: None,
            band: None,
            section: None,
            edges: true,
            theme: &theme::LIGHT,
            glyphs: Vec::new(),
            lines: Vec::new(),
            show: Vec::new(),
            changes: Changes::ALL,
            anchors: Vec::new(),
            anchored: Vec::new(),
            filter: PickFilter::All,
            hidden: Vec::new(),
            isolated: None,
            visible: Vec::new(),
            result_show: Vec::new(),
            flags: Vec::new(),
            probed: false,
            gesture: Gesture::default(),
            pointer: None,
            pointer_moved: false,
            pivot: None,
            tween: None,
            is_placed: false,
            camera_sent: f64::NEG_INFINITY,
            camera_moved: false,
            is_mirrored: false,
            keeps_width: false,
            events: Vec::new(),
        }
    }
}

impl Stage {
    pub fn view(&self) -> View {
        View::new(self.camera, self.size, self.ball())
    }

    /// Around everything drawn.
    pub fn ball(&self) -> Ball {
        let (a, b) = (self.model.ball(), self.seen().ball());
        let centre = a.centre;
        Ball { centre, radius: a.radius.max(b.radius + a.centre.distance(b.centre)) }
    }

    /// The bodies as they are drawn: deformed while a result is shown.
    pub fn seen(&self) -> &Model {
        self.deformed.as_ref().unwrap_or(&self.model)
    }

    pub fn take_events(&mut self) -> Vec<ViewEvent> {
        std::mem::take(&mut self.events)
    }

    /// Takes a command. `now` in ms on the page's clock.
    pub fn command(&mut self, command: ViewCommand, now: f64) {
        match command {
            ViewCommand::Scene(bytes) => match Scene::from_bytes(&bytes) {
                Ok(scene) => self.set_scene(&scene),
                Err(e) => self.events.push(ViewEvent::Failed(format!("The model cannot be shown: {e}."))),
            },
            ViewCommand::Clear => self.set_model(Model::default()),
            ViewCommand::Result(view) => self.set_result(view),
            ViewCommand::Inside(answer) => {
                self.inside = answer.map(Inside::new);
                self.stale_rasters();
                self.changes.section = true;
                self.changes.picture = true;
            }
            ViewCommand::Inner(inner) => {
                let part = |i: Inner| Part { name: String::new(), colour: i.colour, surface: i.surface };
                self.inner = inner.map(|i| Model::new([part(i)]));
                self.changes.inner = true;
                self.refresh_visible();
            }
            ViewCommand::Overlays(overlays) => {
                let part = |o: Overlay| Part { name: String::new(), colour: o.colour, surface: o.surface };
                self.overlay = (!overlays.is_empty()).then(|| Model::new(overlays.into_iter().map(part)));
                self.changes.overlay = true;
                self.changes.picture = true;
            }
            ViewCommand::Selected(picks) => self.set_state(|s| &mut s.selected, picks),
            ViewCommand::Highlighted(picks) => self.set_state(|s| &mut s.highlighted, picks),
            ViewCommand::Remote(faces) => self.set_state(|s| &mut s.remote, faces),
            ViewCommand::Filter(filter) => {
                self.filter = filter;
                self.pointer_moved = true;
            }
            ViewCommand::View(view) => {
                let mut to = self.camera;
                to.look(view);
                let to = self.fitted(to);
                self.go(to, now);
            }
            ViewCommand::Fit => {
                let to = self.fitted(self.camera);
                self.go(to, now);
            }
            ViewCommand::Perspective(on) => {
                self.camera.perspective = on;
                if let Some(tween) = &mut self.tween {
                    tween.to.perspective = on;
                }
                self.moved();
            }
            ViewCommand::Navigation(preset) => self.gesture.navigation = preset,
            ViewCommand::Section(plane) => self.set_section(plane),
            ViewCommand::Hidden(names) => {
                self.hidden = names;
                self.refresh_visible();
            }
            ViewCommand::Isolated(names) => {
                self.isolated = names;
                self.refresh_visible();
            }
            ViewCommand::Edges(on) => self.set_state(|s| &mut s.edges, on),
            ViewCommand::Dark(on) => {
                self.set_state(|s| &mut s.theme, if on { &theme::DARK } else { &theme::LIGHT });
                self.changes.symbols = true;
                self.changes.section = true;
            }
            ViewCommand::Camera([eye, target, up]) => {
                let mut to = self.camera;
                to.set(eye.into(), target.into(), up.into());
                self.is_placed = true;
                self.go(to, now);
            }
            ViewCommand::Mirror([eye, target, up]) => {
                let before = self.camera;
                self.camera.set(eye.into(), target.into(), up.into());
                self.is_placed = true;
                self.tween = None;
                if self.camera != before {
                    self.pointer_moved = true;
                    self.changes.picture = true;
                }
            }
            ViewCommand::Mirrored(on) => {
                self.keeps_width |= self.is_mirrored != on && self.is_placed;
                self.is_mirrored = on;
                // One that was never placed has nothing to tell.
                self.camera_moved |= on && self.is_placed;
                self.changes.picture = true;
            }
            ViewCommand::Warm => {
                self.changes.warm = true;
                self.changes.picture = true;
            }
            ViewCommand::Glyphs(glyphs) => {
                self.glyphs = glyphs;
                self.changes.symbols = true;
                self.changes.picture = true;
            }
            ViewCommand::Inset { top, right, bottom, left } => {
                self.inset = Inset { top, right, bottom, left };
                self.changes.picture = true;
            }
            ViewCommand::Anchors(anchors) => {
                self.anchors = anchors.into_iter().map(|(id, p)| (id, p.into())).collect();
                let is_last = self.anchors.is_empty() && !self.anchored.is_empty();
                self.anchored.clear();
                if is_last {
                    self.events.push(ViewEvent::Anchors(Vec::new()));
                }
                self.changes.picture = true;
            }
            // The canvas's to answer: a stage has no pixels.
            ViewCommand::Capture { .. } => {}
            ViewCommand::Lines(lines) => {
                self.lines = lines.into_iter().map(|[a, b]| [a.into(), b.into()]).collect();
                self.changes.symbols = true;
                self.changes.picture = true;
            }
        }
    }

    fn set_state<T: PartialEq>(&mut self, field: impl FnOnce(&mut Self) -> &mut T, value: T) {
        let field = field(self);
        if *field != value {
            *field = value;
            self.changes.states = true;
            self.changes.picture = true;
        }
    }

    pub fn set_scene(&mut self, scene: &Scene) {
        let parts = scene.bodies.iter().enumerate().map(|(i, body)| Part {
            name: body.name.clone(),
            colour: theme::body_colour(i),
            surface: body.surface.clone(),
        });
        self.set_model(Model::new(parts));
    }

    pub fn set_model(&mut self, model: Model) {
        self.model = model;
        self.changes = Changes { warm: self.changes.warm, ..Changes::ALL };
        self.hover = None;
        self.pointer_moved = true;
        self.refresh_visible();
        if !self.is_placed && self.model.bounds.is_some() {
            self.is_placed = true;
            self.camera = self.fitted(self.camera);
            self.moved();
        }
    }

    /// Shows a result, or the plain bodies again.
    pub fn set_result(&mut self, view: Option<ResultView>) {
        let before = self.result.take();
        let had = before.is_some();
        if let Some(view) = view {
            match Shown::new(view, before) {
                Ok(shown) => {
                    self.events.push(ViewEvent::ResultShown { min: shown.min, max: shown.max, scale: shown.scale });
                    self.result = Some(shown);
                }
                Err(reason) => self.events.push(ViewEvent::Failed(reason)),
            }
        }
        if had || self.result.is_some() {
            self.changes.result = true;
            self.refresh_visible();
        }
    }

    fn refresh_visible(&mut self) {
        let shown = |name: &String| {
            !self.hidden.contains(name) && self.isolated.as_ref().is_none_or(|only| only.contains(name))
        };
        let solid = |visible: bool| if visible { Show::Solid } else { Show::Hidden };
        let covered = |name: &str| self.result.as_ref().is_some_and(|r| r.model.body(name).is_some());
        let ghost = self.result.as_ref().is_some_and(|r| r.view.ghost);
        let show = |name: &String| match (shown(name), covered(name)) {
            (true, true) => {
                if ghost {
                    Show::Ghost
                } else {
                    Show::Hidden
                }
            }
            (visible, _) => solid(visible),
        };
        self.show = self.model.bodies.iter().map(|b| show(&b.name)).collect();
        self.visible = self.model.bodies.iter().map(|b| shown(&b.name)).collect();
        self.result_show = Vec::new();
        self.deformed = None;
        if let Some(result) = &self.result {
            // Something inside is seen through the skin.
            let skin = |name: &String| match solid(shown(name)) {
                Show::Solid if self.inner.is_some() => Show::Ghost,
                other => other,
            };
            self.result_show = result.model.bodies.iter().map(|b| skin(&b.name)).collect();
            let rest = self.model.bodies.iter().filter(|b| !covered(&b.name)).map(|b| Part {
                name: b.name.clone(),
                colour: b.colour,
                surface: b.surface.clone(),
            });
            let deformed = Model::new(result.displaced_parts().chain(rest));
            self.visible = deformed.bodies.iter().map(|b| shown(&b.name)).collect();
            self.deformed = Some(deformed);
        }
        self.stale_rasters();
        self.changes.states = true;
        self.changes.section = true;
        self.changes.symbols = true;
        self.changes.picture = true;
        self.pointer_moved = true;
    }

    /// The camera that shows all visible bodies beside the panels.
    fn fitted(&self, mut camera: Camera) -> Camera {
        let bodies =
            self.model.bodies.iter().enumerate().filter(|(i, _)| self.visible.get(*i).copied().unwrap_or(true));
        let bounds = bodies.filter_map(|(_, b)| b.surface.bounds()).map(|(lo, hi)| (DVec3::from(lo), DVec3::from(hi)));
        let Some((lo, hi)) = bounds.reduce(|(l, h), (lo, hi)| (l.min(lo), h.max(hi))) else { return camera };
        let free = (self.size - DVec2::new(self.inset.left + self.inset.right, self.inset.top + self.inset.bottom))
            .max(DVec2::splat(80.0).min(self.size));
        camera.fit(lo, hi, free.x / free.y);
        camera.height *= self.size.y / free.y;
        let off = DVec2::new(self.inset.left - self.inset.right, self.inset.top - self.inset.bottom) * 0.5;
        camera.pan(off, camera.height / self.size.y);
        camera
    }

    fn go(&mut self, to: Camera, now: f64) {
        if to != self.camera {
            self.tween = Some(Tween { from: self.camera, to, start: now });
            self.changes.picture = true;
        }
    }

    fn moved(&mut self) {
        self.camera_moved = true;
        self.pointer_moved = true;
        self.changes.picture = true;
    }

    fn steered(&mut self) {
        if self.events.last() != Some(&ViewEvent::Steered) {
            self.events.push(ViewEvent::Steered);
        }
    }

    /// New size of the canvas, CSS pixels.
    pub fn resize(&mut self, size: DVec2, pixel_ratio: f64) {
        if (size, pixel_ratio) != (self.size, self.pixel_ratio) {
            let was_nothing = self.size.min_element() < 2.0;
            // How much more height shows the same width as before.
            let more = self.size.x / self.size.y * size.y / size.x;
            if std::mem::take(&mut self.keeps_width) && !was_nothing && (more > 1.0) == self.is_mirrored {
                self.camera.height *= more;
                self.moved();
            }
            (self.size, self.pixel_ratio) = (size, pixel_ratio);
            self.changes.picture = true;
            if was_nothing && self.is_placed {
                self.camera = self.fitted(self.camera);
            }
        }
    }

    /// Takes pointer or wheel input.
    pub fn input(&mut self, input: Input, now: f64) {
        for act in self.gesture.feed(input) {
            self.act(act, now);
        }
    }

    fn act(&mut self, act: Act, now: f64) {
        if matches!(act, Act::Orbit(_) | Act::Pan(_) | Act::Zoom { .. }) {
            self.tween = None;
            self.moved();
            self.steered();
        }
        match act {
            Act::Hover(at) => {
                self.pointer = at;
                self.pointer_moved = true;
            }
            Act::Grab(at) => self.pivot = Some(self.pivot_at(at)),
            Act::Orbit(delta) => {
                let pivot = self.pivot.unwrap_or(self.camera.target);
                self.camera.orbit(pivot, delta);
            }
            Act::Pan(delta) => {
                let scale = self.view().pixel_at(self.pivot.unwrap_or(self.camera.target));
                self.camera.pan(delta, scale);
            }
            Act::Zoom { factor, at } => {
                let about = self.plane_point(at);
                self.camera.zoom(factor, about);
            }
            Act::Click { at, add } => {
                if let Some(zone) = self.zone_at(at) {
                    let to = self.fitted(cube::look_from(&self.camera, zone));
                    self.go(to, now);
                    self.steered();
                    return;
                }
                let found = self.find(at);
                let at = found.as_ref().map(|f| f.at.to_array());
                let rest = found.as_ref().and_then(|f| self.rest_of(f.hit.as_ref()?));
                self.events.push(ViewEvent::Clicked { pick: found.and_then(|f| f.pick), at, rest, add });
            }
            Act::DoubleClick { at } => {
                if self.zone_at(at).is_none() {
                    let pick = self.find(at).and_then(|f| f.pick);
                    self.events.push(ViewEvent::DoubleClicked(pick));
                }
            }
            Act::Band { from, to } => {
                self.band = Some((from, to));
                self.changes.picture = true;
            }
            Act::Box { from, to, add } => {
                self.band = None;
                self.changes.picture = true;
                let view = self.view();
                let picks = self.sight(&view).boxed(from, to, to.x >= from.x, self.filter);
                self.events.push(ViewEvent::Boxed { picks, add });
            }
            Act::Drop => {
                self.band = None;
                self.changes.picture = true;
            }
        }
    }

    /// Advances animations and hover to `now`; true while there is more to do on the next frame.
    pub fn tick(&mut self, now: f64) -> bool {
        let mut more = false;
        if let Some(tween) = self.tween {
            let (camera, over) = tween.at(now);
            self.camera = camera;
            self.moved();
            if over {
                self.tween = None;
            }
            more |= !over;
        }
        more |= self.settle_rasters(now);
        if self.result.as_mut().is_some_and(|r| r.play(now)) {
            self.changes.picture = true;
            more = true;
        }
        if self.pointer_moved && self.tween.is_none() && !self.gesture.is_dragging() {
            self.pointer_moved = false;
            self.refresh_hover();
        }
        if self.camera_moved {
            if self.is_mirrored || now - self.camera_sent >= CAMERA_PERIOD {
                self.camera_moved = false;
                self.camera_sent = now;
                let c = &self.camera;
                self.events.push(ViewEvent::Camera([c.eye(), c.target, c.up()].map(|v| v.to_array())));
            } else {
                more = true;
            }
        }
        if self.changes.picture {
            self.refresh_flags();
            if !self.anchors.is_empty() {
                self.refresh_anchors();
            }
        }
        more
    }

    /// Whether the picture moves by itself.
    pub fn is_playing(&self) -> bool {
        self.result.as_ref().is_some_and(|r| r.view.playing)
    }

    pub fn report(&mut self, event: ViewEvent) {
        self.events.push(event);
    }

    pub fn n_triangles(&self) -> usize {
        self.seen().n_triangles()
    }

    pub fn is_indexed(&self) -> bool {
        self.seen().bodies.iter().all(|b| b.is_indexed())
    }

    /// Builds the search tree of one body, so that the first hover does not wait for all; true while some are missing.
    pub fn index_one(&self) -> bool {
        if let Some(body) = self.seen().bodies.iter().find(|b| !b.is_indexed()) {
            body.index();
        }
        !self.is_indexed()
    }
}

#[cfg(test)]
#[path = "stage_test.rs"]
mod tests;
