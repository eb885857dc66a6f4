// Elements made of names and texts. Nothing in this page ever takes a string for markup: children are text nodes.

// Text that runs backwards, or cannot be seen, makes one name look like another: such characters are spelled out.
const UNSEEN = /[^\P{C}\n]|[\p{Zl}\p{Zp}]/gu;
const spelled = (text) =>
  text.replace(UNSEEN, (character) => `\\u{${character.codePointAt(0).toString(16).padStart(4, "0")}}`);

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : spelled(String(value)));
  }
  element.append(
    ...children
      .flat(Infinity)
      .filter((child) => child !== null && child !== undefined && child !== false)
      .map((child) => (child instanceof Node ? child : spelled(String(child)))),
  );
  return element;
}

const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
const s = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);
const byId = (id) => document.getElementById(id);
const show = (id, ...children) => {
  const place = byId(id);
  place.hidden = false;
  place.replaceChildren(...children.flat(Infinity).filter(Boolean));
  return place;
};

// A section's heading, whose id names the section for a screen reader.
const heading = (section, text, note) =>
  h("div", { class: "head" }, h("h2", { id: `${section}-title` }, text), note ? h("p", { class: "note" }, note) : null);

function table(caption, columns, rows, attributes = {}) {
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    h(
      "table",
      attributes,
      h("caption", {}, caption),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          columns.map((column) => h("th", { scope: "col", class: column.class }, column.name ?? column)),
        ),
      ),
      h("tbody", {}, rows),
    ),
  );
}
