import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Budget } from "../../src/async/budget.ts";
import type { AudioCodes, Waveform } from "../../src/core/index.ts";
import type { DecodePool } from "../../src/dataset/decoding/decode-pool.ts";
import { decodeRow } from "../../src/dataset/decoding/decode-row.ts";
import type { DecodedRow } from "../../src/dataset/decoding/decode-row.ts";
import type { RowRecipe } from "../../src/dataset/decoding/row-recipe.ts";
import { ClipBatcher } from "../../src/dataset/encoding/clip-batcher.ts";
import { encodeRows, longRowBytes } from "../../src/dataset/encoding/encode-rows.ts";
import type { PartRow } from "../../src/dataset/encoding/encode-rows.ts";
import type { AudioRow } from "../../src/dataset/inputs/row.ts";
import type { DatasetPlan } from "../../src/dataset/plan/dataset-plan.ts";
import type { AudioTokenizer } from "../../src/tokenizer/index.ts";
import { turns } from "../async/turns.ts";
import { toneWav } from "./corpus.ts";
import { collect, temporaryFolder } from "../temporary-folder.ts";

async function* items<T>(all: readonly T[]): AsyncGenerator<T, void> {
  yield* all;
}

describe("a batcher", () => {
  test("takes the clip that waits longest and those of similar lengths", async () => {
    const { batcher, batches, finish } = watched(3);
    const lengths = [70, 71, 72, 50, 10, 52, 11, 90, 49, 12, 91, 51];
    const codes = batcher.expecting(async () => lengths.map((length) => batcher.encode(silence(length))));
    for (let batch = 0; batch < lengths.length; batch++) await finish();
    expect(await Promise.all(await codes)).toEqual(lengths);
    expect(batches).toEqual([[70], [71, 72, 50], [10, 11, 12], [52, 49, 51], [90, 91]]);
  });

  test("waits for full batches while the model has work, and for a quarter of one while it has none", async () => {
    const { batcher, batches, finish } = watched(8);
    let end!: () => void;
    const expected = batcher.expecting(() => new Promise<void>((resolve) => (end = resolve)));
    const bring = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) void batcher.encode(silence(1));
      await turns(2);
    };
    const sizes = (): number[] => batches.map(({ length }) => length);
    await bring(1);
    expect(sizes()).toEqual([]);
    await bring(1);
    expect(sizes()).toEqual([2]);
    await bring(7);
    expect(sizes()).toEqual([2]);
    await bring(1);
    expect(sizes()).toEqual([2, 8]);
    await bring(5);
    await finish();
    expect(sizes()).toEqual([2, 8]);
    await finish();
    expect(sizes()).toEqual([2, 8, 5]);
    await bring(1);
    end();
    await expected;
    await turns(2);
    expect(sizes()).toEqual([2, 8, 5, 1]);
  });

  test("divides the last clips evenly", async () => {
    const { batcher, batches, finish } = watched(8);
    const codes = Array.from({ length: 27 }, () => batcher.encode(silence(1)));
    for (let batch = 0; batch < codes.length; batch++) await finish();
    expect(batches.map(({ length }) => length)).toEqual([1, 1, 7, 6, 6, 6]);
  });
});

test("any number of clips may wait for the model", async () => {
  const batcher = new ClipBatcher(async (waveforms) => {
    await turns(1);
    return waveforms.map((_, index) => index as unknown as AudioCodes);
  }, 100_000);
  const clip = silence(1);
  const codes = await batcher.expecting(() => Promise.all(Array.from({ length: 400_000 }, () => batcher.encode(clip))));
  expect(codes).toHaveLength(400_000);
});

test("audio that is held has no more bytes than it may, also where the codec's rate and channels make more of it than the file has", async () => {
  const folder = await temporaryFolder();
  const file = join(folder, "call.wav");
  await writeFile(file, toneWav(1, 1, { sampleRate: 8000 }));
  const recipe: RowRecipe = {
    sampleRate: 48_000,
    channels: 2,
    mode: "stereo",
    planning: { window: null, minimum: 1, hopLength: 320 },
    trim: null,
  };
  const bytes = 48_000 * 2 * Float32Array.BYTES_PER_ELEMENT;
  const decode = (maxBytes: number): Promise<DecodedRow> => decodeRow({ location: { path: file }, range: {}, recipe, maxBytes });
  expect((await decode(bytes - 1)).kind).toBe("long");
  const held = await decode(bytes);
  expect(held).toMatchObject({ kind: "clips", clips: [{ range: { length: 48_000 } }] });
});

test("parts that are encoded at the same time share their memory", async () => {
  const maxMemory = 6 * 100;
  const budget = new Budget(maxMemory);
  let atHand = 0;
  let most = 0;
  const decode = async (): Promise<DecodedRow> => {
    most = Math.max(most, ++atHand);
    await turns(3);
    atHand--;
    return { kind: "failed", failure: { code: "ROW_FAILED", message: "" } };
  };
  const options = {
    plan: { locate: () => ({ path: "" }) } as unknown as DatasetPlan,
    pool: { decode } as unknown as DecodePool,
    tokenizer: {} as AudioTokenizer,
    recipe: {} as RowRecipe,
    numCodebooks: 1,
    decodeThreads: 1,
    maxMemory,
    budget,
    batchClips: 1,
    signal: new AbortController().signal,
  };
  const parts = await Promise.all([0, 1, 2].map((part) => collect(encodeRows(items(rowsOf(part)), options))));
  expect(parts.map(({ length }) => length)).toEqual([40, 40, 40]);
  expect(most).toBe(maxMemory / longRowBytes(options));
});

test("rows that cannot be begun give their memory back", async () => {
  const maxMemory = 6 * 100;
  const budget = new Budget(maxMemory);
  const options = {
    plan: {} as DatasetPlan,
    pool: {} as DecodePool,
    tokenizer: {} as AudioTokenizer,
    recipe: {} as RowRecipe,
    numCodebooks: 1,
    decodeThreads: 1,
    maxMemory,
    budget,
    batchClips: 1,
    onBegin: async () => {
      throw new Error("the disk is full");
    },
    signal: new AbortController().signal,
  };
  await expect(collect(encodeRows(items(rowsOf(0)), options))).rejects.toThrow("the disk is full");
  let isGiven = false;
  void budget.take(maxMemory).then(() => (isGiven = true));
  await turns(10);
  expect(isGiven).toBe(true);
});

test("rows that wait hold no more than some megabytes, however long each of them is", async () => {
  const held = { rows: 0, most: 0 };
  const maxMemory = 2 ** 30;
  const options = {
    plan: { locate: () => ({ path: "" }) } as unknown as DatasetPlan,
    pool: { decode: decodingFails } as unknown as DecodePool,
    tokenizer: {} as AudioTokenizer,
    recipe: {} as RowRecipe,
    numCodebooks: 1,
    decodeThreads: 1000,
    maxMemory,
    budget: new Budget(maxMemory),
    batchClips: 1,
    signal: new AbortController().signal,
  };
  const columns = { text: "x".repeat(2 ** 20 - 1000) };
  async function* rows(): AsyncGenerator<PartRow, void> {
    for (const row of rowsOf(0)) {
      held.most = Math.max(held.most, ++held.rows);
      yield { ...row, row: { ...row.row, columns } as AudioRow };
    }
  }
  for await (const _ of encodeRows(rows(), options)) {
    await turns(100);
    held.rows--;
  }
  expect(held.most).toBeLessThanOrEqual(17);
});

async function decodingFails(): Promise<DecodedRow> {
  return { kind: "failed", failure: { code: "ROW_FAILED", message: "" } };
}

function rowsOf(part: number): readonly PartRow[] {
  return Array.from({ length: 40 }, (_, index) => ({
    index,
    part,
    isLastOfPart: index === 39,
    row: { input: 0, path: `${index}.wav`, key: `${index}` },
  }));
}

function silence(length: number): Waveform {
  return { channelData: [new Float32Array(length)], sampleRate: 1 };
}

/** A batcher, and the lengths of the clips in the batches that it has begun; `finish` ends the oldest of those that run. */
function watched(batchClips: number): {
  readonly batcher: ClipBatcher;
  readonly batches: number[][];
  readonly finish: () => Promise<void>;
} {
  const batches: number[][] = [];
  const running: (() => void)[] = [];
  const encode = async (waveforms: readonly Waveform[]): Promise<readonly AudioCodes[]> => {
    batches.push(waveforms.map(({ channelData }) => channelData[0]!.length));
    await new Promise<void>((end) => running.push(end));
    return waveforms.map(({ channelData }) => channelData[0]!.length as unknown as AudioCodes);
  };
  const finish = async (): Promise<void> => {
    running.shift()?.();
    await turns(2);
  };
  return { batcher: new ClipBatcher(encode, batchClips), batches, finish };
}
