//! The alert as plain text, for fields without markup.

use tocsin_core::message::Message;
use tocsin_core::prose::Prose;
use tocsin_core::text::{Unit, indented, truncate};

/// The longest value of a fact, in characters.
const FACT_LIMIT: usize = 200;
/// The longest reference, in characters.
const REFERENCE_LIMIT: usize = 500;

/// Disables what journal fields interpret, since rules copy other fields into journals:
/// `[code]` and `[/code]`, between which text is rendered as HTML, and `@[sys_id:Name]`,
/// which notifies that person. Spaces around the bracket disable both and leave the text
/// readable.
pub(crate) fn without_markup(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('[') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let inner = &from[1..];
        let is_mention = out.trim_end().ends_with('@');
        if out.ends_with('@') {
            out.push(' ');
        }
        out.push('[');
        if is_code_tag(inner) || is_mention && !inner.starts_with(char::is_whitespace) {
            out.push(' ');
        }
        rest = inner;
    }
    out.push_str(rest);
    out
}

/// Whether these are the characters after the bracket of `[code]` or `[/code]`.
fn is_code_tag(inner: &str) -> bool {
    let name = inner.strip_prefix('/').unwrap_or(inner);
    name.get(..4)
        .is_some_and(|word| word.eq_ignore_ascii_case("code"))
}

/// The alert in at most `limit` characters: link, what happened, runbook, facts and
/// reference. The long texts share the room that the others leave. Their lines are
/// indented, so that none looks like a heading or a fact.
pub(crate) fn description(message: &Message<'_>, limit: usize) -> String {
    // A URL of `web_url` has its brackets encoded, so it cannot contain `[code]`.
    let link = message.link.as_deref().map(|url| format!("Alert: {url}"));
    let link = link.unwrap_or_default();
    let facts = facts(message) + &reference(message);
    let sections: Vec<(&str, String)> = [
        ("Description\n", &message.description),
        ("Runbook\n", &message.runbook),
    ]
    .into_iter()
    .filter_map(|(label, text)| {
        let text = without_markup(text.as_ref().map(Prose::as_str)?);
        Some((label, indented(&text)))
    })
    .collect();
    let used = Unit::Characters.length(&link) + Unit::Characters.length(&facts);
    let text = link + &shared(&sections, limit.saturating_sub(used)) + &facts;
    truncate(text.trim_start(), limit, Unit::Characters).into_owned()
}

fn reference(message: &Message<'_>) -> String {
    let text = message.reference.as_ref().map(Prose::as_str);
    let shown = text.map(|text| {
        let text = indented(&without_markup(text));
        let text = truncate(&text, REFERENCE_LIMIT, Unit::Characters);
        format!("\n\nReference\n{text}")
    });
    shown.unwrap_or_default()
}

fn facts(message: &Message<'_>) -> String {
    let rows = message.rows();
    let lines = rows.iter().map(|(label, value)| {
        let value = without_markup(value);
        let value = truncate(&value, FACT_LIMIT, Unit::Characters);
        format!("{label}: {value}")
    });
    let lines: Vec<String> = lines.collect();
    if lines.is_empty() {
        String::new()
    } else {
        format!("\n\n{}", lines.join("\n"))
    }
}

/// The sections within `room` characters. A section may use the room that the later
/// ones do not need, and always gets its equal share.
fn shared(sections: &[(&str, String)], room: usize) -> String {
    const BETWEEN: &str = "\n\n";
    let length = |(label, text): &(&str, String)| {
        BETWEEN.len() + label.len() + Unit::Characters.length(text)
    };
    let share = room / sections.len().max(1);
    let mut left = room;
    let mut out = String::new();
    for (at, section) in sections.iter().enumerate() {
        let behind: usize = sections[at + 1..]
            .iter()
            .map(|later| length(later).min(share))
            .sum();
        let takes = length(section).min(left.saturating_sub(behind));
        left -= takes;
        let (label, text) = section;
        let Some(text_room) = takes.checked_sub(BETWEEN.len() + label.len()) else {
            continue;
        };
        out.push_str(BETWEEN);
        out.push_str(label);
        out.push_str(&truncate(text, text_room, Unit::Characters));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_tags_and_mentions_lose_their_meaning_in_any_spelling() {
        for (text, expected) in [
            ("[code]<b>x</b>[/code]", "[ code]<b>x</b>[ /code]"),
            ("[CODE]x[/Code]", "[ CODE]x[ /Code]"),
            ("[ code ]", "[ code ]"),
            ("[[code]]", "[[ code]]"),
            ("[co[code]de]", "[co[ code]de]"),
            ("a [list] of [things", "a [list] of [things"),
            ("[鍵]", "[鍵]"),
            ("@[6816f79c:Admin]", "@ [ 6816f79c:Admin]"),
            ("a@ [6816f79c:Admin]", "a@ [ 6816f79c:Admin]"),
            ("@[[6816f79c:Admin]", "@ [ [6816f79c:Admin]"),
            ("@[code]", "@ [ code]"),
            ("a@example.com [list]", "a@example.com [list]"),
        ] {
            assert_eq!(without_markup(text), expected);
            assert_eq!(without_markup(expected), expected);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_has_a_mention_or_a_tag(text in "[@\\[\\]/:codeA1 \n]{0,40}") {
            let parted = without_markup(&text);
            let joined: String = parted.split('@').map(str::trim_start).collect::<Vec<_>>().join("@");
            let mut mentions = joined.split("@[").skip(1);
            proptest::prop_assert!(mentions.all(|id| id.starts_with([' ', '\n'])), "{}", parted);
            proptest::prop_assert!(!parted.to_lowercase().contains("[code"));
            proptest::prop_assert_eq!(without_markup(&parted), parted.clone());
            let kept = |text: &str| text.replace([' ', '\n'], "");
            proptest::prop_assert_eq!(kept(&parted), kept(&text));
        }
    }

    #[test]
    fn short_sections_leave_their_room_to_long_ones() {
        let sections = [("", "a".repeat(1_000)), ("Runbook\n", "b".repeat(20))];
        let text = shared(&sections, 500);
        assert!((490..=500).contains(&Unit::Characters.length(&text)));
        assert!(text.ends_with(&format!("Runbook\n{}", "b".repeat(20))));
        let both = [("", "a".repeat(1_000)), ("Runbook\n", "b".repeat(1_000))];
        let text = shared(&both, 500);
        let (first, second) = text.split_at(text.find("Runbook").unwrap());
        assert!(first.len().abs_diff(second.len()) < 20, "{text}");
        assert_eq!(shared(&[], 500), "");
        assert!(Unit::Characters.length(&shared(&both, 11)) <= 11);
    }
}
