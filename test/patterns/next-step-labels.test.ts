import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { patternProvider } from "../../src/patterns/layout/pattern-provider.ts";
import { modelLayouts } from "../../src/patterns/models/model-layouts.ts";
import { musicgenDelayLabels } from "../../src/patterns/musicgen/musicgen-labels.ts";
import { buildModelSequence } from "../../src/patterns/sequence/model-sequence.ts";
import { nextStepLabels } from "../../src/patterns/sequence/next-step-labels.ts";
import { clips } from "./arbitrary-patterns.ts";

const batches = fc.array(clips(4, 6, 2048), { minLength: 1, maxLength: 3 }).filter((batch) => batch.some((rows) => rows[0]!.length > 0));
const tensor = (rows: readonly (readonly number[])[]) => ({ data: rows.flat(), dims: [rows.length, rows[0]!.length] });

function rowsOf({ data, dims }: { readonly data: ArrayLike<number | bigint>; readonly dims: readonly number[] }): number[][] {
  const width = dims.at(-1)!;
  return Array.from({ length: data.length / width }, (_, row) =>
    Array.from({ length: width }, (__, column) => Number(data[row * width + column])),
  );
}

describe("labels of the next step", () => {
  test("are those that MusicGen is trained with", () => {
    fc.assert(
      fc.property(batches, (batch) => {
        const { inputs, labels } = nextStepLabels(buildModelSequence(batch.map(tensor), modelLayouts.musicgen));
        const expected = musicgenDelayLabels(batch.map(tensor));
        expect(inputs).toEqual(expected.decoderInputIds);
        const [, numSteps, numCodebooks] = expected.labels.dims as [number, number, number];
        const transposed = rowsOf(labels).map((row, index) =>
          row.map((_, step) =>
            Number(expected.labels.data[(Math.floor(index / numCodebooks) * numSteps + step) * numCodebooks + (index % numCodebooks)]),
          ),
        );
        expect(rowsOf(labels)).toEqual(transposed);
      }),
    );
  });

  test.each(["dia", "parler", "valle"] as const)("of %s are each row's codes and one eos, in their places", (name) => {
    const layout = modelLayouts[name];
    const { numCodebooks } = layout.pattern;
    const cases = fc
      .array(clips(numCodebooks, 5, 1024), { minLength: 1, maxLength: 3 })
      .filter((batch) => batch.some((rows) => rows[0]!.length > 0));
    fc.assert(
      fc.property(cases, (batch) => {
        const sequence = buildModelSequence(batch.map(tensor), layout);
        const { inputs, labels } = nextStepLabels(sequence, { eosToken: layout.tokens.eos, type: "int32" });
        expect([inputs.type, labels.type]).toEqual(["int32", "int32"]);
        const whole = rowsOf(sequence);
        expect(rowsOf(inputs)).toEqual(whole.map((row) => row.slice(0, -1)));
        for (const [index, row] of rowsOf(labels).entries()) {
          const codes = batch[Math.floor(index / numCodebooks)]![index % numCodebooks]!;
          const learnt = row.filter((label) => label !== -100);
          // VALL-E's sequences start with the first code, which no step predicts.
          const predicted = [...codes, layout.tokens.eos].slice(name === "valle" ? 1 : 0);
          expect(learnt).toEqual(predicted);
          for (const [step, label] of row.entries()) if (label !== -100) expect(whole[index]![step + 1]).toBe(label);
        }
      }),
    );
  });

  test("ignore the eos where nothing is said of it, and need a type that holds -100", () => {
    const pattern = patternProvider({ kind: "parallel", numCodebooks: 1 }).getPattern(3);
    const sequence = pattern.buildSequence({ data: [4, 5], dims: [1, 2] }, { specialToken: 8, eosToken: 9 });
    expect([...nextStepLabels(sequence, { type: "int32" }).labels.data]).toEqual([4, 5, -100]);
    expect([...nextStepLabels(sequence, { eosToken: 9, type: "int32" }).labels.data]).toEqual([4, 5, 9]);
    expect(() => nextStepLabels(sequence, { type: "uint16" })).toThrow("-100 does not fit uint16");
  });
});
