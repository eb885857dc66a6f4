// The page, in its order: what needs no evidence first, the rest as the worker finds it.

const SECTIONS = {
  failed: "Failed",
  timeline: "Timeline",
  coverage: "Coverage",
  build: "Build",
  receipts: "Receipts",
  recheck: "Rechecked",
  checks: "Checks",
  limits: "Limits",
  own: "Your copy",
};

function showNavigation() {
  const there = Object.entries(SECTIONS).filter(([id]) => !byId(id).hidden);
  show(
    "nav",
    h(
      "ul",
      {},
      there.map(([id, name]) => h("li", {}, h("a", { href: `#${id}` }, name))),
    ),
  );
}

const KINDS = [
  "runtime-measurement",
  "runtime-violation",
  "runtime-event",
  "tool-permit",
  "tool-denial",
  "caller-drift",
];
const AGAIN_MILLISECONDS = 700;
const live = { receipts: null, drawn: 0, quarter: 0 };

// The receipts can be read before all of them were checked; what is wrong with one is marked as it is found.
function proceed({ done, of, entries }, ask) {
  byId("progress").value = done / of;
  byId("here").textContent = `Checking the evidence again: ${number(entries)} receipts…`;
  const quarter = Math.floor((4 * done) / of) * 25;
  if (quarter > live.quarter && quarter < 100) byId("live").textContent = `${quarter} percent checked`;
  live.quarter = quarter;
  if (entries && performance.now() - live.drawn > AGAIN_MILLISECONDS) showReceipts(ask);
}

function showReceipts(ask) {
  live.drawn = performance.now();
  if (live.receipts) live.receipts.draw(true);
  else live.receipts = new Receipts(ask, KINDS);
}

function finish(result, ask, milliseconds) {
  settleVerdict(result.checks, "");
  showTroubles(result.checks);
  showRecheck(result.checks, milliseconds);
  showLimits(result);
  if (result.counts.entries) showReceipts(ask);
  if (result.times) showTimeline(result.times, (from, to) => live.receipts.pick(from, to));
  showCoverage(result.references, ask);
  if (result.references.length) byId("about").textContent = spelled(`about ${serversOf(result.references)}`);
  showNavigation();
  document.documentElement.dataset.done = "true";
}

function serversOf(references) {
  const names = references.map(({ server }) => [server.name, server.version].filter(Boolean).join(" "));
  return [...new Set(names)].join(", ");
}

function start() {
  const began = performance.now();
  showTheme();
  showVerdict();
  showTroubles([]);
  showBuild();
  showChecks();
  showRecheck([], null);
  showLimits(null);
  showCopy();
  showNavigation();
  const ask = startWorker({
    progress: (told) => proceed(told, ask),
    done: (result) => finish(result, ask, performance.now() - began),
    failed: (message) => {
      settleVerdict([], message);
      document.documentElement.dataset.done = "true";
    },
  });
}

// The evidence stands behind this script: the page can be seen before the last of it was read.
document.addEventListener("DOMContentLoaded", start);
