import {
  buildModelSequence,
  deinterleaveStereo,
  musicgenDelayLabels,
  freeCell,
  musicgenCodesFromGenerated,
  interleaveStereo,
  musicgen,
  musicgenStereo,
  nextStepLabels,
  patternProvider,
  PatternCursor,
  revertModelSequence,
  TokenVocabulary,
  musicgenDecoderInputIds,
  transposeGrid,
} from "../src/patterns/index.ts";
import type { PatternSpec, TokenType } from "../src/patterns/index.ts";

/*
 * An hour of MusicGen's codes, 180,000 frames of 4 codebooks, into a sequence and back: milliseconds, median of several runs.
 * Usage: npx tsx bench/patterns.ts
 */

const numCodebooks = 4;
const numFrames = 3600 * 50;
const specialToken = 2048;
const repetitions = 15;

const codes = {
  data: Uint16Array.from({ length: numCodebooks * numFrames }, (_, index) => (index * 31) % specialToken),
  dims: [numCodebooks, numFrames],
};

function medianTime<T>(work: () => T): { readonly time: number; readonly result: T } {
  let result = work();
  const times = Array.from({ length: repetitions }, () => {
    const start = performance.now();
    result = work();
    return performance.now() - start;
  });
  return { time: times.toSorted((a, b) => a - b)[Math.floor(repetitions / 2)]!, result };
}

const milliseconds = (...timed: readonly { readonly time: number }[]): string =>
  timed.map(({ time }) => `${time.toFixed(1)} ms`).join(" | ");

console.log("| pattern | type | layout | build | revert |");
console.log("|---|---|---|---|---|");
for (const spec of [
  { kind: "delay", numCodebooks },
  { kind: "unroll", numCodebooks },
] satisfies PatternSpec[]) {
  const provider = patternProvider(spec);
  const layout = medianTime(() => provider.getPattern(numFrames));
  for (const type of ["uint16", "int32", "int64"] satisfies TokenType[]) {
    const build = medianTime(() => layout.result.buildSequence(codes, { specialToken, type }));
    const revert = medianTime(() => layout.result.revertSequence(build.result, { specialToken, type }));
    console.log(`| ${spec.kind} | ${type} | ${milliseconds(layout, build, revert)} |`);
  }
}

console.log("\n| function | time |");
console.log("|---|---|");
const row = <T>(name: string, work: () => T): T => {
  const timed = medianTime(work);
  console.log(`| ${name} | ${milliseconds(timed)} |`);
  return timed.result;
};

const sequence = row("buildModelSequence, int64", () => buildModelSequence(codes, musicgen()));
row("revertModelSequence", () => revertModelSequence(sequence, musicgen()));
row("nextStepLabels, int64", () => nextStepLabels(sequence));

const maxLength = numFrames + numCodebooks;
const { patternMask } = row("musicgenDecoderInputIds, int64", () => musicgenDecoderInputIds(codes, { maxLength }));
row("musicgenCodesFromGenerated", () => musicgenCodesFromGenerated(patternMask, { numCodebooks }));
row("musicgenCodesFromGenerated with a pattern mask", () => musicgenCodesFromGenerated(patternMask, { numCodebooks, patternMask }));
row("musicgenDelayLabels, int64", () => musicgenDelayLabels(codes));

const stereo = row("interleaveStereo", () => interleaveStereo(codes, codes));
row("deinterleaveStereo", () => deinterleaveStereo(stereo));
row("buildModelSequence of stereo, int64", () => buildModelSequence(stereo, musicgenStereo()));
row("transposeGrid", () => transposeGrid(codes));

const vocabulary = new TokenVocabulary({ codebookSize: specialToken, numCodebooks, base: 128_256, specialTokens: { bos: {}, eos: {} } });
const ids = row("TokenVocabulary.encode, int64", () => vocabulary.encode(codes, { before: ["bos"], after: ["eos"] }));
row("TokenVocabulary.decode", () => vocabulary.decode(ids.data));

const pattern = patternProvider({ kind: "delay", numCodebooks }).getPattern(numFrames);
row("PatternCursor, a push for each step", () => {
  const cursor = new PatternCursor(pattern, { specialToken, codebookSize: specialToken });
  const predicted = new Uint16Array(numCodebooks).fill(7);
  while (!cursor.isDone) {
    cursor.push(predicted);
    cursor.takeFrames();
  }
  return cursor;
});
row("PatternCursor over a whole prompt", () => {
  const cursor = new PatternCursor(pattern, { specialToken, codebookSize: specialToken, prompt: codes });
  if (!cursor.isDone || cursor.forced.includes(freeCell)) throw new Error("the prompt is the whole clip, and cells are left free");
  return cursor;
});
