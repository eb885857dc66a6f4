// How long the page keeps a person waiting while it checks, is scrolled and is searched.

const settled = (page) =>
  page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 100))));

export async function prepare(page) {
  await page.evaluateOnNewDocument(() => {
    window.longest = { task: 0, gap: 0, frames: 0 };
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.longest.task = Math.max(window.longest.task, entry.duration);
    }).observe({ type: "longtask", buffered: true });
    let before = performance.now();
    const frame = (now) => {
      window.longest.gap = Math.max(window.longest.gap, now - before);
      window.longest.frames += 1;
      before = now;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
}

export async function play(page) {
  const count = () => page.$eval("#receipts output", (output) => output.textContent);
  const last = () =>
    page.$eval("#receipts tbody", (body) => [...body.querySelectorAll("tr[data-at]")].at(-1)?.cells[0].textContent);
  await settled(page);
  const all = await count();
  await page.$eval("#receipts .window", (scroll) => (scroll.scrollTop = scroll.scrollHeight));
  await settled(page);
  const end = await last();
  await page.type("#receipts input[type=search]", "runtime-event");
  await page.waitForFunction(() => document.querySelector("#receipts output").textContent.includes(" of "));
  const found = await count();
  const seconds = await page.$eval("#recheck .head .note", (note) => note.textContent);
  return { ...(await page.evaluate(() => window.longest)), all, end, found, seconds };
}
