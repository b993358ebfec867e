use std::path::Path;

use serde_json::json;

use super::*;
use crate::args::{Allowed, Input};

fn resolve(reference: &Value, folder: &Path) -> anyhow::Result<Resolved> {
    let variable = |name: &str| match name {
        "WHOLE" => Some("{\"apiKey\": \"k\", \"headers\": {\"x\": \"y\"}}".to_owned()),
        "PART" | "AWS_SECRET_ACCESS_KEY" => Some("hidden".to_owned()),
        _ => None,
    };
    let file = Input::File(folder.join("destinations.yaml"));
    let allowed = Allowed::default();
    let resolver = Resolver {
        boundary: Boundary::of(Some(&file), &allowed),
        variable: &variable,
    };
    resolver.resolve(&Reference::parse(reference)?)
}

fn resolved(reference: &Value, folder: &Path) -> (Value, Vec<String>) {
    let resolved = resolve(reference, folder).unwrap();
    let fields = resolved.fields.iter();
    let fields = fields.map(|one| format!("{}: {}", one.field, one.source));
    let secret = match resolved.secret {
        Secret::Keep => "keep".into(),
        Secret::Fields(fields) => fields.into(),
        Secret::Existing(name) => name.into(),
    };
    (secret, fields.collect())
}

#[test]
fn references_are_resolved() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("token"), "from-file\n").unwrap();
    std::fs::write(folder.path().join("whole"), "{\"a\": \"b\"}").unwrap();
    for (reference, secret, fields) in [
        (json!("keep"), json!("keep"), &[][..]),
        (Value::Null, json!("keep"), &[]),
        (
            json!({"env": "WHOLE"}),
            json!({"apiKey": "k", "headers": {"x": "y"}}),
            &["secret.apiKey: env WHOLE", "secret.headers.x: env WHOLE"],
        ),
        (
            json!({"file": "whole"}),
            json!({"a": "b"}),
            &["secret.a: file whole"],
        ),
        (
            json!({"secretsManager": "tocsin/slack/x"}),
            json!("tocsin/slack/x"),
            &["secret: secretsManager tocsin/slack/x"],
        ),
        (
            json!({"token": {"env": "PART"}}),
            json!({"token": "hidden"}),
            &["secret.token: env PART"],
        ),
        (
            json!({"url": {"file": "token"}, "headers": {"Authorization": {"env": "PART"}}}),
            json!({"url": "from-file", "headers": {"Authorization": "hidden"}}),
            &[
                "secret.url: file token",
                "secret.headers.Authorization: env PART",
            ],
        ),
    ] {
        let resolved = resolved(&reference, folder.path());
        assert_eq!(resolved.0, secret, "{reference}");
        assert_eq!(resolved.1, fields, "{reference}");
    }
}

#[test]
fn no_error_repeats_a_secret() {
    for reference in [
        json!("hidden"),
        json!({"token": "hidden"}),
        json!({"token": ["hidden"]}),
        json!({"env": "PART"}),
        json!({"env": "NOT_SET"}),
        json!({"file": "not there"}),
    ] {
        let error = resolve(&reference, Path::new("/nowhere")).err().unwrap();
        let message = format!("{error:#}");
        assert!(!message.contains("hidden"), "{message}");
    }
}

#[test]
fn every_refused_source_is_named_with_its_field() {
    let reference = json!({
        "url": {"env": "SOC_URL"}, "signingKey": {"env": "AWS_SECRET_ACCESS_KEY"},
        "headers": {"Authorization": {"file": "../x"}, "Y": {"file": "y"}},
    });
    let reference = Reference::parse(&reference).unwrap();
    let allowed = Allowed::default();
    let boundary = Boundary::of(Some(&Input::File("/a/b/c.yaml".into())), &allowed);
    let refusals = reference.refusals(&boundary);
    let refused: Vec<_> = refusals
        .iter()
        .map(|(one, _)| format!("{}: {}", one.field, one.source))
        .collect();
    assert_eq!(
        refused,
        [
            "secret.signingKey: env AWS_SECRET_ACCESS_KEY",
            "secret.headers.Authorization: file ../x",
        ]
    );
    let whole = Reference::parse(&json!({"env": "AWS_SECRET_ACCESS_KEY"})).unwrap();
    assert_eq!(whole.refusals(&boundary)[0].0.field, "secret");
}

/// Even where nobody asked for the refusals first.
#[test]
fn nothing_is_read_past_the_boundary() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("inside");
    std::fs::create_dir(&inside).unwrap();
    std::fs::write(folder.path().join("key"), "hidden").unwrap();
    for reference in [
        json!({"token": {"env": "AWS_SECRET_ACCESS_KEY"}}),
        json!({"env": "AWS_SECRET_ACCESS_KEY"}),
        json!({"token": {"file": "../key"}}),
        json!({"file": "../key"}),
    ] {
        let error = resolve(&reference, &inside).err().unwrap();
        assert!(
            error.chain().any(<dyn std::error::Error>::is::<Usage>),
            "{error:#}"
        );
        assert!(format!("{error:#}").contains("--allow-"), "{error:#}");
    }
}

#[test]
fn names_out_of_a_file_stay_on_their_line() {
    assert_eq!(shown("SOC_CHAT_URL"), "SOC_CHAT_URL");
    assert_eq!(shown("a\n+ b"), r#""a\n+ b""#);
    assert_eq!(shown("a b\u{202e}"), r#""a b\u{202e}""#);
    assert_eq!(shown(""), "\"\"");
}
