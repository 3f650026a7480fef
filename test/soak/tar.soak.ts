import { pack } from "tar-stream";
import { bytesSource } from "../../src/core/index.ts";
import { DatasetError } from "../../src/dataset/folder/dataset-error.ts";
import { rowsOfTar } from "../../src/dataset/inputs/read-tar.ts";
import { fuzz } from "./fuzz.ts";

async function tarOf(entries: readonly (readonly [name: string, bytes: string])[]): Promise<Uint8Array> {
  const tar = pack();
  for (const [name, bytes] of entries) tar.entry({ name, mtime: new Date(0), pax: name.length > 20 ? { comment: "x" } : null }, bytes);
  tar.finalize();
  const pieces: Uint8Array[] = [];
  for await (const piece of tar) pieces.push(piece as Uint8Array);
  return Buffer.concat(pieces).subarray(0, -1024);
}

/** A header's sum is over its other bytes: without this, nearly every change would be refused by it. */
function withSums(bytes: Uint8Array): Uint8Array {
  const tar = Uint8Array.from(bytes);
  for (let start = 0; start + 512 <= tar.length; start += 512) {
    const header = tar.subarray(start, start + 512);
    if (String.fromCharCode(...header.subarray(257, 262)) !== "ustar") continue;
    header.fill(0x20, 148, 156);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.set(Buffer.from(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
  }
  return tar;
}

fuzz({
  name: "tar",
  seeds: [
    await tarOf([
      ["a.wav", "123"],
      ["a.json", '{"text":"x"}'],
    ]),
    await tarOf([
      ["a/b.left.flac", ""],
      [`${"deep/".repeat(25)}ü.mp3`, "1"],
    ]),
  ],
  dictionary: ["ustar\x0000", "ustar  \0", "path=", "size=", "L", "x", "K", "g", "00000001000"],
  async parse(bytes) {
    let isDamaged = false;
    for await (const row of rowsOfTar(bytesSource(withSums(bytes), "fuzz.tar"), { input: 0, path: "fuzz.tar", prefix: "" })) {
      JSON.stringify(row);
      if (row.problem !== undefined) isDamaged = true;
    }
    // Damage is a row: that is how a tar is refused.
    if (isDamaged) throw new DatasetError("DATASET_INPUT", "it is damaged");
  },
});
