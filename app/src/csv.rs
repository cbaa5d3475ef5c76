//! Comma-separated values (RFC 4180), as spreadsheets open them.

/// A field of text, in quotes. One that a spreadsheet would take for a formula gets an apostrophe before it, which shows it
/// as it is. Source: OWASP, *CSV Injection*, for the characters.
pub fn text(words: &str) -> String {
    let guard = if words.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    format!("\"{guard}{}\"", words.replace('"', "\"\""))
}

/// A line of fields with its end. Numbers and dates stand as they are; what people wrote goes through [`text`] before.
pub fn record(fields: &[String]) -> String {
    format!("{}\r\n", fields.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_wrote_stays_text() {
        for (words, wanted) in [
            ("", r#""""#),
            ("a, b", r#""a, b""#),
            (r#"3/4" bolt"#, r#""3/4"" bolt""#),
            ("=HYPERLINK(\"x\")", r#""'=HYPERLINK(""x"")""#),
            ("-1+cmd", r#""'-1+cmd""#),
            ("\r=1", "\"'\r=1\""),
            ("a=1", r#""a=1""#),
        ] {
            assert_eq!(text(words), wanted);
        }
        assert_eq!(record(&[text("a"), "1.5".into(), String::new()]), "\"a\",1.5,\r\n");
    }
}
