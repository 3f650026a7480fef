import { patternProvider } from "../src/patterns/index.ts";
import type { PatternSpec, TokenType } from "../src/patterns/index.ts";

/*
 * An hour of MusicGen's codes, 180,000 frames of 4 codebooks, into a sequence and back: milliseconds, median of several runs.
 * Usage: npx tsx bench/patterns.ts
 */

const numCodebooks = 4;
const numFrames = 3600 * 50;
const specialToken = 2048;
const repetitions = 15;

const codes = { data: Uint16Array.from({ length: numCodebooks * numFrames }, (_, index) => (index * 31) % specialToken), dims: [numCodebooks, numFrames] };

function medianTime<T>(work: () => T): { readonly time: number; readonly result: T } {
  let result = work();
  const times = Array.from({ length: repetitions }, () => {
    const start = performance.now();
    result = work();
    return performance.now() - start;
  });
  return { time: times.toSorted((a, b) => a - b)[Math.floor(repetitions / 2)]!, result };
}

console.log("| pattern | type | layout | build | revert |");
console.log("|---|---|---|---|---|");
for (const spec of [{ kind: "delay", numCodebooks }, { kind: "unroll", numCodebooks }] satisfies PatternSpec[]) {
  const provider = patternProvider(spec);
  const layout = medianTime(() => provider.getPattern(numFrames));
  for (const type of ["uint16", "int32", "int64"] satisfies TokenType[]) {
    const build = medianTime(() => layout.result.buildSequence(codes, { specialToken, type }));
    const revert = medianTime(() => layout.result.revertSequence(build.result, { specialToken, type }));
    console.log(`| ${spec.kind} | ${type} | ${[layout, build, revert].map(({ time }) => `${time.toFixed(1)} ms`).join(" | ")} |`);
  }
}
