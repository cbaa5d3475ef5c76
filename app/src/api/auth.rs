//! People and sessions. `/api/auth/*`

use serde::{Deserialize, Serialize};

/// Shortest password accepted, characters.
pub const PASSWORD_CHARS_MIN: usize = 10;

/// `POST /api/auth/signup`. The first user of an installation becomes its administrator and owner of its organisation.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SignUp {
    pub email: String,
    pub name: String,
    pub password: String,
    /// Token of an invitation link.
    #[serde(default)]
    pub invitation: Option<String>,
    /// Name of the organisation to found, without an invitation.
    #[serde(default)]
    pub organisation: Option<String>,
}

/// `POST /api/auth/login`
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct LogIn {
    pub email: String,
    pub password: String,
    /// Of the authenticator app, or a recovery code: where the answer without it was a problem of code `factor`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// `POST /api/auth/reset`: token from an administrator's link.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Reset {
    pub token: String,
    pub password: String,
}

/// `POST /api/auth/password`
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ChangePassword {
    pub current: String,
    pub new: String,
}

/// Role in an organisation or a project; each may do all that the ones after it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub enum Role {
    Owner,
    Engineer,
    /// May comment, not edit.
    Reviewer,
    Viewer,
}

impl Role {
    /// What a role held in a project comes to for someone who is `organisation` in the organisation: a reviewer or viewer of it
    /// stays one everywhere, whoever lends them more.
    #[must_use]
    pub fn within(self, organisation: Self) -> Self {
        // Orders by right, the greatest first.
        if organisation >= Self::Reviewer { self.max(organisation) } else { self }
    }
}

/// `GET /api/auth/me`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Me {
    pub id: String,
    pub email: String,
    pub name: String,
    pub hue: u16,
    pub administrator: bool,
    pub organisation: String,
    pub organisation_name: String,
    pub role: Role,
    /// A second factor is required here, and they have to set it up before anything else.
    #[serde(default)]
    pub must_enrol: bool,
}

/// One's second factor. `GET /api/auth/factor`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Factor {
    /// When it was set up; absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<i64>,
    /// Recovery codes that are left.
    pub n_recovery: u32,
    /// This installation asks it of everyone.
    pub required: bool,
}

/// `POST /api/auth/factor`
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct FactorPassword {
    pub password: String,
}

/// What an authenticator app must know. The answer to `POST /api/auth/factor`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct FactorSetup {
    /// Base 32, to be typed.
    pub secret: String,
    /// `otpauth://…`
    pub address: String,
    /// The QR code of the address: squares along an edge, and the dark ones as an SVG path, a unit each.
    pub size: u32,
    pub path: String,
}

/// `POST /api/auth/factor/confirm` (without the password), `…/recovery`, `…/remove`
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct FactorCode {
    #[serde(default)]
    pub password: String,
    pub code: String,
}

/// Codes for when the authenticator app is lost, each good for once. Shown this once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Recovery {
    pub codes: Vec<String>,
}

/// What the login and sign-up pages must know. `GET /api/auth/policy`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Policy {
    pub sign_up: SignUpPolicy,
    /// No user yet: the next sign-up becomes administrator.
    pub first: bool,
    /// Why signing in cannot work here (plain HTTP off loopback), if so.
    #[serde(default)]
    pub insecure: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub enum SignUpPolicy {
    Open,
    Invitation,
    Closed,
}

/// One device signed in. `GET /api/auth/sessions`, `DELETE /api/auth/sessions/{id}`, `POST /api/auth/logout-all`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Session {
    pub id: String,
    pub device: String,
    pub created: i64,
    pub seen: i64,
    pub current: bool,
}

/// What a token may do for its person besides reading; never more than the person may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub enum Scope {
    /// Make, change, comment on and arrange designs.
    Edit,
    /// Start, steer and cancel runs.
    Run,
    /// Make and take back share links.
    Share,
}

impl Scope {
    pub const ALL: [Self; 3] = [Self::Edit, Self::Run, Self::Share];
}

/// A secret for programs. `GET /api/auth/tokens`, `DELETE /api/auth/tokens/{id}`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Token {
    pub id: String,
    pub name: String,
    pub scopes: Vec<Scope>,
    pub created: i64,
    pub expires: i64,
    /// Last used, to within ten minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<i64>,
    /// Shown once, when it is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// `POST /api/auth/tokens`
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct CreateToken {
    pub name: String,
    pub scopes: Vec<Scope>,
    /// 1 to 365.
    pub days: u32,
}
