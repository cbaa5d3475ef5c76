//! Passwords: Argon2id, on blocking threads, a few at a time.

use crate::config::PasswordCost;
use crate::{Error, State};
use app::api::auth::PASSWORD_CHARS_MIN;
use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use rand::RngCore as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;

/// Longest password, bytes: hashing is linear in it, and nobody types more.
const BYTES_MAX: usize = 1024;
/// Hashes computed at once: each takes 19 MiB and a core.
const PERMITS: usize = 2;
/// Longest wait for a permit; a flood of logins is refused, not queued.
const WAIT: Duration = Duration::from_secs(5);

/// The hasher, with its permits.
pub struct Passwords {
    cost: PasswordCost,
    permits: Arc<Semaphore>,
    /// Verified against when the user is unknown, so that both answers take the same time.
    decoy: String,
    /// Verifications carried out: what tests compare, since times say little on a busy machine.
    n_verified: AtomicU64,
}

impl Passwords {
    /// # Errors
    /// When the cost is out of Argon2's range.
    pub fn new(cost: PasswordCost) -> anyhow::Result<Self> {
        let decoy = digest(cost, "decoy").map_err(|error| anyhow::anyhow!("argon2: {error}"))?;
        Ok(Self { cost, permits: Arc::new(Semaphore::new(PERMITS)), decoy, n_verified: AtomicU64::new(0) })
    }

    /// Verifications carried out since the start.
    pub fn n_verified(&self) -> u64 {
        self.n_verified.load(Ordering::Relaxed)
    }

    async fn blocking<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
        let permit = tokio::time::timeout(WAIT, self.permits.clone().acquire_owned())
            .await
            .map_err(|_| Error::unavailable("Many people are signing in right now; try again in a moment."))?
            .map_err(Error::internal)?;
        let done = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        });
        done.await.map_err(Error::internal)
    }

    /// The hash to store, in PHC form.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when too many are waiting.
    pub async fn hash(&self, password: &str) -> Result<String, Error> {
        let (cost, password) = (self.cost, password.to_owned());
        self.blocking(move || digest(cost, &password))
            .await?
            .map_err(|error| Error::internal(anyhow::anyhow!("argon2: {error}")))
    }

    /// Whether `password` is the one behind `stored`; without `stored` it takes as long and says no.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when too many are waiting.
    pub async fn verify(&self, password: &str, stored: Option<&str>) -> Result<bool, Error> {
        let is_known = stored.is_some();
        let (stored, mut password) = (stored.unwrap_or(&self.decoy).to_owned(), password.to_owned());
        if password.len() > BYTES_MAX {
            password.clear();
        }
        self.n_verified.fetch_add(1, Ordering::Relaxed);
        let matches = self
            .blocking(move || {
                PasswordHash::new(&stored)
                    .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
            })
            .await?;
        Ok(matches && is_known)
    }
}

fn digest(cost: PasswordCost, password: &str) -> argon2::password_hash::Result<String> {
    let params = Params::new(cost.memory_kib, cost.passes, 1, None)?;
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut salt = [0_u8; 16];
    rand::rng().fill_bytes(&mut salt);
    Ok(argon.hash_password(password.as_bytes(), &SaltString::encode_b64(&salt)?)?.to_string())
}

/// Refuses passwords that are too short or too long.
///
/// # Errors
/// [`Error::Invalid`] at `field`.
pub fn check(field: &str, password: &str) -> Result<(), Error> {
    if password.chars().count() < PASSWORD_CHARS_MIN {
        return Err(Error::field(
            field,
            format!("Use at least {PASSWORD_CHARS_MIN} characters; a short sentence is good."),
        ));
    }
    if password.len() > BYTES_MAX {
        return Err(Error::field(field, format!("Use at most {BYTES_MAX} bytes.")));
    }
    Ok(())
}

/// Stores a new password for `person`, within `write`.
///
/// # Errors
/// When the database refuses.
pub async fn store(write: &mut crate::db::Connection, person: &str, hash: &str) -> Result<(), Error> {
    sqlx::query("UPDATE person SET password = $2 WHERE id = $1").bind(person).bind(hash).execute(write).await?;
    Ok(())
}

impl State {
    /// Checks a signed-in person's own password.
    ///
    /// # Errors
    /// [`Error::Invalid`] at `field` when it is wrong.
    pub async fn confirm_password(&self, person: &str, password: &str, field: &str) -> Result<(), Error> {
        use sqlx::Row as _;
        let row = sqlx::query("SELECT password FROM person WHERE id = $1")
            .bind(person)
            .fetch_optional(self.db.reader())
            .await?;
        let stored: Option<String> = row.map(|row| row.get(0));
        if self.passwords.verify(password, stored.as_deref()).await? {
            return Ok(());
        }
        Err(Error::field(field, "This is not your current password."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_password_itself_verifies() {
        let passwords = Passwords::new(PasswordCost { memory_kib: 64, passes: 1 }).expect("in range");
        let hash = passwords.hash("correct horse").await.expect("hashed");
        assert!(hash.starts_with("$argon2id$"));
        assert!(passwords.verify("correct horse", Some(&hash)).await.expect("verified"));
        assert!(!passwords.verify("wrong horse", Some(&hash)).await.expect("verified"));
        assert!(!passwords.verify("decoy", None).await.expect("verified"), "the decoy signs nobody in");
        assert!(!passwords.verify(&"x".repeat(5000), Some(&hash)).await.expect("verified"));
    }

    #[test]
    fn short_and_endless_passwords_are_refused() {
        assert!(check("password", "123456789").is_err());
        assert!(check("password", "äöüäöüäöüä").is_ok());
        assert!(check("password", &"x".repeat(2000)).is_err());
    }
}
