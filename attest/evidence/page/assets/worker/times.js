// When what happened: cycles, decisions and states over time, cut into as many bins as there is room for.

const STATE_RANK = { outside: 0, match: 1, starting: 2, stale: 3, unknown: 4, drift: 5 };
const MARKS = 400;

class Times {
  constructor() {
    this.first = Infinity;
    this.last = -Infinity;
    this.points = [];
    this.changes = [];
    this.marks = [];
    this.more = 0;
    this.newest = new Map();
  }

  take(row, predicate, log) {
    const time = row.time;
    this.first = Math.min(this.first, time);
    this.last = Math.max(this.last, time);
    const window = predicate?.measured?.window;
    const began = window ? Date.parse(window.beganAt) : time;
    if (window) this.first = Math.min(this.first, began);
    const lane = laneOf(row.event, predicate);
    const weight = window ? window.last - window.first + 1 : (predicate?.denial?.repeated ?? 1);
    if (lane) this.points.push({ began, time, lane, weight });
    this.follow(row, predicate, log);
    if (lane && lane !== "measurements" && lane !== "permits") this.mark(row, lane);
  }

  follow(row, predicate, log) {
    const kind = predicate?.event?.kind;
    const about = `${log} ${predicate?.receipt?.reference ?? ""}`;
    if (kind === "start" || kind === "resume") this.turn(row.time, `${log} `, "starting");
    else if (kind === "stop") {
      for (const key of this.newest.keys()) if (key.startsWith(`${log} `)) this.turn(row.time, key, "outside");
    } else if (row.event === "runtime-measurement") {
      this.turn(row.time, `${log} `, "outside");
      this.turn(row.time, about, "match");
    } else if (row.event === "runtime-violation") {
      this.turn(row.time, `${log} `, "outside");
      this.turn(row.time, about, predicate?.findings?.state ?? "unknown");
    }
  }

  turn(time, key, state) {
    if (this.newest.get(key) === state) return;
    if (!this.newest.has(key) && state === "outside") return;
    this.newest.set(key, state);
    this.changes.push({ time, key, state });
  }

  mark(row, lane) {
    if (this.marks.length >= MARKS) this.more += 1;
    else this.marks.push({ time: row.time, said: row.said, lane, gist: row.gist, event: row.event, place: row.place });
  }

  // The worst state of all that is watched, as bands that do not overlap; what lasts no time is no band.
  bands() {
    const changes = this.changes.sort((one, other) => one.time - other.time);
    const now = new Map();
    const bands = [];
    changes.forEach(({ time, key, state }, at) => {
      now.set(key, state);
      if (changes[at + 1]?.time === time) return;
      let worst = "outside";
      for (const each of now.values()) if (STATE_RANK[each] > STATE_RANK[worst]) worst = each;
      const open = bands.at(-1);
      if (open?.state === worst) return;
      if (open) open.to = time;
      bands.push({ from: time, to: this.last, state: worst });
    });
    return bands.filter((band) => band.to > band.from || bands.length === 1);
  }

  summary(bins) {
    const span = Math.max(1, this.last - this.first);
    const cut = Array.from({ length: bins }, () => ({
      measurements: 0,
      violations: 0,
      permits: 0,
      denials: 0,
      events: 0,
    }));
    const binOf = (time) => Math.min(bins - 1, Math.max(0, Math.floor(((time - this.first) / span) * bins)));
    for (const { began, time, lane, weight } of this.points) {
      const [from, to] = [binOf(began), binOf(time)];
      for (let bin = from; bin <= to; bin += 1) cut[bin][lane] += weight / (to - from + 1);
    }
    return { from: this.first, to: this.last, bins: cut, bands: this.bands(), marks: this.marks, more: this.more };
  }
}

function laneOf(event, predicate) {
  if (event === "runtime-measurement") return "measurements";
  if (event === "runtime-violation") return "violations";
  if (event === "tool-denial" || event === "caller-drift") return "denials";
  // An outcome is no second decision.
  if (event === "tool-permit") return predicate && !predicate.permit ? null : "permits";
  return "events";
}
