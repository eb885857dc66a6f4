// The top: what was said when the page was made, and what this browser found. It turns green only when both are good.

const AXES = ["integrity", "authenticity", "completeness", "freshness", "build-link", "conformance"];
const AXIS_QUESTIONS = {
  integrity: "bytes, links, tree",
  authenticity: "keys and roles",
  completeness: "nothing missing",
  freshness: "recent enough",
  "build-link": "what was built",
  conformance: "every one matched",
};

function showVerdict() {
  const word = verdict ? (verdict.verdict === "PASSED" ? "Passed" : "Failed") : "Not judged";
  show(
    "verdict",
    h(
      "div",
      { class: "title" },
      h("h1", {}, h("span", { class: "seal", id: "seal", "aria-hidden": "true" }), h("span", { id: "word" }, word)),
      aboutFile(),
    ),
    h(
      "dl",
      { class: "standing" },
      madeStatement(),
      h("div", {}, h("dt", {}, "In this browser"), h("dd", { id: "here" }, "Checking the evidence again…")),
    ),
    h("p", { class: "away", role: "status", id: "live" }, "Checking the evidence again"),
    h("progress", { id: "progress", max: "1", value: "0", "aria-label": "Evidence checked" }),
    verdict ? axes() : null,
    verdict ? figures() : null,
  );
}

function aboutFile() {
  const subject = verdict?.subjects?.[0];
  const kind = verdict ? [verdict.kind.replaceAll("-", " "), verdict.tier].filter(Boolean).join(", ") : "evidence";
  return h(
    "p",
    { class: "file" },
    h("strong", {}, facts.file),
    h("span", {}, `${kind}, ${size(facts.content.bytes)}`),
    h("span", { id: "about" }, subject ? `about ${subject.name ?? "(no name)"}` : ""),
  );
}

function madeStatement() {
  if (!verdict) {
    const why =
      "Not judged: no trust file was given, so nobody said whose keys count. Not even signatures could be checked.";
    return h("div", {}, h("dt", {}, "When this page was made"), h("dd", {}, why));
  }
  const policy = verdict.policy ? [" and the gate policy sha256 ", code(verdict.policy.sha256)] : "";
  return h(
    "div",
    {},
    h("dt", {}, "When this page was made"),
    h(
      "dd",
      {},
      code("attest verify"),
      " said ",
      h("strong", {}, verdict.verdict),
      ` as of ${said(verdict.at)} UTC, by the trust file sha256 `,
      code(verdict.trust.sha256),
      policy,
    ),
  );
}

function axes() {
  return h(
    "ul",
    { class: "axes", "aria-label": "Axes of the verdict" },
    Object.entries(verdict.axes).map(([axis, worst]) =>
      h(
        "li",
        { class: STATUS[worst].tone },
        h("span", { class: "axis" }, axis),
        status(worst),
        h("small", {}, AXIS_QUESTIONS[axis] ?? "what the policy demands"),
      ),
    ),
  );
}

function figures() {
  const { counts, period, binding, isolation, enforcement, start, end, uncovered_seconds: uncovered } = verdict;
  const rows = [];
  const add = (name, value, note) =>
    rows.push(h("div", {}, h("dt", {}, name), h("dd", {}, value, note ? h("small", {}, ` ${note}`) : null)));
  if (isBundle && counts) {
    add("receipts", number(counts.entries));
    add("cycles matched", number(counts.cycles ?? counts.measurements));
    add("violations", number(counts.violations));
    if (counts.calls) {
      add("calls permitted", number(counts.calls.permitted));
      add("calls denied", number(counts.calls.denied));
    }
  }
  if (binding) add("measured", binding, [isolation, enforcement].filter(Boolean).join(", "));
  if (period)
    add(
      "covers",
      span(Date.parse(period[1]) - Date.parse(period[0])),
      `start ${start}, end ${end}${uncovered ? `, ${span(uncovered * 1000)} outside runs` : ""}`,
    );
  return rows.length ? h("dl", { class: "figures" }, rows) : null;
}

// What this browser found by itself: whether it is good, and how that is said.
function foundHere(checks, problem) {
  if (problem) return ["part", "Not checked. ", problem];
  const failed = checks.filter((each) => each.status === "fail");
  const open = checks.filter((each) => each.status === "unchecked");
  const named = (rows) => rows.map((each) => each.id).join(", ");
  if (failed.length) {
    const warning =
      verdict?.verdict === "PASSED" ? " The verdict was about something else: do not rely on this page." : "";
    return ["bad", "Does not hold: ", `${named(failed)}.${warning}`];
  }
  const reasons = [...new Set(open.map((each) => each.reason))].join("; ");
  if (open.length) return ["part", "Only in part. ", `${named(open)}: ${reasons}.`];
  return ["good", "Holds. ", "All that this page can check was checked again just now, with the keys that came in it."];
}

// An axis of which something was found broken here is not as the verdict said; nor are the others for sure.
function contradict(failed) {
  for (const cell of document.querySelectorAll(".axes li")) {
    const axis = cell.querySelector(".axis").textContent;
    if (!failed.some(({ id }) => id.startsWith(`${axis}.`))) continue;
    cell.className = "bad";
    cell.querySelector(".status").replaceWith(status("broken"));
  }
  const words = "The other axes are the verdict's words about what was here when it was made.";
  document.querySelector(".axes")?.after(h("p", { class: "note" }, words));
}

// What the two together come to, in one word and one colour.
function settleVerdict(checks, problem) {
  const [found, word, more] = foundHere(checks, problem);
  const here = byId("here");
  here.replaceChildren(h("strong", {}, word), more);
  here.dataset.state = found;
  byId("progress").remove();
  if (found === "bad") {
    byId("word").textContent = "Broken";
    contradict(checks.filter((each) => each.status === "fail"));
  }
  const isBad = found === "bad" || verdict?.verdict === "FAILED";
  const state = isBad ? "bad" : verdict ? found : "part";
  byId("mast").dataset.state = state;
  byId("live").textContent = `${byId("word").textContent}. ${here.textContent}`;
  byId("seal").textContent = { good: "\u2713", bad: "\u2715", part: "\u25cb" }[state];
}
