//! Who did what, for administrators and owners of organisations. `GET /api/audit`, `…/check`, `…/export/{form}`

use serde::{Deserialize, Serialize};

/// One entry of the log. Each one's hash covers the entry and the hash of the one before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct AuditEntry {
    /// From 1, without gaps.
    pub sequence: i64,
    pub time: i64,
    /// `person:`, `share:` or `worker` and an id, or `server`. Empty, as are action and object, in another organisation's entry.
    pub actor: String,
    /// The person's name now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_name: Option<String>,
    /// `design.create`, `release.approved`, `person.login` …
    pub action: String,
    /// What it was done to: a kind and an id.
    pub object: String,
    /// The name of that design, project or person now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object_name: Option<String>,
    /// Hidden, as is the name, for a design in a compartment that the asking person is not in, and in another organisation's entry.
    pub detail: String,
    /// BLAKE3, 64 hexadecimal digits.
    pub hash: String,
    /// Hashed with the rest. Left out where the detail is hidden, which could be guessed with it, and in entries from before there
    /// were any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<String>,
    /// Whose entry it is; empty: the installation's. Hashed after the salt. Left out in entries from before, in which it is not, and
    /// where the detail is hidden.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
}

/// Which entries. All left out: every one, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditQuery {
    /// Part of a person's name or address, or the whole of an actor as it is written.
    #[serde(default)]
    pub who: Option<String>,
    /// An action, or the beginning of one: `release.`
    #[serde(default)]
    pub action: Option<String>,
    /// An object as it is written, or part of the name of a design, project or person.
    #[serde(default)]
    pub object: Option<String>,
    /// Epoch milliseconds; from here on.
    #[serde(default)]
    pub since: Option<i64>,
    /// Before this time.
    #[serde(default)]
    pub until: Option<i64>,
    /// The `next` of the page before.
    #[serde(default)]
    pub before: Option<i64>,
}

/// Where the chain breaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct AuditBreak {
    /// The first entry that is not as it was written, or not there.
    pub sequence: i64,
    pub why: String,
}

/// `GET /api/audit/check`: the whole log, read anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct AuditCheck {
    /// Entries read, up to the break if there is one.
    pub n_entries: u64,
    /// Hash of the last of them. Written down elsewhere, it shows later that nothing before was changed.
    pub head: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken: Option<AuditBreak>,
}
