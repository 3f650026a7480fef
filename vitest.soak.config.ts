import { defineConfig } from "vitest/config";

/** The long searches: `npm run test:soak`. */
export default defineConfig({
  test: {
    include: ["test/soak/**/*.soak.ts"],
    globalSetup: "test/built-package.ts",
    setupFiles: "test/threads.ts",
    testTimeout: 0,
    hookTimeout: 0,
    pool: "forks",
    maxWorkers: 2,
  },
});
