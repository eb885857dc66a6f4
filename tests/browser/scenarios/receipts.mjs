// Every receipt of a page, opened: the headings of what is told of it, and what was disclosed.

export async function play(page) {
  const places = await page.$$eval("#receipts tbody tr[data-at]", (rows) => rows.map((row) => row.dataset.at));
  const told = [];
  for (const at of places) {
    await page.$eval(`#receipts tbody tr[data-at="${at}"]`, (row) => row.click());
    await page.waitForSelector("#detail[open]");
    told.push(
      await page.$eval("#detail", (dialog) => ({
        headings: [...dialog.querySelectorAll("h3")].map((each) => each.textContent),
        disclosed: dialog.querySelector(".exact")?.textContent ?? null,
      })),
    );
    await page.$eval("#detail", (dialog) => dialog.close());
  }
  return { told };
}
