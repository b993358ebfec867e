//! `tocsin preview`: shows the message that a destination would get.

use serde_json::{Map, Value};
use tocsin_api_types::{Preview, PreviewForm, PreviewMessage, PreviewOf, PreviewReport};
use tocsin_core::alert::exact_values;
use tocsin_core::json::escaped;

use crate::args::{MessageForm, Output, PreviewArgs, Target};
use crate::document;
use crate::exit::Exit;
use crate::print::{self, Named, Style, Text, text};
use crate::stack::Stack;
use crate::usage::Usage;

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

impl Named for PreviewReport {}

fn render(report: &PreviewReport) -> Text {
    let named = |name: &str, value: &str| text!("{}: {}", Style::Muted.paint(name), value);
    let (mut lines, body) = match &report.preview {
        Preview::Request {
            method,
            url,
            headers,
            body,
        } => {
            let mut lines = vec![text!("{} {}", Style::Success.paint(method), url)];
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
            let mut lines = vec![text!("to {}", to)];
            lines.extend(
                more.chain(attributes)
                    .map(|(name, value)| named(name, value)),
            );
            (lines, body)
        }
    };
    lines.extend([Text::default(), pretty(body)]);
    Text::lines(lines)
}

/// JSON with line breaks, for people; `--output json` has the exact body.
fn pretty(body: &str) -> Text {
    let json = serde_json::from_str::<Value>(body)
        .and_then(|_| serde_json::to_string_pretty(&exact_values(body)));
    match json {
        Ok(json) => Text::block(&escaped(&json)),
        Err(_) => Text::block(body),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::print::hostile;

    #[test]
    fn no_text_of_an_alert_forges_a_line_of_its_preview() {
        let alert = hostile::alert();
        let (id, title) = (&alert["id"], &alert["title"]);
        let body = serde_json::to_string(&alert).unwrap();
        let request: PreviewReport = hostile::read(&json!({
            "type": "webhook", "severity": "CRITICAL", "form": "full",
            "preview": {
                "kind": "request", "method": "POST", "url": "https://example.com/",
                "headers": [{"name": "x-detection", "value": id}], "body": body,
            },
        }));
        let message: PreviewReport = hostile::read(&json!({
            "type": "sns", "severity": "CRITICAL", "form": "full",
            "preview": {
                "kind": "message", "to": "arn:aws:sns:eu-central-1:123456789012:alerts", "subject": title,
                "body": format!("{}\nPOST https://example.com/\n\tindented", title.as_str().unwrap()),
                "attributes": {"severity": id},
            },
        }));
        let seen = [request, message].map(|one| hostile::seen(&one, render));
        insta::assert_snapshot!(seen.join("\n\n"));
    }
}
