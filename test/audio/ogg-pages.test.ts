import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concatBytes } from "../../src/audio/concat-bytes.ts";
import { oggFile, openOggBytes, pageOffsets, takeApart, withChecksums, withEndGranule } from "./ogg-bytes.ts";

const anyPacket = fc.oneof(
  fc.uint8Array({ maxLength: 600 }),
  fc.constantFrom(254, 255, 256, 255 * 255 - 1, 255 * 255, 255 * 255 + 1, 200_000).map((length) => Uint8Array.from({ length }, (_, i) => i)),
);

test("packets of any length come back as they were put in", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyPacket, { minLength: 1, maxLength: 80 }), async (packets) => {
      const taken = (await takeApart(await oggFile(packets))).packets;
      expect(taken.map((packet) => packet.length)).toEqual(packets.map((packet) => packet.length));
      expect(taken.every((packet, i) => Buffer.compare(packet, packets[i]!) === 0)).toBe(true);
    }),
    { numRuns: 50 },
  );
});

test("checksums are those of RFC 3533", async () => {
  const bytes = await oggFile([Uint8Array.of(1, 2, 3), new Uint8Array(70_000).fill(5)]);
  expect(Buffer.compare(bytes, withChecksums(bytes))).toBe(0);
});

test("no stream that is wanted gives undefined", async () => {
  expect(await openOggBytes(await oggFile([Uint8Array.of(1)]), () => false)).toBeUndefined();
});

describe("the end granule position", () => {
  const packets = Array.from({ length: 200 }, (_, i) => new Uint8Array(2000).fill(i));

  test("is that of the stream's last page, however far from the end of the file that is", async () => {
    const stream = withEndGranule(await oggFile(packets), 123_456);
    const other = await oggFile(packets);
    for (const offset of pageOffsets(other)) new DataView(other.buffer).setUint32(offset + 14, 77, true); // its serial number
    const notFirst = withChecksums(other.subarray(pageOffsets(other)[1])); // pages of a stream whose start is missing
    const multiplexed = concatBytes([stream, notFirst, notFirst]);
    expect((await takeApart(multiplexed)).endGranule).toBe(123_456);
  });

  test("is found in front of tags and garbage", async () => {
    const stream = withEndGranule(await oggFile(packets), 99);
    const ended = stream.slice();
    ended[pageOffsets(ended).at(-1)! + 5]! |= 4; // the last page of its stream
    const garbage = Uint8Array.from({ length: 300_000 }, (_, i) => "OggS".charCodeAt(i % 4));
    garbage.set([0x54, 0x41, 0x47]);
    expect(await takeApart(concatBytes([withChecksums(ended), garbage]))).toEqual({ packets, endGranule: 99 });
  });
});
