//! People as coloured initials; the hue is the same for a person everywhere.

use leptos::prelude::*;

/// First letters of the first and last word.
fn initials(name: &str) -> String {
    let mut words = name.split_whitespace();
    let first = words.next().and_then(|w| w.chars().next());
    let last = words.last().and_then(|w| w.chars().next());
    first.into_iter().chain(last).flat_map(char::to_uppercase).collect()
}

/// One person.
#[component]
pub fn Avatar(#[prop(into)] name: String, hue: u16, #[prop(optional)] small: bool) -> impl IntoView {
    view! {
        <span
            class="avatar" class:small=small style=format!("--hue:{hue}") title=name.clone() role="img"
            aria-label=name.clone()
        >
            {initials(&name)}
        </span>
    }
    .into_any()
}

/// Several people, overlapping, with a count of those who do not fit.
#[component]
pub fn Avatars(people: Vec<(String, u16)>, #[prop(default = 4)] max: usize) -> impl IntoView {
    let more = people.len().saturating_sub(max);
    let rest: Vec<String> = people.iter().skip(max).map(|(name, _)| name.clone()).collect();
    view! {
        <span class="avatars">
            {people
                .into_iter()
                .take(max)
                .map(|(name, hue)| view! { <Avatar name=name hue=hue small=true /> })
                .collect_view()}
            {(more > 0).then(|| view! { <span class="avatar small more" title=rest.join(", ")>{format!("+{more}")}</span> })}
        </span>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    #[test]
    fn initials_of_names() {
        let cases = [("Ada Lovelace", "AL"), ("isambard kingdom brunel", "IB"), ("Ösi", "Ö"), ("", "")];
        for (name, expected) in cases {
            assert_eq!(super::initials(name), expected);
        }
    }
}
