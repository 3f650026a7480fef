import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { HubError, IntegrityError } from "../../src/core/index.ts";
import { openHubRepository } from "../../src/hub/hub.ts";
import { filesBelow, hubErrorOf, hubFixture, tinyFolder, tinyId } from "./hub-fixture.ts";
import { folderRepository, gitOidOf, memberToken, sha256Of } from "./hub-server.ts";

const tiny = folderRepository(tinyFolder);
const weights = new Uint8Array(readFileSync(join(tinyFolder, "model.safetensors")));
const inverted = sha256Of(weights.map((byte) => 255 - byte));

test("a repository that does not exist, or is private, is not found", async () => {
  await using hub = await hubFixture({ "org/secret": { ...tiny, isPrivate: true } });
  for (const id of ["org/nothing", "org/secret"]) {
    const error = await hubErrorOf(openHubRepository(id, hub.options));
    expect(error).toMatchObject({ code: "HUB_NOT_FOUND", status: 401, requestId: "Root=1-test" });
    expect(error.message).toBe(
      `${id} does not exist at ${hub.server.endpoint}, or it is private: check the spelling; if it is private, set HF_TOKEN`,
    );
    expect(error.url).toBe(`${hub.server.endpoint}/api/models/${id}/revision/main`);
  }
  const withToken = await hubErrorOf(openHubRepository("org/nothing", { ...hub.options, token: memberToken }));
  expect(withToken).toMatchObject({ code: "HUB_NOT_FOUND", status: 404 });
  expect((await openHubRepository("org/secret", { ...hub.options, token: memberToken })).id).toBe("org/secret");
});

test("a gated repository says which page to visit, and opens to a token", async () => {
  await using hub = await hubFixture({ "org/gated": { ...tiny, gated: "manual" } });
  const error = await hubErrorOf(openHubRepository("org/gated", hub.options));
  expect(error).toMatchObject({ code: "HUB_GATED", status: 401 });
  expect(error.message).toContain(`visit ${hub.server.endpoint}/org/gated to ask for access`);
  const opened = await openHubRepository("org/gated", { ...hub.options, token: memberToken });
  expect(opened.info?.gated).toBe("manual");
});

test("a token that the Hub refuses is named as the reason and not shown", async () => {
  await using hub = await hubFixture();
  const error = await hubErrorOf(openHubRepository(tinyId, { ...hub.options, token: "hf_expired" }));
  expect(error).toMatchObject({ code: "HUB_BAD_TOKEN", status: 401 });
  expect(error.message).toContain(`${hub.server.endpoint}/settings/tokens`);
  expect(error.message).not.toContain("hf_expired");
});

test("a token without the permission to read is told from a bad one", async () => {
  await using hub = await hubFixture();
  hub.server.spoil(/api\/models/u, { status: 403, headers: { "x-error-message": "token lacks repo.read" } });
  const error = await hubErrorOf(openHubRepository(tinyId, hub.options));
  expect(error).toMatchObject({ code: "HUB_FORBIDDEN", status: 403 });
  expect(error.message).toContain("token lacks repo.read");
});

test("a repository that was taken down is told from one that is forbidden", async () => {
  await using hub = await hubFixture();
  hub.server.spoil(/api\/models/u, { status: 403, headers: { "x-error-message": "Access to this resource is disabled." } });
  expect(await hubErrorOf(openHubRepository(tinyId, hub.options))).toMatchObject({ code: "HUB_DISABLED", status: 403 });
});

test("a revision that does not exist is named", async () => {
  await using hub = await hubFixture();
  const error = await hubErrorOf(openHubRepository(tinyId, { ...hub.options, revision: "v9" }));
  expect(error).toMatchObject({ code: "HUB_REVISION_NOT_FOUND", status: 404 });
  expect(error.message).toContain(`${tinyId} has no revision v9`);
});

test("a file that is listed and not there is named", async () => {
  const entry = { type: "file", path: "pytorch_model.bin", size: 9, oid: "1".repeat(40) };
  const { "config.json": config } = tiny.files as { "config.json": Uint8Array };
  await using hub = await hubFixture({ [tinyId]: { files: { "config.json": config }, lfs: [], listing: [entry] } });
  const error = await hubErrorOf(openHubRepository(tinyId, hub.options));
  expect(error).toMatchObject({ code: "HUB_FILE_NOT_FOUND", status: 404 });
  expect(error.message).toContain(`${tinyId} has no file pytorch_model.bin`);
});

test("a repository without weights of a codec says what it has", async () => {
  await using hub = await hubFixture({
    "org/text": { files: { "README.md": Uint8Array.of(0x68), "data.csv": Uint8Array.of(0x31) }, lfs: [] },
  });
  const error = await hubErrorOf(openHubRepository("org/text", hub.options));
  expect(error.code).toBe("HUB_FILE_NOT_FOUND");
  expect(error.message).toContain("found README.md, data.csv");
});

test("too many requests end in the number of seconds to wait, unless that is short", async () => {
  await using hub = await hubFixture();
  hub.server.spoil(/api\/models/u, { status: 429, headers: { "retry-after": "240" } });
  const error = await hubErrorOf(openHubRepository(tinyId, hub.options));
  expect(error).toMatchObject({ code: "HUB_RATE_LIMITED", status: 429, retryAfter: 240 });
  expect(error.message).toContain("try again in 240 s");
  expect(hub.server.requests).toHaveLength(1);

  hub.server.heal();
  hub.server.spoil(/api\/models/u, { status: 429, headers: { "retry-after": "0" } }, 2);
  expect((await openHubRepository(tinyId, hub.options)).id).toBe(tinyId);
});

test("without Retry-After the moment when the rate limit starts over counts", async () => {
  await using hub = await hubFixture();
  hub.server.spoil(/api\/models/u, { status: 429, headers: { ratelimit: '"api";r=0;t=155' } });
  expect(await hubErrorOf(openHubRepository(tinyId, hub.options))).toMatchObject({ code: "HUB_RATE_LIMITED", retryAfter: 155 });
});

test("a server may name the moment from which it wants to be asked again", async () => {
  await using hub = await hubFixture();
  const inAnHour = new Date(Date.now() + 3_600_000).toUTCString();
  hub.server.spoil(/api\/models/u, { status: 429, headers: { "retry-after": inAnHour } });
  const { code, retryAfter } = await hubErrorOf(openHubRepository(tinyId, hub.options));
  expect(code).toBe("HUB_RATE_LIMITED");
  expect(retryAfter).toBeGreaterThan(3000);
  expect(retryAfter).toBeLessThanOrEqual(3600);
});

test("a busy server is asked again, and given up after the last repetition", async () => {
  await using hub = await hubFixture();
  hub.server.spoil(/revision/u, { status: 503 }, 2);
  hub.server.spoil(/hub .*model\.safetensors/u, { status: 500 }, 1);
  hub.server.spoil(/^storage/u, { status: 502 }, 2);
  expect((await openHubRepository(tinyId, hub.options)).id).toBe(tinyId);

  hub.server.heal();
  hub.server.requests.length = 0;
  hub.server.spoil(/revision/u, { status: 503 });
  const error = await hubErrorOf(openHubRepository(tinyId, { ...hub.options, cacheDir: `${hub.cacheDir}/other`, maxRetries: 3 }));
  expect(error).toMatchObject({ code: "HUB_SERVER", status: 503 });
  expect(hub.server.requests).toHaveLength(4);
});

test("a server that is not there is an error that names it", async () => {
  await using hub = await hubFixture();
  const { endpoint } = hub.server;
  await hub.server[Symbol.asyncDispose]();
  const error = await hubErrorOf(openHubRepository(tinyId, hub.options));
  expect(error.code).toBe("HUB_UNREACHABLE");
  expect(error.message).toContain(`${endpoint} cannot be reached (ECONNREFUSED)`);
});

test("a listing that is cut short is asked for again", async () => {
  await using hub = await hubFixture();
  hub.server.spoil(/tree/u, { cutAfter: 40 }, 2);
  expect((await openHubRepository(tinyId, hub.options)).id).toBe(tinyId);
  hub.server.spoil(/tree/u, { cutAfter: 40 });
  const error = await hubErrorOf(openHubRepository(tinyId, { ...hub.options, cacheDir: `${hub.cacheDir}/other` }));
  expect(error.code).toBe("HUB_INTERRUPTED");
});

test.each([
  ["the description", /revision/u, {}],
  ["the listing", /tree/u, {}],
  ["a file", /README\.md/u, {}],
  ["the weights", /^storage/u, {}],
])("a mirror that answers with a web page for %s is called by its name", async (_, pattern, more) => {
  await using hub = await hubFixture();
  hub.server.spoil(pattern, {
    status: 200,
    headers: { "content-type": "text/html; charset=utf-8" },
    body: "<!doctype html><title>Log in</title>",
    ...more,
  });
  const error = await hubErrorOf(openHubRepository(tinyId, hub.options));
  expect(error.code).toBe("HUB_UNEXPECTED_ANSWER");
  expect(error.message).toContain(`${hub.server.endpoint} answers with a web page`);
});

test.each([
  ["no JSON", "so sorry"],
  ["JSON of something else", '{"error": null}'],
  ["a commit that is none", '{"_id":"1","id":"org/tiny","sha":"../../etc"}'],
  ["null", "null"],
])("an answer that is %s is not taken for a description", async (_, body) => {
  await using hub = await hubFixture();
  hub.server.spoil(/revision/u, { body });
  expect(await hubErrorOf(openHubRepository(tinyId, hub.options))).toMatchObject({ code: "HUB_UNEXPECTED_ANSWER" });
  expect(await filesBelow(hub.cacheDir)).toEqual([]);
});

test("wrong bytes of the right length are refused with both digests, and nothing is left that could be taken for the file", async () => {
  await using hub = await hubFixture();
  hub.server.spoil(/^storage/u, { isCorrupt: true });
  const error = await hubErrorOf(openHubRepository(tinyId, hub.options));
  expect(error).toBeInstanceOf(IntegrityError);
  expect(error).toMatchObject({ code: "HUB_CHECKSUM", file: "model.safetensors", expected: sha256Of(weights), actual: inverted });
  expect(error.message).toContain(inverted);
  expect(error.message).toContain(sha256Of(weights));
  const left = await filesBelow(hub.cacheDir);
  expect(left.filter((name) => /model\.safetensors|incomplete/u.test(name) || name.includes(sha256Of(weights)))).toEqual([]);
  expect(left).toHaveLength(8); // three small files, linked, the branch, and the answer about the commit
  hub.server.heal();
  expect((await openHubRepository(tinyId, hub.options)).sha256.get("model.safetensors")).toBe(sha256Of(weights));
});

test("a small file is compared with the digest of git", async () => {
  await using hub = await hubFixture();
  const config = tiny.files["config.json"]!;
  hub.server.spoil(/config\.json/u, { isCorrupt: true });
  const error = await hubErrorOf(openHubRepository(tinyId, hub.options));
  expect(error).toMatchObject({ code: "HUB_CHECKSUM", expected: gitOidOf(config), actual: gitOidOf(config.map((byte) => 255 - byte)) });
});

test("bytes beyond the announced length are refused", async () => {
  await using hub = await hubFixture();
  hub.server.spoil(/^storage \/\w+\?/u, {}, 1); // the question for the length is answered truly
  hub.server.spoil(/^storage/u, { body: "x".repeat(weights.byteLength + 1), ignoresRange: true });
  const error = await hubErrorOf(openHubRepository(tinyId, hub.options));
  expect(error).toMatchObject({ code: "HUB_CHECKSUM", expected: weights.byteLength });
});

test("a file that lies elsewhere with another length or digest is refused before it is read", async () => {
  await using hub = await hubFixture();
  hub.server.spoil(/^storage/u, { body: "short" }, 1);
  expect(await hubErrorOf(openHubRepository(tinyId, hub.options))).toMatchObject({
    code: "HUB_CHECKSUM",
    expected: weights.byteLength,
    actual: 5,
  });
  hub.server.spoil(/^storage/u, { headers: { etag: `"${"a".repeat(64)}"` } }, 1);
  expect(await hubErrorOf(openHubRepository(tinyId, hub.options))).toMatchObject({ expected: sha256Of(weights), actual: "a".repeat(64) });
  expect(hub.server.paths("storage")).toHaveLength(2);
});

test("a digest that differs from the pinned one is refused before the weights are downloaded", async () => {
  await using hub = await hubFixture();
  const pin = "b".repeat(64);
  const error = await hubErrorOf(openHubRepository(tinyId, { ...hub.options, pins: { "model.safetensors": pin } }));
  expect(error).toMatchObject({ code: "HUB_CHECKSUM", expected: pin, actual: sha256Of(weights) });
  expect(hub.server.paths("storage")).toEqual([]);
  expect((await openHubRepository(tinyId, { ...hub.options, pins: { "model.safetensors": sha256Of(weights) } })).id).toBe(tinyId);
});

test("a pin holds for small files, on the Hub and in the cache, before the weights are downloaded", async () => {
  await using hub = await hubFixture();
  const config = sha256Of(tiny.files["config.json"]!);
  const pins = { "config.json": "d".repeat(64) };
  const error = await hubErrorOf(openHubRepository(tinyId, { ...hub.options, pins }));
  expect(error).toBeInstanceOf(IntegrityError);
  expect(error).toMatchObject({ code: "HUB_CHECKSUM", file: "config.json", expected: pins["config.json"], actual: config });
  expect(error.message).toContain(config);
  expect(error.message).toContain(pins["config.json"]);
  expect(hub.server.paths("storage")).toEqual([]);
  await openHubRepository(tinyId, { ...hub.options, pins: { "config.json": config.toUpperCase() } });
  expect(await hubErrorOf(openHubRepository(tinyId, { ...hub.options, pins, offline: true }))).toMatchObject({ actual: config });
});

test("a pin holds for weights that git stores itself", async () => {
  await using hub = await hubFixture({ [tinyId]: { ...tiny, lfs: [] } });
  const opened = await openHubRepository(tinyId, { ...hub.options, pins: { "model.safetensors": sha256Of(weights) } });
  expect(opened.sha256.get("model.safetensors")).toBe(sha256Of(weights));
  const error = await hubErrorOf(openHubRepository(tinyId, { ...hub.options, pins: { "model.safetensors": "c".repeat(64) } }));
  expect(error).toMatchObject({ code: "HUB_CHECKSUM", actual: sha256Of(weights) });
});

test("the token stays with the endpoint and does not follow a redirect to the storage", async () => {
  await using hub = await hubFixture();
  await openHubRepository(tinyId, { ...hub.options, token: memberToken });
  const seen = (host: "hub" | "storage"): Set<string | undefined> =>
    new Set(hub.server.requests.filter((request) => request.host === host).map(({ authorization }) => authorization));
  expect(seen("hub")).toEqual(new Set([`Bearer ${memberToken}`]));
  expect(seen("storage")).toEqual(new Set([undefined]));
});

test("the token does not come back to the endpoint by way of another host", async () => {
  await using hub = await hubFixture();
  const back = `${hub.server.endpoint}/api/models/${tinyId}/revision/main?expand=sha`;
  hub.server.spoil(/^hub .*revision/u, { status: 302, headers: { location: `${hub.server.storage}/elsewhere` } }, 1);
  hub.server.spoil(/^storage \/elsewhere/u, { status: 307, headers: { location: back } });
  await openHubRepository(tinyId, { ...hub.options, token: memberToken });
  expect(hub.server.requests.slice(0, 3)).toMatchObject([
    { host: "hub", authorization: `Bearer ${memberToken}` },
    { host: "storage", authorization: undefined },
    { host: "hub", authorization: undefined },
  ]);
});

test("a host that the Hub refers to and that cannot be reached is named, without the signature", async () => {
  await using hub = await hubFixture();
  const gone = await hubFixture();
  const { storage } = gone.server;
  await gone[Symbol.asyncDispose]();
  const location = `${storage}/weights?X-Amz-Signature=secret`;
  hub.server.spoil(/^hub .*resolve.*safetensors/u, { status: 302, headers: { location, "x-linked-size": "1" } });
  const error = await hubErrorOf(openHubRepository(tinyId, hub.options));
  expect(error).toMatchObject({
    code: "HUB_UNREACHABLE",
    url: `${storage}/weights`,
    message: `${hub.server.endpoint} refers to ${storage} for model.safetensors, which cannot be reached (ECONNREFUSED); a firewall or a proxy has to let that host through, too`,
  });
});

test("the token does not follow a listing that goes on at another host", async () => {
  await using hub = await hubFixture();
  hub.server.spoil(/tree/u, { headers: { link: `<${hub.server.storage}/next>; rel="next"` } });
  await hubErrorOf(openHubRepository(tinyId, { ...hub.options, token: memberToken }));
  expect(hub.server.requests.filter(({ host }) => host === "storage")).toMatchObject([{ path: "/next", authorization: undefined }]);
});

test("an error about the storage does not show the signature in its address", async () => {
  await using hub = await hubFixture();
  hub.server.spoil(/^storage/u, { status: 400 });
  const error = await hubErrorOf(openHubRepository(tinyId, hub.options));
  expect(error.url).toBe(`${hub.server.storage}/${sha256Of(weights)}`);
});

test.each([
  ["before the first request", undefined],
  ["in the middle of an answer", /tree/u],
  ["in the middle of the weights", /^storage/u],
])("an AbortSignal stops %s, with its own reason", async (_, hanging) => {
  await using hub = await hubFixture();
  const controller = new AbortController();
  const reason = new Error("enough");
  if (hanging === undefined) controller.abort(reason);
  else hub.server.spoil(hanging, { hangAfter: 0 });
  const call = openHubRepository(tinyId, { ...hub.options, signal: controller.signal });
  if (hanging !== undefined) {
    await vi.waitFor(() => expect(hub.server.requests.some(({ host, path }) => hanging.test(`${host} ${path}`))).toBe(true), {
      timeout: 600_000,
    });
    controller.abort(reason);
  }
  await expect(call).rejects.toBe(reason);
});

test("an AbortSignal ends the pause before a repetition", async () => {
  await using hub = await hubFixture();
  hub.server.spoil(/revision/u, { status: 429, headers: { "retry-after": "59" } });
  const controller = new AbortController();
  const call = openHubRepository(tinyId, { ...hub.options, signal: controller.signal });
  await vi.waitFor(() => expect(hub.server.requests).toHaveLength(1), { timeout: 600_000 });
  controller.abort(new Error("no patience"));
  await expect(call).rejects.toThrow("no patience");
});

test.each(["tiny model", "a/b/c", "../x", "a/..", "/etc/passwd", "org/x--y", "org/", "", "C:\\x", "org/na\0me"])(
  "%j is no repository's id",
  async (id) => {
    await using hub = await hubFixture();
    await expect(openHubRepository(id, hub.options)).rejects.toBeInstanceOf(TypeError);
    expect(hub.server.requests).toEqual([]);
  },
);

test("errors of the Hub are instances of HubError with a stable code", () => {
  const error = new IntegrityError("f", 1, 2, "m");
  expect(error).toBeInstanceOf(HubError);
  expect(error.name).toBe("IntegrityError");
  expect(error.code).toBe("HUB_CHECKSUM");
});
