import fc from "fast-check";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { AudioCodes, Waveform } from "../../src/core/index.ts";
import { Budget } from "../../src/dataset/budget.ts";
import { ClipBatcher } from "../../src/dataset/clip-batcher.ts";
import { decodeRow } from "../../src/dataset/decode-row.ts";
import type { DecodedRow } from "../../src/dataset/decode-row.ts";
import type { DatasetPlan } from "../../src/dataset/dataset-plan.ts";
import type { DecodePool } from "../../src/dataset/decode-pool.ts";
import { encodeRows, longRowBytes } from "../../src/dataset/encode-rows.ts";
import type { PartRow } from "../../src/dataset/encode-rows.ts";
import { inOrder } from "../../src/dataset/in-order.ts";
import { LoudnessMeter, measureLoudness } from "../../src/dataset/loudness.ts";
import type { RowRecipe } from "../../src/dataset/row-recipe.ts";
import type { AudioRow } from "../../src/dataset/row.ts";
import type { AudioTokenizer } from "../../src/tokenizer/index.ts";
import { toneWav } from "./corpus.ts";
import { collect, temporaryFolder } from "./temporary-folder.ts";

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
};

describe("a budget", () => {
  test("is never exceeded, except by one that is larger than all of it and alone", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.integer({ min: 1, max: 150 }), fc.nat(4)), { minLength: 1, maxLength: 30 }), async (work) => {
        const budget = new Budget(100);
        let used = 0;
        let numUsers = 0;
        const order: number[] = [];
        await Promise.all(
          work.map(async ([bytes, length], index) => {
            await budget.take(bytes);
            order.push(index);
            used += bytes;
            numUsers++;
            expect(used <= 100 || numUsers === 1).toBe(true);
            await turns(length);
            used -= bytes;
            numUsers--;
            budget.give(bytes);
          }),
        );
        expect(order).toEqual(work.map((_, index) => index));
      }),
    );
  });
});

describe("work in order", () => {
  test("gives results in the order of the items, and runs ahead no further than it may", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(5), { maxLength: 30 }), fc.integer({ min: 1, max: 5 }), async (lengths, ahead) => {
        let begun = 0;
        let taken = 0;
        const work = async (length: number): Promise<number> => {
          begun++;
          expect(begun - taken).toBeLessThanOrEqual(ahead + 1);
          await turns(length);
          return length;
        };
        const results: number[] = [];
        for await (const result of inOrder(items(lengths), { admit: async () => {}, work, ahead })) {
          results.push(result);
          taken++;
        }
        expect(results).toEqual(lengths);
      }),
    );
  });

  test("holds no more than it may, by the weight of the items, but for an item alone", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 30 }), fc.integer({ min: 1, max: 12 }), async (weights, ahead) => {
        const held: number[] = [];
        const work = async (weight: number): Promise<number> => {
          held.push(weight);
          expect(held.length === 1 || held.reduce((sum, each) => sum + each, 0) <= ahead).toBe(true);
          await turns(weight);
          return weight;
        };
        const results: number[] = [];
        for await (const result of inOrder(items(weights), { admit: async () => {}, work, ahead, weigh: (weight) => weight })) {
          results.push(result);
          await turns(1);
          held.shift();
        }
        expect(results).toEqual(weights);
      }),
    );
  });

  test("passes on what fails, in its place", async () => {
    const seen: number[] = [];
    await expect(async () => {
      for await (const result of inOrder(items([0, 1, 2, 3]), { admit: async () => {}, work: failingAtTwo, ahead: 4 })) seen.push(result);
    }).rejects.toThrow("two");
    expect(seen).toEqual([0, 1]);
    await expect(collect(inOrder(failing(), { admit: async () => {}, work: failingAtTwo, ahead: 4 }))).rejects.toThrow("source");
  });
});

async function failingAtTwo(item: number): Promise<number> {
  if (item === 2) throw new Error("two");
  return item;
}

async function* items<T>(all: readonly T[]): AsyncGenerator<T, void> {
  yield* all;
}

async function* failing(): AsyncGenerator<number, void> {
  yield 0;
  throw new Error("source");
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
  const recipe: RowRecipe = { sampleRate: 48_000, channels: 2, mode: "stereo", planning: { window: null, minimum: 1, hopLength: 320 }, trim: null };
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
    plan: { locate: () => ({ path: "" }) } as unknown as DatasetPlan, pool: { decode } as unknown as DecodePool, tokenizer: {} as AudioTokenizer, recipe: {} as RowRecipe,
    numCodebooks: 1, workers: 1, maxMemory, budget, batchClips: 1, signal: new AbortController().signal,
  };
  const parts = await Promise.all([0, 1, 2].map((part) => collect(encodeRows(items(rowsOf(part)), options))));
  expect(parts.map(({ length }) => length)).toEqual([40, 40, 40]);
  expect(most).toBe(maxMemory / longRowBytes(options));
});

test("rows that wait hold no more than some megabytes, however long each of them is", async () => {
  const held = { rows: 0, most: 0 };
  const maxMemory = 2 ** 30;
  const options = {
    plan: { locate: () => ({ path: "" }) } as unknown as DatasetPlan, pool: { decode: decodingFails } as unknown as DecodePool, tokenizer: {} as AudioTokenizer, recipe: {} as RowRecipe,
    numCodebooks: 1, workers: 1000, maxMemory, budget: new Budget(maxMemory), batchClips: 1, signal: new AbortController().signal,
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
  return Array.from({ length: 40 }, (_, index) => ({ index, part, isLastOfPart: index === 39, row: { input: 0, path: `${index}.wav`, key: `${index}` } }));
}

function silence(length: number): Waveform {
  return { channelData: [new Float32Array(length)], sampleRate: 1 };
}

/** A batcher, and the lengths of the clips in the batches that it has begun; `finish` ends the oldest of those that run. */
function watched(batchClips: number): { readonly batcher: ClipBatcher; readonly batches: number[][]; readonly finish: () => Promise<void> } {
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

test("loudness is the same to the last bit however audio is cut", () => {
  const samples = fc.float32Array({ noNaN: true, min: -1, max: 1, minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(samples, fc.array(fc.nat(60), { maxLength: 5 }), (left, cuts) => {
      const channels = [left, left.map((sample) => sample * 0.3)];
      const meter = new LoudnessMeter();
      const borders = [0, ...cuts.map((cut) => Math.min(cut, left.length)), left.length].toSorted((a, b) => a - b);
      for (const [index, start] of borders.slice(0, -1).entries()) meter.push(channels.map((channel) => channel.subarray(start, borders[index + 1])));
      expect(meter.loudness).toEqual(measureLoudness(channels));
    }),
  );
});
