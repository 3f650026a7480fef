import { readFileSync } from "node:fs";
import { decodeAudio } from "../../src/audio/index.ts";
import { concatBytes } from "../audio/concat-bytes.ts";
import { cluster, element, matroska, simpleBlock, trackEntry, unsigned } from "../audio/matroska-bytes.ts";
import { bigEndian, mdatStart, mov } from "../audio/mp4-bytes.ts";
import { fuzz } from "./fuzz.ts";

const fixture = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(`../fixtures/audio/media/${name}`, import.meta.url)));

const form = element(0xe1, concatBytes([element(0xb5, [0x45, 0xfa, 0, 0]), unsigned(0x9f, 1), unsigned(0x6264, 16)]));
const frames = [0, 1, 2, 3].map((i) => Uint8Array.from([0, i, 0, 2 * i]));
const blocks = (["none", "fixed", "xiph", "ebml"] as const).map((lacing, i) =>
  simpleBlock(1, i, lacing === "none" ? [frames[0]!] : frames, lacing),
);
const track = trackEntry(1, 2, "A_PCM/INT/LIT", [form]);
const webm = [matroska([track], [cluster(0, blocks), cluster(9, blocks)]), matroska([track], [cluster(0, blocks, true)], true)];
const movie = {
  sizes: bigEndian(0, 4, 4, 4, 4, 4),
  chunkOffsets: [mdatStart, mdatStart + 8],
  packetsPerChunk: 2,
  mdat: concatBytes(frames),
};
const movies = [mov(movie), mov({ ...movie, sizes: bigEndian(2, 8), packetsPerChunk: 4, edits: [[0, 2]] })];
const boxes = [
  "moov",
  "trak",
  "mdia",
  "minf",
  "stbl",
  "stsd",
  "stts",
  "stsc",
  "stsz",
  "stco",
  "co64",
  "moof",
  "traf",
  "tfhd",
  "trun",
  "mvex",
  "trex",
  "elst",
];

fuzz({ name: "matroska", seeds: webm, dictionary: ["\x1f\x43\xb6\x75", "\xa3", "\xa1"], share: 0.2, parse: (bytes) => decodeAudio(bytes) });
fuzz({ name: "mp4", seeds: movies, dictionary: boxes, share: 0.2, parse: (bytes) => decodeAudio(bytes) });
// Each file has a decoder of its own, which takes milliseconds to make.
fuzz({
  name: "webm opus",
  seeds: [fixture("opus.webm").subarray(0, 3000)],
  dictionary: ["OpusHead"],
  share: 0.01,
  parse: (bytes) => decodeAudio(bytes),
});
fuzz({
  name: "fragmented mp4",
  seeds: [fixture("fragmented-opus.mp4").subarray(0, 3000)],
  dictionary: boxes,
  share: 0.01,
  parse: (bytes) => decodeAudio(bytes),
});
