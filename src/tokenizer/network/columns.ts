/** Columns `from` to `to` of `[rows, columns]`; views of the data where they lie together. */
export function takeColumns<Data extends Float32Array | Int32Array>(data: Data, rows: number, from: number, to: number): Data {
  const columns = data.length / rows;
  if (from === 0 && to === columns) return data;
  if (rows === 1) return data.subarray(from, to) as Data;
  const taken = data.slice(0, rows * (to - from)) as Data;
  for (let row = 0; row < rows; row++) taken.set(data.subarray(row * columns + from, row * columns + to), row * (to - from));
  return taken;
}

/** Writes `[rows, columns]` into a wider `[rows, …]` from column `at` on. */
export function putColumns<Data extends Float32Array | Int32Array>(
  target: Data,
  data: Data,
  { rows, at, columns }: { readonly rows: number; readonly at: number; readonly columns: number },
): void {
  const width = target.length / rows;
  for (let row = 0; row < rows; row++) target.set(data.subarray(row * columns, (row + 1) * columns), row * width + at);
}

/** Arrays `[rows, columns]` side by side. */
export function joinColumns<Data extends Float32Array | Int32Array>(
  parts: readonly Data[],
  rows: number,
  create: (length: number) => Data,
): Data {
  if (parts.length === 1) return parts[0]!;
  const columns = parts.reduce((sum, { length }) => sum + length / rows, 0);
  const joined = create(rows * columns);
  let at = 0;
  for (const data of parts) {
    const width = data.length / rows;
    putColumns(joined, data, { rows, at, columns: width });
    at += width;
  }
  return joined;
}
