// Every check of the verdict, by axis; those that somebody only says are good stand open.

function showChecks() {
  if (!verdict) {
    byId("checks").hidden = true;
    return;
  }
  const passed = verdict.checks.filter((each) => each.status === "pass").length;
  const asserted = verdict.checks.filter((each) => each.status === "asserted");
  show(
    "checks",
    heading("checks", "What the verdict was made of", `${passed} of ${plural(verdict.checks.length, "check")} passed`),
    asserted.length
      ? table(
          "Asserted: said by somebody trusted, and not to be judged again from this file",
          CHECK_COLUMNS,
          asserted.map(rowOf),
          { class: "plain" },
        )
      : null,
    h(
      "details",
      {},
      h("summary", {}, "Every check"),
      table("Checks of the verdict", CHECK_COLUMNS, verdict.checks.map(rowOf), { class: "plain" }),
    ),
  );
}

const CHECK_COLUMNS = ["Status", "Check", "Meaning"];

function rowOf({ id, status: became, detail }) {
  const row = facts.checks[id];
  const name = row ? h("a", { href: row.address, rel: "noreferrer noopener", target: "_blank" }, code(id)) : code(id);
  return h(
    "tr",
    {},
    h("td", {}, status(became)),
    h("th", { scope: "row" }, name),
    h("td", {}, became === "pass" ? row?.meaning : detail),
  );
}
