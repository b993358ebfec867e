//! `tocsin check`: reads alerts as the stack would, without one. For the tests of
//! detections.

use serde::Serialize;
use tocsin_core::alert::Severity;

use crate::alert_files;
use crate::args::{CheckArgs, Output};
use crate::exit::Exit;
use crate::print::{self, Named, Style, Text, count, text};
use crate::usage::Usage;

/// What was found in one place.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Checked {
    place: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<Severity>,
    notes: Vec<String>,
    /// Why it is not an alert.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl Named for Vec<Checked> {
    /// The places of what is not an alert.
    fn names(&self) -> Option<Vec<String>> {
        let wrong = self.iter().filter(|one| one.error.is_some());
        Some(wrong.map(|one| one.place.clone()).collect())
    }
}

pub(crate) fn run(args: &CheckArgs, output: Output) -> anyhow::Result<Exit> {
    let mut checked = Vec::new();
    for file in &args.files {
        let found = alert_files::read(file)?;
        if found.is_empty() {
            return Err(Usage::error(format!("{file} has no alert")));
        }
        checked.extend(found.into_iter().map(|found| match found.alert {
            Ok(alert) => Checked {
                place: found.place,
                title: Some(alert.title),
                severity: Some(alert.severity),
                notes: alert.notes.iter().map(ToString::to_string).collect(),
                error: None,
            },
            Err(error) => Checked {
                place: found.place,
                title: None,
                severity: None,
                notes: Vec::new(),
                error: Some(error),
            },
        }));
    }
    print::show(output, &checked, |all| render(all))?;
    let sound = checked.iter().all(|one| one.error.is_none());
    Ok(if sound {
        Exit::Success
    } else {
        Exit::Incomplete
    })
}

fn render(all: &[Checked]) -> Text {
    let mut lines = Vec::new();
    for one in all {
        lines.push(match (&one.error, &one.title, &one.severity) {
            (Some(error), ..) => text!(
                "{} {}: {}",
                Style::Error.paint("not an alert:"),
                one.place,
                error
            ),
            (None, Some(title), Some(severity)) => text!(
                "{} {}: [{}] {}",
                Style::Success.paint("ok:"),
                one.place,
                severity,
                title
            ),
            (None, ..) => text!("{} {}", Style::Success.paint("ok:"), one.place),
        });
        let notes = one.notes.iter();
        lines.extend(notes.map(|note| text!("  {} {}", Style::Muted.paint("note:"), note)));
    }
    let wrong = all.iter().filter(|one| one.error.is_some()).count();
    lines.push(text!(
        "{}, {} of them not usable",
        count(all.len(), "alert", "alerts"),
        wrong
    ));
    Text::lines(lines)
}
