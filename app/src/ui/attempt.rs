//! Sending a form, and what comes of it.

use crate::api::Problem;
use leptos::prelude::*;

/// A form that is sent: whether it is on its way, and what was wrong with the last attempt. Copies are handles on the same
/// state.
#[derive(Clone, Copy, Default)]
pub struct Attempt {
    pub busy: RwSignal<bool>,
    pub problem: RwSignal<Option<Problem>>,
}

impl Attempt {
    /// Refuses what was typed before anything is sent.
    pub fn fail(self, field: &str, message: impl Into<String>) {
        let field = Some(field.to_string());
        self.problem.set(Some(Problem { code: "invalid".into(), message: message.into(), field }));
    }

    /// Sends, and hands the answer to `done`. One at a time: while another is on its way, `asked` is dropped, and a request
    /// that was never waited for was never sent.
    pub fn send<T: 'static>(
        self,
        asked: impl Future<Output = Result<T, Problem>> + 'static,
        done: impl FnOnce(T) + 'static,
    ) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.problem.set(None);
        leptos::task::spawn_local(async move {
            match asked.await {
                Ok(found) => done(found),
                // The form may have been left meanwhile.
                Err(problem) => drop(self.problem.try_set(Some(problem))),
            }
            self.busy.try_set(false);
        });
    }
}
