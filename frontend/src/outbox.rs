//! The outbox: unsent edits in IndexedDB, so that a closed tab loses nothing.
//!
//! One record per edit under `[design, person, client, number]`. A tab holds a Web Lock named after its client for as
//! long as it lives; the next tab of the same design takes over the records of clients whose lock is free, and takes
//! their locks, so that no two tabs send the same ones. Should they do so after all, the server takes each number once.

use app::sync::Submission;
use js_sys::{Array, Function, Promise, Reflect};
use std::collections::BTreeMap;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{IdbDatabase, IdbKeyRange, IdbObjectStore, IdbOpenDbRequest, IdbRequest, IdbTransactionMode};

const DATABASE: &str = "brunel";
const STORE: &str = "outbox";
const VERSION: u32 = 1;

/// The records of one person in one design.
pub struct Outbox {
    database: IdbDatabase,
    design: String,
    person: String,
}

impl Outbox {
    /// # Errors
    /// Where the browser keeps nothing (a private window, a full disk): edits then live as long as the tab.
    pub async fn open(design: &str, person: &str) -> Result<Self, JsValue> {
        let window = web_sys::window().ok_or("no window")?;
        let factory = window.indexed_db()?.ok_or("no IndexedDB")?;
        let request: IdbOpenDbRequest = factory.open_with_u32(DATABASE, VERSION)?;
        let upgrade = {
            let request = request.clone();
            Closure::once_into_js(move || {
                if let Ok(database) = request.result().and_then(JsCast::dyn_into::<IdbDatabase>) {
                    // Fails only when it is there already.
                    let _ = database.create_object_store(STORE);
                }
            })
        };
        request.set_onupgradeneeded(Some(upgrade.unchecked_ref()));
        let database = settled(&request).await?.dyn_into::<IdbDatabase>()?;
        // Without this an upgrade in another tab would wait for us for ever.
        let close = {
            let database = database.clone();
            Closure::once_into_js(move || database.close())
        };
        database.set_onversionchange(Some(close.unchecked_ref()));
        Ok(Self { database, design: design.into(), person: person.into() })
    }

    fn store(&self, mode: IdbTransactionMode) -> Result<IdbObjectStore, JsValue> {
        self.database.transaction_with_str_and_mode(STORE, mode)?.object_store(STORE)
    }

    fn key(&self, client: &str, number: u64) -> JsValue {
        let key = Array::of4(&(&self.design).into(), &(&self.person).into(), &client.into(), &(number as f64).into());
        key.into()
    }

    /// Keeps a submission. Writes of one tab reach the disk in the order of the calls.
    ///
    /// # Errors
    /// When the browser refuses.
    pub fn put(&self, submission: &Submission) -> Result<(), JsValue> {
        let text = serde_json::to_string(submission).map_err(|e| JsValue::from(e.to_string()))?;
        let key = self.key(&submission.client, submission.number);
        self.store(IdbTransactionMode::Readwrite)?.put_with_key(&text.into(), &key)?;
        Ok(())
    }

    /// # Errors
    /// When the browser refuses.
    pub fn delete(&self, client: &str, number: u64) -> Result<(), JsValue> {
        self.store(IdbTransactionMode::Readwrite)?.delete(&self.key(client, number))?;
        Ok(())
    }

    /// Everything kept for this design and person.
    async fn all(&self) -> Result<Vec<Submission>, JsValue> {
        let low = Array::of2(&(&self.design).into(), &(&self.person).into());
        // In IndexedDB's order an array comes after every text.
        let high = Array::of3(&(&self.design).into(), &(&self.person).into(), &Array::new());
        let range = IdbKeyRange::bound(&low, &high)?;
        let request = self.store(IdbTransactionMode::Readonly)?.get_all_with_key(&range)?;
        let records: Array = settled(&request).await?.dyn_into()?;
        // A record of another version of the page that cannot be read is left for that version.
        Ok(records.iter().filter_map(|r| serde_json::from_str(&r.as_string()?).ok()).collect())
    }

    /// The edits of closed tabs: those whose lock could be taken, which this tab then holds.
    ///
    /// # Errors
    /// When the records cannot be read.
    pub async fn recover(&self, own: &str) -> Result<Vec<Submission>, JsValue> {
        let mut by_client: BTreeMap<String, Vec<Submission>> = BTreeMap::new();
        for submission in self.all().await? {
            by_client.entry(submission.client.clone()).or_default().push(submission);
        }
        let mut recovered = Vec::new();
        for (client, submissions) in by_client {
            if client != own && hold(&client).await {
                recovered.extend(submissions);
            }
        }
        Ok(recovered)
    }
}

/// The result of a request, when it has one.
async fn settled(request: &IdbRequest) -> Result<JsValue, JsValue> {
    let promise = Promise::new(&mut |resolve: Function, reject: Function| {
        let ok = {
            let request = request.clone();
            Closure::once_into_js(move || resolve.call1(&JsValue::NULL, &request.result().unwrap_or_default()))
        };
        let failed = Closure::once_into_js(move || reject.call1(&JsValue::NULL, &"IndexedDB refused".into()));
        request.set_onsuccess(Some(ok.unchecked_ref()));
        request.set_onerror(Some(failed.unchecked_ref()));
    });
    JsFuture::from(promise).await
}

/// Takes the lock of a client and holds it until the tab ends. False: a living tab has it. Where the browser has no
/// locks every outbox counts as orphaned; the server sorts out what is sent twice.
pub async fn hold(client: &str) -> bool {
    hold_or(client).await.unwrap_or(true)
}

async fn hold_or(client: &str) -> Result<bool, JsValue> {
    let navigator = web_sys::window().ok_or("no window")?.navigator();
    let locks = Reflect::get(&navigator, &"locks".into())?;
    let request: Function = Reflect::get(&locks, &"request".into())?.dyn_into()?;
    let options = js_sys::Object::new();
    Reflect::set(&options, &"ifAvailable".into(), &true.into())?;
    let (send, receive) = futures::channel::oneshot::channel();
    let granted = Closure::once_into_js(move |lock: JsValue| -> JsValue {
        let got = !lock.is_null() && !lock.is_undefined();
        let _ = send.send(got);
        if !got {
            return JsValue::UNDEFINED;
        }
        // Held for as long as this promise is open: for ever.
        Promise::new(&mut |_, _| {}).into()
    });
    request.call3(&locks, &format!("brunel-outbox-{client}").into(), &options, &granted)?;
    Ok(receive.await.unwrap_or(true))
}
