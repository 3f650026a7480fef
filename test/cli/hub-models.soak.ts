import { cp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test, vi } from "vitest";
import { formatSafetensors } from "../../src/checkpoint/index.ts";
import { findCheckpoint } from "../../src/entries/hub.ts";
import { AudioTokenizer, formatCodes, readAudio, readCodes, writeCodes } from "../../src/index.ts";
import { goldenConfig, goldenTensors, renamed } from "../checkpoint/fixtures.ts";
import { folderRepository } from "../hub/hub-server.ts";
import type { ServedRepository } from "../hub/hub-server.ts";
import { tinyFolder } from "../hub/hub-fixture.ts";
import { run } from "./fake-terminal.ts";
import { served24, servedHub } from "./served-hub.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const speech = fileURLToPath(new URL("../fixtures/golden/mini-24khz/speech.wav", import.meta.url));
const mini32 = fileURLToPath(new URL("../fixtures/golden/mini-32khz/hf", import.meta.url));
const { id, revision } = findCheckpoint("24khz")!;
const doubt = `${id} at commit ${revision!.slice(0, 7)}: license CC-BY-NC-4.0, unresolved; encodec-tokenizer models show ${id} has the evidence\n`;

/** A repository that is free to use. */
const free = folderRepository(tinyFolder, { cardData: { license: "mit" }, tags: ["license:mit"], branches: ["main", "v2"] });

/** The small 32 kHz codec inside a stereo MusicGen. */
async function stereoMusicgen(): Promise<ServedRepository> {
  const tensors = renamed(await goldenTensors("mini-32khz"), (name) => `audio_encoder.${name}`);
  const config = { model_type: "musicgen", audio_encoder: goldenConfig("mini-32khz"), decoder: { audio_channels: 2 } };
  const files = { "config.json": Buffer.from(JSON.stringify(config)), "model.safetensors": formatSafetensors(tensors) };
  return { files, lfs: ["model.safetensors"] };
}

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("a model of the Hub", () => {
  test("is downloaded when first used, and its doubtful license told once", async () => {
    await using hub = await servedHub(served24);
    const folder = await temporaryFolder();
    const args = ["encode", speech, speech, "-m", "24khz", "-o", folder];
    expect(await run(args)).toMatchObject({ code: 2 }); // two inputs of one name, told before any download
    expect(hub.server.requests).toEqual([]);
    await cp(speech, join(folder, "b.wav"));
    const { code, stderr } = await run(["encode", speech, join(folder, "b.wav"), "-m", "24khz", "-o", `${join(folder, "codes")}/`]);
    expect(code).toBe(0);
    expect(stderr).toContain("24khz: downloading ");
    expect(stderr.split(doubt)).toHaveLength(2);
    expect((await readCodes(join(folder, "codes/b.safetensors"))).provenance).toMatchObject({
      model: id,
      revision,
      licenseStatus: "unresolved",
    });
    const again = await run(["encode", speech, "-m", "24khz", "--offline", "-o", join(folder, "again.npz")]);
    expect(again.stderr.replace(/^.*→.*\n/m, "")).toBe(doubt);
    expect(await run(["encode", speech, "-m", "24khz", "-q", "-o", join(folder, "quiet.npz")])).toMatchObject({ code: 0, stderr: "" });
  });

  test("that is free to use is told of only where the cache answers, with the commit", async () => {
    await using hub = await servedHub({ "org/codec": free });
    const folder = await temporaryFolder();
    await run(["pull", "org/codec", "-q", "--revision", "v2"]);
    const online = await run(["encode", speech, "-m", "org/codec", "--revision", "v2", "-o", join(folder, "a.npz")]);
    expect(online.stderr).toMatch(/^[^\n]+→[^\n]+\n$/);
    const offline = await run(["encode", speech, "-m", "org/codec", "--revision", "v2", "--offline", "-o", join(folder, "b.npz")]);
    const told = /^org\/codec at commit [0-9a-f]{7}, from the cache\n[^\n]+→[^\n]+\n$/;
    expect(offline.stderr).toMatch(told);
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    expect((await run(["encode", speech, "-m", "org/codec", "--revision", "v2", "-o", join(folder, "c.npz")])).stderr).toMatch(told);
    vi.stubEnv("HF_HUB_OFFLINE", "");
    const { provenance } = await readCodes(join(folder, "c.npz"));
    expect(
      (await run(["encode", speech, "-m", "org/codec", "--revision", provenance.revision!, "-o", join(folder, "d.npz")])).stderr,
    ).toMatch(/^[^\n]+→[^\n]+\n$/);
    hub.server.spoil(/^hub/u, { status: 503, headers: { "retry-after": "0" } });
    expect((await run(["encode", speech, "-m", "org/codec", "--revision", "v2", "-o", join(folder, "e.npz")])).stderr).toMatch(told);
  });

  test("that a larger one shares its codec with is told", async () => {
    await using _ = await servedHub(served24);
    const folder = await temporaryFolder();
    const { code, stderr } = await run(["encode", speech, "-m", "suno/bark", "-o", join(folder, "a.npz")]);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringContaining(`suno/bark: its codec is that of ${id}, which is loaded\n${doubt}`),
    });
    const args = ["encode", speech, "-m", "suno/bark", "--revision", "v1", "-o", join(folder, "b.npz")];
    expect(await run(args)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^encodec-tokenizer: revision v1 is of suno\/bark[^\n]*\n$/),
    });
  });

  test.each([
    ["encode", [speech, "-o", "never.npz"]],
    ["roundtrip", [speech, "-o", "never"]],
    ["inspect", []],
  ])("is refused by %s if the policy does not admit it, before anything is downloaded", async (command, args) => {
    await using hub = await servedHub(served24);
    const model = command === "inspect" ? ["24khz"] : ["-m", "24khz"];
    const { code, stdout, stderr } = await run([command, ...args, ...model, "--license", "commercial"]);
    expect({ code, stdout: stdout.length }).toEqual({ code: 1, stdout: 0 });
    expect(stderr).toMatch(/^encodec-tokenizer: [^\n]*policy commercial does not admit facebook\/encodec_24khz[^\n]* tiny would pass\.\n$/);
    expect(hub.server.paths("storage")).toEqual([]);
  });

  test("is held against the deployment's policy, which has to be one", async () => {
    await using _ = await servedHub(served24);
    const folder = await temporaryFolder();
    vi.stubEnv("ENCODEC_TOKENIZER_LICENSE_POLICY", "permissive");
    const args = ["encode", speech, "-m", "24khz", "-q", "-o", join(folder, "a.npz")];
    expect(await run(args)).toMatchObject({ code: 1, stderr: expect.stringContaining("policy permissive does not admit") });
    expect(await run([...args, "--license", "any"])).toMatchObject({ code: 0 });
    vi.stubEnv("ENCODEC_TOKENIZER_LICENSE_POLICY", "free");
    expect(await run(["encode", speech, "-o", join(folder, "b.npz")])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('LICENSE_POLICY: "free" is no license policy'),
    });
  });

  test("is inspected with its license and the evidence", async () => {
    await using _ = await servedHub(served24);
    const { code, stdout } = await run(["inspect", "24khz"]);
    expect(code).toBe(0);
    expect(stdout.toString()).toMatch(/model +facebook\/encodec_24khz at revision c1dbe2a, license CC-BY-NC-4\.0, unresolved\n/);
    expect(stdout.toString()).toMatch(/license +CC-BY-NC-4\.0, unresolved\n[^]*evidence +\d{4}-\d\d-\d\d {2}https:/);
    expect(JSON.parse((await run(["inspect", "24khz", "--json"])).stdout.toString())).toMatchObject({ license: { status: "unresolved" } });
  });
});

describe("decoding", () => {
  test("takes the model that the codes name, at the commit that they name", async () => {
    await using hub = await servedHub({ "org/codec": free });
    const folder = await temporaryFolder();
    await run(["encode", speech, "-m", "org/codec", "-q", "-o", join(folder, "a.npz")]);
    const { provenance } = await readCodes(join(folder, "a.npz"));
    hub.server.repositories.set("org/codec", { ...free, commit: "1".repeat(40) });
    hub.server.requests.length = 0;
    expect(await run(["decode", join(folder, "a.npz"), "-q"])).toMatchObject({ code: 0, stderr: "" });
    expect(hub.server.paths("hub").filter((path) => !path.includes(provenance.revision!))).toEqual([]);
  });

  test("reads the codec of a larger model out of that model, where the codes were made so", async () => {
    await using _ = await servedHub({ "facebook/musicgen-stereo-small": await stereoMusicgen() });
    const folder = await temporaryFolder();
    expect(
      await run(["encode", speech, "-m", "facebook/musicgen-stereo-small", "--exact", "-q", "-o", join(folder, "a.npz")]),
    ).toMatchObject({
      code: 0,
      stderr: "",
    });
    const { provenance } = await readCodes(join(folder, "a.npz"));
    expect(provenance).toMatchObject({ model: "facebook/musicgen-stereo-small", revision: expect.stringMatching(/^[0-9a-f]{40}$/) });
    expect(await run(["decode", join(folder, "a.npz"), "-q"])).toMatchObject({ code: 0, stderr: "" });
    const inspected = await run(["inspect", provenance.model, "--exact", "--revision", provenance.revision!, "--json"]);
    expect(JSON.parse(inspected.stdout.toString())).toMatchObject({ provenance });
  });

  test("says which model the codes name where it cannot be had", async () => {
    await using _ = await servedHub({ "org/codec": free });
    const folder = await temporaryFolder();
    await using tokenizer = await AudioTokenizer.fromPretrained("tiny");
    const codes = await tokenizer.encode(await readAudio(speech));
    await writeFile(join(folder, "a.npz"), formatCodes({ ...codes, provenance: { ...codes.provenance, model: "org/gone" } }, "npz"));
    const { code, stderr } = await run(["decode", join(folder, "a.npz")]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(
        /made with the model "org\/gone", which could not be loaded; name it with --model\. [^\n]*org\/gone[^\n]*\n$/,
      ),
    });
  });

  test.each([
    ["a repository", "evil/enc", undefined, "evil/enc is neither in the catalogue nor, with its weights, in the cache"],
    [
      "a commit of a catalogued one that somebody proposed",
      id,
      "e".repeat(40),
      `${id} is in the catalogue at another commit, and not in the cache at this one`,
    ],
  ])("does not let a file choose %s, nor use the token for it", async (_, model, commit, why) => {
    await using hub = await servedHub({ "evil/enc": free, [id]: { ...folderRepository(tinyFolder), commit: "e".repeat(40) } });
    vi.stubEnv("HF_TOKEN", "hf_member");
    const folder = await temporaryFolder();
    const codes = {
      format: "encodec-tokenizer/codes",
      version: 1,
      sample_rate: 24_000,
      channels: 1,
      num_samples: 640,
      hop_length: 320,
      codebook_size: 1024,
      bandwidth: 1.5,
      model,
      revision: commit,
      license: "MIT",
      license_status: "settled",
      scales: null,
      codes: [
        [
          [1, 1],
          [1, 1],
        ],
      ],
    };
    await writeFile(join(folder, "a.json"), JSON.stringify(codes));
    const { code, stderr } = await run(["decode", join(folder, "a.json")]);
    expect(code).toBe(1);
    expect(stderr).toContain(`made with the model "${model}", which could not be loaded; name it with --model. ${why}. `);
    expect(stderr).toContain(`name it yourself (--model ${model}${commit === undefined ? "" : ` --revision ${commit}`})\n`);
    expect(hub.server.requests).toEqual([]);
    // Whoever names it has chosen it; then the cache holds it, and the codes are enough.
    const chosen = ["--model", model, ...(commit === undefined ? [] : ["--revision", commit])];
    expect(await run(["decode", join(folder, "a.json"), "-q", ...chosen])).toMatchObject({ code: 0, stderr: "" });
    expect(hub.server.requests.length).toBeGreaterThan(0);
    expect(await run(["decode", join(folder, "a.json"), "-q", "--force"])).toMatchObject({ code: 0, stderr: "" });
  });

  test("says of codes that the first embedded checkpoint made where its file is, and decodes them with it", async () => {
    const folder = await temporaryFolder();
    await using tokenizer = await AudioTokenizer.fromPretrained("tiny");
    const codes = await tokenizer.encode(await readAudio(speech));
    const digest = "6c202abb8ef935d45cbc950d1c539289d83ea7e6aee5236297712ec17fbe771d";
    await writeFile(join(folder, "a.npz"), formatCodes({ ...codes, provenance: { ...codes.provenance, digest } }, "npz"));
    for (const model of [[], ["-m", "tiny"]]) {
      const { code, stderr } = await run(["decode", join(folder, "a.npz"), ...model]);
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringMatching(
          /codes made with tiny do not fit tiny: other weights had this name then, SHA-256 6c202abb\w+; these have ff505a77\w+\. Load the file that they were made with \(--model\): .*git archive 97336fc models\/encodec-tiny-24khz/,
        ),
      });
    }
    await cp(tinyFolder, join(folder, "first"), { recursive: true });
    expect(await run(["decode", join(folder, "a.npz"), "-q", "-m", join(folder, "first")])).toMatchObject({ code: 0, stderr: "" });
  });

  test("needs no admission for the embedded model where it is not used", async () => {
    await using _ = await servedHub(served24);
    const folder = await temporaryFolder();
    await run(["encode", speech, "-m", "24khz", "-q", "-o", join(folder, "a.npz")]);
    expect(await run(["decode", join(folder, "a.npz"), "-q", "--license", "allow=cc-by-nc-4.0; acceptUnresolved"])).toMatchObject({
      code: 0,
      stderr: "",
    });
  });

  test("decodes stereo that a mono codec made of left and right", async () => {
    const folder = await temporaryFolder();
    await using tokenizer = await AudioTokenizer.fromPretrained(mini32, { interleaveStereo: true, threads: 1 });
    const channelData = [0.1, 0.2].map((step) => Float32Array.from({ length: 6400 }, (__, index) => Math.sin(index * step) / 2));
    const codes = await tokenizer.encode({ channelData, sampleRate: 32_000 });
    await writeCodes(join(folder, "a.npz"), codes);
    for (const model of [[], ["-m", mini32]]) {
      expect(await run(["decode", join(folder, "a.npz"), "-q", "-f", "float32", "--force", "--threads", "1", ...model])).toMatchObject({
        code: 0,
        stderr: "",
      });
      expect(await readAudio(join(folder, "a.decoded.wav"))).toEqual(await tokenizer.decode(codes));
    }
  });
});
