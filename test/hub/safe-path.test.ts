import { join, posix, resolve, sep, win32 } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { HubError } from "../../src/core/index.ts";
import { openHubRepository } from "../../src/hub/hub.ts";
import { safePathParts } from "../../src/hub/safe-path.ts";
import { filesBelow, hubErrorOf, hubFixture, mini24Folder, tinyId } from "./hub-fixture.ts";
import { folderRepository } from "./hub-server.ts";

test.each(["config.json", ".gitattributes", "model-00001-of-00002.safetensors", "refs/pr/1", "onnx/encodec_decode.onnx", "a b", "é"])(
  "%j is a path downwards",
  (path) => {
    expect(safePathParts(path).join("/")).toBe(path);
  },
);

test.each([
  "",
  "/etc/passwd",
  "..",
  "../x",
  "a/../../x",
  "a/./b",
  "a//b",
  "a/",
  "C:/x",
  "C:x",
  "\\\\server\\share",
  "//server/share",
  "a\\..\\b",
  "a\0b",
  "a\nb",
  "con",
  "NUL.txt",
  "a/LPT1",
  "file::$DATA",
  ".. /x",
  "dots...",
  "x".repeat(256),
  "é".repeat(128),
  "a\n/../../b",
  "a\u2028/../../b",
  "a\u202eb",
  "a\u0085b",
  "a/".repeat(3000),
])("%j is not", (path) => {
  expect(() => safePathParts(path)).toThrow(HubError);
});

test("whatever a server writes, an accepted path stays below the folder, on every system", () => {
  const spiced = fc
    .array(fc.constantFrom("..", ".", "/", "\\", "C:", "a", "\0", " ", "nul", "~", "%2e%2e"), { maxLength: 8 })
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary" }), spiced), (path) => {
      let parts: readonly string[];
      try {
        parts = safePathParts(path);
      } catch (error) {
        expect(error).toMatchObject({ code: "HUB_UNSAFE_NAME" });
        return;
      }
      expect(resolve(join("/cache", ...parts)).startsWith(`${resolve("/cache")}${sep}`)).toBe(true);
      expect(posix.join("/cache", ...parts)).toBe(`/cache/${path}`);
      expect(win32.resolve("D:\\cache", ...parts).startsWith("D:\\cache\\")).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test.each(["../../escaped", "/tmp/escaped", "..\\escaped", "a/../../../escaped"])(
  "a shard that an index calls %j is never written",
  async (shard) => {
    const { "config.json": config } = folderRepository(mini24Folder).files as { "config.json": Uint8Array };
    const index = new TextEncoder().encode(JSON.stringify({ weight_map: { "encoder.layers.0.conv.bias": shard } }));
    const listing = [{ type: "file", path: shard, size: 5, oid: "2".repeat(40) }];
    await using hub = await hubFixture({
      [tinyId]: { files: { "config.json": config, "model.safetensors.index.json": index }, lfs: [], listing },
    });
    const error = await hubErrorOf(openHubRepository(tinyId, hub.options));
    expect(error.code).toBe("HUB_UNSAFE_NAME");
    expect((await filesBelow(hub.cacheDir)).filter((path) => path.includes("escaped"))).toEqual([]);
  },
);

test("a revision that would lead out of the cache is refused, online and offline", async () => {
  await using hub = await hubFixture({ [tinyId]: folderRepository(mini24Folder, { branches: ["../../../x"] }) });
  for (const offline of [false, true]) {
    expect(await hubErrorOf(openHubRepository(tinyId, { ...hub.options, offline, revision: "../../../x" }))).toMatchObject({
      code: "HUB_UNSAFE_NAME",
    });
  }
  expect(await filesBelow(hub.cacheDir)).toEqual([]);
});
