// What the maker of the page wrote into it, read once; everything else comes from the evidence.

const facts = JSON.parse(textOf(fromBase64(byId("facts").textContent)));
const verdict = facts.verdict;
const isBundle = !verdict || verdict.kind === "evidence-bundle";
document.title = spelled(`${verdict ? verdict.verdict : "Not judged"} · ${facts.file} · evidence report`);
