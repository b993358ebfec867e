//! What to ask for to configure a webhook destination.

use tocsin_core::provider::form::{AuthMethod, Form, FormField};

/// A certificate and its key that were made for this example and identify nobody.
const EXAMPLE_CERTIFICATE: &str = "\
-----BEGIN CERTIFICATE-----\n\
MIIBkjCCATegAwIBAgIUPxStl7zkawiUErC/ly/XYYpYusEwCgYIKoZIzj0EAwIw\n\
HTEbMBkGA1UEAwwSdG9jc2luLmV4YW1wbGUuY29tMCAXDTI2MTEyNzA3NDEwM1oY\n\
DzIxMjYxMTAzMDc0MTAzWjAdMRswGQYDVQQDDBJ0b2NzaW4uZXhhbXBsZS5jb20w\n\
WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATrF4izERC92xMlf/wDHwPbFNh5M6PH\n\
exXOqsgOSVXLWOfjtFGOeVPa6JuqjYX4uAqk07XRlKLhbSrJvtcqohp0o1MwUTAd\n\
BgNVHQ4EFgQUf2oJ3S1JOTqJf5k4sJKtJ11at70wHwYDVR0jBBgwFoAUf2oJ3S1J\n\
OTqJf5k4sJKtJ11at70wDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNJADBG\n\
AiEA2zn0OjtQJoeXfmdYPe/UVfOhXk1bfb1Iei4Dz/klj58CIQCiN4ITxX6j2CIg\n\
d2Pbw45HmS0SMclPMzePkpCfP5Ih8g==\n\
-----END CERTIFICATE-----";
const EXAMPLE_KEY: &str = "\
-----BEGIN PRIVATE KEY-----\n\
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgdSFY0kAaCMdi4hQq\n\
RPecD4hSBDY8bTnbaDMWIJ8k9O+hRANCAATrF4izERC92xMlf/wDHwPbFNh5M6PH\n\
exXOqsgOSVXLWOfjtFGOeVPa6JuqjYX4uAqk07XRlKLhbSrJvtcqohp0\n\
-----END PRIVATE KEY-----";

const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

pub(crate) fn form() -> Form {
    Form {
        settings: vec![
            FormField::json("headers", "Headers to send that are not secret")
                .advanced()
                .help("at most 20, together with those of the secret")
                .default("no headers")
                .example(r#"{"X-Source": "tocsin"}"#),
            FormField::number("timeoutSeconds", "How long a request may take, in seconds")
                .advanced()
                .help("1 to 30")
                .default("15")
                .example("30"),
        ],
        auth_methods: vec![
            AuthMethod::new("URL", with_url(Vec::new())),
            AuthMethod::new(
                "OAuth 2.0 client credentials",
                with_url(vec![client_secret()]),
            )
            .with_settings(oauth()),
        ],
    }
}

/// The fields of every secret, with `more` after the URL.
fn with_url(more: Vec<FormField>) -> Vec<FormField> {
    let mut fields =
        vec![FormField::text("url", "URL to post to").example("https://example.com/hook")];
    fields.extend(more);
    fields.extend([
        FormField::text("signingKey", "Key that signs the requests")
            .optional()
            .help("whsec_…; empty: none")
            .default("requests are not signed")
            .example(KEY),
        FormField::text("previousSigningKey", "The signing key before this one")
            .advanced()
            .help("while the receiver changes keys; requests carry both signatures")
            .default("one signature")
            .together_with("signingKey", KEY)
            .example("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"),
        FormField::json("headers", "Headers to send that are secret")
            .advanced()
            .default("no headers")
            .example(r#"{"X-Api-Key": "example"}"#),
        FormField::text(
            "clientCertificate",
            "Client certificate for mutual TLS, as PEM",
        )
        .advanced()
        .help("with the certificates of its chain")
        .default("no client certificate")
        .together_with("clientKey", EXAMPLE_KEY)
        .example(EXAMPLE_CERTIFICATE),
        FormField::text("clientKey", "Private key of the client certificate, as PEM")
            .advanced()
            .help("not encrypted")
            .default("no client certificate")
            .together_with("clientCertificate", EXAMPLE_CERTIFICATE)
            .example(EXAMPLE_KEY),
    ]);
    fields
}

fn client_secret() -> FormField {
    FormField::text("clientSecret", "Secret of the OAuth client").example("example")
}

fn oauth() -> Vec<FormField> {
    let methods = ["client_secret_basic", "client_secret_post"];
    vec![
        FormField::text("tokenUrl", "URL of the token endpoint")
            .help("the client secret is sent there")
            .example("https://login.example.com/oauth2/token"),
        FormField::text("clientId", "Id of the OAuth client").example("tocsin"),
        FormField::text("scope", "What the access token is for")
            .optional()
            .help("as the server wants it")
            .default("as the server decides")
            .example("alerts.write"),
        FormField::text("audience", "The API that the access token is for")
            .advanced()
            .help("where the server wants it, such as Auth0")
            .default("none")
            .example("https://alerts.example.com"),
        FormField::choice(
            "clientAuthentication",
            "How the client presents its secret",
            &methods,
        )
        .advanced()
        .help("in a Basic header, or in the body")
        .default("client_secret_basic"),
    ]
}
