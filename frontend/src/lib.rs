//! The page's wasm: brings it to life and plugs the browser into it.

// Views are deeply nested types; the default limit is too low for a whole page of them.
#![recursion_limit = "256"]

#[cfg(feature = "page")]
mod outbox;
#[cfg(feature = "page")]
mod socket;
pub mod viewport;
#[cfg(feature = "page")]
mod worker;

use app::port::{Kernel, KernelSink, Ports, ViewSink};
use app::viewport::Viewport;
use std::rc::Rc;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::HtmlCanvasElement;

/// What this browser gives to the page.
struct Browser;

impl Ports for Browser {
    fn viewport(&self, canvas: HtmlCanvasElement, sink: ViewSink) -> Result<Rc<dyn Viewport>, String> {
        Ok(Rc::new(viewport::attach(canvas, move |event| sink(event))))
    }

    #[cfg(feature = "page")]
    fn kernel(&self, design: &str, sink: KernelSink) -> Option<Rc<dyn Kernel>> {
        Some(worker::start(design, sink))
    }

    #[cfg(not(feature = "page"))]
    fn kernel(&self, _design: &str, _sink: KernelSink) -> Option<Rc<dyn Kernel>> {
        None
    }
}

/// Entry point, called by the document's script once the module is loaded.
#[wasm_bindgen]
pub fn start() {
    console_error_panic_hook::set_once();
    app::port::install(Rc::new(Browser));
    #[cfg(feature = "page")]
    {
        app::doc::install(Rc::new(socket::Browser));
        leptos::mount::hydrate_body(app::App);
    }
    #[cfg(all(feature = "viewer", not(feature = "page")))]
    app::start_viewer();
}
