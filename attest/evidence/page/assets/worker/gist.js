// What a receipt says, in a few words; the table and the search show nothing else.

const CALLED = (call) => `${call?.method ?? ""} ${call?.tool ?? ""}`.trim();

const GISTS = {
  permit: (whole) => `${CALLED(whole.call)}: permitted by ${whole.permit.rule}`,
  outcome: (whole) => `${CALLED(whole.call)}: ${whole.outcome.status} of ${whole.outcome.decision}`,
  denial: ({ denial }) => {
    const times = denial.repeated > 1 ? `, ${denial.repeated} times` : "";
    const passed = denial.enforced ? "" : ", let pass (audit only)";
    return `${CALLED(denial.call)}: denied by ${denial.rule}${times}${passed}`;
  },
  drift: ({ drift }) => `${drift.principal}: ${drift.rule}, ${drift.response}`,
  findings: ({ findings }) => {
    const [first] = findings.findings;
    const more = findings.total > 1 ? ` and ${findings.total - 1} more` : "";
    return first ? `${findings.state}: ${first.kind} ${first.where}${more}` : findings.state;
  },
  event: ({ event }) => {
    const turned = event.after ? `${event.before} to ${event.after}` : "";
    return [event.kind, event.action, turned, event.result, event.outcome].filter(Boolean).join(" · ");
  },
  measured: ({ measured }) => {
    const { window } = measured;
    const cycles = window ? `${window.last - window.first + 1} cycles matched, ` : "matched, ";
    return `${cycles}${measured.coverage.files} files`;
  },
};

function gistOf(predicate) {
  for (const [field, say] of Object.entries(GISTS)) {
    if (predicate && typeof predicate[field] === "object" && predicate[field] !== null) {
      try {
        return String(say(predicate)).slice(0, 400);
      } catch {
        return "";
      }
    }
  }
  return "";
}
