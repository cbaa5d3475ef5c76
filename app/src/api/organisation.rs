//! The organisation, its people, its projects. `/api/organisation/*`, `/api/projects/*`

use super::auth::{Role, SignUpPolicy};
use serde::{Deserialize, Serialize};

/// `GET /api/organisation/members`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Member {
    pub user: String,
    pub name: String,
    pub email: String,
    pub hue: u16,
    pub role: Role,
    pub administrator: bool,
    pub disabled: bool,
    pub joined: i64,
    /// They have a second factor.
    pub factor: bool,
}

/// `PATCH /api/organisation/members/{user}`
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ChangeMember {
    #[serde(default)]
    pub role: Option<Role>,
    #[serde(default)]
    pub disabled: Option<bool>,
}

/// `POST /api/organisation/invitations`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Invite {
    /// Only this address may use it, when given.
    #[serde(default)]
    pub email: Option<String>,
    pub role: Role,
    pub days: u32,
}

/// `GET /api/organisation/invitations`; `DELETE …/{id}`. `link` is there only in the answer to the creation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Invitation {
    pub id: String,
    pub email: Option<String>,
    pub role: Role,
    pub expires: i64,
    pub used: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// A link shown once: `POST /api/organisation/members/{user}/reset`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Link {
    pub link: String,
    pub expires: i64,
}

/// `PATCH /api/organisation`
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ChangeOrganisation {
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub sign_up: Option<SignUpPolicy>,
    /// Everyone needs a second factor, or not.
    #[serde(default)]
    pub factor: Option<bool>,
}

/// `GET /api/organisation`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Organisation {
    pub id: String,
    pub name: String,
    pub sign_up: SignUpPolicy,
    /// Everyone of this installation needs a second factor.
    pub factor: bool,
}

/// `GET /api/projects`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Project {
    pub id: String,
    pub name: String,
    /// What the asking person may do in it.
    pub role: Role,
    pub designs: u32,
    pub members: u32,
}

/// `POST /api/projects`, `PATCH /api/projects/{id}`
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct NameProject {
    pub name: String,
}

/// `GET /api/projects/{id}/members`; `PUT /api/projects/{id}/members/{user}` with a [`Role`]; `DELETE` the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ProjectMember {
    pub user: String,
    pub name: String,
    pub email: String,
    pub role: Role,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SetRole {
    pub role: Role,
}
