// The Atlassian Document Format as HTML.
// https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/

import { escape, href, link } from "../html.mjs";

const PANELS = { info: "ℹ", note: "✎", warning: "⚠", error: "⊘", success: "✓" };

/** The HTML of a node and of all inside it. */
export function adf(node) {
  const inside = () => (node.content ?? []).map(adf).join("");
  const attrs = node.attrs ?? {};
  switch (node.type) {
    case "doc":
      return inside();
    case "paragraph":
      return `<p>${inside()}</p>`;
    case "heading":
      return `<h${attrs.level}>${inside()}</h${attrs.level}>`;
    case "panel":
      return `<div class="panel ${escape(attrs.panelType)}"><span class="mark">${PANELS[attrs.panelType] ?? ""}</span><div>${inside()}</div></div>`;
    case "text":
      return (node.marks ?? []).reduce(marked, escape(node.text));
    case "hardBreak":
      return "<br>";
    case "rule":
      return "<hr>";
    case "bulletList":
      return `<ul>${inside()}</ul>`;
    case "orderedList":
      return `<ol start="${Number(attrs.order ?? 1)}">${inside()}</ol>`;
    case "listItem":
      return `<li>${inside()}</li>`;
    case "blockquote":
      return `<blockquote>${inside()}</blockquote>`;
    case "codeBlock":
      return `<pre class="code">${inside()}</pre>`;
    case "table":
      return `<table>${inside()}</table>`;
    case "tableRow":
      return `<tr>${inside()}</tr>`;
    case "tableHeader":
      return `<th>${inside()}</th>`;
    case "tableCell":
      return `<td>${inside()}</td>`;
    case "expand":
    case "nestedExpand":
      return `<details class="expand"><summary>${escape(attrs.title)}</summary>${inside()}</details>`;
    case "status":
      return `<span class="status ${escape(attrs.color)}">${escape(attrs.text)}</span>`;
    case "date":
      return `<span class="date">${new Date(Number(attrs.timestamp)).toLocaleDateString("en-GB", { timeZone: "UTC", dateStyle: "medium" })}</span>`;
    case "inlineCard":
      return link(attrs.url);
    case "mention":
      return `<span class="mention">${escape(attrs.text)}</span>`;
    case "emoji":
      return escape(attrs.text ?? attrs.shortName);
    case "mediaSingle":
    case "mediaGroup":
      return `<span class="mention">[image]</span>`;
    default:
      throw new Error(`the template has no node ${node.type}`);
  }
}

function marked(inner, { type, attrs = {} }) {
  switch (type) {
    case "link":
      return `<a href="${href(attrs.href)}">${inner}</a>`;
    case "textColor":
      return `<span style="color:${escape(attrs.color)}">${inner}</span>`;
    case "subsup":
      return `<${attrs.type === "sub" ? "sub" : "sup"}>${inner}</${attrs.type === "sub" ? "sub" : "sup"}>`;
    case "strong":
    case "em":
    case "code":
    case "strike":
      return `<${type}>${inner}</${type}>`;
    case "underline":
      return `<u>${inner}</u>`;
    default:
      throw new Error(`the template has no mark ${type}`);
  }
}

export const ADF_CSS = `
p { margin: 0 0 12px; }
p:last-child { margin-bottom: 0; }
h1, h2, h3 { margin: 24px 0 8px; font-size: 16px; line-height: 20px; }
h2 { font-size: 20px; }
a { color: #0052cc; }
.panel { display: flex; gap: 10px; margin: 0 0 12px; padding: 10px 12px; border-radius: 3px; background: #deebff; }
.panel.error { background: #ffebe6; } .panel.warning { background: #fffae6; } .panel.success { background: #e3fcef; } .panel.note { background: #eae6ff; }
.panel > div { flex: 1; min-width: 0; }
.code { margin: 0 0 12px; padding: 10px 12px; border-radius: 3px; background: #f4f5f7; font: 13px/20px "Liberation Mono", monospace; white-space: pre; overflow: hidden; }
code { padding: 2px 4px; border-radius: 3px; background: #ebecf0; font: 12px "Liberation Mono", monospace; }
table { margin: 0 0 16px; border-collapse: collapse; width: 100%; table-layout: fixed; }
th, td { padding: 7px 10px; border: 1px solid #c1c7d0; text-align: left; vertical-align: top; }
th { background: #f4f5f7; font-weight: 600; width: 25%; }
.expand { margin: 0 0 12px; padding: 6px 10px; border: 1px solid #dfe1e6; border-radius: 4px; }
.expand summary { color: #42526e; cursor: pointer; }
.expand[open] summary { margin-bottom: 8px; }
.status { padding: 1px 4px; border-radius: 3px; background: #dfe1e6; font-size: 11px; font-weight: 700; text-transform: uppercase; }
.status.red { background: #ffbdad; color: #bf2600; } .status.yellow { background: #ffe380; } .status.green { background: #abf5d1; } .status.blue { background: #b3d4ff; color: #0747a6; } .status.purple { background: #c0b6f2; }
.date { padding: 2px 4px; border-radius: 3px; background: #ebecf0; }
.mention { background: #fbf3d8; outline: 2px solid red; }
blockquote { margin: 0 0 12px; padding-left: 16px; border-left: 2px solid #dfe1e6; }
`;
