// How well the files of a server are known: by origin, down to the file where the manifest is here.

function showCoverage(references, ask) {
  if (!references.length) return;
  const state = { reference: references[0], path: [], by: "files" };
  const body = h("div", { class: "coverage" });
  const redraw = async () => body.replaceChildren(...(await coverageOf(state, ask, redraw)));
  const chooser =
    references.length > 1
      ? h(
          "label",
          {},
          "Reference ",
          h(
            "select",
            {
              onchange: (event) => {
                state.reference = references[event.target.selectedIndex];
                state.path = [];
                redraw();
              },
            },
            references.map((each) =>
              h("option", {}, `${each.server.name} ${each.server.version ?? ""} ${brief(each.digest)}`),
            ),
          ),
        )
      : null;
  const ways = h(
    "label",
    {},
    "Area ",
    h(
      "select",
      {
        onchange: (event) => {
          state.by = event.target.value;
          redraw();
        },
      },
      h("option", { value: "files" }, "by files"),
      h("option", { value: "bytes" }, "by bytes"),
    ),
  );
  show(
    "coverage",
    heading("coverage", "How well its files are known"),
    h("div", { class: "controls" }, chooser, ways),
    body,
  );
  redraw();
}

async function coverageOf(state, ask, redraw) {
  const { reference, path, by } = state;
  const node = await ask("tree", { digest: reference.digest, path, by });
  const go = (to) => {
    state.path = to;
    redraw();
  };
  const { server, assurance } = reference;
  const about = h(
    "p",
    { class: "note" },
    h("strong", {}, `${server.name} ${server.version ?? ""}`),
    ` sealed ${said(reference.sealedAt)} UTC, reference sha256 `,
    code(reference.digest),
    ". ",
    sourceOf(reference),
  );
  const picture = h("div", { class: "picture" });
  const draw = () => picture.replaceChildren(treemap(node, state, Math.max(280, picture.clientWidth), go));
  new ResizeObserver(draw).observe(picture);
  return [
    about,
    share(assurance),
    crumbs(path, go),
    picture,
    h("details", { open: path.length > 0 }, h("summary", {}, "The same as a table"), tableOfNode(node, go)),
    path.length ? null : artifacts(reference),
  ].filter(Boolean);
}

function sourceOf({ whole, unbound, outside, assurance }) {
  const from = whole
    ? "Down to files, from the manifest that was at hand; its digest is the one in the signed reference."
    : "By origin alone, from the sealed figures: no bundle holds a manifest. Made with --reference REF, where " +
      "REF.manifest.jsonl lies beside, the page goes down to files.";
  const left = [
    unbound ? `${plural(unbound, "named part is", "named parts are")} bound to no file.` : "",
    outside ? `${plural(outside, "thing runs", "things run")} with it unmeasured.` : "",
  ];
  return [from, `Weakest: ${assurance.least}.`, ...left].filter(Boolean).join(" ");
}

// One bar, the shares of files.
function share(assurance) {
  const origins = Object.keys(ORIGIN_WORDS);
  const total = origins.reduce((sum, origin) => sum + assurance[origin].files, 0) || 1;
  return h(
    "ul",
    { class: "shares" },
    origins
      .filter((origin) => assurance[origin].files)
      .map((origin) => {
        const row = h(
          "li",
          { class: `origin ${origin}` },
          h("strong", {}, origin),
          ` ${percent(assurance[origin].files / total)}`,
          h(
            "small",
            {},
            `${plural(assurance[origin].files, "file")}, ${size(assurance[origin].bytes)}: ${ORIGIN_WORDS[origin]}`,
          ),
        );
        row.style.setProperty("--share", String(assurance[origin].files / total));
        return row;
      }),
  );
}

const crumbs = (path, go) =>
  path.length
    ? h(
        "nav",
        { class: "crumbs", "aria-label": "Place in the tree" },
        ["all files", ...path].map((name, at) =>
          at === path.length
            ? h("span", { "aria-current": "true" }, name)
            : h("button", { type: "button", class: "link", onclick: () => go(path.slice(0, at)) }, name),
        ),
      )
    : null;

function tableOfNode(node, go) {
  const rows = node.children.map((each) =>
    h(
      "tr",
      {},
      h(
        "th",
        { scope: "row" },
        each.inner
          ? h("button", { type: "button", class: "link", onclick: () => go(each.path) }, each.name)
          : each.name,
      ),
      h("td", { class: "right" }, number(each.files)),
      h("td", { class: "right" }, size(each.bytes)),
    ),
  );
  const rest = node.hidden
    ? h(
        "tr",
        {},
        h("th", { scope: "row" }, `${number(node.hidden)} more`),
        h("td", { class: "right" }, number(node.rest.files)),
        h("td", { class: "right" }, size(node.rest.bytes)),
      )
    : null;
  return table(
    `Files of ${node.path.length ? node.path.join("/") : "each origin"}`,
    ["Name", { name: "Files", class: "right" }, { name: "Bytes", class: "right" }],
    [...rows, rest].filter(Boolean),
  );
}

function artifacts({ artifacts: rows }) {
  if (!rows.length) return null;
  return h(
    "details",
    {},
    h("summary", {}, `${plural(rows.length, "artifact")} bound to its files`),
    table(
      "Artifacts of the reference",
      ["Artifact", "Origin", "Digest"],
      rows.map((each) =>
        h(
          "tr",
          {},
          h("th", { scope: "row" }, each.name),
          h("td", {}, each.origin),
          h(
            "td",
            {},
            code(
              Object.entries(each.digest)
                .map(([name, value]) => `${name}:${value}`)
                .join(" "),
            ),
          ),
        ),
      ),
    ),
  );
}
