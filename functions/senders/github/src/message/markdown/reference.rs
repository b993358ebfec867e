//! What GitHub reads as a commit or an emoji, wherever it stands in a text.

/// Whether `c` can be part of a token: a hash, a UUID, an ARN, a path.
pub(super) const fn is_token_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '/' | '+' | '=')
}

/// Whether a part of `token` is a commit's hash or an emoji's name between colons.
pub(super) fn is_reference(token: &str) -> bool {
    let is_word_char = |c: char| c.is_ascii_alphanumeric() || c == '_';
    token.split(|c| !is_word_char(c)).any(is_commit)
        || token
            .match_indices(':')
            .any(|(at, _)| emoji_begins(&token[at + 1..]))
}

/// Whether `word` can be a commit's hash: 7 of its 40 digits are enough. Without a decimal
/// digit it is an English word ("defaced") rather than a hash.
fn is_commit(word: &str) -> bool {
    (7..=40).contains(&word.len())
        && word.bytes().all(|byte| byte.is_ascii_hexdigit())
        && word.bytes().any(|byte| byte.is_ascii_digit())
}

/// Whether `rest`, the text after a colon, begins with the name of an emoji and a colon.
/// Of names without a letter there are four, so that times stay as they are.
pub(super) fn emoji_begins(rest: &str) -> bool {
    let is_name_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"_+-".contains(&byte);
    rest.split_once(':').is_some_and(|(name, _)| {
        let has_letter = name.bytes().any(|byte| byte.is_ascii_alphabetic());
        let is_name = has_letter || ["100", "1234", "+1", "-1"].contains(&name);
        is_name && name.bytes().all(is_name_byte)
    })
}
