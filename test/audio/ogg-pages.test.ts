import fc from "fast-check";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { concatBytes } from "./concat-bytes.ts";
import { pageChecksum } from "../../src/audio/ogg/ogg-checksum.ts";
import { oggFile, openOggBytes, pageOffsets, takeApart, withChecksums, withEndGranule } from "./ogg-bytes.ts";
import { ascii } from "./wav-bytes.ts";

// So that the bytes can be counted of which checksums are computed.
vi.mock("../../src/audio/ogg/ogg-checksum.ts", async (importOriginal) => ({
  pageChecksum: vi.fn((await importOriginal<{ pageChecksum: typeof pageChecksum }>()).pageChecksum),
}));
const checksum = vi.mocked(pageChecksum);
const actual = await vi.importActual<{ pageChecksum: typeof pageChecksum }>("../../src/audio/ogg/ogg-checksum.ts");
beforeEach(() => {
  checksum.mockImplementation(actual.pageChecksum);
});

const anyPacket = fc.oneof(
  fc.uint8Array({ maxLength: 600 }),
  fc
    .constantFrom(254, 255, 256, 255 * 255 - 1, 255 * 255, 255 * 255 + 1, 200_000)
    .map((length) => Uint8Array.from({ length }, (_, i) => i)),
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

/** A page of 65 307 bytes on which no packet ends. */
function fullPage(sequence: number): Uint8Array {
  const bytes = new Uint8Array(27 + 255 + 255 * 255);
  bytes.set([...ascii("OggS"), 0, sequence < 2 ? 0 : 1]);
  bytes.fill(0xff, 26, 27 + 255);
  const view = new DataView(bytes.buffer);
  view.setUint32(18, sequence, true);
  view.setUint32(22, actual.pageChecksum(bytes), true);
  return bytes;
}

const shortFile = (): Promise<Uint8Array> => oggFile(Array.from({ length: 40 }, (_, i) => new Uint8Array(1000).fill(i)));

describe("the work stays in proportion", () => {
  /** A megabyte in which every 27 bytes look like the header of a page of the same stream, of up to 65 kB. */
  const overlapping = new Uint8Array(2 ** 20).fill(0xff);
  for (let at = 0; at + 27 <= overlapping.length; at += 27)
    overlapping.set([...ascii("OggS"), 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], at);

  test("where page headers overlap, whose checksums would be hours of work", async () => {
    const bytes = concatBytes([await shortFile(), overlapping]);
    let numChecked = 0;
    checksum.mockImplementation((page) => {
      numChecked += page.length;
      return actual.pageChecksum(page);
    });
    await expect(openOggBytes(bytes)).rejects.toMatchObject({
      code: "AUDIO_CORRUPT",
      message: expect.stringContaining("page headers that overlap"),
    });
    expect(numChecked).toBeGreaterThan(0);
    expect(numChecked).toBeLessThan(bytes.length);
  });

  test("where headers of pages are damaged, but no more than there can be", async () => {
    const bytes = withEndGranule(await shortFile(), 555);
    const damaged = await shortFile();
    for (const offset of pageOffsets(damaged)) damaged[offset + 22]! ^= 1;
    expect((await openOggBytes(concatBytes([bytes, damaged, damaged, damaged])))!.endGranule).toBe(555);
  });

  test("where a packet does not end", async () => {
    const first = await oggFile([Uint8Array.of(1)]);
    const bytes = concatBytes([first, ...Array.from({ length: 700 }, (_, i) => fullPage(i + 1))]);
    const groups = (await openOggBytes(bytes))!.groups();
    await groups.next();
    let numRead = 0;
    checksum.mockImplementation((read) => {
      numRead += read.length;
      return actual.pageChecksum(read);
    });
    await expect(groups.next()).rejects.toMatchObject({
      code: "AUDIO_CORRUPT",
      message: expect.stringContaining("a packet does not end within 33554432 bytes"),
    });
    expect(numRead).toBeLessThan(34e6);
  });
});
