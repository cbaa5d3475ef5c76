//! Wire messages of a design's socket, as JSON text frames. Pure: no sockets here.
//!
//! A tab is a *client*: it numbers its commands from 1, and the server applies each `(client, number)` at most once, so
//! that resending after a lost connection, or from the outbox of a closed tab, is safe.

use crate::api::run::RunEvent;
use serde::{Deserialize, Serialize};
use solver::design::{Command, Design, Value};

/// Largest frame the server accepts, bytes. What it sends may be larger: a whole design in `Welcome`.
pub const FRAME_BYTES_MAX: usize = 1024 * 1024;
/// Version of these messages; a client with another one reloads the page.
pub const PROTOCOL: u32 = 3;

/// A command as a client sends it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Submission {
    /// Random, per tab, kept with its outbox: 16 to 64 characters.
    pub client: String,
    /// 1, 2, 3 … per client.
    pub number: u64,
    /// The server sequence the author saw when making the edit.
    pub base: u64,
    /// Made while disconnected: a property that someone else changed after `base` is refused as a conflict.
    #[serde(default)]
    pub offline: bool,
    #[cfg_attr(feature = "ssr", schema(value_type = crate::api::schema::Command))]
    pub command: Command,
    /// Number of the own edit that this one takes back or brings again, for the history: `None` for a plain edit. Like an
    /// offline edit it is refused where someone else has changed the same property after `base`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo_of: Option<u64>,
}

impl Submission {
    /// Whether this is number `number` of `client`.
    pub fn is(&self, client: &str, number: u64) -> bool {
        self.number == number && self.client == client
    }
}

/// Where a client's unacknowledged edits begin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Head {
    pub client: String,
    /// Number of the first submission that will follow on this connection.
    pub next: u64,
    /// Its base: how far back the server must look for conflicts.
    #[serde(default)]
    pub base: u64,
}

/// A command as the log holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Entry {
    /// Position in the log, from 1, without gaps.
    pub sequence: u64,
    /// User id; the server's word, never the client's.
    pub author: String,
    pub client: String,
    pub number: u64,
    /// Epoch milliseconds; the server's.
    pub time: i64,
    #[cfg_attr(feature = "ssr", schema(value_type = crate::api::schema::Command))]
    pub command: Command,
}

/// What a person is doing, sent to the others and kept nowhere.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Presence {
    /// Object selected in the tree.
    #[serde(default)]
    pub object: Option<String>,
    /// Face under the pointer or selected.
    #[serde(default)]
    pub faces: Vec<String>,
    /// Eye, target, up; world, m.
    #[serde(default)]
    pub camera: Option<[[f64; 3]; 3]>,
    /// A drag in progress: commands that preview the edit, committed once on release.
    #[serde(default)]
    #[cfg_attr(feature = "ssr", schema(value_type = Vec<crate::api::schema::Command>))]
    pub preview: Vec<Command>,
}

/// Someone in the room.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Peer {
    /// Per connection.
    pub connection: u64,
    pub user: String,
    pub name: String,
    /// Hue in degrees, the same everywhere for this person.
    pub hue: u16,
    pub presence: Presence,
}

/// Client to server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub enum ToServer {
    /// First message: what the client has. `have` 0 asks for the whole design.
    Hello {
        protocol: u32,
        client: String,
        have: u64,
        /// One per outbox that this connection will send from, its own and those of closed tabs. Numbers must then
        /// follow without a gap; a gap closes the connection, so that edits never overtake each other.
        #[serde(default)]
        pending: Vec<Head>,
    },
    Submit {
        submission: Submission,
    },
    Presence {
        presence: Presence,
    },
    Ping {
        nonce: u64,
    },
}

/// Server to client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub enum ToClient {
    /// Answer to `Hello`: the design at `sequence`, or the entries after `have` when they are few.
    Welcome {
        sequence: u64,
        #[cfg_attr(feature = "ssr", schema(value_type = Option<crate::api::schema::Design>))]
        design: Option<Design>,
        entries: Vec<Entry>,
        /// Highest number of this client that is in the log already.
        acknowledged: u64,
        connection: u64,
        /// Id of the person this connection acts for; acknowledgements carry it as author.
        #[serde(default)]
        user: String,
        may_edit: bool,
        peers: Vec<Peer>,
    },
    /// A command is committed. Sent to everyone, its author too, who takes it as the acknowledgement.
    Applied {
        entry: Entry,
    },
    /// Repeated submission: it is in the log already.
    Known {
        #[serde(default)]
        client: String,
        number: u64,
        sequence: u64,
    },
    /// The command is not in the log and will not be.
    Refused {
        #[serde(default)]
        client: String,
        number: u64,
        refusal: Refused,
    },
    Peer {
        peer: Peer,
    },
    Left {
        connection: u64,
    },
    Run {
        event: RunEvent,
    },
    /// Someone gave the design another name.
    Renamed {
        name: String,
    },
    /// Comments were made, changed or settled: fetch them again.
    Talked,
    /// To share links instead of the design itself: what they show has changed, fetch the scene again. It says nothing else,
    /// and comes for nothing else: not every edit is a guest's to know of.
    Scene,
    /// To share links, before the end: the link's password is asked for again.
    Locked,
    Pong {
        nonce: u64,
    },
    /// The server closes the connection; `reconnect` false means for good (revoked, deleted).
    Closing {
        reason: String,
        reconnect: bool,
    },
}

/// [`ToClient`] as far as it concerns a guest. Whoever only looks need not be able to read a design, and so not download
/// what reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct ToGuest {
    /// As `ToClient` is tagged: `scene`, `talked`, `locked` and `closing` mean something to a guest, anything else is a sign of
    /// life.
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub reason: String,
    #[serde(default)]
    pub reconnect: bool,
}

/// `ToServer::Ping` as a guest sends it.
pub const GUEST_PING: &str = r#"{"type":"ping","nonce":0}"#;

/// Why a submission was refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub enum Refused {
    #[error("{refusal}")]
    DoesNotApply {
        #[cfg_attr(feature = "ssr", schema(value_type = crate::api::schema::Refusal))]
        refusal: solver::design::Refusal,
    },
    /// Someone else set the same property while this client was offline.
    #[error("{by} changed {key} of {object} meanwhile")]
    Conflict {
        object: String,
        key: String,
        by: String,
        #[cfg_attr(feature = "ssr", schema(value_type = Option<crate::api::schema::PropertyValue>))]
        theirs: Option<Value>,
        #[cfg_attr(feature = "ssr", schema(value_type = Option<crate::api::schema::PropertyValue>))]
        yours: Option<Value>,
    },
    #[error("you may look at this design but not change it")]
    Forbidden,
    /// Through a token; `what` it would decide about.
    #[error("no token may decide about {what}: sign in, and do it yourself")]
    NeedsPerson { what: String },
    #[error("too many edits at once; wait a moment")]
    TooFast,
    #[error("{why}")]
    Invalid { why: String },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_understands_what_concerns_it() {
        let hear = |said: &ToClient| {
            let text = serde_json::to_string(said).expect("serialises");
            serde_json::from_str::<ToGuest>(&text).expect("is read")
        };
        let closing = hear(&ToClient::Closing { reason: "over".into(), reconnect: true });
        assert_eq!(closing, ToGuest { kind: "closing".into(), reason: "over".into(), reconnect: true });
        assert_eq!(hear(&ToClient::Scene).kind, "scene");
        assert_eq!(hear(&ToClient::Locked).kind, "locked");
        assert_eq!(serde_json::to_string(&ToClient::Scene).expect("serialises"), r#"{"type":"scene"}"#);
        assert_eq!(hear(&ToClient::Pong { nonce: 0 }).kind, "pong");
        assert_eq!(serde_json::from_str::<ToServer>(GUEST_PING).expect("is read"), ToServer::Ping { nonce: 0 });
    }
}
