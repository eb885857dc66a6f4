// One piece at a time: what is being read is in memory, and what was read is unpacked again when somebody asks.

async function gunzip(octets) {
  const stream = new Blob([octets]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
