import { join } from "node:path";
import { vi } from "vitest";
import { findCheckpoint } from "../../src/entries/hub.ts";
import { hubFixture, mini24Folder } from "../hub/hub-fixture.ts";
import type { HubFixture } from "../hub/hub-fixture.ts";
import { folderRepository } from "../hub/hub-server.ts";
import type { ServedRepository } from "../hub/hub-server.ts";

const official = findCheckpoint("24khz")!;

/** The small 24 kHz checkpoint in the place of the official one, at the commit that the catalogue pins. */
export const served24: Readonly<Record<string, ServedRepository>> = {
  [official.id]: folderRepository(mini24Folder, { commit: official.revision! }),
};

/** A Hub that the environment leads to, with a cache of its own; `vi.unstubAllEnvs` undoes it. */
export async function servedHub(repositories: Readonly<Record<string, ServedRepository>>): Promise<HubFixture> {
  const hub = await hubFixture(repositories);
  vi.stubEnv("HF_ENDPOINT", hub.server.endpoint);
  vi.stubEnv("HF_HUB_CACHE", hub.cacheDir);
  vi.stubEnv("HF_TOKEN", "");
  vi.stubEnv("HF_TOKEN_PATH", join(hub.cacheDir, "no-token"));
  return hub;
}
