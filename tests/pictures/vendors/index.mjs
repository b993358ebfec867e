// The templates, by the name of the message.

import * as asana from "./asana.mjs";
import * as github from "./github.mjs";
import * as jira from "./jira.mjs";
import * as opsgenie from "./opsgenie.mjs";
import * as pagerduty from "./pagerduty.mjs";
import { email, json } from "./plain.mjs";
import * as servicenow from "./servicenow.mjs";
import * as slack from "./slack.mjs";
import * as teams from "./teams.mjs";

export const VENDORS = {
  slack,
  teams,
  pagerduty,
  opsgenie,
  jira,
  "jira-data-center": jira,
  github,
  servicenow,
  "servicenow-events": servicenow,
  asana,
  sns: email,
  sqs: json,
  webhook: json,
};
