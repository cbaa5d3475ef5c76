//! The lines of a deck as cards: a keyword with its parameters, and the data lines below it.

use crate::format::FormatError;

/// A keyword line and what follows it.
pub struct Card<'a> {
    /// From 1.
    pub line: usize,
    /// Upper case, one space between words, without the star.
    pub name: String,
    parameters: Vec<(String, Option<String>)>,
    pub rows: Vec<Row<'a>>,
}

/// A data line.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    pub line: usize,
    text: &'a str,
}

/// An error at a line.
pub fn fault(line: usize, reason: impl Into<String>) -> FormatError {
    FormatError::Deck { line, reason: reason.into() }
}

/// A name as the language compares it: without quotes, upper case.
pub fn name(text: &str) -> String {
    text.trim().trim_matches('"').to_ascii_uppercase()
}

/// What a message shows of a text of unknown length.
pub fn shown(text: &str) -> String {
    let mut out: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(40).collect();
    if text.chars().nth(40).is_some() {
        out.push('…');
    }
    out
}

impl Card<'_> {
    /// The value of a parameter, as written.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.parameters.iter().find(|(k, _)| k == key).and_then(|(_, v)| v.as_deref())
    }

    /// The value of a parameter that is a name or a word.
    pub fn word(&self, key: &str) -> Option<String> {
        self.text(key).map(name)
    }

    /// Whether a parameter stands there, with a value or without.
    pub fn has(&self, key: &str) -> bool {
        self.parameters.iter().any(|(k, _)| k == key)
    }

    /// The value of a parameter that must be there.
    pub fn required(&self, key: &str) -> Result<String, FormatError> {
        self.word(key).filter(|w| !w.is_empty()).ok_or_else(|| fault(self.line, format!("*{} needs {key}=", self.name)))
    }

    /// The first data line; an error names the keyword.
    pub fn first(&self) -> Result<Row<'_>, FormatError> {
        self.rows.first().copied().ok_or_else(|| fault(self.line, format!("*{} has no data line", self.name)))
    }
}

impl<'a> Row<'a> {
    pub fn fields(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.text.split(',').map(str::trim)
    }

    pub fn ends_open(&self) -> bool {
        self.text.trim_end().ends_with(',')
    }

    /// Field `k` from 0, empty where the line is shorter.
    pub fn field(&self, k: usize) -> &'a str {
        self.fields().nth(k).unwrap_or_default()
    }

    /// Field `k` as a number; `None` where it is empty.
    pub fn real(&self, k: usize) -> Result<Option<f64>, FormatError> {
        match self.field(k) {
            "" => Ok(None),
            text => real(text).map(Some).ok_or_else(|| self.wrong(k, "a number")),
        }
    }

    /// Field `k` as a number that must be there.
    pub fn number(&self, k: usize) -> Result<f64, FormatError> {
        self.real(k)?.ok_or_else(|| fault(self.line, format!("value {} is missing", k + 1)))
    }

    /// Fields `k` to `k + 2`, nought where they are missing.
    pub fn vector(&self, k: usize) -> Result<[f64; 3], FormatError> {
        let mut out = [0.0; 3];
        for (i, o) in out.iter_mut().enumerate() {
            *o = self.real(k + i)?.unwrap_or(0.0);
        }
        Ok(out)
    }

    /// Field `k` as a whole number from 1.
    pub fn id(&self, k: usize) -> Result<u32, FormatError> {
        id(self.field(k)).ok_or_else(|| self.wrong(k, "a whole number from 1"))
    }

    pub fn wrong(&self, k: usize, expected: &str) -> FormatError {
        fault(self.line, format!("value {} is '{}'; it must be {expected}", k + 1, shown(self.field(k))))
    }
}

/// A number from 1, as nodes and elements have them.
pub fn id(text: &str) -> Option<u32> {
    text.parse().ok().filter(|n| *n > 0)
}

/// A finite number; Fortran's D stands for E.
fn real(text: &str) -> Option<f64> {
    let value = text.parse().ok().or_else(|| text.replace(['d', 'D'], "E").parse::<f64>().ok())?;
    value.is_finite().then_some(value)
}

/// Parts a deck into cards. Comments and empty lines are left out; a keyword line may go on below a comma.
///
/// # Errors
/// [`FormatError::Deck`] for data before the first keyword.
pub fn cards(text: &str) -> Result<Vec<Card<'_>>, FormatError> {
    let mut out: Vec<Card> = Vec::new();
    let mut goes_on = false;
    for (n, text) in text.lines().enumerate() {
        let line = n + 1;
        let text = text.trim();
        if text.is_empty() || text.starts_with("**") {
            continue;
        }
        if let Some(keyword) = text.strip_prefix('*') {
            let (head, rest) = keyword.split_once(',').unwrap_or((keyword, ""));
            let name = head.split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_uppercase();
            let mut card = Card { line, name, parameters: Vec::new(), rows: Vec::new() };
            parameters(&mut card, rest);
            goes_on = keyword.trim_end().ends_with(',');
            out.push(card);
        } else {
            let Some(card) = out.last_mut() else {
                return Err(fault(line, "a deck begins with a keyword such as *HEADING or *NODE"));
            };
            // A heading's line may end with a comma, too, but has no parameters.
            if goes_on && card.rows.is_empty() && card.name != "HEADING" {
                parameters(card, text);
                goes_on = text.ends_with(',');
            } else {
                card.rows.push(Row { line, text });
            }
        }
    }
    Ok(out)
}

fn parameters(card: &mut Card, text: &str) {
    for word in text.split(',').map(str::trim).filter(|w| !w.is_empty()) {
        let (key, value) = word.split_once('=').map_or((word, None), |(k, v)| (k, Some(v.trim().to_string())));
        // Spaces inside a parameter mean nothing: STEADY STATE, STEADYSTATE.
        let key: String = key.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_uppercase();
        card.parameters.push((key, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_parameters_and_data_are_parted() {
        let text = "** made by hand\n*Heading\nA title, with a comma,\n*solid  section, elset=\"Body 1\",\n material = Steel\n1, 2.5D+3,,\n";
        let cards = cards(text).unwrap();
        assert_eq!(cards.len(), 2);
        assert_eq!((cards[0].name.as_str(), cards[0].line, cards[0].rows.len()), ("HEADING", 2, 1));
        let section = &cards[1];
        assert_eq!((section.name.as_str(), section.word("ELSET").as_deref()), ("SOLID SECTION", Some("BODY 1")));
        assert_eq!(section.word("MATERIAL").as_deref(), Some("STEEL"));
        let row = section.rows[0];
        assert_eq!((row.line, row.id(0).unwrap(), row.number(1).unwrap()), (6, 1, 2500.0));
        assert_eq!(row.real(2).unwrap(), None);
        assert!(row.ends_open());
        assert!(row.number(2).unwrap_err().to_string().contains("line 6"));
        assert!(super::cards("1, 2\n").is_err());
    }

    #[test]
    fn what_is_no_finite_number_is_none() {
        assert_eq!(real("1e400"), None);
        assert_eq!(real("nan"), None);
        assert_eq!(real("-3.D-2"), Some(-0.03));
        assert_eq!(id("0"), None);
        assert_eq!(id("-4"), None);
    }
}
