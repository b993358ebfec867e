//! The vendors that there are, and which of them a request is for. Their own hosts
//! would tell them apart; here their paths do, and no two of them meet:
//!
//! | path | vendor |
//! |---|---|
//! | `/services/T…/B…/…`, `/api/chat.postMessage` | Slack |
//! | `/v2/enqueue` | PagerDuty |
//! | `/v2/alerts`, `/jsm/ops/integration/v2/alerts` | OpsGenie, Jira Service Management |
//! | `/api/now/…`, `/api/global/em/jsonv2`, `/nav_to.do` | ServiceNow |
//! | `…/rest/api/…`, `…/browse/…` | Jira, with a context path in front or not |
//! | `/repos/…`, `/repositories/…`, `/app/installations/…`, below `/api/v3` or not | GitHub |
//! | `/api/1.0/…` | Asana |
//! | `/powerautomate/…`, `/workflows/…`, `/<tenant>/oauth2/v2.0/token` | Teams |
//! | `/hook/…`, `/oauth2/token` | a custom webhook's receiver |

use axum::http::StatusCode;

use super::asked::{Asked, Verdict};
use super::created::Things;
use super::{asana, github, jira, opsgenie, pagerduty, servicenow, slack, teams, webhook};

/// A vendor that the simulator plays.
#[derive(Debug)]
pub(super) struct Vendor {
    /// The name of the provider that sends to it.
    pub(super) provider: &'static str,
    /// Whether a request is for it, by the whole path and by its parts.
    pub(super) is_asked: fn(&str, &[&str]) -> bool,
    /// Its answer.
    pub(super) answer: fn(&Asked<'_>, &mut Things) -> Verdict,
}

/// All of them.
const VENDORS: [Vendor; 9] = [
    asana::VENDOR,
    github::VENDOR,
    jira::VENDOR,
    opsgenie::VENDOR,
    pagerduty::VENDOR,
    servicenow::VENDOR,
    slack::VENDOR,
    teams::VENDOR,
    webhook::VENDOR,
];

/// The names of the providers whose vendors the simulator plays.
pub(super) fn providers() -> Vec<&'static str> {
    VENDORS.iter().map(|one| one.provider).collect()
}

/// The name of the provider, and the vendor's answer.
pub(super) fn answer(asked: &Asked<'_>, things: &mut Things) -> (&'static str, Verdict) {
    let (route, parts) = (asked.route(), asked.parts());
    match VENDORS.iter().find(|one| (one.is_asked)(route, &parts)) {
        Some(vendor) => (vendor.provider, (vendor.answer)(asked, things)),
        None => (
            "nobody",
            Verdict::new(StatusCode::NOT_FOUND, "no such vendor"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_is_for_one_vendor() {
        for (path, provider) in [
            ("/services/T1/B1/x", "slack"),
            ("/api/chat.postMessage", "slack"),
            ("/v2/enqueue", "pagerduty"),
            ("/v2/alerts", "opsgenie"),
            ("/jsm/ops/integration/v2/alerts/1/notes", "opsgenie"),
            ("/api/now/table/incident", "servicenow"),
            ("/api/global/em/jsonv2", "servicenow"),
            ("/nav_to.do", "servicenow"),
            ("/rest/api/3/issue", "jira"),
            ("/jira/rest/api/2/issue", "jira"),
            ("/jira/browse/SEC-1", "jira"),
            ("/repos/octo/alerts/issues", "github"),
            ("/api/v3/repos/octo/alerts/issues", "github"),
            ("/app/installations/1/access_tokens", "github"),
            ("/api/1.0/tasks", "asana"),
            ("/powerautomate/automations/x", "teams"),
            ("/contoso.onmicrosoft.com/oauth2/v2.0/token", "teams"),
            ("/hook/x", "webhook"),
            ("/oauth2/token", "webhook"),
        ] {
            let parts: Vec<_> = path.split('/').filter(|part| !part.is_empty()).collect();
            let asked = VENDORS.iter().filter(|one| (one.is_asked)(path, &parts));
            let asked: Vec<_> = asked.map(|one| one.provider).collect();
            assert_eq!(asked, [provider], "{path}");
        }
    }
}
