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
    exceptions(),
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

// What the policy lets pass, and until when; said, since it is part of why the verdict is what it is.
function exceptions() {
  const rows = verdict.policy?.exceptions ?? [];
  if (!rows.length) return null;
  return table(
    "Exceptions of the gate policy",
    ["Checks", "Reason", "Until", { name: "Excused here", class: "right" }],
    rows.map((each) =>
      h(
        "tr",
        {},
        h("th", { scope: "row" }, each.checks.join(", ")),
        h("td", {}, each.reason),
        h("td", {}, each.expires),
        h("td", { class: "right" }, each.excused ? number(each.excused) : "nothing"),
      ),
    ),
  );
}
