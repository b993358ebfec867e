//! Destinations as code: a YAML file of all providers, applied, applied again,
//! changed, exported.

use serde_json::{Value, json};

use tocsin_tests::harness::{Stack, alert_for, samples, unique};

use super::{MARK, Tocsin};

/// A file that describes a destination of each provider, their names, and the
/// variables that hold their secrets.
struct Configuration {
    destinations: Vec<Value>,
    variables: Vec<(String, String)>,
}

impl Configuration {
    fn new(stack: &Stack) -> Self {
        let mut variables = Vec::new();
        let destinations = samples(stack, MARK)
            .into_iter()
            .map(|sample| {
                let mut one = json!({
                    "displayName": unique(&format!("code-{}", sample.name)),
                    "type": sample.provider, "settings": sample.settings,
                    // With a log type of their own they do not receive what other tests send.
                    "severities": ["HIGH"], "logTypes": ["Tests.Code"],
                });
                if let Some(secret) = sample.secret {
                    let name = format!("SECRET_OF_{}", sample.name.replace('-', "_"));
                    one["secret"] = json!({"env": name});
                    variables.push((name, secret.to_string()));
                }
                one
            })
            .collect();
        Self {
            destinations,
            variables,
        }
    }

    fn of(&mut self, provider: &str) -> &mut Value {
        let mut all = self.destinations.iter_mut();
        all.find(|one| one["type"] == provider).unwrap()
    }

    fn unchanged(&self) -> String {
        format!("No change: {} up to date.", self.destinations.len())
    }

    fn names(&self) -> Vec<&str> {
        self.destinations
            .iter()
            .map(|one| one["displayName"].as_str().unwrap())
            .collect()
    }

    fn yaml(&self) -> String {
        serde_saphyr::to_string(&json!({"destinations": self.destinations})).unwrap()
    }

    fn command(&self, stack: &Stack) -> Tocsin {
        let known = self.variables.iter();
        known.fold(Tocsin::of(stack), |tocsin, (name, value)| {
            tocsin.with(name, value)
        })
    }
}

#[tokio::test]
async fn a_file_of_all_providers_is_applied_twice() {
    let stack = Stack::ready().await;
    let mut wanted = Configuration::new(&stack);
    let tocsin = wanted.command(&stack);
    let file = tocsin
        .file("destinations.yaml", &wanted.yaml())
        .display()
        .to_string();

    let planned = tocsin.ok(&["destinations", "apply", &file, "--dry-run"]);
    let plan = format!(
        "Plan: {} to add, 0 to change, 0 to delete",
        wanted.destinations.len()
    );
    assert!(planned.contains(&plan), "{planned}");
    let unasked = tocsin.run(&["destinations", "apply", &file]);
    assert!(
        unasked.code == 2 && unasked.err.contains("--yes"),
        "{unasked:?}"
    );
    assert_eq!(
        tocsin
            .run(&["destinations", "show", wanted.names()[0]])
            .code,
        1,
        "nothing was added"
    );

    tocsin.ok(&["destinations", "apply", &file, "--yes"]);
    let again = tocsin.ok(&["destinations", "apply", &file, "--yes"]);
    assert!(again.trim().ends_with(&wanted.unchanged()), "{again}");
    the_plan_names_sources_and_hosts(&tocsin, &wanted, &file);
    let report = tocsin.json(
        &[
            &["destinations", "test", "--wait", "20"],
            wanted.names().as_slice(),
        ]
        .concat(),
    );
    for result in report["results"].as_array().unwrap() {
        assert_eq!(result["state"], "DELIVERED", "{result:#}");
    }

    is_changed(&tocsin, &mut wanted, &file);
    an_export_can_be_applied(&tocsin, &wanted);
    others_would_be_pruned(&tocsin, &file);
    tocsin.ok(&[
        &["destinations", "delete", "--yes"],
        wanted.names().as_slice(),
    ]
    .concat());
}

fn the_plan_names_sources_and_hosts(tocsin: &Tocsin, wanted: &Configuration, file: &str) {
    let planned = tocsin.json(&["destinations", "apply", file, "--dry-run"]);
    let changes = planned["changes"].as_array().unwrap();
    let sent = changes.iter().filter(|one| !one["secretFields"].is_null());
    let sent: Vec<_> = sent.collect();
    assert_eq!(sent.len(), wanted.variables.len(), "{planned:#}");
    for one in sent {
        for field in one["secretFields"].as_array().unwrap() {
            let source = field["source"]["env"].as_str().unwrap();
            assert!(source.starts_with("SECRET_OF_"), "{one:#}");
            assert_ne!(field["hosts"], json!([]), "{one:#}");
        }
    }
}

fn is_changed(tocsin: &Tocsin, wanted: &mut Configuration, file: &str) {
    wanted.of("jira")["settings"]["projectKey"] = json!("SOC");
    wanted.of("opsgenie")["severities"] = json!(["HIGH", "CRITICAL"]);
    wanted.of("opsgenie")["secret"] = json!({"apiKey": {"file": "other-key"}});
    tocsin.file("other-key", &format!("{MARK}x\n"));
    tocsin.file("destinations.yaml", &wanted.yaml());
    let changed = tocsin.ok(&["destinations", "apply", file, "--yes"]);
    let with_secret = wanted.variables.len();
    let plan = format!(
        "Plan: 0 to add, 2 to change, 0 to delete, {} unchanged, {} whose secret is compared.",
        wanted.destinations.len() - with_secret,
        with_secret - 2
    );
    for line in [
        "settings.projectKey: \"SEC\" → \"SOC\"",
        "severities: [\"HIGH\"] → [\"HIGH\",\"CRITICAL\"]",
        "secret.apiKey: file other-key → ",
        "secret: replaced",
        &plan,
        "Done: 2 changes.",
    ] {
        assert!(changed.contains(line), "{line}: {changed}");
    }
    let again = tocsin.ok(&["destinations", "apply", file, "--yes"]);
    assert!(again.trim().ends_with(&wanted.unchanged()), "{again}");
}

fn an_export_can_be_applied(tocsin: &Tocsin, wanted: &Configuration) {
    let text = tocsin.ok(&["destinations", "export"]);
    let exported: Value = serde_saphyr::from_str(&text).unwrap();
    let mine: Vec<_> = exported["destinations"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| {
            wanted
                .names()
                .contains(&one["displayName"].as_str().unwrap())
        })
        .cloned()
        .collect();
    assert_eq!(mine.len(), wanted.destinations.len());
    // Without the destinations of other tests, which change meanwhile.
    let text = serde_saphyr::to_string(&json!({"destinations": mine})).unwrap();
    let file = tocsin.file("exported.yaml", &text).display().to_string();
    let again = tocsin.ok(&["destinations", "apply", &file, "--yes"]);
    assert_eq!(again.trim(), wanted.unchanged());
}

fn others_would_be_pruned(tocsin: &Tocsin, file: &str) {
    let pruned = tocsin.json(&["destinations", "apply", file, "--dry-run", "--prune"]);
    let changes = pruned["changes"].as_array().unwrap();
    let plain = changes
        .iter()
        .find(|one| one["displayName"] == "e2e-plain")
        .unwrap();
    assert_eq!(plain["change"], "delete", "{plain:#}");
    assert!(
        tocsin.ok(&["destinations", "list"]).contains("e2e-plain"),
        "it was a dry run"
    );
}

#[tokio::test]
async fn an_invalid_file_changes_nothing() {
    let stack = Stack::ready().await;
    let tocsin = Tocsin::of(&stack);
    let name = unique("code-half");
    let sound = format!(
        "{{displayName: {name}, type: sns, settings: {{topicArn: \"arn:aws:sns:us-east-1:000000000000:soc-oncall\"}}}}"
    );
    for (wrong, said) in [
        (
            "{displayName: code-wrong, type: slack, secret: keep}",
            "secret.webhookUrl",
        ),
        (
            "{displayName: code-wrong, type: sns, settings: {topicArn: nonsense}}",
            "settings.topicArn",
        ),
        (
            "{displayName: code-wrong, type: slack, secret: {env: NOT_SET}}",
            "NOT_SET",
        ),
        (
            "{displayName: code-wrong, type: slack, secret: {webhookUrl: {env: AWS_SECRET_ACCESS_KEY}}}",
            "--allow-env AWS_SECRET_ACCESS_KEY",
        ),
        (
            "{displayName: code-wrong, type: slack, secret: {file: ../x}}",
            "--allow-file /",
        ),
        (
            &format!("{{displayName: code-wrong, type: slack, secret: {{webhookUrl: {MARK}}}}}"),
            "must not be in the file",
        ),
    ] {
        let text = format!("destinations:\n- {sound}\n- {wrong}\n");
        let file = tocsin.file("wrong.yaml", &text).display().to_string();
        let done = tocsin.run(&["destinations", "apply", &file, "--yes"]);
        assert!(
            [1, 2].contains(&done.code) && done.err.contains(said),
            "{said}: {done:?}"
        );
        assert_eq!(tocsin.run(&["destinations", "show", &name]).code, 1);
    }
}

#[tokio::test]
async fn a_dry_run_shows_which_alerts_would_be_routed_differently() {
    let stack = Stack::ready().await;
    let tocsin = Tocsin::of(&stack);
    let id = unique("replayed");
    let mut alert = alert_for(&id, &[]);
    alert["routing"] = json!(null);
    alert["logTypes"] = json!([id]);
    alert["severity"] = json!("MEDIUM");
    let file = tocsin
        .file("alert.json", &alert.to_string())
        .display()
        .to_string();
    tocsin.run(&["send", "--wait", "60", &file]);

    let name = unique("code-replay");
    let text = json!({"destinations": [{
        "displayName": name, "type": "sns", "severities": ["MEDIUM"], "logTypes": [id],
        "settings": {"topicArn": "arn:aws:sns:us-east-1:000000000000:soc-oncall"},
    }]});
    let file = tocsin
        .file("replay.yaml", &text.to_string())
        .display()
        .to_string();
    let replay = [
        "destinations",
        "apply",
        &file,
        "--dry-run",
        "--replay",
        "15m",
    ];
    let report = tocsin.json(&replay);
    let rerouted = report["replay"]["rerouted"].as_array().unwrap();
    let mine: Vec<_> = rerouted
        .iter()
        .filter(|one| one["alertId"] == id.as_str())
        .collect();
    assert_eq!(mine.len(), 1, "{report:#}");
    assert_eq!(mine[0]["gained"], json!([name]));
    assert_eq!(mine[0]["lost"], json!([]));
    assert!(tocsin.ok(&replay).contains(&format!("+ {name}")));
}
