//! `tocsin preview`: shows the message that a destination would get.

use serde_json::{Map, Value};
use tocsin_api_types::{Preview, PreviewForm, PreviewMessage, PreviewOf, PreviewReport};

use crate::args::{MessageForm, Output, PreviewArgs, Target};
use crate::document;
use crate::exit::{Exit, Usage};
use crate::print::{self, Style};
use crate::stack::Stack;

pub(crate) async fn run(
    args: PreviewArgs,
    target: &Target,
    output: Output,
) -> anyhow::Result<Exit> {
    let to = match (args.destination, args.provider) {
        (Some(name), _) => PreviewOf::Destination(name),
        (None, Some(provider)) => PreviewOf::Draft {
            provider,
            settings: match &args.settings {
                Some(file) => document::parse_one(&file.read()?)?,
                None => Map::new(),
            },
        },
        (None, None) => return Err(Usage::error("give --destination or --provider")),
    };
    let request = PreviewMessage {
        alert: Value::String(args.alert.read()?),
        to,
        form: match args.form {
            MessageForm::Full => PreviewForm::Full,
            MessageForm::Minimal => PreviewForm::Minimal,
        },
    };
    let report = Stack::connect(target).await?.ask(request).await?;
    print::show(output, &report, render)?;
    Ok(Exit::Success)
}

fn render(report: &PreviewReport) -> String {
    let named = |name: &str, value: &str| format!("{}: {value}", Style::Muted.paint(name));
    let (mut lines, body) = match &report.preview {
        Preview::Request {
            method,
            url,
            headers,
            body,
        } => {
            let mut lines = vec![format!("{} {url}", Style::Success.paint(method))];
            lines.extend(headers.iter().map(|one| named(&one.name, &one.value)));
            (lines, body)
        }
        Preview::Message {
            to,
            subject,
            body,
            attributes,
            group_id,
            deduplication_id,
            remark,
        } => {
            let more = [
                ("subject", subject),
                ("message group", group_id),
                ("deduplication id", deduplication_id),
                ("remark", remark),
            ];
            let more = more
                .into_iter()
                .filter_map(|(name, value)| Some((name, value.as_ref()?)));
            let attributes = attributes
                .iter()
                .map(|(name, value)| (name.as_str(), value));
            let mut lines = vec![format!("to {to}")];
            lines.extend(
                more.chain(attributes)
                    .map(|(name, value)| named(name, value)),
            );
            (lines, body)
        }
    };
    lines.extend([String::new(), pretty(body)]);
    lines.join("\n")
}

/// JSON with line breaks, for people; `--output json` has the exact body.
fn pretty(body: &str) -> String {
    serde_json::from_str::<Value>(body)
        .and_then(|value| serde_json::to_string_pretty(&value))
        .unwrap_or_else(|_| body.to_owned())
}
