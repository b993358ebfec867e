// The templates, by the name of the message.

import * as github from "./github.mjs";
import * as slack from "./slack.mjs";
import * as teams from "./teams.mjs";

export const VENDORS = { slack, teams, github };
