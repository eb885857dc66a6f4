// The page without a mouse: from the first Tab to a receipt and back.

const focused = (page) =>
  page.evaluate(() => {
    const { tagName, textContent, dataset, id } = document.activeElement;
    return { tag: tagName, text: textContent.trim().slice(0, 60), at: dataset.at ?? null, id };
  });

export async function play(page) {
  const walk = [];
  const press = async (key, times = 1) => {
    for (let time = 0; time < times; time += 1) await page.keyboard.press(key);
    await new Promise((done) => setTimeout(done, 150));
    return focused(page);
  };
  for (let step = 0; step < 60; step += 1) walk.push(await press("Tab"));
  await page.focus("#receipts tbody tr[data-at='0']");
  const moved = await press("ArrowDown", 3);
  const last = await press("End");
  const first = await press("Home");
  await press("Enter");
  const dialog = await page.$eval("#detail", (element) => ({ open: element.open, text: element.textContent }));
  await press("Escape");
  const closed = await page.$eval("#detail", (element) => !element.open);
  const back = await focused(page);
  return { walk, moved, last, first, dialog, closed, back };
}
