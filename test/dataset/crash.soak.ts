import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { wholeShare } from "../../src/dataset/folder/share.ts";
import { openDataset } from "../../src/dataset/open-dataset.ts";
import { forgetPartNotes, isGivenUp, PartAttempt, readPartNotes } from "../../src/dataset/parts/part-attempt.ts";
import { listFinishedParts } from "../../src/dataset/records/part-record.ts";
import { tinyModel, tokenize, toneWav } from "./corpus.ts";
import { bytesBelow } from "./encoded-clips.ts";
import { collect, temporaryFolder, writeTree } from "../temporary-folder.ts";
import { builtUrl } from "../built-package.ts";

const row = (index: number): { readonly row: number; readonly key: string; readonly path: string } => ({
  row: index,
  key: `clip-${index}`,
  path: `clip-${index}.wav`,
});

describe("the note beside a part", () => {
  test("is there while the part is being done, and gone when it is done", async () => {
    const folder = await temporaryFolder();
    const attempt = await PartAttempt.begin(folder, 7);
    expect(await readPartNotes(folder, [7])).toEqual(new Map([[7, { crashed: null }]]));
    expect(await readPartNotes(folder, [6, 7, 8])).toEqual(new Map([[7, { crashed: null }]]));
    expect(await readPartNotes(folder, [6])).toEqual(new Map());
    await attempt.end();
    await attempt[Symbol.asyncDispose]();
    expect([...(await bytesBelow(folder)).keys()]).toEqual([]);
  });

  test("counts deaths over one and the same row, and begins anew at another", async () => {
    const folder = await temporaryFolder();
    /** An attempt that ends, without a word, at the last of these rows. */
    const die = async (...rows: readonly number[]): Promise<unknown> => {
      const attempt = await PartAttempt.begin(folder, 0, (await readPartNotes(folder, [0])).get(0));
      for (const index of rows) await attempt.begins(row(index));
      const { crashed } = (await readPartNotes(folder, [0])).get(0)!;
      return crashed === null ? null : [crashed.row, crashed.times];
    };
    expect(await die()).toBeNull();
    expect(await die(0, 1, 2)).toEqual([2, 1]);
    expect(await die(0, 1, 2)).toEqual([2, 2]);
    expect(await die(0, 1)).toEqual([1, 1]);
    expect(await die(0, 1)).toEqual([1, 2]);
    expect(await die()).toEqual([1, 2]);
    expect(await die(0, 1)).toEqual([1, 3]);
    const note = (await readPartNotes(folder, [0])).get(0)!;
    expect([isGivenUp(note, 3), isGivenUp(note, 4), isGivenUp({ crashed: null }, 1)]).toEqual([true, false, false]);
    await forgetPartNotes(folder, (part) => part === 1);
    expect((await readPartNotes(folder, [0])).size).toBe(1);
    await forgetPartNotes(folder, (part) => part === 0);
    expect((await readPartNotes(folder, [0])).size).toBe(0);
  });

  test("is as it was before after an attempt that was ended in order", async () => {
    const folder = await temporaryFolder();
    {
      await using attempt = await PartAttempt.begin(folder, 0);
      await attempt.begins(row(5));
    }
    expect((await readPartNotes(folder, [0])).size).toBe(0);
    const before = { crashed: { ...row(5), times: 2 } };
    {
      await using attempt = await PartAttempt.begin(folder, 0, before);
      await attempt.begins(row(3));
    }
    expect((await readPartNotes(folder, [0])).get(0)).toEqual(before);
  });

  test("that is damaged names no row, and one that is a link writes nowhere else", async () => {
    const folder = await temporaryFolder();
    const elsewhere = join(await temporaryFolder(), "precious");
    await writeFile(elsewhere, "precious");
    await writeTree(folder, { "parts/000000.attempt.json": '{"crashed":{"row":"x"}}', "parts/000001.attempt.json": "" });
    expect(await readPartNotes(folder, [0, 1])).toEqual(
      new Map([
        [0, { crashed: null }],
        [1, { crashed: null }],
      ]),
    );
    await symlink(elsewhere, join(folder, "parts/000002.attempt.json"));
    await expect(readPartNotes(folder, [2])).rejects.toMatchObject({ code: "FILE_OUTSIDE" });
    await (await PartAttempt.begin(folder, 2)).begins(row(1));
    expect(await readFile(elsewhere, "utf8")).toBe("precious");
  });
});

const numFiles = 9;
/** Its process is killed whenever it is encoded. */
const killer = { file: 4, seconds: 0.77 };

/** Tokenizes with a model that ends the process at a clip of a certain length. */
function script(): string {
  return `
    import { AudioTokenizer } from ${JSON.stringify(builtUrl("tokenizer/index.ts"))};
    import { tokenizeDataset } from ${JSON.stringify(builtUrl("dataset/tokenize-dataset.ts"))};
    const [folder, input, retry] = process.argv.slice(2);
    const { encodeBatch } = AudioTokenizer.prototype;
    AudioTokenizer.prototype.encodeBatch = async function (waveforms, options) {
      if (waveforms.some(({ channelData }) => channelData[0].length === ${killer.seconds * 24_000})) process.kill(process.pid, "SIGKILL");
      return encodeBatch.call(this, waveforms, options);
    };
    try {
      for await (const event of tokenizeDataset({ folder, inputs: [input], model: ${JSON.stringify(tinyModel)}, load: { threads: 1 }, numCodebooks: 2, partRows: 3, decodeThreads: 1, retryErrors: retry === "retry" })) {
        if (event.kind === "part-started") console.log("part", event.part);
      }
      console.log("done");
    } catch (error) {
      console.log(error.code, error.message);
    }
    process.exit(0);`;
}

interface Outcome {
  readonly wasKilled: boolean;
  readonly lines: readonly string[];
}

async function outcomeOf(child: ChildProcess): Promise<Outcome> {
  let text = "";
  child.stdout!.on("data", (chunk) => {
    text += String(chunk);
  });
  await once(child, "close");
  return { wasKilled: child.signalCode === "SIGKILL", lines: text.split("\n").filter((line) => line !== "") };
}

test("a clip that ends its process ends four of them, the other parts are done, and the run says which clip it is", async () => {
  const folder = await temporaryFolder();
  const input = join(folder, "in");
  await writeTree(
    input,
    Object.fromEntries(
      Array.from({ length: numFiles }, (_, i) => [`clip-${i}.wav`, toneWav(i, i === killer.file ? killer.seconds : 0.3 + 0.05 * i)]),
    ),
  );
  await mkdir(join(folder, "out"));
  await writeFile(join(folder, "run.mjs"), script());
  const run = (...more: readonly string[]): Promise<Outcome> =>
    outcomeOf(
      spawn(process.execPath, [join(folder, "run.mjs"), join(folder, "out"), input, ...more], {
        stdio: ["ignore", "pipe", "inherit"],
      }),
    );

  const outcomes: Outcome[] = [];
  do outcomes.push(await run());
  while (outcomes.at(-1)!.wasKilled && outcomes.length < 10);
  expect(outcomes.map(({ wasKilled }) => wasKilled)).toEqual([true, true, true, true, false]);
  // Those that were not at hand alone, when the first process died, come before the one in question.
  expect(await listFinishedParts(join(folder, "out"), wholeShare)).toEqual([0, 2]);
  expect(outcomes.at(-1)!.lines).toEqual([
    expect.stringMatching(
      /^DATASET_CRASHED processes died over part 1 \(3 times at the clip clip-4, row 4, clip-4\.wav\): it is not done any more\./u,
    ),
  ]);
  expect((await run()).lines).toEqual(outcomes.at(-1)!.lines);

  // Tried again when that is asked for, and done when the clip ends no process any more.
  expect((await run("retry")).wasKilled).toBe(true);
  const alone = join(folder, "alone");
  const options = { inputs: [input], numCodebooks: 2, partRows: 3, decodeThreads: 1 };
  const { report } = await tokenize({ ...options, folder: join(folder, "out") });
  expect(report).toMatchObject({ parts: 1, total: { clips: numFiles, errors: 0 } });
  expect((await collect(await openDataset(join(folder, "out")))).map(({ key }) => key)).toEqual(
    Array.from({ length: numFiles }, (_, i) => `clip-${i}`),
  );
  await tokenize({ ...options, folder: alone });
  expect(await bytesBelow(join(folder, "out"))).toEqual(await bytesBelow(alone));
  expect((await readdir(join(folder, "out/parts"))).filter((name) => name.includes("attempt"))).toEqual([]);
});
