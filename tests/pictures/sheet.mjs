// Contact sheets: all pictures of one alert on a page.

import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { escape } from "./html.mjs";

const CSS = `
body { margin: 0; padding: 16px; width: 3400px; background: #d8dce2; font: 16px sans-serif; }
.all { columns: 6; column-gap: 16px; }
figure { margin: 0 0 16px; break-inside: avoid; max-height: 1500px; overflow: hidden; }
figcaption { padding: 4px 0; font-weight: bold; }
img { max-width: 100%; border: 1px solid #999; background: #fff; display: block; }
`;

const page = (title, body) => `<!doctype html><meta charset="utf-8"><title>${escape(title)}</title><style>${CSS}</style><h1>${escape(title)}</h1>${body}`;

/** Writes the sheet of one alert; its path. */
export function writeSheet(folder, alert, drawn) {
  const figures = drawn.map(({ name, height, cut }) => {
    const note = cut ? ` — cut, ${Math.round(height)} px in all` : "";
    return `<figure><figcaption>${escape(name)}${note}</figcaption><a href="${escape(name.replace("-opened", ""))}.html"><img src="${escape(name)}.png"></a></figure>`;
  });
  const path = join(folder, "sheet.html");
  writeFileSync(path, page(alert, `<div class="all">${figures.join("")}</div>`));
  return path;
}

/** Writes the list of the sheets; its path. */
export function writeIndex(folder, alerts) {
  const links = alerts.map((alert) => `<p><a href="${escape(alert)}/sheet.html">${escape(alert)}</a></p>`);
  const path = join(folder, "index.html");
  writeFileSync(path, page("Messages", links.join("")));
  return path;
}
