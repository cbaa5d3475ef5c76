//! The geometry worker, seen from the page: one question at a time, only the latest matters.

use app::Assets;
use app::port::{Evaluated, Kernel, KernelSink};
use js_sys::{Array, ArrayBuffer, Object, Reflect, Uint8Array};
use solver::design::Design;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::JsValue;
use web_sys::{Blob, BlobPropertyBag, MessageEvent, Performance, Url, Worker, WorkerOptions, WorkerType};

/// Starts in a row that a broken worker gets before the page gives up.
const STARTS_MAX: u32 = 3;

/// The design to be evaluated, as JSON, and its revision.
type Question = (u64, String);

struct Inner {
    design: String,
    sink: KernelSink,
    worker: RefCell<Option<Worker>>,
    /// The worker listens.
    ready: Cell<bool>,
    /// In the worker now.
    asked: RefCell<Option<Question>>,
    /// Waits for its turn; a later one takes its place.
    waiting: RefCell<Option<Question>>,
    starts: Cell<u32>,
    on_message: RefCell<Option<Closure<dyn FnMut(MessageEvent)>>>,
    on_error: RefCell<Option<Closure<dyn FnMut(web_sys::Event)>>>,
}

/// A handle; the last one ends the worker.
struct Handle(Rc<Inner>);

impl Drop for Handle {
    fn drop(&mut self) {
        if let Some(worker) = self.0.worker.borrow_mut().take() {
            worker.set_onmessage(None);
            worker.set_onerror(None);
            worker.terminate();
        }
    }
}

impl Kernel for Handle {
    fn evaluate(&self, revision: u64, design: &Design) {
        // A design is plain data and always serialises.
        let json = serde_json::to_string(design).unwrap_or_default();
        *self.0.waiting.borrow_mut() = Some((revision, json));
        self.0.go();
    }
}

/// Starts the worker for the design with this id.
pub fn start(design: &str, sink: KernelSink) -> Rc<dyn Kernel> {
    let inner = Rc::new(Inner {
        design: design.into(),
        sink,
        worker: RefCell::default(),
        ready: Cell::new(false),
        asked: RefCell::default(),
        waiting: RefCell::default(),
        starts: Cell::new(0),
        on_message: RefCell::default(),
        on_error: RefCell::default(),
    });
    inner.start();
    Rc::new(Handle(inner))
}

/// A module worker that loads the kernel. Its few lines come from memory, so that it runs under the page's own policy
/// and finds files whose hashed names only the page knows.
fn spawn() -> Option<Worker> {
    let origin = web_sys::window()?.location().origin().ok()?;
    let assets = Assets::current();
    let quoted = |name| serde_json::to_string(&format!("{origin}{}", assets.path(name))).ok();
    let script = format!(
        "import init from {};\nawait init({{ module_or_path: {} }});",
        quoted("kernel.js")?,
        quoted("kernel_bg.wasm")?
    );
    let kind = BlobPropertyBag::new();
    kind.set_type("text/javascript");
    let blob = Blob::new_with_str_sequence_and_options(&Array::of1(&script.into()), &kind).ok()?;
    let url = Url::create_object_url_with_blob(&blob).ok()?;
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    Worker::new_with_options(&url, &options).ok()
}

/// The moment the last question was sent.
const ASKED: &str = "rebuild asked";
/// From then until its scene was here. Only the last is kept: a drag makes hundreds.
const REBUILD: &str = "rebuild";

/// Writes into the browser's own timeline, where its developer tools and our benchmark read it. Only a record: a browser
/// that refuses loses nothing.
fn timeline(entry: impl Fn(&Performance) -> Result<(), JsValue>) {
    if let Some(performance) = web_sys::window().and_then(|w| w.performance()) {
        let _ = entry(&performance);
    }
}

fn get(message: &JsValue, key: &str) -> JsValue {
    Reflect::get(message, &key.into()).unwrap_or(JsValue::UNDEFINED)
}

fn object(fields: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (key, value) in fields {
        // Setting a property of a fresh plain object cannot fail.
        let _ = Reflect::set(&object, &(*key).into(), value);
    }
    object.into()
}

impl Inner {
    fn start(self: &Rc<Self>) {
        self.starts.set(self.starts.get() + 1);
        self.ready.set(false);
        let Some(worker) = spawn() else {
            return self.fail("This browser cannot start the geometry worker. Use a current one.");
        };
        // Weak: the worker's own closures must not keep it alive.
        let weak = Rc::downgrade(self);
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            if let Some(inner) = weak.upgrade() {
                inner.heard(&event.data());
            }
        });
        let weak = Rc::downgrade(self);
        let on_error = Closure::<dyn FnMut(web_sys::Event)>::new(move |event: web_sys::Event| {
            event.prevent_default();
            if let Some(inner) = weak.upgrade() {
                inner.broke();
            }
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        *self.on_message.borrow_mut() = Some(on_message);
        *self.on_error.borrow_mut() = Some(on_error);
        *self.worker.borrow_mut() = Some(worker);
    }

    fn fail(&self, why: &str) {
        let revision = self.asked.borrow().as_ref().map_or(0, |(r, _)| *r);
        (self.sink)(Evaluated::Failed { revision, why: why.into() });
    }

    /// The worker died (out of memory, a fault in the kernel): once more from the start, without the design that did it.
    fn broke(self: &Rc<Self>) {
        if let Some(worker) = self.worker.borrow_mut().take() {
            worker.terminate();
        }
        self.fail("The geometry worker stopped and was started anew. Undo the last edit if this repeats.");
        *self.asked.borrow_mut() = None;
        if self.starts.get() < STARTS_MAX {
            // Not from inside the old worker's handler, which is replaced by starting.
            let inner = self.clone();
            wasm_bindgen_futures::spawn_local(async move { inner.start() });
        }
    }

    fn post(&self, message: &JsValue) {
        if let Some(worker) = self.worker.borrow().as_ref() {
            // Refused only for values that cannot be cloned; these are plain.
            let _ = worker.post_message(message);
        }
    }

    /// Sends the waiting question when the worker is free.
    fn go(&self) {
        if !self.ready.get() || self.asked.borrow().is_some() {
            return;
        }
        let Some(question) = self.waiting.borrow_mut().take() else { return };
        self.post(&object(&[
            ("kind", "evaluate".into()),
            ("id", (question.0 as f64).into()),
            ("design", question.1.as_str().into()),
        ]));
        *self.asked.borrow_mut() = Some(question);
        timeline(|p| {
            p.clear_marks_with_mark_name(ASKED);
            p.mark(ASKED)
        });
    }

    fn heard(self: &Rc<Self>, message: &JsValue) {
        match get(message, "kind").as_string().as_deref() {
            Some("ready") => {
                self.ready.set(true);
                self.go();
            }
            Some("scene") => {
                self.starts.set(1);
                let Some(question) = self.asked.borrow_mut().take() else { return };
                let Ok(buffer) = get(message, "scene").dyn_into::<ArrayBuffer>() else { return };
                let missing: Vec<String> =
                    Array::from(&get(message, "missing")).iter().filter_map(|h| h.as_string()).collect();
                if !missing.is_empty() {
                    self.clone().fetch(missing, question.clone());
                }
                let bytes: Rc<[u8]> = Uint8Array::new(&buffer).to_vec().into();
                timeline(|p| {
                    p.clear_measures_with_measure_name(REBUILD);
                    p.measure_with_start_mark(REBUILD, ASKED)
                });
                (self.sink)(Evaluated::Scene { revision: question.0, bytes });
                self.go();
            }
            Some("error") => {
                let why = get(message, "message").as_string().unwrap_or_default();
                self.fail(&why);
                *self.asked.borrow_mut() = None;
                self.go();
            }
            _ => {}
        }
    }

    /// Fetches imported files, hands them to the worker, and asks again.
    fn fetch(self: Rc<Self>, missing: Vec<String>, question: Question) {
        wasm_bindgen_futures::spawn_local(async move {
            let client = app::api::client::Client::default();
            for hash in missing {
                let path = format!(
                    "/api/designs/{}/files/{}",
                    app::api::client::encode(&self.design),
                    app::api::client::encode(&hash)
                );
                match client.bytes(&path).await {
                    Ok(bytes) => self.post(&object(&[
                        ("kind", "file".into()),
                        ("hash", hash.as_str().into()),
                        ("bytes", Uint8Array::from(bytes.as_slice()).into()),
                    ])),
                    // The scene names the feature that lacks its file; asking again would only repeat that.
                    Err(problem) => return self.fail(&problem.message),
                }
            }
            self.waiting.borrow_mut().get_or_insert(question);
            self.go();
        });
    }
}
