//! The partner's room: links for people without an account. `/api/designs/{id}/shares`, `/api/shares/{id}`,
//! `/api/share/{token}/*`

use super::comment::Anchor;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What a guest may do besides looking. Measuring and cutting happen in their browser, which has the shape to draw it: these
/// two keep honest people to what was agreed. Everything else is kept by the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub enum Allow {
    Measure,
    Section,
    /// Say something, and read what was said through the same link and the answers to that.
    Comment,
    /// Take the shared bodies away, as exact solids where they are such.
    Step,
    #[serde(rename = "3mf")]
    ThreeMf,
    Stl,
    Obj,
}

impl Allow {
    pub const ALL: [Self; 7] =
        [Self::Measure, Self::Section, Self::Comment, Self::Step, Self::ThreeMf, Self::Stl, Self::Obj];

    /// What may be downloaded, a format each.
    pub const FORMS: [Self; 4] = [Self::Step, Self::ThreeMf, Self::Stl, Self::Obj];

    /// Also the ending of such a file's name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Measure => "measure",
            Self::Section => "section",
            Self::Comment => "comment",
            Self::Step => "step",
            Self::ThreeMf => "3mf",
            Self::Stl => "stl",
            Self::Obj => "obj",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::Measure => "Measure",
            Self::Section => "Cut sections",
            Self::Comment => "Comment",
            Self::Step => "STEP",
            Self::ThreeMf => "3MF",
            Self::Stl => "STL",
            Self::Obj => "OBJ",
        }
    }

    /// Whether it is a format of files.
    pub fn is_form(self) -> bool {
        Self::FORMS.contains(&self)
    }
}

fn looking() -> BTreeSet<Allow> {
    BTreeSet::from([Allow::Measure, Allow::Section])
}

/// `POST /api/designs/{id}/shares`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct CreateShare {
    pub label: String,
    pub days: u32,
    /// The one person it is for, by whose name they are known. A link without a name is for anyone who holds it; one with a
    /// name needs a password, so that passing on the link alone does not pass on the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guest: Option<String>,
    /// The link opens with it only; at least as long as people's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    #[serde(default = "looking")]
    pub allow: BTreeSet<Allow>,
    /// Names of the bodies in the scene that are shared; left out: all of them, also later ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bodies: Option<BTreeSet<String>>,
}

/// `GET /api/designs/{id}/shares`; `DELETE /api/shares/{id}` revokes. `link` is there only in the answer to the creation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Share {
    pub id: String,
    pub label: String,
    pub created: i64,
    pub expires: i64,
    pub revoked: bool,
    /// Whoever made it may not share the design now: it opens for nobody until they may again. Says nothing of one that is
    /// revoked or over.
    #[serde(default)]
    pub rests: bool,
    pub views: u64,
    /// The one person it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guest: Option<String>,
    /// It opens with a password.
    pub locked: bool,
    pub allow: BTreeSet<Allow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bodies: Option<BTreeSet<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// `GET /api/share/{token}`: what a guest gets. The scene's bytes are at `GET /api/share/{token}/scene`, and the socket at
/// `GET /api/share/{token}/socket` sends `ToClient::Scene` when they have changed, `ToClient::Closing` when the link is
/// revoked and `ToClient::Locked` when its password is asked for again. No position of the log is among it: it would tell how
/// much is worked on what is not shared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SharedDesign {
    pub name: String,
    pub by: String,
    pub expires: i64,
    pub allow: BTreeSet<Allow>,
    /// The guest's name, where the link is for one person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guest: Option<String>,
}

/// `POST /api/share/{token}/unlock`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Unlock {
    pub password: String,
}

/// Days after its end for which a link stands among the others, and for which it is known from which device and address it was
/// used. Who saw what and when stays as long as the design.
pub const RECENT_DAYS: i64 = 30;

/// Someone used a link. `GET /api/shares/{id}/views?after=`, a page, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ShareView {
    pub time: i64,
    /// `opened`, `saw` (versions that came while it was open), `refused` (a wrong password), `commented`, or the format of a
    /// download.
    pub what: String,
    /// Of versions that were seen one after the other: the log position of the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<u64>,
    /// Log position that was shown, the last one where there were several.
    pub sequence: u64,
    /// "Firefox on Linux". Empty like the address [`RECENT_DAYS`] after the link's end.
    pub device: String,
    pub address: String,
}

/// `POST /api/share/{token}/comments`: a thread, or with `thread` an answer in one of this link's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct GuestSay {
    /// Who says it; where the link is for one person, theirs is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anchor: Option<Anchor>,
}
