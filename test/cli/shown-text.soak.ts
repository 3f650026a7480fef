import { spawn } from "node:child_process";
import { join } from "node:path";
import { readdirSync, readFileSync } from "node:fs";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { tell } from "../../src/cli/shared/terminal.ts";
import { AudioCodes, formatCodes, formatWav } from "../../src/index.ts";
import { run } from "./fake-terminal.ts";
import type { Outcome } from "./fake-terminal.ts";
import { builtFile } from "../built-package.ts";
import { temporaryFolder } from "../temporary-folder.ts";

/** Sets the title, clears the screen, hides what follows, turns it around; as a name of a file and as metadata. */
const hostile = "x\u001b]0;PWNED\u0007\u001b[2J\u009b8m\u202egnp\u2066\u200b\u{e0041}\r\nencodec-tokenizer: all is well";

function hostileCodes(): AudioCodes {
  return new AudioCodes({
    data: new Uint16Array(20),
    shape: [1, 2, 10],
    scales: null,
    numSamples: 3200,
    sampleRate: 24_000,
    channels: 1,
    hopLength: 320,
    codebookSize: 1024,
    bandwidth: 1.5,
    segment: null,
    provenance: { model: hostile, revision: hostile, digest: hostile, license: hostile, licenseStatus: "settled" },
  });
}

function textOf({ stdout, stderr }: Outcome): string {
  return stdout.toString() + stderr;
}

/** Files of all kinds with hostile names and contents. */
async function hostileFolder() {
  const folder = await temporaryFolder();
  const codes = join(folder, `${hostile}.json`);
  const audio = join(folder, `${hostile}.wav`);
  const junk = join(folder, `${hostile}-junk.flac`);
  const weights = join(folder, `${hostile}-weights.safetensors`);
  const model = join(folder, `${hostile}-model`);
  await writeFile(codes, formatCodes(hostileCodes(), "json"));
  await writeFile(audio, formatWav({ channelData: [new Float32Array(2400)], sampleRate: 24_000 }));
  await writeFile(junk, hostile);
  const header = JSON.stringify({ [hostile]: { dtype: hostile, shape: [1], data_offsets: [0, 4] } });
  await writeFile(
    weights,
    Buffer.concat([Buffer.from(BigUint64Array.of(BigInt(Buffer.byteLength(header))).buffer), Buffer.from(header), Buffer.alloc(4)]),
  );
  await mkdir(model);
  for (const file of ["config.json", "model.safetensors"])
    await copyFile(fileURLToPath(new URL(`../../models/encodec-tiny-24khz/${file}`, import.meta.url)), `${model}/${file}`);
  await writeFile(
    `${model}/README.md`,
    `---\nlicense: other\nlicense_name: ${JSON.stringify(hostile)}\nlicense_link: ${JSON.stringify(hostile)}\n---\n`,
  );
  return { path: folder, codes, audio, junk, weights, model };
}

describe("nothing that a command prints steers the terminal", () => {
  test.each([
    ["inspect", "CODES"],
    ["inspect", "CODES", "--json"],
    ["inspect", "WEIGHTS"],
    ["inspect", "MODEL"],
    ["inspect", "MODEL", "--json"],
    ["inspect", "HOSTILE"],
    ["license", "CODES"],
    ["license", "CODES", "--json"],
    ["license", "CODES", "JUNK", "--policy", "commercial"],
    ["decode", "CODES"],
    ["decode", "JUNK", "--json"],
    ["decode", "CODES", "-o", "HOSTILE"],
    ["encode", "AUDIO", "JUNK", "-m", "MODEL", "--json"],
    ["encode", "AUDIO", "-m", "WEIGHTS"],
    ["encode", "AUDIO", "-m", "HOSTILE"],
    ["encode", "AUDIO", "-o", "HOSTILE"],
    ["roundtrip", "AUDIO", "-m", "MODEL"],
    ["roundtrip", "AUDIO", "-m", "MODEL", "--json"],
    ["roundtrip", "JUNK"],
    ["patterns", "show", "HOSTILE"],
    ["patterns", "show", "JUNK"],
    ["patterns", "apply", "CODES", "-p", "delay"],
    ["patterns", "revert", "CODES"],
    ["models", "show", "HOSTILE"],
    ["models", "--license", "HOSTILE"],
    ["notice", "HOSTILE"],
    ["cache", "remove", "HOSTILE"],
    ["pull", "HOSTILE", "--offline"],
    ["tokenize", "AUDIO", "JUNK", "-m", "MODEL", "-o", "OUT"],
    ["tokenize", "AUDIO", "JUNK", "-o", "OUT", "--json"],
    ["tokenize", "HOSTILE", "-o", "OUT"],
    ["verify", "HOSTILE"],
    ["push", "HOSTILE", "HOSTILE"],
    ["tokenize", "status", "-o", "HOSTILE"],
    ["HOSTILE"],
    ["--HOSTILE"],
    ["encode", "AUDIO", "-b", "HOSTILE"],
    ["encode", "AUDIO", "-f", "HOSTILE"],
  ])("%j %j %j %j", async (...args) => {
    const folder = await hostileFolder();
    const { path, codes, audio, junk, weights, model } = folder;
    const paths: Readonly<Record<string, string>> = {
      CODES: codes,
      AUDIO: audio,
      JUNK: junk,
      WEIGHTS: weights,
      MODEL: model,
      OUT: join(path, "out"),
      HOSTILE: hostile,
      "--HOSTILE": `--${hostile}`,
    };
    const outcome = await run(args.map((arg) => paths[arg] ?? arg));
    const text = textOf(outcome);
    expect(text).not.toBe("");
    expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
    expect(text).not.toMatch(/^encodec-tokenizer: all is well/mu);
    expect(outcome.stderr).not.toContain("this is a bug");
    if (args.includes("--json") && args[0] !== "tokenize")
      expect(JSON.stringify(JSON.parse(outcome.stdout.toString()))).toContain(JSON.stringify(hostile).slice(1, -1));
  });

  test("a dataset's reports neither", async () => {
    const folder = await hostileFolder();
    const out = join(folder.path, "out");
    await run(["tokenize", folder.audio, folder.junk, "-m", folder.model, "-o", out]);
    for (const args of [
      ["inspect", out],
      ["inspect", out, "--json"],
      ["verify", out, "--json"],
      ["verify", out, "--sample", "1", "-m", hostile],
    ]) {
      const text = textOf(await run(args));
      expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      expect(text).not.toMatch(/^encodec-tokenizer: all is well/mu);
    }
  });

  test("nor does the bar", async () => {
    const folder = await hostileFolder();
    await writeFile(folder.audio, formatWav({ channelData: [new Float32Array(24_000 * 8)], sampleRate: 24_000 }));
    const { stderr } = await run(["encode", folder.audio, "-m", folder.model], { isTTY: true });
    expect(stderr).toContain("encode");
    // oxlint-disable-next-line no-control-regex -- what the bar itself needs
    expect(stderr.replaceAll(/\u001b(?:[78]|\[[012]?[GK])/gu, "").replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
  });
});

test("a message keeps its own indented lines, is one line otherwise, and is cut where nobody would read on", () => {
  let written = "";
  const terminal = { stderr: { write: (text: string) => (written += text) } } as unknown as Parameters<typeof tell>[0];
  tell(terminal, "begun in another way:\n  model: a\nencodec-tokenizer: b");
  expect(written).toBe("begun in another way:\n  model: a\\nencodec-tokenizer: b\n");
  written = "";
  tell(terminal, "x".repeat(10 ** 6));
  expect(written.length).toBeLessThan(10_000);
});

test("only the terminal's own files write to the standard streams, and the one that starts before they are loaded", () => {
  const folder = fileURLToPath(new URL("../../src/cli/", import.meta.url));
  const writers = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
    (file) => file.endsWith(".ts") && /\b(?:stdout|stderr|output|stream)\.write\b|\bconsole\b/u.test(readFileSync(folder + file, "utf8")),
  );
  expect(writers.toSorted()).toEqual(["main.ts", "shared/plain-line.ts", "shared/stray-messages.ts", "shared/terminal.ts"]);
});

test("what packages, Node and bugs tell is made visible too, and leaves standard output alone", async () => {
  const stray =
    'const text = "\\u001b[2J\\u009bx\\u202e"; process.once("beforeExit", () => { console.log(text, 1); console.warn(text); process.emitWarning(text); setTimeout(() => Promise.reject(new Error(text)), 10); });';
  const main = builtFile("cli/main.ts");
  const child = spawn(process.execPath, ["--import", `data:text/javascript,${encodeURIComponent(stray)}`, main, "--version"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [stdout, stderr, code] = await Promise.all([
    child.stdout.toArray(),
    child.stderr.toArray(),
    new Promise((resolve) => child.once("close", resolve)),
  ]);
  const shown = "\\u001b[2J\\u009bx\\u202e";
  expect(stdout.join("")).toMatch(/^\d+\.\d+\.\d+\n$/u);
  expect(stderr.join("").split("\n").slice(0, 5)).toEqual([
    `${shown} 1`,
    shown,
    `Warning: ${shown}`,
    "encodec-tokenizer: this is a bug, please report it:",
    `  Error: ${shown}`,
  ]);
  expect(stderr.join("").replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  expect(code).toBe(1);
});
