use proptest::prelude::*;

use super::*;

#[test]
fn a_text_that_is_one_url_is_a_link_and_nothing_else_is() {
    for (text, url) in [
        ("https://wiki.example.com/x", "https://wiki.example.com/x"),
        (" http://h/a b\n".trim_end_matches(" b\n"), "http://h/a"),
        ("\nhttps://h/x[1]\n", "https://h/x%5B1%5D"),
    ] {
        assert_eq!(Prose::of(text), Some(Prose::Link(url.to_owned())));
    }
    for text in [
        "see https://h",
        "https://h https://h",
        "javascript:alert(1)",
        "https://bank.example@evil.example/",
        "https://user:password@evil.example/",
    ] {
        assert_eq!(Prose::of(text), Some(Prose::Text(text)));
    }
    for blank in ["", " \n\t "] {
        assert_eq!(Prose::of(blank), None);
    }
    assert_eq!(Prose::of("\n  a\n b \n"), Some(Prose::Text("  a\n b")));
}

#[test]
fn lists_and_fenced_code_are_blocks() {
    let text = "Steps:\n\n1. Find `x`.\n   In Okta.\n2) Revoke.\n4. No.\nThen\n- a\n* b\n```sh\naws\n  x\n```\nend";
    assert_eq!(
        blocks(text),
        [
            Block::Lines("Steps:"),
            Block::List(
                Marker::Numbers(1),
                vec!["Find `x`.\n   In Okta.", "Revoke."]
            ),
            Block::List(Marker::Numbers(4), vec!["No."]),
            Block::Lines("Then"),
            Block::List(Marker::Bullets, vec!["a", "b"]),
            Block::Code("aws\n  x"),
            Block::Lines("end"),
        ]
    );
    for text in [
        "2020. A date",
        "0. x",
        "007. x",
        "-x",
        "1.5 x",
        "**bold** x",
        "- ",
        "```\nopen",
        "  a\n\n    b",
    ] {
        assert_eq!(blocks(text), [Block::Lines(text.trim_end())]);
    }
}

#[test]
fn single_backticks_around_something_are_code() {
    use Span::{Code, Text};
    assert_eq!(
        spans("run `aws sts` and `x`"),
        [Text("run "), Code("aws sts"), Text(" and "), Code("x")]
    );
    for text in ["a ` b", "``a``", "` `", "`a\nb`", "``` `", "`a``"] {
        assert_eq!(spans(text), [Text(text)]);
    }
    assert!(spans("").is_empty());
}

proptest! {
    #[test]
    fn no_word_of_a_text_is_lost(text in "[-*•`0-9.) a\n鍵]{0,80}") {
        let words = |text: &str| text.matches(['a', '鍵']).count();
        let mut found = 0;
        for block in blocks(&text) {
            found += match block {
                Block::Lines(lines) | Block::Code(lines) => words(lines),
                Block::List(_, items) => items.into_iter().map(words).sum(),
            };
        }
        // The name of a language after a fence is not shown.
        prop_assume!(!text.contains("```"));
        prop_assert_eq!(found, words(&text));
        let rejoined: String = spans(&text)
            .into_iter()
            .map(|span| match span {
                Span::Text(text) => text.to_owned(),
                Span::Code(code) => format!("`{code}`"),
            })
            .collect();
        prop_assert_eq!(rejoined, text);
    }
}
