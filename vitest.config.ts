import { defineConfig } from "vitest/config";

/** Files that stand in for modules or look at the memory of their process, and need one of their own. */
const alone = [
  "test/audio/decoders-left-out.test.ts",
  "test/audio/flac-frames.test.ts",
  "test/audio/ogg-pages.test.ts",
  "test/dataset/audio-at-hand.test.ts",
  "test/dataset/decode-pool.test.ts",
  "test/files/inside-folder.test.ts",
  "test/files/open-audio.test.ts",
  "test/files/write-file.test.ts",
  "test/hub/hub-repository.test.ts",
  "test/hub/no-home.test.ts",
  "test/hub/partial-download.test.ts",
];

export default defineConfig({
  test: {
    globalSetup: "test/built-package.ts",
    setupFiles: ["test/matchers.ts", "test/threads.ts"],
    env: { ENCODEC_TOKENIZER_FFMPEG: "off" }, // a test that wants one makes its own
    // A machine is as slow as it is: what hangs is ended from outside.
    testTimeout: 0,
    hookTimeout: 0,
    // ONNX Runtime's threads belong to the process that loaded it; forks keep test files apart.
    pool: "forks",
    // One more than a small machine has processors: tests wait for servers, child processes and the disk now and then.
    maxWorkers: 3,
    projects: [
      { extends: true, test: { name: "together", include: ["test/**/*.test.ts"], exclude: alone, isolate: false } },
      { extends: true, test: { name: "alone", include: alone } },
    ],
  },
});
