// Microsoft Teams: Adaptive Cards by Microsoft's own renderer, with colours and sizes
// like those of Teams. https://adaptivecards.io/designer has the host "Microsoft Teams".

import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

import { page } from "../html.mjs";
import { HOST } from "./teams-host.mjs";

const require = createRequire(import.meta.url);
const file = (name) => pathToFileURL(require.resolve(name)).href;
const MARKDOWN = fileURLToPath(new URL("../node_modules/markdown-it/dist/browser/markdown-it.umd.min.js", import.meta.url));

/** A card takes the width of the chat if it asks for that. */
const WIDTHS = { Full: 680 };
export const width = 450;

export function html({ message }) {
  const [{ content }] = JSON.parse(message.body).attachments;
  return page({
    width: WIDTHS[content.msteams?.width] ?? width,
    css: CSS,
    body: `<div class="head"><div class="icon">T</div><b>Workflows</b><span>03:41</span></div><div id="card"></div>`,
    scripts: `<script src="${file("adaptivecards/dist/adaptivecards.min.js")}"></script>
<script src="${pathToFileURL(MARKDOWN).href}"></script>
<script>(${draw})(${inScript(content)}, ${inScript(HOST)});</script>`,
  });
}

const inScript = (value) => JSON.stringify(value).replace(/</g, "\\u003c");

/** Runs in the page. */
function draw(content, host) {
  // What Teams documents of Markdown: emphasis, lists and links, and no HTML.
  const markdown = window.markdownit("zero").enable(["emphasis", "list", "link", "escape", "newline", "entity"]);
  AdaptiveCards.AdaptiveCard.onProcessMarkdown = (text, result) => {
    result.outputHtml = markdown.render(text);
    result.didProcess = true;
  };
  const card = new AdaptiveCards.AdaptiveCard();
  card.hostConfig = new AdaptiveCards.HostConfig(host);
  card.parse(content);
  document.getElementById("card").append(card.render());
  // Shows what the card's buttons reveal; returns whether there was anything.
  window.openAll = () => {
    const hidden = (content.actions ?? []).flatMap((action) => action.targetElements ?? []);
    hidden.forEach((target) => (card.getElementById(target.elementId ?? target).isVisible = true));
    return hidden.length > 0;
  };
}

const CSS = `
#message { padding: 12px; background: #f5f5f5; font: 14px/20px "Segoe UI", "Noto Sans", sans-serif; color: #242424; }
.head { display: flex; align-items: center; gap: 8px; margin-bottom: 6px; font-size: 12px; color: #616161; }
.icon { width: 28px; height: 28px; border-radius: 50%; background: #5b5fc7; color: #fff; font: bold 15px/28px Arial; text-align: center; }
#card { border-radius: 6px; background: #fff; box-shadow: 0 1px 3px #0003; overflow: hidden; }
.ac-pushButton { padding: 4px 14px; border: 1px solid #d1d1d1; border-radius: 4px; background: #fff; color: #242424; font: 600 13px/22px "Segoe UI", "Noto Sans", sans-serif; }
.ac-pushButton.style-positive { background: #5b5fc7; color: #fff; }
.ac-textBlock p { margin: 0; }
.ac-horizontal-separator { height: 1px; }
`;
