import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Far beyond what any test takes, so that a busy machine fails none; a test that hangs still ends.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // ONNX Runtime's threads belong to the process that loaded it; forks keep test files apart.
    pool: "forks",
    maxWorkers: 2,
  },
});
