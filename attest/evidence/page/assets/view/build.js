// What the build evidence says, as the verdict judged it: who signed, who built, from where. Nothing is judged again.

function showBuild() {
  const rows = verdict?.attestations ?? [];
  if (!rows.length) return;
  const level = (value) => (value === null || value === undefined ? "" : `SLSA ${value}`);
  show(
    "build",
    heading("build", "What built it", "the verdict's word: certificates are not judged in a browser"),
    table(
      "Build evidence, as the verdict judged it",
      ["What", "Signed by", "Builder", "Source", "Level"],
      rows.map((each) =>
        h(
          "tr",
          {},
          h(
            "th",
            { scope: "row" },
            each.format,
            h("code", {}, each.predicateType ?? ""),
            h("code", {}, `sha256:${each.digest}`),
          ),
          h("td", {}, signerOf(each)),
          h("td", {}, each.builder ?? ""),
          h("td", {}, each.source ?? ""),
          h("td", {}, level(each.slsaLevel)),
        ),
      ),
      { class: "plain" },
    ),
  );
}

function signerOf({ identity, issuer, signers }) {
  if (identity) return [identity, h("small", {}, ` by ${issuer}`)];
  return signers?.length ? signers.map((each) => h("div", {}, "key ", code(brief(each)))) : "nobody";
}
