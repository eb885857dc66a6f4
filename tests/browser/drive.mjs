// Plays a scenario on a page and prints what came of it: node drive.mjs SCENARIO PAGE [FOLDER]

import { pathToFileURL } from "node:url";
import { launch } from "./browser.mjs";

const [, , scenario, file, folder] = process.argv;
const { play, prepare } = await import(`./scenarios/${scenario}.mjs`);
const browser = await launch();
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(500000);
  const seen = { requests: [], errors: [] };
  page.on("request", (request) => seen.requests.push(request.url()));
  page.on("pageerror", (error) => seen.errors.push(String(error)));
  page.on("console", (message) => message.type() === "error" && seen.errors.push(message.text()));
  await page.setViewport({ width: 1200, height: 900 });
  await prepare?.(page);
  await page.goto(pathToFileURL(file).href, { timeout: 500000 });
  await page.waitForSelector("html[data-done]", { timeout: 500000 });
  console.log(JSON.stringify({ ...seen, ...(await play(page, folder)) }));
} finally {
  await browser.close();
}
