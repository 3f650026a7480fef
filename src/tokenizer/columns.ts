import type { Tile } from "./tiles.ts";

/** Columns `from` to `to` of `[rows, columns]`; the array itself if these are all. */
export function takeColumns<Data extends Float32Array | Int32Array>(data: Data, rows: number, from: number, to: number): Data {
  const columns = data.length / rows;
  if (rows === 1) return data.subarray(from, to) as Data;
  if (from === 0 && to === columns) return data;
  const taken = data.slice(0, rows * (to - from)) as Data;
  for (let row = 0; row < rows; row++) taken.set(data.subarray(row * columns + from, row * columns + to), row * (to - from));
  return taken;
}

/** Writes `[rows, some columns]` into `[rows, columns]` from column `from` on. */
export function putColumns(target: Float32Array, data: Float32Array, rows: number, from: number): void {
  const columns = target.length / rows;
  const width = data.length / rows;
  for (let row = 0; row < rows; row++) target.set(data.subarray(row * width, (row + 1) * width), row * columns + from);
}

/** Joins `[rows, columns]` tiles in time, each without its context. @param step Columns per frame. */
export function joinRows<Data extends Float32Array | Int32Array>(
  tiles: readonly { readonly tile: Tile; readonly data: Data }[],
  rows: number,
  columns: number,
  create: (length: number) => Data,
  step = 1,
): Data {
  const joined = create(rows * columns);
  for (const { tile, data } of tiles) {
    const width = data.length / rows;
    for (let row = 0; row < rows; row++) {
      const own = data.subarray(row * width + (tile.start - tile.from) * step, row * width + (tile.end - tile.from) * step);
      joined.set(own, row * columns + tile.start * step);
    }
  }
  return joined;
}
