import { formatArray, parseArray, parseCodes } from "../../src/storage/index.ts";
import { formatText } from "../../src/storage/npy.ts";
import { fuzz } from "./fuzz.ts";

const context = { sampleRate: 8, channels: 1, hopLength: 4, codebookSize: 9 };
const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const dictionary = ["'<u2'", "'>i4'", "'|b1'", "'<i8'", "'<f8'", "'|O'", "'<U1'", "True", "(1, 2, 2)", "(8,)", "()", "(0, 3)"];

fuzz({
  name: "npy codes",
  seeds: [formatArray("|u1", [2, 4], bytes), formatArray(">u2", [2, 2], Uint8Array.of(0, 1, 0, 2, 0, 3, 0, 4))],
  dictionary,
  parse: (input) => parseCodes(input, { format: "npy", context }),
});

fuzz({
  name: "npy arrays",
  seeds: [formatArray("<i8", [1], bytes), formatText("äb")],
  dictionary,
  parse: (input) => parseArray(input, "fuzz"),
});
