//! A provider that this command has never heard of can be added: everything that it
//! needs is in the form that the stack serves.

use std::collections::VecDeque;

use clap::Parser;
use serde_json::json;

use super::*;
use crate::args::{Args, Command, DestinationsCommand};

/// What a stack with an invented provider answers to `listProviders`, with keys of
/// a later version.
fn providers() -> Vec<ProviderDescription> {
    serde_json::from_value(json!([{
        "name": "pigeon",
        "since": "9.0",
        "form": {
            "settings": [
                {"key": "loft", "label": "Loft", "help": "the building", "requirement": "required",
                 "kind": "text", "example": "north", "instead": "gps"},
                {"key": "gps", "label": "Position", "requirement": "advanced", "kind": "position",
                 "example": "52.5,13.4"},
                {"key": "routes", "label": "Routes", "requirement": "optional", "kind": "list",
                 "default": "any route", "example": "a,b"},
                {"key": "speed", "label": "Speed", "requirement": "optional", "kind": "choice",
                 "values": ["fast", "slow"], "default": "fast", "example": "fast"},
                {"key": "species", "label": "Species", "requirement": "required", "kind": "choice",
                 "values": ["homing", "racing"], "example": "homing"},
            ],
            "authMethods": [
                {"title": "ring", "implies": {"species": "homing"}, "settings": [],
                 "secret": [{"key": "ring", "label": "Ring", "requirement": "required",
                             "kind": "text", "example": "17"}]},
                {"title": "keeper", "implies": {"species": "racing"},
                 "settings": [{"key": "club", "label": "Club", "requirement": "required",
                               "kind": "text", "example": "1"}],
                 "secret": [
                    {"key": "user", "label": "User", "requirement": "required", "kind": "text",
                     "example": "u"},
                    {"key": "pin", "label": "Pin", "requirement": "optional", "kind": "text",
                     "example": "1"},
                    {"key": "extra", "label": "Extra", "requirement": "advanced", "kind": "json",
                     "example": "{}"},
                 ]},
            ],
        },
    }]))
    .unwrap()
}

fn args(flags: &[&str]) -> AddArgs {
    let line = ["tocsin", "destinations", "add"].iter().chain(flags);
    let Command::Destinations(DestinationsCommand::Add(args)) =
        Args::try_parse_from(line).unwrap().command
    else {
        panic!("that is `add`");
    };
    *args
}

/// A person who answers in a fixed order, each answer to an expected question.
struct Script(VecDeque<(&'static str, &'static str)>);

impl Script {
    fn answer(&mut self, question: &str) -> String {
        let (expected, answer) = self.0.pop_front().expect(question);
        assert_eq!(question, expected);
        answer.to_owned()
    }
}

impl Prompts for Script {
    fn text(&mut self, question: &str) -> anyhow::Result<String> {
        Ok(self.answer(question))
    }

    fn optional_text(&mut self, question: &str) -> anyhow::Result<Option<String>> {
        Ok(Some(self.answer(question)).filter(|text| !text.is_empty()))
    }

    fn secret(&mut self, question: &str) -> anyhow::Result<String> {
        Ok(self.answer(&format!("secret: {question}")))
    }

    fn optional_secret(&mut self, question: &str) -> anyhow::Result<Option<String>> {
        Ok(Some(self.secret(question)?).filter(|text| !text.is_empty()))
    }

    fn choice(&mut self, question: &str, options: &[&str]) -> anyhow::Result<usize> {
        let answer = self.answer(question);
        Ok(options.iter().position(|one| *one == answer).unwrap())
    }

    fn choices(&mut self, question: &str, options: &[String]) -> anyhow::Result<Vec<usize>> {
        let at = self.choice(
            question.split(' ').next().unwrap_or_default(),
            &options.iter().map(String::as_str).collect::<Vec<_>>(),
        )?;
        Ok(vec![at])
    }
}

fn request(draft: &Draft<'_>) -> Value {
    let mut request = serde_json::to_value(draft.request().unwrap()).unwrap();
    request.as_object_mut().unwrap().shift_remove("actor");
    request
}

#[test]
fn the_form_of_an_unknown_provider_is_asked_for() {
    let providers = providers();
    let mut draft = Draft::begin(&args(&["pigeon"]), &providers).unwrap();
    let mut script = Script(VecDeque::from([
        ("Name (what people and detections call it)", "post"),
        ("Severities", "HIGH"),
        ("How to authenticate", "keeper"),
        ("Loft (the building)", "north"),
        ("Routes", "a, b"),
        ("Speed", "slow"),
        ("Club", "17"),
        ("secret: User", "u"),
        ("secret: Pin", ""),
    ]));
    draft.ask(&mut script).unwrap();
    assert!(script.0.is_empty());
    let wanted = json!({
        "destination": {
            "displayName": "post", "type": "pigeon", "enabled": true, "severities": ["HIGH"],
            "alertTypes": [], "logTypes": [],
            "settings": {"species": "racing", "loft": "north", "routes": ["a", "b"],
                         "speed": "slow", "club": "17"},
        },
        "secret": {"user": "u"},
    });
    assert_eq!(request(&draft), wanted);
    // What the API refuses is asked for again, and nothing else.
    assert!(draft.forget("settings.loft"));
    assert!(draft.forget("secret.user"));
    assert!(!draft.forget("settings.gps") && !draft.forget("settings.wings"));
    let mut again = Script(VecDeque::from([
        ("Loft (the building)", "south"),
        ("secret: User", "v"),
        ("secret: Pin", "1"),
    ]));
    draft.ask(&mut again).unwrap();
    assert_eq!(
        request(&draft)["destination"]["settings"]["loft"],
        json!("south")
    );
    assert_eq!(request(&draft)["secret"], json!({"user": "v", "pin": "1"}));
}

#[test]
fn the_flags_of_an_unknown_provider_are_read_by_its_form() {
    let providers = providers();
    let folder = tempfile::tempdir().unwrap();
    let ring = folder.path().join("ring");
    std::fs::write(&ring, "0017\n").unwrap();
    let flags = [
        "pigeon",
        "--name",
        "post",
        "--setting",
        "gps=[52.5, 13.4]",
        "--setting",
        "routes=1,2",
        "--setting",
        "species=homing",
        "--secret-file",
        ring.to_str().unwrap(),
    ];
    let draft = Draft::begin(&args(&flags), &providers).unwrap();
    draft.check_complete().unwrap();
    let request = request(&draft);
    assert_eq!(
        request["destination"]["settings"],
        json!({"gps": [52.5, 13.4], "routes": ["1", "2"], "species": "homing"})
    );
    assert_eq!(request["secret"], json!({"ring": "0017"}));
}

#[test]
fn missing_flags_are_named_with_the_forms_examples() {
    let providers = providers();
    let draft = Draft::begin(&args(&["pigeon"]), &providers).unwrap();
    let error = draft.check_complete().unwrap_err();
    assert!(error.is::<Usage>());
    let message = error.to_string();
    for part in [
        "--name NAME",
        "--setting loft=north",
        "--setting species=homing (or racing)",
        "{\"ring\": …} or {\"user\": …}",
        "tocsin providers pigeon",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert!(!message.contains("routes"), "{message}");
    // The settings decide which way to authenticate is meant.
    let racing = ["pigeon", "--setting", "species=racing"];
    let draft = Draft::begin(&args(&racing), &providers).unwrap();
    let message = draft.check_complete().unwrap_err().to_string();
    assert!(message.contains("--setting club=1"), "{message}");
}

#[test]
fn a_provider_that_the_stack_lacks_is_answered_with_those_it_has() {
    let providers = providers();
    let error = Draft::begin(&args(&["owl"]), &providers).err().unwrap();
    assert!(error.to_string().contains("it has pigeon"), "{error}");
}
