//! Pre-flight: the checklist before a run, from the set-up alone and from geometry.

use app::api::run::Preflight;
use solver::design::{Design, Issue, Severity};
use std::collections::HashSet;

/// What is wrong without geometry, and with it.
pub fn merge(design: &Design, study: &str, mut found: Preflight) -> Preflight {
    let mut issues: Vec<Issue> = solver::design::check(design);
    // What the set-up alone shows, geometry need not say in other words.
    let known: HashSet<_> = issues.iter().filter_map(|i| Some((i.object.clone(), i.key.clone()?))).collect();
    let is_new = |i: &Issue| i.key.clone().is_none_or(|key| !known.contains(&(i.object.clone(), key)));
    issues.extend(found.issues.into_iter().filter(is_new));
    // Errors first, then in tree order; each once.
    let place = |issue: &Issue| design.position(&issue.object).unwrap_or(usize::MAX);
    issues.sort_by_key(|issue| (issue.severity != Severity::Error, issue.object.0 != study, place(issue)));
    let mut seen = HashSet::new();
    issues.retain(|issue| seen.insert(issue.clone()));
    found.issues = issues;
    found
}
