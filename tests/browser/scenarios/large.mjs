// How long the page keeps a person waiting while it checks, is scrolled and is searched.

const settled = (page) =>
  page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 100))));

export async function prepare(page) {
  await page.tracing.start({ categories: ["-*", "toplevel"] });
}

// The longest task of the page's own thread in milliseconds of processor time: what else the machine had to do does
// not count.
function longest(trace) {
  const named = trace.filter((event) => event.name === "thread_name" && event.args.name === "CrRendererMain");
  const threads = new Set(named.map((event) => `${event.pid} ${event.tid}`));
  const tasks = trace.filter((event) => threads.has(`${event.pid} ${event.tid}`) && event.tdur !== undefined);
  return { tasks: tasks.length, task: tasks.reduce((most, event) => Math.max(most, event.tdur / 1000), 0) };
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
  const { traceEvents } = JSON.parse(new TextDecoder().decode(await page.tracing.stop()));
  return { ...longest(traceEvents), all, end, found, seconds };
}
