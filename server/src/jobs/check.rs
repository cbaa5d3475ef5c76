//! Pre-flight: the checklist before a run, from the set-up alone and from geometry.

use app::api::run::Preflight;
use solver::design::{Design, Issue, Severity};

/// What is wrong without geometry, and with it.
pub fn merge(design: &Design, study: &str, mut found: Preflight) -> Preflight {
    let mut issues: Vec<Issue> = solver::design::check(design);
    issues.extend(found.issues);
    // Errors first, then in tree order; each once.
    let place = |issue: &Issue| design.position(&issue.object).unwrap_or(usize::MAX);
    issues.sort_by_key(|issue| (issue.severity != Severity::Error, issue.object.0 != study, place(issue)));
    let mut seen = std::collections::HashSet::new();
    issues.retain(|issue| seen.insert(issue.clone()));
    found.issues = issues;
    found
}
