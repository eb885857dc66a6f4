// A real browser: Chromium of this machine where there is one, else the one that came as a package.

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import puppeteer from "puppeteer-core";

const NAMES = ["chromium", "chromium-browser"];
// Root has no use for a sandbox against itself, and a container may have no room in /dev/shm.
const ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars"];

// The one of the package knows no temporary folder but one.
const FONTS =
  '<?xml version="1.0"?><fontconfig><dir>@</dir><dir>/usr/share/fonts</dir><cachedir prefix="xdg">f</cachedir></fontconfig>';

function installed() {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find(existsSync);
}

// It brings libraries for machines that lack them, and a font for those that have none.
async function packaged() {
  const { default: chromium, inflate } = await import("@sparticuz/chromium");
  const path = await chromium.executablePath();
  const fonts = join(tmpdir(), "fonts");
  await writeFile(join(fonts, "fonts.conf"), FONTS.replace("@", fonts));
  const env = { ...process.env, FONTCONFIG_PATH: fonts };
  if (execFileSync("ldd", [path], { encoding: "utf8" }).includes("not found")) {
    const folder = dirname(createRequire(import.meta.url).resolve("@sparticuz/chromium"));
    env.LD_LIBRARY_PATH = join(await inflate(join(folder, "../bin/al2023.tar.br")), "lib");
  }
  return { path, env };
}

export async function launch() {
  const own = process.env.ATTEST_PACKAGED_BROWSER ? undefined : installed();
  const { path, env } = own ? { path: own, env: process.env } : await packaged();
  const headless = own ? true : "shell";
  return puppeteer.launch({ executablePath: path, env, headless, args: ARGUMENTS, protocolTimeout: 500000 });
}
