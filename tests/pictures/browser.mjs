// Chromium without a window.

import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";

import { chromium } from "playwright-core";

const PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** The zone of the person who reads. */
export const TIME_ZONE = "Europe/Berlin";

/** Of a higher picture the rest is cut, in pixels: nobody scrolls so far. */
const HEIGHT_LIMIT = 4000;

/** The path of Chromium. */
export function executable() {
  const path = process.env.CHROMIUM ?? PLACES.find(existsSync);
  if (path && existsSync(path)) return path;
  throw new Error(
    `Chromium is not at ${process.env.CHROMIUM ?? PLACES.join(", ")}. On Debian and Ubuntu:\n` +
      "  apt-get install chromium fonts-noto-core fonts-noto-cjk fonts-noto-color-emoji fonts-liberation\n" +
      "Elsewhere, install Chromium or Chrome, and say where it is: make pictures CHROMIUM=/path/to/it",
  );
}

/** Starts Chromium; `close` ends it. */
export async function start() {
  // The sandbox of Chromium does not work for root, as which containers run.
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  const browser = await chromium.launch({ executablePath: executable(), args });
  return { open: (file) => open(browser, file), close: () => browser.close() };
}

/**
 * A page, and in `tried` what it must not do: ask the person something, fail, or call
 * the network. A message that does so would do it at the vendor's as well.
 */
async function open(browser, file) {
  const viewport = { width: 1000, height: 800 };
  const page = await browser.newPage({ timezoneId: TIME_ZONE, locale: "en-GB", viewport });
  const tried = [];
  page.on("pageerror", (error) => tried.push(`the page failed: ${error.message}`));
  page.on("dialog", (dialog) => (tried.push(`opened a dialog: ${dialog.message()}`), dialog.dismiss()));
  await page.route(/^(?!file:)/, (route) => (tried.push(`requested ${route.request().url()}`), route.abort()));
  await page.goto(pathToFileURL(file).href);
  await page.evaluate(() => document.fonts.ready.then(() => true));
  return {
    tried,
    openAll: () => page.evaluate(openAll),
    picture: (path, part) => picture(page, path, part),
    close: () => page.close(),
  };
}

/** Runs in the page: opens what is folded, and says whether there was anything. */
function openAll() {
  const folded = [...document.querySelectorAll("details:not([open])")];
  folded.forEach((one) => (one.open = true));
  return (window.openAll?.() ?? false) || folded.length > 0;
}

async function picture(page, path, { selector = "#message", limit = HEIGHT_LIMIT } = {}) {
  const { x, y, width, height } = await page.locator(selector).boundingBox();
  const clip = { x, y, width, height: Math.ceil(Math.min(height, limit)) };
  await page.screenshot({ path, fullPage: true, animations: "disabled", clip });
  return { height, cut: height > limit };
}
