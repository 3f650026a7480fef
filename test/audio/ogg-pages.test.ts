import fc from "fast-check";
import { expect, test } from "vitest";
import { formatOgg, parseOgg } from "../../src/audio/ogg-pages.ts";
import { withChecksums } from "./ogg-bytes.ts";

const anyPacket = fc.oneof(
  fc.uint8Array({ maxLength: 600 }),
  fc.constantFrom(254, 255, 256, 255 * 255 - 1, 255 * 255, 255 * 255 + 1, 200_000).map((length) => Uint8Array.from({ length }, (_, i) => i)),
);

test("packets of any length come back as they were put in", () => {
  fc.assert(
    fc.property(fc.array(anyPacket, { minLength: 1, maxLength: 8 }), (packets) => {
      const parsed = parseOgg(formatOgg(packets), () => true)!.packets;
      expect(parsed.map((packet) => packet.length)).toEqual(packets.map((packet) => packet.length));
      expect(parsed.every((packet, i) => Buffer.compare(packet, packets[i]!) === 0)).toBe(true);
    }),
    { numRuns: 50 },
  );
});

test("checksums are those of RFC 3533", () => {
  const bytes = formatOgg([Uint8Array.of(1, 2, 3), new Uint8Array(70_000).fill(5)]);
  expect(Buffer.compare(bytes, withChecksums(bytes))).toBe(0);
});

test("no stream that is wanted gives undefined", () => {
  expect(parseOgg(formatOgg([Uint8Array.of(1)]), () => false)).toBeUndefined();
});
