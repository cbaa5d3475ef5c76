//! Groups of people, and compartments of projects. `/api/organisation/groups/*`, `/api/projects/{id}/groups/*`,
//! `/api/projects/{id}/compartments/*`, `/api/designs/{id}/compartment`

use super::auth::Role;
use super::comment::Person;
use serde::{Deserialize, Serialize};

/// `GET /api/organisation/groups`: a named set of people of the organisation. `PUT` and `DELETE …/{id}/people/{user}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Group {
    pub id: String,
    pub name: String,
    /// By name.
    pub people: Vec<Person>,
}

/// `POST /api/organisation/groups`, `PATCH …/{id}`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct NameGroup {
    pub name: String,
}

/// `GET /api/projects/{id}/groups`; `PUT …/{group}` with a [`Role`]; `DELETE` the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ProjectGroup {
    pub group: String,
    pub name: String,
    /// What everyone in it may do at least.
    pub role: Role,
}

/// `GET /api/projects/{id}/compartments`: designs of the project that only these people and groups know of. `PUT` and `DELETE
/// …/{compartment}/people/{user}` and `…/groups/{group}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Compartment {
    pub id: String,
    pub name: String,
    /// The asking person is a member, themselves or through a group.
    pub is_member: bool,
    /// By name; without those who are members only through a group.
    pub people: Vec<Person>,
    /// By name.
    pub groups: Vec<Named>,
}

/// Something with a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Named {
    pub id: String,
    pub name: String,
}

/// `POST /api/projects/{id}/compartments`, `PATCH …/{compartment}`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct NameCompartment {
    pub name: String,
}

/// `PUT /api/designs/{id}/compartment`: into which; `DELETE` takes the design out of the one it is in.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct PutIn {
    /// One of the design's project that the asking person is a member of.
    pub compartment: String,
}
