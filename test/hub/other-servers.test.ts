import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { IntegrityError } from "../../src/core/index.ts";
import { openHubRepository } from "../../src/hub/hub.ts";
import { hubErrorOf, hubFixture, tinyFolder, tinyId } from "./hub-fixture.ts";
import type { HubFixture } from "./hub-fixture.ts";
import { sha256Of } from "./hub-server.ts";

const weights = new Uint8Array(readFileSync(join(tinyFolder, "model.safetensors")));

/** How a server in front of the Hub changes its answers. */
interface Server {
  readonly knowsExpand: boolean;
  readonly etag: (bytes: Uint8Array) => string | undefined;
  /** Whether answers have no length either. */
  readonly isChunked?: boolean;
  readonly isCorrupt?: boolean;
}

/**
 * A server as companies put them before the Hub: answers 404 without a reason to `expand`, sends whole files in its own name, knows no ranges, and writes none
 * of the Hub's headers.
 */
async function serverBefore(hub: HubFixture, { knowsExpand, etag, isChunked = false, isCorrupt = false }: Server) {
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    asked.push(request.url!);
    if (!knowsExpand && /[?&]expand=/u.test(request.url!)) {
      response.writeHead(404).end("Not Found");
      return;
    }
    const answer = await fetch(`${hub.server.endpoint}${request.url}`);
    const bytes = new Uint8Array(await answer.arrayBuffer());
    if (isCorrupt && request.url!.includes("/resolve/")) bytes[0]! ^= 1;
    const tag = request.url!.includes("/resolve/") ? etag(bytes) : undefined;
    response.writeHead(answer.status, {
      ...(tag === undefined ? {} : { etag: tag }),
      ...(isChunked ? {} : { "content-length": bytes.length }),
    });
    response.end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    asked,
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** What Artifactory names a file by. */
const sha1 = (bytes: Uint8Array): string => createHash("sha1").update(bytes).digest("hex");

describe("a server before the Hub", () => {
  test.each<[string, Server]>([
    ["that knows neither expand nor ranges, as Artifactory", { knowsExpand: false, etag: sha1 }],
    ["that names no ETag", { knowsExpand: false, etag: () => undefined }],
    ["that names a SHA-256, in quotes", { knowsExpand: true, etag: (bytes) => `"${sha256Of(bytes)}"` }],
    ["that tells no length", { knowsExpand: true, etag: () => 'W/"1"', isChunked: true }],
  ])("%s is read as the Hub is", async (_, kind) => {
    await using hub = await hubFixture();
    await using server = await serverBefore(hub, kind);
    const opened = await openHubRepository(tinyId, { ...hub.options, endpoint: server.endpoint });
    expect(opened.sha256.get("model.safetensors")).toBe(sha256Of(weights));
    expect(opened.info).toMatchObject({ id: tinyId, gated: false });
    expect(new Uint8Array(readFileSync(join(opened.snapshotPath, "model.safetensors")))).toEqual(weights);
    expect(server.asked.filter((path) => path.includes("/revision/"))).toHaveLength(kind.knowsExpand ? 1 : 2);
  });

  test("that changes bytes is found out", async () => {
    await using hub = await hubFixture();
    await using server = await serverBefore(hub, { knowsExpand: false, etag: sha1, isCorrupt: true });
    await expect(openHubRepository(tinyId, { ...hub.options, endpoint: server.endpoint })).rejects.toBeInstanceOf(IntegrityError);
  });

  test("that knows no ranges cannot be read in ranges, and says so", async () => {
    await using hub = await hubFixture();
    await using server = await serverBefore(hub, { knowsExpand: false, etag: sha1 });
    const options = { ...hub.options, endpoint: server.endpoint };
    const config = { model_type: "musicgen", audio_encoder: {} };
    hub.server.repositories.set("org/large", {
      files: { "config.json": new TextEncoder().encode(JSON.stringify(config)), "model.safetensors": weights },
      lfs: ["model.safetensors"],
    });
    const { files } = await openHubRepository("org/large", { ...options, exact: true });
    const source = (await files.open("model.safetensors"))!;
    expect(await hubErrorOf(source.read(0, 8))).toMatchObject({
      code: "HUB_UNEXPECTED_ANSWER",
      message: `${server.endpoint} sends all of model.safetensors of org/large where a part was asked for: it knows no ranges, which exact takes; load it without exact (--exact)`,
    });
  });

  test("that has no such repository is asked once more, and no oftener", async () => {
    await using hub = await hubFixture();
    await using server = await serverBefore(hub, { knowsExpand: false, etag: sha1 });
    const error = await hubErrorOf(openHubRepository("org/none", { ...hub.options, endpoint: server.endpoint }));
    expect(error.code).toBe("HUB_NOT_FOUND");
    expect(server.asked).toHaveLength(2);
  });
});
