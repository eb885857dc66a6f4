// The receipts as rows of a table: where each one lies, and its few words. The rest is unpacked again when asked for.

class Rows {
  constructor() {
    this.rows = [];
    this.found = { key: "", places: null };
  }

  add(row) {
    this.rows.push(row);
    this.found = { key: "", places: null };
    return row;
  }

  // The places of the rows that fit; null for all of them.
  search({ text = "", event = "", only = false, from = null, to = null }) {
    const key = JSON.stringify([text, event, only, from, to]);
    if (key === this.found.key) return this.found.places;
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const free = !words.length && !event && !only && from === null;
    const places = free ? null : [];
    for (let at = 0; !free && at < this.rows.length; at += 1) {
      const row = this.rows[at];
      if (event && row.event !== event) continue;
      if (only && !row.problem) continue;
      if (from !== null && !(row.time >= from && row.time < to)) continue;
      if (words.length) {
        const said = `${row.sequence} ${row.said} ${row.event} ${row.gist}`.toLowerCase();
        if (!words.every((word) => said.includes(word))) continue;
      }
      places.push(at);
    }
    this.found = { key, places };
    return places;
  }

  slice(query, from, to) {
    const places = this.search(query);
    const rows = [];
    const last = Math.min(to, places ? places.length : this.rows.length);
    for (let at = from; at < last; at += 1) {
      const place = places ? places[at] : at;
      const { sequence, said, event, gist, problem, tone, log } = this.rows[place];
      rows.push({ place, sequence, said, event, gist, problem, tone, log });
    }
    return { total: places ? places.length : this.rows.length, all: this.rows.length, from, rows };
  }
}
