// Draws every message that `tests/it/messages.rs` has written:
// node main.mjs FOLDER/messages FOLDER DOCUMENTS

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";

import sharp from "sharp";

import { start } from "./browser.mjs";
import { writeIndex, writeSheet } from "./sheet.mjs";
import { VENDORS } from "./vendors/index.mjs";

/** The alert whose messages the documents show, and the messages. */
const DOCUMENTED = "guardduty-mining";
const DOCUMENTED_MESSAGES = ["slack", "teams", "pagerduty", "opsgenie", "jira", "jira-data-center", "github", "servicenow", "asana", "sns"];

/** Pages drawn at a time. */
const AT_A_TIME = 4;

/** A sheet that is higher is cut. */
const SHEET_LIMIT = 6000;

const [messages, pictures, documents] = process.argv.slice(2).map((path) => resolve(path));
const browser = await start();
try {
  process.exitCode = await drawAll();
} finally {
  await browser.close();
}

/** Draws all alerts; the exit code. */
async function drawAll() {
  const alerts = readdirSync(messages).sort();
  let attempts = 0;
  for (const alert of alerts) {
    const { drawn, tried } = await drawAlert(alert);
    attempts += tried.length;
    console.log(`• ${alert}: ${drawn.length} pictures`);
    tried.forEach((what) => console.log(`  ✗ ${what}`));
  }
  await document();
  console.log(`Look at ${relative(".", writeIndex(pictures, alerts))} and at ${relative(".", documents)}`);
  return attempts === 0 ? 0 : 1;
}

/** The pictures of one alert, and their sheet. */
async function drawAlert(alert) {
  const folder = join(pictures, alert);
  mkdirSync(folder, { recursive: true });
  const names = readdirSync(join(messages, alert)).map((file) => file.replace(/\.json$/, ""));
  const unknown = names.filter((name) => !(name in VENDORS));
  if (unknown.length > 0) throw new Error(`vendors/index.mjs has no template for ${unknown}`);
  const jobs = Object.keys(VENDORS).filter((name) => names.includes(name));
  const results = [];
  while (jobs.length > 0) {
    results.push(...(await Promise.all(jobs.splice(0, AT_A_TIME).map((name) => drawMessage(alert, name, folder)))));
  }
  const drawn = results.flatMap((one) => one.drawn);
  const page = await browser.open(writeSheet(folder, alert, drawn));
  await page.picture(join(folder, "sheet.png"), { selector: "body", limit: SHEET_LIMIT });
  await page.close();
  return { drawn, tried: results.flatMap((one) => one.tried) };
}

/** One picture, a second one if something is folded in it, and what the page tried. */
async function drawMessage(alert, name, folder) {
  const page = await browser.open(write(alert, name, folder));
  const drawn = [{ name, ...(await page.picture(join(folder, `${name}.png`))) }];
  if (await page.openAll()) {
    const opened = `${name}-opened`;
    drawn.push({ name: opened, ...(await page.picture(join(folder, `${opened}.png`))) });
  }
  await page.close();
  return { drawn, tried: page.tried.map((what) => `${name}: ${what}`) };
}

/** Writes the page of one message; its path. */
function write(alert, name, folder) {
  const message = JSON.parse(readFileSync(join(messages, alert, `${name}.json`), "utf8"));
  const file = join(folder, `${name}.html`);
  writeFileSync(file, VENDORS[name].html(message));
  return file;
}

/** The pictures of the documents, with few colours, so that they are small. */
async function document() {
  rmSync(documents, { recursive: true, force: true });
  mkdirSync(documents, { recursive: true });
  for (const name of DOCUMENTED_MESSAGES) {
    const picture = sharp(join(pictures, DOCUMENTED, `${name}.png`));
    await picture.png({ palette: true, colours: 64, effort: 10, compressionLevel: 9 }).toFile(join(documents, `${name}.png`));
  }
}
