import { describe, expect, test } from "vitest";
import { findCheckpoint, summarizeLicenses } from "../../src/catalogue/index.ts";
import type { Provenance } from "../../src/core/index.ts";

const date = "2026-11-22";

function madeWith(model: string, rest: Partial<Provenance> = {}): Provenance {
  return { model, revision: null, digest: null, license: null, licenseStatus: null, ...rest };
}

const recordWith = (digest: string, rest: Partial<Provenance> = {}) =>
  summarizeLicenses([madeWith("/models/mine", { digest, ...rest })], "any", date).groups[0]!.record;

const speech = madeWith("facebook/encodec_24khz", { license: "CC-BY-NC-4.0", licenseStatus: "unresolved" });
const stereo = madeWith("facebook/encodec_48khz", { license: "MIT", licenseStatus: "contested" });
const tiny = madeWith("tiny", { license: "MIT", licenseStatus: "settled" });

describe("the licenses of a set of codes", () => {
  test("are counted by the weights that made them, and judged one by one", () => {
    const { groups, effective, classes, isAllowed } = summarizeLicenses([speech, tiny, speech, stereo, speech], "commercial", date);
    expect(groups.map(({ provenance, count, record, verdict }) => [provenance.model, count, record.status, verdict.rule])).toEqual([
      ["facebook/encodec_24khz", 3, "unresolved", "deny: non-commercial"],
      ["tiny", 1, "settled", "commercial"],
      ["facebook/encodec_48khz", 1, "contested", "acceptContested"],
    ]);
    expect({ effective, classes, isAllowed }).toEqual({
      effective: "CC-BY-NC-4.0 AND MIT",
      classes: ["attribution", "non-commercial"],
      isAllowed: false,
    });
  });

  test("pass where every one does", () => {
    expect(summarizeLicenses([tiny, tiny], "commercial", date).isAllowed).toBe(true);
    expect(summarizeLicenses([tiny, speech, stereo], "research", date).isAllowed).toBe(true);
    expect(summarizeLicenses([], "permissive", date)).toEqual({ groups: [], effective: "", classes: [], isAllowed: true });
  });

  test("come from the catalogue where the codes do not name one", () => {
    const [group] = summarizeLicenses([madeWith("facebook/encodec_32khz")], "research", date).groups;
    expect(group!.record).toMatchObject({ effective: "CC-BY-NC-4.0", status: "settled" });
  });

  test("keep the other reading of a contested one", () => {
    const [group] = summarizeLicenses([stereo], "any", date).groups;
    expect(group!.record).toMatchObject({ effective: "MIT", status: "contested", stricterReading: "CC-BY-NC-4.0 AND MIT" });
  });

  test("are read in the spelling of the Hub too, as earlier releases stored them", () => {
    const [group] = summarizeLicenses([madeWith("tiny", { license: "mit" })], "permissive", date).groups;
    expect(group).toMatchObject({ record: { effective: "MIT", status: "settled" }, verdict: { isAllowed: true } });
  });

  test("do not get looser by what a file claims", () => {
    const claims = { license: "MIT", licenseStatus: "settled" as const };
    const byName = summarizeLicenses([madeWith("facebook/encodec_32khz", claims)], "permissive", date);
    expect(byName.groups[0]!.record).toMatchObject({ effective: "CC-BY-NC-4.0 AND MIT", status: "contested" });
    const digest = "0e78f34d2ff3259f29bd51f7a99060151fe4ba5776fee216f58847f06082f1ca";
    const byDigest = summarizeLicenses([madeWith("/models/mine", { ...claims, digest })], "permissive", date);
    expect(byDigest.groups[0]!.record).toMatchObject({ effective: "CC-BY-NC-4.0 AND MIT", status: "contested" });
    expect(byDigest.isAllowed).toBe(false);
  });

  test("are found by the digest of each file where the weights are in several", () => {
    const published = "0e78f34d2ff3259f29bd51f7a99060151fe4ba5776fee216f58847f06082f1ca";
    const other = "a".repeat(64);
    const claims = { license: "MIT", licenseStatus: "settled" } as const;
    expect(recordWith(`${other}+${published}`, claims)).toMatchObject({ effective: "CC-BY-NC-4.0 AND MIT", status: "contested" });
    expect(recordWith(`${published}+${published}`)).toMatchObject({ effective: "CC-BY-NC-4.0", status: "settled" });
    // A part that nobody knows keeps the whole from being a copy.
    expect(recordWith(`${published}+${other}`)).toMatchObject({ effective: "CC-BY-NC-4.0", status: "unresolved" });
  });

  test("are unresolved where nobody has said anything", () => {
    const { groups, isAllowed } = summarizeLicenses(
      [madeWith("/models/mine"), madeWith("/models/other", { license: "mit" })],
      "permissive",
      date,
    );
    expect(groups.map(({ record }) => [record.effective, record.status])).toEqual([
      ["LicenseRef-hf-unknown", "unresolved"],
      ["MIT", "unresolved"],
    ]);
    expect(isAllowed).toBe(false);
  });

  test("has what is known of the training audio beside each license, by the digest where several weights had one name, and judges nothing by it", () => {
    const first = { ...tiny, digest: "6c202abb8ef935d45cbc950d1c539289d83ea7e6aee5236297712ec17fbe771d" };
    const [now, then, bark, stranger] = summarizeLicenses(
      [tiny, first, madeWith("suno/bark", {}), madeWith("a/codec", {})],
      "any",
      date,
    ).groups;
    expect(now!.trainingData).toEqual(findCheckpoint("tiny")!.trainingData);
    expect(then!.trainingData.map(({ quote }) => quote).join()).toMatch(
      /asterisk-core-sounds \(CC-BY-SA-3\.0\).*wesnoth-music \(GPL-2\+\)/u,
    );
    expect(then!.trainingData).not.toEqual(expect.arrayContaining([now!.trainingData[0]]));
    expect(then!.record).toMatchObject({ effective: "MIT", status: "contested" });
    expect(bark!.trainingData.map(({ about }) => about)).toContain("model");
    expect(stranger!.trainingData).toEqual([]);
    expect([now, then, bark, stranger].map((group) => group!.verdict.isAllowed)).toEqual([true, true, true, true]);
  });
});
