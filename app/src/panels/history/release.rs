//! Releases: the revision that counts, the one in the making, who approves it, and what shows that it may be.

use super::release_form::{Prepare, Say};
use crate::api::client;
use crate::api::client::Client;
use crate::api::release::{
    Approval, ChangeRelease, Decide, Decision, Dropped, Happened, Proof, Reason, Release, Stage,
};
use crate::panels::requirement::{face_of, waiver_text};
use crate::panels::use_desk;
use crate::ui::{Attempt, Avatar, Glyph, Icon, ago, day, now};
use leptos::prelude::*;

#[component]
pub fn ReleaseList() -> impl IntoView {
    let desk = use_desk();
    let past = desk.past;
    let preparing = RwSignal::new(false);
    // Lives longer than the list, which is drawn anew when the room tells of the release before its answer is here.
    let prepared = Callback::new(move |()| preparing.set(false));
    view! {
        {move || {
            let releases = past.releases.get()?;
            releases
                .may_draft
                .then(|| {
                    let next = releases.next.clone();
                    view! {
                        <div class="history-actions">
                            <Show
                                when=move || preparing.get()
                                fallback=move || {
                                    let label = format!("Prepare revision {next}");
                                    view! {
                                        <button
                                            type="button" class="button small" data-testid="release-prepare"
                                            on:click=move |_| preparing.set(true)
                                        >
                                            <Icon glyph=Glyph::Flag size=14 />{label}
                                        </button>
                                    }
                                }
                            >
                                <Prepare draft=None done=prepared />
                            </Show>
                        </div>
                    }
                })
        }}
        {move || match past.releases.get().map(|r| r.items) {
            None if past.fault.with(Option::is_some) => ().into_any(),
            None => view! { <p class="section-note" role="status">"Reading the releases…"</p> }.into_any(),
            Some(items) if items.is_empty() => {
                view! {
                    <div class="empty small" data-testid="releases-empty">
                        <Icon glyph=Glyph::Flag size=24 />
                        <p>
                            "No releases yet. A release is a version that named people have approved, with the results and \
                             reports that show that it does what it must. It is refused while a mandatory requirement is open."
                        </p>
                    </div>
                }
                    .into_any()
            }
            Some(items) => {
                view! {
                    <ol class="timeline" data-testid="releases">
                        {items.into_iter().map(|release| view! { <Card release=release /> }).collect_view()}
                    </ol>
                }
                    .into_any()
            }
        }}
    }
    .into_any()
}

/// Colour of a stage's tag.
pub fn colour(stage: Stage) -> &'static str {
    match stage {
        Stage::Released => "good",
        Stage::Review => "warn",
        Stage::Draft | Stage::Superseded | Stage::Withdrawn => "",
    }
}

/// What is being written down before a step is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Saying {
    Approve,
    Reject,
    TakeBack,
    Withdraw,
    Change,
}

/// Why it came back to the draft, where it did.
fn returned(release: &Release) -> Option<String> {
    if release.stage != Stage::Draft {
        return None;
    }
    let last = release.course.iter().rev().find(|h| !matches!(h.what, Happened::Changed))?;
    let back = release.course.iter().rev().filter(|h| !matches!(h.what, Happened::Changed)).nth(1);
    match (last.what, back) {
        (Happened::Returned, Some(rejected)) if rejected.what == Happened::Rejected && last.remark.is_empty() => {
            Some(format!("{} rejected it: {}", rejected.by.name, rejected.remark))
        }
        (Happened::Returned, _) => Some(format!("{} took it back: {}", last.by.name, last.remark)),
        _ => None,
    }
}

#[component]
fn Card(release: Release) -> impl IntoView {
    let desk = use_desk();
    let past = desk.past;
    let attempt = Attempt::default();
    let saying = RwSignal::new(None::<Saying>);
    let (sequence, may, stage) = (release.sequence, release.may, release.stage);
    let id = StoredValue::new(release.id.clone());
    let take = move |asked: client::Answering<Release>, words: &'static str| {
        attempt.send(asked, move |release| {
            // The panel may have been left meanwhile.
            let _ = saying.try_set(None);
            desk.notices.good(format!("Revision {} {words}.", release.revision));
            past.refresh(desk);
        });
    };
    let ask = move |of: fn(&Client, &str) -> client::Answering<Release>, words: &'static str| {
        take(desk.client.with_value(|c| id.with_value(|id| of(c, id))), words);
    };
    let said = Callback::new(move |text: String| {
        let Some(now) = saying.get_untracked() else { return };
        let asked = desk.client.with_value(|c| {
            id.with_value(|id| match now {
                Saying::Approve => c.decide_release(id, &Decide { decision: Decision::Approve, remark: text }),
                Saying::Reject => c.decide_release(id, &Decide { decision: Decision::Reject, remark: text }),
                Saying::TakeBack => c.return_release(id, &Reason { reason: text }),
                Saying::Withdraw => c.withdraw_release(id, &Reason { reason: text }),
                // Its own form sends it.
                Saying::Change => c.change_release(id, &ChangeRelease::default()),
            })
        });
        let words = match now {
            Saying::Approve => "has your approval",
            Saying::Reject => "is rejected, and a draft again",
            Saying::TakeBack => "is a draft again",
            Saying::Withdraw => "is withdrawn",
            Saying::Change => "is changed",
        };
        take(asked, words);
    });
    let whole = StoredValue::new(release.clone());
    let why = returned(&release);
    let since = match (stage, release.released) {
        (Stage::Released | Stage::Superseded, Some(time)) => format!("released {}", day(time)),
        _ => ago(release.changed, now()),
    };
    let button = move |label: &'static str, testid: &'static str, class: &'static str, to: Saying| {
        view! {
            <button
                type="button" class=format!("button small {class}") data-testid=testid
                on:click=move |_| {
                    attempt.problem.set(None);
                    saying.set(Some(to));
                }
            >
                {label}
            </button>
        }
    };
    view! {
        <li class="stretch release" class:on=move || past.at.get() == Some(sequence) data-testid="release-row" data-stage=stage.label()>
            <div class="stretch-head">
                <Icon glyph=Glyph::Flag size=14 />
                <strong class="stretch-author">{format!("Revision {}", release.revision)}</strong>
                <span class=format!("tag {}", colour(stage)) data-testid="release-stage">{stage.label()}</span>
                <span class="grow"></span>
                <button
                    type="button" class="version-chip mono" title="Look at this version" data-testid="release-look"
                    aria-pressed=move || (past.at.get() == Some(sequence)).to_string() on:click=move |_| desk.look(Some(sequence))
                >
                    {format!("v{sequence}")}
                </button>
            </div>
            {(!release.note.is_empty()).then(|| view! { <p class="version-note">{release.note.clone()}</p> })}
            <p class="soft version-by">
                <Avatar name=release.author.name.clone() hue=release.author.hue small=true />
                {format!("{} · {since}", release.author.name)}
            </p>
            {why.map(|why| view! { <div class="callout small" data-testid="release-returned"><Icon glyph=Glyph::Info size=14 /><div>{why}</div></div> })}
            <Evidence proofs=release.proofs.clone() stage=stage />
            <LeftOut dropped=release.dropped.clone() since=release.since.clone() />
            <Approvers approvals=release.approvals.clone() />
            <Reports release=release.clone() />
            {move || {
                attempt
                    .problem
                    .get()
                    .map(|p| {
                        view! {
                            <div class="callout bad small lines" role="alert" data-testid="release-refusal">
                                <Icon glyph=Glyph::Warning size=14 /><div>{p.message}</div>
                            </div>
                        }
                    })
            }}
            {move || match saying.get() {
                None => {
                    view! {
                        <div class="button-row">
                            {may
                                .submit
                                .then(|| {
                                    view! {
                                        <button
                                            type="button" class="button small primary" data-testid="release-submit"
                                            disabled=move || attempt.busy.get()
                                            on:click=move |_| ask(|c, id| c.submit_release(id), "is in review")
                                        >
                                            {move || if attempt.busy.get() { "Checking…" } else { "Submit for review" }}
                                        </button>
                                    }
                                })}
                            {may.decide.then(|| button("Approve…", "release-approve", "primary", Saying::Approve))}
                            {may.decide.then(|| button("Reject…", "release-reject", "", Saying::Reject))}
                            {may.change.then(|| button("Change", "release-change", "", Saying::Change))}
                            {may.take_back.then(|| button("Take back…", "release-return", "", Saying::TakeBack))}
                            {may.withdraw.then(|| button("Withdraw…", "release-withdraw", "", Saying::Withdraw))}
                        </div>
                    }
                        .into_any()
                }
                Some(Saying::Change) => {
                    view! { <Prepare draft=Some(whole.get_value()) done=Callback::new(move |()| saying.set(None)) /> }.into_any()
                }
                Some(what) => {
                    let (label, action, needed) = match what {
                        Saying::Approve => ("Remark", "Approve", false),
                        Saying::Reject => ("What has to be put right?", "Reject", true),
                        Saying::TakeBack => ("Why?", "Take back to the draft", true),
                        Saying::Withdraw | Saying::Change => ("Why?", "Withdraw", true),
                    };
                    view! { <Say label=label action=action needed=needed busy=attempt.busy said=said cancel=Callback::new(move |()| saying.set(None)) /> }
                        .into_any()
                }
            }}
        </li>
    }
    .into_any()
}

/// The verdicts on its version: in the making those that stand in the way in words, else in numbers.
#[component]
fn Evidence(proofs: Vec<Proof>, stage: Stage) -> impl IntoView {
    if proofs.is_empty() {
        return match stage {
            Stage::Draft | Stage::Review => {
                view! { <p class="soft">"Nothing is required of this version: there is nothing to show."</p> }
                    .into_any()
            }
            _ => ().into_any(),
        };
    }
    let open: Vec<Proof> = proofs.iter().filter(|p| p.is_blocking()).cloned().collect();
    let n_waived = proofs.iter().filter(|p| p.judgement.waiver.is_some()).count();
    let waived = if n_waived > 0 { format!(", {n_waived} waived") } else { String::new() };
    let words = format!("{} of {} requirements fulfilled{waived}", proofs.len() - open.len(), proofs.len());
    view! {
        <details class="release-proofs" open=!open.is_empty()>
            <summary data-testid="release-tally">
                <Icon glyph=if open.is_empty() { Glyph::Check } else { Glyph::Warning } size=14 />{words}
            </summary>
            <ul class="release-lines">
                {proofs
                    .into_iter()
                    .map(|p| {
                        let (word, class, _) = face_of(p.judgement.verdict);
                        let waiver = p.judgement.waiver.as_ref().map(|w| waiver_text(w, p.waived.as_ref(), now()));
                        let reason = waiver.or_else(|| p.is_blocking().then(|| p.judgement.reason.clone()));
                        view! {
                            <li data-testid="release-proof">
                                <span class=format!("tag verdict {class}")>{word}</span>
                                " "
                                {p.name}
                                {(!p.judgement.mandatory).then(|| view! { <span class="tag">"optional"</span> })}
                                {reason.map(|r| view! { <span class="soft board-line">{r}</span> })}
                            </li>
                        }
                    })
                    .collect_view()}
            </ul>
        </details>
    }
    .into_any()
}

/// Requirements that are asked for no more, or otherwise: whoever approves is told, as what is met need not be what was agreed.
#[component]
fn LeftOut(dropped: Vec<Dropped>, since: Option<String>) -> impl IntoView {
    if dropped.is_empty() {
        return ().into_any();
    }
    let title = since
        .map_or_else(|| "Not required".to_owned(), |letters| format!("Required otherwise than in revision {letters}"));
    let lines = dropped.into_iter().map(|d| {
        let how = if d.changes.is_empty() { d.how.label().to_owned() } else { d.changes.join("; ") };
        view! { <li>{format!("{}: {how}", d.name)}</li> }
    });
    view! {
        <div class="callout small" data-testid="release-dropped">
            <Icon glyph=Glyph::Warning size=14 />
            <div>
                {title}
                <ul class="release-lines">{lines.collect_view()}</ul>
            </div>
        </div>
    }
    .into_any()
}

#[component]
fn Approvers(approvals: Vec<Approval>) -> impl IntoView {
    if approvals.is_empty() {
        return view! { <p class="soft">"No approver is named yet."</p> }.into_any();
    }
    view! {
        <ul class="release-lines" data-testid="release-approvals">
            {approvals
                .into_iter()
                .map(|a| {
                    let words = match a.decision {
                        Some(Decision::Approve) => format!("approved {}", a.time.map(|t| ago(t, now())).unwrap_or_default()),
                        Some(Decision::Reject) => "rejected".to_owned(),
                        None => "has not decided".to_owned(),
                    };
                    let is_good = a.decision == Some(Decision::Approve);
                    view! {
                        <li class="approval">
                            <Avatar name=a.person.name.clone() hue=a.person.hue small=true />
                            <span>
                                {a.person.name}" "<span class=if is_good { "good-text" } else { "soft" }>{words}</span>
                                {(!a.remark.is_empty()).then(|| view! { <span class="soft board-line">{a.remark}</span> })}
                            </span>
                        </li>
                    }
                })
                .collect_view()}
        </ul>
    }
    .into_any()
}

/// The reports that it keeps.
#[component]
fn Reports(release: Release) -> impl IntoView {
    let reports: Vec<_> = release.kept.into_iter().filter(|k| k.kind == "report").collect();
    if reports.is_empty() {
        return ().into_any();
    }
    view! {
        <ul class="release-lines" data-testid="release-reports">
            {reports
                .into_iter()
                .map(|k| {
                    let address = format!("/api/releases/{}/artefacts/{}", release.id, k.hash);
                    let title = format!("Kept as it was: {}", k.hash);
                    view! {
                        <li>
                            <a class="link" href=address target="_blank" rel="external noopener" title=title>
                                <Icon glyph=Glyph::Case size=14 />{format!("Report: {}", k.name)}
                            </a>
                        </li>
                    }
                })
                .collect_view()}
        </ul>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::history::Author;
    use crate::api::release::Happening;

    #[test]
    fn a_draft_says_why_it_came_back() {
        let author = |name: &str| Author { id: name.into(), name: name.into(), hue: 0 };
        let at = |what, name: &str, remark: &str| Happening { time: 0, by: author(name), what, remark: remark.into() };
        let mut release = Release {
            id: "r".into(),
            design: "d".into(),
            revision: "A".into(),
            sequence: 1,
            stage: Stage::Draft,
            note: String::new(),
            author: author("Ada"),
            created: 0,
            changed: 0,
            released: None,
            approvals: Vec::new(),
            proofs: Vec::new(),
            dropped: Vec::new(),
            since: None,
            kept: Vec::new(),
            course: vec![at(Happened::Drafted, "Ada", "")],
            may: Default::default(),
        };
        assert_eq!(returned(&release), None);
        release.course.push(at(Happened::Submitted, "Ada", ""));
        release.course.push(at(Happened::Rejected, "Bo", "Sharp edge"));
        release.course.push(at(Happened::Returned, "Bo", ""));
        release.course.push(at(Happened::Changed, "Ada", "Version 3"));
        assert_eq!(returned(&release).as_deref(), Some("Bo rejected it: Sharp edge"));
        release.course.push(at(Happened::Submitted, "Ada", ""));
        assert_eq!(returned(&release), None, "it went into review again, and is one by mistake");
        release.course.push(at(Happened::Returned, "Ada", "Too early"));
        assert_eq!(returned(&release).as_deref(), Some("Ada took it back: Too early"));
        release.stage = Stage::Review;
        assert_eq!(returned(&release), None);
    }
}
