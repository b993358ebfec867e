//! The request. Webhooks and bots post the same message to different addresses, with
//! different credentials.

use serde_json::{Map, Value};
use tocsin_core::provider::{Address, FieldError, Header, Request, RequestContext, api_url};
use url::Url;

use crate::secret::Mode;
use crate::{Slack, message};

pub(crate) fn build(
    context: &RequestContext<'_, Slack>,
    mode: &Mode<'_>,
    base_url: Option<&Url>,
) -> Result<Request, FieldError> {
    let message = message::fields(context);
    Ok(match mode {
        Mode::Webhook(url) => {
            Request::post_json(Address::Secret((*url).clone()), body(message, None))
        }
        Mode::Bot { token, channel } => {
            let url = api_url("https://slack.com", base_url, "api/chat.postMessage")?;
            // Without a charset every response has the warning `missing_charset`.
            let json = "application/json; charset=utf-8";
            Request::post(Address::Public(url), json, body(message, Some(channel)))
                .header("authorization", Header::bearer("secret.botToken", token)?)
        }
    })
}

fn body(mut message: Map<String, Value>, channel: Option<&str>) -> Vec<u8> {
    if let Some(channel) = channel {
        message.insert("channel".to_owned(), channel.into());
    }
    Value::Object(message).to_string().into_bytes()
}
