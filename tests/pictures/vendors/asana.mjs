// Asana: a task with its description.
// https://developers.asana.com/docs/rich-text

import { escape, page } from "../html.mjs";
import { sanitized } from "../sanitize.mjs";

const TAGS = ["strong", "em", "u", "s", "code", "pre", "a", "ol", "ul", "li", "blockquote", "h1", "h2", "hr", "table", "tr", "td"];

export const width = 680;

export function html({ message }) {
  const { data } = JSON.parse(message.body);
  // Line breaks of the text are line breaks of the task; those beside blocks are not.
  const notes = sanitized(data.html_notes ?? escape(data.notes ?? ""), TAGS, { a: ["href"] });
  const shown = notes.replace(/\n?(<\/?(?:h1|h2|ul|ol|pre|hr|blockquote|table)[^>]*>)\n?/g, "$1");
  return page({
    width,
    css: CSS,
    body: `<div class="done">✓ Mark complete</div><h1 class="name">${escape(data.name)}</h1>
      <div class="fact">Projects <b>Security alerts</b></div><div class="fact">Description</div><div class="notes">${shown}</div>`,
  });
}

const CSS = `
#message { padding: 20px; font: 14px/22px "Noto Sans", Arial, sans-serif; color: #1e1f21; }
a { color: #3f6ac4; }
.done { display: inline-block; padding: 2px 10px; border: 1px solid #cfcbcb; border-radius: 6px; font-size: 12px; }
.name { margin: 12px 0; font-size: 24px; line-height: 30px; font-weight: 500; }
.fact { margin-bottom: 8px; color: #6d6e6f; }
.notes { white-space: pre-wrap; }
.notes h1 { margin: 14px 0 4px; font-size: 20px; }
.notes h2 { margin: 14px 0 4px; font-size: 16px; }
.notes ul, .notes ol { margin: 0; padding-left: 24px; white-space: normal; }
.notes pre { margin: 4px 0; padding: 8px; border: 1px solid #edeae9; border-radius: 4px; background: #f9f8f8; font: 12px/18px "Liberation Mono", monospace; }
.notes code { padding: 1px 3px; border: 1px solid #edeae9; border-radius: 3px; background: #f9f8f8; font: 12px "Liberation Mono", monospace; }
.notes table { border-collapse: collapse; white-space: normal; }
.notes td { padding: 4px 8px; border: 1px solid #cfcbcb; }
`;
