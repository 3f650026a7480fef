import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkLicense, findCheckpoint, requireLicense, resolveLicense } from "../../src/catalogue/index.ts";
import { LicenseError } from "../../src/core/index.ts";
import { metadataOf, openHub, openHubRepository } from "../../src/hub/index.ts";
import type { HubOptions } from "../../src/hub/index.ts";
import { hubFixture, mini24Folder, tinyFolder, tinyId } from "./hub-fixture.ts";
import type { HubFixture } from "./hub-fixture.ts";
import { commitOf, folderRepository } from "./hub-server.ts";
import type { ServedRepository } from "./hub-server.ts";

const tiny = folderRepository(tinyFolder);
const cardOf = (fields: string) => new TextEncoder().encode(`---\n${fields}\n---\n`);

/** The embedded weights under another card. */
function uploaded(fields: string): ServedRepository {
  const metadata = Object.fromEntries(fields.split("\n").map((line) => line.split(": ")));
  const tags = Object.entries(metadata).map(([name, value]) => `${name}:${String(value)}`);
  return { ...tiny, files: { ...tiny.files, "README.md": cardOf(fields) }, cardData: metadata, tags };
}

/** A repository that holds nothing but a card. */
function cardAlone(fields: string): ServedRepository {
  return { ...uploaded(fields), files: { "README.md": cardOf(fields) }, lfs: [] };
}

/** As though the embedded weights were published, under CC-BY-NC-4.0. */
const entries = [{ ...findCheckpoint("tiny")!, id: "org/original", license: findCheckpoint("32khz")!.license }];

async function licenseFrom(hub: HubFixture, more: HubOptions = {}) {
  const options = { ...hub.options, ...more };
  const metadata = await metadataOf(await openHub(options).describe(tinyId));
  const fetchRepository = (id: string) => openHub(options).metadata(id);
  return resolveLicense(metadata, { fetchRepository, entries, date: "2026-11-22" });
}

test("a re-upload is recognised, and refused, before any of its weights are downloaded", async () => {
  await using hub = await hubFixture({ [tinyId]: uploaded("license: mit") });
  const record = await licenseFrom(hub);
  expect(record).toMatchObject({ subject: tinyId, effective: "CC-BY-NC-4.0 AND MIT", status: "contested" });
  expect(() => requireLicense(record, "commercial", entries)).toThrow(LicenseError);
  expect(hub.server.paths("storage")).toEqual([]);
});

test("base models are read from the Hub, as far as they can be seen", async () => {
  await using hub = await hubFixture({
    [tinyId]: uploaded("license: cc-by-nc-4.0\nbase_model: org/base"),
    "org/base": cardAlone("license: cc-by-sa-4.0\nbase_model: org/gated"),
    "org/gated": { ...cardAlone("license: mit"), gated: "auto" },
  });
  const record = await licenseFrom(hub);
  expect(record).toMatchObject({ effective: "LicenseRef-hf-unknown AND CC-BY-NC-4.0 AND CC-BY-SA-4.0", status: "contested" });
  expect(record.evidence.map(({ fact }) => fact)).toContain("its base model org/gated cannot be seen");
});

/** A card that says MIT, of which the Hub's API says that it is CC-BY-NC-4.0. */
const contradicted = folderRepository(mini24Folder, { cardData: { license: "cc-by-nc-4.0" }, tags: ["license:cc-by-nc-4.0"] });
const disputed: ServedRepository = { ...contradicted, files: { ...contradicted.files, "README.md": cardOf("license: mit") } };

test("a license that the API contradicts stays contested once the commit is cached", async () => {
  await using hub = await hubFixture({ [tinyId]: disputed });
  const online = await licenseFrom(hub);
  expect(online).toMatchObject({ effective: "CC-BY-NC-4.0 AND MIT", status: "contested" });
  const { commit } = await openHubRepository(tinyId, hub.options);
  hub.server.requests.length = 0;
  for (const more of [{ revision: commit }, { offline: true }]) {
    const cached = await licenseFrom(hub, more);
    expect(cached).toEqual(online);
    expect(checkLicense(cached, "commercial").isAllowed).toBe(false);
  }
  expect(hub.server.requests).toEqual([]);
});

test("the API is asked about a cached commit of which no answer was kept", async () => {
  await using hub = await hubFixture({ [tinyId]: disputed });
  const { commit } = await openHubRepository(tinyId, hub.options);
  await rm(join(hub.cacheDir, "models--org--tiny", ".codec"), { recursive: true });
  expect(await licenseFrom(hub, { offline: true })).toMatchObject({ effective: "MIT", status: "settled", declared: { api: null } });
  expect(await licenseFrom(hub, { revision: commit })).toMatchObject({ status: "contested" });
  expect(await licenseFrom(hub, { offline: true })).toMatchObject({ status: "contested" });
});

test.each([
  "",
  "null",
  "[]",
  "{",
  '{"info":{"id":7},"files":[]}',
  '{"info":null,"files":{}}',
  '{"__proto__":{"info":1}}',
  "\0".repeat(1000),
])("a kept answer that reads %j counts as none", async (text) => {
  await using hub = await hubFixture({ [tinyId]: disputed });
  await openHubRepository(tinyId, hub.options);
  await writeFile(join(hub.cacheDir, "models--org--tiny", ".codec", `${commitOf(disputed)}.json`), text);
  expect((await openHub({ ...hub.options, offline: true }).describe(tinyId)).info).toBe(null);
});

/** Weights of its own, derived from a base whose weights nobody downloads. */
const derived: Record<string, ServedRepository> = {
  [tinyId]: {
    ...folderRepository(mini24Folder),
    files: { ...contradicted.files, "README.md": cardOf("license: mit\nbase_model: org/base") },
  },
  "org/base": uploaded("license: mit"),
};

test("a derivative has the same license offline and in an outage, though the weights of its base are not cached", async () => {
  await using hub = await hubFixture(derived);
  const options = { ...hub.options, maxRetries: 0 };
  await openHubRepository(tinyId, options);
  const online = await licenseFrom(hub);
  // The base is known by the digest of its weights, which stay on the Hub.
  expect(online).toMatchObject({ effective: "CC-BY-NC-4.0 AND MIT", status: "contested" });
  expect(await licenseFrom(hub, { offline: true })).toEqual(online);
  hub.server.spoil(/./u, { status: 503 });
  expect(await licenseFrom(hub, { maxRetries: 0 })).toEqual(online);
});

test("of a base that another program cached without its weights, the card and the configuration are read", async () => {
  await using hub = await hubFixture({ "org/base": cardAlone("license: mit") });
  const offline = { ...hub.options, offline: true };
  expect(await openHub(offline).metadata("org/base")).toBe(null);
  const seen = await openHub(hub.options).metadata("org/base");
  await rm(join(hub.cacheDir, "models--org--base", ".codec"), { recursive: true });
  expect(await openHub(offline).metadata("org/base")).toEqual({ ...seen, api: null });
  await rm(join(hub.cacheDir, "models--org--base", "snapshots"), { recursive: true });
  expect(await openHub(offline).metadata("org/base")).toBe(null);
});
