import { zipSync } from "fflate";
import { crc32 } from "../../src/core/index.ts";
import { parseBarkPrompt } from "../../src/patterns/index.ts";
import { formatArray, parseCodes } from "../../src/storage/index.ts";
import { formatText } from "../../src/storage/npy.ts";
import { fuzz } from "./fuzz.ts";

const number = (value: number): Uint8Array => formatArray("<u2", [], Uint8Array.of(value & 255, value >> 8));
const fields = {
  sample_rate: number(800),
  channels: number(1),
  hop_length: number(4),
  codebook_size: number(9),
  num_samples: number(7),
  model: formatText("m"),
};
const codes = formatArray("|u1", [1, 2], Uint8Array.of(1, 2));
const arrays = (all: Record<string, Uint8Array>): Record<string, Uint8Array> =>
  Object.fromEntries(Object.entries(all).map(([name, npy]) => [`${name}.npy`, npy]));
const stored = zipSync(arrays({ codes, ...fields }), { level: 0 });
const packed = zipSync(arrays({ codes, ...fields }), { level: 9 });
const dictionary = [
  "PK\u0001\u0002",
  "PK\u0003\u0004",
  "PK\u0005\u0006",
  "codes.npy",
  "scales.npy",
  "'<f4'",
  "'<U2'",
  "(2, 1)",
  "(1,)",
  "True",
];

fuzz({ name: "npz", seeds: [stored, packed], dictionary, parse: (bytes) => parseCodes(bytes, { format: "npz" }) });

fuzz({ name: "npz with right checksums", seeds: [stored], dictionary, parse: (bytes) => parseCodes(summed(bytes), { format: "npz" }) });

const prompt = {
  semantic_prompt: formatArray("<u2", [11], new Uint8Array(22)),
  coarse_prompt: formatArray("|u1", [2, 16], new Uint8Array(32)),
  fine_prompt: formatArray("|u1", [8, 16], new Uint8Array(128)),
};

fuzz({
  name: "Bark prompts",
  seeds: [zipSync(arrays(prompt), { level: 0 })],
  dictionary: ["'<i8'", "(8, 16)", "True"],
  parse: (bytes) => parseBarkPrompt(summed(bytes)),
});

/** The archive with the checksums of what its stored files hold, so that changes get through to those who read arrays. */
function summed(bytes: Uint8Array): Uint8Array {
  const archive = new Uint8Array(bytes);
  const view = new DataView(archive.buffer);
  for (let at = 0; at + 46 <= archive.length; at++) {
    if (view.getUint32(at, true) !== 0x02014b50) continue;
    const header = view.getUint32(at + 42, true);
    if (header + 30 > archive.length) continue;
    const start = header + 30 + view.getUint16(header + 26, true) + view.getUint16(header + 28, true);
    view.setUint32(at + 16, crc32(archive.subarray(start, start + view.getUint32(at + 20, true))), true);
  }
  return archive;
}
