// The other side of the conversation with the worker: hands it the pieces it wants, one at a time, so that neither
// reading nor checking ever keeps the page from answering.

function startWorker({ progress, done, failed }) {
  // Where the browser has Trusted Types, this one string is the only one that may become a program.
  const makesScript = (text) => URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  const policy = window.trustedTypes?.createPolicy("attest", { createScriptURL: makesScript });
  const source = byId("worker").textContent;
  const worker = new Worker(policy ? policy.createScriptURL(source) : makesScript(source));
  const waiting = new Map();
  let asked = 0;
  const hear = {
    want: (id) => worker.postMessage({ kind: "piece", value: byId(id).textContent }),
    progress,
    done,
    failed,
  };
  worker.onmessage = ({ data: { kind, value, number } }) => {
    if (kind !== "answer") hear[kind](value);
    else {
      waiting.get(number)(value);
      waiting.delete(number);
    }
  };
  worker.onerror = (event) => failed(event.message || "the worker could not be started");
  worker.postMessage({ kind: "begin", value: facts });
  return (kind, value) =>
    new Promise((resolve) => {
      asked += 1;
      waiting.set(asked, resolve);
      worker.postMessage({ kind, value, number: asked });
    });
}
