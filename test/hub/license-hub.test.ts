import { expect, test } from "vitest";
import { LicenseError } from "../../src/core/index.ts";
import { describeRepository, fetchRepositoryMetadata, findCheckpoint, metadataOf, requireLicense, resolveLicense } from "../../src/hub/index.ts";
import { hubFixture, tinyFolder, tinyId } from "./hub-fixture.ts";
import type { HubFixture } from "./hub-fixture.ts";
import { folderRepository } from "./hub-server.ts";
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

async function licenseFrom(hub: HubFixture) {
  const metadata = await metadataOf(await describeRepository(tinyId, hub.options));
  const fetchRepository = (id: string) => fetchRepositoryMetadata(id, hub.options);
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
