use secrecy::ExposeSecret;
use tocsin_core::outcome::FailureKind::{
    Misconfigured, NotUnderstood, Throttled, Unauthorized, Unavailable,
};
use tocsin_testing::Expected::{Rejected, Transient};
use tocsin_testing::check_outcomes;

use super::*;

/// What `openssl dgst -sha256 -sign` makes of the same claims with the same key.
const JWT: &str = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJpYXQiOjE2MDI1NjAwNzAsImV4cCI6MTYwMjU2MDY3MCwiaXNzIjoiMTIzNDUifQ.Xil4FYwG1j9DmFl_lCHXpGeRpk3HOD_oL6KgCV2TVdIjbk-hsb0FZZjrOTzUPpaO6KABsipw7r2MRR0uXjMPJP63g0jfUGq4bs89tvq2AQEyYwmMIFzP2NQM4tDZA3tCETwNErOCpwz0zB4LkktG3ayNQAuhJiTQMZiacM_ymonVoqwYZiyQfLmcrXr-jKt9ivZXtnmApxhxwM2Gnkw2OSbN6xg48EHxywtcCAswNZK_oDPF2anNRyktr7-x13RApvz5IC_rjFJD14CbsL43W_vmaG7fto1egTdEWd7yP1_mqFrTSXbDxLhyOeQKAhi1SUIXhkSwo673FSacHFzGlg";

/// The same key as PKCS#8, in one line.
const PKCS8: &str = "-----BEGIN PRIVATE KEY----- MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQC2+w+HNEShrd+0 1oOIHr943oYYLAlO1oTQXRmnU5qEh2sCt1QP+TXk1dzKPW6wuFNtMGDki41iMkks j0KKIdr43PArDxwJC6DiVDgMVjtGzF3mHcuM7/04H+Pkqd8sz31ePKcQGvhK/ZZw 0CfZCTE771BofK44fXUVnMKm0s3yfSlW2ibL3BHXYEd3mtTH87HrDJuSNfl0UKuk ybbxKHtWs4pbW6UEZKxyujDjzxYnqyjIV1mK1xsHHM05aQBs5uhkEML2rkzfnvNw Rbffk61IK/v9F319qH33OGD/n+Byj/fI8WIeSbOo01EnZrlATr24J/opKXcGUqEj dcodyLkTAgMBAAECggEAJR5X348ATyX05/vOEdpe8Bd/7z5bowUMSzJfplxkz3aj BBmJcXYV8zZZBCOjJTE3J0K1nRccFqvpwSLMljXY9Dvpcmqtvr3/pHn+Jq6Fds61 S52Gsa/rV6vMcJHvJmlu3qOCJle6P4gisP7g3nupY6Wf05pbQzVb/4bdy7aetY5L P5wDcnUAUwSYDFFs85SjDF0ai2K946uo15E+76UjgFodd1EMtrXLqBKyy76BSkpm kIsgWQjM2kSxkb62mHJV1g/mGdVaRYZy7sed39HCa+yPyPguULl0Fr7QUC8A7yy4 Nu51tX/fbxL8ASHaOxi+LwKg22qCI+i9UiqubHHu0QKBgQDojPWrrQovTiA4AVYk B5d+RW/u3Pfg7llzCprkCIh6CH8YKsuH/nErtdkSxiukrizNxRhUx6nLWPCZ0ng7 ODWddvk7gVZ6bomoLLYJP5v9ugqJMsh4bClTyL+Md19fqMq3lsjIT9Z3C4VjMZim 7x4878yRL3qU+stfq5pNz+T+EQKBgQDJboH5sPIV1X8Lt+c3We9zVh62dh2Yihhe xelqTVevoYiH/5+Q1/U1qS7lPnlR5gbdW7H/r3JADX+/FkCIN/8NjKI3yp6Ygxy8 vsetBKolgTq6RKwPSRfvvsAE0SFQyfhArKcexT6BWZ7wOHP5l+OAkOJIP658tiO5 6rNaqVRw4wKBgQDQERbZ9KfxLVicY228LOK5wszkjeZm5Ts5OBrfvlbFwQZeDCQw 2FJPhpPjPVXdMU27Cga8DCz6WOhk6LBUY/Vsnv9d41oJjw8xXle9LKGYQbWdjcda H4RWh34C4ud9gltmKc4Zk31S5AcDemOXsMiAQxnoKO/njgEa50HXLxQ20QKBgQCd sR+bxAShRzRgjiY61PN6TY9ZtHpS8rlFaJblG4tr+X+TSHE4yXgz/DC0UwZTMUtq e+CLlGRS9L5vcBIxEfVgPBq6pqsmJm6W7JwRPTeeiN7a9+vjQ4uzqpdUrgvw3Uy2 BPQISM44IVsmIGvamCgIfGRJv2DwTP8HC1BBx5JNlQKBgFyu/PDEtsFMW0zjFjvY SbZM4T29rmOSykLRjkiOcdfKMFxJxwrpxk1H6gkfYa/Z0czUyZczuQ5eqFWLkSmF uKw26SlKkZHyjQVTdUX1gRTtxOuQua1sFn9mBfIYF+gsbWLAAyZytN74uALR7/53 YcU7jUdiEEo+PscKbJ7zV9uX -----END PRIVATE KEY-----";

#[test]
fn the_token_of_an_installation_is_requested_with_a_signed_jwt() {
    let request = app().token_request().unwrap();
    snapshot("token_request", &request.to_string());
    let (_, jwt) = request
        .headers
        .iter()
        .find(|(name, _)| name == "authorization")
        .unwrap();
    assert_eq!(jwt.expose(), format!("Bearer {JWT}"));
    assert_eq!(app().exposed_header("authorization"), "Bearer PLANTED");
    assert!(plain().token_request().is_none());

    let mut pkcs8 = app();
    pkcs8.secret.private_key = Some(PKCS8.to_owned().into());
    let request = pkcs8.token_request().unwrap();
    assert!(
        request
            .headers
            .iter()
            .any(|(_, value)| value.expose().ends_with(JWT))
    );
}

#[test]
fn a_token_is_read_with_the_time_at_which_it_expires() {
    // The response was received at 07:28.
    for (body, seconds) in [
        (
            r#"{"token": "ghs_1", "expires_at": "2015-10-21T08:27:00Z"}"#,
            3_540,
        ),
        (
            r#"{"token": "ghs_1", "expires_at": "2015-10-21T07:00:00Z"}"#,
            0,
        ),
        (
            r#"{"token": "ghs_1", "expires_at": "2025-10-21T07:00:00Z"}"#,
            3_600,
        ),
        (r#"{"token": "ghs_1"}"#, 3_600),
    ] {
        let token = GitHub::default()
            .parse_token(&response(201, &[], body))
            .unwrap();
        assert_eq!(token.secret.expose_secret(), "ghs_1");
        assert_eq!(token.lifetime.as_secs(), seconds, "{body}");
    }
}

#[test]
fn a_response_without_a_token_has_its_outcome() {
    let message = |text: &str| json!({"message": text}).to_string();
    check_outcomes(
        &[
            (201, &[], r#"{"token": 7}"#, Transient(NotUnderstood, None)),
            (204, &[], "", Transient(NotUnderstood, None)),
            (
                401,
                &[],
                &message("A JSON web token could not be decoded"),
                Rejected(Unauthorized),
            ),
            (
                403,
                &[],
                &message("This installation has been suspended"),
                Rejected(Unauthorized),
            ),
            (
                404,
                &[],
                &message("Integration not found"),
                Rejected(Misconfigured),
            ),
            (
                403,
                &[("retry-after", "30")],
                "",
                Transient(Throttled, Some(30)),
            ),
            (503, &[], "", Transient(Unavailable, None)),
        ],
        |response| match GitHub::default().parse_token(response) {
            Err(outcome) => outcome,
            Ok(token) => panic!("{token:?}"),
        },
    );
}

#[test]
fn the_key_is_hidden() {
    let request = app().token_request().unwrap();
    let shown = format!("{request} {request:?} {:?}", app().secret);
    assert!(
        !shown.contains(&JWT[..20]) && !shown.contains("BEGIN"),
        "{shown}"
    );
}
