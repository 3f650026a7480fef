import { posix, win32 } from "node:path";
import { CodecError, relativePathPart, relativePathProblem } from "../../src/core/index.ts";
import { cleanKey } from "../../src/dataset/inputs/row-key.ts";
import { safePathParts } from "../../src/hub/safe-path.ts";
import { fuzz } from "./fuzz.ts";

fuzz({
  name: "path",
  seeds: ["shards/part-000012-000.tar", "npy/speaker/clip 1.npy", "config.json", "refs/pr/1", "a/日本語/🎵.wav"].map((path) =>
    Buffer.from(path),
  ),
  dictionary: [
    "..",
    "/../",
    "./",
    "//",
    "\\",
    "C:",
    "\n",
    "\r\n",
    "\u2028",
    "\u202e",
    "\u0085",
    "\0",
    "con",
    "NUL.",
    "aux.txt",
    "lpt1",
    " ",
    ". ",
    "::$DATA",
    "%2e%2e",
    "~",
  ],
  parse(bytes) {
    const path = new TextDecoder().decode(bytes);
    const key = cleanKey(path);
    if (relativePathProblem(`${key}.npy`) !== undefined && key.length < 3000)
      throw new Error(`the key ${JSON.stringify(key)} cannot name a file`);
    if (relativePathProblem(relativePathPart(path).slice(0, 60)) !== undefined && path.length < 60) throw new Error("a part is none");
    const problem = relativePathProblem(path);
    if (problem !== undefined && !/^[ -~]{1,120}$/u.test(problem)) throw new Error(`a reason that is none: ${problem}`);
    const parts = safePathParts(path);
    if (posix.join("/folder", ...parts) !== `/folder/${path}` || !win32.resolve("D:\\folder", ...parts).startsWith("D:\\folder\\"))
      throw new Error("it leads out of the folder");
  },
});

fuzz({
  name: "path of a shard",
  share: 0.2,
  seeds: [Buffer.from("shards/part-000012-000.tar")],
  dictionary: ["..", "/", "\n", "shards/", "part-", ".tar"],
  async parse(bytes) {
    const { shardSchema } = await import("../../src/dataset/records/dataset-info.ts");
    const path = new TextDecoder().decode(bytes);
    const { data } = shardSchema.safeParse({ format: "webdataset", path, bytes: 1, sha256: "0".repeat(64), clips: 1 });
    if (data === undefined) throw new CodecError("DATASET_FORMAT", "no path of a shard");
    if (posix.dirname(posix.join("/folder", path)) !== "/folder/shards") throw new Error("it leads out of the folder");
  },
});
