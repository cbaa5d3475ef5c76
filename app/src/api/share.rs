//! Share links: view only, no account. `/api/designs/{id}/shares`, `/api/shares/{id}`, `/api/share/{token}/*`

use serde::{Deserialize, Serialize};

/// `POST /api/designs/{id}/shares`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct CreateShare {
    pub label: String,
    pub days: u32,
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
    pub views: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// `GET /api/share/{token}`: what a guest gets. The scene's bytes are at `GET /api/share/{token}/scene`, and the socket at
/// `GET /api/share/{token}/socket` sends `ToClient::Closing` when the link is revoked and a `scene` change notice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SharedDesign {
    pub name: String,
    pub by: String,
    pub sequence: u64,
    pub expires: i64,
}
