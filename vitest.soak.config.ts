import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

/** Laws over random inputs of which `npm test` tries a tenth: the files that ask how long to search. */
const laws = readdirSync("test", { recursive: true, encoding: "utf8" })
  .map((name) => join("test", name))
  .filter((path) => path.endsWith(".test.ts") && readFileSync(path, "utf8").includes("/long-searches.ts"));

/** The long searches: `npm run test:soak`. */
export default defineConfig({
  test: {
    include: ["test/**/*.soak.ts", ...laws],
    env: { LONG_SEARCHES: "true", ENCODEC_TOKENIZER_FFMPEG: "off" },
    globalSetup: "test/built-package.ts",
    setupFiles: ["test/matchers.ts", "test/threads.ts"],
    testTimeout: 0,
    hookTimeout: 0,
    pool: "forks",
    maxWorkers: 2,
  },
});
