// The receipts, as many as there are: only those in sight are in the document, and the worker searches.

const ROW = 30;
const SPARE = 12;
const PAGE = 300000;

class Receipts {
  constructor(ask, events) {
    this.ask = ask;
    this.query = { text: "", event: "", only: false, from: null, to: null };
    this.page = 0;
    this.active = 0;
    this.total = 0;
    this.drawn = 0;
    this.build(events);
  }

  build(events) {
    const changed = (field, read) => (event) => this.ask_({ [field]: read(event.target) });
    this.count = h("output", { role: "status", class: "note" });
    this.span = h("span", {});
    this.pages = h("span", {});
    this.body = h("tbody", {
      onkeydown: (event) => this.key(event),
      onclick: (event) => this.open(event.target.closest("tr")),
    });
    this.table = h(
      "table",
      { class: "receipts" },
      h("caption", { class: "away" }, "Receipts. Arrow keys move, Enter opens one."),
      h(
        "colgroup",
        {},
        ["n", "time", "kind", "what"].map((name) => h("col", { class: name })),
      ),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          ["No.", "Time, UTC", "Kind", "What it says"].map((name) => h("th", { scope: "col" }, name)),
        ),
      ),
      this.body,
    );
    this.scroll = h("div", { class: "window", onscroll: () => this.draw() }, this.table);
    show(
      "receipts",
      heading("receipts", "Receipts"),
      h(
        "div",
        { class: "controls" },
        h(
          "label",
          {},
          "Search ",
          h("input", {
            type: "search",
            placeholder: "file, tool, rule, number",
            oninput: changed("text", (input) => input.value),
          }),
        ),
        h(
          "label",
          {},
          "Kind ",
          h(
            "select",
            { onchange: changed("event", (select) => select.value) },
            h("option", { value: "" }, "all"),
            events.map((name) => h("option", { value: name }, name)),
          ),
        ),
        h(
          "label",
          {},
          h("input", { type: "checkbox", onchange: changed("only", (box) => box.checked) }),
          " Only what does not hold",
        ),
        this.span,
        this.count,
        this.pages,
      ),
      this.scroll,
      h("p", { class: "note print" }, "On paper: the receipts in sight alone. The file has them all."),
    );
    this.ask_({});
  }

  // Narrows the table; what is asked for last is what is shown.
  ask_(change) {
    Object.assign(this.query, change);
    this.page = 0;
    this.active = 0;
    this.scroll.scrollTop = 0;
    this.draw(true);
  }

  pick(from, to) {
    this.ask_({ from, to });
    this.span.replaceChildren(
      h(
        "button",
        {
          type: "button",
          class: "chip",
          onclick: () => {
            this.span.replaceChildren();
            this.ask_({ from: null, to: null });
          },
        },
        `${ofMilliseconds(from)} to ${ofMilliseconds(to)} ✕`,
        h("span", { class: "away" }, " show all times"),
      ),
    );
    byId("receipts").scrollIntoView({ block: "start" });
  }

  async draw(force = false) {
    const first = Math.max(0, Math.floor(this.scroll.scrollTop / ROW) - SPARE);
    const shown = Math.ceil(this.scroll.clientHeight / ROW) + 2 * SPARE;
    if (!force && this.shown && first === this.shown.first && shown === this.shown.count) return;
    this.shown = { first, count: shown };
    this.drawn += 1;
    const turn = this.drawn;
    const base = this.page * PAGE;
    const found = await this.ask("rows", {
      query: this.query,
      from: base + first,
      to: Math.min(base + PAGE, base + first + shown),
    });
    if (turn !== this.drawn || !found) return;
    this.total = found.total;
    const onPage = Math.min(PAGE, found.total - base);
    const focused = this.body.contains(document.activeElement);
    this.body.replaceChildren(
      spacer(first),
      ...found.rows.map((row, at) => this.row(row, first + at)),
      spacer(onPage - first - found.rows.length),
    );
    this.table.setAttribute("aria-rowcount", String(found.total + 1));
    this.count.textContent =
      found.total === found.all
        ? plural(found.all, "receipt")
        : `${number(found.total)} of ${plural(found.all, "receipt")}`;
    this.turnPages(found.total);
    if (focused) this.focus();
  }

  row({ place, sequence, said: time, event, gist, problem, tone }, at) {
    return h(
      "tr",
      {
        tabindex: at === this.active ? "0" : "-1",
        "data-at": at,
        "data-place": place,
        "aria-rowindex": this.page * PAGE + at + 2,
        class: problem ? "broken" : tone,
      },
      h("td", { class: "right" }, number(sequence)),
      h("td", {}, h("time", { datetime: time }, said(time))),
      h("td", {}, event),
      h("td", { title: problem || gist }, problem ? [status("fail"), ` ${problem}`] : gist),
    );
  }

  turnPages(total) {
    const pages = Math.ceil(total / PAGE);
    if (pages < 2) return this.pages.replaceChildren();
    const turn = (by) => () => {
      this.page += by;
      this.active = 0;
      this.scroll.scrollTop = 0;
      this.draw(true);
    };
    return this.pages.replaceChildren(
      h("button", { type: "button", disabled: this.page === 0, onclick: turn(-1) }, "Earlier"),
      ` part ${this.page + 1} of ${pages} `,
      h("button", { type: "button", disabled: this.page === pages - 1, onclick: turn(1) }, "Later"),
    );
  }

  key(event) {
    const screen = Math.max(1, Math.floor(this.scroll.clientHeight / ROW) - 2);
    const last = Math.min(PAGE, this.total - this.page * PAGE) - 1;
    const moves = {
      ArrowDown: this.active + 1,
      ArrowUp: this.active - 1,
      PageDown: this.active + screen,
      PageUp: this.active - screen,
      Home: 0,
      End: last,
    };
    if (event.key === "Enter") this.open(event.target.closest("tr"));
    if (!(event.key in moves)) return;
    event.preventDefault();
    this.active = Math.max(0, Math.min(last, moves[event.key]));
    const top = this.active * ROW;
    if (top < this.scroll.scrollTop) this.scroll.scrollTop = top;
    else if (top + 2 * ROW > this.scroll.scrollTop + this.scroll.clientHeight)
      this.scroll.scrollTop = top + 2 * ROW - this.scroll.clientHeight;
    this.draw(true);
  }

  focus() {
    this.body.querySelector(`tr[data-at="${this.active}"]`)?.focus({ preventScroll: true });
  }

  open(row) {
    if (!row?.dataset.place) return;
    this.active = Number(row.dataset.at);
    for (const each of this.body.querySelectorAll("tr[data-at]")) each.tabIndex = each === row ? 0 : -1;
    showDetail(Number(row.dataset.place), this.ask);
  }
}

function spacer(rows) {
  const cell = h("td", { colspan: "4" });
  cell.style.height = `${Math.max(0, rows) * ROW}px`;
  return h("tr", { "aria-hidden": "true", class: "spacer" }, cell);
}
