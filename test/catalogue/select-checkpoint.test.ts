import { describe, expect, test } from "vitest";
import { catalogue, findCheckpoint, selectCheckpoint } from "../../src/catalogue/index.ts";
import type { CatalogueEntry, CheckpointCriteria } from "../../src/catalogue/index.ts";
import type { LicenseStatus } from "../../src/core/index.ts";

const bestOf = (criteria: CheckpointCriteria) => selectCheckpoint(criteria).best?.id;

/** The 24 kHz codec under another name, with a license of another status. */
function like(id: string, status: LicenseStatus): CatalogueEntry {
  const entry = findCheckpoint("24khz")!;
  return { ...entry, id, aliases: [], license: { ...entry.license, status } };
}

describe("the best checkpoint", () => {
  test.each<[string, CheckpointCriteria, string]>([
    ["24 kHz", { sampleRate: 24_000 }, "facebook/encodec_24khz"],
    ["16 kHz", { sampleRate: 16_000 }, "facebook/audiogen-medium"],
    ["stereo", { channels: 2 }, "facebook/encodec_48khz"],
    ["few frames per second", { maxFrameRate: 50 }, "facebook/encodec_32khz"],
    ["6 kbps", { minBandwidth: 6, channels: 1 }, "facebook/encodec_24khz"],
    ["MusicGen", { usedBy: "musicgen" }, "facebook/encodec_32khz"],
    ["Bark, in capitals", { usedBy: "BARK" }, "facebook/encodec_24khz"],
    ["stereo MusicGen, as two channels", { usedBy: "musicgen-stereo", channels: 2 }, "facebook/musicgen-stereo-small"],
    ["commercial use", { licensePolicy: "commercial" }, "tiny"],
    ["commercial use at 24 kHz", { licensePolicy: "commercial", sampleRate: 24_000 }, "tiny"],
    ["MIT, though contested", { licensePolicy: { allow: ["mit"], acceptContested: true } }, "facebook/encodec_48khz"],
    ["anything", {}, "facebook/encodec_32khz"],
  ])("for %s", (_, criteria, id) => {
    expect(bestOf(criteria)).toBe(id);
  });

  test("comes with all that match, and with the reasons why the others were passed over", () => {
    const { best, matches, passedOver, relaxations } = selectCheckpoint({ sampleRate: 24_000, licensePolicy: "research" });
    expect(best).toBe(findCheckpoint("24khz"));
    expect(matches).toHaveLength(7);
    expect(passedOver).toHaveLength(catalogue.length - 1);
    expect(relaxations).toEqual([]);
    const reasonsFor = (id: string) => passedOver.find((other) => other.id === id)!;
    expect(reasonsFor("tiny")).toEqual({ id: "tiny", failed: [], reasons: ["it is made for trying things out, not for listening"] });
    expect(reasonsFor("suno/bark")).toEqual({
      id: "suno/bark",
      failed: [],
      reasons: ["facebook/encodec_24khz holds the same codec in a smaller or readier form"],
    });
    expect(reasonsFor("mlx-community/encodec-24khz-float32").reasons[0]).toMatch(/^its own files cannot be loaded: it is laid out for MLX/);
    expect(reasonsFor("facebook/encodec_32khz")).toEqual({
      id: "facebook/encodec_32khz",
      failed: ["sampleRate"],
      reasons: ["its sampling rate is 32000 Hz"],
    });
  });

  test("is refused with every reason at once", () => {
    const { passedOver } = selectCheckpoint({
      sampleRate: 24_000,
      channels: 1,
      minBandwidth: 6,
      maxFrameRate: 75,
      licensePolicy: "commercial",
    });
    expect(passedOver.find(({ id }) => id === "facebook/encodec_48khz")).toEqual({
      id: "facebook/encodec_48khz",
      failed: ["sampleRate", "channels", "maxFrameRate", "licensePolicy"],
      reasons: [
        "its sampling rate is 48000 Hz",
        "it codes stereo",
        "it has 150 frames per second",
        "policy commercial does not admit facebook/encodec_48khz: its license MIT is contested, which may be CC-BY-NC-4.0",
      ],
    });
  });

  test("prefers a settled license to a contested one and that to an unresolved one", () => {
    const { matches, passedOver } = selectCheckpoint({}, [
      like("a", "unresolved"),
      like("b", "contested"),
      like("c", "settled"),
      like("d", "settled"),
    ]);
    expect(matches.map(({ id }) => id)).toEqual(["c", "d", "b", "a"]);
    expect(passedOver.map(({ reasons }) => reasons[0])).toEqual([
      "c does as well and is listed earlier",
      "its license is contested",
      "its license is unresolved",
    ]);
  });
});

describe("where nothing passes", () => {
  test("the one criterion to drop is named, with what that would gain", () => {
    const { best, matches, relaxations } = selectCheckpoint({ sampleRate: 16_000, licensePolicy: "permissive" });
    expect(best).toBeNull();
    expect(matches).toEqual([]);
    expect(relaxations).toEqual([
      {
        drop: ["licensePolicy"],
        gains: ["facebook/audiogen-medium", "facebook/audio-magnet-small", "facebook/audio-magnet-medium"],
      },
      { drop: ["sampleRate"], gains: ["tiny"] },
    ]);
  });

  test("several are named together where one would not do", () => {
    const { relaxations } = selectCheckpoint({ sampleRate: 44_100, channels: 2, maxFrameRate: 50 });
    expect(relaxations).toEqual([{ drop: ["sampleRate"], gains: ["facebook/musicgen-stereo-small", "facebook/musicgen-stereo-large"] }]);
    expect(selectCheckpoint({ sampleRate: 44_100, channels: 6 }).relaxations.map(({ drop }) => drop)).toEqual([["sampleRate", "channels"]]);
  });

  test("dropping what is named does give what is promised", () => {
    const criteria: CheckpointCriteria = { sampleRate: 16_000, channels: 2, minBandwidth: 24, usedBy: "bark", licensePolicy: "commercial" };
    const { relaxations } = selectCheckpoint(criteria);
    expect(relaxations.length).toBeGreaterThan(0);
    for (const { drop, gains } of relaxations) {
      const relaxed = Object.fromEntries(Object.entries(criteria).filter(([name]) => !drop.some((dropped) => dropped === name)));
      expect(selectCheckpoint(relaxed).matches.map(({ id }) => id)).toEqual(gains);
    }
  });
});

describe("criteria that make no sense", () => {
  test.each<[CheckpointCriteria, string]>([
    [{ sampleRate: 0 }, "sampleRate must be a number above 0; received 0"],
    [{ minBandwidth: Number.NaN }, "minBandwidth must be a number above 0; received NaN"],
    [{ channels: "2" as unknown as number }, "channels must be a number above 0; received 2"],
    [{ usedBy: "musicgpt" }, 'usedBy: "musicgpt" is not known; there are audiogen, bark,'],
    [{ licensePolicy: "free" as "any" }, 'licensePolicy: "free" is no license policy'],
  ])("are refused: %j", (criteria, message) => {
    expect(() => selectCheckpoint(criteria)).toThrow(RangeError);
    expect(() => selectCheckpoint(criteria)).toThrow(message);
  });
});
