// GitHub: an issue. GitHub Flavored Markdown with what GitHub adds in issues: line
// breaks, mentions and references; HTML is sanitized by rules modelled on GitHub's.

import rehypeRaw from "rehype-raw";
import rehypeSanitize from "rehype-sanitize";
import rehypeStringify from "rehype-stringify";
import remarkBreaks from "remark-breaks";
import remarkGfm from "remark-gfm";
import remarkGithub from "remark-github";
import remarkParse from "remark-parse";
import remarkRehype from "remark-rehype";
import { unified } from "unified";

import { escape, page } from "../html.mjs";

export const width = 860;

export function html({ message, settings }) {
  const { title, body, labels = [], type } = JSON.parse(message.body);
  const shown = unified()
    .use(remarkParse)
    .use(remarkGfm)
    .use(remarkBreaks)
    .use(remarkGithub, { repository: settings.repository, mentionStrong: true })
    .use(remarkRehype, { allowDangerousHtml: true })
    .use(rehypeRaw)
    .use(rehypeSanitize)
    .use(rehypeStringify)
    .processSync(body);
  const chips = labels.map((label) => `<span class="chip">${escape(label)}</span>`).join("");
  return page({
    width,
    css: CSS,
    body: `<h1 class="title"><bdi>${escape(title)}</bdi> <span class="number">#4711</span></h1>
      <div class="state"><span class="open">Open</span>${chips}${type ? `<span class="chip">${escape(type)}</span>` : ""}</div>
      <div class="comment"><div class="by"><b>tocsin-bot</b> opened now</div><div class="markdown">${shown}</div></div>`,
  });
}

const CSS = `
#message { padding: 16px; font: 14px/1.5 "Noto Sans", "Segoe UI", Arial, sans-serif; color: #1f2328; }
a { color: #0969da; }
.title { margin: 0 0 8px; font-size: 28px; font-weight: 600; line-height: 1.25; }
.number { color: #59636e; font-weight: 300; }
.state { margin-bottom: 14px; }
.open { padding: 4px 12px; border-radius: 2em; background: #1f883d; color: #fff; }
.chip { margin-left: 6px; padding: 1px 8px; border: 1px solid #d1d9e0; border-radius: 2em; font-size: 12px; }
.comment { border: 1px solid #d1d9e0; border-radius: 6px; }
.by { padding: 8px 16px; border-bottom: 1px solid #d1d9e0; background: #f6f8fa; color: #59636e; }
.markdown { padding: 16px; overflow-wrap: break-word; }
.markdown > :first-child { margin-top: 0; }
.markdown > :last-child { margin-bottom: 0; }
.markdown p, .markdown ul, .markdown ol, .markdown table, .markdown pre, .markdown blockquote, .markdown details { margin: 0 0 16px; }
.markdown ul, .markdown ol { padding-left: 2em; }
.markdown h1, .markdown h2, .markdown h3 { margin: 24px 0 16px; font-weight: 600; line-height: 1.25; }
.markdown h1 { padding-bottom: .3em; border-bottom: 1px solid #d1d9e0; font-size: 2em; }
.markdown h2 { padding-bottom: .3em; border-bottom: 1px solid #d1d9e0; font-size: 1.5em; }
.markdown h3 { font-size: 1.25em; }
.markdown table { display: block; width: max-content; max-width: 100%; overflow: hidden; border-collapse: collapse; }
.markdown th, .markdown td { padding: 6px 13px; border: 1px solid #d1d9e0; }
.markdown tr:nth-child(2n) { background: #f6f8fa; }
.markdown code { padding: .2em .4em; border-radius: 6px; background: #818b981f; font: 85% "Liberation Mono", monospace; white-space: break-spaces; }
.markdown pre { padding: 16px; border-radius: 6px; background: #f6f8fa; overflow: hidden; white-space: pre; }
.markdown pre code { padding: 0; background: none; white-space: pre; overflow-wrap: normal; }
.markdown blockquote { padding: 0 1em; border-left: .25em solid #d1d9e0; color: #59636e; }
.markdown summary { cursor: pointer; }
.markdown a > strong { outline: 2px solid red; }
`;
