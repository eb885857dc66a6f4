// What a person sees once the page has checked itself.

export async function play(page) {
  return page.evaluate(() => {
    const text = (id) => document.getElementById(id).textContent;
    const rows = [...document.querySelectorAll("#recheck tbody tr")];
    return {
      word: text("word"),
      state: document.getElementById("mast").dataset.state,
      here: text("here"),
      live: text("live"),
      axes: [...document.querySelectorAll(".axes li")].map((cell) =>
        cell.querySelector(".status").textContent.slice(2),
      ),
      failed: text("failed"),
      limits: text("limits"),
      own: text("own"),
      recheck: Object.fromEntries(
        rows.map((row) => [row.querySelector("code").textContent, row.querySelector(".status").textContent.slice(2)]),
      ),
      receipts: document.querySelectorAll("#receipts tbody tr[data-at]").length,
      broken: document.querySelectorAll("#receipts tr.broken").length,
      title: document.title,
      seen: document.body.innerText,
      markup: document.querySelectorAll("main img, main script, main iframe").length,
    };
  });
}
