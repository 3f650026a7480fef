import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { catalogue, findByDigest, findCheckpoint, requiredDigests } from "../../src/catalogue/index.ts";
import { classesOf, licensesOf } from "../../src/catalogue/license-table.ts";
import { parseModelCard } from "../../src/catalogue/model-card.ts";

const recordOf = (id: string) => findCheckpoint(id)!.license;
const readEmbedded = (path: string) => readFileSync(new URL(`../../models/encodec-tiny-24khz/${path}`, import.meta.url));

describe("the catalogue", () => {
  test("has every id and alias once, in any case", () => {
    const names = catalogue.flatMap(({ id, aliases }) => [id, ...aliases]).map((name) => name.toLowerCase());
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(findCheckpoint(name.toUpperCase())).toBe(findCheckpoint(name));
  });

  test.each([
    ["24khz", "facebook/encodec_24khz", 24_000, 1, 75, 32],
    ["48khz", "facebook/encodec_48khz", 48_000, 2, 150, 16],
    ["32khz", "facebook/encodec_32khz", 32_000, 1, 50, 4],
    ["16khz", "facebook/audiogen-medium", 16_000, 1, 50, 4],
    ["tiny", "tiny", 24_000, 1, 75, 8],
  ])("%s is %s", (alias, id, sampleRate, channels, frameRate, numQuantizers) => {
    expect(findCheckpoint(alias)).toMatchObject({ id, sampleRate, channels, frameRate, numQuantizers });
  });

  test("knows nothing else", () => {
    expect(findCheckpoint("facebook/encodec_16khz")).toBeUndefined();
    expect(findCheckpoint("")).toBeUndefined();
  });

  describe.each(catalogue)("$id", (entry) => {
    test("has numbers that fit together: codebooks × bits × frame rate is the highest bandwidth", () => {
      const bitsPerSecond = entry.numQuantizers * Math.ceil(Math.log2(entry.codebookSize)) * entry.frameRate;
      expect(entry.bandwidths.at(-1)).toBe(bitsPerSecond / 1000);
      expect(entry.bandwidths).toEqual([...entry.bandwidths].toSorted((a, b) => a - b));
      expect(entry.channels).toBe(entry.interleaveStereo || entry.sampleRate === 48_000 ? 2 : 1);
    });

    test("has well-formed commits and digests", () => {
      if (entry.revision !== null) expect(entry.revision).toMatch(/^[0-9a-f]{40}$/u);
      for (const { sha256, size, confidence } of entry.files) {
        if (sha256 !== null) expect(sha256).toMatch(/^[0-9a-f]{64}$/u);
        if (confidence === "approximate") expect(sha256).toBeNull();
        if (size !== null) expect(Number.isSafeInteger(size) && size > 0).toBe(true);
      }
    });

    test("leads to a checkpoint of its own that can be loaded, with the same codec", () => {
      if (entry.codecFrom === null) return;
      const original = findCheckpoint(entry.codecFrom)!;
      expect(original).toMatchObject({
        codecFrom: null,
        notLoadable: null,
        sampleRate: entry.sampleRate,
        codebookSize: entry.codebookSize,
      });
      expect(entry.numQuantizers).toBe(original.numQuantizers * (entry.interleaveStereo ? 2 : 1));
    });

    test("has a license record of its own, with evidence that can be looked up", () => {
      const { subject, revision, effective, classes, evidence, status, stricterReading } = entry.license;
      expect(subject).toBe(entry.id);
      expect(revision).toBe(entry.revision);
      expect(classes).toEqual(classesOf(licensesOf(effective)));
      expect(evidence.length).toBeGreaterThan(0);
      for (const { source, fact, date } of evidence) {
        expect(source).not.toBe("");
        expect(fact).not.toBe("");
        expect(date).toMatch(/^20\d\d-\d\d-\d\d$/u);
      }
      if (stricterReading !== null) expect(status).toBe("contested");
    });
  });
});

describe("what is true of the licenses", () => {
  test("encodec_24khz declares nothing, and upstream's MIT is about code", () => {
    expect(recordOf("24khz")).toMatchObject({
      declared: { card: [] },
      effective: "CC-BY-NC-4.0",
      status: "unresolved",
      stricterReading: null,
    });
    expect(recordOf("24khz").upstream).toMatch(/code is MIT.*weights.*not been said/);
  });

  test("encodec_48khz declares MIT, which is disputed", () => {
    expect(recordOf("48khz")).toMatchObject({
      declared: { card: ["mit"] },
      effective: "MIT",
      status: "contested",
      stricterReading: "CC-BY-NC-4.0",
    });
    expect(recordOf("48khz").evidence).toContainEqual(
      expect.objectContaining({ date: "2023-09-06", fact: expect.stringContaining("Hugging Face staff") }),
    );
    expect(recordOf("48khz").evidence).toContainEqual(
      expect.objectContaining({ fact: expect.stringMatching(/revised its own statement to CC-BY-NC-4\.0/u) }),
    );
  });

  test("encodec_32khz declares nothing and is CC-BY-NC-4.0 by where it comes from", () => {
    expect(recordOf("32khz")).toMatchObject({ declared: { card: [] }, effective: "CC-BY-NC-4.0", status: "settled" });
  });

  test("everything in audiocraft's layout is CC-BY-NC-4.0", () => {
    const ids = catalogue.filter(({ layouts }) => layouts.includes("audiocraft")).map(({ id }) => id);
    expect(ids).toHaveLength(17);
    for (const id of ids) expect(recordOf(id)).toMatchObject({ effective: "CC-BY-NC-4.0", status: "settled" });
  });

  test("Bark contains encodec_24khz, and its MIT does not cover that", () => {
    for (const id of ["suno/bark", "suno/bark-small"]) {
      expect(findCheckpoint(id)).toMatchObject({ codecFrom: "facebook/encodec_24khz" });
      expect(recordOf(id)).toMatchObject({ effective: "CC-BY-NC-4.0 AND MIT", status: "contested" });
    }
  });
});

describe("digests", () => {
  test("lead from a copy to a checkpoint that has the file", () => {
    expect(findByDigest("0e78f34d2ff3259f29bd51f7a99060151fe4ba5776fee216f58847f06082f1ca")?.id).toBe("facebook/encodec_32khz");
    expect(findByDigest("37D256B525D4117F8BBF790AB448A8E9F4746CD401900FE1AE72E154B1513A30")?.codecFrom).toBe("facebook/encodec_32khz");
    expect(findByDigest("0".repeat(64))).toBeUndefined();
  });

  test("are required of a download where they are confirmed, and where one source reports them they are not", () => {
    expect(Object.keys(requiredDigests(findCheckpoint("32khz")!))).toEqual(["model.safetensors", "pytorch_model.bin"]);
    expect(requiredDigests(findCheckpoint("24khz")!)).toEqual({});
    expect(Object.keys(requiredDigests(findCheckpoint("48khz")!))).toEqual(["config.json"]);
  });
});

describe("the embedded checkpoint", () => {
  const tiny = findCheckpoint("tiny")!;

  test.each(tiny.files)("has the $path that the catalogue says", ({ path, size, sha256 }) => {
    expect(readEmbedded(path).byteLength).toBe(size);
    expect(createHash("sha256").update(readEmbedded(path)).digest("hex")).toBe(sha256);
  });

  test("declares what the catalogue says", () => {
    expect(tiny.license.declared.card).toEqual(parseModelCard(readEmbedded("README.md").toString()).licenses);
  });

  test("was trained on what its card says, in the card's words, and its license says so too", () => {
    const card = readEmbedded("README.md").toString();
    for (const { source, quote } of tiny.trainingData)
      expect({ source, isQuoted: card.includes(quote) }).toEqual({ source: "models/encodec-tiny-24khz/README.md", isQuoted: true });
    const told = tiny.trainingData.map(({ quote }) => quote).join();
    for (const term of ["BSD-like", "CMU", "CSTR", "MIT", "CC0", "public domain"]) {
      expect(told).toContain(term);
      expect(tiny.license.evidence.at(-1)!.fact).toContain(term);
    }
    expect(tiny.license).toMatchObject({ effective: "MIT", status: "settled" });
  });

  test("is told from the one that was withdrawn, which is in no list, and not settled", () => {
    const first = findByDigest("6c202abb8ef935d45cbc950d1c539289d83ea7e6aee5236297712ec17fbe771d")!;
    expect(first).toMatchObject({
      id: "tiny-v0",
      license: { declared: { card: ["mit"] }, status: "contested", stricterReading: "CC-BY-SA-3.0 AND GPL-2.0" },
    });
    expect(catalogue).not.toContain(first);
    expect(first.notLoadable).toContain("git archive 97336fc");
    const [audio, withdrawal] = first.trainingData;
    for (const license of ["CC-BY-SA-3.0", "GPL-2", "GFDL", "CC0"]) expect(audio!.quote).toContain(license);
    expect(readEmbedded("README.md").toString()).toContain(withdrawal!.quote);
  });
});

describe("what is known of training audio", () => {
  test("is there for every checkpoint, with a source and a day", () => {
    for (const { trainingData } of catalogue) {
      expect(trainingData.length).toBeGreaterThan(0);
      for (const { source, quote, date } of trainingData) {
        expect(source).toMatch(/^(?:https:\/\/|models\/)/u);
        expect(quote.length).toBeGreaterThan(20);
        expect(date).toMatch(/^20\d\d-\d\d-\d\d$/u);
      }
    }
  });

  test("goes along with the codec: what is loaded in place of a larger model has its statements", () => {
    for (const { codecFrom, trainingData } of catalogue) {
      if (codecFrom === null) continue;
      const ofCodec = trainingData.filter(({ about }) => about === "codec");
      expect(ofCodec).toEqual(findCheckpoint(codecFrom)!.trainingData);
    }
  });

  test("names Bark's own data as proprietary, beside what its codec was trained on", () => {
    const { trainingData } = findCheckpoint("suno/bark")!;
    expect(trainingData.at(-1)).toMatchObject({
      about: "model",
      source: expect.stringContaining("suno-ai/bark/issues/2"),
      quote: expect.stringContaining("proprietary dataset"),
    });
    expect(trainingData.map(({ quote }) => quote).join()).toMatch(/DNS Challenge 4.*Common Voice.*AudioSet.*FSD50K.*Jamendo/u);
  });

  test("has no part in a license or a policy", () => {
    for (const { license } of catalogue) expect(Object.keys(license)).not.toContain("trainingData");
  });
});
