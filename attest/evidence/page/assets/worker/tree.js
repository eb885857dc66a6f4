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

// What stands at a path, and some of what is in that: as much as a picture has room for, the largest first.
function lookAt(root, path, by) {
  let node = root;
  for (const name of path) node = node?.children.get(name);
  return node ? seen(node, path, by, [SHOWN, 40, 40, 60]) : null;
}

function seen(node, path, by, shown) {
  const { name, files, bytes, leaf } = node;
  const told = { name, path, files, bytes, leaf, inner: node.children.size, children: [], hidden: 0, rest: null };
  if (!shown.length) return told;
  const weigh = (each) => each[by] || 0;
  const all = [...node.children.values()].sort(
    (one, other) => weigh(other) - weigh(one) || (one.name < other.name ? -1 : 1),
  );
  told.children = all.slice(0, shown[0]).map((each) => straight(each, [...path, each.name], by, shown.slice(1)));
  told.hidden = Math.max(0, all.length - shown[0]);
  told.rest = all
    .slice(shown[0])
    .reduce((sum, each) => ({ files: sum.files + each.files, bytes: sum.bytes + each.bytes }), { files: 0, bytes: 0 });
  return told;
}

// A folder that holds one folder and nothing else is no step of its own.
function straight(node, path, by, shown) {
  let [deepest, names] = [node, [node.name]];
  while (deepest.children.size === 1 && path.length > 1) {
    const [only] = deepest.children.values();
    if (only.leaf) break;
    deepest = only;
    names = [...names, only.name];
    path = [...path, only.name];
  }
  return { ...seen(deepest, path, by, shown), name: names.join("/") };
}
