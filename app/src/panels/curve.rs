//! A value over time or temperature as a table of points, for those who would rather not type it as a function.

use super::desk::use_desk;
use crate::ui::{Glyph, Icon};
use leptos::prelude::*;

/// What a value may depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    Time,
    Temperature,
}

impl Over {
    fn name(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Temperature => "temperature",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Time => "Time",
            Self::Temperature => "Temperature",
        }
    }

    /// Where a value stands that was the same everywhere until now.
    fn start(self) -> &'static str {
        match self {
            Self::Time => "0 s",
            Self::Temperature => "20 °C",
        }
    }
}

/// The points of `table(time, …)`, as typed; `None` when the text is anything else.
fn points(text: &str, over: Over) -> Option<Vec<[String; 2]>> {
    let inside = text.trim().trim_start_matches('=').trim().strip_prefix("table")?.trim().strip_prefix('(')?;
    let inside = inside.strip_suffix(')')?;
    let mut fields = vec![String::new()];
    let mut depth = 0i32;
    for c in inside.chars() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        match c {
            // `table(…) + table(…)` is no single table.
            _ if depth < 0 => return None,
            ',' | ';' if depth == 0 => fields.push(String::new()),
            c => fields.last_mut()?.push(c),
        }
    }
    let fields: Vec<String> = fields.iter().map(|f| f.trim().to_string()).collect();
    let (name, rest) = fields.split_first()?;
    let (pairs, odd) = rest.as_chunks::<2>();
    (name == over.name() && odd.is_empty() && !pairs.is_empty()).then(|| pairs.to_vec())
}

/// The text of points; rows that are not filled in wait. One point alone is its value; `None` without any.
fn text_of(rows: &[[String; 2]], over: Over) -> Option<String> {
    let full: Vec<&[String; 2]> = rows.iter().filter(|r| r.iter().all(|c| !c.trim().is_empty())).collect();
    match full.as_slice() {
        [] => None,
        [[_, value]] => Some(value.trim().into()),
        many => {
            let pairs: Vec<String> = many.iter().map(|[x, y]| format!("{}, {}", x.trim(), y.trim())).collect();
            Some(format!("table({}, {})", over.name(), pairs.join(", ")))
        }
    }
}

/// A button that opens the points below the field. Every full row counts at once; an empty one is always there to go on.
#[component]
pub fn CurveEditor(
    #[prop(into)] label: String,
    #[prop(into)] testid: String,
    /// The text as it is in the design.
    #[prop(into)]
    text: Signal<String>,
    over: Over,
    on_commit: Callback<String>,
) -> impl IntoView {
    let desk = use_desk();
    let open = RwSignal::new(false);
    let rows = RwSignal::new(Vec::<[String; 2]>::new());
    let blank = || [String::new(), String::new()];
    // The design's own points, unless they are what the rows say already.
    Effect::new(move |_| {
        let text = text.get();
        if !open.get() || rows.with_untracked(|r| text_of(r, over).is_some_and(|t| t == text)) {
            return;
        }
        let mut new = points(&text, over).unwrap_or_else(|| vec![[over.start().to_string(), text]]);
        new.push(blank());
        rows.set(new);
    });
    let commit = move || {
        rows.update(|r| {
            if r.last().is_none_or(|l| l.iter().any(|c| !c.is_empty())) {
                r.push(blank());
            }
        });
        if let Some(new) = rows.with_untracked(|r| text_of(r, over))
            && new != text.get_untracked()
        {
            on_commit.run(new);
        }
    };
    let is_formula =
        move || text.with(|t| points(t, over).is_none() && solver::quantity::names(t).iter().any(|n| n == over.name()));
    let (what, named) = (over.label(), StoredValue::new(label));
    let cell = move |k: usize, column: usize| {
        let label = named.with_value(|l| format!("{} {}", if column == 0 { what } else { l }, k + 1));
        view! {
            <td>
                <input
                    class="input" type="text" spellcheck="false" autocomplete="off" aria-label=label
                    disabled=move || !desk.may_edit.get()
                    prop:value=move || rows.with(|r| r.get(k).map(|r| r[column].clone()).unwrap_or_default())
                    on:change=move |e| {
                        rows.update(|r| if let Some(r) = r.get_mut(k) { r[column] = event_target_value(&e) });
                        commit();
                    }
                />
            </td>
        }
    };
    let remove = move |k: usize| {
        rows.update(|r| {
            if k < r.len() {
                drop(r.remove(k))
            }
        });
        commit();
    };
    view! {
        <div class="curve" data-testid=format!("curve-{testid}")>
            <Show when=move || !is_formula()>
                <button
                    type="button" class="button small" aria-expanded=move || open.get().to_string()
                    on:click=move |_| open.update(|o| *o = !*o)
                >
                    <Icon glyph=Glyph::Curve size=14 />
                    {move || if open.get() { "Close the table".to_string() } else { format!("Over {}…", over.name()) }}
                </button>
            </Show>
            <Show when=move || open.get() && !is_formula()>
                <table class="table dense">
                    <thead><tr><th>{what}</th><th>{named.get_value()}</th><th></th></tr></thead>
                    <tbody>
                        <For each=move || 0..rows.with(Vec::len) key=|k| *k let:k>
                            <tr>
                                {cell(k, 0)}
                                {cell(k, 1)}
                                <td>
                                    <button
                                        type="button" class="icon-button small" aria-label=format!("Remove point {}", k + 1)
                                        disabled=move || !desk.may_edit.get() || k + 1 == rows.with(Vec::len)
                                        on:click=move |_| remove(k)
                                    >
                                        <Icon glyph=Glyph::Remove size=14 />
                                    </button>
                                </td>
                            </tr>
                        </For>
                    </tbody>
                </table>
                <p class="soft">"Straight lines between the points; the first and last value hold beyond them."</p>
            </Show>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(of: &[[&str; 2]]) -> Vec<[String; 2]> {
        of.iter().map(|r| r.map(String::from)).collect()
    }

    #[test]
    fn tables_are_read_and_written_as_typed() {
        let text = "table(temperature, 20 °C, 210 GPa, 400 °C, max(170 GPa, 2*e))";
        let read = points(text, Over::Temperature).unwrap();
        assert_eq!(read, rows(&[["20 °C", "210 GPa"], ["400 °C", "max(170 GPa, 2*e)"]]));
        assert_eq!(text_of(&read, Over::Temperature).as_deref(), Some(text));
        assert_eq!(points("=table( time ; 0 s ; 1 ; 2 s ; 3 )", Over::Time), Some(rows(&[["0 s", "1"], ["2 s", "3"]])));
        for other in
            ["210 GPa", "table(time, 0 s)", "table(time, 0 s, 1) + table(time, 0 s, 2)", "2*table(time, 0 s, 1)"]
        {
            assert_eq!(points(other, Over::Time), None, "{other}");
        }
        assert_eq!(points(text, Over::Time), None);
    }

    #[test]
    fn rows_that_are_not_full_wait() {
        let text = |of: &[[&str; 2]]| text_of(&rows(of), Over::Time);
        assert_eq!(text(&[["0 s", "3 W"], ["5 s", ""], ["", ""]]).as_deref(), Some("3 W"));
        assert_eq!(
            text(&[["0 s", "3 W"], ["5 s", "4 W"], ["", ""]]).as_deref(),
            Some("table(time, 0 s, 3 W, 5 s, 4 W)")
        );
        assert_eq!(text(&[["", ""]]), None);
    }
}
