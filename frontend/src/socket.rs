//! The browser's side of [`app::doc::Connector`]: websocket, timer, network events and outbox around the pure session.

use crate::outbox::{Outbox, hold};
use app::doc::{Choice, Connection, Connector, Effect, Event, Kept, Session, Sink, Update, is_signed_out};
use app::sync::{Presence, ToClient};
use app::ui::sleep;
use futures::channel::mpsc;
use futures::future::{AbortHandle, abortable};
use futures::{SinkExt as _, StreamExt as _};
use gloo_net::websocket::Message;
use gloo_net::websocket::futures::WebSocket;
use solver::design::{Command, Refusal};
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;

/// Snapshots go to the page at most this often, ms: one per frame is all that can be seen.
const CHANGED_EVERY_MS: i32 = 16;
/// Where the last person is remembered, for an outbox opened while the server is away.
const PERSON_KEY: &str = "brunel.person";

/// Where a tab keeps a design's undo over its reload, by design.
const KEPT_KEY: &str = "brunel.kept";
/// Browsers give a tab about 5 million characters; several designs share them.
const KEPT_BYTES_MAX: usize = 2_000_000;

/// Opens designs over a websocket. Given to [`app::doc::install`] when the page wakes up.
pub struct Browser;

impl Connector for Browser {
    fn start(&self, design: &str, sink: Sink) -> Rc<dyn Connection> {
        let client = fresh_client();
        let core = Rc::new(Core {
            session: RefCell::new(Session::new(&client)),
            design: design.into(),
            sink,
            outbox: RefCell::new(None),
            socket: RefCell::new(None),
            timer: Cell::new(None),
            telling: Cell::new(false),
            changed: Cell::new(false),
            listeners: RefCell::new(Vec::new()),
            closed: Cell::new(false),
        });
        core.listen();
        core.keep_on_leaving();
        spawn_local(begin(core.clone(), client));
        Rc::new(Live(core))
    }
}

/// 128 random bits: sixteen characters at least are asked for.
fn fresh_client() -> String {
    let word = || format!("{:08x}", (js_sys::Math::random() * 4_294_967_296.0) as u32);
    format!("{}{}{}{}", word(), word(), word(), word())
}

fn now() -> i64 {
    js_sys::Date::now() as i64
}

/// The page's handle. Dropping it closes the connection; the outbox stays.
struct Live(Rc<Core>);

impl Drop for Live {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Connection for Live {
    fn submit(&self, command: Command) -> Result<(), Refusal> {
        let effects = self.0.session.borrow_mut().submit(command, now())?;
        self.0.follow(effects);
        Ok(())
    }

    fn drag(&self, preview: Vec<Command>) {
        self.0.step(Event::Drag(preview));
    }

    fn undo(&self) {
        self.0.step(Event::Undo);
    }

    fn redo(&self) {
        self.0.step(Event::Redo);
    }

    fn presence(&self, presence: Presence) {
        self.0.step(Event::Presence(presence));
    }

    fn resolve(&self, notice: u64, choice: Choice) {
        self.0.step(Event::Resolve(notice, choice));
    }

    fn retry(&self) {
        self.0.step(Event::Retry);
    }

    fn close(&self) {
        self.0.close();
    }
}

struct Socket {
    send: mpsc::UnboundedSender<String>,
    reader: AbortHandle,
    writer: AbortHandle,
}

impl Drop for Socket {
    fn drop(&mut self) {
        // Both halves must go for the browser's socket to close.
        self.reader.abort();
        self.writer.abort();
    }
}

type Listener = (web_sys::EventTarget, &'static str, Closure<dyn FnMut()>);

struct Core {
    session: RefCell<Session>,
    design: String,
    sink: Sink,
    outbox: RefCell<Option<Outbox>>,
    socket: RefCell<Option<Socket>>,
    /// The timer set, and its callback kept alive.
    timer: Cell<Option<(i32, Closure<dyn FnMut()>)>>,
    /// A snapshot is on its way to the page, or was a moment ago.
    telling: Cell<bool>,
    /// Something is new since the last snapshot.
    changed: Cell<bool>,
    listeners: RefCell<Vec<Listener>>,
    closed: Cell<bool>,
}

/// Finds out who is here and what earlier tabs left, then connects.
async fn begin(core: Rc<Core>, client: String) {
    // Nobody else can hold a name just made; this tells other tabs that we live.
    hold(&client).await;
    let person = person().await;
    if let Some(kept) = core.take_kept().filter(|k| k.user == person) {
        core.step(Event::Revived(Box::new(kept)));
    }
    match Outbox::open(&core.design, &person).await {
        Ok(outbox) => {
            let recovered = outbox.recover(&client).await.unwrap_or_default();
            // What was edited while the database opened.
            for submission in core.session.borrow().document.pending() {
                let _ = outbox.put(submission);
            }
            *core.outbox.borrow_mut() = Some(outbox);
            if !recovered.is_empty() {
                core.step(Event::Recovered(recovered));
            }
        }
        Err(_) => {
            let text = "This browser cannot keep unsent edits: leave the tab open until everything is saved.";
            (core.sink)(Update::Say(text.into()));
        }
    }
    core.step(Event::Start);
}

/// Id of the person signed in, from the server or, while it is away, from the last time.
async fn person() -> String {
    let storage = web_sys::window().and_then(|w| w.local_storage().ok().flatten());
    if let Ok(response) = gloo_net::http::Request::get("/api/auth/me").send().await
        && response.ok()
        && let Ok(me) = response.json::<app::api::auth::Me>().await
    {
        if let Some(storage) = &storage {
            // Full or forbidden: then only an offline start does not know.
            let _ = storage.set_item(PERSON_KEY, &me.id);
        }
        return me.id;
    }
    storage.and_then(|s| s.get_item(PERSON_KEY).ok().flatten()).unwrap_or_default()
}

impl Core {
    fn step(self: &Rc<Self>, event: Event) {
        if self.closed.get() {
            return;
        }
        let effects = self.session.borrow_mut().step(event, now(), js_sys::Math::random());
        self.follow(effects);
    }

    fn follow(self: &Rc<Self>, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Connect(link) => self.connect(link),
                Effect::Disconnect => drop(self.socket.borrow_mut().take()),
                Effect::Send(message) => {
                    if let (Some(socket), Ok(text)) = (&*self.socket.borrow(), serde_json::to_string(&message)) {
                        // A closed channel is a lost socket, which its reader reports.
                        let _ = socket.send.unbounded_send(text);
                    }
                }
                Effect::Store(submission) => {
                    if let Some(outbox) = &*self.outbox.borrow() {
                        // Refused (a full disk): the edit still lives in this tab and is sent from it.
                        let _ = outbox.put(&submission);
                    }
                }
                Effect::Forget { client, number } => {
                    if let Some(outbox) = &*self.outbox.borrow() {
                        // A record that stays is sent again one day, and known to the server.
                        let _ = outbox.delete(&client, number);
                    }
                }
                Effect::Say(text) => (self.sink)(Update::Say(text)),
                Effect::Run(event) => (self.sink)(Update::Run(event)),
                Effect::Renamed(name) => (self.sink)(Update::Renamed(name)),
                Effect::Talked => (self.sink)(Update::Talked),
                Effect::Changed => self.tell(),
            }
        }
        self.set_timer();
    }

    /// Hands the page a snapshot, once per frame however much happens.
    fn tell(self: &Rc<Self>) {
        self.changed.set(true);
        if self.telling.replace(true) {
            return;
        }
        let core = self.clone();
        spawn_local(async move {
            while core.changed.get() && !core.closed.get() {
                // One turn of the event loop, so that a burst of messages is one snapshot.
                sleep(0).await;
                core.changed.set(false);
                let snapshot = core.session.borrow_mut().snapshot();
                (core.sink)(Update::Changed(Box::new(snapshot)));
                sleep(CHANGED_EVERY_MS).await;
            }
            core.telling.set(false);
        });
    }

    fn connect(self: &Rc<Self>, link: u64) {
        drop(self.socket.borrow_mut().take());
        let Some(url) = url(&self.design) else { return };
        let Ok(socket) = WebSocket::open(&url) else {
            let core = self.clone();
            spawn_local(async move { core.step(Event::Lost(link)) });
            return;
        };
        let (mut up, mut down) = socket.split();
        let (send, mut queue) = mpsc::unbounded::<String>();
        let (write, writer) = abortable(async move {
            while let Some(text) = queue.next().await {
                if up.send(Message::Text(text)).await.is_err() {
                    return;
                }
            }
        });
        let weak: Weak<Self> = Rc::downgrade(self);
        let (read, reader) = abortable(async move {
            let mut heard = false;
            while let Some(Ok(message)) = down.next().await {
                let Message::Text(text) = message else { continue };
                let Some(core) = weak.upgrade() else { return };
                heard = true;
                match serde_json::from_str::<ToClient>(&text) {
                    Ok(message) => core.step(Event::Received(link, message)),
                    Err(_) => {
                        let reason = "The server speaks another version than this page; reload it.".into();
                        core.step(Event::Received(link, ToClient::Closing { reason, reconnect: false }));
                    }
                }
            }
            if let Some(core) = weak.upgrade() {
                core.lost(link, heard);
            }
        });
        *self.socket.borrow_mut() = Some(Socket { send, reader, writer });
        spawn_local(async move {
            let _ = write.await;
        });
        spawn_local(async move {
            let _ = read.await;
        });
        // What is sent now waits in the queue until the socket is open.
        let core = self.clone();
        spawn_local(async move { core.step(Event::Opened(link)) });
    }

    /// The socket ended by itself. One that never said a word may have been refused: the browser does not say, so ask.
    fn lost(self: &Rc<Self>, link: u64, heard: bool) {
        self.step(Event::Lost(link));
        if heard {
            return;
        }
        let core = self.clone();
        spawn_local(async move {
            let asked = gloo_net::http::Request::get(&format!("/api/designs/{}", core.design)).send().await;
            let reason = match asked.map(|response| response.status()) {
                Ok(401) => "You have been signed out.",
                Ok(403 | 404) => "You no longer have access to this design.",
                _ => return,
            };
            core.step(Event::Received(link, ToClient::Closing { reason: reason.into(), reconnect: false }));
        });
    }

    fn set_timer(self: &Rc<Self>) {
        let Some(window) = web_sys::window() else { return };
        if let Some((id, _)) = self.timer.take() {
            window.clear_timeout_with_handle(id);
        }
        let Some(at) = self.session.borrow().wake_at() else { return };
        let weak = Rc::downgrade(self);
        let wake = Closure::<dyn FnMut()>::new(move || {
            if let Some(core) = weak.upgrade() {
                // In its own turn: the callback must not drop itself while it runs.
                spawn_local(async move { core.step(Event::Wake) });
            }
        });
        let wait = (at - now()).clamp(0, 60_000) as i32;
        let set = window.set_timeout_with_callback_and_timeout_and_arguments_0(wake.as_ref().unchecked_ref(), wait);
        if let Ok(id) = set {
            self.timer.set(Some((id, wake)));
        }
    }

    /// The browser's word on the network, and the tab coming back to the front, where timers were asleep.
    fn listen(self: &Rc<Self>) {
        let Some(window) = web_sys::window() else { return };
        let mut targets: Vec<(web_sys::EventTarget, &'static str, fn() -> Event)> = vec![
            (window.clone().into(), "online", || Event::Online),
            (window.clone().into(), "offline", || Event::Offline),
        ];
        if let Some(document) = window.document() {
            targets.push((document.into(), "visibilitychange", || Event::Wake));
        }
        for (target, name, event) in targets {
            let weak = Rc::downgrade(self);
            let callback = Closure::<dyn FnMut()>::new(move || {
                if let Some(core) = weak.upgrade() {
                    core.step(event());
                }
            });
            if target.add_event_listener_with_callback(name, callback.as_ref().unchecked_ref()).is_ok() {
                self.listeners.borrow_mut().push((target, name, callback));
            }
        }
    }

    /// Before the tab is left or loaded anew.
    fn keep_on_leaving(self: &Rc<Self>) {
        let Some(window) = web_sys::window() else { return };
        let weak = Rc::downgrade(self);
        let callback = Closure::<dyn FnMut()>::new(move || {
            if let Some(core) = weak.upgrade() {
                core.keep();
            }
        });
        let target: web_sys::EventTarget = window.into();
        if target.add_event_listener_with_callback("pagehide", callback.as_ref().unchecked_ref()).is_ok() {
            self.listeners.borrow_mut().push((target, "pagehide", callback));
        }
    }

    fn kept_key(&self) -> String {
        format!("{KEPT_KEY}.{}", self.design)
    }

    /// Writes what undo needs into the tab's own storage, which ends with the tab.
    fn keep(&self) {
        let Some(storage) = web_sys::window().and_then(|w| w.session_storage().ok().flatten()) else { return };
        if is_signed_out() {
            return;
        }
        let kept = self.session.borrow().document.keep().and_then(|k| serde_json::to_string(&k).ok());
        // Refused or too large: undo begins anew after the reload, nothing else is lost.
        let _ = match kept.filter(|k| k.len() <= KEPT_BYTES_MAX) {
            Some(kept) => storage.set_item(&self.kept_key(), &kept),
            None => storage.remove_item(&self.kept_key()),
        };
    }

    /// What was kept, once: a copy of this tab must not take it up too.
    fn take_kept(&self) -> Option<Kept> {
        let storage = web_sys::window()?.session_storage().ok()??;
        let text = storage.get_item(&self.kept_key()).ok()??;
        let _ = storage.remove_item(&self.kept_key());
        serde_json::from_str(&text).ok()
    }

    fn close(self: &Rc<Self>) {
        if !self.closed.get() {
            self.keep();
        }
        self.step(Event::Close);
        self.closed.set(true);
        for (target, name, callback) in self.listeners.borrow_mut().drain(..) {
            let _ = target.remove_event_listener_with_callback(name, callback.as_ref().unchecked_ref());
        }
    }
}

fn url(design: &str) -> Option<String> {
    let location = web_sys::window()?.location();
    let scheme = if location.protocol().ok()? == "https:" { "wss" } else { "ws" };
    Some(format!("{scheme}://{}/api/designs/{design}/socket", location.host().ok()?))
}
