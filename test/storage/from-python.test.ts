import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { CodesError } from "../../src/core/index.ts";
import { parseCodes } from "../../src/storage/index.ts";

// The files are from numpy/make.py: code 10 k + t for codebook k = 0…2 and frame t = 0…3.
const bytesOf = (file: string) => readFileSync(new URL(`numpy/${file}`, import.meta.url));
const codes = Uint16Array.of(0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23);
const context = { sampleRate: 24_000, channels: 1, hopLength: 320, codebookSize: 1024 };

describe("files from Python", () => {
  test.each(["int64.npy", "uint8.npy", "big-endian.npy", "fortran.npy", "transformers.npy", "bare.npz"])(
    "%s is read with a context",
    async (file) => {
      const read = await parseCodes(bytesOf(file), { context, name: file });
      expect(read.data).toEqual(codes);
      expect(read).toMatchObject({ shape: [1, 3, 4], numSamples: 1280, bandwidth: 2.25, scales: null });
      await expect(parseCodes(bytesOf(file), { name: file })).rejects.toThrow(`${file} does not say its sample_rate`);
    },
  );

  test.each(["savez.npz", "save-file.safetensors"])("%s names its codec itself", async (file) => {
    const read = await parseCodes(bytesOf(file));
    expect(read.data).toEqual(codes);
    expect(read).toMatchObject({ ...context, shape: [1, 3, 4], numSamples: 1250, bandwidth: 2.25 });
    expect(read.provenance).toEqual({ model: "bücher/🎵", revision: null, digest: null, license: null, licenseStatus: null });
  });

  test("savez-compressed.npz has segments and scales in float64", async () => {
    const read = await parseCodes(bytesOf("savez-compressed.npz"));
    expect(read.data).toEqual(Uint16Array.of(...codes, ...codes));
    expect(read.scales).toEqual(Float32Array.of(0.5, 0.25));
    expect(read).toMatchObject({ shape: [2, 3, 4], numSamples: 2480, segment: { length: 1280, stride: 1200 } });
  });

  test.each([
    ["float.npy", /float\.npy holds codes of type f4; codes are integers/],
    ["pickled.npy", /pickled\.npy holds elements of dtype "\|O"; expected integers/],
  ])("%s is refused", async (file, message) => {
    const read = parseCodes(bytesOf(file), { context, name: file });
    await expect(read).rejects.toThrow(CodesError);
    await expect(read).rejects.toThrow(message);
  });
});
