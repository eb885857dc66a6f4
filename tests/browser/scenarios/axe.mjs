// What axe-core has to say of the page, in both themes, with everything unfolded.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

export async function play(page) {
  const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  await page.$$eval("details", (all) => all.forEach((each) => (each.open = true)));
  const found = {};
  for (const scheme of ["light", "dark"]) {
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    await page.evaluate(axe);
    const { violations, passes } = await page.evaluate(() => window.axe.run());
    found[scheme] = {
      violations: violations.map(
        ({ id, nodes }) =>
          `${id}: ${nodes
            .slice(0, 3)
            .map((node) => node.html.slice(0, 160))
            .join(" | ")}`,
      ),
      passes: passes.length,
    };
  }
  return found;
}
