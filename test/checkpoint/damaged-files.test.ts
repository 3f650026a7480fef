import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseTransformersConfig } from "../../src/checkpoint/composite-config.ts";
import { parseAudiocraftConfig } from "../../src/checkpoint/config/audiocraft-config.ts";
import { openCheckpoint, openSafetensors } from "../../src/checkpoint/index.ts";
import { readPickle } from "../../src/checkpoint/torch/pickle.ts";
import { stateDictOf, openWeightFile } from "../../src/checkpoint/weight-file.ts";
import { bytesSource } from "../../src/core/byte-source.ts";
import { CheckpointError, inTurns } from "../../src/core/index.ts";
import { f32, folderOf, goldenConfig, safetensorsOf } from "./fixtures.ts";
import { audiocraftFileOf, pickle, pickledTensor, torchFileOf } from "./torch-writer.ts";
import { runsOf } from "../long-searches.ts";

/** Ways in which a file is damaged: bytes overwritten, a piece cut out, the end cut off, a piece repeated. */
type Damage = {
  readonly kind: "set" | "remove" | "truncate" | "repeat";
  readonly at: number;
  readonly values: Uint8Array;
};

const damage: fc.Arbitrary<Damage> = fc.record({
  kind: fc.constantFrom("set", "set", "set", "remove", "truncate", "repeat"),
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  values: fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 8 }),
    fc.constantFrom(
      Uint8Array.of(0xff, 0xff, 0xff, 0xff),
      Uint8Array.of(0, 0, 0, 0),
      Uint8Array.of(0xff, 0xff, 0xff, 0x7f),
      new TextEncoder().encode("99999999"),
    ),
  ),
});

function damaged(bytes: Uint8Array, damages: readonly Damage[]): Uint8Array {
  let result: Uint8Array = bytes.slice();
  for (const { kind, at, values } of damages) {
    const position = Math.floor(at * result.length);
    const [before, after] = [result.subarray(0, position), result.subarray(position + (kind === "repeat" ? 0 : values.length))];
    if (kind === "set") result.set(values.subarray(0, result.length - position), position);
    else if (kind === "truncate") result = before.slice();
    else result = pickle.bytes(before, kind === "repeat" ? result.subarray(position, position + 40) : [], after);
  }
  return result;
}

/** Runs a reader over damaged copies of a sound input: it must yield a result or a `CheckpointError`, nothing else. */
async function expectSoundOrRefused(input: Uint8Array, read: (bytes: Uint8Array) => unknown, numRuns = runsOf(1500)): Promise<void> {
  await read(input);
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 4 }), async (damages) => {
      try {
        await read(damaged(input, damages));
      } catch (error) {
        expect(error).toBeInstanceOf(CheckpointError);
        expect((error as CheckpointError).message.length).toBeLessThan(1000);
        refused++;
      }
    }),
    { numRuns },
  );
  // The damage did reach what the reader looks at.
  expect(refused).toBeGreaterThan(numRuns / 20);
}

const tensors = new Map([
  ["encoder.layers.0.conv.weight_g", f32([2, 1, 1], [1, 2])],
  ["encoder.layers.0.conv.weight_v", f32([2, 1, 3], [1, 2, 3, 4, 5, 6])],
  ["encoder.layers.0.conv.bias", f32([2], [7, 8])],
]);

async function readAllTensors(bytes: Uint8Array): Promise<void> {
  const file = stateDictOf(await openWeightFile(bytesSource(bytes, "damaged")));
  for (const name of file.tensors.keys()) await file.readFloat32(name);
}

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("a damaged file is read or refused with a CheckpointError, never anything else:", () => {
  test("safetensors", async () => {
    await expectSoundOrRefused(safetensorsOf(Object.fromEntries(tensors)), readAllTensors);
  });

  test("torch zip", async () => {
    await expectSoundOrRefused(torchFileOf(tensors), readAllTensors);
  });

  test("pickle", async () => {
    const bytes = pickle.file(pickle.dict([...tensors].map(([name, tensor], i) => [name, pickledTensor(tensor, String(i))])));
    await expectSoundOrRefused(bytes, (input) => inTurns(readPickle(input, "damaged")));
  });

  test("config.json", async () => {
    await expectSoundOrRefused(encode(JSON.stringify(goldenConfig("mini-48khz"))), (input) =>
      parseTransformersConfig(decode(input), "damaged"),
    );
  });

  test("xp.cfg", async () => {
    const text = readFileSync(new URL("xp-32khz.yaml", import.meta.url));
    await expectSoundOrRefused(text, (input) => parseAudiocraftConfig(decode(input), "damaged"), 400);
  });

  test("a whole audiocraft package", async () => {
    const bytes = audiocraftFileOf(tensors, readFileSync(new URL("xp-32khz.yaml", import.meta.url), "utf8"));
    await expectSoundOrRefused(
      bytes,
      async (input) => {
        const checkpoint = await openCheckpoint(folderOf({ "compression_state_dict.bin": input }));
        for (const name of checkpoint.shapes.keys()) await checkpoint.read(name);
      },
      400,
    );
  });

  test("a folder whose tensors are renamed at will", async () => {
    const bytes = safetensorsOf(Object.fromEntries(tensors));
    await expectSoundOrRefused(bytes, async (input) => {
      const checkpoint = await openCheckpoint(folderOf({ "config.json": goldenConfig("mini-24khz"), "model.safetensors": input }));
      for (const name of checkpoint.shapes.keys()) await checkpoint.read(name);
    });
  });
});

describe("bytes that were never a checkpoint are refused with a CheckpointError:", () => {
  test("as safetensors and as weights of any kind", async () => {
    const openings = [[], [..."PK\u0003\u0004"].map((c) => c.charCodeAt(0)), [0x80, 0x02], [2, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x7d]];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...openings), fc.uint8Array({ maxLength: 200 }), async (opening, rest) => {
        const source = bytesSource(pickle.bytes(opening, rest), "noise");
        for (const open of [openSafetensors, openWeightFile]) {
          await open(source).catch((error: unknown) => expect(error).toBeInstanceOf(CheckpointError));
        }
      }),
      { numRuns: runsOf(1000) },
    );
  });

  test("as a configuration of any JSON", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), (text) => {
        try {
          parseTransformersConfig(text, "noise");
        } catch (error) {
          expect(error).toBeInstanceOf(CheckpointError);
        }
      }),
      { numRuns: runsOf(500) },
    );
  });

  test("as an encodec whose fields have any value", () => {
    const keys = Object.keys(goldenConfig("mini-24khz"));
    fc.assert(
      fc.property(fc.constantFrom(...keys), fc.jsonValue({ maxDepth: 2 }), (key, value) => {
        try {
          parseTransformersConfig(JSON.stringify({ ...goldenConfig("mini-24khz"), [key]: value }), "noise");
        } catch (error) {
          expect(error).toBeInstanceOf(CheckpointError);
        }
      }),
      { numRuns: runsOf(1000) },
    );
  });
});
