//! `/api/docs`: the API's description as a page to read. It is made from the same table as the routes, and runs nothing.

#[cfg(test)]
mod fit;
mod socket;
#[cfg(test)]
mod truth;

use crate::auth::{Action, Actor, Object, can};
use crate::web::header::REPORT_POLICY;
use crate::{Error, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::OnceLock;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

pub fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(docs))
}

/// The description of this API, to read.
#[utoipa::path(get, path = "/api/docs", tag = "machine", responses((status = 200, content_type = "text/html")))]
async fn docs(state: State, actor: Actor) -> Result<Response, Error> {
    static PAGE: OnceLock<String> = OnceLock::new();
    can(&state, &actor, Action::See, Object::Public).await?;
    let page =
        PAGE.get_or_init(|| serde_json::from_str(crate::openapi_json()).map_or_else(|_| String::new(), |d| page(&d)));
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, REPORT_POLICY),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    Ok((headers, page.as_str()).into_response())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The page of a description.
fn page(description: &Value) -> String {
    // Tag → its operations: path, method, operation.
    let mut tags: BTreeMap<&str, Vec<(&str, &str, &Value)>> = BTreeMap::new();
    for (path, item) in description["paths"].as_object().into_iter().flatten() {
        for method in METHODS {
            if let Some(operation) = item.get(method) {
                let tag = operation["tags"][0].as_str().unwrap_or("other");
                tags.entry(tag).or_default().push((path, method, operation));
            }
        }
    }
    let info = |key: &str| escape(description["info"][key].as_str().unwrap_or_default());
    let mut s = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width,initial-scale=1\"><title>{0} API</title><style>{STYLE}</style></head><body><main>\
         <h1>{0} API <small>{1}</small></h1><p>{2}</p><p>Send a token from your account page as \
         <code>Authorization: Bearer …</code>. Bodies and answers are JSON; an error is a <a href=\"#Problem\">Problem</a> \
         that says what to do. The same as data: <a href=\"/api/openapi.json\">openapi.json</a>.</p><nav>",
        info("title"),
        info("version"),
        info("description")
    );
    for tag in tags.keys() {
        let _ = write!(s, "<a href=\"#tag-{0}\">{0}</a> ", escape(tag));
    }
    s.push_str("<a href=\"#socket\">Socket messages</a> <a href=\"#schemas\">Values</a></nav>");
    for (tag, operations) in &tags {
        let _ = write!(s, "<h2 id=\"tag-{0}\">{0}</h2>", escape(tag));
        for (path, method, operation) in operations {
            operation_block(&mut s, path, method, operation);
        }
    }
    socket::section(&mut s, description);
    s.push_str("<h2 id=\"schemas\">Values</h2>");
    for (name, schema) in description["components"]["schemas"].as_object().into_iter().flatten() {
        let _ = write!(s, "<section class=\"value\" id=\"{0}\"><h3>{0}</h3>", escape(name));
        if let Some(text) = schema["description"].as_str() {
            let _ = write!(s, "<p>{}</p>", escape(text));
        }
        let _ = write!(s, "{}</section>", shape(schema));
    }
    s.push_str("</main></body></html>");
    s
}

fn operation_block(s: &mut String, path: &str, method: &str, operation: &Value) {
    let _ = write!(
        s,
        "<details><summary><b class=\"{method}\">{}</b> <code>{}</code> <span>{}</span></summary>",
        method.to_uppercase(),
        escape(path),
        escape(operation["summary"].as_str().unwrap_or_default())
    );
    if let Some(text) = operation["description"].as_str() {
        let _ = write!(s, "<p>{}</p>", escape(text));
    }
    let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !parameters.is_empty() {
        s.push_str("<table><tr><th>Parameter</th><th>In</th><th>Type</th><th></th></tr>");
        for p in parameters {
            let text = |key: &str| escape(p[key].as_str().unwrap_or_default());
            let optional = if p["required"].as_bool() == Some(true) { "" } else { "optional " };
            let _ = write!(
                s,
                "<tr><td><code>{}</code></td><td>{}</td><td>{}</td><td>{optional}{}</td></tr>",
                text("name"),
                text("in"),
                kind(&p["schema"]),
                text("description")
            );
        }
        s.push_str("</table>");
    }
    for (form, content) in operation["requestBody"]["content"].as_object().into_iter().flatten() {
        let text = operation["requestBody"]["description"].as_str().unwrap_or_default();
        let _ = write!(s, "<p>Body, {}: {} {}</p>", escape(form), kind(&content["schema"]), escape(text));
    }
    s.push_str("<table><tr><th>Status</th><th>Answer</th></tr>");
    for (status, answer) in operation["responses"].as_object().into_iter().flatten() {
        let content = answer["content"].as_object().into_iter().flatten();
        let kinds: Vec<String> =
            content.map(|(form, c)| format!("{} <small>{}</small>", kind(&c["schema"]), escape(form))).collect();
        let text = escape(answer["description"].as_str().unwrap_or_default());
        let _ = write!(s, "<tr><td>{}</td><td>{} {text}</td></tr>", escape(status), kinds.join(", "));
    }
    s.push_str("</table></details>");
}

/// A schema in a word, with a link where it has a name.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|r| r.rsplit('/').next()) {
        return format!("<a href=\"#{0}\">{0}</a>", escape(name));
    }
    for key in ["oneOf", "anyOf", "allOf"] {
        if let Some(options) = schema[key].as_array() {
            let options: Vec<String> = options.iter().filter(|o| o["type"] != "null").map(kind).collect();
            return options.join(" or ");
        }
    }
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<String> =
            words.iter().filter_map(Value::as_str).map(|w| format!("<code>{}</code>", escape(w))).collect();
        return words.join(" or ");
    }
    let word = match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).find(|t| *t != "null").unwrap_or("value"),
        Value::String(word) => word,
        _ => "value",
    };
    if let Some(parts) = schema["prefixItems"].as_array() {
        return format!("[{}]", parts.iter().map(kind).collect::<Vec<_>>().join(", "));
    }
    match (word, &schema["additionalProperties"]) {
        ("array", _) => format!("list of {}", kind(&schema["items"])),
        ("object", inner @ Value::Object(_)) => format!("object of {} by key", kind(inner)),
        _ => escape(word),
    }
}

/// What tells a variant from the others of its schema: `"do": "set"`.
fn tag(variant: &Value) -> Option<(&str, &str)> {
    let parts = variant["allOf"].as_array().map_or(std::slice::from_ref(variant), Vec::as_slice);
    let mut properties = parts.iter().filter_map(|p| p["properties"].as_object()).flatten();
    properties.find_map(|(key, p)| Some((key.as_str(), p["enum"].as_array().filter(|w| w.len() == 1)?[0].as_str()?)))
}

/// What a value is made of.
fn shape(schema: &Value) -> String {
    if let Some(variants) = schema["oneOf"].as_array().filter(|all| all.iter().any(|v| tag(v).is_some())) {
        let mut s = String::new();
        for variant in variants {
            let title = tag(variant)
                .map_or_else(String::new, |(key, word)| format!("<code>{}: {}</code>", escape(key), escape(word)));
            let text = escape(variant["description"].as_str().unwrap_or_default());
            let _ = write!(s, "<h4>{title} <small>{text}</small></h4>{}", shape(variant));
        }
        return s;
    }
    if let Some(parts) = schema["allOf"].as_array() {
        return parts.iter().map(shape).collect();
    }
    let Some(properties) = schema["properties"].as_object() else { return format!("<p>{}</p>", kind(schema)) };
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut s = "<table><tr><th>Field</th><th>Type</th><th></th></tr>".to_owned();
    for (name, property) in properties {
        let optional = if required.contains(&name.as_str()) { "" } else { "optional " };
        let _ = write!(
            s,
            "<tr><td><code>{}</code></td><td>{}</td><td>{optional}{}</td></tr>",
            escape(name),
            kind(property),
            escape(property["description"].as_str().unwrap_or_default())
        );
    }
    s.push_str("</table>");
    s
}

const STYLE: &str = "
:root{color-scheme:light dark;--ink:#1a1f29;--soft:#5b6472;--line:#dfe2e8;--ground:#fff;--sunken:#f4f5f7;--accent:#2463d1}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ef;--soft:#a2abba;--line:#2c323d;--ground:#14171c;--sunken:#1a1e25;--accent:#5b94f5}}
body{margin:0;background:var(--ground);color:var(--ink);font:14px/1.5 system-ui,-apple-system,'Segoe UI',sans-serif}
main{max-width:900px;margin:0 auto;padding:32px 20px 80px}
h1{font-size:26px;margin:0 0 8px}h1 small{font-weight:400;color:var(--soft);font-size:14px}
h2{font-size:18px;margin:36px 0 8px;text-transform:capitalize}h3{font-size:14px;margin:18px 0 4px}h4{font-size:13px;font-weight:500;margin:10px 0 2px}
a{color:var(--accent);text-decoration:none}a:hover{text-decoration:underline}
nav{display:flex;flex-wrap:wrap;gap:4px 14px;text-transform:capitalize}
pre{background:var(--sunken);border-radius:6px;padding:8px 12px;overflow-x:auto;font:12px/1.45 ui-monospace,Menlo,Consolas,monospace}
code{font:12.5px ui-monospace,Menlo,Consolas,monospace}small{color:var(--soft)}
details{border:1px solid var(--line);border-radius:6px;margin:6px 0;padding:0 12px}
summary{padding:8px 0;cursor:pointer;overflow-wrap:anywhere}summary span{color:var(--soft)}
summary b{display:inline-block;min-width:58px;font:600 11px/18px ui-monospace,monospace}
table{border-collapse:collapse;width:100%;margin:4px 0 12px;font-size:13px}
th{text-align:left;color:var(--soft);font-weight:500;border-bottom:1px solid var(--line);padding:4px 8px 4px 0}
td{border-bottom:1px solid var(--line);padding:4px 8px 4px 0;vertical-align:top;overflow-wrap:anywhere}
.value:target{outline:2px solid var(--accent);outline-offset:6px;border-radius:4px}
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_and_value_stands_on_the_page_and_every_link_leads_somewhere() {
        let description: Value = serde_json::from_str(crate::openapi_json()).expect("a description");
        let page = page(&description);
        for (path, item) in description["paths"].as_object().expect("paths") {
            let n = METHODS.iter().filter(|m| item.get(**m).is_some()).count();
            assert!(page.matches(&format!("<code>{}</code>", escape(path))).count() >= n, "{path}");
        }
        for link in page.split("href=\"#").skip(1) {
            let id = link.split('"').next().expect("an id");
            assert!(page.contains(&format!("id=\"{id}\"")), "{id}");
        }
        assert!(!page.contains("<script"), "it runs nothing");
    }

    #[test]
    fn a_schema_reads_as_a_word() {
        let read = |text: &str| kind(&serde_json::from_str(text).expect("JSON"));
        assert_eq!(read(r#"{"type":"array","items":{"type":"string"}}"#), "list of string");
        assert_eq!(read(r#"{"type":["integer","null"]}"#), "integer");
        let either = r##"{"oneOf":[{"type":"null"},{"$ref":"#/components/schemas/Run"}]}"##;
        assert_eq!(read(either), "<a href=\"#Run\">Run</a>");
        assert_eq!(read(r#"{"type":"string","enum":["a","b"]}"#), "<code>a</code> or <code>b</code>");
    }
}
