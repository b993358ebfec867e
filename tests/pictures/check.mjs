// Says how to get Chromium before anything is built for it.

import { executable } from "./browser.mjs";

try {
  executable();
} catch (error) {
  console.error(`✗ ${error.message}`);
  process.exitCode = 1;
}
