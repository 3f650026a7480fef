import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AudioWarning } from "../../src/audio/index.ts";
import { decodeAudio } from "../../src/audio/index.ts";
import { concatBytes } from "./concat-bytes.ts";
import { withChecksums } from "./ogg-bytes.ts";
import { packetsOf, pagedOgg } from "./paged-ogg.ts";
import type { PagedOgg } from "./paged-ogg.ts";
import { runsOf } from "../long-searches.ts";

const formats = {
  "Ogg Opus": { packets: await packetsOf("stereo.opus", 2), preSkip: 312 },
  "Ogg Vorbis": { packets: await packetsOf("mono.ogg", 3), preSkip: 0 },
  "Ogg FLAC": { packets: await packetsOf("stereo-flac.ogg", 2), preSkip: 0 },
} as const;

async function decode(
  parts: readonly Uint8Array[],
): Promise<{ readonly channelData: readonly Float32Array[]; readonly warnings: AudioWarning[] }> {
  const warnings: AudioWarning[] = [];
  const { channelData } = await decodeAudio(concatBytes(parts), { onWarning: (warning) => warnings.push(warning) });
  return { channelData, warnings };
}

const strictly = (parts: readonly Uint8Array[]): Promise<readonly Float32Array[]> =>
  decodeAudio(concatBytes(parts), { strict: true }).then(({ channelData }) => channelData);

const filesOf = ({ headerPages, audioPages }: PagedOgg): Uint8Array[] => [...headerPages, ...audioPages];
const someSizes = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 3, maxLength: 20 });

/** What Opus needs to find back to the sound of a stream whose beginning it did not hear: 80 ms, and as much again. */
const settling = 7680;

describe.each(Object.entries(formats))("%s", (name, { packets, preSkip }) => {
  const whole = strictly(filesOf(pagedOgg(packets, { sizes: [packets.audio.length] })));

  test("granule positions that start anywhere, on any pages, give the same samples", async () => {
    const expected = await whole;
    await fc.assert(
      fc.asyncProperty(someSizes, fc.bigInt({ min: 0n, max: 2n ** 62n }), async (sizes, offset) => {
        expect(await strictly(filesOf(pagedOgg(packets, { sizes, offset })))).toEqual(expected);
      }),
      { numRuns: runsOf(60) },
    );
  });

  test("a piece that is cut out between two pages has the samples that its granule positions tell", async () => {
    const expected = await whole;
    await fc.assert(
      fc.asyncProperty(someSizes, fc.nat(), fc.nat(), async (sizes, first, count) => {
        const paged = pagedOgg(packets, { sizes });
        const from = first % paged.audioPages.length;
        const to = from + 1 + (count % (paged.audioPages.length - from));
        const isEnd = to === paged.audioPages.length;
        // The first block of Vorbis overlaps with one that is not there.
        const lead = from > 0 && name === "Ogg Vorbis" ? paged.firstLengths[from]! : 0;
        const start = (paged.ends[from - 1] ?? 0) + lead;
        const end = isEnd ? packets.end : paged.ends[to - 1]!;
        // Of a last page alone, nobody knows whether its beginning is cut off or its end.
        fc.pre(end > start + preSkip && !(from > 0 && isEnd && to === from + 1));
        const { channelData, warnings } = await decode(renumbered([...paged.headerPages, ...paged.audioPages.slice(from, to)]));
        expect(channelData[0]!.length).toBe(end - start - preSkip);
        expect(warnings).toEqual([]);
        expectClose(channelData, expected, { from: start, settles: name === "Ogg Opus" && from > 0 ? settling : 0 });
      }),
      { numRuns: runsOf(60) },
    );
  });

  test("a page that is missing, or whose checksum is wrong, is a gap of its length, and everything else is as it was", async () => {
    const expected = await whole;
    await fc.assert(
      fc.asyncProperty(someSizes, fc.nat(), fc.constantFrom("missing", "damaged"), async (sizes, which, how) => {
        const paged = pagedOgg(packets, { sizes });
        fc.pre(paged.audioPages.length >= 3);
        const index = 1 + (which % (paged.audioPages.length - 2));
        const damaged = paged.audioPages[index]!.slice();
        damaged[damaged.length - 1]! ^= 1;
        const pages = how === "missing" ? paged.audioPages.toSpliced(index, 1) : paged.audioPages.with(index, damaged);
        const { channelData, warnings } = await decode([...paged.headerPages, ...pages]);
        // Where the last page follows, nobody knows how much of the end of Vorbis is cut off, since its packets have many lengths.
        fc.pre(name !== "Ogg Vorbis" || index < paged.audioPages.length - 2);
        const lapping = name === "Ogg Vorbis" ? paged.firstLengths[index + 1]! : 0;
        const start = paged.ends[index - 1]! - preSkip;
        const end = Math.min(paged.ends[index]! + lapping, packets.end) - preSkip;
        const numLost = end - Math.max(start, 0);
        expect(channelData[0]!.length).toBe(expected[0]!.length);
        expect(warnings).toEqual([{ code: "AUDIO_GAP", message: expect.any(String), position: Math.max(start, 0), numLost }]);
        for (const samples of channelData) expect(samples.slice(Math.max(start, 0), end).every((sample) => sample === 0)).toBe(true);
        expectClose(
          channelData.map((samples) => samples.slice(0, Math.max(start, 0))),
          expected,
          { from: 0, settles: 0 },
        );
        expectClose(
          channelData.map((samples) => samples.slice(end)),
          expected,
          { from: end, settles: name === "Ogg Opus" ? settling : 0 },
        );
      }),
      { numRuns: runsOf(60) },
    );
  });

  test("hours that a few bytes say are missing become silence of a minute or so, and no more", async () => {
    const paged = pagedOgg(packets, { sizes: [1, 1] });
    const late = pagedOgg(packets, { sizes: [1, 1], offset: 2n ** 40n });
    const { channelData, warnings } = await decode([...paged.headerPages, paged.audioPages[0]!, late.audioPages[1]!, late.audioPages[2]!]);
    expect(channelData.length * channelData[0]!.length).toBeGreaterThan(2 ** 22);
    expect(channelData.length * channelData[0]!.length).toBeLessThan(2 ** 22 + 2 ** 18);
    expect(warnings.map(({ code }) => code)).toEqual(["AUDIO_GAP", "AUDIO_TRUNCATED"]);
  });

  test("a packet that is missing is a gap of its length", async () => {
    const { audio, lengths } = packets;
    const index = Math.floor(audio.length / 2);
    const paged = pagedOgg(packets, { sizes: audio.map(() => 1) });
    const without = pagedOgg(
      { ...packets, audio: audio.toSpliced(index, 1), lengths: lengths.toSpliced(index, 1) },
      { sizes: audio.map(() => 1) },
    );
    // Pages that are numbered without a break, whose granule positions know of the packet.
    const pages = without.audioPages.map((page, i) => (i < index ? page : withGranuleOf(page, paged.audioPages[i + 1]!)));
    const { channelData, warnings } = await decode([...without.headerPages, ...pages]);
    const gaps = warnings.filter(({ code }) => code === "AUDIO_GAP");
    expect(gaps.map(({ position }) => position)).toEqual([paged.ends[index - 1]! - preSkip]);
    expect(channelData[0]!.length).toBe(packets.end - preSkip);
  });

  test("anything before, between and after pages is passed over, and what is in front of the last page is reported", async () => {
    const expected = await whole;
    const anything = fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.constantFrom("OggS", "OggS\0", "OpusHead", "TAG").map(bytesOfText));
    await fc.assert(
      fc.asyncProperty(someSizes, fc.array(anything, { minLength: 1, maxLength: 30 }), anything, async (sizes, junk, tail) => {
        const pages = filesOf(pagedOgg(packets, { sizes }));
        const last = pages.length - 1;
        const parts = pages.flatMap((page, index) => (index < last ? [page, junk[index] ?? new Uint8Array()] : [page]));
        const { channelData, warnings } = await decode([...parts, tail]);
        expect(channelData).toEqual(expected);
        expect(warnings.every(({ code, numLost }) => code === "AUDIO_EXTRA" && numLost === 0)).toBe(true);
        if (junk.slice(0, last).some(({ length }) => length > 0)) expect(warnings.length).toBeGreaterThan(0);
      }),
      { numRuns: runsOf(60) },
    );
  });

  test("a page that comes twice, or once more after others, is passed over", async () => {
    const expected = await whole;
    await fc.assert(
      fc.asyncProperty(someSizes, fc.nat(), fc.nat(), async (sizes, which, later) => {
        const { headerPages, audioPages } = pagedOgg(packets, { sizes });
        fc.pre(audioPages.length >= 2);
        const index = which % (audioPages.length - 1);
        const at = index + 1 + (later % (audioPages.length - 1 - index));
        const { channelData, warnings } = await decode([...headerPages, ...audioPages.toSpliced(at, 0, audioPages[index]!)]);
        expect(channelData).toEqual(expected);
        expect(warnings).toMatchObject([{ code: "AUDIO_EXTRA", message: expect.stringContaining("comes again"), numLost: 0 }]);
      }),
      { numRuns: runsOf(30) },
    );
  });

  test("a file that ends within a page has what the pages before it hold, and is said to be truncated", async () => {
    const expected = await whole;
    await fc.assert(
      fc.asyncProperty(someSizes, fc.nat(), fc.nat(), async (sizes, which, cut) => {
        const { headerPages, audioPages, ends } = pagedOgg(packets, { sizes });
        fc.pre(audioPages.length >= 2 && ends[0]! > preSkip);
        const index = 1 + (which % (audioPages.length - 1));
        const rest = audioPages[index]!.slice(0, 1 + (cut % (audioPages[index]!.length - 1)));
        const { channelData, warnings } = await decode([...headerPages, ...audioPages.slice(0, index), rest]);
        const numSamples = ends[index - 1]! - preSkip;
        expect(channelData).toEqual(expected.map((samples) => samples.slice(0, numSamples)));
        expect(warnings).toEqual([{ code: "AUDIO_TRUNCATED", message: expect.any(String), position: numSamples, numLost: 0 }]);
      }),
      { numRuns: runsOf(60) },
    );
  });
});

/** What `channelData` holds is the original from a sample of it on, exactly, or roughly after what a decoder needs to settle. */
function expectClose(
  channelData: readonly Float32Array[],
  original: readonly Float32Array[],
  { from, settles }: { readonly from: number; readonly settles: number },
): void {
  for (const [channel, samples] of channelData.entries()) {
    const same = original[channel]!.slice(from, from + samples.length);
    if (settles === 0) expect(samples).toEqual(same);
    else for (let i = settles; i < samples.length; i++) expect(Math.abs(samples[i]! - same[i]!)).toBeLessThan(0.02);
  }
}

function renumbered(pages: readonly Uint8Array[]): Uint8Array[] {
  return pages.map((page, index) => {
    const copy = page.slice();
    new DataView(copy.buffer).setUint32(18, index, true);
    return withChecksums(copy);
  });
}

function withGranuleOf(page: Uint8Array, other: Uint8Array): Uint8Array {
  return withChecksums(concatBytes([page.subarray(0, 6), other.subarray(6, 14), page.subarray(14)]));
}

function bytesOfText(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
