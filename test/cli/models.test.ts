import { describe, expect, test } from "vitest";
import { catalogue } from "../../src/entries/hub.ts";
import { run } from "./fake-terminal.ts";

async function textOf(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout.toString();
}

/** Ids of the checkpoints whose license has one of these classes. */
function idsHaving(...classes: readonly string[]): readonly string[] {
  return catalogue
    .filter(({ license }) => license.classes.some((name) => classes.includes(name)))
    .map(({ id }) => id)
    .toSorted();
}

describe("models", () => {
  test("lists every catalogued checkpoint on a line, with its license and how sure that is", async () => {
    const text = await textOf(["models"]);
    for (const { id } of catalogue) expect(text).toMatch(new RegExp(`^${id}[, ]`, "m"));
    expect(text).toMatch(/^facebook\/encodec_24khz, 24khz +24 kHz +mono +75 +32 × 1024 +1\.5 3 6 12 24 +CC-BY-NC-4\.0 +unresolved$/m);
    expect(text).toMatch(/^facebook\/encodec_48khz, 48khz +48 kHz +stereo .* MIT +contested$/m);
    expect(text.split("\n").every((line) => line.length <= 145 && line === line.trimEnd())).toBe(true);
  });

  test("prints the whole catalogue as JSON", async () => {
    expect(JSON.parse(await textOf(["models", "--json"]))).toEqual({ models: JSON.parse(JSON.stringify(catalogue)) });
  });

  test("lists those that pass, the best first, and why not the others", async () => {
    const text = await textOf(["models", "--commercial", "--sample-rate", "24000"]);
    expect(text).toMatch(/^model .*\ntiny, .*\n\npassed over +because\n/);
    expect(text).toMatch(/^facebook\/encodec_24khz +CC-BY-NC-4\.0 is attribution, non-commercial$/m);
    expect(text).toMatch(
      /^facebook\/encodec_48khz +its sampling rate is 48000 Hz; its license MIT is contested, which may be CC-BY-NC-4\.0$/m,
    );
    expect(text).toMatch(/^and \d+ more, /m);
    expect(await textOf(["models", "--license", "commercial", "--sample-rate", "24000"])).toBe(text);
  });

  test.each([
    [
      ["--channels", "2", "--min-bandwidth", "20"],
      ["facebook/encodec_48khz", "torchhub:encodec_48khz-7e698e3e.th"],
    ],
    [["--used-by", "audiogen"], ["facebook/audiogen-medium"]],
    [
      ["--max-frame-rate", "50", "--sample-rate", "16000"],
      ["facebook/audiogen-medium", "facebook/audio-magnet-small", "facebook/audio-magnet-medium"],
    ],
    [["--license-class", "non-commercial", "--channels", "1"], ["facebook/encodec_32khz"]],
    [["--license-class", "use-restricted, Permissive"], ["facebook/encodec_48khz"]],
    [
      ["--license", "deny=non-commercial; acceptContested"],
      ["facebook/encodec_48khz", "tiny"],
    ],
  ])("takes %j", async (filters, expected) => {
    const { models, passedOver } = JSON.parse(await textOf(["models", ...filters, "--json"]));
    const ids: readonly string[] = models.map(({ id }: { readonly id: string }) => id);
    expect(ids.slice(0, expected.length)).toEqual(expected);
    expect(passedOver).toHaveLength(catalogue.length - 1);
  });

  test("keeps the licenses of a class or of several, and of those what a policy admits", async () => {
    const idsOf = async (...filters: readonly string[]): Promise<readonly string[]> => {
      const { models } = JSON.parse(await textOf(["models", ...filters, "--json"]));
      return models.map(({ id }: { readonly id: string }) => id).toSorted();
    };
    expect(await idsOf("--license-class", "non-commercial")).toEqual(idsHaving("non-commercial"));
    expect(await idsOf("--license-class", "permissive,unknown")).toEqual(idsHaving("permissive", "unknown"));
    expect(await idsOf("--license-class", "permissive", "--license-class", "non-commercial")).toEqual(
      idsHaving("permissive", "non-commercial"),
    );
    expect(await idsOf("--license-class", "permissive", "--commercial")).toEqual(await idsOf("--commercial"));
    expect(await textOf(["models", "--license-class", "permissive"])).toMatch(
      /^facebook\/encodec_24khz +its license CC-BY-NC-4\.0 is attribution, non-commercial$/m,
    );
    const { code, stderr } = await run(["models", "--license-class", "non-commercial", "--commercial"]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("  without --commercial and --license-class: ") });
  });

  test("says what would have to be relaxed where nothing passes", async () => {
    const { code, stdout, stderr } = await run(["models", "--commercial", "--sample-rate", "16000"]);
    expect({ code, stdout: stdout.length }).toEqual({ code: 1, stdout: 0 });
    expect(stderr).toBe(
      "encodec-tokenizer: no catalogued checkpoint passes\n" +
        "  without --commercial: facebook/audiogen-medium, facebook/audio-magnet-small, facebook/audio-magnet-medium\n" +
        "  without --sample-rate: tiny\n",
    );
    const json = await run(["models", "--license", "commercial", "--sample-rate", "16000", "--json"]);
    expect(json).toMatchObject({ code: 1, stderr: expect.stringContaining("without --license: ") });
    expect(JSON.parse(json.stdout.toString())).toMatchObject({
      models: [],
      relaxations: [{ drop: ["license"] }, { drop: ["sampleRate"], gains: ["tiny"] }],
    });
  });

  test("names the first of many that would pass, and counts the others", async () => {
    const { code, stdout, stderr } = await run(["models", "--license", "permissive", "--channels", "2", "--min-bandwidth", "99", "--json"]);
    expect(code).toBe(1);
    const { relaxations } = JSON.parse(stdout.toString());
    const { gains } = relaxations.find((relaxation: { readonly gains: readonly string[] }) => relaxation.gains.length > 5);
    expect(stderr).toContain(`: ${gains.slice(0, 5).join(", ")} and ${gains.length - 5} more\n`);
    expect(stderr).not.toContain(gains[5]);
  });

  test.each([
    ["a rate that is no number", ["--sample-rate", "high"], "whole number"],
    ["a bandwidth of nothing", ["--min-bandwidth", "0"], "above 0"],
    ["a policy that is none", ["--license", "free"], 'the policy: "free" is no license policy; expected any, permissive'],
    ["two policies", ["--license", "any", "--commercial"], "cannot be used with option"],
    [
      "a class that is none",
      ["--license-class", "permissive,free"],
      '"free" is no class; there are permissive, attribution, share-alike, copyleft',
    ],
    ["an unknown language model", ["--used-by", "gpt"], '--used-by: "gpt" is not known; there are audiogen'],
    ["an argument", ["tiny"], "too many arguments"],
  ])("refuses %s with exit code 2", async (_, args, message) => {
    const { code, stdout, stderr } = await run(["models", ...args]);
    expect({ code, stdout: stdout.length, stderr }).toEqual({ code: 2, stdout: 0, stderr: expect.stringContaining(message) });
  });
});

describe("models show", () => {
  test("prints everything known about one checkpoint, by alias too", async () => {
    const text = await textOf(["models", "show", "48khz"]);
    expect(text).toMatch(/^facebook\/encodec_48khz\n/);
    for (const line of [
      /commit +c3def8e7185ac8c8efdce6eb8c4a651e487a503e$/m,
      /config\.json, 803 bytes, SHA-256 [0-9a-f]{64}, confirmed$/m,
      /license +MIT, contested: may be CC-BY-NC-4\.0$/m,
      /declared +mit in the model card$/m,
      /commercial +no: its license MIT is contested/m,
      /research +yes$/m,
      /2023-09-06 {2}https:\/\/huggingface\.co\/facebook\/encodec_48khz\/discussions\/4\n +the tag was proposed by Hugging Face staff/,
    ]) {
      expect(text).toMatch(line);
    }
  });

  test("can print every one of them, and as JSON", async () => {
    for (const entry of catalogue) {
      const text = await textOf(["models", "show", entry.id]);
      for (const { source } of [...entry.license.evidence, ...entry.trainingData]) expect(text).toContain(source);
      const words = text.replaceAll(/\s+/gu, " ");
      for (const { about, quote } of entry.trainingData) expect(words).toContain(`of the ${about}: "${quote}"`);
      expect(text).not.toMatch(/undefined|null|NaN/);
      expect(JSON.parse(await textOf(["models", "show", entry.id, "--json"]))).toEqual(JSON.parse(JSON.stringify(entry)));
    }
  });

  test("tells what is not in the catalogue", async () => {
    const { code, stderr } = await run(["models", "show", "gpt"]);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: "encodec-tokenizer: gpt is not in the catalogue; encodec-tokenizer models lists what is\n",
    });
  });
});
