import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AudioCodes, CodesError } from "../../src/core/index.ts";
import { flattenBarkCoarse, unflattenBarkCoarse } from "../../src/patterns/index.ts";

const context = { sampleRate: 24_000, channels: 1, hopLength: 320, codebookSize: 1024 };
const tensor = (rows: readonly (readonly number[])[]) => ({ data: rows.flat(), dims: [rows.length, rows[0]!.length] });

describe("coarse tokens of Bark", () => {
  test("take turns between two codebooks, each in its own range", () => {
    // _flatten_codebooks(codes) + 10000 of suno-ai/bark for codes[q, t] = (7 t² + 389 t + 211 q) mod 1024.
    const codes = tensor([0, 1].map((q) => Array.from({ length: 6 }, (_, t) => (7 * t * t + 389 * t + 211 * q) % 1024)));
    expect(flattenBarkCoarse(codes, { type: "int32" })).toEqual({
      type: "int32",
      data: Int32Array.of(10000, 11235, 10396, 11631, 10806, 12041, 10206, 11441, 10644, 11879, 10072, 11307),
      dims: [1, 12],
    });
    expect(flattenBarkCoarse(tensor([[0], [1023]])).data).toEqual(BigInt64Array.of(10_000n, 12_047n));
  });

  test("leave out the codebooks beyond the second, in every clip of a batch", () => {
    const batch = { data: [1, 2, 3, 4, 900, 900, 5, 6, 7, 8, 900, 900], dims: [2, 3, 2] };
    const tokens = flattenBarkCoarse(batch, { type: "uint16" });
    expect(tokens.dims).toEqual([2, 4]);
    expect(tokens.data).toEqual(Uint16Array.of(10001, 11027, 10002, 11028, 10005, 11031, 10006, 11032));
    expect(unflattenBarkCoarse(tokens)).toEqual({ type: "int32", data: Int32Array.of(1, 2, 3, 4, 5, 6, 7, 8), dims: [2, 2, 2] });
  });

  test("are the codes again when unflattened", () => {
    const batches = fc
      .tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 0, max: 20 }))
      .chain(([size, frames]) =>
        fc
          .array(fc.integer({ min: 0, max: 1023 }), { minLength: size * 2 * frames, maxLength: size * 2 * frames })
          .map((data) => ({ data, dims: [size, 2, frames] })),
      );
    fc.assert(
      fc.property(batches, fc.constantFrom("int64" as const, "int32" as const, "uint32" as const, "uint16" as const), (codes, type) => {
        const back = unflattenBarkCoarse(flattenBarkCoarse(codes, { type }), { type });
        expect(back.dims).toEqual(codes.dims);
        expect(Array.from(back.data, Number)).toEqual(codes.data);
      }),
    );
  });

  test("are refused where the codes are not Bark's", () => {
    expect(() => flattenBarkCoarse(tensor([[1, 2]]))).toThrow(/found 1 codebooks where Bark reads 2; encode at a bandwidth of 1.5 kbps/);
    expect(() =>
      flattenBarkCoarse(
        tensor([
          [1, 2],
          [3, 1024],
        ]),
      ),
    ).toThrow(/found 1024 at codebook 1, frame 1; .* 0 to 1023/);
    expect(() =>
      flattenBarkCoarse(
        tensor([
          [1, -1],
          [3, 4],
        ]),
      ),
    ).toThrow(CodesError);
    expect(() =>
      flattenBarkCoarse(
        tensor([
          [1, 0.5],
          [3, 4],
        ]),
      ),
    ).toThrow(/found 0.5/);
    for (const other of [{ sampleRate: 32_000 }, { channels: 2 }, { hopLength: 640 }, { codebookSize: 2048 }]) {
      const codes = AudioCodes.fromTensor(tensor([[1], [2]]), { ...context, ...other });
      expect(() => flattenBarkCoarse(codes)).toThrow(/Bark takes those of the 24 kHz EnCodec/);
    }
    expect(flattenBarkCoarse(AudioCodes.fromTensor(tensor([[1], [2]]), context)).data).toEqual(BigInt64Array.of(10_001n, 11_026n));
  });

  test.each([
    [[10000, 11024, 10001], /3 coarse tokens end within a frame/],
    [[11024, 10000], /token 11024 at position 0 is of codebook 1; .*start within a frame; expected codebook 0, 10000 to 11023/],
    [[10000, 11023], /token 11023 at position 1 is of codebook 0; .*expected codebook 1, 11024 to 12047/],
    [[9999, 11024], /token 9999 at position 0 is a semantic token/],
    [[12050, 10000], /token 12050 at position 0 is a special token/],
    [[10000, 12048], /token 12048 at position 1 is a special token/],
    [[10000, 12049], /token 12049 at position 1 is no coarse token/],
    [[-1, 11024], /token -1 at position 0 is no coarse token/],
  ])("%j are no codes", (tokens, message) => {
    expect(() => unflattenBarkCoarse({ data: tokens, dims: [tokens.length] })).toThrow(message);
    expect(() => unflattenBarkCoarse({ data: BigInt64Array.from(tokens, BigInt), dims: [1, tokens.length] })).toThrow(CodesError);
  });

  test("of a wrong shape are refused", () => {
    expect(() => unflattenBarkCoarse({ data: [10000, 11024], dims: [1, 1, 2] })).toThrow(
      /shape \[1, 1, 2\] are not coarse tokens; expected \[S\]/,
    );
    expect(() => unflattenBarkCoarse({ data: [10000, 11024], dims: [4] })).toThrow(CodesError);
  });
});
