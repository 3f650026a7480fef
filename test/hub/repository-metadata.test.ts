import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openHub, openHubRepository } from "../../src/hub/hub.ts";
import { metadataOf } from "../../src/hub/repository-metadata.ts";
import { hubErrorOf, hubFixture, tinyFolder, tinyId } from "./hub-fixture.ts";
import { commitOf, folderRepository, sha256Of } from "./hub-server.ts";

const tiny = folderRepository(tinyFolder, { cardData: { license: "mit" }, tags: ["license:mit"] });
const expected = {
  id: tinyId,
  revision: commitOf(tiny),
  readme: readFileSync(join(tinyFolder, "README.md"), "utf8"),
  digests: [sha256Of(tiny.files["model.safetensors"]!)],
  config: JSON.parse(readFileSync(join(tinyFolder, "config.json"), "utf8")) as unknown,
};

test("a license is worked out from the card, the API, the digests and the configuration", async () => {
  await using hub = await hubFixture({ [tinyId]: tiny });
  const api = { cardData: { license: "mit" }, tags: ["license:mit"] };
  expect(await metadataOf(await openHub(hub.options).describe(tinyId))).toEqual({ ...expected, api });
  expect(await openHub(hub.options).metadata(tinyId)).toEqual({ ...expected, api });
});

test("offline the cache gives the same, with what the API said last", async () => {
  await using hub = await hubFixture({ [tinyId]: tiny });
  const api = { cardData: { license: "mit" }, tags: ["license:mit"] };
  expect(await openHub({ ...hub.options, offline: true }).metadata(tinyId)).toBe(null);
  await openHubRepository(tinyId, hub.options);
  expect(await openHub({ ...hub.options, offline: true }).metadata(tinyId)).toEqual({ ...expected, api });
});

test("a base model without a codec shows its card and no digests", async () => {
  const card = new TextEncoder().encode("---\nlicense: cc-by-4.0\n---\n");
  const base = { files: { "README.md": card, "notes.txt": card }, lfs: [] };
  await using hub = await hubFixture({ "org/base": base });
  expect(await openHub(hub.options).metadata("org/base")).toMatchObject({
    revision: commitOf(base),
    readme: "---\nlicense: cc-by-4.0\n---\n",
    digests: [],
    config: null,
  });
});

test.each([
  ["does not exist", "org/nothing"],
  ["is gated", "org/gated"],
  ["is no repository's id", "not an id"],
])("a base model that %s cannot be seen", async (_, id) => {
  await using hub = await hubFixture({ "org/gated": { ...tiny, gated: "auto" } });
  expect(await openHub(hub.options).metadata(id)).toBe(null);
});

test("a bad token is not taken for a base model that cannot be seen", async () => {
  await using hub = await hubFixture({ [tinyId]: tiny });
  expect(await hubErrorOf(openHub({ ...hub.options, token: "hf_bad" }).metadata(tinyId))).toMatchObject({ code: "HUB_BAD_TOKEN" });
});
