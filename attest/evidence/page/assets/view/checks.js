// Every check of the verdict, by axis.

function showChecks() {
  if (!verdict) {
    byId("checks").hidden = true;
    return;
  }
  const rows = verdict.checks.map(({ id, status: became, detail }) =>
    h(
      "tr",
      {},
      h("td", {}, status(became)),
      h(
        "th",
        { scope: "row" },
        h("a", { href: facts.checks[id]?.address, rel: "noreferrer noopener", target: "_blank" }, code(id)),
      ),
      h("td", {}, became === "pass" ? facts.checks[id]?.meaning : detail),
    ),
  );
  const worst = verdict.checks.filter((each) => each.status !== "pass").length;
  show(
    "checks",
    heading(
      "checks",
      "What the verdict was made of",
      worst
        ? `${plural(worst, "check")} of ${verdict.checks.length} not passed`
        : `all ${verdict.checks.length} checks passed`,
    ),
    h(
      "details",
      { open: false },
      h("summary", {}, "Every check"),
      table("Checks of the verdict", ["Status", "Check", "Meaning"], rows, { class: "plain" }),
    ),
  );
}
