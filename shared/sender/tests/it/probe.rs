//! A provider that implements every method of the trait.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tocsin_core::Timestamp;
use tocsin_core::outcome::{Outcome, Receipt};
use tocsin_core::provider::form::Form;
use tocsin_core::provider::{
    Address, ClientAuthentication, ClientCredentials, Detail, FieldError, Header, Lookup, Method,
    Provider, Request, RequestContext, Response, SecretUrl,
};

/// Posts the title; looks for it first when an earlier attempt may have been delivered.
/// The project `token` needs an access token.
#[derive(Debug)]
pub(crate) struct Probe;

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    project: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Secret {
    url: SecretUrl,
    token: SecretString,
}

impl Probe {
    fn request_to(request_context: &RequestContext<'_, Self>, method: Method) -> Request {
        let detail = match request_context.detail {
            Detail::Full => "full",
            Detail::Minimal => "minimal",
        };
        let body = match method {
            Method::Get => String::new(),
            _ => json!({"form": detail, "title": request_context.alert.title}).to_string(),
        };
        let address = Address::Secret(request_context.secret.url.expose().clone());
        Request {
            method,
            ..Request::post_json(address, body)
        }
        .header(
            "authorization",
            match request_context.bearer() {
                Ok(Some(bearer)) => bearer,
                _ => Header::Secret(request_context.secret.token.clone()),
            },
        )
        .header(
            "delivery",
            Header::Plain(request_context.delivery.to_string()),
        )
    }
}

/// The receipt in the response.
fn receipt(response: &Response) -> Receipt {
    let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    Receipt {
        id: body["id"].as_str().map(str::to_owned),
        url: body["url"].as_str().map(str::to_owned),
        remark: Some(format!("{} bytes", response.body.len())),
    }
}

impl Provider for Probe {
    const NAME: &'static str = "probe";
    type Settings = Settings;
    type Secret = Secret;

    fn form() -> Form {
        Form::default()
    }

    fn check(&self, settings: &Settings, _secret: &Secret) -> Result<(), FieldError> {
        if settings.project.is_empty() {
            return Err(FieldError::new("settings.project", "must not be empty"));
        }
        Ok(())
    }

    fn token_request(
        &self,
        settings: &Settings,
        secret: &Secret,
        _now: Timestamp,
    ) -> Result<Option<Request>, FieldError> {
        let credentials = ClientCredentials {
            token_url: secret.url.expose().join("/token").unwrap(),
            client_id: "tests",
            client_secret: &secret.token,
            authentication: ClientAuthentication::ClientSecretPost,
            parameters: Vec::new(),
        };
        Ok((settings.project == "token").then(|| credentials.request()))
    }

    fn request(&self, request_context: &RequestContext<'_, Self>) -> Result<Request, FieldError> {
        if request_context.settings.project == "unbuildable" {
            return Err(FieldError::new("settings.project", "makes no request"));
        }
        Ok(Self::request_to(request_context, Method::Post))
    }

    fn placeholder(_settings: &Settings) -> Value {
        json!({"url": "https://example.com/", "token": "placeholder"})
    }

    fn outcome(&self, _context: &RequestContext<'_, Self>, response: &Response) -> Outcome {
        match Outcome::from_status(response) {
            Outcome::Delivered(_) => Outcome::Delivered(receipt(response)),
            failed => failed,
        }
    }

    fn lookup(
        &self,
        request_context: &RequestContext<'_, Self>,
    ) -> Result<Option<Request>, FieldError> {
        match request_context.settings.project.as_str() {
            "native" => Ok(None),
            "unbuildable" => Err(FieldError::new("settings.project", "makes no question")),
            _ => Ok(Some(Self::request_to(request_context, Method::Get))),
        }
    }

    fn parse_lookup(&self, _context: &RequestContext<'_, Self>, response: &Response) -> Lookup {
        match response.status {
            200 => Lookup::Found(receipt(response)),
            404 => Lookup::Absent,
            _ => Lookup::Failed(Outcome::from_status(response)),
        }
    }

    /// Adds to what an earlier alert created if the project says so.
    fn joins_earlier(&self, request_context: &RequestContext<'_, Self>) -> bool {
        request_context.settings.project == "joins"
    }

    fn update(
        &self,
        request_context: &RequestContext<'_, Self>,
        response: &Response,
    ) -> Result<Option<Request>, FieldError> {
        let earlier = response.body.starts_with(b"earlier");
        Ok(earlier.then(|| Self::request_to(request_context, Method::Put)))
    }

    /// Asks for the result if the project says so.
    fn confirmation(
        &self,
        request_context: &RequestContext<'_, Self>,
        _accepted: &Response,
    ) -> Result<Option<Request>, FieldError> {
        let confirms = request_context.settings.project == "confirms";
        Ok(confirms.then(|| Self::request_to(request_context, Method::Get)))
    }

    fn parse_confirmation(&self, receipt: Receipt, response: &Response) -> Outcome {
        match response.status {
            422 => Outcome::from_status(response),
            _ => Outcome::Delivered(receipt.with_remark(&format!("{}", response.status))),
        }
    }

    /// Follows 308 and no other redirect.
    fn follow_redirect(
        &self,
        request_context: &RequestContext<'_, Self>,
        asked: &Request,
        response: &Response,
    ) -> Option<Request> {
        let location = response.header("location")?;
        let url = asked.address.expose().join(location).ok()?;
        (response.status == 308).then(|| Request {
            address: Address::Secret(url),
            ..Self::request_to(request_context, Method::Post)
        })
    }
}
