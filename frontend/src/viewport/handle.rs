//! Ties a stage and a renderer to a canvas: listeners in, events out, frames when something changed.

use super::gesture::{Input, Modifiers};
use super::picture;
use super::render::Renderer;
use super::stage::{Changes, Stage};
use app::viewport::{Glyph, ViewCommand, ViewEvent, Viewport};
use glam::DVec2;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};
use three_d::core::RenderTarget;
use wasm_bindgen::prelude::*;
use web_sys::{Event, HtmlCanvasElement, PointerEvent, ResizeObserver, WebGl2RenderingContext, WheelEvent};

const NO_WEBGL: &str = "This browser gives no WebGL2, which the 3D view needs. Turn on hardware acceleration or update the browser; \
     everything else keeps working.";
const LOST: &str =
    "The graphics driver dropped the 3D view. It comes back by itself in a moment; if it does not, reload the page.";

/// A viewport on a canvas. Clones share it; when the last one goes, it lets go of the canvas.
#[derive(Clone)]
pub struct Handle(Rc<Inner>);

type FrameClosure = Closure<dyn FnMut(f64)>;
type ResizeClosure = Closure<dyn FnMut()>;

struct Inner {
    canvas: HtmlCanvasElement,
    stage: RefCell<Stage>,
    gpu: RefCell<Option<Renderer>>,
    on_event: Box<dyn Fn(ViewEvent)>,
    queue: RefCell<VecDeque<ViewCommand>>,
    /// Pending animation frame.
    frame: Cell<Option<i32>>,
    on_frame: RefCell<Option<FrameClosure>>,
    listeners: RefCell<Vec<Listener>>,
    observer: RefCell<Option<(ResizeObserver, ResizeClosure)>>,
    meter: RefCell<Meter>,
}

/// Frame statistics since the last report.
#[derive(Default)]
struct Meter {
    since: f64,
    frames: u32,
    milliseconds: f64,
}

/// A listener on an element, removed when dropped.
struct Listener {
    target: web_sys::EventTarget,
    name: &'static str,
    closure: Closure<dyn FnMut(Event)>,
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.target.remove_event_listener_with_callback(self.name, self.closure.as_ref().unchecked_ref());
    }
}

/// Draws on `canvas` from now on and reports to `on_event`.
///
/// Never fails: where WebGL2 is missing, `on_event` hears [`ViewEvent::Unavailable`] and everything that needs no
/// picture goes on working. Events never arrive while `attach` or `send` is still running its own borrow: `on_event`
/// may call `send`.
pub fn attach(canvas: HtmlCanvasElement, on_event: impl Fn(ViewEvent) + 'static) -> Handle {
    let inner = Rc::new(Inner {
        canvas: canvas.clone(),
        stage: RefCell::default(),
        gpu: RefCell::new(None),
        on_event: Box::new(on_event),
        queue: RefCell::default(),
        frame: Cell::new(None),
        on_frame: RefCell::new(None),
        listeners: RefCell::default(),
        observer: RefCell::new(None),
        meter: RefCell::default(),
    });
    let weak = Rc::downgrade(&inner);
    *inner.on_frame.borrow_mut() = Some(Closure::new(move |now: f64| {
        if let Some(inner) = weak.upgrade() {
            inner.on_frame(now);
        }
    }));
    // The browser must not scroll or zoom the page with the fingers that turn the part.
    let _ = canvas.style().set_property("touch-action", "none");
    inner.listen();
    inner.observe();
    inner.start_gpu();
    inner.schedule();
    Handle(inner)
}

impl Handle {
    /// Takes a command at once; what it changes is drawn on the next frame.
    pub fn send(&self, command: ViewCommand) {
        self.0.queue.borrow_mut().push_back(command);
        self.0.pump();
    }
}

impl Viewport for Handle {
    fn send(&self, command: ViewCommand) {
        Handle::send(self, command);
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let (Some(id), Some(window)) = (self.frame.take(), web_sys::window()) {
            let _ = window.cancel_animation_frame(id);
        }
        if let Some((observer, _)) = self.observer.get_mut().take() {
            observer.disconnect();
        }
    }
}

fn now() -> f64 {
    web_sys::window().and_then(|w| w.performance()).map_or(0.0, |p| p.now())
}

impl Inner {
    fn schedule(&self) {
        if self.frame.get().is_some() {
            return;
        }
        let (Some(window), closure) = (web_sys::window(), self.on_frame.borrow()) else { return };
        if let Some(closure) = closure.as_ref() {
            self.frame.set(window.request_animation_frame(closure.as_ref().unchecked_ref()).ok());
        }
    }

    /// Applies waiting commands unless one is being applied right now, then hands out events.
    fn pump(&self) {
        loop {
            let Some(command) = self.queue.borrow_mut().pop_front() else { break };
            let Ok(mut stage) = self.stage.try_borrow_mut() else {
                self.queue.borrow_mut().push_front(command);
                return;
            };
            match command {
                ViewCommand::Capture { setup } => self.capture(&mut stage, setup),
                command => stage.command(command, now()),
            }
        }
        self.schedule();
        self.flush();
    }

    fn flush(&self) {
        let events = match self.stage.try_borrow_mut() {
            Ok(mut stage) => stage.take_events(),
            Err(_) => return,
        };
        events.into_iter().for_each(|event| (self.on_event)(event));
    }

    fn input(&self, input: Input) {
        if let Ok(mut stage) = self.stage.try_borrow_mut() {
            stage.input(input, now());
        }
        self.schedule();
        self.flush();
    }

    fn start_gpu(&self) {
        let made = context_of(&self.canvas)
            .and_then(|(context, gl)| Renderer::new(context, gl).map_err(|e| format!("{NO_WEBGL} ({e})")));
        let mut stage = self.stage.borrow_mut();
        match made {
            Ok(renderer) => {
                *self.gpu.borrow_mut() = Some(renderer);
                stage.changes = Changes::ALL;
                stage.report(ViewEvent::Available);
            }
            Err(reason) => stage.report(ViewEvent::Unavailable(reason)),
        }
    }

    fn on_frame(&self, time: f64) {
        self.frame.set(None);
        let start = now();
        let mut more = false;
        if let Ok(mut stage) = self.stage.try_borrow_mut() {
            let ratio = web_sys::window().map_or(1.0, |w| w.device_pixel_ratio());
            let size = DVec2::new(f64::from(self.canvas.client_width()), f64::from(self.canvas.client_height()));
            stage.resize(size, ratio);
            more = stage.tick(time.max(start - 50.0));
            if stage.changes.picture && size.min_element() >= 1.0 {
                self.draw(&mut stage, start);
                if stage.is_playing() {
                    // There is no pause in which the pointer's index would be made.
                    stage.index_one();
                }
            } else if !more {
                more = stage.index_one();
            }
            if !stage.is_indexed() {
                more = true;
            }
        }
        self.flush();
        if more {
            self.schedule();
        }
    }

    fn draw(&self, stage: &mut Stage, start: f64) {
        let mut gpu = self.gpu.borrow_mut();
        let Some(renderer) = gpu.as_mut() else {
            stage.changes.picture = false;
            return;
        };
        let pixels = (stage.size * stage.pixel_ratio).round().max(DVec2::ONE);
        let (width, height) = (pixels.x as u32, pixels.y as u32);
        if self.canvas.width() != width || self.canvas.height() != height {
            self.canvas.set_width(width);
            self.canvas.set_height(height);
        }
        renderer.upload(stage);
        let target = RenderTarget::screen(&renderer.context, width, height);
        match renderer.draw(stage, &target, stage.pixel_ratio) {
            Ok(draw_calls) => {
                let mut meter = self.meter.borrow_mut();
                meter.frames += 1;
                let end = now();
                meter.milliseconds += end - start;
                if end - meter.since >= 1000.0 {
                    stage.report(ViewEvent::Stats {
                        draw_calls,
                        triangles: stage.n_triangles() as u32,
                        frame_ms: meter.milliseconds / f64::from(meter.frames),
                    });
                    *meter = Meter { since: end, ..Meter::default() };
                }
            }
            Err(e) => stage.report(ViewEvent::Unavailable(format!("The 3D view could not be drawn: {e}"))),
        }
    }

    /// Draws what is asked for, reads it off the canvas while it is there, and draws again what was seen before.
    fn capture(&self, stage: &mut Stage, setup: Option<Vec<Glyph>>) {
        let can = self.gpu.borrow().is_some() && stage.size.min_element() >= 16.0;
        let png = can.then(|| {
            let aside = stage.lay_aside(setup);
            self.draw(stage, now());
            let png = picture::png(&self.canvas);
            stage.take_back(aside);
            self.draw(stage, now());
            png
        });
        stage.report(ViewEvent::Captured(png.flatten()));
    }

    fn on(self: &Rc<Self>, name: &'static str, mut act: impl FnMut(&Inner, Event) + 'static) {
        let weak: Weak<Inner> = Rc::downgrade(self);
        let closure = Closure::<dyn FnMut(Event)>::new(move |event: Event| {
            if let Some(inner) = weak.upgrade() {
                act(&inner, event);
            }
        });
        let target: web_sys::EventTarget = self.canvas.clone().into();
        // On the element itself, so that `wheel` is not passive and the page does not scroll.
        if target.add_event_listener_with_callback(name, closure.as_ref().unchecked_ref()).is_ok() {
            self.listeners.borrow_mut().push(Listener { target, name, closure });
        }
    }

    fn listen(self: &Rc<Self>) {
        self.on("pointerdown", |inner, event| {
            let Ok(event) = event.dyn_into::<PointerEvent>() else { return };
            let _ = inner.canvas.set_pointer_capture(event.pointer_id());
            if event.button() == 1 {
                // the middle button would start the browser's own scrolling
                event.prevent_default();
            }
            inner.input(Input::Down {
                id: event.pointer_id(),
                touch: event.pointer_type() == "touch",
                button: event.button(),
                at: inner.place(&event),
                modifiers: modifiers(&event),
            });
        });
        self.on("pointermove", |inner, event| {
            let Ok(event) = event.dyn_into::<PointerEvent>() else { return };
            inner.input(Input::Move { id: event.pointer_id(), at: inner.place(&event) });
        });
        self.on("pointerup", |inner, event| {
            let Ok(event) = event.dyn_into::<PointerEvent>() else { return };
            let at = inner.place(&event);
            inner.input(Input::Up { id: event.pointer_id(), at, modifiers: modifiers(&event), time: now() });
        });
        self.on("pointercancel", |inner, _| inner.input(Input::Cancel));
        self.on("pointerleave", |inner, _| inner.input(Input::Leave));
        self.on("contextmenu", |_, event| event.prevent_default());
        self.on("wheel", |inner, event| {
            event.prevent_default();
            let Ok(event) = event.dyn_into::<WheelEvent>() else { return };
            let unit = match event.delta_mode() {
                WheelEvent::DOM_DELTA_LINE => 33.0,
                WheelEvent::DOM_DELTA_PAGE => 300.0,
                _ => 1.0,
            };
            inner.input(Input::Wheel {
                at: inner.place(&event),
                delta: event.delta_y() * unit,
                ctrl: event.ctrl_key(),
            });
        });
        self.on("webglcontextlost", |inner, event| {
            // or the browser never gives it back
            event.prevent_default();
            *inner.gpu.borrow_mut() = None;
            inner.stage.borrow_mut().report(ViewEvent::Unavailable(LOST.into()));
            inner.flush();
        });
        self.on("webglcontextrestored", |inner, _| {
            inner.start_gpu();
            inner.schedule();
            inner.flush();
        });
    }

    fn observe(self: &Rc<Self>) {
        let weak = Rc::downgrade(self);
        let closure = Closure::<dyn FnMut()>::new(move || {
            if let Some(inner) = weak.upgrade() {
                if let Ok(mut stage) = inner.stage.try_borrow_mut() {
                    stage.changes.picture = true;
                }
                inner.schedule();
            }
        });
        if let Ok(observer) = ResizeObserver::new(closure.as_ref().unchecked_ref()) {
            observer.observe(&self.canvas);
            *self.observer.borrow_mut() = Some((observer, closure));
        }
    }

    /// Where a mouse event is, CSS pixels from the canvas's top left corner.
    fn place(&self, event: &web_sys::MouseEvent) -> DVec2 {
        let frame = self.canvas.get_bounding_client_rect();
        DVec2::new(f64::from(event.client_x()) - frame.left(), f64::from(event.client_y()) - frame.top())
    }
}

fn modifiers(event: &PointerEvent) -> Modifiers {
    Modifiers { shift: event.shift_key(), ctrl: event.ctrl_key() || event.meta_key(), alt: event.alt_key() }
}

/// The canvas's WebGL2 context, both as three-d and as the browser know it.
fn context_of(canvas: &HtmlCanvasElement) -> Result<(three_d::core::Context, WebGl2RenderingContext), String> {
    let options = js_sys::Object::new();
    for (key, value) in [("antialias", true), ("depth", true), ("stencil", false), ("alpha", false)] {
        let _ = js_sys::Reflect::set(&options, &key.into(), &value.into());
    }
    let _ = js_sys::Reflect::set(&options, &"powerPreference".into(), &"high-performance".into());
    let gl = canvas
        .get_context_with_context_options("webgl2", &options)
        .ok()
        .flatten()
        .and_then(|c| c.dyn_into::<WebGl2RenderingContext>().ok())
        .ok_or_else(|| NO_WEBGL.to_string())?;
    wrap(gl)
}

#[cfg(target_arch = "wasm32")]
fn wrap(gl: WebGl2RenderingContext) -> Result<(three_d::core::Context, WebGl2RenderingContext), String> {
    // three-d asks for an `Arc`; the page has one thread.
    #[allow(clippy::arc_with_non_send_sync)]
    let raw = std::sync::Arc::new(three_d::context::Context::from_webgl2_context(gl.clone()));
    let context = three_d::core::Context::from_gl_context(raw).map_err(|e| format!("{NO_WEBGL} ({e})"))?;
    Ok((context, gl))
}

/// Outside a browser there is nothing to draw on; the crate still compiles so that its pure parts are tested natively.
#[cfg(not(target_arch = "wasm32"))]
fn wrap(_: WebGl2RenderingContext) -> Result<(three_d::core::Context, WebGl2RenderingContext), String> {
    Err(NO_WEBGL.into())
}
