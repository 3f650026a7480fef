import { vi } from "vitest";
import { builtUrl } from "./built-package.ts";

// Threads that decode run JavaScript: Node does not run the sources, which are TypeScript, in all its versions.
vi.mock(import("../src/dataset/decoding/decode-row.ts"), async (importOriginal) => ({
  ...(await importOriginal()),
  decodeRowUrl: builtUrl("dataset/decoding/decode-row.ts"),
}));

// A tokenizer of a test that asks for no number of threads works with one: on more it starts a process for each, and codes do not depend on it.
vi.mock(import("../src/tokenizer/network/codec-sessions.ts"), async (importOriginal) => {
  const original = await importOriginal();
  return {
    ...original,
    CodecSessions: class extends original.CodecSessions {
      constructor(model: ConstructorParameters<typeof original.CodecSessions>[0]) {
        super({ ...model, threads: model.threads === 0 ? 1 : model.threads });
      }
    },
  };
});
