// Reads {root, artifact, bundles} as JSON from stdin; prints one true or false a bundle: what @sigstore/verify says.
const { bundleFromJSON } = require("@sigstore/bundle");
const { TrustedRoot } = require("@sigstore/protobuf-specs");
const { Verifier, toSignedEntity, toTrustMaterial } = require("@sigstore/verify");

const asked = JSON.parse(require("fs").readFileSync(0, "utf8"));
const verifier = new Verifier(toTrustMaterial(TrustedRoot.fromJSON(asked.root)), {});
const artifact = Buffer.from(asked.artifact, "base64");

for (const document of asked.bundles) {
  let passed = true;
  try {
    const bundle = bundleFromJSON(document);
    verifier.verify(toSignedEntity(bundle, document.messageSignature ? artifact : undefined));
  } catch (error) {
    passed = false;
    if (process.env.EXPLAIN) console.error(String(error));
  }
  console.log(passed);
}
