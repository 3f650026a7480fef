import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { HubError } from "../../src/core/index.ts";
import type { HubOptions } from "../../src/hub/hub-options.ts";
import { folderRepository, HubServer } from "./hub-server.ts";
import type { ServedRepository } from "./hub-server.ts";

export const tinyFolder: string = fileURLToPath(new URL("../../models/encodec-tiny-24khz", import.meta.url));
export const mini24Folder: string = fileURLToPath(new URL("../fixtures/golden/mini-24khz/hf", import.meta.url));
export const mini16Folder: string = fileURLToPath(new URL("../fixtures/golden/mini-16khz/audiocraft", import.meta.url));

/** A server with one repository, and an empty cache. */
export interface HubFixture extends AsyncDisposable {
  readonly server: HubServer;
  readonly cacheDir: string;
  /** Options that reach this server and nothing of the machine's own configuration. */
  readonly options: HubOptions;
}

export const tinyId = "org/tiny";

export async function hubFixture(
  repositories: Readonly<Record<string, ServedRepository>> = { [tinyId]: folderRepository(tinyFolder) },
): Promise<HubFixture> {
  const server = await HubServer.start(repositories);
  const cacheDir = await mkdtemp(join(tmpdir(), "hub-cache-"));
  return {
    server,
    cacheDir,
    options: { endpoint: server.endpoint, cacheDir, env: { HF_TOKEN_PATH: join(cacheDir, "no-token") }, retryDelay: 0.001 },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await rm(cacheDir, { recursive: true, force: true });
    },
  };
}

/** The HubError that a call rejects with. */
export async function hubErrorOf(call: Promise<unknown>): Promise<HubError> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(HubError);
  return error as HubError;
}

/** Every file below a folder, links included, by their paths relative to it. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted();
}
