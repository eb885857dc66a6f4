// One receipt, whole: what its entry says and what was signed.

async function showDetail(place, ask) {
  const { where, problem, gist, entry, statement, signatures, disclosed } = await ask("detail", { place });
  const dialog = byId("detail");
  const json = (value) => h("pre", { tabindex: "0" }, JSON.stringify(value, null, 2));
  dialog.replaceChildren(
    h(
      "form",
      { method: "dialog" },
      h("h2", { id: "detail-title" }, `Receipt ${number(entry.sequence)}`),
      h("button", {}, "Close"),
    ),
    h("p", { class: "note" }, `${entry.event}, ${said(entry.time)} UTC, ${where} of the file. ${gist}`),
    ...[
      problem
        ? h(
            "ul",
            { class: "notice bad" },
            problem.split("; ").map((each) => h("li", {}, each)),
          )
        : null,
    ].filter(Boolean),
    ...(disclosed === null
      ? []
      : [
          h("h3", {}, "What was disclosed"),
          h("p", { class: "note" }, "The very bytes that the receipt commits to."),
          h("pre", { class: "exact", tabindex: "0" }, disclosed),
        ]),
    h("h3", {}, "Entry in the log"),
    json(entry),
    ...(statement
      ? [h("h3", {}, "What was signed"), h("p", { class: "note" }, `by key ${signatures.join(", ")}`), json(statement)]
      : [h("p", { class: "note" }, "At the structural tier there is no receipt beside it.")]),
  );
  dialog.showModal();
}
