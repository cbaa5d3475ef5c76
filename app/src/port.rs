//! What the browser's half plugs into the page: the viewport and the geometry worker. The connection to a design has its
//! own port in [`crate::doc`]. Plain values cross it; nothing is installed while rendering on the server.

use crate::viewport::{ViewEvent, Viewport};
use leptos::web_sys::HtmlCanvasElement;
use solver::design::Design;
use std::cell::RefCell;
use std::rc::Rc;

/// What the geometry worker says.
#[derive(Clone, Debug)]
pub enum Evaluated {
    /// Bytes of a `Scene`, and the revision of the design it was made from.
    Scene { revision: u64, bytes: Rc<[u8]> },
    /// The worker failed; it has been started anew, and the picture stays as it was.
    Failed { revision: u64, why: String },
}

/// The geometry worker.
pub trait Kernel {
    /// Evaluates `design`. Only the latest request is answered: one that waits is replaced by the next.
    fn evaluate(&self, revision: u64, design: &Design);
}

/// Called with every answer, on the page's thread.
pub type KernelSink = Rc<dyn Fn(Evaluated)>;
/// Called with every event of a viewport.
pub type ViewSink = Rc<dyn Fn(ViewEvent)>;

/// What `frontend` provides.
pub trait Ports {
    /// Draws on `canvas` from now on. The handle's last drop stops it.
    ///
    /// # Errors
    /// Why there is no picture (no WebGL2), for the person.
    fn viewport(&self, canvas: HtmlCanvasElement, sink: ViewSink) -> Result<Rc<dyn Viewport>, String>;
    /// Starts a geometry worker for the design with this id, whose imported files it fetches. The guest's page has none.
    fn kernel(&self, design: &str, sink: KernelSink) -> Option<Rc<dyn Kernel>>;
}

thread_local! {
    static PORTS: RefCell<Option<Rc<dyn Ports>>> = const { RefCell::new(None) };
}

/// Called once when the page wakes up.
pub fn install(ports: Rc<dyn Ports>) {
    PORTS.with(|p| *p.borrow_mut() = Some(ports));
}

/// The browser's ports; `None` on the server.
pub fn ports() -> Option<Rc<dyn Ports>> {
    PORTS.with(|p| p.borrow().clone())
}
