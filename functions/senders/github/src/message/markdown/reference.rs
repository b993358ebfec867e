//! What GitHub reads as a commit, an address or an emoji, wherever it stands in a text.

use std::net::Ipv6Addr;

/// Whether `c` can be part of a token: a hash, a UUID, an ARN, a path, an address.
pub(super) const fn is_token_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '/' | '+' | '=' | '@')
}

/// Whether a part of `token` is a commit's hash or an emoji's name between colons, or all
/// of it an address of a mail, a host or a network card.
pub(super) fn is_reference(token: &str) -> bool {
    let is_word_char = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let address = token.trim_end_matches(':');
    is_mail(token)
        || is_hardware_address(address)
        || is_ipv6(address)
        || token.split(|c| !is_word_char(c)).any(is_commit)
        || token
            .match_indices(':')
            .any(|(at, _)| emoji_begins(&token[at + 1..]))
}

/// Whether there is an `@` between two names. At the beginning it would be a mention.
fn is_mail(token: &str) -> bool {
    token.split_once('@').is_some_and(|(name, host)| {
        name.ends_with(|c: char| c.is_ascii_alphanumeric())
            && host.starts_with(|c: char| c.is_ascii_alphanumeric())
    })
}

/// `00:1a:2b:cd:4e:5f`
fn is_hardware_address(token: &str) -> bool {
    let is_pair = |pair: &str| pair.len() == 2 && pair.bytes().all(|byte| byte.is_ascii_hexdigit());
    token.split(':').count() == 6 && token.split(':').all(is_pair)
}

fn is_ipv6(token: &str) -> bool {
    let address = token.split_once('/').map_or(token, |(address, _)| address);
    address.parse::<Ipv6Addr>().is_ok()
}

/// Whether `word` can be a commit's hash: 7 of its 40 digits are enough. Without a decimal
/// digit it is an English word ("defaced") rather than a hash.
fn is_commit(word: &str) -> bool {
    (7..=40).contains(&word.len())
        && word.bytes().all(|byte| byte.is_ascii_hexdigit())
        && word.bytes().any(|byte| byte.is_ascii_digit())
}

/// Whether `rest`, the text after a colon, begins with the name of an emoji and a colon.
/// Of names without a letter there are four, so that times stay as they are; of short
/// ones of hexadecimal digits these, so that most addresses do
/// (<https://github.com/github/gemoji/blob/master/db/emoji.json>).
pub(super) fn emoji_begins(rest: &str) -> bool {
    const HEXADECIMAL: [&str; 11] = [
        "100", "1234", "a", "ab", "abc", "abcd", "b", "bed", "bee", "cd", "de",
    ];
    let is_name_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"_+-".contains(&byte);
    rest.split_once(':').is_some_and(|(name, _)| {
        if name.len() <= 4 && name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return HEXADECIMAL.contains(&name.to_ascii_lowercase().as_str());
        }
        let has_letter = name.bytes().any(|byte| byte.is_ascii_alphabetic());
        let is_name = has_letter || ["+1", "-1"].contains(&name);
        is_name && name.bytes().all(is_name_byte)
    })
}
