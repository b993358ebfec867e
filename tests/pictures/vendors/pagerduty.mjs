// PagerDuty: the page of an incident with its one alert.
// https://support.pagerduty.com/main/docs/pd-cef

import { escape, link, linked, page, rows } from "../html.mjs";

export const width = 760;

export function html({ message }) {
  const { payload, links = [], images = [], client, client_url, dedup_key } = JSON.parse(message.body);
  const details = Object.entries(payload.custom_details ?? {}).map(([key, value]) => [key, detail(value)]);
  const view = client_url ? `<a class="view" href="${escape(client_url)}">View in ${escape(client)}</a>` : "";
  const list = links.map(({ href, text }) => `<div>${link(href, text ?? href)}</div>`).join("");
  return page({
    width,
    css: CSS,
    body: `<div class="state"><span>Triggered</span> ${view}</div>
      <h1>${escape(payload.summary)}</h1>
      <h2>Details</h2>${rows([
        ["Severity", escape(payload.severity)],
        ["Source", escape(payload.source)],
        ["Component", escape(payload.component)],
        ["Group", escape(payload.group)],
        ["Class", escape(payload.class)],
        ["Timestamp", escape(payload.timestamp)],
        ["Alert key", escape(dedup_key)],
      ])}
      <h2>Links</h2>${list}${images.length ? `${images.length} images` : ""}
      <h2>Custom details</h2>${rows(details)}`,
  });
}

function detail(value) {
  if (value !== null && typeof value === "object") return `<pre>${escape(JSON.stringify(value, null, 2))}</pre>`;
  return linked(value);
}

const CSS = `
#message { padding: 20px; font: 14px/20px "Noto Sans", Arial, sans-serif; color: #1f1f1f; }
a { color: #0065bd; }
.state span { padding: 2px 8px; border-radius: 3px; background: #c1272d; color: #fff; font-weight: 700; }
.view { float: right; padding: 4px 12px; border: 1px solid #06ac38; border-radius: 3px; color: #06ac38; font-weight: 700; }
h1 { margin: 12px 0; font-size: 20px; line-height: 26px; }
h2 { margin: 18px 0 6px; padding-bottom: 4px; border-bottom: 1px solid #ddd; font-size: 13px; text-transform: uppercase; color: #666; }
.row { display: flex; gap: 16px; padding: 4px 0; border-bottom: 1px solid #f0f0f0; }
.label { flex: none; width: 130px; color: #666; }
.value { flex: 1; min-width: 0; white-space: pre-wrap; }
pre { font: 12px/18px "Liberation Mono", monospace; }
`;
