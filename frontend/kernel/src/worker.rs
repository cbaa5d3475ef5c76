//! Messages of the dedicated worker; see the crate's table.

use super::Kernel;
use js_sys::{Array, Object, Reflect, Uint8Array};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

/// Listens when loaded inside a worker; does nothing when loaded in a page.
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
    let Ok(scope) = js_sys::global().dyn_into::<DedicatedWorkerGlobalScope>() else { return };
    let kernel = Rc::new(RefCell::new(Kernel::default()));
    let port = scope.clone();
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        let message = event.data();
        let id = get(&message, "id");
        if let Err(text) = answer(&mut kernel.borrow_mut(), &port, &message, &id) {
            let reply = object(&[("kind", "error".into()), ("id", id), ("message", text.into())]);
            // A worker whose page is gone has nobody to tell.
            let _ = port.post_message(&reply);
        }
    });
    scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    // Lives as long as the worker.
    on_message.forget();
    let _ = scope.post_message(&object(&[("kind", "ready".into())]));
}

fn answer(
    kernel: &mut Kernel,
    port: &DedicatedWorkerGlobalScope,
    message: &JsValue,
    id: &JsValue,
) -> Result<(), String> {
    let text = |key: &str| get(message, key).as_string().ok_or_else(|| format!("the message has no text '{key}'"));
    match text("kind")?.as_str() {
        "evaluate" => {
            let answer = kernel.evaluate(&text("design")?)?;
            let scene = Uint8Array::from(answer.scene.as_slice()).buffer();
            let missing: Array = answer.missing.iter().map(|h| JsValue::from_str(h)).collect();
            let reply = object(&[
                ("kind", "scene".into()),
                ("id", id.clone()),
                ("scene", scene.clone().into()),
                ("missing", missing.into()),
            ]);
            port.post_message_with_transfer(&reply, &Array::of1(&scene)).map_err(|_| "the page is gone".to_string())
        }
        "file" => {
            kernel.put_file(text("hash")?, Uint8Array::new(&get(message, "bytes")).to_vec());
            Ok(())
        }
        "forget" => {
            *kernel = Kernel::default();
            Ok(())
        }
        other => Err(format!("the geometry worker does not know the message '{other}'")),
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
