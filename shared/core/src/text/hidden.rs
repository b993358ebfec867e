//! Characters that are not seen, and where they belong all the same.

/// Whether `c` shows nothing, or changes how its neighbours are shown, between these
/// two: joiners and variation selectors belong into emoji, joiners into some scripts.
pub(crate) fn is_hidden(before: Option<char>, c: char, after: Option<char>) -> bool {
    match c {
        // Zero width joiner: emoji of several parts, and letters as joined.
        '\u{200d}' => {
            let joins_emoji = before.is_some_and(ends_emoji) && after.is_some_and(is_emoji);
            !joins_emoji && !is_between_letters(before, after)
        }
        // Zero width non-joiner: Persian and Indic scripts.
        '\u{200c}' => !is_between_letters(before, after),
        // Whether a symbol is shown as text or as emoji.
        '\u{fe0e}' | '\u{fe0f}' => {
            // After a digit it shows nothing unless the frame of a key follows.
            let is_of_key = before.is_some_and(is_keycap) && after == Some('\u{20e3}');
            !is_of_key && !before.is_some_and(is_emoji)
        }
        _ => is_never_seen(c),
    }
}

/// Characters without a shape of their own, wherever they stand.
const fn is_never_seen(c: char) -> bool {
    matches!(
        c,
        // Soft hyphen, grapheme joiner.
        '\u{ad}' | '\u{34f}'
        // Fillers of Hangul, Khmer and Mongolian, an empty Braille pattern.
        | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{2800}' | '\u{3164}' | '\u{ffa0}'
        // Spaces without width, invisible operators, deprecated format characters.
        | '\u{200b}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}'
        // Variation selectors.
        | '\u{fe00}'..='\u{fe0d}'
        // Interlinear annotations, an object that is not there.
        | '\u{fff0}'..='\u{fffc}'
        // Format controls of shorthand and music.
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        // Tags and the selectors after them: whole messages can be hidden in these.
        | '\u{e0000}'..='\u{e0fff}'
    )
}

const fn is_keycap(c: char) -> bool {
    matches!(c, '0'..='9' | '#' | '*')
}

/// Symbols that have an emoji form, in blocks rather than one by one.
const fn is_emoji(c: char) -> bool {
    matches!(
        c,
        '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}'
        | '\u{2190}'..='\u{21ff}' | '\u{2300}'..='\u{23ff}' | '\u{24c2}'
        | '\u{25a0}'..='\u{27bf}' | '\u{2900}'..='\u{297f}' | '\u{2b00}'..='\u{2bff}'
        | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}' | '\u{1f000}'..='\u{1faff}'
    )
}

const fn ends_emoji(c: char) -> bool {
    is_emoji(c) || c == '\u{fe0f}'
}

fn is_between_letters(before: Option<char>, after: Option<char>) -> bool {
    before.is_some_and(is_of_joining_script)
        && after.is_none_or(|c| is_of_joining_script(c) || c == ' ')
}

/// Scripts in which joiners decide how a word is written: Arabic, Syriac, N'Ko, those of
/// India and its neighbours, Mongolian.
const fn is_of_joining_script(c: char) -> bool {
    matches!(
        c,
        '\u{620}'..='\u{6ff}' | '\u{700}'..='\u{7ff}' | '\u{840}'..='\u{dff}'
        | '\u{f00}'..='\u{109f}' | '\u{1780}'..='\u{17b3}' | '\u{17b6}'..='\u{17ff}'
        | '\u{1820}'..='\u{18af}' | '\u{a840}'..='\u{a8ff}' | '\u{fb50}'..='\u{fdcf}'
        | '\u{fdf0}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}' | '\u{11000}'..='\u{11fff}'
    )
}
