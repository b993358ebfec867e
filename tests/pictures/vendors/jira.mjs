// Jira: an issue. Cloud gets the Atlassian Document Format; Data Center gets wiki markup,
// which Atlassian's own converter turns into that format.

import { createRequire } from "node:module";

import { escape, page, rows } from "../html.mjs";
import { ADF_CSS, adf } from "./adf.mjs";

const { WikiMarkupTransformer } = createRequire(import.meta.url)("@atlaskit/editor-wikimarkup-transformer");

export const width = 800;

export function html({ message }) {
  const { fields } = JSON.parse(message.body);
  const { summary, description, issuetype, priority, labels = [], components = [] } = fields;
  const text = typeof description === "string" ? wiki(description) : description;
  const chips = (names) => names.map((name) => `<span class="chip">${escape(name)}</span>`).join(" ");
  return page({
    width,
    css: ADF_CSS + CSS,
    body: `<div class="key">${escape(fields.project.key)} / ${escape(fields.project.key)}-4711</div>
      <h1 class="summary">${escape(summary)}</h1>
      <div class="section">Description</div><div class="description">${text ? adf(text) : ""}</div>
      <div class="section">Details</div>${rows([
        ["Type", escape(issuetype?.name)],
        ["Priority", escape(priority?.name ?? "")],
        ["Labels", chips(labels)],
        ["Components", chips(components.map(({ name }) => name))],
      ])}`,
  });
}

const wiki = (text) => withoutEntities(new WikiMarkupTransformer().parse(text).toJSON());

/** Data Center makes HTML of the markup, where entities are characters. */
function withoutEntities(node) {
  if (node.type === "text") {
    const text = node.text.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)));
    return { ...node, text: text.replace(/&(amp|lt|gt|quot);/g, (_, name) => ({ amp: "&", lt: "<", gt: ">", quot: '"' })[name]) };
  }
  return node.content ? { ...node, content: node.content.map(withoutEntities) } : node;
}

const CSS = `
#message { padding: 20px; font: 14px/20px "Noto Sans", "Segoe UI", Arial, sans-serif; color: #172b4d; }
.key { color: #5e6c84; }
.summary { margin: 6px 0 16px; font-size: 24px; line-height: 28px; font-weight: 500; }
.section { margin: 12px 0 8px; font-weight: 600; }
.description { margin-bottom: 20px; }
.row { display: flex; gap: 16px; padding: 3px 0; }
.label { width: 110px; color: #5e6c84; }
.chip { padding: 1px 5px; border-radius: 3px; background: #f4f5f7; }
`;
