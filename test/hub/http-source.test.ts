import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { formatSafetensors, openCheckpoint, openSafetensors } from "../../src/checkpoint/index.ts";
import type { TensorData } from "../../src/checkpoint/index.ts";
import { bytesSource } from "../../src/core/index.ts";
import { openHttpSource } from "../../src/hub/http-source.ts";
import { openHubRepository } from "../../src/hub/hub.ts";
import { resolveHubOptions } from "../../src/hub/hub-options.ts";
import { filesBelow, hubErrorOf, hubFixture, mini16Folder, mini24Folder } from "./hub-fixture.ts";
import type { HubFixture } from "./hub-fixture.ts";
import { commitOf, gitOidOf, sha256Of } from "./hub-server.ts";
import type { ServedRepository } from "./hub-server.ts";

const weights = new Uint8Array(readFileSync(join(mini24Folder, "model.safetensors")));
const codec = await openSafetensors(bytesSource(weights, "model.safetensors"));
const codecConfig: unknown = JSON.parse(readFileSync(join(mini24Folder, "config.json"), "utf8"));
const config = new TextEncoder().encode(JSON.stringify({ model_type: "musicgen", audio_encoder: codecConfig }));
const id = "org/musicgen";

/** The rest of a language model: far larger than the codec. */
const rest: TensorData = { dtype: "F32", shape: [4_000_000], bytes: new Uint8Array(16_000_000) };

async function codecTensors(): Promise<Map<string, TensorData>> {
  const tensors = new Map<string, TensorData>();
  for (const [name, { dtype, shape }] of codec.tensors)
    tensors.set(`audio_encoder.${name}`, { dtype, shape, bytes: await codec.readBytes(name) });
  return tensors;
}

async function wholeMusicGen(): Promise<ServedRepository> {
  const model = formatSafetensors(new Map([...(await codecTensors()), ["decoder.embed_tokens.weight", rest]]));
  return { files: { "config.json": config, "model.safetensors": model }, lfs: ["model.safetensors"] };
}

async function shardedMusicGen(): Promise<ServedRepository> {
  const tensors = await codecTensors();
  const [first, second] = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"] as const;
  const weightMap = { ...Object.fromEntries([...tensors.keys()].map((name) => [name, first])), "decoder.embed_tokens.weight": second };
  return {
    files: {
      "config.json": config,
      "model.safetensors.index.json": new TextEncoder().encode(JSON.stringify({ weight_map: weightMap })),
      [first]: formatSafetensors(tensors),
      [second]: formatSafetensors(new Map([["decoder.embed_tokens.weight", rest]])),
    },
    lfs: [first, second],
  };
}

/** Every tensor of the checkpoint is the one of the codec by itself. */
async function expectSameWeights(files: Parameters<typeof openCheckpoint>[0]): Promise<void> {
  const expected = await openCheckpoint({
    kind: "folder",
    name: "codec",
    list: async () => ["config.json", "model.safetensors"],
    open: async (name) => bytesSource(new Uint8Array(readFileSync(join(mini24Folder, name))), name),
  });
  const checkpoint = await openCheckpoint(files);
  expect([...checkpoint.shapes]).toEqual([...expected.shapes]);
  for (const name of expected.shapes.keys()) {
    const [actual, wanted] = [await checkpoint.read(name), await expected.read(name)];
    expect(Buffer.compare(bytesOf(actual), bytesOf(wanted)), name).toBe(0);
  }
  await checkpoint.close();
}

function bytesOf(data: Float32Array): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

/** Bytes that the storage was asked for. */
function bytesAsked({ server }: HubFixture): number {
  return server.requests
    .filter(({ host }) => host === "storage")
    .map(({ range }) => /^bytes=(\d+)-(\d+)$/u.exec(range ?? "")!)
    .reduce((sum, [, first, last]) => sum + Number(last) - Number(first) + 1, 0);
}

test("the codec of a larger model is read out of it by ranges, without downloading the model", async () => {
  await using hub = await hubFixture({ [id]: await wholeMusicGen() });
  const repository = await openHubRepository(id, { ...hub.options, exact: true });
  expect(repository).toMatchObject({ isReadInRanges: true, weights: [{ name: "model.safetensors" }] });
  await expectSameWeights(repository.files);
  // Every tensor once, the header, and at most a block too much at either end.
  expect(bytesAsked(hub)).toBeLessThan(weights.byteLength + 2 * 2 ** 18 + 20_000);
  expect(hub.server.requests.filter(({ host }) => host === "storage").length).toBeLessThan(20);
  expect((await filesBelow(hub.cacheDir)).filter((path) => path.endsWith("model.safetensors"))).toEqual([]);
});

test("of shards only those with tensors of the codec are touched, whether read in ranges or downloaded", async () => {
  await using hub = await hubFixture({ [id]: await shardedMusicGen() });
  for (const exact of [true, false]) {
    const repository = await openHubRepository(id, { ...hub.options, exact });
    expect(repository).toMatchObject({ isReadInRanges: exact, weights: [{ name: "model-00001-of-00002.safetensors" }] });
    await expectSameWeights(repository.files);
  }
  expect(hub.server.paths("hub").filter((path) => path.includes("00002-of"))).toEqual([]);
});

test("a codec that stands alone is downloaded even so", async () => {
  await using hub = await hubFixture({
    "org/mini": { files: { "config.json": new TextEncoder().encode(JSON.stringify(codecConfig)), "model.safetensors": weights }, lfs: [] },
  });
  const repository = await openHubRepository("org/mini", { ...hub.options, exact: true });
  expect(repository.isReadInRanges).toBe(false);
  await expectSameWeights(repository.files);
});

test("audiocraft's file with the codec alone goes before the whole model, unless that is to be read in ranges", async () => {
  const musicGen = await wholeMusicGen();
  const audiocraft = new Uint8Array(readFileSync(join(mini16Folder, "compression_state_dict.bin")));
  const name = "compression_state_dict.bin";
  await using hub = await hubFixture({ [id]: { files: { ...musicGen.files, [name]: audiocraft }, lfs: ["model.safetensors", name] } });
  const repository = await openHubRepository(id, hub.options);
  expect(await repository.files.list()).toEqual([name]);
  const exact = await openHubRepository(id, { ...hub.options, exact: true });
  expect(exact.weights.map((file) => file.name)).toEqual(["model.safetensors"]);
  // A file this small only names another repository.
  hub.server.repositories.set(id, { files: { ...musicGen.files, [name]: new Uint8Array(589) }, lfs: ["model.safetensors"] });
  const pointing = await openHubRepository(id, { ...hub.options, exact: true });
  expect(pointing.weights.map((file) => file.name)).toEqual(["model.safetensors"]);
});

test("any range of a file is what lies there", async () => {
  const bytes = Uint8Array.from({ length: 1_000_003 }, (_, i) => (i * 2_654_435_761) >>> 13);
  await using hub = await hubFixture({ [id]: { files: { "a.bin": bytes }, lfs: ["a.bin"] } });
  const source = await sourceOf(hub, bytes);
  const ranges = fc.tuple(fc.nat(bytes.length), fc.nat(bytes.length)).map(([a, b]) => [Math.min(a, b), Math.abs(a - b)] as const);
  const small = fc.tuple(fc.nat(bytes.length - 5000), fc.nat(5000));
  await fc.assert(
    fc.asyncProperty(fc.oneof(ranges, small), async ([offset, length]) => {
      expect(Buffer.compare(await source.read(offset, length), bytes.subarray(offset, offset + length))).toBe(0);
    }),
    { numRuns: 60 },
  );
  await expect(source.read(bytes.length, 1)).rejects.toBeInstanceOf(RangeError);
});

test("a range that breaks off is read again, and one that stays broken is an error", async () => {
  const bytes = new Uint8Array(600_000).fill(7);
  await using hub = await hubFixture({ [id]: { files: { "a.bin": bytes }, lfs: ["a.bin"] } });
  const source = await sourceOf(hub, bytes);
  hub.server.spoil(/^storage/u, { cutAfter: 1000 }, 2);
  expect(sha256Of(await source.read(0, 600_000))).toBe(sha256Of(bytes));
  hub.server.spoil(/^storage/u, { cutAfter: 1000 });
  expect(await hubErrorOf(source.read(0, 100))).toMatchObject({ code: "HUB_INTERRUPTED" });
  hub.server.heal();
  expect(await source.read(0, 2)).toEqual(Uint8Array.of(7, 7));
});

test("a server that does not keep to the range is not believed", async () => {
  const bytes = new Uint8Array(1000);
  await using hub = await hubFixture({ [id]: { files: { "a.bin": bytes }, lfs: [] } });
  const source = await sourceOf(hub, bytes);
  hub.server.spoil(/a\.bin/u, { ignoresRange: true });
  expect(await hubErrorOf(source.read(10, 20))).toMatchObject({ code: "HUB_UNEXPECTED_ANSWER" });
});

test("an AbortSignal stops reading ranges", async () => {
  const bytes = new Uint8Array(1000);
  await using hub = await hubFixture({ [id]: { files: { "a.bin": bytes }, lfs: [] } });
  const controller = new AbortController();
  const source = await sourceOf(hub, bytes, controller.signal);
  hub.server.spoil(/a\.bin/u, { hangAfter: 10 });
  const reading = source.read(0, 100);
  await vi.waitFor(() => expect(hub.server.requests).toHaveLength(2), { timeout: 600_000 });
  controller.abort(new Error("stop"));
  await expect(reading).rejects.toThrow("stop");
});

async function sourceOf(hub: HubFixture, bytes: Uint8Array, signal?: AbortSignal): Promise<Awaited<ReturnType<typeof openHttpSource>>> {
  const repository = hub.server.repositories.get(id)!;
  const isLfs = repository.lfs.length > 0;
  const digest = isLfs
    ? ({ algorithm: "sha256", hex: sha256Of(bytes) } as const)
    : ({ algorithm: "git-sha1", hex: gitOidOf(bytes) } as const);
  return openHttpSource(resolveHubOptions({ ...hub.options, signal }), id, commitOf(repository), {
    name: "a.bin",
    bytes: bytes.byteLength,
    digest,
  });
}
