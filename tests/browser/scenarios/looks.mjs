// Pictures of the page as it looks in each way that it is looked at, and what tells them apart.

import { join } from "node:path";
import { writeFile } from "node:fs/promises";

const WAYS = {
  light: { scheme: "light", width: 1200 },
  dark: { scheme: "dark", width: 1200 },
  phone: { scheme: "light", width: 390 },
};

export async function play(page, folder) {
  const told = {};
  for (const [name, { scheme, width }] of Object.entries(WAYS)) {
    await page.setViewport({ width, height: 900 });
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    await new Promise((done) => setTimeout(done, 300));
    told[name] = await page.evaluate(() => ({
      ground: getComputedStyle(document.body).backgroundColor,
      wider: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    }));
    if (folder) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
  }
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "light" }]);
  await page.click("#theme button");
  told.toggled = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.setViewport({ width: 1000, height: 900 });
  await new Promise((done) => setTimeout(done, 300));
  await page.emulateMediaType("print");
  told.print = await page.evaluate(() => {
    const shown = (selector) => [...document.querySelectorAll(selector)].some((each) => each.offsetParent !== null);
    return {
      buttons: shown("button"),
      nav: shown(".bar nav"),
      note: shown(".note.print"),
      ground: getComputedStyle(document.body).backgroundColor,
    };
  });
  await page.emulateMediaType(null);
  const pdf = await page.pdf({ format: "A4", printBackground: true });
  if (folder) await writeFile(join(folder, "print.pdf"), pdf);
  return { ...told, pdf: pdf.length };
}
