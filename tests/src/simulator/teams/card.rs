//! Adaptive Cards, as far as Teams shows them from a workflow: the schema of
//! version 1.4 (<https://adaptivecards.io/explorer/>), and the actions of
//! <https://learn.microsoft.com/en-us/microsoftteams/platform/task-modules-and-cards/cards/cards-reference>.

use serde_json::Value;

use crate::simulator::rules::is_address;

/// Later versions are shown as "card couldn't be displayed".
const VERSIONS: [&str; 5] = ["1.0", "1.1", "1.2", "1.3", "1.4"];
const STYLES: [&str; 6] = [
    "default",
    "emphasis",
    "good",
    "attention",
    "warning",
    "accent",
];
/// "A card can have up to six actions."
const MOST_ACTIONS: usize = 6;

/// What is wrong with a card, if something is.
pub(super) fn problem(card: &Value) -> Option<String> {
    if card["type"] != "AdaptiveCard" {
        return Some("the content is not an AdaptiveCard".to_owned());
    }
    let version = card["version"].as_str().unwrap_or_default();
    if !VERSIONS.contains(&version) {
        return Some(format!("version {version:?} cannot be displayed"));
    }
    elements(&card["body"]).or_else(|| actions(&card["actions"]))
}

fn each(list: &Value, one: impl Fn(&Value) -> Option<String>) -> Option<String> {
    match list {
        Value::Null => None,
        Value::Array(all) => all.iter().find_map(one),
        _ => Some("something else stands where a list should".to_owned()),
    }
}

fn elements(list: &Value) -> Option<String> {
    each(list, element)
}

fn element(element: &Value) -> Option<String> {
    match element["type"].as_str().unwrap_or_default() {
        "TextBlock" => text(&element["text"]),
        "RichTextBlock" => {
            let inlines = element["inlines"].as_array();
            if inlines.is_none_or(Vec::is_empty) {
                return Some("a RichTextBlock has no inlines".to_owned());
            }
            each(&element["inlines"], run)
        }
        "Container" => style(element).or_else(|| elements(&element["items"])),
        "ColumnSet" => each(&element["columns"], |column| {
            style(column).or_else(|| elements(&column["items"]))
        }),
        "FactSet" => each(&element["facts"], |fact| {
            text(&fact["title"]).or_else(|| text(&fact["value"]))
        }),
        "ActionSet" => actions(&element["actions"]),
        "Image" => (!is_address(&element["url"])).then(|| "an Image has no URL".to_owned()),
        other => Some(format!("there is no element {other:?}")),
    }
}

fn text(value: &Value) -> Option<String> {
    (!value.is_string()).then(|| "a text is missing".to_owned())
}

fn run(run: &Value) -> Option<String> {
    if run.is_string() {
        return None;
    }
    if run["type"] != "TextRun" {
        return Some("an inline is not a TextRun".to_owned());
    }
    let select = &run["selectAction"];
    text(&run["text"]).or_else(|| (!select.is_null()).then(|| action(select)).flatten())
}

fn style(container: &Value) -> Option<String> {
    let style = container["style"].as_str();
    let known = container["style"].is_null() || style.is_some_and(|style| STYLES.contains(&style));
    (!known).then(|| format!("there is no style {style:?}"))
}

fn actions(list: &Value) -> Option<String> {
    if list.as_array().is_some_and(|all| all.len() > MOST_ACTIONS) {
        return Some(format!("there are more than {MOST_ACTIONS} actions"));
    }
    each(list, action)
}

fn action(action: &Value) -> Option<String> {
    match action["type"].as_str().unwrap_or_default() {
        "Action.OpenUrl" => {
            (!is_address(&action["url"])).then(|| "an Action.OpenUrl has no URL".to_owned())
        }
        "Action.ToggleVisibility" => {
            let targets = action["targetElements"].as_array();
            targets
                .is_none_or(Vec::is_empty)
                .then(|| "an Action.ToggleVisibility has no targets".to_owned())
        }
        "Action.ShowCard" => elements(&action["card"]["body"]),
        other => Some(format!("workflows do not support {other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn card(body: &Value, actions: &Value) -> Value {
        json!({"type": "AdaptiveCard", "version": "1.4", "body": body, "actions": actions})
    }

    #[test]
    fn sound_cards_pass() {
        let rich = json!({"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": "x",
            "selectAction": {"type": "Action.OpenUrl", "url": "https://a.example"}}]});
        let body = json!([
            {"type": "Container", "style": "attention", "bleed": true, "items": [rich]},
            {"type": "ColumnSet", "columns": [{"type": "Column", "items": [{"type": "TextBlock", "text": "x"}]}]},
            {"type": "FactSet", "facts": [{"title": "a", "value": "b"}]},
        ]);
        let actions = json!([
            {"type": "Action.OpenUrl", "title": "Open", "url": "https://a.example"},
            {"type": "Action.ToggleVisibility", "title": "Context", "targetElements": ["context"]},
        ]);
        assert_eq!(problem(&card(&body, &actions)), None);
    }

    #[test]
    fn unsound_cards_do_not() {
        for body in [
            json!("x"),
            json!([{"type": "Blink"}]),
            json!([{"type": "TextBlock"}]),
            json!([{"type": "RichTextBlock", "inlines": []}]),
            json!([{"type": "RichTextBlock", "inlines": [{"type": "TextRun"}]}]),
            json!([{"type": "Container", "style": "red", "items": []}]),
            json!([{"type": "Container", "items": [{"type": "Table"}]}]),
            json!([{"type": "FactSet", "facts": [{"title": "a"}]}]),
            json!([{"type": "Image", "url": "x"}]),
        ] {
            assert!(problem(&card(&body, &json!([]))).is_some(), "{body}");
        }
        let open = json!({"type": "Action.OpenUrl", "url": "https://a.example"});
        for actions in [
            json!([{"type": "Action.Submit"}]),
            json!([{"type": "Action.OpenUrl", "url": "javascript:x"}]),
            json!([{"type": "Action.ToggleVisibility", "targetElements": []}]),
            json!(vec![open; 7]),
        ] {
            assert!(problem(&card(&json!([]), &actions)).is_some(), "{actions}");
        }
        assert!(problem(&json!({"type": "MessageCard"})).is_some());
    }
}
