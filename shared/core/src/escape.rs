//! Escaping texts for a format that gives some characters a meaning (HTML, Markdown,
//! wiki markup), within length limits. The characters and their escapes are each
//! provider's own.

use crate::text::{Unit, fit};

/// `text` with every character for which `form` knows another form in that form.
#[must_use]
pub fn escaped(text: &str, form: impl Fn(char) -> Option<&'static str>) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match form(c) {
            Some(form) => out.push_str(form),
            None => out.push(c),
        }
    }
    out
}

/// As much of `text` as has at most `limit` characters in its escaped form. The
/// rest is cut and announced as [`crate::text::truncate`] does; no escaped form
/// is ever cut in two.
#[must_use]
pub fn escaped_within(text: &str, limit: usize, escape: impl Fn(&str) -> String) -> String {
    fit(text, limit, escape, |escaped: &String| {
        Unit::Characters.length(escaped)
    })
}

/// `text` escaped for HTML, for text and for quoted attributes.
#[must_use]
pub fn html(text: &str) -> String {
    escaped(text, html_form)
}

/// The HTML escape of a character that has a meaning in HTML.
#[must_use]
pub const fn html_form(c: char) -> Option<&'static str> {
    match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '"' => Some("&quot;"),
        '\'' => Some("&#39;"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FORMS: [&str; 5] = ["&amp;", "&lt;", "&gt;", "&quot;", "&#39;"];

    #[test]
    fn what_html_reads_is_escaped() {
        assert_eq!(
            html("<a href=\"x\">'&amp;'</a>"),
            "&lt;a href=&quot;x&quot;&gt;&#39;&amp;amp;&#39;&lt;/a&gt;"
        );
    }

    #[test]
    fn what_escaping_adds_counts_too() {
        assert_eq!(escaped_within("<b>", 9, html), "&lt;b&gt;");
        assert_eq!(escaped_within("<b>", 8, html), "&lt;…");
        assert_eq!(escaped_within("<b>", 1, html), "…");
        assert_eq!(escaped_within("<b>", 0, html), "");
        let cut = escaped_within(&"&".repeat(500), 100, html);
        assert!(cut.ends_with("&amp;… (485 characters cut)"), "{cut}");
    }

    proptest! {
        #[test]
        fn an_escaped_cut_keeps_its_limit_and_its_forms(
            text in "[a-z<>&\"' 🔑\n]{0,200}", limit in 0usize..200
        ) {
            let cut = escaped_within(&text, limit, html);
            prop_assert!(Unit::Characters.length(&cut) <= limit);
            let bare = FORMS.iter().fold(cut, |cut, form| cut.replace(form, ""));
            prop_assert!(!bare.contains(['<', '>', '&', '"', '\'']), "{}", bare);
        }
    }
}
