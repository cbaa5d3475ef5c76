//! The socket's messages on the page, which OpenAPI has no place for: what each is made of from the description, and an
//! example of each, made of the true type.

use super::{escape, shape, tag};
use app::api::run::RunEvent;
use app::sync::{Entry, FRAME_BYTES_MAX, Head, PROTOCOL, Peer, Presence, Refused, Submission, ToClient, ToServer};
use serde::Serialize;
use serde_json::Value;
use solver::design::{self, Command, Design, Object};
use solver::run::{Phase, Report};
use std::fmt::Write as _;
use std::sync::Arc;

const CLIENT: &str = "script-5c1e7a40d2";
const BOX: &str = "box_1";

fn command() -> Command {
    Command::Set { id: BOX.into(), key: "dx".into(), value: Some(design::Value::Expr("80 mm".into())) }
}

/// The edit that the section begins with; over REST its body is the same.
pub(super) fn submission() -> Submission {
    Submission { client: CLIENT.into(), number: 1, base: 4, offline: false, command: command(), undo_of: None }
}

fn entry() -> Entry {
    Entry {
        sequence: 5,
        author: "7d0f…".into(),
        client: CLIENT.into(),
        number: 1,
        time: 1_767_225_600_000,
        command: command(),
    }
}

fn presence() -> Presence {
    Presence { object: Some(BOX.into()), faces: vec![format!("{BOX}.left")], ..Presence::default() }
}

fn peer() -> Peer {
    Peer { connection: 12, user: "7d0f…".into(), name: "Ada".into(), hue: 210, presence: presence() }
}

/// One of each that is sent to the server.
pub(super) fn to_server() -> Vec<ToServer> {
    let pending = vec![Head { client: CLIENT.into(), next: 1, base: 4 }];
    vec![
        ToServer::Hello { protocol: PROTOCOL, client: CLIENT.into(), have: 0, pending },
        ToServer::Submit { submission: submission() },
        ToServer::Presence { presence: presence() },
        ToServer::Ping { nonce: 1 },
    ]
}

/// One of each that the server sends.
pub(super) fn to_client() -> Vec<ToClient> {
    let mut small = Design::new();
    small.objects.push(Arc::new(Object::new(BOX, "box", "Plate").expr("dx", "100 mm")));
    let progress = Report::Progress { phase: Phase::Solve, fraction: 0.4, note: "iteration 12".into() };
    vec![
        ToClient::Welcome {
            sequence: 4,
            design: Some(small),
            entries: Vec::new(),
            acknowledged: 0,
            connection: 12,
            user: "7d0f…".into(),
            may_edit: true,
            peers: vec![peer()],
        },
        ToClient::Applied { entry: entry() },
        ToClient::Known { client: CLIENT.into(), number: 1, sequence: 5 },
        ToClient::Refused {
            client: CLIENT.into(),
            number: 2,
            refusal: Refused::DoesNotApply { refusal: design::Refusal::Missing { id: "box_9".into() } },
        },
        ToClient::Peer { peer: peer() },
        ToClient::Left { connection: 12 },
        ToClient::Run { event: RunEvent::Report { run: "a91c…".into(), report: progress } },
        ToClient::Renamed { name: "Wall bracket".into() },
        ToClient::Talked,
        ToClient::Scene,
        ToClient::Locked,
        ToClient::Pong { nonce: 1 },
        ToClient::Closing { reason: "The server restarts.".into(), reconnect: true },
    ]
}

/// The section of the page. `description`: the whole API's.
pub(super) fn section(s: &mut String, description: &Value) {
    let _ = write!(
        s,
        "<h2 id=\"socket\">Socket messages</h2>\
         <p><code>GET /api/designs/{{id}}/socket</code> with a token opens a websocket on which a design lives: text frames, each \
         a JSON object that says in <code>type</code> which message it is, of at most {FRAME_BYTES_MAX} bytes to the server. \
         Say <code>hello</code> with protocol {PROTOCOL} first; <code>welcome</code> answers with the design, or with the \
         edits you have not seen. Number your edits from 1: each <code>submit</code> is answered with <code>applied</code>, \
         <code>known</code> (it was there already) or <code>refused</code>, and one sent again is made once. What others do \
         comes as <code>applied</code> too. Close and say <code>hello</code> again where a message is missing. Guests of share \
         links connect to <code>/api/share/{{token}}/socket</code>, send nothing but <code>ping</code>, and hear \
         <code>scene</code>, <code>talked</code>, <code>locked</code> and <code>closing</code>.</p>\
         <p>An edit, as <code>submit</code> carries it and as <code>POST /api/designs/{{id}}/commands</code> takes it: a \
         <a href=\"#Submission\">Submission</a> of a <a href=\"#Command\">Command</a>.</p>"
    );
    example(s, &submission());
    s.push_str("<h3>To the server</h3>");
    messages(s, description, "ToServer", &to_server());
    s.push_str("<h3>From the server</h3>");
    messages(s, description, "ToClient", &to_client());
}

fn example(s: &mut String, value: &impl Serialize) {
    if let Ok(text) = serde_json::to_string_pretty(value) {
        let _ = write!(s, "<pre>{}</pre>", escape(&text));
    }
}

fn messages(s: &mut String, description: &Value, schema: &str, examples: &[impl Serialize]) {
    let examples: Vec<Value> = examples.iter().filter_map(|e| serde_json::to_value(e).ok()).collect();
    for variant in description["components"]["schemas"][schema]["oneOf"].as_array().into_iter().flatten() {
        let word = tag(variant).map_or("?", |(_, word)| word);
        let _ = write!(
            s,
            "<details class=\"message\"><summary><code>{}</code> <span>{}</span></summary>{}",
            escape(word),
            escape(variant["description"].as_str().unwrap_or_default()),
            shape(variant)
        );
        if let Some(found) = examples.iter().find(|e| e["type"] == word) {
            example(s, found);
        }
        s.push_str("</details>");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_in_both_directions_stands_there_with_an_example() {
        let description: Value = serde_json::from_str(crate::openapi_json()).expect("a description");
        let mut page = String::new();
        section(&mut page, &description);
        let both = [
            ("ToServer", serde_json::to_value(to_server()).expect("JSON")),
            ("ToClient", serde_json::to_value(to_client()).expect("JSON")),
        ];
        for (schema, examples) in both {
            let variants = description["components"]["schemas"][schema]["oneOf"].as_array().expect("messages");
            let words: Vec<&str> = variants.iter().filter_map(tag).map(|(_, word)| word).collect();
            let examples: Vec<&str> =
                examples.as_array().into_iter().flatten().filter_map(|e| e["type"].as_str()).collect();
            assert_eq!(words, examples, "{schema}: one example of each, in order");
            for word in words {
                assert!(page.contains(&format!("<summary><code>{word}</code>")), "{word}");
                assert!(page.contains(&escape(&format!("\"type\": \"{word}\""))), "{word} has no example");
            }
        }
        assert!(page.contains(&escape("\"do\": \"set\"")), "an example of a command");
    }
}
