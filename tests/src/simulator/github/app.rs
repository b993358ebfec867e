//! The access tokens of a GitHub App's installation:
//! <https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app>.
//! The app is 12345, its installation 67890.

use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::super::asked::{Asked, Verdict};
use super::super::created::moment;
use super::refuse;

/// The id of the app.
pub const APP_ID: &str = "12345";
/// The id of its installation.
pub const INSTALLATION_ID: &str = "67890";

/// What the installation is given.
pub(super) const TOKEN: &str = "ghs_simulated";

/// The key of the app, which was made for the simulator.
pub const PRIVATE_KEY: &str = "\
-----BEGIN RSA PRIVATE KEY-----\n\
MIIEowIBAAKCAQEAjau1funQ23AlQMwjn5+6+XraZvhM4EgCDFEQDYdHsXkI5XXx\n\
j35WqNQW8DNR2iBnbvXIOOGqILwi9E/nVTgaVD6M6haUOmbgxDOnczCMemslyjBw\n\
5EMh7OLmV1043tqN54xvYIeiDaVsed0ElLtVljZdSGpIoqksfMSxvm6d59wCTC54\n\
J3MGQ8NwMAIX82xVNwZhnjGWn6cZcmX2PF3VDs6pft0MqPyL90fcnLxMfyAaK4lR\n\
U8GLSvz9hQJgBxxAKW78qbkvxvtJD45cplNf5bTq7vtTK89duEotBJQ9dffQscVb\n\
o08MKEqyc9snzGuCpR2wZX8PW1KF2ZIPXk271wIDAQABAoIBAANq6gT2xQgWK3/l\n\
rNJT+yG7mfsz8D7U3d/IMNfytIMOhW1rq/knNhX6j9cZldbqQzSFD2B36S/C+iDk\n\
sJL4uIHhxGp9QvQpuTBigp6fxDPL0+yNwJtxFydszdu7rvyJTzUPyTwN6ZXksLo7\n\
37lqz4TBKPzvO3NZG26jHBqY9ow6VE4fPhyh8qvg+kn7bwbUI0CPtLjfFGzovYmm\n\
8AlMmS6BwnEUVZG6bhNik2VLyw2Yq22VsPU8lrRRBls4fjIy2BSWUmv4k98e1+LB\n\
ABQdPVxA4gFlOpf7oxPTVWjT9LN2zyIEzVS03QXc/Q+lF5N8z+5XdyHUUkU1jkbN\n\
/b/Y+IkCgYEAxVsIdxAtRX9CICEbDtPIjYIwo0Y2y4dkbgbBkB/P51kMkFyF21pZ\n\
eZG0fGbxOPxmD4+SaRi4nXo1gZC+P9F3Ju2mtcaUz9LQm29C6z4VE4wja2W2bqdm\n\
DVmN0Abwq8qV3PU/7cmhslQzr+cVrOG1UGTgXCngdrnLg8xKSscSzoUCgYEAt8Sx\n\
YcdvUWSKrVUPWl3KoOTFV+o6YYXa93Xto3EjJL8ow/0idnAnt+lv80G+tqpxVYnP\n\
T2MabRosk7eRyAL04Z/JFcb3tajrNBZa2lCNE+u+y27WdomOOPpwYiVprUpO6RPO\n\
4q0d7lshtYiy0r9A5Xl+/jRCcitaE6SihFVfdasCgYAZ1mUxUUjcBGEf27WzJz7m\n\
Z9j+Rz79PmiDjxbgS4noe9wNOk+7/AQiylSaxM9n6oNiHiXI5Jem5k0C/XQq3r1+\n\
tzZQLgNlgfAVqWdVbPdNa9dnRBWyPvA5ZzQNvBreItOj7efEtdUZh7SMnvBThek6\n\
8Tn+Vu0wHfrq8l/3kkCAEQKBgCNnX40o8QdLSXRPWN/eBfWtXV+snoa/VQorzBaa\n\
61xe/6mSkRskTGKgNJM27VkfySnjnO78dtDiJAhpa0qPV0JImGL7rClxW67zR5mb\n\
vzJBTsa+mc7IfX/4r8IY1x0tnbpFuKvvEj8ji4D/zwPPGN+c4pxy0QJR287A/xZj\n\
pDp1AoGBAIyonA8hJQtqmopHX3nIYkRnPwWBRVQ7EP3aO8o4XCQ64QOI4zoH0uSw\n\
SYIAwjWp8odMn7TlQ/sxYQDP3iYOT/ZC9cPXTUJ/wCyp0QXF4mOxygNDGsbxD530\n\
nCsRJ8D46AuhMEeRRgEE7VU9Evl+kiT2WInEwlEf2VbTlHk7Xmxn\n\
-----END RSA PRIVATE KEY-----";

pub(super) fn give_token(asked: &Asked<'_>, installation: &str) -> Verdict {
    let now = OffsetDateTime::now_utc().unix_timestamp();
    if let Err(message) = check(asked.credential("Bearer").unwrap_or_default(), now) {
        return refuse(StatusCode::UNAUTHORIZED, message);
    }
    if installation != INSTALLATION_ID {
        return refuse(StatusCode::NOT_FOUND, "Not Found");
    }
    let Some(wanted) = asked.object() else {
        return refuse(StatusCode::BAD_REQUEST, "Problems parsing JSON");
    };
    if wanted["permissions"] != json!({"issues": "write"}) {
        return refuse(
            StatusCode::UNPROCESSABLE_ENTITY,
            "The permissions requested are not granted to this installation.",
        );
    }
    let expires_at = moment(OffsetDateTime::now_utc() + Duration::HOUR);
    Verdict::json(
        StatusCode::CREATED,
        &json!({"token": TOKEN, "expires_at": expires_at, "permissions": {"issues": "write"}}),
    )
}

/// <https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app>
fn check(jwt: &str, now: i64) -> Result<(), &'static str> {
    const BROKEN: &str = "A JSON web token could not be decoded";
    let (signed, signature) = jwt.rsplit_once('.').ok_or(BROKEN)?;
    let (header, claims) = signed.split_once('.').ok_or(BROKEN)?;
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| BROKEN);
    let object = |text: &str| -> Result<Value, &'static str> {
        serde_json::from_slice(&decode(text)?).map_err(|_| BROKEN)
    };
    if object(header)?["alg"] != "RS256" {
        return Err(BROKEN);
    }
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public_key())
        .verify(signed.as_bytes(), &decode(signature)?)
        .map_err(|_| BROKEN)?;
    let claims = object(claims)?;
    let (issued, expires) = (claims["iat"].as_i64(), claims["exp"].as_i64());
    match (claims["iss"].as_str(), issued, expires) {
        (Some(APP_ID), Some(issued), Some(expires)) => {
            if issued > now {
                return Err(
                    "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
                );
            }
            if expires > now + 600 {
                return Err("'Expiration time' claim ('exp') is too far in the future");
            }
            if expires <= now {
                return Err(
                    "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
                );
            }
            Ok(())
        }
        _ => Err("Integration not found"),
    }
}

fn public_key() -> Vec<u8> {
    let lines = PRIVATE_KEY.lines().filter(|line| !line.starts_with('-'));
    let der = STANDARD
        .decode(lines.collect::<String>())
        .unwrap_or_default();
    let key = RsaKeyPair::from_der(&der);
    key.map(|key| key.public_key().as_ref().to_vec())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::RSA_PKCS1_SHA256;

    use super::*;

    fn jwt(header: &Value, claims: &Value) -> String {
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(header), encode(claims));
        let lines = PRIVATE_KEY.lines().filter(|line| !line.starts_with('-'));
        let der = STANDARD.decode(lines.collect::<String>()).unwrap();
        let key = RsaKeyPair::from_der(&der).unwrap();
        let mut signature = vec![0; key.public_modulus_len()];
        let random = SystemRandom::new();
        key.sign(
            &RSA_PKCS1_SHA256,
            &random,
            signed.as_bytes(),
            &mut signature,
        )
        .unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    #[test]
    fn only_a_jwt_of_the_app_is_accepted() {
        const NOW: i64 = 1_602_560_130;
        let header = json!({"alg": "RS256", "typ": "JWT"});
        let claims = |iat: i64, exp: i64, iss: &str| json!({"iat": iat, "exp": exp, "iss": iss});
        let good = jwt(&header, &claims(NOW - 60, NOW + 540, APP_ID));
        assert_eq!(check(&good, NOW), Ok(()));
        for (jwt, said) in [
            (String::new(), "could not be decoded"),
            (good.replace('.', "x."), "could not be decoded"),
            (
                jwt(
                    &json!({"alg": "HS256"}),
                    &claims(NOW - 60, NOW + 540, APP_ID),
                ),
                "could not be decoded",
            ),
            (jwt(&header, &claims(NOW + 60, NOW + 540, APP_ID)), "'iat'"),
            (
                jwt(&header, &claims(NOW - 60, NOW + 601, APP_ID)),
                "too far in the future",
            ),
            (jwt(&header, &claims(NOW - 60, NOW, APP_ID)), "'exp'"),
            (
                jwt(&header, &claims(NOW - 60, NOW + 540, "1")),
                "Integration not found",
            ),
        ] {
            assert!(check(&jwt, NOW).unwrap_err().contains(said), "{jwt}");
        }
    }
}
