import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { notice } from "../../src/entries/hub.ts";
import { writeCodes } from "../../src/index.ts";
import type { Provenance } from "../../src/index.ts";
import { codesAt48kHz } from "../core/arbitrary-codes.ts";
import { run } from "./fake-terminal.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const tiny: Provenance = { model: "tiny", revision: null, digest: null, license: "MIT", licenseStatus: "settled" };
const official: Provenance = {
  model: "facebook/encodec_48khz",
  revision: "c3def8e7185ac8c8efdce6eb8c4a651e487a503e",
  digest: null,
  license: "MIT",
  licenseStatus: "contested",
};

/** Three files of codes: two by the embedded checkpoint, one by the official 48 kHz one. */
async function filesOfCodes(): Promise<readonly string[]> {
  const folder = await temporaryFolder();
  for (const [name, provenance] of Object.entries({ "a.npz": tiny, "b.safetensors": official, "c.json": tiny })) {
    await writeCodes(join(folder, name), { ...codesAt48kHz(50_000), provenance });
  }
  return ["a.npz", "b.safetensors", "c.json"].map((name) => join(folder, name));
}

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("license", () => {
  test("sums up what a set of codes was made with", async () => {
    const files = await filesOfCodes();
    const { code, stdout, stderr } = await run(["license", ...files]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const text = stdout.toString();
    expect(text).toMatch(/^3 files of codes under MIT \(permissive\)\n/);
    expect(text).toMatch(/model +tiny\n +license +MIT, settled\n +policy +admits it\n +files +.*a\.npz\n +.*c\.json\n/);
    expect(text).toMatch(/c\.json\n +trained on +2026-11-30  models\/encodec-tiny-24khz\/README\.md\n +of the codec: "3\.7 hours/);
    expect(text).toMatch(/model +facebook\/encodec_48khz at commit c3def8e7\w+\n +license +MIT, contested: may be CC-BY-NC-4\.0 AND MIT\n/);
  });

  test("fails where the policy of the option or of the deployment refuses some", async () => {
    const files = await filesOfCodes();
    const refused = {
      code: 1,
      stderr:
        "encodec-tokenizer: policy commercial does not admit facebook/encodec_48khz: its license MIT is contested, which may be CC-BY-NC-4.0 AND MIT\n",
    };
    expect(await run(["license", ...files, "--policy", "commercial"])).toMatchObject(refused);
    expect(await run(["license", files[0]!, "--policy", "commercial"])).toMatchObject({ code: 0 });
    vi.stubEnv("ENCODEC_TOKENIZER_LICENSE_POLICY", "commercial");
    expect(await run(["license", ...files])).toMatchObject(refused);
    expect(await run(["license", ...files, "--policy", "any"])).toMatchObject({ code: 0 });
    vi.stubEnv("ENCODEC_TOKENIZER_LICENSE_POLICY", "comercial");
    expect(await run(["license", ...files])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/ENCODEC_TOKENIZER_LICENSE_POLICY: "comercial" is no license policy[^\n]*\n$/),
    });
  });

  test("prints it as JSON, with the files that cannot be read", async () => {
    const files = await filesOfCodes();
    const missing = join(await temporaryFolder(), "missing.npz");
    const { code, stdout } = await run(["license", ...files, missing, "--policy", "deny=non-commercial; acceptContested", "--json"]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout.toString())).toMatchObject({
      effective: "MIT",
      allowed: false,
      groups: [
        { count: 2, files: [files[0], files[2]], record: { status: "settled" }, verdict: { allowed: true } },
        { count: 1, files: [files[1]], record: { status: "contested" }, verdict: { allowed: true } },
      ],
      failures: [{ input: missing, error: expect.stringContaining("there is no such file") }],
    });
  });

  test("takes bare codes for those of an unknown model, under terms that nobody knows", async () => {
    const folder = await temporaryFolder();
    const bare = { ...codesAt48kHz(40_000), segment: null, scales: null };
    await writeCodes(join(folder, "bare.npy"), bare);
    expect((await run(["license", join(folder, "bare.npy")])).stdout.toString()).toMatch(/model +unknown\n +license +.*unresolved\n/);
    expect(await run(["license", join(folder, "bare.npy"), "--policy", "research"])).toMatchObject({ code: 1 });
  });

  test("reads standard input", async () => {
    const files = await filesOfCodes();
    const { stdout } = await run(["license", "-"], { stdin: await readFile(files[0]!) });
    expect(stdout.toString()).toMatch(/files +stdin\n/);
  });
});

describe("notice", () => {
  test("prints attribution text, or writes it to a file that was not there", async () => {
    expect((await run(["notice", "32khz", "tiny"])).stdout.toString()).toBe(notice(["32khz", "tiny"]));
    const folder = await temporaryFolder();
    const args = ["notice", "24khz", "-o", join(folder, "app/NOTICE")];
    expect(await run(args)).toMatchObject({ code: 0, stderr: "", stdout: Buffer.alloc(0) });
    expect(await readFile(join(folder, "app/NOTICE"), "utf8")).toBe(notice(["24khz"]));
    expect(await run(args)).toMatchObject({ code: 1, stderr: expect.stringContaining("already exists; add --force") });
    expect(await run([...args, "--force"])).toMatchObject({ code: 0 });
  });

  test("names the ids that it does not know", async () => {
    expect(await run(["notice", "tiny", "gpt", "bert"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("gpt, bert are not in the catalogue"),
    });
  });
});
