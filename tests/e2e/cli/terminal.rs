//! The command on a terminal: it asks for missing values, and does not show a
//! secret while it is typed.

use serde_json::json;

use tocsin_tests::harness::{Stack, unique};

use super::{MARK, Tocsin, binary};

const DOWN: &str = "\u{1b}[B";
const CTRL_C: &str = "\u{3}";
const SHOW_CURSOR: &str = "\u{1b}[?25h";

#[tokio::test(flavor = "multi_thread")]
async fn a_slack_destination_is_asked_for() {
    let stack = Stack::ready().await;
    let tocsin = Tocsin::of(&stack);
    let name = unique("pty-slack");
    let mut terminal =
        tocsin.on_a_terminal(&["destinations", "add", "slack", "--log-type", "Tests.Cli"]);
    terminal.expect("Name").answer(&name);
    // The third and the fourth: MEDIUM and HIGH.
    terminal
        .expect("Severities")
        .keys(DOWN)
        .keys(DOWN)
        .keys(" ")
        .keys(DOWN)
        .keys(" ")
        .answer("");
    terminal.expect("How to authenticate").answer("");
    // What the provider's check refuses is asked for again, and nothing else.
    terminal
        .expect("Slack webhook URL")
        .answer(&format!("https://example.com/{MARK}"));
    terminal.expect("once more:").expect("hooks.slack.com");
    terminal
        .expect("Slack webhook URL")
        .answer(&stack.simulator(&format!("/services/T1/B1/{MARK}")));
    terminal.expect("added");
    terminal.expect("Send a test alert").keys("y");
    terminal.expect("DELIVERED");
    let (code, seen) = terminal.end();
    assert_eq!(code, 0, "{seen}");
    assert!(
        seen.contains(&name),
        "values that are not secret are shown while they are typed: {seen}"
    );
    let shown = tocsin.json(&["destinations", "show", &name]);
    assert_eq!(shown["severities"], json!(["MEDIUM", "HIGH"]));
    let report = tocsin.json(&["destinations", "test", &name]);
    assert_eq!(report["results"][0]["state"], "DELIVERED", "{report:#}");
    is_deleted_after_a_question(&tocsin, &name);
}

fn is_deleted_after_a_question(tocsin: &Tocsin, name: &str) {
    let mut terminal = tocsin.on_a_terminal(&["destinations", "delete", name]);
    terminal.expect("Delete").keys("n");
    let (code, seen) = terminal.end();
    assert_eq!(code, 0, "{seen}");
    assert!(seen.contains("Nothing was deleted"), "{seen}");
    let mut terminal = tocsin.on_a_terminal(&["destinations", "delete", name]);
    terminal.expect("Delete").keys("y").expect("deleted");
    assert_eq!(terminal.end().0, 0);
    assert_eq!(tocsin.run(&["destinations", "show", name]).code, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_ways_to_authenticate_one_is_chosen() {
    let stack = Stack::ready().await;
    let tocsin = Tocsin::of(&stack);
    let name = unique("pty-servicenow");
    let add = [
        "destinations",
        "add",
        "servicenow",
        "--name",
        &name,
        "--severity",
        "none",
    ];
    let mut terminal = tocsin.on_a_terminal(&add);
    terminal
        .expect("How to authenticate")
        .keys(DOWN)
        .keys(DOWN)
        .answer("");
    terminal
        .expect("instance's URL")
        .answer("https://acme.service-now.com");
    terminal.expect("What to create").answer("");
    terminal.expect("User name").answer("tocsin");
    terminal.expect("Password").answer(MARK);
    terminal.expect("added");
    terminal.expect("Send a test alert").keys("n");
    assert_eq!(terminal.end().0, 0);
    let shown = tocsin.json(&["destinations", "show", &name]);
    assert_eq!(
        shown["settings"],
        json!({"instance": "https://acme.service-now.com", "mode": "incident"})
    );
    tocsin.ok(&["destinations", "delete", "--yes", &name]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_is_edited_as_text() {
    let stack = Stack::ready().await;
    let tocsin = Tocsin::of(&stack);
    let name = unique("pty-edit");
    let url = format!(
        "{{\"url\": \"{}\"}}",
        stack.simulator(&format!("/hook/{MARK}"))
    );
    let add = [
        "destinations",
        "add",
        "webhook",
        "--name",
        &name,
        "--secret-stdin",
        "--setting",
        "headers={\"X-Story\": \"one\"}",
    ];
    assert_eq!(tocsin.given(&url, &add).code, 0);
    // Saved with an error first, then corrected.
    let editor = tocsin.file(
        "editor",
        "#!/bin/sh\n\
         cp \"$1\" seen.yaml\n\
         if [ -e once ]; then sed -i 's/Host/X-Story/' \"$1\"; else touch once; sed -i 's/X-Story: one/Host: two/' \"$1\"; fi\n",
    );
    let run = format!("sh {}", editor.display());
    let tocsin = tocsin.with("EDITOR", run);
    let mut terminal = tocsin.on_a_terminal(&["destinations", "edit", &name]);
    terminal
        .expect("not accepted:")
        .expect("Host")
        .expect("Edit again?")
        .keys("y");
    terminal.expect("settings.headers.X-Story").expect("two");
    let (code, seen) = terminal.end();
    assert_eq!(code, 0, "{seen}");
    let seen = std::fs::read_to_string(editor.with_file_name("seen.yaml")).unwrap();
    super::assert_clean(&seen, "the editor");
    let shown = tocsin.json(&["destinations", "show", &name]);
    assert_eq!(shown["settings"]["headers"], json!({"X-Story": "two"}));
    assert_eq!(shown["revision"], 2);
    tocsin.ok(&["destinations", "delete", "--yes", &name]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflicting_edit_is_reported_and_its_text_is_not_lost() {
    let stack = Stack::ready().await;
    let tocsin = Tocsin::of(&stack);
    let name = unique("pty-conflict");
    let url = stack.simulator("/hook/conflict");
    let add = [
        "destinations",
        "add",
        "webhook",
        "--name",
        &name,
        "--secret-stdin",
    ];
    assert_eq!(tocsin.given(&url, &add).code, 0);
    // Another edit happens while the editor is open.
    let script = format!(
        "{} destinations edit {name} --retry-hours 3 < /dev/null > other 2>&1\n\
         echo 'settings: {{headers: {{X-Story: mine}}}}' >> \"$1\"\n",
        binary().display()
    );
    let editor = tocsin.file("editor", &script);
    let tocsin = tocsin.with("EDITOR", format!("sh {}", editor.display()));
    let mut terminal = tocsin.on_a_terminal(&["destinations", "edit", &name]);
    terminal.expect("not accepted:").expect("tester");
    terminal.expect("Your text:").expect("X-Story: mine");
    let (code, seen) = terminal.end();
    assert_eq!(code, 1, "{seen}");
    let shown = tocsin.json(&["destinations", "show", &name]);
    assert_eq!(shown["retry"], json!({"windowHours": 3}), "{shown:#}");
    assert_eq!(shown["settings"], json!({}));
    tocsin.ok(&["destinations", "delete", "--yes", &name]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_menu_that_is_left_gives_the_cursor_back() {
    let stack = Stack::ready().await;
    let tocsin = Tocsin::of(&stack);
    let add = ["destinations", "add", "slack", "--name", "pty-left"];
    let mut terminal = tocsin.on_a_terminal(&add);
    terminal.expect("Severities").keys(CTRL_C);
    let (code, seen) = terminal.end();
    assert_eq!(code, 130, "{seen}");
    assert!(seen.ends_with(SHOW_CURSOR), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn colours_are_for_terminals_that_want_them() {
    let stack = Stack::ready().await;
    let tocsin = Tocsin::of(&stack);
    let (code, seen) = tocsin.on_a_terminal(&["destinations", "list"]).end();
    assert!(code == 0 && seen.contains("\u{1b}["), "{seen}");
    let (code, seen) = tocsin
        .with("NO_COLOR", "1")
        .on_a_terminal(&["destinations", "list"])
        .end();
    assert!(code == 0 && seen.contains("e2e-plain"), "{seen}");
    assert!(!seen.contains('\u{1b}'), "{seen:?}");
}
