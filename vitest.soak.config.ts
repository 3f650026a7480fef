import { defineConfig } from "vitest/config";

/** Laws over random inputs of which `npm test` tries a third. */
const laws = [
  "test/audio/audio-converter.test.ts",
  "test/audio/decode-damaged.test.ts",
  "test/audio/resample.test.ts",
  "test/checkpoint/damaged-files.test.ts",
  "test/dataset/audio-at-hand.test.ts",
  "test/graph/any-configuration.test.ts",
  "test/tokenizer/laws.test.ts",
  "test/tokenizer/streaming.test.ts",
];

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
