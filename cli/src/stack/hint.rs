//! Advice for errors of AWS.

/// The advice for an error; `code` is the service's error code.
pub(super) fn of(message: &str, code: Option<&str>, stack: &str) -> Option<String> {
    let Some(code) = code else {
        return without_answer(&message.to_lowercase()).map(str::to_owned);
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
                "these credentials lack a permission: the command needs lambda:InvokeFunction on {stack}-api (to look, {stack}-api-read is enough), for `send` also sqs:GetQueueUrl and sqs:SendMessage on {stack}-alerts; see --profile"
            ));
        }
        "ExpiredTokenException"
        | "ExpiredToken"
        | "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch" => {
            "the credentials are invalid or have expired: sign in again, or see --profile"
        }
        "TooManyRequestsException" | "ThrottlingException" | "Throttling" => {
            "AWS throttles these requests: wait a little, and try again"
        }
        _ => return None,
    };
    Some(fixed.to_owned())
}

/// The advice for an error without an answer of a service.
fn without_answer(message: &str) -> Option<&'static str> {
    if message.contains("region") {
        return Some("no region is configured: give --region, or set AWS_REGION");
    }
    if message.contains("credential") || message.contains("identity") {
        return Some(
            "no AWS credentials were found: `aws configure` or `aws sso login` sets them up; see --profile",
        );
    }
    let unreachable = ["dispatch failure", "connect", "dns", "timed out", "timeout"];
    unreachable
        .iter()
        .any(|word| message.contains(word))
        .then_some("AWS cannot be reached: check the network, --region and --endpoint-url")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_failure_has_its_advice() {
        for (message, code, advice) in [
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
            let hint = of(message, code, "tocsin").unwrap();
            assert!(hint.contains(advice), "{message:?} {code:?}: {hint}");
        }
        assert_eq!(of("x", Some("ServiceException"), "tocsin"), None);
        assert_eq!(of("x", None, "tocsin"), None);
    }
}
