// What failed and why: what was expected, what was found, what to do, and where more is said.

function showTroubles(here) {
  const bad = (verdict?.checks ?? []).filter((each) => each.status === "fail" || each.status === "unproven");
  // First what was found in a line of the file, of which the rest often follows.
  const told = bad
    .filter((each) => each.detail !== facts.notReached)
    .sort((one, other) => Number(!one.where) - Number(!other.where));
  const left = bad.filter((each) => each.detail === facts.notReached);
  const found = here.filter((each) => each.status === "fail");
  if (!bad.length && !found.length) return;
  show(
    "failed",
    heading("failed", "What failed, and why"),
    found.length
      ? [h("h3", {}, "Found by this browser"), h("ol", { class: "troubles" }, found.map(troubleHere))]
      : null,
    told.length
      ? [found.length ? h("h3", {}, "Said by the verdict") : null, h("ol", { class: "troubles" }, told.map(trouble))]
      : null,
    left.length
      ? h("p", { class: "note" }, `Not reached, and so failed: ${left.map((each) => each.id).join(", ")}.`)
      : null,
  );
}

function trouble({ id, status: became, detail, expected, found, where }) {
  const row = facts.checks[id];
  return h(
    "li",
    {},
    h("h3", {}, status(became), h("code", {}, id), where ? h("span", { class: "where" }, where) : null),
    h("p", {}, detail),
    h("dl", {}, pair("Expected", expected), pair("Found", found), row ? pair("To do", rich(row.remedy)) : null),
    row ? h("p", { class: "more" }, rich(row.meaning), " ", explained(id)) : null,
  );
}

function troubleHere({ id, faults, bad }) {
  const [first] = faults;
  return h(
    "li",
    {},
    h("h3", {}, status("fail"), h("code", {}, id), first.where ? h("span", { class: "where" }, first.where) : null),
    h("p", {}, first.detail, bad > 1 ? `, and ${plural(bad - 1, "more")}` : ""),
    h(
      "dl",
      {},
      pair("Expected", first.expected),
      pair("Found", first.found),
      pair("To do", rich(facts.checks[id]?.remedy ?? HERE_REMEDY)),
    ),
    facts.checks[id] ? h("p", { class: "more" }, rich(facts.checks[id].meaning), " ", explained(id)) : null,
  );
}

const HERE_REMEDY =
  "Get the file and the page again, and verify your own copy: this page was changed after it was made.";
const pair = (name, value) => (value === null || value === undefined ? null : [h("dt", {}, name), h("dd", {}, value)]);
const explained = (id) =>
  h("a", { href: facts.checks[id].address, rel: "noreferrer noopener", target: "_blank" }, `More about ${id}`);
