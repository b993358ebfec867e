//! Providers that are reached over HTTP.

use serde_json::{Map, Value};
use tocsin_api_types::{Preview, ShownHeader};
use tocsin_core::Timestamp;
use tocsin_core::alert::{Alert, parse};
use tocsin_core::delivery::DeliveryId;
use tocsin_core::destination::DestinationId;
use tocsin_core::provider::form::Form;
use tocsin_core::provider::{
    AccessToken, Address, Detail, FieldError, Provider, Request, RequestContext, Secrets,
    read_settings,
};
use tocsin_sender::{AddressPolicy, AttemptInput};
use url::{Position, Url};

use super::{ErasedProvider, ProvidersConfig, SecretBinding};

/// A provider, and the addresses that it may call.
struct ErasedHttp<P> {
    provider: P,
    addresses: AddressPolicy,
}

pub(super) fn http<P: Provider>(
    config: &ProvidersConfig,
    make: fn(Option<Url>) -> P,
) -> (&'static str, Box<dyn ErasedProvider>) {
    let erased = ErasedHttp {
        provider: make(config.base_urls.of(P::NAME)),
        addresses: config.addresses,
    };
    (P::NAME, Box::new(erased))
}

impl<P: Provider> ErasedProvider for ErasedHttp<P> {
    fn form(&self) -> Form {
        P::form()
    }

    /// Runs the provider's check, and checks the address that it would call.
    fn check(
        &self,
        settings: &Map<String, Value>,
        secret: Option<&Secrets>,
    ) -> Result<(), FieldError> {
        let settings: P::Settings = read_settings(settings)?;
        let empty = Secrets::new("{}".to_owned());
        let secret: P::Secret = secret.unwrap_or(&empty).read()?;
        self.provider.check(&settings, &secret)?;
        for request in self.sample_requests(&settings, &secret)? {
            self.check_address(&request.address)?;
        }
        Ok(())
    }

    fn placeholder(&self, settings: &Map<String, Value>) -> Result<Option<Secrets>, FieldError> {
        let settings: P::Settings = read_settings(settings)?;
        Ok(Some(Secrets::new(P::placeholder(&settings).to_string())))
    }

    fn binding(&self, settings: &Map<String, Value>) -> Result<SecretBinding, FieldError> {
        let settings: P::Settings = read_settings(settings)?;
        let placeholder = P::placeholder(&settings);
        let secret: P::Secret = Secrets::new(placeholder.to_string()).read()?;
        let mut origins = Vec::new();
        for request in self.sample_requests(&settings, &secret)? {
            if let Address::Public(url) = &request.address {
                origins.push(url.origin().ascii_serialization());
            }
        }
        origins.dedup();
        let fields = placeholder.as_object().into_iter().flat_map(Map::keys);
        Ok(SecretBinding {
            origin: (!origins.is_empty()).then(|| origins.join(" ")),
            fields: fields.cloned().collect(),
        })
    }

    fn hosts(
        &self,
        settings: &Map<String, Value>,
        secret: Option<&Secrets>,
    ) -> Result<Vec<String>, FieldError> {
        let settings: P::Settings = read_settings(settings)?;
        let placeholder = Secrets::new(P::placeholder(&settings).to_string());
        let read: P::Secret = secret.unwrap_or(&placeholder).read()?;
        let mut hosts = Vec::new();
        for request in self.sample_requests(&settings, &read)? {
            let is_known = secret.is_some() || matches!(request.address, Address::Public(_));
            let url = request.address.expose();
            let host = url[Position::BeforeHost..Position::AfterPort].to_owned();
            if is_known && !hosts.contains(&host) {
                hosts.push(host);
            }
        }
        Ok(hosts)
    }

    fn preview(&self, input: AttemptInput<'_>, detail: Detail) -> Result<Preview, FieldError> {
        let settings: P::Settings = read_settings(input.settings)?;
        let secret = Secrets::new(P::placeholder(&settings).to_string()).read()?;
        self.provider.check(&settings, &secret)?;
        let token = self.placeholder_token(&settings, &secret)?;
        let request = self.provider.request(&RequestContext {
            alert: input.alert,
            severity: input.severity,
            delivery: input.delivery,
            first_delivery: input.first_delivery,
            detail,
            began_at: input.began_at,
            now: Timestamp::now(),
            settings: &settings,
            secret: &secret,
            token: token.as_ref(),
        })?;
        Ok(masked(&request))
    }

    #[cfg(test)]
    fn known_fields(&self) -> super::form_tests::KnownFields {
        super::form_tests::KnownFields {
            settings: super::form_tests::field_names::<P::Settings>(),
            secret: super::form_tests::field_names::<P::Secret>(),
        }
    }
}

impl<P: Provider> ErasedHttp<P> {
    fn check_address(&self, address: &Address) -> Result<(), FieldError> {
        let part = match address {
            Address::Public(_) => "settings",
            Address::Secret(_) => "secret",
        };
        self.addresses.check(address.expose()).map_err(|blocked| {
            FieldError::new(
                part,
                format!("holds an address that must not be called: {blocked}"),
            )
        })
    }

    /// Takes the place of the access token, where the destination needs one.
    fn placeholder_token(
        &self,
        settings: &P::Settings,
        secret: &P::Secret,
    ) -> Result<Option<AccessToken>, FieldError> {
        let request = self
            .provider
            .token_request(settings, secret, Timestamp::now())?;
        Ok(request.map(|_| AccessToken::placeholder()))
    }

    /// The request for a sample alert, and that of the access token if there is one.
    fn sample_requests(
        &self,
        settings: &P::Settings,
        secret: &P::Secret,
    ) -> Result<Vec<Request>, FieldError> {
        let now = Timestamp::now();
        let token_request = self.provider.token_request(settings, secret, now)?;
        let token = token_request.as_ref().map(|_| AccessToken::placeholder());
        let alert = sample_alert();
        let delivery = DeliveryId::of(&alert.alert_id, DestinationId::generate());
        let request = self.provider.request(&RequestContext {
            alert: &alert,
            severity: alert.severity,
            delivery: &delivery,
            first_delivery: &delivery,
            detail: Detail::Minimal,
            began_at: now,
            now,
            settings,
            secret,
            token: token.as_ref(),
        })?;
        Ok(std::iter::once(request).chain(token_request).collect())
    }
}

/// A request with its secrets masked. A secret address is masked whole, with its
/// host, which is the placeholder's.
fn masked(request: &Request) -> Preview {
    Preview::Request {
        method: request.method.as_str().to_owned(),
        url: match &request.address {
            Address::Public(url) => url.to_string(),
            Address::Secret(_) => "[secret]".to_owned(),
        },
        headers: request
            .headers
            .iter()
            .map(|(name, value)| ShownHeader {
                name: name.clone(),
                value: value.to_string(),
            })
            .collect(),
        body: request.shown_body(),
    }
}

/// The alert whose request is checked.
fn sample_alert() -> Alert {
    const SAMPLE: &str = r#"{"id": "Tocsin.Check", "createdAt": "2026-01-01T00:00:00Z",
        "severity": "INFO", "type": "RULE", "title": "Checking a destination"}"#;
    parse(SAMPLE).unwrap_or_else(|error| unreachable!("the constant is an alert: {error}"))
}
