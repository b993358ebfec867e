// Slack: Block Kit and attachments as the desktop client shows them.
// https://docs.slack.dev/reference/block-kit

import { escape, href, page } from "../html.mjs";
import { mrkdwn, plain, slackDate } from "./slack-text.mjs";

const COLORS = { good: "#2eb886", warning: "#daa038", danger: "#a30200" };

export const width = 640;

export function html({ message }) {
  const body = JSON.parse(message.body);
  const text = body.blocks ? "" : shownText(body);
  const blocks = (body.blocks ?? []).map(block).join("");
  const attachments = (body.attachments ?? []).map(attachment).join("");
  return page({
    width,
    css: CSS,
    body: `<div class="icon">T</div><div class="content">
      <div><b class="sender">Tocsin</b><span class="app">APP</span><span class="time">03:41</span></div>
      ${text}${blocks}${attachments}</div>`,
  });
}

/** Blocks at the top take the place of the text, which notifications then show. */
const shownText = ({ text, mrkdwn: formatted }) =>
  text ? `<div class="text">${formatted === false ? plain(text) : mrkdwn(text)}</div>` : "";

function attachment({ color = "#ddd", blocks = [], text }) {
  const content = blocks.map(block).join("") + (text ? `<div>${mrkdwn(text)}</div>` : "");
  const bar = escape(COLORS[color] ?? color);
  return `<div class="attachment"><div class="bar" style="background:${bar}"></div><div class="inner">${content}</div></div>`;
}

function block(one) {
  switch (one.type) {
    case "header":
      return `<div class="block header">${plain(one.text.text, one.text)}</div>`;
    case "section":
      return section(one);
    case "context":
      return `<div class="block context">${one.elements.map(object).join(" ")}</div>`;
    case "actions":
      return `<div class="block">${one.elements.map(button).join("")}</div>`;
    case "divider":
      return `<hr>`;
    case "rich_text":
      return `<div class="block">${one.elements.map(richText).join("")}</div>`;
    default:
      throw new Error(`the template has no block ${one.type}`);
  }
}

function section({ text, fields = [], accessory }) {
  const columns = fields.length
    ? `<div class="fields">${fields.map((field) => `<div>${object(field)}</div>`).join("")}</div>`
    : "";
  const beside = accessory ? `<div class="accessory">${button(accessory)}</div>` : "";
  return `<div class="block section"><div>${text ? object(text) : ""}${columns}</div>${beside}</div>`;
}

const object = (one) => (one.type === "mrkdwn" ? mrkdwn(one.text) : plain(one.text, one));

function button({ type, text, style = "", url }) {
  if (type !== "button") throw new Error(`the template has no element ${type}`);
  return `<a class="button ${escape(style)}" href="${href(url ?? "")}">${plain(text.text, text)}</a>`;
}

function richText(one) {
  const content = () => one.elements.map(inline).join("");
  switch (one.type) {
    case "rich_text_section":
      return `<div class="rich">${content()}</div>`;
    case "rich_text_preformatted":
      return `<pre class="preformatted">${content()}</pre>`;
    case "rich_text_quote":
      return `<blockquote>${content()}</blockquote>`;
    case "rich_text_list": {
      const tag = one.style === "ordered" ? "ol" : "ul";
      const items = one.elements.map((item) => `<li>${richText(item)}</li>`).join("");
      const start = one.offset ? ` start="${one.offset + 1}"` : "";
      return `<${tag}${start} style="margin-left:${24 * (one.indent ?? 0)}px">${items}</${tag}>`;
    }
    default:
      throw new Error(`the template has no rich text ${one.type}`);
  }
}

function inline(one) {
  switch (one.type) {
    case "text":
      return styled(escape(one.text), one.style);
    case "link":
      return styled(`<a href="${href(one.url)}">${escape(one.text ?? one.url)}</a>`, one.style);
    case "date":
      return styled(slackDate(one.timestamp, one.format, one.fallback, one.url), one.style);
    case "emoji":
      return one.unicode ? String.fromCodePoint(...one.unicode.split("-").map((hex) => parseInt(hex, 16))) : escape(`:${one.name}:`);
    case "user":
    case "broadcast":
    case "usergroup":
      return `<span class="mention">@${escape(one.user_id ?? one.range ?? one.usergroup_id)}</span>`;
    default:
      throw new Error(`the template has no inline ${one.type}`);
  }
}

function styled(text, style = {}) {
  const tags = { bold: "b", italic: "i", strike: "s", code: "code" };
  return Object.keys(tags).reduce((inner, name) => (style[name] ? `<${tags[name]}>${inner}</${tags[name]}>` : inner), text);
}

const CSS = `
#message { display: flex; gap: 8px; padding: 10px 20px; font: 15px/22px Lato, "Noto Sans", Arial, sans-serif; color: #1d1c1d; }
a { color: #1264a3; }
.icon { flex: none; width: 36px; height: 36px; border-radius: 8px; background: #4a154b; color: #fff; font: bold 20px/36px Arial; text-align: center; }
.content { flex: 1; min-width: 0; }
.sender { font-weight: 900; }
.app { margin: 0 6px; padding: 1px 3px; border-radius: 2px; background: #ddd; color: #616061; font-size: 10px; font-weight: 700; }
.time { color: #616061; font-size: 12px; }
.text { white-space: pre-wrap; }
.attachment { display: flex; gap: 12px; margin-top: 4px; }
.bar { flex: none; width: 4px; border-radius: 8px; }
.inner { flex: 1; min-width: 0; }
.block { margin: 4px 0 8px; }
.header { font-size: 18px; font-weight: 900; line-height: 24px; }
.context { color: #616061; font-size: 13px; line-height: 18px; white-space: pre-wrap; }
.section { display: flex; gap: 16px; white-space: pre-wrap; }
.section > div:first-child { flex: 1; min-width: 0; }
.fields { display: grid; grid-template-columns: 1fr 1fr; gap: 8px 16px; }
.rich { white-space: pre-wrap; }
pre, .preformatted { margin: 4px 0; padding: 8px; border: 1px solid #ddd; border-radius: 4px; background: #f8f8f8; font: 12px/18px "Liberation Mono", monospace; }
code { padding: 2px 3px; border: 1px solid #ddd; border-radius: 3px; background: #f8f8f8; color: #e01e5a; font: 12px/18px "Liberation Mono", monospace; }
.button { display: inline-block; margin-right: 8px; padding: 0 12px 1px; height: 32px; line-height: 30px; border: 1px solid #bbb; border-radius: 4px; color: #1d1c1d; font-size: 13px; font-weight: 900; }
.button.primary { border-color: #007a5a; background: #007a5a; color: #fff; }
.button.danger { border-color: #e01e5a; background: #e01e5a; color: #fff; }
.mention { padding: 0 2px; background: #fbf3d8; color: #1264a3; outline: 2px solid red; }
blockquote { margin: 4px 0; padding-left: 12px; border-left: 4px solid #ddd; }
ul, ol { margin: 0; padding-left: 26px; }
hr { border: 0; border-top: 1px solid #ddd; margin: 8px 0; }
`;
