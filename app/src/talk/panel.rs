//! The panel of comments: threads, one of them open, and a new one.

use super::composer::Composer;
use super::pin::described;
use super::{Thread, look, threads};
use crate::api::auth::Me;
use crate::api::comment::{Anchor, ChangeComment, Comment, Say};
use crate::panels::use_desk;
use crate::studies::Aim;
use crate::ui::{Avatar, Glyph, Icon, ago, now};
use leptos::prelude::*;

#[component]
pub fn TalkPanel() -> impl IntoView {
    let desk = use_desk();
    let talking = desk.talking;
    let all = Memo::new(move |_| talking.talk.with(|t| t.as_ref().map(threads)));
    let shown = Memo::new(move |_| {
        let (settled, read) = (talking.settled.get(), talking.thread.get());
        all.with(|all| {
            let all = all.as_deref().unwrap_or_default();
            let n = all.len();
            let numbered = all.iter().enumerate().map(|(i, t)| (n - i, t.clone()));
            // The thread being read stays when it is settled, until another is read.
            let stays = |t: &Thread| settled || t.first.resolved.is_none() || read.as_ref() == Some(&t.first.id);
            numbered.filter(|(_, t)| stays(t)).collect::<Vec<_>>()
        })
    });
    let n_settled =
        Memo::new(move |_| all.with(|all| all.iter().flatten().filter(|t| t.first.resolved.is_some()).count()));
    view! {
        <Show when=move || talking.open.get()>
            <section class="talk" aria-label="Comments" data-testid="talk-panel">
                <header class="talk-head">
                    <h2>"Comments"</h2>
                    <span class="grow"></span>
                    <Show when=move || talking.may_comment() && talking.draft.with(Option::is_none)>
                        <button
                            type="button" class="button small" data-testid="comment-new" on:click=move |_| talking.begin(desk)
                        >
                            <Icon glyph=Glyph::Add size=14 />"New"
                        </button>
                    </Show>
                    <button
                        type="button" class="icon-button" aria-label="Close the comments" on:click=move |_| talking.toggle()
                    >
                        <Icon glyph=Glyph::Close />
                    </button>
                </header>
                <Show when=move || talking.is_guest() && talking.asks_name.get_value()><Signature /></Show>
                <Show when=move || talking.draft.with(Option::is_some)><Draft /></Show>
                {move || {
                    talking
                        .fault
                        .get()
                        .map(|p| view! { <p class="talk-note soft" role="status" data-testid="talk-fault">{p.message}</p> })
                }}
                {move || match (all.with(Option::is_some), shown.with(Vec::is_empty) && talking.draft.with(Option::is_none)) {
                    (false, _) if talking.fault.with(Option::is_some) => ().into_any(),
                    (false, _) => view! { <p class="talk-note soft">"Loading…"</p> }.into_any(),
                    (true, true) => {
                        view! {
                            <div class="empty small">
                                <Icon glyph=Glyph::Talk size=24 />
                                <p>
                                    {move || {
                                        if talking.may_comment() {
                                            "No open comments. Pick a face or a feature, and say what should change."
                                        } else {
                                            "No open comments."
                                        }
                                    }}
                                </p>
                            </div>
                        }
                            .into_any()
                    }
                    (true, false) => ().into_any(),
                }}
                <ol class="threads">
                    <For each=move || shown.get() key=|(n, t)| (*n, t.clone().into_key()) let:item>
                        <ThreadView number=item.0 thread=item.1 />
                    </For>
                </ol>
                {move || {
                    let n = n_settled.get();
                    (n > 0)
                        .then(|| {
                            view! {
                                <button
                                    type="button" class="link talk-note" data-testid="talk-settled"
                                    on:click=move |_| talking.settled.update(|s| *s = !*s)
                                >
                                    {if talking.settled.get() { "Hide settled threads".into() } else { format!("Show {n} settled") }}
                                </button>
                            }
                        })
                }}
            </section>
        </Show>
    }
    .into_any()
}

impl Thread {
    /// What makes its view anew when it changes.
    fn into_key(self) -> Vec<(String, Option<i64>, bool, bool)> {
        let of = |c: Comment| (c.id, c.changed, c.removed, c.resolved.is_some());
        std::iter::once(self.first).chain(self.answers).map(of).collect()
    }
}

/// What a guest calls themselves, where their link is for anyone.
#[component]
fn Signature() -> impl IntoView {
    let name = use_desk().talking.name;
    view! {
        <label class="guest-sign">
            <span class="label">"Your name, beside what you say"</span>
            <input
                class="input" name="name" maxlength="200" autocomplete="name" data-testid="guest-name"
                prop:value=move || name.get().unwrap_or_default()
                on:input=move |e| name.set(Some(event_target_value(&e)).filter(|n| !n.trim().is_empty()))
            />
        </label>
    }
    .into_any()
}

/// Where a thread is pinned; a click looks there.
#[component]
fn AnchorChip(anchor: Anchor) -> impl IntoView {
    let desk = use_desk();
    let anchor = StoredValue::new(anchor);
    let words = Memo::new(move |_| anchor.with_value(|a| described(desk, a)));
    view! {
        <button
            type="button" class="chip-text anchor" class:gone=move || words.get().1 data-testid="anchor"
            title=move || if words.get().1 { "It is gone: an edit removed what this was pinned to" } else { "Look there" }
            on:click=move |_| anchor.with_value(|a| look(desk, a))
        >
            <Icon glyph=Glyph::Pin size=12 />
            {move || words.get().0}
            {move || words.get().1.then_some(" (gone)")}
        </button>
    }
    .into_any()
}

/// A thread being begun.
#[component]
fn Draft() -> impl IntoView {
    let desk = use_desk();
    let talking = desk.talking;
    let (busy, sent) = (RwSignal::new(false), RwSignal::new(0u32));
    let cancel = Callback::new(move |()| {
        talking.draft.set(None);
        desk.bench.aim.set(None);
    });
    let send = Callback::new(move |(text, mentions): (String, Vec<String>)| {
        busy.set(true);
        let say = Say { text, thread: None, anchor: talking.draft.get_untracked(), mentions };
        leptos::task::spawn_local(async move {
            match talking.say(desk, say).await {
                Ok(comment) => {
                    talking.draft.set(None);
                    talking.thread.set(Some(comment.id));
                    talking.load(desk);
                }
                Err(problem) => desk.notices.bad(problem.message),
            }
            busy.set(false);
        });
    });
    view! {
        <div class="thread draft" data-testid="comment-draft">
            <div class="anchor-row">
                {move || talking.draft.get().map(|anchor| view! { <AnchorChip anchor=anchor /> })}
                <span class="grow"></span>
                <button
                    type="button" class="button small" data-testid="comment-place"
                    aria-pressed=move || talking.is_aiming(desk).to_string()
                    on:click=move |_| {
                        desk.bench.aim.update(|a| *a = if *a == Some(Aim::Comment) { None } else { Some(Aim::Comment) });
                    }
                >
                    <Icon glyph=Glyph::Pin size=14 />
                    {move || if talking.is_aiming(desk) { "Click a face…" } else { "Place" }}
                </button>
            </div>
            <Composer placeholder="What should change, and why?" action="Comment" busy=busy sent=sent on_send=send on_cancel=cancel />
        </div>
    }
    .into_any()
}

#[component]
fn ThreadView(number: usize, thread: Thread) -> impl IntoView {
    let desk = use_desk();
    let talking = desk.talking;
    let id = StoredValue::new(thread.first.id.clone());
    let is_read = Memo::new(move |_| talking.thread.with(|t| id.with_value(|id| t.as_ref() == Some(id))));
    let resolved = thread.first.resolved.clone();
    let is_settled = resolved.is_some();
    let n_answers = thread.answers.len();
    let anchor = thread.first.anchor.clone().unwrap_or_default();
    let (busy, sent) = (RwSignal::new(false), RwSignal::new(0u32));
    let settle = move |_| {
        let client = desk.client.get_value();
        let change = ChangeComment { resolved: Some(!is_settled), text: None };
        leptos::task::spawn_local(async move {
            match client.change_comment(&id.get_value(), &change).await {
                Ok(_) => talking.load(desk),
                Err(problem) => desk.notices.bad(problem.message),
            }
        });
    };
    let answer = Callback::new(move |(text, mentions): (String, Vec<String>)| {
        busy.set(true);
        let say = Say { text, thread: Some(id.get_value()), anchor: None, mentions };
        leptos::task::spawn_local(async move {
            match talking.say(desk, say).await {
                Ok(_) => {
                    sent.update(|n| *n += 1);
                    talking.load(desk);
                }
                Err(problem) => desk.notices.bad(problem.message),
            }
            busy.set(false);
        });
    });
    // What the team writes here leaves the house.
    let heard_by = thread.first.guest.clone().filter(|_| !talking.is_guest());
    let heard_by =
        StoredValue::new(heard_by.map(|label| format!("Guests of the link “{label}” read the answers here.")));
    let (first, answers) = (thread.first, StoredValue::new(thread.answers));
    view! {
        <li
            class="thread" class:read=move || is_read.get() class:settled=is_settled data-testid="thread"
            on:click=move |_| {
                if !is_read.get_untracked() {
                    talking.read(desk, &id.get_value());
                }
            }
        >
            <div class="anchor-row">
                <span class="thread-number" style=format!("--hue:{}", first.hue)>{number}</span>
                <AnchorChip anchor=anchor />
                <span class="grow"></span>
                <Show when=move || talking.may_comment() && !talking.is_guest()>
                    <button
                        type="button" class="icon-button small" data-testid="thread-settle"
                        title=if is_settled { "Open it again" } else { "Settle the thread" }
                        aria-label=if is_settled { "Open it again" } else { "Settle the thread" }
                        on:click=move |e| {
                            e.stop_propagation();
                            settle(e);
                        }
                    >
                        <Icon glyph=if is_settled { Glyph::Undo } else { Glyph::Check } size=14 />
                    </button>
                </Show>
            </div>
            <CommentView comment=first />
            {resolved
                .map(|r| view! { <p class="soft thread-settled">{format!("Settled by {}, {}", r.by_name, ago(r.time, now()))}</p> })}
            <Show
                when=move || is_read.get()
                fallback=move || {
                    (n_answers > 0)
                        .then(|| {
                            let s = if n_answers == 1 { "" } else { "s" };
                            view! { <p class="soft thread-more">{format!("{n_answers} answer{s}")}</p> }
                        })
                }
            >
                {answers.with_value(|a| a.iter().map(|c| view! { <CommentView comment=c.clone() /> }).collect_view())}
                <Show when=move || talking.may_comment() && !is_settled>
                    {heard_by.get_value().map(|words| view! { <p class="soft talk-guests" data-testid="guests-read">{words}</p> })}
                    <Composer placeholder="Answer" action="Answer" busy=busy sent=sent on_send=answer />
                </Show>
            </Show>
        </li>
    }
    .into_any()
}

#[component]
fn CommentView(comment: Comment) -> impl IntoView {
    let desk = use_desk();
    let talking = desk.talking;
    // A guest has no account, and takes nothing back.
    let is_own = use_context::<Me>().is_some_and(|me| me.id == comment.author);
    let guest = comment.guest.clone();
    let may_remove = is_own || (guest.is_some() && !talking.is_guest() && desk.may_edit.get_untracked());
    let remove_label = if is_own { "Take it back" } else { "Remove it" };
    let id = StoredValue::new(comment.id.clone());
    let editing = RwSignal::new(false);
    let (busy, sent) = (RwSignal::new(false), RwSignal::new(0u32));
    let change = Callback::new(move |(text, _): (String, Vec<String>)| {
        busy.set(true);
        let client = desk.client.get_value();
        let change = ChangeComment { text: Some(text), resolved: None };
        leptos::task::spawn_local(async move {
            match client.change_comment(&id.get_value(), &change).await {
                Ok(_) => {
                    editing.set(false);
                    talking.load(desk);
                }
                Err(problem) => desk.notices.bad(problem.message),
            }
            busy.set(false);
        });
    });
    let remove = move |_| {
        let client = desk.client.get_value();
        leptos::task::spawn_local(async move {
            match client.delete_comment(&id.get_value()).await {
                Ok(_) => talking.load(desk),
                Err(problem) => desk.notices.bad(problem.message),
            }
        });
    };
    let text = StoredValue::new(comment.text.clone());
    let removed = comment.removed;
    view! {
        <div class="comment" data-testid="comment">
            <Avatar name=comment.author_name.clone() hue=comment.hue small=true />
            <div class="comment-body">
                <p class="comment-head">
                    <strong>{comment.author_name.clone()}</strong>
                    {guest
                        .clone()
                        .map(|label| {
                            let title = format!("Without an account, through the link “{label}”");
                            view! { <span class="chip-text guest-mark" title=title data-testid="guest-mark">"guest · "{label}</span> }
                        })}
                    // Among guests of one link, so that nobody takes another's name, or the host's, without its showing.
                    {(comment.by_guest && guest.is_none())
                        .then(|| {
                            let title = "Through this link; the name is the one they gave";
                            view! { <span class="chip-text guest-mark" title=title data-testid="guest-mark">"guest"</span> }
                        })}
                    <span class="soft" title=crate::ui::day(comment.created)>{ago(comment.created, now())}</span>
                    {comment.changed.filter(|_| !removed).map(|_| view! { <span class="soft">"edited"</span> })}
                    <span class="grow"></span>
                    {(is_own && !removed)
                        .then(|| {
                            view! {
                                <button
                                    type="button" class="icon-button small reveal" aria-label="Change" title="Change"
                                    on:click=move |_| editing.set(true)
                                >
                                    <Icon glyph=Glyph::Rename size=12 />
                                </button>
                            }
                        })}
                    {(may_remove && !removed)
                        .then(|| {
                            view! {
                                <button
                                    type="button" class="icon-button small reveal" aria-label=remove_label title=remove_label
                                    on:click=remove
                                >
                                    <Icon glyph=Glyph::Remove size=12 />
                                </button>
                            }
                        })}
                </p>
                <Show
                    when=move || editing.get()
                    fallback=move || {
                        if removed {
                            view! { <p class="soft comment-text">"Taken back."</p> }.into_any()
                        } else {
                            view! { <p class="comment-text">{text.get_value()}</p> }.into_any()
                        }
                    }
                >
                    <Composer
                        placeholder="Change the comment" action="Save" initial=text.get_value() busy=busy sent=sent on_send=change
                        on_cancel=Callback::new(move |()| editing.set(false))
                    />
                </Show>
            </div>
        </div>
    }
    .into_any()
}
