//! What people say about a design. `/api/designs/{id}/comments`, `/api/comments/{id}`, `/api/notifications`

use serde::{Deserialize, Serialize};

/// Where a thread is pinned. All absent: to the design as a whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Anchor {
    /// Id of an object of the design.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// Name of a face; the pin stays with it through edits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub face: Option<String>,
    /// On the face: shares of it, 0 to 1, as a probe's place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<[f64; 3]>,
    /// Eye, target, up; world, m: what the author looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub camera: Option<[[f64; 3]; 3]>,
}

/// Someone who settled a thread.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Resolved {
    pub by_name: String,
    pub time: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Comment {
    pub id: String,
    /// The first comment of its thread; absent in that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
    pub author: String,
    pub author_name: String,
    /// Its author is a guest, who holds the link of this label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guest: Option<String>,
    /// Its author is a guest, whatever they call themselves. Guests read this too, and no label.
    #[serde(default)]
    pub by_guest: bool,
    pub hue: u16,
    pub created: i64,
    /// When its text was last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<i64>,
    pub text: String,
    /// Its author took it back; the text is gone.
    #[serde(default)]
    pub removed: bool,
    /// Of a thread's first comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anchor: Option<Anchor>,
    /// Position in the design's log it was made at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved: Option<Resolved>,
}

/// `POST /api/designs/{id}/comments`: a thread, or with `thread` an answer in one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Say {
    pub text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anchor: Option<Anchor>,
    /// Ids of people to be told, of those who may see the design.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<String>,
}

/// `PATCH /api/comments/{id}`: its author changes the text, anyone who may comment settles or reopens the thread.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ChangeComment {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved: Option<bool>,
}

/// Someone who can be mentioned. `GET /api/designs/{id}/people`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Person {
    pub id: String,
    pub name: String,
    pub hue: u16,
}

/// Threads and people of a design. `GET /api/designs/{id}/comments`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Talk {
    /// Oldest first.
    pub comments: Vec<Comment>,
    /// The asking person may comment.
    pub may_comment: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub enum NotificationKind {
    /// One was mentioned.
    Mention,
    /// Someone answered in a thread that one took part in.
    Answer,
    /// A guest said something through a link that one made.
    Guest,
    /// One is asked to approve a release.
    Review,
    /// A release that one asked for was approved by one of several.
    Approved,
    /// It was rejected, and is a draft again.
    Rejected,
    /// Someone took it back to the draft.
    Returned,
    Released,
}

/// Something one is told. `GET /api/notifications`, newest first; `POST /api/notifications/seen`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Notification {
    pub id: String,
    pub kind: NotificationKind,
    pub time: i64,
    pub seen: bool,
    pub by_name: String,
    pub hue: u16,
    pub design: String,
    pub design_name: String,
    /// Empty where it is about a release.
    pub comment: String,
    /// First comment of its thread.
    pub thread: String,
    /// The release it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    pub text: String,
}

/// `POST /api/notifications/seen`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Seen {
    /// Notifications up to this time, epoch ms, have been seen.
    pub until: i64,
}
