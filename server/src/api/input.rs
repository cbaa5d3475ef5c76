//! Request bodies, read only after the policy has been asked.

use crate::Error;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;
use std::marker::PhantomData;

/// A JSON body. Taking it from the request never refuses; [`Input::read`] does, so that a handler asks the policy first and
/// nobody learns from an error about the body what lies behind a route.
pub struct Input<T> {
    bytes: Result<Bytes, Error>,
    what: PhantomData<fn() -> T>,
}

impl<S: Send + Sync, T> FromRequest<S> for Input<T> {
    type Rejection = std::convert::Infallible;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|_| Error::TooLarge("This request is too large.".to_owned()));
        Ok(Self { bytes, what: PhantomData })
    }
}

impl<T: DeserializeOwned> Input<T> {
    /// # Errors
    /// [`Error::Invalid`] naming what does not fit.
    pub fn read(self) -> Result<T, Error> {
        serde_json::from_slice(&self.bytes?)
            .map_err(|error| Error::invalid(format!("This request cannot be read: {error}.")))
    }
}

/// A name as people give it: trimmed, one line, not empty, at most 200 characters, without control characters.
///
/// # Errors
/// [`Error::Invalid`] at `field`.
pub fn name(field: &str, text: &str) -> Result<String, Error> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Error::field(field, "Give it a name."));
    }
    if text.chars().count() > 200 {
        return Err(Error::field(field, "Use at most 200 characters."));
    }
    // Besides control characters, those that turn the reading direction and so can disguise a name.
    if text.chars().any(|c| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')) {
        return Err(Error::field(field, "Use letters, digits and signs on one line."));
    }
    Ok(text.to_owned())
}

/// An e-mail address in the one form it is stored and compared in: trimmed, lower case.
///
/// # Errors
/// [`Error::Invalid`] at `email`.
pub fn email(text: &str) -> Result<String, Error> {
    let text = text.trim().to_lowercase();
    let is_plausible = text.len() <= 254
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
        && text.split_once('@').is_some_and(|(user, host)| !user.is_empty() && !host.is_empty() && !host.contains('@'));
    if is_plausible { Ok(text) } else { Err(Error::field("email", "This is not an e-mail address.")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_as_given_and_disguises_refused() {
        assert_eq!(name("name", "  <b>Träger</b> ").expect("a name"), "<b>Träger</b>");
        for bad in ["", "   ", "a\nb", "a\u{202e}b", &"x".repeat(201)] {
            assert!(name("name", bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn one_address_has_one_form() {
        assert_eq!(email(" Ada@Example.ORG ").expect("an address"), "ada@example.org");
        for bad in ["", "ada", "@x", "ada@", "a b@x", "a@b@c"] {
            assert!(email(bad).is_err(), "{bad:?}");
        }
    }
}
