//! Which vendor a request is for. Their own hosts would tell them apart; here
//! their paths do, and no two of them meet:
//!
//! | path | vendor |
//! |---|---|
//! | `/services/T…/B…/…`, `/api/chat.postMessage` | Slack |
//! | `/v2/enqueue` | PagerDuty |
//! | `/v2/alerts`, `/jsm/ops/integration/v2/alerts` | OpsGenie, Jira Service Management |
//! | `/api/now/…`, `/api/global/em/jsonv2`, `/nav_to.do` | ServiceNow |
//! | `…/rest/api/…`, `…/browse/…` | Jira, with a context path in front or not |
//! | `/repos/…`, `/repositories/…`, below `/api/v3` or not | GitHub |
//! | `/api/1.0/…` | Asana |
//! | `/powerautomate/…`, `/workflows/…` | Teams |
//! | `/hook/…` | a custom webhook's receiver |

use axum::http::StatusCode;

use super::asked::{Asked, Verdict};
use super::created::Things;
use super::{asana, github, jira, opsgenie, pagerduty, servicenow, slack, teams, webhook};

/// The name of the provider, and the vendor's answer.
pub(super) fn answer(asked: &Asked<'_>, things: &mut Things) -> (&'static str, Verdict) {
    let route = asked.route();
    if route.contains("/rest/api/") {
        return ("jira", jira::answer(asked, things));
    }
    if route.contains("/browse/") {
        return ("jira", jira::page(asked, things));
    }
    match asked.parts()[..] {
        ["services", ..] => ("slack", slack::webhook(asked)),
        ["api", "chat.postMessage"] => ("slack", slack::bot(asked, things)),
        ["hook", ..] => ("webhook", webhook::receive(asked)),
        ["v2", "enqueue"] => ("pagerduty", pagerduty::answer(asked, things)),
        ["v2", "alerts", ..] | ["jsm", "ops", "integration", "v2", "alerts", ..] => {
            ("opsgenie", opsgenie::answer(asked, things))
        }
        ["api", "now" | "global", ..] => ("servicenow", servicenow::answer(asked, things)),
        ["nav_to.do"] => ("servicenow", servicenow::page(asked, things)),
        ["repos" | "repositories", ..] | ["api", "v3", ..] => {
            ("github", github::answer(asked, things))
        }
        ["api", "1.0", ..] => ("asana", asana::answer(asked, things)),
        ["powerautomate" | "workflows", ..] => ("teams", teams::answer(asked, things)),
        _ => (
            "nobody",
            Verdict::new(StatusCode::NOT_FOUND, "no such vendor"),
        ),
    }
}
