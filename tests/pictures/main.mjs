// Draws every message that `tests/it/messages.rs` has written:
// node main.mjs <folder of messages> <folder for pictures> <folder of the documents' pictures>

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";

// The zone of the person who reads. Before anything formats a time.
process.env.TZ = "Europe/Berlin";

const { start } = await import("./browser.mjs");
const { writeIndex, writeSheet } = await import("./sheet.mjs");
const { VENDORS } = await import("./vendors/index.mjs");

const [messages, pictures] = process.argv.slice(2).map((path) => resolve(path));

const browser = await start().catch((error) => {
  console.error(`✗ ${error.message}`);
  process.exit(1);
});
try {
  await drawAll();
} finally {
  await browser.close();
}

async function drawAll() {
  const alerts = readdirSync(messages).sort();
  for (const alert of alerts) {
    const folder = join(pictures, alert);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const drawn = [];
    for (const name of Object.keys(VENDORS)) drawn.push(...(await draw(alert, name, folder)));
    const sheet = writeSheet(folder, alert, drawn);
    const page = await browser.open(sheet, 1);
    await page.picture(join(folder, "sheet.png"), "body", 6000);
    await page.close();
    console.log(`• ${alert}: ${drawn.length} pictures`);
  }
  console.log(`Look at ${writeIndex(pictures, alerts)}`);
}

/** One picture, and a second one if something is folded in the first. */
async function draw(alert, name, folder) {
  const message = JSON.parse(readFileSync(join(messages, alert, `${name}.json`), "utf8"));
  const file = join(folder, `${name}.html`);
  writeFileSync(file, VENDORS[name].html(message));
  const page = await browser.open(file, 1);
  const drawn = [{ name, ...(await page.picture(join(folder, `${name}.png`))) }];
  if (await page.openAll()) {
    const opened = `${name}-opened`;
    drawn.push({ name: opened, ...(await page.picture(join(folder, `${opened}.png`))) });
  }
  page.tried.forEach((what) => console.log(`✗ ${basename(folder)}/${name}: ${what}`));
  await page.close();
  return drawn;
}
