// What every page in a folder says of itself, in one word.

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

export async function play(page, folder) {
  const found = {};
  for (const name of (await readdir(folder)).filter((each) => each.endsWith(".html"))) {
    await page.goto(pathToFileURL(join(folder, name)).href);
    await page.waitForSelector("html[data-done]");
    found[name.replace(/\.html$/, "")] = await page.$eval("#here strong", (word) => word.textContent);
  }
  return { found };
}
