//! The URL of a provider's API, on the Internet or on a local stack.

use url::Url;

use super::field_error::FieldError;

/// `path` below the provider's own `base`, or below `base_url`, which replaces it on a
/// local stack. `base` may end in a slash; `path` must not begin with one.
///
/// # Errors
///
/// When `base` is not a URL that can have a path.
pub fn api_url(base: &str, base_url: Option<&Url>, path: &str) -> Result<Url, FieldError> {
    let unusable = || FieldError::new("settings", "do not lead to an address that can be called");
    let mut url = match base_url {
        Some(base_url) => base_url.clone(),
        None => Url::parse(base).map_err(|_| unusable())?,
    };
    if url.cannot_be_a_base() {
        return Err(unusable());
    }
    let whole = format!("{}/{path}", url.path().trim_end_matches('/'));
    url.set_path(&whole);
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_url_replaces_the_providers_own() {
        let local = Url::parse("http://127.0.0.1:4000/pagerduty/?x=1").unwrap();
        for (base, base_url, expected) in [
            (
                "https://api.example.com",
                None,
                "https://api.example.com/v2/x",
            ),
            (
                "https://api.example.com/a/",
                None,
                "https://api.example.com/a/v2/x",
            ),
            (
                "https://api.example.com",
                Some(&local),
                "http://127.0.0.1:4000/pagerduty/v2/x",
            ),
        ] {
            assert_eq!(api_url(base, base_url, "v2/x").unwrap().as_str(), expected);
        }
        assert!(api_url("mailto:x", None, "v2/x").is_err());
    }
}
