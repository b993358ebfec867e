//! What to do when AWS does not do its part.

/// The advice for what was said; `code` is the service's own word for it.
pub(super) fn of(said: &str, code: Option<&str>, stack: &str) -> Option<String> {
    let Some(code) = code else {
        return without_answer(&said.to_lowercase()).map(str::to_owned);
    };
    let fixed = match code {
        "ResourceNotFoundException"
        | "AWS.SimpleQueueService.NonExistentQueue"
        | "QueueDoesNotExist" => {
            return Some(format!(
                "is the stack {stack:?} deployed in this account and region? see --stack, --region, --profile"
            ));
        }
        "AccessDeniedException" | "AccessDenied" => {
            return Some(format!(
                "these credentials may not do that: it takes lambda:InvokeFunction on {stack}-api, for `send` sqs:GetQueueUrl and sqs:SendMessage on {stack}-alerts; see --profile"
            ));
        }
        "ExpiredTokenException"
        | "ExpiredToken"
        | "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch" => {
            "the credentials are not valid (any more): sign in again, or see --profile"
        }
        "TooManyRequestsException" | "ThrottlingException" | "Throttling" => {
            "AWS was asked too often: wait a little, and repeat this"
        }
        _ => return None,
    };
    Some(fixed.to_owned())
}

/// No service has answered: what the SDK says is all there is.
fn without_answer(said: &str) -> Option<&'static str> {
    if said.contains("region") {
        return Some("no region is known: give --region, or set AWS_REGION");
    }
    if said.contains("credential") || said.contains("identity") {
        return Some(
            "no AWS credentials were found: `aws configure` or `aws sso login` sets them up; see --profile",
        );
    }
    let unreachable = ["dispatch failure", "connect", "dns", "timed out", "timeout"];
    unreachable
        .iter()
        .any(|word| said.contains(word))
        .then_some("AWS cannot be reached: see to the network, to --region and --endpoint-url")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_failure_has_its_advice() {
        for (said, code, advice) in [
            (
                "",
                Some("ResourceNotFoundException"),
                "the stack \"tocsin\"",
            ),
            (
                "",
                Some("AWS.SimpleQueueService.NonExistentQueue"),
                "--stack",
            ),
            (
                "",
                Some("AccessDeniedException"),
                "lambda:InvokeFunction on tocsin-api",
            ),
            ("", Some("ExpiredTokenException"), "sign in again"),
            ("", Some("TooManyRequestsException"), "wait"),
            (
                "failed to construct request: Missing Region",
                None,
                "--region",
            ),
            (
                "dispatch failure: the credential provider was not enabled",
                None,
                "no AWS credentials",
            ),
            (
                "dispatch failure: io error: tcp connect error: Connection refused",
                None,
                "cannot be reached",
            ),
        ] {
            let hint = of(said, code, "tocsin").unwrap();
            assert!(hint.contains(advice), "{said:?} {code:?}: {hint}");
        }
        assert_eq!(of("x", Some("ServiceException"), "tocsin"), None);
        assert_eq!(of("x", None, "tocsin"), None);
    }
}
