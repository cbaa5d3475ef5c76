//! One error for every handler, and the one place that turns it into a status and a [`Problem`].

use app::api::Problem;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// What a handler may answer instead of what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not signed in, or no longer.
    #[error("sign in first")]
    Unauthenticated,
    /// A link that opens with a password, which was not given yet.
    #[error("this link opens with a password")]
    Locked,
    /// The password was right, and a code is asked for besides.
    #[error("give the code of your authenticator app, or a recovery code")]
    Factor,
    /// A second factor is required here, and this person has none yet.
    #[error("this installation asks for a second factor; set yours up under Account first")]
    Enrol,
    /// The actor sees the object but may not do this to it.
    #[error("{0}")]
    Forbidden(String),
    /// It is not there, or the actor may not know that it is.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    #[error("{message}")]
    Invalid { message: String, field: Option<String> },
    #[error("{0}")]
    Conflict(String),
    #[error("{0}")]
    TooLarge(String),
    #[error("too many requests; try again in {seconds} s")]
    TooFast { seconds: u64 },
    /// A passing condition: busy, disk full, shutting down. Nothing was changed.
    #[error("{0}")]
    Unavailable(String),
    /// Ours. The person gets a plain sentence and the log the chain of causes.
    #[error("something went wrong on the server; it is logged")]
    Internal(#[source] anyhow::Error),
}

impl Error {
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid { message: message.into(), field: None }
    }

    /// `field`: the request's field at fault.
    pub fn field(field: &str, message: impl Into<String>) -> Self {
        Self::Invalid { message: message.into(), field: Some(field.to_owned()) }
    }

    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::Unavailable(message.into())
    }

    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::Forbidden(message.into())
    }

    pub fn internal(error: impl Into<anyhow::Error>) -> Self {
        Self::Internal(error.into())
    }

    /// The one map from error to status and stable code.
    pub fn status(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Unauthenticated => (StatusCode::UNAUTHORIZED, "unauthenticated"),
            Self::Locked => (StatusCode::UNAUTHORIZED, "locked"),
            Self::Factor => (StatusCode::UNAUTHORIZED, "factor"),
            Self::Enrol => (StatusCode::FORBIDDEN, "enrol"),
            Self::Forbidden(_) => (StatusCode::FORBIDDEN, "forbidden"),
            Self::NotFound(_) => (StatusCode::NOT_FOUND, "not_found"),
            Self::Invalid { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "invalid"),
            Self::Conflict(_) => (StatusCode::CONFLICT, "conflict"),
            Self::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            Self::TooFast { .. } => (StatusCode::TOO_MANY_REQUESTS, "too_fast"),
            Self::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        }
    }

    pub fn problem(&self) -> Problem {
        let field = match self {
            Self::Invalid { field, .. } => field.clone(),
            _ => None,
        };
        let mut message = self.to_string();
        if let Some(first) = message.get(..1) {
            message.replace_range(..1, &first.to_uppercase());
        }
        Problem { code: self.status().1.to_owned(), message, field }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        if let Self::Internal(cause) = &self {
            tracing::error!(error = format!("{cause:#}"), "internal error");
        }
        let mut response = (self.status().0, Json(self.problem())).into_response();
        let retry = match self {
            Self::TooFast { seconds } => Some(seconds),
            Self::Unavailable(_) => Some(2),
            _ => None,
        };
        if let Some(seconds) = retry {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        let passing = match &error {
            sqlx::Error::PoolTimedOut | sqlx::Error::Io(_) => true,
            // Primary result codes of SQLite: BUSY 5, LOCKED 6, READONLY 8, IOERR 10, FULL 13, CANTOPEN 14.
            sqlx::Error::Database(database) => database
                .code()
                .and_then(|code| code.parse::<u32>().ok())
                .is_some_and(|code| matches!(code & 0xff, 5 | 6 | 8 | 10 | 13 | 14)),
            _ => false,
        };
        if passing {
            tracing::error!(%error, "database");
            Self::unavailable(
                "The server cannot write to its database right now (busy, full or read-only). Nothing was saved; try again in a moment.",
            )
        } else {
            Self::Internal(error.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_names_the_field_and_starts_with_a_capital() {
        let problem = Error::field("name", "give it a name").problem();
        assert_eq!(problem.field.as_deref(), Some("name"));
        assert_eq!(problem.message, "Give it a name");
        assert_eq!(Error::NotFound("design").problem().code, "not_found");
    }

    #[test]
    fn internals_do_not_reach_the_person() {
        let problem = Error::internal(anyhow::anyhow!("secret path /x")).problem();
        assert!(!problem.message.contains("secret"));
    }
}
