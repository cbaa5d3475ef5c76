//! Writing: a text with mentions, sent by button or Ctrl+Enter.

use crate::api::comment::Person;
use crate::panels::use_desk;
use crate::ui::{Avatar, Glyph, Icon};
use leptos::{ev, html, prelude::*};

/// The name being typed after the last `@` before `at` (a byte offset in `text`), with where the `@` stands.
fn mention_at(text: &str, at: usize) -> Option<(usize, &str)> {
    let before = text.get(..at)?;
    let start = before.rfind('@')?;
    let typed = &before[start + 1..];
    // An `@` inside of a word is an address; a name has at most a few words on one line.
    let begins = before[..start].chars().next_back().is_none_or(|c| !c.is_alphanumeric());
    (begins && !typed.contains('\n') && typed.split(' ').count() <= 3).then_some((start, typed))
}

/// People whose name has `typed` at the beginning of a word.
fn candidates(people: &[Person], typed: &str) -> Vec<Person> {
    let typed = typed.to_lowercase();
    let fits = |p: &&Person| {
        let name = p.name.to_lowercase();
        name.starts_with(&typed) || name.split(' ').any(|w| w.starts_with(&typed))
    };
    people.iter().filter(fits).take(6).cloned().collect()
}

/// Ids of the people whose names stand in `text` after an `@`, the longest name first, so that "Ann" is not found in "Anna".
fn mentions(text: &str, people: &[Person]) -> Vec<String> {
    let mut sorted: Vec<&Person> = people.iter().collect();
    sorted.sort_by_key(|p| std::cmp::Reverse(p.name.len()));
    let mut rest = text.to_owned();
    let mut out = Vec::new();
    for p in sorted {
        let name = format!("@{}", p.name);
        if rest.contains(&name) {
            rest = rest.replace(&name, "");
            out.push(p.id.clone());
        }
    }
    out
}

/// Byte offset of the `n`-th UTF-16 unit, in which browsers count.
fn byte_at(text: &str, n: usize) -> usize {
    let mut units = 0;
    for (i, c) in text.char_indices() {
        if units >= n {
            return i;
        }
        units += c.len_utf16();
    }
    text.len()
}

/// A text field. `on_send` gets the text and who is mentioned, and says when it is done by clearing `busy`.
#[component]
pub fn Composer(
    #[prop(into)] placeholder: String,
    #[prop(into)] action: String,
    #[prop(optional, into)] initial: String,
    busy: RwSignal<bool>,
    /// Raised by the caller when the text has arrived, so that the field empties.
    sent: RwSignal<u32>,
    on_send: Callback<(String, Vec<String>)>,
    #[prop(optional)] on_cancel: Option<Callback<()>>,
) -> impl IntoView {
    let desk = use_desk();
    let node = NodeRef::<html::Textarea>::new();
    let text = RwSignal::new(initial);
    let people = RwSignal::new(None::<Vec<Person>>);
    let found = RwSignal::new(Vec::<Person>::new());
    let chosen = RwSignal::new(0usize);
    Effect::new(move |before: Option<u32>| {
        let now = sent.get();
        if before.is_some_and(|b| b != now) {
            text.set(String::new());
        }
        now
    });
    Effect::new(move |_| {
        if let Some(field) = node.get() {
            // Focus fails only for an element that is not shown.
            let _ = field.focus();
        }
    });
    // Asked when somebody is first about to be mentioned.
    let learn = move || {
        // Who else there is, is not a guest's to know.
        if desk.talking.is_guest() || people.with_untracked(Option::is_some) {
            return;
        }
        people.set(Some(Vec::new()));
        let (client, design) = (desk.client.get_value(), desk.id.get_value());
        leptos::task::spawn_local(async move {
            match client.people(&design).await {
                Ok(all) => people.set(Some(all)),
                Err(_) => people.set(None),
            }
        });
    };
    let cursor = move || {
        let field = node.get_untracked()?;
        let at = field.selection_start().ok()??;
        Some(byte_at(&field.value(), at as usize))
    };
    let look = move || {
        let now = text.get_untracked();
        let typed = cursor().and_then(|at| mention_at(&now, at).map(|(_, typed)| typed.to_owned()));
        let Some(typed) = typed else { return found.set(Vec::new()) };
        learn();
        chosen.set(0);
        found.set(people.with_untracked(|p| candidates(p.as_deref().unwrap_or_default(), &typed)));
    };
    Effect::new(move |_| {
        // The people have arrived while a name is being typed.
        if people.with(|p| p.as_ref().is_some_and(|p| !p.is_empty())) {
            look();
        }
    });
    let take = move |person: Person| {
        let now = text.get_untracked();
        let Some((start, at)) = cursor().and_then(|at| mention_at(&now, at).map(|(start, _)| (start, at))) else {
            return;
        };
        text.set(format!("{}@{} {}", &now[..start], person.name, &now[at..]));
        found.set(Vec::new());
        if let Some(field) = node.get_untracked() {
            let _ = field.focus();
        }
    };
    let send = move || {
        let now = text.get_untracked();
        if now.trim().is_empty() || busy.get_untracked() {
            return;
        }
        let told = people.with_untracked(|p| mentions(&now, p.as_deref().unwrap_or_default()));
        on_send.run((now, told));
    };
    let on_key = move |e: ev::KeyboardEvent| {
        e.stop_propagation();
        let all = found.get_untracked();
        match e.key().as_str() {
            "ArrowDown" | "ArrowUp" if !all.is_empty() => {
                e.prevent_default();
                let step = if e.key() == "ArrowDown" { 1 } else { all.len() - 1 };
                chosen.update(|c| *c = (*c + step) % all.len());
            }
            "Enter" | "Tab" if !all.is_empty() && !e.ctrl_key() => {
                e.prevent_default();
                if let Some(person) = all.get(chosen.get_untracked()) {
                    take(person.clone());
                }
            }
            "Enter" if e.ctrl_key() || e.meta_key() => {
                e.prevent_default();
                send();
            }
            "Escape" if !all.is_empty() => found.set(Vec::new()),
            "Escape" => {
                if let Some(cancel) = on_cancel {
                    cancel.run(());
                }
            }
            _ => {}
        }
    };
    let label = placeholder.clone();
    view! {
        <div class="composer">
            <textarea
                node_ref=node class="input" rows="3" placeholder=placeholder aria-label=label data-testid="comment-text"
                prop:value=move || text.get() disabled=move || busy.get()
                on:input=move |e| {
                    text.set(event_target_value(&e));
                    look();
                }
                on:keydown=on_key
            ></textarea>
            <Show when=move || found.with(|f| !f.is_empty())>
                <ul class="mentions" role="listbox" aria-label="People">
                    {move || {
                        found
                            .get()
                            .into_iter()
                            .enumerate()
                            .map(|(i, p)| {
                                let (name, hue, own) = (p.name.clone(), p.hue, p.clone());
                                view! {
                                    <li role="option" aria-selected=move || (chosen.get() == i).to_string()>
                                        <button
                                            type="button" class="menu-item" class:on=move || chosen.get() == i data-testid="mention"
                                            on:mousedown=move |e| e.prevent_default() on:click=move |_| take(own.clone())
                                        >
                                            <Avatar name=name.clone() hue=hue small=true />
                                            {name.clone()}
                                        </button>
                                    </li>
                                }
                            })
                            .collect_view()
                    }}
                </ul>
            </Show>
            <div class="composer-foot">
                {(!desk.talking.is_guest()).then(|| view! { <span class="soft">"@ mentions"</span> })}
                <span class="grow"></span>
                {on_cancel
                    .map(|cancel| {
                        view! {
                            <button type="button" class="button small" on:click=move |_| cancel.run(())>"Cancel"</button>
                        }
                    })}
                <button
                    type="button" class="button primary small" data-testid="comment-send" title="Ctrl+Enter"
                    disabled=move || busy.get() || text.with(|t| t.trim().is_empty()) on:click=move |_| send()
                >
                    <Icon glyph=Glyph::Talk size=14 />
                    {action}
                </button>
            </div>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people() -> Vec<Person> {
        ["Ann Lee", "Ann", "Bo Ek"].map(|n| Person { id: n.to_lowercase(), name: n.into(), hue: 0 }).into()
    }

    #[test]
    fn a_mention_is_what_is_typed_after_an_at_sign() {
        assert_eq!(mention_at("see @Bo", 7), Some((4, "Bo")));
        assert_eq!(mention_at("see @", 5), Some((4, "")));
        assert_eq!(mention_at("a@b.example", 11), None, "an address");
        assert_eq!(mention_at("@Bo\nthen", 8), None);
        assert_eq!(mention_at("@Bo and then some", 17), None);
        assert_eq!(mention_at("no", 2), None);
        let names = |typed: &str| candidates(&people(), typed).into_iter().map(|p| p.name).collect::<Vec<_>>();
        assert_eq!(
            (names("an"), names("ek"), names("")),
            (
                vec!["Ann Lee".to_string(), "Ann".into()],
                vec!["Bo Ek".into()],
                vec!["Ann Lee".into(), "Ann".into(), "Bo Ek".into()]
            )
        );
    }

    #[test]
    fn only_those_are_told_whose_whole_name_stands_there() {
        assert_eq!(mentions("@Ann Lee and @Bo Ek, look", &people()), ["ann lee", "bo ek"]);
        assert_eq!(mentions("@Ann look", &people()), ["ann"]);
        assert_eq!(mentions("Ann, look", &people()), Vec::<String>::new());
    }

    #[test]
    fn offsets_of_browsers_count_utf16_units() {
        assert_eq!(byte_at("aä😀b", 2), 3);
        assert_eq!(byte_at("aä😀b", 4), 7);
        assert_eq!(byte_at("ab", 9), 2);
    }
}
