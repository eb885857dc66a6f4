// A squarified treemap (Bruls, Huizing and van Wijk, 2000): areas in proportion, cells as near to squares as they come.

function squarify(weights, { x, y, width, height }) {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const cells = [];
  let room = { x, y, width, height };
  let left = total;
  for (let at = 0; at < weights.length;) {
    const along = Math.min(room.width, room.height);
    const scale = (room.width * room.height) / (left || 1);
    let end = at + 1;
    while (end < weights.length && worst(weights, at, end + 1, scale, along) <= worst(weights, at, end, scale, along))
      end += 1;
    const sum = weights.slice(at, end).reduce((whole, weight) => whole + weight, 0);
    const thick = along ? (sum * scale) / along : 0;
    let offset = 0;
    for (; at < end; at += 1) {
      const long = sum ? (weights[at] / sum) * along : 0;
      cells.push(
        room.width >= room.height
          ? { x: room.x, y: room.y + offset, width: thick, height: long }
          : { x: room.x + offset, y: room.y, width: long, height: thick },
      );
      offset += long;
    }
    left -= sum;
    room =
      room.width >= room.height
        ? { ...room, x: room.x + thick, width: Math.max(0, room.width - thick) }
        : { ...room, y: room.y + thick, height: Math.max(0, room.height - thick) };
  }
  return cells;
}

// The longest cell of a row, as the ratio of its sides.
function worst(weights, from, to, scale, along) {
  let [sum, most, least] = [0, 0, Infinity];
  for (let at = from; at < to; at += 1) {
    const area = weights[at] * scale;
    sum += area;
    most = Math.max(most, area);
    least = Math.min(least, area);
  }
  const side = sum * sum;
  return Math.max((along * along * most) / side, side / (along * along * Math.max(least, 1e-9)));
}
