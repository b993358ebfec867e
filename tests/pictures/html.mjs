// HTML from text, and the page around a message.

const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

export const escape = (text) => String(text ?? "").replace(/[&<>"]/g, (one) => ENTITIES[one]);

/** A web address as an attribute; others lead nowhere, as at every vendor. */
export const href = (url) => (/^(https?|mailto):/i.test(url) ? escape(url) : "about:blank");

export const link = (url, text = url) => `<a href="${href(url)}">${escape(text)}</a>`;

/** Text whose URLs are links. */
export const linked = (text) =>
  String(text ?? "")
    .split(/(https?:\/\/[^\s<>|"]+)/)
    .map((part, index) => (index % 2 ? link(part) : escape(part)))
    .join("");

/** Rows of labels and values, as HTML. */
export const rows = (pairs) =>
  pairs
    .filter(([, value]) => value !== undefined && value !== null && value !== "")
    .map(([label, value]) => `<div class="row"><div class="label">${escape(label)}</div><div class="value">${value}</div></div>`)
    .join("");

const BASE = `
* { box-sizing: border-box; }
body { margin: 0; background: #fff; }
#message { overflow-wrap: anywhere; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0; }
a { text-decoration: none; }
`;

/** The page of one message. Only the element #message is on the picture. */
export const page = ({ css, body, width, scripts = "" }) => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><style>${BASE}${css}
#message { width: ${width}px; }</style></head>
<body><div id="message">${body}</div>${scripts}</body></html>
`;
