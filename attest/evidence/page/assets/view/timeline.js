// Cycles, decisions and states over time, as a picture and as the same in a table.

const STATE_WORDS = {
  match: "matched",
  starting: "not measured yet",
  stale: "stale",
  unknown: "unknown",
  drift: "drift",
  outside: "outside runs",
};
const LEFT = 92;
const LANES = { state: 22, cycles: 36, decisions: 48, events: 26 };
const AXIS = 22;
const ROWS_OF_TABLE = 24;

function showTimeline(times, pick) {
  const picture = h("div", { class: "picture" });
  show(
    "timeline",
    heading("timeline", "When what happened", `${ofMilliseconds(times.from)} to ${ofMilliseconds(times.to)} UTC`),
    picture,
    legend([...new Set(times.bands.map((band) => band.state))]),
    h("details", {}, h("summary", {}, "The same as a table"), tableOfTimes(times, pick)),
    times.marks.length
      ? h("details", {}, h("summary", {}, `${plural(times.marks.length, "event")} by time`), tableOfMarks(times, pick))
      : null,
  );
  const draw = () => picture.replaceChildren(drawing(times, Math.max(320, picture.clientWidth), pick));
  new ResizeObserver(draw).observe(picture);
}

const legend = (states) =>
  h(
    "ul",
    { class: "legend" },
    h("li", {}, h("i", { class: "mark good" }), "matched, permitted"),
    h("li", {}, h("i", { class: "mark bad" }), "violation, denied"),
    states.map((state) => h("li", {}, h("i", { class: `band ${state}` }), STATE_WORDS[state] ?? state)),
  );

function drawing(times, width, pick) {
  const height = AXIS + Object.values(LANES).reduce((sum, lane) => sum + lane + 8, 0);
  const at = (time) => LEFT + ((time - times.from) / Math.max(1, times.to - times.from)) * (width - LEFT - 2);
  const told = ["measurements", "violations", "permits", "denials"].map((lane) => `${sumOf(times, lane)} ${lane}`);
  const label = `Timeline: ${told.join(", ")}`;
  const parts = [];
  let top = 0;
  for (const [lane, tall] of Object.entries(LANES)) {
    parts.push(
      s("text", { x: 0, y: top + tall / 2 + 4, class: "lane" }, lane),
      LANE_DRAWERS[lane](times, { at, top, tall, width }),
    );
    top += tall + 8;
  }
  parts.push(axis(times, { at, top, width }), picker(times, { top, width }, pick));
  return s(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label, class: "timeline" },
    parts,
  );
}

const sumOf = (times, lane) => number(Math.round(times.bins.reduce((sum, bin) => sum + bin[lane], 0)));

const LANE_DRAWERS = {
  state: (times, { at, top, tall }) =>
    times.bands.map(({ from, to, state }) =>
      s(
        "rect",
        {
          x: at(from),
          y: top + 4,
          width: Math.max(state === "match" ? 1 : 2.5, at(to) - at(from)),
          height: tall - 8,
          class: `band ${state}`,
        },
        s("title", {}, `${STATE_WORDS[state] ?? state} ${ofMilliseconds(from)} to ${ofMilliseconds(to)}`),
      ),
    ),
  cycles: (times, room) => bars(times, room, "measurements", "violations"),
  decisions: (times, room) => bars(times, room, "permits", "denials"),
  events: (times, { at, top, tall }) =>
    times.marks
      .filter((mark) => mark.lane === "events")
      .map((mark) =>
        s(
          "path",
          { d: `M${at(mark.time)} ${top + 4}v${tall - 8}`, class: "tick" },
          s("title", {}, `${mark.said} ${mark.gist}`),
        ),
      ),
};

// The good ones upwards and the bad ones on top of them, never so small that nobody sees them.
function bars(times, { top, tall, width }, good, bad) {
  const most = Math.max(1e-9, ...times.bins.map((bin) => bin[good] + bin[bad]));
  const step = (width - LEFT - 2) / times.bins.length;
  return times.bins.flatMap((bin, number_) => {
    const x = LEFT + number_ * step;
    const high = bin[good] ? Math.max(2, (bin[good] / most) * tall) : 0;
    const higher = bin[bad] ? Math.max(5, (bin[bad] / most) * tall) : 0;
    return [
      high
        ? s("rect", {
            x,
            y: top + tall - Math.min(high, tall - higher),
            width: Math.max(0.8, step - 0.6),
            height: Math.min(high, tall - higher),
            class: "mark good",
          })
        : null,
      higher
        ? s("rect", {
            x,
            y: top + tall - Math.min(tall, Math.min(high, tall - higher) + higher),
            width: Math.max(1.6, step - 0.6),
            height: higher,
            class: "mark bad",
          })
        : null,
      s("path", { d: `M${x} ${top + tall}h${step}`, class: "ground" }),
    ];
  });
}

const STEPS = [1, 5, 15, 30, 60, 300, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 604800, 2592000];

function axis(times, { at, top, width }) {
  const wanted = Math.max(2, Math.floor((width - LEFT) / 110));
  const step = (STEPS.find((each) => (times.to - times.from) / (each * 1000) <= wanted + 0.5) ?? STEPS.at(-1)) * 1000;
  const ticks = [];
  for (let time = Math.ceil(times.from / step) * step; time <= times.to && ticks.length < 40; time += step) {
    const text = new Date(time).toISOString();
    const label = step >= 86400000 ? text.slice(0, 10) : text.slice(11, step >= 60000 ? 16 : 19);
    if (at(time) < width - 24)
      ticks.push(
        s("path", { d: `M${at(time)} 0V${top}`, class: "grid" }),
        s("text", { x: at(time), y: top + 14, class: "hour" }, label),
      );
  }
  return s("g", {}, ticks);
}

// The mouse picks a span of time, for which the table has a button a row.
function picker(times, { top, width }, pick) {
  return s("rect", {
    x: LEFT,
    y: 0,
    width: width - LEFT,
    height: top,
    class: "picker",
    onclick: (event) => {
      const box = event.currentTarget.getBoundingClientRect();
      const cell = (times.to - times.from) / times.bins.length;
      const bin = Math.floor(((event.clientX - box.left) / box.width) * times.bins.length);
      pick(times.from + bin * cell, times.from + (bin + 1) * cell + 1);
    },
  });
}

function tableOfTimes(times, pick) {
  const together = Math.ceil(times.bins.length / ROWS_OF_TABLE);
  const cell = (times.to - times.from) / times.bins.length;
  const rows = [];
  for (let at = 0; at < times.bins.length; at += together) {
    const bins = times.bins.slice(at, at + together);
    const [from, to] = [times.from + at * cell, times.from + (at + bins.length) * cell];
    const sums = ["measurements", "violations", "permits", "denials", "events"].map((lane) =>
      Math.round(bins.reduce((sum, bin) => sum + bin[lane], 0)),
    );
    if (!sums.some(Boolean)) continue;
    const states = [
      ...new Set(
        times.bands.filter((band) => band.from < to && band.to >= from).map((band) => STATE_WORDS[band.state]),
      ),
    ].join(", ");
    rows.push(
      h(
        "tr",
        {},
        h("th", { scope: "row" }, ofMilliseconds(from)),
        h("td", {}, states),
        sums.map((sum) => h("td", { class: "right" }, number(sum))),
        h(
          "td",
          {},
          h(
            "button",
            { type: "button", class: "link", onclick: () => pick(from, to + 1) },
            "Show",
            h("span", { class: "away" }, ` receipts from ${ofMilliseconds(from)}`),
          ),
        ),
      ),
    );
  }
  const numeric = (name) => ({ name, class: "right" });
  return table(
    "What happened, by time",
    [
      "From, UTC",
      "State",
      numeric("Cycles"),
      numeric("Violations"),
      numeric("Permitted"),
      numeric("Denied"),
      numeric("Events"),
      "Receipts",
    ],
    rows,
  );
}

function tableOfMarks(times, pick) {
  const rows = times.marks.map((mark) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, said(mark.said)),
      h("td", {}, mark.event),
      h("td", {}, mark.gist),
      h(
        "td",
        {},
        h(
          "button",
          { type: "button", class: "link", onclick: () => pick(mark.time, mark.time + 1) },
          "Show",
          h("span", { class: "away" }, ` receipt of ${said(mark.said)}`),
        ),
      ),
    ),
  );
  const more = times.more
    ? h("p", { class: "note" }, `${number(times.more)} more are in the table of receipts.`)
    : null;
  return [table("Events, violations and denials", ["Time, UTC", "Kind", "What", "Receipt"], rows), more];
}
