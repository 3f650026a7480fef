import { defineConfig } from "vitest/config";

/** Tests that look at a part in `npm test`, and at everything here. */
const longer = [
  "test/audio/audio-converter.test.ts",
  "test/audio/decode-damaged.test.ts",
  "test/audio/resample.test.ts",
  "test/checkpoint/damaged-files.test.ts",
  "test/dataset/audio-at-hand.test.ts",
  "test/dataset/disk-full.test.ts",
  "test/dataset/kill.test.ts",
  "test/dataset/plan-kill.test.ts",
  "test/dataset/plan-memory.test.ts",
  "test/files/open-audio.test.ts",
  "test/graph/any-configuration.test.ts",
  "test/queue/worker-kill.test.ts",
  "test/tokenizer/laws.test.ts",
  "test/tokenizer/memory.test.ts",
  "test/tokenizer/streaming-latency.test.ts",
  "test/tokenizer/streaming.test.ts",
];

/** The long searches: `npm run test:soak`. */
export default defineConfig({
  test: {
    include: ["test/soak/**/*.soak.ts", ...longer],
    env: { LONG_SEARCHES: "true", ENCODEC_TOKENIZER_FFMPEG: "off" },
    globalSetup: "test/built-package.ts",
    setupFiles: ["test/matchers.ts", "test/threads.ts"],
    testTimeout: 0,
    hookTimeout: 0,
    pool: "forks",
    maxWorkers: 2,
  },
});
