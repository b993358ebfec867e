// ServiceNow: the form of an incident with its activities, and that of an event's alert.

import { escape, page, rows } from "../html.mjs";
import { sanitized } from "../sanitize.mjs";

const TAGS = ["a", "b", "i", "u", "strong", "em", "br", "p", "pre", "code", "ul", "ol", "li", "table", "tbody", "tr", "td", "th", "div", "span", "h1", "h2", "h3"];
const LEVELS = { 1: "1 - High", 2: "2 - Medium", 3: "3 - Low" };
const SEVERITIES = { 0: "Clear", 1: "Critical", 2: "Major", 3: "Minor", 4: "Warning", 5: "OK" };

export const width = 900;

export function html({ message }) {
  const body = JSON.parse(message.body);
  return page({ width, css: CSS, body: body.records ? event(body.records[0]) : incident(body) });
}

const incident = (one) => `
  <div class="bar">Incident <b>INC0010023</b></div>
  <div class="columns">${rows([
    ["Category", escape(one.category)],
    ["Impact", LEVELS[one.impact]],
    ["Urgency", LEVELS[one.urgency]],
    ["Assignment group", escape(one.assignment_group)],
  ])}</div>
  ${rows([
    ["Short description", field(one.short_description)],
    ["Description", field(one.description)],
  ])}
  <div class="bar">Activities</div>
  ${one.work_notes ? `<div class="note"><b>Tocsin</b> <span>Work notes · 2026-03-02 03:41:07</span><div class="journal">${journal(one.work_notes)}</div></div>` : ""}
  ${one.comments ? `<div class="note"><b>Tocsin</b> <span>Additional comments</span><div class="journal">${journal(one.comments)}</div></div>` : ""}`;

const event = (one) => `
  <div class="bar">Alert <b>Alert0010007</b></div>
  <div class="columns">${rows([
    ["Source", escape(one.source)],
    ["Severity", escape(SEVERITIES[one.severity])],
    ["Node", escape(one.node)],
    ["Resource", escape(one.resource)],
    ["Type", escape(one.type)],
    ["Metric name", escape(one.metric_name)],
    ["Message key", escape(one.message_key)],
    ["Time of event", escape(one.time_of_event)],
  ])}</div>
  ${rows([
    ["Description", field(one.description)],
    ["Additional information", field(indented(one.additional_info))],
  ])}`;

/** The form shows text as it is: it is a text area. */
const field = (text) => `<div class="area">${escape(text ?? "")}</div>`;

const indented = (json) => (json ? JSON.stringify(JSON.parse(json), null, 2) : "");

/** A journal renders what is between [code] and [/code] as HTML, and the rest as text. */
const journal = (text) =>
  text
    .split(/\[code\]([\s\S]*?)\[\/code\]/)
    .map((part, index) => (index % 2 ? `<div class="html">${sanitized(part, TAGS, { a: ["href"] })}</div>` : escape(part)))
    .join("");

const CSS = `
#message { padding: 16px; font: 14px/20px "Noto Sans", Arial, sans-serif; color: #2e2e2e; }
.bar { margin: 12px 0; padding: 6px 10px; background: #e6e8ea; }
.columns { display: grid; grid-template-columns: 1fr 1fr; column-gap: 24px; }
.row { display: flex; gap: 12px; margin-bottom: 6px; }
.label { flex: none; width: 130px; padding-top: 5px; text-align: right; color: #555; }
.columns .value, .area { padding: 5px 8px; border: 1px solid #cfcfcf; border-radius: 3px; }
.value { flex: 1; min-width: 0; }
.area { white-space: pre-wrap; }
.note { padding: 10px; border: 1px solid #ddd; border-left: 4px solid #f5c400; }
.note span { float: right; color: #777; }
.journal { margin-top: 6px; white-space: pre-wrap; }
.html { white-space: normal; }
.html pre { white-space: pre-wrap; font: 12px/18px "Liberation Mono", monospace; }
`;
