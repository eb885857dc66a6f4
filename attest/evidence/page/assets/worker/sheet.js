// What each check came to here. A check begins as open, and only one that was looked at to the end can hold.

const KEPT = 20;

class Sheet {
  constructor(ids) {
    this.rows = new Map(ids.map((id) => [id, { id, status: "open", count: 0, bad: 0, faults: [], reason: "" }]));
  }

  // Something was looked at and is as it should be.
  count(id, times = 1) {
    this.rows.get(id).count += times;
  }

  fail(id, detail, where, expected, found) {
    const row = this.rows.get(id);
    row.status = "fail";
    row.bad += 1;
    if (row.faults.length < KEPT) {
      row.faults.push({ detail, where: where ?? "", expected: short(expected), found: short(found) });
    }
  }

  // Not looked at: never as good as a check that holds. What failed stays failed.
  leave(id, reason) {
    const row = this.rows.get(id);
    if (row.status !== "fail") Object.assign(row, { status: "unchecked", reason });
  }

  // At the very end: what was looked at, and did not fail, holds.
  settle() {
    for (const row of this.rows.values()) {
      if (row.status === "open") {
        row.status = row.count ? "pass" : "none";
      }
    }
    return [...this.rows.values()];
  }

  stop(reason) {
    for (const row of this.rows.values()) {
      if (row.status === "open") Object.assign(row, { status: "unchecked", reason });
    }
    return [...this.rows.values()];
  }
}

const short = (value) => (value === undefined || value === null ? null : String(value).slice(0, 400));
