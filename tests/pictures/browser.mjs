// Chromium without a window.

import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";

import { chromium } from "playwright-core";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"];

/** Higher pictures are cut: nobody scrolls so far. */
const HEIGHT_LIMIT = 4000;

function executable() {
  const path = process.env.CHROMIUM ?? PLACES.find(existsSync);
  if (path && existsSync(path)) return path;
  const looked = process.env.CHROMIUM ?? PLACES.join(", ");
  throw new Error(
    `Chromium is not at ${looked}. On Debian: apt-get install chromium fonts-noto-core fonts-noto-cjk fonts-noto-color-emoji fonts-liberation. ` +
      "On another system, install Chrome or Chromium and say CHROMIUM=/path/of/it make pictures.",
  );
}

/** Starts Chromium; `close` ends it. */
export async function start() {
  // The sandbox of Chromium does not work for root, as which containers run.
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  const browser = await chromium.launch({ executablePath: executable(), args });
  return { open: (file, scale) => open(browser, file, scale), close: () => browser.close() };
}

/**
 * A page, and what it tried: a dialog, or a request to the network, which a message
 * must never cause.
 */
async function open(browser, file, scale) {
  const context = await browser.newContext({ deviceScaleFactor: scale, timezoneId: process.env.TZ, locale: "en-GB", viewport: { width: 1000, height: 800 } });
  const page = await context.newPage();
  const tried = [];
  page.on("pageerror", (error) => tried.push(`error ${error.message}`));
  page.on("dialog", (dialog) => (tried.push(`dialog ${dialog.message()}`), dialog.dismiss()));
  await page.route(/^(?!file:)/, (route) => (tried.push(`request ${route.request().url()}`), route.abort()));
  await page.goto(pathToFileURL(file).href);
  await page.evaluate(() => document.fonts.ready.then(() => true));
  return {
    tried,
    openAll: () => page.evaluate(openAll),
    picture: (path, selector = "#message", limit = HEIGHT_LIMIT) => picture(page, path, selector, limit),
    close: () => context.close(),
  };
}

/** Runs in the page: opens what is folded, and says whether there was anything. */
function openAll() {
  const folded = [...document.querySelectorAll("details:not([open])")];
  folded.forEach((one) => (one.open = true));
  return (window.openAll?.() ?? false) || folded.length > 0;
}

async function picture(page, path, selector, limit) {
  const box = await page.locator(selector).boundingBox();
  const { x, y, width } = box;
  const height = Math.min(box.height, limit);
  await page.screenshot({ path, fullPage: true, animations: "disabled", clip: { x, y, width, height: Math.ceil(height) } });
  return { width, height: box.height, cut: box.height > limit };
}
