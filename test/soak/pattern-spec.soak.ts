import { parsePattern } from "../../src/files/pattern-files.ts";
import { formatMegatronIndex, parseMegatronIndex, patternProvider } from "../../src/patterns/index.ts";
import { fuzz } from "./fuzz.ts";

const text = (json: string): Uint8Array => new TextEncoder().encode(json);

fuzz({
  name: "pattern files",
  seeds: [
    text('{"kind":"parallel","numCodebooks":2,"emptyInitial":1}'),
    text('{"kind":"delay","numCodebooks":3,"delays":[0,1,5],"flattenFirst":2,"emptyInitial":-1}'),
    text('{"kind":"unroll","numCodebooks":3,"flattening":[0,1,1],"delays":[0,2,2]}'),
    text('{"kind":"coarse-first","numCodebooks":3,"delays":[0,3]}'),
    text('{"kind":"musiclm","numCodebooks":4,"groupBy":2}'),
    text('{"kind":"custom","numCodebooks":2,"timesteps":2,"layout":[[],[[0,0],[0,1]],[[1,0]]]}'),
  ],
  dictionary: ['"delays":', '"flattening":', "16777215", "65536", "[[0,0]]", "flatten", "[[[["],
  parse(bytes) {
    const spec = parsePattern(bytes, "fuzz.json");
    const provider = patternProvider(spec, { maxEntries: 2 ** 12 });
    try {
      provider.getPattern(spec.kind === "custom" ? spec.timesteps : 4).lastSteps();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  },
});

fuzz({
  name: "Megatron indices",
  seeds: [
    formatMegatronIndex({ dtype: "uint16", sequenceLengths: [3, 0, 2], documentIndices: [0, 1, 3] }),
    formatMegatronIndex({ dtype: "int32", sequenceLengths: [2], modes: [-1] }),
  ],
  parse: parseMegatronIndex,
});
