//! Releases of designs: the rules, what is kept with them, and who is told.
//!
//! ```text
//! draft ──submit──▶ review ──last approval──▶ released ──a later one──▶ superseded
//!   ▲                 │
//!   └─reject, return──┘      draft, review ──withdraw──▶ withdrawn
//! ```
//!
//! Nothing goes into review, and nothing is released, while a mandatory requirement of exactly that version is not met by
//! fresh evidence and not waived by name.

pub mod notice;
pub mod proof;
pub mod step;
pub mod store;
pub mod waiver;

use crate::auth::{Action, Actor, Object, can_in};
use crate::rooms;
use crate::telemetry::audit;
use crate::{Error, State};
use app::api::release::{Decision, Happened, Kept, Stage};
use proof::Frozen;
use solver::design::Design;
use step::{Refusal, Step};

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Person(why) => Self::Forbidden(why),
            Refusal::State(why) => Self::Conflict(why),
        }
    }
}

/// What is in the way of a release now, by the evidence as it is now and, from the review on, also by what it keeps.
///
/// # Errors
/// The database's and the disk's.
async fn in_the_way(
    state: &State,
    design: &str,
    sequence: u64,
    content: &Design,
    frozen: Option<&Frozen>,
) -> Result<Ready, Error> {
    let found = proof::look(state, design, sequence, content).await?;
    let mut open = proof::open(&found.proofs);
    if open.is_none()
        && let Some(frozen) = frozen
    {
        open = proof::open(&proof::look_again(state, content, frozen).await?);
    }
    Ok(Ready { found, open })
}

struct Ready {
    found: Frozen,
    open: Option<String>,
}

/// Someone who does something with a release.
pub struct By<'a> {
    pub person: &'a str,
    /// For the audit.
    pub label: String,
    pub remark: &'a str,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    Submit,
    Decide(Decision),
    Return,
    Withdraw,
}

/// Carries out `ask` on the release `id`, all of it or nothing. The caller has asked the policy.
///
/// # Errors
/// [`Error::Conflict`] where it does not stand where that can be done, or evidence is missing; [`Error::Forbidden`] for
/// someone whose decision it is not.
pub async fn act(state: &State, actor: &Actor, id: &str, ask: Ask, by: &By<'_>) -> Result<(), Error> {
    let (before, row) = {
        let mut reader = state.db.reader().acquire().await?;
        store::paper(&mut reader, id).await?
    };
    // What takes long is done before the writer is taken; whether it was about the same is seen there.
    let mut ready = None;
    let mut kept: Vec<Kept> = Vec::new();
    if matches!(ask, Ask::Submit | Ask::Decide(Decision::Approve)) {
        let content = rooms::document(state, &row.design, Some(before.sequence)).await?.design;
        let frozen = if ask == Ask::Submit { None } else { row.frozen.as_ref() };
        let found = in_the_way(state, &row.design, before.sequence, &content, frozen).await?;
        // Reports are drawn only for what will go into review.
        if ask == Ask::Submit && found.open.is_none() && before.stage == Stage::Draft {
            kept = proof::keep(state, &content, &found.found).await?;
        }
        ready = Some(found);
    }
    let evidence = ready.as_ref().and_then(|r| r.open.as_deref()).map_or(Ok(()), Err);
    let step = match ask {
        Ask::Submit => Step::Submit { evidence },
        Ask::Decide(decision) => Step::Decide { decision, evidence },
        Ask::Return => Step::Return,
        Ask::Withdraw => Step::Withdraw,
    };
    let now = state.now();
    let mut write = state.db.write().await?;
    let action = if matches!(ask, Ask::Decide(_)) { Action::Decide } else { Action::Edit };
    can_in(&mut write, state, actor, action, Object::Design(&row.design)).await?;
    let (mut paper, stored) = store::paper(&mut write, id).await?;
    if ready.is_some() && (paper.sequence, &stored.frozen) != (before.sequence, &row.frozen) {
        return Err(Error::Conflict(format!("Revision {} was changed meanwhile; look at it again.", paper.revision)));
    }
    let alone = store::is_alone(&mut write, &row.design).await?;
    let happened = step::take(&mut paper, by.person, alone, &step)?;
    if happened.contains(&Happened::Released) {
        for old in store::supersede(&mut write, &row.design, now).await? {
            let why = format!("By revision {}", paper.revision);
            store::happen(&mut write, &old, now, by.person, Happened::Superseded, &why).await?;
        }
    }
    store::save(&mut write, id, &paper, by, now).await?;
    for what in &happened {
        let told =
            if matches!(what, Happened::Returned | Happened::Released) && happened.len() > 1 { "" } else { by.remark };
        store::happen(&mut write, id, now, by.person, *what, told).await?;
        match what {
            Happened::Submitted => {
                let frozen = ready.as_ref().map(|r| &r.found).cloned().unwrap_or_default();
                store::freeze(&mut write, id, Some(&frozen), &kept).await?;
            }
            Happened::Returned => store::freeze(&mut write, id, None, &[]).await?,
            Happened::Released => store::name(&mut write, id, now).await?,
            _ => {}
        }
        let action = format!("release.{}", store::happened_word(*what));
        let detail = format!("revision {} version {} {}", paper.revision, paper.sequence, by.remark);
        audit::record(&mut write, now, &by.label, &action, &format!("design:{}", row.design), detail.trim_end())
            .await?;
    }
    notice::tell(&mut write, now, id, &paper, &happened, by).await?;
    write.commit().await?;
    state.rooms.talked(&row.design);
    Ok(())
}
