// Coverage as a tree: how the digest of each file is known, then where it lies.

const ORIGINS = ["built", "listed", "locked", "derived", "site"];
const SHOWN = 240;

const newNode = (name) => ({ name, files: 0, bytes: 0, children: new Map(), leaf: false, more: 0 });

function addFile(root, path, bytes) {
  let node = root;
  for (const name of path) {
    node.files += 1;
    node.bytes += bytes;
    if (!node.children.has(name)) node.children.set(name, newNode(name));
    node = node.children.get(name);
  }
  node.files += 1;
  node.bytes += bytes;
  node.leaf = true;
}

// Down to files, from the manifest. What is derived again has no size of its own there.
function treeOfManifest({ entries }) {
  const root = newNode("all");
  for (const entry of entries) addFile(root, [entry.origin, entry.root, ...entry.path.split("/")], entry.size ?? 0);
  return root;
}

// Without one: the sealed figures, and the names of what nobody answers for.
function treeOfFigures({ assurance, unclaimed }) {
  const root = newNode("all");
  for (const origin of ORIGINS) {
    const { files, bytes } = assurance[origin];
    if (!files) continue;
    root.files += files;
    root.bytes += bytes;
    root.children.set(origin, { ...newNode(origin), files, bytes });
  }
  const site = root.children.get("site");
  for (const path of site ? unclaimed.paths : []) {
    site.children.set(path, { ...newNode(path), files: 1, leaf: true });
  }
  return root;
}

// What stands at a path: the largest children, and how many are not shown.
function lookAt(root, path, by) {
  let node = root;
  for (const name of path) node = node?.children.get(name);
  if (!node) return null;
  const weigh = (each) => each[by] || 0;
  const all = [...node.children.values()].sort(
    (one, other) => weigh(other) - weigh(one) || (one.name < other.name ? -1 : 1),
  );
  const plain = ({ name, files, bytes, leaf, children }) => ({ name, files, bytes, leaf, inner: children.size });
  const rest = all
    .slice(SHOWN)
    .reduce((sum, each) => ({ files: sum.files + each.files, bytes: sum.bytes + each.bytes }), { files: 0, bytes: 0 });
  return {
    ...plain(node),
    path,
    children: all.slice(0, SHOWN).map(plain),
    hidden: Math.max(0, all.length - SHOWN),
    rest,
  };
}
