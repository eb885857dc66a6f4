// How to verify one's own copy: the digest to recognise it by, and the command.

function showCopy() {
  const command = facts.command.join(" ");
  const told = h("span", { role: "status", class: "note" });
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(command);
      told.textContent = "copied";
    } catch {
      told.textContent = "this browser copies nothing from here: select the text";
    }
  };
  show(
    "own",
    heading("own", "Verify with your own copy"),
    h("p", {}, "Get the file and the trust file from where you trust them, not from whoever gave you this page."),
    h(
      "dl",
      { class: "facts" },
      pair("File", facts.file),
      pair("SHA-256 of the file", code(facts.fileSha256)),
      facts.fileSha256 === facts.content.sha256 ? null : pair("SHA-256 unpacked", code(facts.content.sha256)),
      verdict ? pair("SHA-256 of the trust file", code(verdict.trust.sha256)) : null,
      verdict?.policy ? pair("SHA-256 of the policy", code(verdict.policy.sha256)) : null,
    ),
    h(
      "div",
      { class: "command" },
      h("pre", { tabindex: "0", "aria-label": "Command" }, command),
      h("button", { type: "button", onclick: copy }, "Copy"),
    ),
    told,
    verdict
      ? h(
          "p",
          { class: "note" },
          "Evidence grows old. To judge as of the same time as this page, add ",
          code(`--at ${verdict.at}`),
          ".",
        )
      : null,
  );
  show(
    "foot",
    h(
      "p",
      {},
      `Made by ${facts.maker} at ${said(facts.madeAt)} UTC. Nothing was loaded, and nothing leaves this page.`,
    ),
  );
}
