//! What one is told: mentions, answers and releases, in a menu of the top line.

use crate::api::client::Client;
use crate::api::comment::{Notification, NotificationKind};
use crate::ui::{Avatar, Glyph, Icon, Menu, ago, now};
use leptos::prelude::*;

/// How often the server is asked while the page is open, ms.
#[cfg(feature = "browser")]
const EVERY_MS: i32 = 60_000;
/// Characters of a comment that are shown.
const SHOWN: usize = 120;

fn shortened(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= SHOWN {
        return line;
    }
    let mut out: String = line.chars().take(SHOWN - 1).collect();
    out.push('…');
    out
}

/// The bell: how many are new, and the newest ones. `nudge` raised from outside asks at once.
#[component]
pub fn Bell(#[prop(optional)] nudge: Option<Signal<u32>>) -> impl IntoView {
    let client = StoredValue::new(Client::current());
    let all = RwSignal::new(None::<Vec<Notification>>);
    let load = move || {
        let client = client.get_value();
        leptos::task::spawn_local(async move {
            // What could not be asked now is asked in a minute.
            if let Ok(found) = client.notifications().await {
                let _ = all.try_set(Some(found));
            }
        });
    };
    Effect::new(move |_| {
        if let Some(nudge) = nudge {
            nudge.track();
        }
        load();
    });
    #[cfg(feature = "browser")]
    Effect::new(move |_| {
        leptos::task::spawn_local(async move {
            loop {
                crate::ui::sleep(EVERY_MS).await;
                // The page was left.
                if all.try_get_untracked().is_none() {
                    return;
                }
                load();
            }
        });
    });
    let n_new = Memo::new(move |_| all.with(|a| a.iter().flatten().filter(|n| !n.seen).count()));
    let seen = move |_| {
        let until = all.with_untracked(|a| a.iter().flatten().map(|n| n.time).max());
        if let Some(until) = until.filter(|_| n_new.get_untracked() > 0) {
            let client = client.get_value();
            leptos::task::spawn_local(async move {
                if client.notifications_seen(until).await.is_ok() {
                    // They stay marked as new in the open menu, and are not any more in the next.
                    let _ = all.try_update(|a| a.iter_mut().flatten().for_each(|n| n.seen = true));
                }
            });
        }
    };
    view! {
        <span class="bell" on:click=seen data-testid="bell">
            <Menu
                button=move || {
                    view! {
                        <Icon glyph=Glyph::Bell />
                        {move || (n_new.get() > 0).then(|| view! { <span class="badge" data-testid="bell-count">{n_new.get()}</span> })}
                    }
                }
                label="Notifications" testid="bell-menu" class="icon-button talk-button" right=true
            >
                {move || {
                    let list = all.get().unwrap_or_default();
                    if list.is_empty() {
                        return view! { <p class="menu-note">"Nothing yet: you are told when someone mentions or answers you, asks for your approval, or comments through a link of yours."</p> }
                            .into_any();
                    }
                    list.into_iter().take(20).map(|n| view! { <Line told=n /> }).collect_view().into_any()
                }}
            </Menu>
        </span>
    }
    .into_any()
}

#[component]
fn Line(told: Notification) -> impl IntoView {
    let what = match told.kind {
        NotificationKind::Mention => "mentioned you in",
        NotificationKind::Answer => "answered in",
        NotificationKind::Guest => "said something as a guest in",
        NotificationKind::Review => "asks you to approve a release of",
        NotificationKind::Approved => "approved a release of",
        NotificationKind::Rejected => "rejected a release of",
        NotificationKind::Returned => "took back a release of",
        NotificationKind::Released => "released",
    };
    // Loaded anew: it may be in the design that is open already.
    let address = match &told.release {
        Some(release) => format!("/design/{}?release={release}", told.design),
        None => format!("/design/{}?thread={}", told.design, told.thread),
    };
    view! {
        <a class="menu-item told" class:new=!told.seen role="menuitem" rel="external" href=address data-testid="told">
            <Avatar name=told.by_name.clone() hue=told.hue small=true />
            <span class="told-text">
                <span><strong>{told.by_name}</strong>" "{what}" "<strong>{told.design_name}</strong></span>
                <span class="soft">{shortened(&told.text)}</span>
                <span class="soft">{ago(told.time, now())}</span>
            </span>
        </a>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_comments_are_cut_to_a_line() {
        assert_eq!(shortened("a\n  b"), "a b");
        let long = shortened(&"ä".repeat(300));
        assert_eq!((long.chars().count(), long.ends_with('…')), (SHOWN, true));
    }
}
