// OpsGenie and Jira Service Management: the details of an alert.
// https://support.atlassian.com/opsgenie/docs/what-are-alert-fields/

import { escape, page, rows } from "../html.mjs";
import { sanitized } from "../sanitize.mjs";

/** The elements of a description that OpsGenie shows. */
const TAGS = ["a", "b", "i", "u", "strong", "em", "br", "p", "pre", "code", "ul", "ol", "li", "table", "thead", "tbody", "tr", "td", "th", "h1", "h2", "h3", "h4", "span", "div"];

export const width = 760;

export function html({ message }) {
  const alert = JSON.parse(message.body);
  const tags = (alert.tags ?? []).map((tag) => `<span class="tag">${escape(tag)}</span>`).join(" ");
  const extra = Object.entries(alert.details ?? {}).map(([key, value]) => [key, escape(value)]);
  const responders = (alert.responders ?? []).map((one) => one.name ?? one.username ?? one.id).join(", ");
  return page({
    width,
    css: CSS,
    body: `<div class="state"><span class="priority">${escape(alert.priority)}</span> <span class="open">OPEN</span> #118 ×1</div>
      <h1>${escape(alert.message)}</h1><div>${tags}</div>
      <h2>Description</h2><div class="description">${sanitized(alert.description ?? "", TAGS, { a: ["href"] })}</div>
      <h2>Extra properties</h2>${rows(extra)}
      <h2>Alert details</h2>${rows([
        ["Responders", escape(responders)],
        ["Entity", escape(alert.entity)],
        ["Source", escape(alert.source)],
        ["Alias", escape(alert.alias)],
        ["Note", escape(alert.note)],
      ])}`,
  });
}

const CSS = `
#message { padding: 20px; font: 14px/20px "Noto Sans", Arial, sans-serif; color: #172b4d; }
a { color: #0052cc; }
.priority { padding: 1px 6px; border-radius: 3px; background: #de350b; color: #fff; font-weight: 700; }
.open { color: #de350b; font-weight: 700; }
.tag { padding: 1px 6px; border-radius: 3px; background: #dfe1e6; font-size: 12px; }
h1 { margin: 10px 0; font-size: 20px; line-height: 26px; }
h2 { margin: 18px 0 6px; font-size: 14px; }
.description pre { padding: 8px; background: #f4f5f7; font: 12px/18px "Liberation Mono", monospace; }
.row { display: flex; gap: 16px; padding: 3px 0; }
.label { flex: none; width: 200px; color: #5e6c84; }
.value { flex: 1; min-width: 0; }
`;
