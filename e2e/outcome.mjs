// Reads a stored result in the test's own words, so that the page's decoder is not its own witness.
// Layout: solver/src/study/bytes.rs. Little-endian: `BRNO`, version, JSON header, meshes, then 16-bit fields.

/** `{ header, fields }`; each field is the header's with its values, SI, as numbers. */
export function decode(buffer) {
  const bytes = new Uint8Array(buffer);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const word = () => { const v = view.getUint32(at, true); at += 4; return v; };
  const float = () => { const v = view.getFloat32(at, true); at += 4; return v; };
  const block = () => { const n = word(); const part = bytes.subarray(at, at + n); at += n; return part; };
  if (new TextDecoder().decode(bytes.subarray(0, 4)) !== 'BRNO') throw new Error('these bytes are not a result');
  at = 4;
  if (word() !== 2) throw new Error('another version of the format');
  const header = JSON.parse(new TextDecoder().decode(block()));
  for (const mesh of header.meshes) {
    if (mesh.kind !== 'surface') throw new Error('a volume, where the surface was asked for');
    block();
  }
  const fields = header.fields.map((field) => {
    const n = word();
    const components = Math.max(1, field.components);
    const values = new Array(n);
    for (let c = 0; c < components; c += 1) {
      const low = float();
      const step = float();
      for (let i = c; i < n; i += components) { values[i] = low + step * view.getUint16(at, true); at += 2; }
    }
    return { ...field, values };
  });
  if (at !== bytes.length) throw new Error(`${bytes.length - at} bytes left over`);
  return { header, fields };
}
