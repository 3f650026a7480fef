import { execFile } from "node:child_process";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import type { BuildOptions } from "esbuild";
import { describe, expect, test } from "vitest";
import { installPackage } from "../built-package.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const speech = fileURLToPath(new URL("../fixtures/golden/mini-24khz/speech.wav", import.meta.url));
const tinyFolder = fileURLToPath(new URL("../../models/encodec-tiny-24khz", import.meta.url));

/** A server's code: it encodes a clip, makes a dataset of it, and prints what came, or why nothing did. */
const server = `
import { AudioTokenizer, readAudio } from "encodec-tokenizer";
import { tokenizeDataset } from "encodec-tokenizer/dataset";

const [model, input, folder] = process.argv.slice(2);
const tried = (work) => work().catch((error) => error.message);
async function encode() {
  const tokenizer = await AudioTokenizer.fromPretrained(model, { threads: 1 });
  const codes = await tokenizer.encode(await readAudio(input));
  await tokenizer.dispose();
  return codes.numFrames;
}
async function tokenize() {
  const runtime = { name: "none", createSession: async () => { throw new Error("not asked for"); } };
  const load = model === "tiny" ? {} : { runtime };
  for await (const event of tokenizeDataset({ folder, inputs: [input], model, load })) {
    if (event.kind === "finished") return event.report.total.clips;
  }
}
tried(encode).then(async (encoded) => console.log(JSON.stringify([encoded, await tried(tokenize)])));
`;

/** Bundles a server, and runs it with a model. */
async function runBundle(options: BuildOptions, model: string): Promise<unknown> {
  const folder = await temporaryFolder();
  await writeFile(join(folder, "package.json"), `{"name":"some-app","version":"9.9.9"}`);
  await writeFile(join(folder, "server.mjs"), server);
  await mkdir(join(folder, "installed"));
  await installPackage(join(folder, "installed"));
  await mkdir(join(folder, "node_modules"));
  await symlink(join(folder, "installed"), join(folder, "node_modules/encodec-tokenizer"));
  const outfile = join(folder, "out/server", options.format === "cjs" ? "server.cjs" : "server.mjs");
  await build({
    entryPoints: [join(folder, "server.mjs")],
    outfile,
    bundle: true,
    platform: "node",
    target: "node20",
    logLevel: "error",
    ...options,
  });
  const { stdout } = await promisify(execFile)(process.execPath, [outfile, model, speech, join(folder, "dataset")]);
  return JSON.parse(stdout);
}

describe("a server's bundle", () => {
  test.each(["esm", "cjs"] as const)("that leaves the package out works: %s", async (format) => {
    expect(await runBundle({ format, external: ["encodec-tokenizer"] }, "tiny")).toEqual([128, 1]);
  });

  const inside: readonly BuildOptions[] = [
    {
      format: "esm",
      banner: { js: `import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);` },
    },
    { format: "cjs", logOverride: { "empty-import-meta": "silent" } },
  ];
  test.each(inside)("that has the package in it says what to do: $format", async (options) => {
    const advice = "and in a bundle they are not. Leave encodec-tokenizer out of it, as an external package";
    expect(await runBundle(options, "tiny")).toEqual([
      expect.stringMatching(new RegExp(`^the weights of tiny .*, ${advice}`, "u")),
      expect.stringMatching(new RegExp(`^the weights of tiny .*, ${advice}`, "u")),
    ]);
    expect(await runBundle(options, tinyFolder)).toEqual([
      expect.stringMatching(new RegExp(`^models run in a process .*, ${advice}`, "u")),
      expect.stringMatching(new RegExp(`^the version of encodec-tokenizer .*, ${advice}`, "u")),
    ]);
  });
});
