//! URLs from outside, made safe to follow.

use std::fmt::Write;

use url::Url;

/// `text` as the target of a link, if it is an `http` or `https` URL without a user name
/// (`https://console.aws.amazon.com@evil.example/`) and nothing else:
/// unchanged, except that everything is percent-encoded that RFC 3986 does not allow
/// there. The result cannot end a link in angle or square brackets, in double quotes, or
/// in a table; `&` must still be escaped for HTML.
#[must_use]
pub fn web_url(text: &str) -> Option<String> {
    let text = text.trim();
    let url = Url::parse(text).ok()?;
    let names_user = !url.username().is_empty() || url.password().is_some();
    if !matches!(url.scheme(), "http" | "https") || names_user {
        return None;
    }
    // The URL parser repairs texts that should not be shown as links: line breaks,
    // backslashes for slashes, missing slashes.
    let authority = url.scheme().len() + "://".len();
    let (start, rest) = text.split_at_checked(authority)?;
    if !start.ends_with("://") || text.contains(char::is_whitespace) {
        return None;
    }
    let (host, path) = rest.split_at(rest.find(['/', '\\', '?', '#']).unwrap_or(rest.len()));
    if host.is_empty() || path.starts_with('\\') {
        return None;
    }
    let mut encoded = start.to_owned();
    // Brackets around an IPv6 address are part of the host.
    encode(&mut encoded, host, "[]");
    encode(&mut encoded, path, "");
    Some(encoded)
}

fn encode(encoded: &mut String, text: &str, kept: &str) {
    /// RFC 3986 §2.2 and §2.3, and the percent sign of what is encoded already.
    const ALLOWED: &str = "-._~:/?#@!$&'()*+,;=%";
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || ALLOWED.contains(c) || kept.contains(c) {
            encoded.push(c);
        } else {
            let mut utf8 = [0; 4];
            for byte in c.encode_utf8(&mut utf8).bytes() {
                // Writing to a string cannot fail.
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_web_url_stays_as_it_was_written() {
        for url in [
            "https://h",
            "http://h/a?b=1&c=%20#d",
            "HTTPS://H:8443/~a/b;c,d@e$f*g_(h)!'",
            "http://[::1]/",
        ] {
            assert_eq!(web_url(&format!(" {url}\n")).as_deref(), Some(url));
        }
    }

    #[test]
    fn a_link_holds_nothing_that_markup_reads() {
        for (text, url) in [
            (
                "https://h/x[z]|{w}^\\`\"<b>?q=1&r=_#f",
                "https://h/x%5Bz%5D%7C%7Bw%7D%5E%5C%60%22%3Cb%3E?q=1&r=_#f",
            ),
            ("https://é.example/é", "https://%C3%A9.example/%C3%A9"),
        ] {
            assert_eq!(web_url(text).as_deref(), Some(url));
        }
    }

    #[test]
    fn what_is_more_or_less_than_a_web_url_is_none() {
        for text in [
            "",
            "h",
            "javascript:alert(1)",
            "ftp://h/a",
            "https://",
            "https:h",
            "https:/h",
            "https:\\\\h\\a",
            "https://h\\a",
            "https://console.aws.amazon.com@evil.example/",
            "https://:secret@evil.example/",
            "see https://h/a",
            "https://h/a b",
            "https://h/a\nb",
            "ht\ttps://h/a",
        ] {
            assert_eq!(web_url(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn an_encoded_url_leads_to_the_same_place(path in "[ -~é鍵🔑]{0,40}") {
            let text = format!("https://h.example/{path}");
            if let Some(encoded) = web_url(&text) {
                let (was, is) = (Url::parse(&text).unwrap(), Url::parse(&encoded).unwrap());
                prop_assert_eq!(was.origin(), is.origin());
                prop_assert_eq!(web_url(&encoded), Some(encoded.clone()));
                let read_by_markup = encoded.contains(|c| "<>\"`|[]{}^\\".contains(c));
                prop_assert!(!read_by_markup, "{}", encoded);
            }
        }
    }
}
