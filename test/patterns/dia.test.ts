import { describe, expect, test } from "vitest";
import { transposeGrid } from "../../src/patterns/grid/token-grid.ts";
import { modelLayouts } from "../../src/patterns/models/model-layouts.ts";
import type { ModelLayout } from "../../src/patterns/models/model-layouts.ts";
import { buildModelSequence, modelCursor, revertModelSequence } from "../../src/patterns/sequence/model-sequence.ts";
import { patternCases } from "./golden-patterns.ts";

/** Results of `dia/audio.py`, all time-major: `[step][codebook]`. */
interface DiaCase {
  readonly id: string;
  readonly delays: number[];
  readonly timesteps: number;
  readonly codes_tc: number[][];
  readonly delayed_tc: number[][];
  readonly reverted_tc: number[][];
  readonly padded_delayed_tc: number[][];
  readonly padded_reverted_tc: number[][];
  readonly prompt_delayed_tc: number[][];
}

const cases = patternCases.filter(({ impl }) => impl === "dia_audio") as unknown as DiaCase[];

const gridOf = (rows: number[][]) => ({ data: rows.flat(), dims: [rows.length, rows[0]!.length] });
const rowsOf = ({ data, dims }: { data: ArrayLike<number | bigint>; dims: readonly number[] }) =>
  Array.from({ length: dims.at(-2)! }, (_, row) =>
    Array.from({ length: dims.at(-1)! }, (__, column) => Number(data[row * dims.at(-1)! + column])),
  );

test("the reference results hold Dia's own delays", () => {
  expect(cases.map(({ delays }) => delays)).toContainEqual(
    modelLayouts.dia.pattern.kind === "delay" ? modelLayouts.dia.pattern.delays : null,
  );
});

describe.each(cases)("dia/audio.py $id", (golden) => {
  const { delays, timesteps } = golden;
  const maxDelay = delays.at(-1)!;
  const layout: ModelLayout = { ...modelLayouts.dia, pattern: { kind: "delay", numCodebooks: delays.length, delays } };
  const codes = transposeGrid(gridOf(golden.codes_tc));
  const sequence = rowsOf(transposeGrid(buildModelSequence(codes, layout, { hasEnded: false })));
  const bosRow = delays.map(() => 1026);

  test("apply_audio_delay gives the sequence after its first step, where rows of pad for the delays were appended", () => {
    expect(sequence).toEqual([bosRow, ...golden.padded_delayed_tc]);
  });

  test("without appended rows it gives the steps that fit", () => {
    expect(sequence.slice(1, 1 + timesteps)).toEqual(golden.delayed_tc);
  });

  test("a prompt's grid is the sequence, unknown cells for pad, without its last step", () => {
    const grid = rowsOf(
      transposeGrid(buildModelSequence(codes, { ...layout, tokens: { ...layout.tokens, pad: -1 } }, { hasEnded: false })),
    );
    expect(grid).toHaveLength(golden.prompt_delayed_tc.length + 1);
    expect(grid.slice(0, -1)).toEqual(golden.prompt_delayed_tc);
  });

  test("a cursor prefills the bos and the prompt's steps", () => {
    const cursor = modelCursor(layout, timesteps + 10, { prompt: codes });
    expect(rowsOf(transposeGrid(cursor.prefix))).toEqual(golden.prompt_delayed_tc.slice(0, timesteps + 1));
  });

  test.each([
    ["with", golden.padded_delayed_tc, golden.padded_reverted_tc],
    ["without", golden.delayed_tc, golden.reverted_tc],
  ])(
    "reverting %s appended rows gives the frames that are whole; what the reference has beyond repeats its last row",
    (_, delayed, reverted) => {
      const numWhole = delayed.length - maxDelay;
      const frames = rowsOf(transposeGrid(revertModelSequence(transposeGrid(gridOf([bosRow, ...delayed])), layout)));
      expect(frames).toEqual(reverted.slice(0, numWhole));
      const clamped = reverted.map((__, t) => delays.map((delay, q) => delayed[Math.min(t + delay, delayed.length - 1)]![q]));
      expect(reverted.slice(numWhole)).toEqual(clamped.slice(numWhole));
    },
  );
});

test("transposing twice gives the grid back, batch by batch", () => {
  const grid = { data: Array.from({ length: 24 }, (_, index) => index), dims: [2, 3, 4] };
  const turned = transposeGrid(grid);
  expect(turned.dims).toEqual([2, 4, 3]);
  expect(Array.from(turned.data.subarray(12, 15))).toEqual([12, 16, 20]);
  expect([...transposeGrid(turned).data]).toEqual(grid.data);
});
