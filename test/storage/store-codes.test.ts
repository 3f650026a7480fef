import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AudioCodes, CodesError } from "../../src/core/index.ts";
import { codesFormatOf, codesFormats, formatCodes, parseCodes } from "../../src/storage/index.ts";
import type { CodesFormat } from "../../src/storage/index.ts";
import { clips, codesAt48kHz, segmentedClips, segmentsOf48kHz, wholeClips } from "../core/arbitrary-codes.ts";

/** Formats that hold all that a clip is. */
const fullFormats = codesFormats.filter((format) => format !== "npy");

const speech = new AudioCodes({
  data: Uint16Array.of(1, 2, 3, 1021, 1022, 1023),
  shape: [1, 2, 3],
  scales: null,
  numSamples: 950,
  sampleRate: 24_000,
  channels: 1,
  hopLength: 320,
  codebookSize: 1024,
  bandwidth: 1.5,
  segment: null,
  provenance: {
    model: "facebook/encodec_24khz",
    revision: "c1dbe2ae3f1de713481a3b3e7c47f357092ee040",
    digest: null,
    license: null,
    licenseStatus: null,
  },
});

const text = (bytes: Uint8Array) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
const bytesOf = (content: string) => new TextEncoder().encode(content);
const provenanceIn = async (content: string) =>
  (await parseCodes(Uint8Array.from(content, (character) => character.charCodeAt(0)))).provenance;

describe.each(fullFormats)("%s", (format) => {
  const stored = async (codes: AudioCodes) => parseCodes(formatCodes(codes, format));

  test("gives every clip back, with its scales, length and provenance", async () => {
    await fc.assert(
      fc.asyncProperty(clips, async (codes) => {
        expect(await stored(codes)).toEqual(codes);
      }),
    );
  });

  test("commutes with cutting and joining", async () => {
    await fc.assert(
      fc.asyncProperty(segmentedClips, fc.nat(), async (codes, choice) => {
        const start = choice % codes.numSegments;
        expect((await stored(codes)).sliceSegments(start)).toEqual(await stored(codes.sliceSegments(start)));
      }),
      { numRuns: 30 },
    );
    await fc.assert(
      fc.asyncProperty(wholeClips, async (codes) => {
        const back = await stored(codes);
        expect(AudioCodes.concatenate([back, back])).toEqual(await stored(AudioCodes.concatenate([codes, codes])));
      }),
      { numRuns: 30 },
    );
  });

  test("gives the same bytes for the same codes", () => {
    const codes = codesAt48kHz(60_000);
    expect(formatCodes(codes, format)).toEqual(formatCodes(new AudioCodes(structuredClone({ ...codes })), format));
  });

  test("keeps to what the file says, whatever the context", async () => {
    const back = await parseCodes(formatCodes(speech, format), { context: codesAt48kHz(48_000) });
    expect(back).toEqual(speech);
  });
});

describe.each(["safetensors", "json"] as const)("%s and the license of the model", (format) => {
  const provenance = {
    model: "facebook/encodec_48khz",
    revision: "c3def8e7185ac8c8efdce6eb8c4a651e487a503e",
    digest: "47a15ffbaf7bb76176d0833e10590de0a8988a7848748608cefc36a1c88adfdc",
    license: "MIT",
    licenseStatus: "contested" as const,
    decoder: "ffmpeg 7.1",
  };
  const content = text(formatCodes(new AudioCodes({ ...speech, provenance }), format));

  test("keeps it, its status, the digest of the weights and who decoded the audio under names of their own", async () => {
    expect(content).toMatch(/"digest": ?"47a15ffb/);
    expect(content).toMatch(/"license_status": ?"contested"/);
    expect(content).toMatch(/"decoder": ?"ffmpeg 7\.1"/);
    expect(await provenanceIn(content)).toEqual(provenance);
  });

  test("reads files that were written without digest and status", async () => {
    const plain = content.replace('"digest"', '"dygest"').replace('"license_status"', '"license_stitus"');
    expect(await provenanceIn(plain)).toEqual({ ...provenance, digest: null, licenseStatus: null });
  });

  test("takes a status that it does not know as none", async () => {
    expect((await provenanceIn(content.replace('"contested"', '"arguable!"'))).licenseStatus).toBeNull();
  });
});

describe.each(["safetensors", "json"] as const)("%s of another time", (format) => {
  const content = text(formatCodes(speech, format));

  test.each([
    ["version", /("version": ?"?)1/, "$12", /a\.file has version 2 of the format; .* update/],
    ["kind", "tokenizer/codes", "tokenizer/other", /a\.file is of format "encodec-tokenizer\/other"/],
  ])("is refused by its %s", async (_, from, to, message) => {
    const bytes = Uint8Array.from(content.replace(from, to), (character) => character.charCodeAt(0));
    await expect(parseCodes(bytes, { name: "a.file" })).rejects.toThrow(message);
  });
});

describe("npz", () => {
  test("notices every changed byte of the arrays, by their checksums", async () => {
    const bytes = formatCodes(speech, "npz");
    const start = text(bytes).indexOf("codes.npy") + "codes.npy".length;
    for (let at = start; at < start + 60; at++) {
      const damaged = bytes.slice();
      damaged[at]! ^= 0x10;
      await expect(parseCodes(damaged), `byte ${at}`).rejects.toThrow(/is damaged/);
    }
  });

  test("that declare more than they hold are refused before anything is allocated", async () => {
    const bytes = formatCodes(speech, "npz");
    const directory = text(bytes).indexOf("PK\x01\x02");
    new DataView(bytes.buffer).setUint32(directory + 24, 0x3fffffff, true);
    await expect(parseCodes(bytes, { name: "bomb.npz" })).rejects.toThrow(
      "bomb.npz declares 1073741823 bytes for codes.npy, more than it can hold",
    );
  });
});

describe("npy", () => {
  test("gives back whole frames, with the codec from the context", async () => {
    await fc.assert(
      fc.asyncProperty(wholeClips, async (codes) => {
        const back = await parseCodes(formatCodes(codes, "npy"), { context: codes });
        expect(back.data).toEqual(codes.data);
        expect(back.numSamples).toBe(codes.numFrames * codes.hopLength);
        expect(back).toEqualCodes(new AudioCodes({ ...codes, numSamples: back.numSamples }));
      }),
    );
  });

  test("is refused where scales or a shorter last segment would be lost", () => {
    expect(() => formatCodes(codesAt48kHz(48_000), "npy")).toThrow(/lose the scales .* store them as \.safetensors, \.npz or \.json/);
    expect(() => formatCodes({ ...codesAt48kHz(60_000), scales: null }, "npy")).toThrow(/lose that the last segment is shorter/);
  });

  test("holds several full segments", async () => {
    const context = { sampleRate: 48_000, channels: 2, hopLength: 320, codebookSize: 4, segment: segmentsOf48kHz };
    const codes = AudioCodes.fromTensor({ data: new Uint8Array(600).fill(3), dims: [2, 1, 2, 150] }, context);
    expect(await parseCodes(formatCodes(codes, "npy"), { context })).toEqual(codes);
  });

  test("needs a context", async () => {
    const read = parseCodes(formatCodes(speech, "npy"), { name: "speech.npy" });
    await expect(read).rejects.toThrow(
      "speech.npy does not say its sample_rate, channels, hop_length, codebook_size; give them as the context",
    );
  });
});

describe("json", () => {
  test("can be read by people: fields first, then a line per codebook", () => {
    expect(text(formatCodes(speech, "json"))).toBe(`{
  "format": "encodec-tokenizer/codes",
  "version": 1,
  "sample_rate": 24000,
  "channels": 1,
  "num_samples": 950,
  "hop_length": 320,
  "codebook_size": 1024,
  "bandwidth": 1.5,
  "model": "facebook/encodec_24khz",
  "revision": "c1dbe2ae3f1de713481a3b3e7c47f357092ee040",
  "scales": null,
  "codes": [
    [
      [1, 2, 3],
      [1021, 1022, 1023]
    ]
  ]
}
`);
  });

  test.each([
    ["a list", "[]", /holds an array of 0; expected an object with "codes"/],
    ["a pattern", '{"kind":"delay","numCodebooks":2}', /is a pattern file, not a file of codes/],
    ["an object without codes", "{}", /has no "codes"/],
    ["rows of different lengths", '{"codes": [[1, 2], [3]]}', /an array of 1 in "codes" where an array of 2 is expected/],
    ["text among the codes", '{"codes": [[1, "2"]]}', /text in "codes" where a number is expected/],
    ["a number deeper than the others", '{"codes": [[1, [2]]]}', /an array of 1 in "codes" where a number/],
    ["one bare number", '{"codes": 1}', /shape \[\] is not the codes of one clip/],
    ["a fraction", '{"codes": [[0.5]]}', /value 0.5 at position 0/],
    ["text for a number", '{"codes": [[1]], "sample_rate": "fast"}', /has no number as sample_rate/],
    ["half a file", '{"codes": [[1', /is not JSON; it may be cut short/],
  ])("refuses %s", async (_, content, message) => {
    const read = parseCodes(bytesOf(content), { name: "x.json", context: speech });
    await expect(read).rejects.toThrow(CodesError);
    await expect(read).rejects.toThrow(message);
  });

  test("survives nesting deeper than any stack", async () => {
    const deep = `{"codes": ${"[".repeat(200_000)}${"]".repeat(200_000)}}`;
    await expect(parseCodes(bytesOf(deep), { context: speech })).rejects.toThrow(CodesError);
  });
});

describe("formats", () => {
  test("are named by extensions", () => {
    expect(["a/b.safetensors", "b.NPZ", "c.d.npy", "e.json"].map(codesFormatOf)).toEqual(["safetensors", "npz", "npy", "json"]);
    for (const path of ["codes", "codes.wav", "codes.npy/x", ".json.d/codes"]) {
      expect(() => codesFormatOf(path)).toThrow(`${path} does not name a format for codes; end it in .safetensors, .npz, .npy, .json`);
    }
  });

  test("are recognised by content, a safetensors header of 123 bytes included, which starts like JSON", async () => {
    const header = `{"codes":{"dtype":"U16","shape":[2,3],"data_offsets":[0,12]}}`.padEnd(123);
    const file = new Uint8Array([123, 0, 0, 0, 0, 0, 0, 0, ...bytesOf(header), ...new Uint8Array(speech.data.buffer)]);
    const read = await parseCodes(file, { context: speech });
    expect(read).toEqualCodes(new AudioCodes({ ...speech, numSamples: read.numSamples }));
    await expect(parseCodes(new Uint8Array(0), { name: "x" })).rejects.toThrow("x is not a file of codes: it is empty");
    await expect(parseCodes(bytesOf("RIFF....WAVE"), { name: "x" })).rejects.toThrow(CodesError);
  });

  test("are refused when unknown, and plain data are checked before they are written", () => {
    expect(() => formatCodes(speech, "wav" as CodesFormat)).toThrow(RangeError);
    expect(() => formatCodes({ ...speech, numSamples: 1 }, "json")).toThrow(CodesError);
  });
});

describe.each(codesFormats)("damaged %s files", (format) => {
  const file = formatCodes(format === "npy" ? speech : codesAt48kHz(50_000).selectCodebooks(1), format);
  const context = speech;

  async function expectCodesOrError(bytes: Uint8Array): Promise<void> {
    try {
      expect(await parseCodes(bytes, { format, context })).toBeInstanceOf(AudioCodes);
    } catch (error) {
      expect(error).toBeInstanceOf(CodesError);
    }
  }

  test("are refused when cut anywhere", async () => {
    // The last byte of JSON is a line feed, which nobody misses.
    const end = file.length - (format === "json" ? 1 : 0);
    for (let length = 0; length < end; length += length < 400 ? 1 : 17) {
      await expect(parseCodes(file.subarray(0, length), { format, context }), `${length} bytes`).rejects.toThrow(CodesError);
    }
  });

  test("give codes or a CodesError, nothing else, when bytes change", async () => {
    const change = fc.record({ at: fc.nat(file.length - 1), value: fc.nat(255) });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 8 }), async (changes) => {
        const bytes = file.slice();
        for (const { at, value } of changes) bytes[at] = value;
        await expectCodesOrError(bytes);
      }),
      { numRuns: 1000 },
    );
  });

  test("are told from noise", async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), expectCodesOrError));
  });
});
