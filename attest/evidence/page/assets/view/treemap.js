// The treemap of coverage: origins, what they are made of, and the files, each as large as its share.

const HEIGHT = 340;
const HEAD = 20;
const ROOM = { width: 64, height: 48 };

function treemap(node, { by }, width, go) {
  const box = { x: 0, y: 0, width, height: HEIGHT };
  const where = node.path.length ? node.path.join("/") : "all files";
  const largest = node.children.slice(0, 5).map((each) => `${each.name} ${number(each[by])}`);
  const label = `Treemap of ${where} by ${by}: ${largest.join(", ")}`;
  return s(
    "svg",
    { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: "img", "aria-label": label, class: "treemap" },
    cellsOf(node, box, by, go, 0),
  );
}

function cellsOf(node, box, by, go, depth) {
  const weigh = (each) => each[by] || (by === "bytes" ? 1 : 0);
  const more = node.hidden
    ? [{ ...node.rest, name: `${number(node.hidden)} more`, path: node.path, children: [] }]
    : [];
  const there = [...node.children, ...more].filter((each) => weigh(each) > 0);
  return squarify(there.map(weigh), box).map((cell, at) => cellOf(there[at], cell, by, go, depth));
}

function cellOf(node, { x, y, width, height }, by, go, depth) {
  const opens = node.children.length > 0 && width > ROOM.width && height > ROOM.height;
  const inside = { x: x + 3, y: y + HEAD + 1, width: width - 6, height: height - HEAD - 4 };
  const goes = node.inner ? node.path : node.path.slice(0, -1);
  return s(
    "g",
    {},
    s(
      "g",
      { class: `cell ${node.path[0]} ${depth ? "deep" : ""}`, onclick: () => go(goes) },
      s("title", {}, `${node.path.join("/")}: ${plural(node.files, "file")}, ${size(node.bytes)}`),
      s("rect", {
        x: x + 0.6,
        y: y + 0.6,
        width: Math.max(0, width - 1.2),
        height: Math.max(0, height - 1.2),
        rx: 1.5,
      }),
      nameOf(node, x, y, width, height, depth),
    ),
    opens ? cellsOf(withoutSteps(node), inside, by, go, depth + 1) : null,
  );
}

// What holds one thing alone needs no frame of its own.
function withoutSteps(node) {
  const [only, another] = node.children;
  return !another && !node.hidden && only.children.length ? withoutSteps(only) : node;
}

// A name that does not fit is no name: it stands in the title and in the table.
function nameOf({ name, files }, x, y, width, height, depth) {
  const fits = Math.floor((width - 10) / (depth ? 5.9 : 6.8));
  if (height < 17 || fits < 4) return null;
  const count = ` ${number(files)}`;
  const text = name.length <= fits ? name : `${name.slice(0, fits - 1)}…`;
  const room = name.length + count.length + 1 <= fits && files > 1;
  return s(
    "text",
    { x: x + 6, y: y + 14, class: depth ? "small" : "" },
    text,
    room ? s("tspan", { class: "count" }, count) : null,
  );
}
