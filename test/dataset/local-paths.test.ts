import { cp, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { vocabularyLayout } from "../../src/dataset/formats/token-layout.ts";
import { keyOfPath } from "../../src/dataset/inputs/row-key.ts";
import { openDataset } from "../../src/dataset/open-dataset.ts";
import { pushDataset } from "../../src/dataset/push-dataset.ts";
import { publishedLicense, publishedMessage, publishedModel, publishedPath } from "../../src/dataset/records/published-names.ts";
import { verifyDataset } from "../../src/dataset/verify/verify-dataset.ts";
import { TokenVocabulary } from "../../src/patterns/index.ts";
import { AudioTokenizer } from "../../src/tokenizer/index.ts";
import { HubServer, memberToken } from "../hub/hub-server.ts";
import { tinyModel, tokenize, toneWav } from "./corpus.ts";
import { bytesBelow } from "./encoded-clips.ts";
import { collect, sharedFolder, writeTree } from "../temporary-folder.ts";

describe.skipIf(process.platform === "win32")("a dataset that is published", () => {
  const outputs = [
    { format: "webdataset" },
    { format: "parquet" },
    { format: "npy" },
    { format: "jsonl" },
    {
      format: "tokens",
      layout: vocabularyLayout(new TokenVocabulary({ codebookSize: 1024, numCodebooks: 8, specialTokens: { eos: {} } })),
    },
  ] as const;
  const folder = sharedFolder();
  let home: string;
  let out: string;
  beforeAll(async () => {
    home = join(folder, "alice's home");
    out = join(home, "out");
    await cp(tinyModel, join(home, "models/my codec"), { recursive: true });
    // A card that does not say enough, so that there is evidence about it.
    await writeFile(join(home, "models/my codec/README.md"), "---\nlicense: other\nlicense_name: mine\nbase_model: org/base\n---\n");
    await writeTree(home, {
      "in/a.wav": toneWav(1, 0.3),
      "in/bad.wav": "not audio",
      "far/off/b.wav": toneWav(2, 0.3),
      "far/off/bad.flac": "fLaC not",
      "far/c/b.wav": toneWav(3, 0.3),
      "list/d.wav": toneWav(4, 0.3),
      "lists/m.jsonl": [
        { path: join(home, "far/off/b.wav") },
        { path: join(home, "far/c/b.wav") },
        { path: join(home, "far/off/bad.flac") },
        { path: join(home, "far/none.wav") },
        { path: join(home, "far/off/b.wav") },
      ]
        .map((line) => JSON.stringify(line))
        .join("\n"),
    });
    const { report } = await tokenize({
      folder: out,
      model: join(home, "models/my codec"),
      inputs: [join(home, "in"), join(home, "lists/m.jsonl"), join(home, "in/a.wav"), "-"],
      stdin: lines(`${join(home, "list/d.wav")}\n${join(home, "list/none.wav")}\n`),
      outputs,
    });
    expect(report).toMatchObject({ clips: 5, errors: 5 });
  });

  test("names no folder of the machine that made it, in no file", async () => {
    await using server = await HubServer.start({});
    const { uploaded } = await pushDataset(out, "user/speech", { endpoint: server.endpoint, token: memberToken, env: {} });
    expect(uploaded).toEqual(expect.arrayContaining(["manifest.jsonl", "errors.jsonl", "README.md", "dataset.json", "report.svg"]));
    for (const file of uploaded) {
      const text = await readFile(join(out, file), "latin1");
      for (const secret of ["alice", "models/my", home, process.cwd()]) expect(text.includes(secret), `${file} has ${secret}`).toBe(false);
    }
    const { info } = await openDataset(out);
    expect(info.codec).toMatchObject({ model: "./my codec", revision: null, digest: expect.stringMatching(/^[0-9a-f]{64}$/u) });
    expect(info.license).toMatchObject({ subject: "./my codec" });
    expect(info.license!.evidence.length).toBeGreaterThan(0);
    expect((await readFile(join(out, "README.md"), "utf8")).match(/\.\/my codec/gu)!.length).toBeGreaterThanOrEqual(2);
  });

  test("still tells its rows and clips apart, by names and a digest", async () => {
    const clips = await collect(await openDataset(out));
    expect(clips.map(({ key }) => key)).toEqual([
      "in/a",
      expect.stringMatching(/^m\/off\/b_[0-9a-f]{8}$/u),
      expect.stringMatching(/^m\/c\/b_[0-9a-f]{8}$/u),
      expect.stringMatching(/^in\/a_[0-9a-f]{8}$/u),
      expect.stringMatching(/^list\/d_[0-9a-f]{8}$/u),
    ]);
    expect(clips.map(({ source }) => source)).toEqual(["a.wav", "…/off/b.wav", "…/c/b.wav", "…/in/a.wav", "…/list/d.wav"]);
    const errors = (await readFile(join(out, "errors.jsonl"), "utf8"))
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { readonly path: string; readonly code: string; readonly message: string });
    expect(errors.map(({ path, code }) => [path, code])).toEqual([
      ["bad.wav", "AUDIO_UNKNOWN_FORMAT"],
      ["…/off/bad.flac", expect.stringMatching(/^AUDIO_/u)],
      ["…/far/none.wav", "FILE_NOT_FOUND"],
      ["…/off/b.wav", "ROW_DUPLICATE_KEY"],
      ["…/list/none.wav", "FILE_NOT_FOUND"],
    ]);
    expect(errors[2]!.message).toBe("cannot read …/far/none.wav: there is no such file");
  });

  test("is verified and continued where it was made without naming the model, and elsewhere with it", async () => {
    const sample = { reencode: { sample: { clips: 2 } } };
    expect(await collect(verifyDataset(out, sample))).toEqual([]);
    await using tokenizer = await AudioTokenizer.fromPretrained(join(home, "models/my codec"));
    for await (const { codes } of await openDataset(out)) expect(codes.provenance).toEqual(tokenizer.provenance);
    await mkdir(join(home, "other"));
    await rename(join(home, "models/my codec"), join(home, "other/my codec"));
    try {
      await expect(collect(verifyDataset(out, sample))).rejects.toThrow(
        /made with the model "\.\/my codec", which could not be loaded; name it/u,
      );
      expect(await collect(verifyDataset(out, { reencode: { ...sample.reencode, model: join(home, "other/my codec") } }))).toEqual([]);
      const again = await tokenize({ folder: out, model: join(home, "other/my codec"), outputs });
      expect(again.report).toMatchObject({ rows: 0, total: { clips: 5 } });
      for await (const { codes } of await openDataset(out)) expect(codes.provenance.model).toBe("./my codec");
    } finally {
      await rename(join(home, "other/my codec"), join(home, "models/my codec"));
    }
  });

  test("has what tells of the machine in its plan and nowhere else", async () => {
    const files = [...(await bytesBelow(out))].filter(([, bytes]) => bytes.includes("alice")).map(([name]) => name);
    expect(files.toSorted()).toEqual(["plan/inputs.json", "plan/model.json", "plan/rows.jsonl"]);
  });
});

async function* lines(text: string): AsyncGenerator<Uint8Array, void> {
  yield Buffer.from(text);
}

test("a model of the Hub, and the one that comes with the package, keep their names", () => {
  expect(publishedModel({ model: "org/codec", revision: "0".repeat(40) })).toBe("org/codec");
  expect(publishedModel({ model: "tiny", revision: null })).toBe("tiny");
  for (const model of ["/a/b/24khz", "24khz", "./24khz/", "../x/24khz", "~/24khz"])
    expect(publishedModel({ model, revision: null })).toBe("./24khz");
  expect(publishedModel({ model: ".", revision: null })).toBe(`./${basename(process.cwd())}`);
});

test.skipIf(process.platform === "win32")("paths, messages and evidence lose their folders, and nothing else", () => {
  expect(publishedPath("a/b/c.wav")).toBe("a/b/c.wav");
  expect(publishedPath("/a/b c/d.wav")).toBe("…/b c/d.wav");
  expect(publishedPath("/d.wav")).toBe("…/d.wav");
  expect(publishedMessage("EACCES: permission denied, scandir '/home/alice/x/y'; see https://example.org/a/b and and/or/both, 1/2")).toBe(
    "EACCES: permission denied, scandir '…/x/y'; see https://example.org/a/b and and/or/both, 1/2",
  );
  expect(publishedMessage(publishedMessage("/a/b/c: /d/e/f, C:/g/h/i"))).toBe("…/b/c: …/e/f, …/h/i");
  const license = {
    subject: "w/enc",
    revision: null,
    declared: { card: [], api: null },
    upstream: null,
    effective: "MIT",
    stricterReading: null,
    status: "settled" as const,
    classes: [],
    evidence: [
      { source: "w/enc/README.md", fact: "w/enc declares MIT, as /data/w/enc does", date: "2026-01-01" },
      { source: "https://huggingface.co/org/base", fact: "its base model", date: "2026-01-01" },
    ],
  };
  expect(publishedLicense(license, { model: "w/enc", revision: null })).toMatchObject({
    subject: "./enc",
    evidence: [{ source: "./enc/README.md", fact: "./enc declares MIT, as …/w/enc does" }, { source: "https://huggingface.co/org/base" }],
  });
  expect(publishedLicense(license, { model: "w/enc", revision: "main" })).toBe(license);
});

test.skipIf(process.platform === "win32")("keys of paths that are given in full are of two names and a digest, others as they were", () => {
  expect(keyOfPath("a/b.c/d.e.wav")).toBe("a/b.c/d_e");
  expect(keyOfPath("/home/alice/speaker/d.wav")).toMatch(/^speaker\/d_[0-9a-f]{8}$/u);
  expect(keyOfPath("/home/alice/speaker/d.wav")).not.toBe(keyOfPath("/home/bob/speaker/d.wav"));
  expect(keyOfPath("/d.wav")).toMatch(/^d_[0-9a-f]{8}$/u);
});
