// What nobody can know from this page; said as plainly as what it found.

function showLimits(result) {
  const keys = facts.keys.map((key) =>
    h("tr", {}, h("th", { scope: "row" }, key.role), h("td", {}, key.algorithm), h("td", {}, code(key.keyid))),
  );
  const items = [
    [
      h("strong", {}, "Who made this page. "),
      "Whoever can change the page can change what it says of itself, this sentence too. A page proves nothing about ",
      "its maker: verify your own copy of the file, with your own trust file.",
    ],
    facts.keys.length
      ? [
          h("strong", {}, "Whose keys these are. "),
          "Signatures were checked with the keys below, which came in the page. Only a trust file says ",
          "that they are the right ones",
          verdict ? [": this page was made with the one of sha256 ", code(verdict.trust.sha256)] : "",
          ".",
        ]
      : [
          h("strong", {}, "Whose signatures these are. "),
          "No trust file was given when the page was made, so no key came with it.",
        ],
    [
      h("strong", {}, "Build evidence. "),
      "Certificates, transparency logs, provenance and SBOMs are not judged here; only that their bytes are those ",
      "that the reference names.",
    ],
    [
      h("strong", {}, "Rules, times and policy. "),
      "Whether every call followed the sealed rules, whether cycles came in time, whether anything is revoked or too ",
      "old by now: that is the verdict's word, from the time it was made.",
    ],
    [
      h("strong", {}, "What came afterwards. "),
      "Evidence ends with its last checkpoint. What was done since is not in it.",
    ],
    result?.anchors
      ? [
          h("strong", {}, "Since when this exists. "),
          `The evidence holds ${plural(result.anchors, "time stamp")} over its checkpoints; who stamped, and what, is `,
          "not checked here.",
        ]
      : null,
    result?.certified?.length
      ? [
          h("strong", {}, "Who made the key of a job. "),
          `Key ${result.certified.join(", ")} came in the evidence, with an attestation of the job that made it; that `,
          "this job may write is the verdict's word.",
        ]
      : null,
    result?.missing?.length
      ? [h("strong", {}, "This browser. "), `${result.missing.join("; ")}. A newer one can.`]
      : null,
  ].filter(Boolean);
  show(
    "limits",
    heading("limits", "What this page cannot tell you"),
    h(
      "ul",
      { class: "limits" },
      items.map((item) => h("li", {}, item)),
    ),
    keys.length
      ? table("Keys that came with this page", ["Role", "Algorithm", "Key id: SHA-256 of the public key"], keys)
      : null,
  );
}
