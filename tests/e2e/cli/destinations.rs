//! Destinations through the command: every provider from being added to being
//! deleted, by flags, as scripts do it.

use serde_json::{Value, json};

use tocsin_tests::harness::{Stack, samples, unique};

use super::{MARK, Tocsin};

/// `--setting` flags for settings.
fn flags(settings: &Value) -> Vec<String> {
    let settings = settings.as_object().unwrap().iter();
    settings
        .flat_map(|(key, value)| {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            ["--setting".to_owned(), format!("{key}={text}")]
        })
        .collect()
}

#[tokio::test]
async fn each_provider_from_being_added_to_being_deleted() {
    let stack = Stack::ready().await;
    let tocsin = Tocsin::of(&stack);
    let mut names = Vec::new();
    for sample in samples(&stack, MARK) {
        let provider = sample.provider.as_str();
        let name = unique(&format!("cli-{provider}"));
        let flags = flags(&sample.settings);
        let mut line = vec!["destinations", "add", provider, "--name", &name];
        line.extend(flags.iter().map(String::as_str));
        if sample.secret.is_some() {
            line.push("--secret-stdin");
        }
        let secret = sample.secret.as_ref();
        let input = secret.map(ToString::to_string).unwrap_or_default();
        let done = tocsin.given(&input, &line);
        assert_eq!(done.code, 0, "{provider}: {done:?}");
        let shown = tocsin.json(&["destinations", "show", &name]);
        assert_eq!(shown["type"], provider);
        assert_eq!(shown["settings"], sample.settings);
        assert_eq!(shown["createdBy"], "tester");
        names.push(name);
    }
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    all_can_be_tested(&tocsin, &names);
    for name in &names {
        is_edited_and_disabled(&tocsin, name);
    }
    let refused = tocsin.run(&[&["destinations", "delete"], names.as_slice()].concat());
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.err.contains("--yes"), "{refused:?}");
    tocsin.ok(&[&["destinations", "delete", "--yes"], names.as_slice()].concat());
    let left = tocsin.ok(&["destinations", "list"]);
    for name in &names {
        assert!(!left.contains(name), "{left}");
    }
    let gone = tocsin.run(&["destinations", "show", names[0]]);
    assert_eq!(gone.code, 1);
    assert!(gone.err.contains(names[0]), "{gone:?}");
}

fn all_can_be_tested(tocsin: &Tocsin, names: &[&str]) {
    let report = tocsin.json(&[&["destinations", "test", "--wait", "20"], names].concat());
    let results = report["results"].as_array().unwrap();
    assert_eq!(results.len(), names.len());
    for (result, name) in results.iter().zip(names) {
        assert_eq!(result["displayName"], *name, "{result:#}");
        assert_eq!(result["state"], "DELIVERED", "{result:#}");
    }
}

fn is_edited_and_disabled(tocsin: &Tocsin, name: &str) {
    // With a log type of their own they do not receive what other tests send.
    let edited = tocsin.ok(&[
        "destinations",
        "edit",
        name,
        "--severity",
        "HIGH,CRITICAL",
        "--log-type",
        "Tests.Cli",
        "--retry-hours",
        "2",
    ]);
    assert!(
        edited.contains("severities: nothing → [\"HIGH\",\"CRITICAL\"]"),
        "{edited}"
    );
    tocsin.ok(&["destinations", "disable", name]);
    // Nothing is changed if one of them does not exist.
    let unknown = tocsin.run(&["destinations", "enable", name, "no-such-destination"]);
    assert_eq!(unknown.code, 1, "{unknown:?}");
    let shown = tocsin.json(&["destinations", "show", name]);
    assert_eq!(shown["enabled"], false);
    tocsin.ok(&["destinations", "enable", name]);
    let shown = tocsin.json(&["destinations", "show", name]);
    assert_eq!(shown["enabled"], true);
    assert_eq!(shown["severities"], json!(["HIGH", "CRITICAL"]));
    assert_eq!(shown["retry"], json!({"windowHours": 2}));
    let table = tocsin.ok(&["destinations", "show", name]);
    assert!(
        table.contains(name) && table.contains("HIGH CRITICAL"),
        "{table}"
    );
}

#[tokio::test]
async fn missing_values_are_named_when_there_is_no_terminal() {
    let stack = Stack::ready().await;
    let tocsin = Tocsin::of(&stack);
    let done = tocsin.run(&["destinations", "add", "jira"]);
    assert_eq!(done.code, 2, "{done:?}");
    for flag in [
        "--name",
        "--setting projectKey=",
        "--setting deployment=cloud",
        "--secret-stdin",
    ] {
        assert!(done.err.contains(flag), "{flag}: {done:?}");
    }
    let no_editor = tocsin.run(&["destinations", "edit", "e2e-plain"]);
    assert_eq!(no_editor.code, 2, "{no_editor:?}");
    let unknown = tocsin.run(&["destinations", "add", "pigeon"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.err.contains("servicenow"), "{unknown:?}");
}

#[tokio::test]
async fn providers_are_listed_and_described() {
    let stack = Stack::ready().await;
    let tocsin = Tocsin::of(&stack);
    let listed = tocsin.json(&["providers"]);
    let listed: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    for sample in samples(&stack, MARK) {
        let name = sample.provider.as_str();
        assert!(listed.contains(&name), "{name}: {listed:?}");
        let table = tocsin.ok(&["providers", name]);
        assert!(
            table.contains(&format!("tocsin destinations add {name}")),
            "{table}"
        );
    }
    let jira = tocsin.ok(&["providers", "jira"]);
    for field in ["projectKey", "siteUrl", "apiToken", "customFields"] {
        assert!(jira.contains(field), "{field}: {jira}");
    }
}

#[tokio::test]
async fn errors_do_not_show_the_secret() {
    let stack = Stack::ready().await;
    let tocsin = Tocsin::of(&stack);
    let name = unique("cli-wrong");
    let add = [
        "destinations",
        "add",
        "slack",
        "--name",
        &name,
        "--secret-stdin",
    ];
    for secret in [
        format!("{{\"webhookUrl\": \"https://example.com/{MARK}\"}}"),
        format!("{{\"webhookUrl\": \"{MARK}\""),
        format!("{{\"password\": \"{MARK}\"}}"),
        MARK.to_owned(),
    ] {
        let done = tocsin.given(&secret, &add);
        assert_eq!(done.code, 1, "{done:?}");
        assert!(done.err.starts_with("error: "), "{done:?}");
    }
    // Variables give credentials; a profile that is named wins, and must be there.
    let misspelt = tocsin.run(&["destinations", "list", "--profile", "no-such-profile"]);
    assert_eq!(misspelt.code, 2, "{misspelt:?}");
    assert!(
        misspelt.err.contains("no-such-profile") && misspelt.err.contains("list-profiles"),
        "{misspelt:?}"
    );
    let long_ago = tocsin.run(&["audit", "--since", "999999999d"]);
    assert_eq!(long_ago.code, 2, "{long_ago:?}");
    assert!(long_ago.out.is_empty(), "{long_ago:?}");
    let large = format!("{{\"id\": \"{}\"}}", "x".repeat(1024 * 1024));
    let large = tocsin.given(&large, &["send", "-"]);
    assert_eq!(large.code, 2, "{large:?}");
    assert!(large.err.contains("1 MiB"), "{large:?}");
    let file = tocsin.file(
        "wrong.yaml",
        "destinations:\n- {displayName: fine, type: sns, settings: {topicArn: x}}\n",
    );
    let wrong = tocsin.run(&["destinations", "apply", file.to_str().unwrap(), "--yes"]);
    assert_eq!(wrong.code, 1, "{wrong:?}");
    assert!(
        wrong.err.contains("destinations[0].settings.topicArn") && wrong.err.contains("\"fine\""),
        "{wrong:?}"
    );
    let unknown =
        tocsin
            .without("TOCSIN_STACK")
            .run(&["destinations", "list", "--stack", "nowhere"]);
    assert_eq!(unknown.code, 1);
    assert!(
        unknown.err.contains("nowhere") && unknown.err.contains("--stack"),
        "{unknown:?}"
    );
}

#[tokio::test]
async fn the_stack_is_found_in_samconfig() {
    let stack = Stack::ready().await;
    let tocsin = Tocsin::of(&stack).without("TOCSIN_STACK");
    let parameters = |name: &str| format!("[default.deploy.parameters]\nstack_name = \"{name}\"\n");
    tocsin.file("samconfig.toml", &parameters("elsewhere"));
    let done = tocsin.run(&["destinations", "list"]);
    assert!(
        done.code == 1 && done.err.contains("elsewhere-api"),
        "{done:?}"
    );
    tocsin.file("samconfig.toml", &parameters(&stack.name));
    assert!(tocsin.ok(&["destinations", "list"]).contains("e2e-plain"));
    assert!(
        tocsin
            .ok(&["destinations", "list", "--output", "yaml"])
            .contains("displayName: e2e-plain")
    );
}

#[test]
fn completions_and_manual_pages_are_made() {
    // These need no stack, but the same binary.
    let Ok(runtime) = tokio::runtime::Runtime::new() else {
        panic!("no runtime")
    };
    let tocsin = Tocsin::of(&runtime.block_on(Stack::ready()));
    for shell in ["bash", "zsh", "fish"] {
        assert!(
            tocsin.ok(&["completions", shell]).contains("dead-letters"),
            "{shell}"
        );
    }
    let folder = tocsin.file("x", "").with_file_name("man");
    tocsin.ok(&["man", folder.to_str().unwrap()]);
    let page = std::fs::read_to_string(folder.join("tocsin-destinations-apply.1")).unwrap();
    assert!(page.contains("secretsManager"), "{page}");
}
