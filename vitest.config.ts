import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 60_000,
    // ONNX Runtime's threads belong to the process that loaded it; forks keep test files apart.
    pool: "forks",
    maxWorkers: 2,
  },
});
