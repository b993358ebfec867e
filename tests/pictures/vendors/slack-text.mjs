// Slack's two kinds of text, and its dates.
// https://docs.slack.dev/messaging/formatting-message-text

import { TIME_ZONE } from "../browser.mjs";
import { escape, href } from "../html.mjs";

const decoded = (text) => text.replace(/&(amp|lt|gt);/g, (_, name) => ({ amp: "&", lt: "<", gt: ">" })[name]);
const literal = (text) => escape(decoded(text));

/** plain_text, or a `text` with `mrkdwn: false`: control sequences in <…> still count there. */
export function plain(text, { type } = {}) {
  return type === "plain_text" ? escape(text) : angles(text, (part) => linked(literal(part)));
}

/** URLs in texts become links. */
const linked = (html) => html.replace(/https?:\/\/(?:(?!&[lg]t;)[^\s<>|)])+/g, (url) => `<a href="${url}">${url}</a>`);

/** mrkdwn with its emphasis, code, quotes and links. */
export function mrkdwn(text) {
  return text
    .split(/(```[\s\S]*?```)/)
    .map((part) => (/^```[\s\S]*```$/.test(part) && part.length > 6 ? `<pre>${literal(part.slice(3, -3))}</pre>` : lines(part)))
    .join("");
}

const lines = (text) =>
  text
    .split("\n")
    .map((line) => (/^(&gt;|>)/.test(line) ? `<blockquote>${spans(line.replace(/^(&gt;|>)\s?/, ""))}</blockquote>` : spans(line)))
    .join("\n")
    .replace(/<\/blockquote>\n/g, "</blockquote>");

const spans = (line) =>
  line
    .split(/(`[^`]+`)/)
    .map((part) => (/^`.+`$/.test(part) ? `<code>${literal(part.slice(1, -1))}</code>` : angles(part, emphasis)))
    .join("");

function emphasis(text) {
  const mark = (html, char, tag) =>
    html.replace(new RegExp(`(^|[\\s(])\\${char}(?=\\S)([^\\n${char}]*?\\S)\\${char}(?=$|[\\s.,:;!?)])`, "g"), `$1<${tag}>$2</${tag}>`);
  return linked(mark(mark(mark(literal(text), "*", "b"), "_", "i"), "~", "s"));
}

/** Applies `other` to the text around the sequences in angle brackets. */
function angles(text, other) {
  return text
    .split(/(<[^<>\n]+>)/)
    .map((part) => (/^<[^<>]+>$/.test(part) ? sequence(part.slice(1, -1)) : other(part)))
    .join("");
}

function sequence(inner) {
  const [target, label] = [inner.split("|")[0], inner.split("|").slice(1).join("|")];
  const date = /^!date\^(-?\d+)\^([^^]*)(?:\^(.*))?$/.exec(target);
  if (date) return slackDate(Number(date[1]), date[2], decoded(label), date[3]);
  if (/^[@#!]/.test(target)) return `<span class="mention">${escape(label || target.replace(/^!/, "@"))}</span>`;
  return `<a href="${href(decoded(target))}">${literal(label || target)}</a>`;
}

/** A time in the reader's zone. */
export function slackDate(timestamp, format = "{date_num} {time_secs}", fallback = "", url = undefined) {
  const date = new Date(timestamp * 1000);
  const part = (options) => date.toLocaleString("en-GB", { timeZone: TIME_ZONE, ...options });
  const long = () => part({ weekday: "long", month: "long", day: "numeric", year: "numeric" });
  const short = () => part({ month: "short", day: "numeric", year: "numeric" });
  const tokens = {
    date_num: () => date.toLocaleDateString("sv-SE", { timeZone: TIME_ZONE }),
    date: () => part({ month: "long", day: "numeric", year: "numeric" }),
    date_short: short,
    date_long: long,
    date_slash: () => part({ dateStyle: "short" }),
    date_pretty: () => part({ month: "long", day: "numeric", year: "numeric" }),
    date_short_pretty: short,
    date_long_pretty: long,
    date_long_full: long,
    time: () => part({ hour: "2-digit", minute: "2-digit" }),
    time_secs: () => part({ hour: "2-digit", minute: "2-digit", second: "2-digit" }),
    ago: () => "4 hours ago",
  };
  const text = format.replace(/\{(\w+)\}/g, (whole, name) => tokens[name]?.() ?? whole);
  const shown = `<time title="${escape(fallback)}">${escape(text)}</time>`;
  return url ? `<a href="${href(url)}">${shown}</a>` : shown;
}
