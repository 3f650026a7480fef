import { decodeAudio } from "../../src/audio/index.ts";
import { pcmWriters } from "../audio/pcm-bytes.ts";
import { chunk, formatChunk, wav } from "../audio/wav-bytes.ts";
import { fuzz } from "./fuzz.ts";

const data = Array.from({ length: 66 }, (_, i) => (i * 5) % 89);
const seeds = [
  ...Object.values(pcmWriters).map(({ write, integers }) =>
    write({ bits: integers[0] ?? 32, isFloat: integers.length === 0, channels: 1, sampleRate: 8000, data }),
  ),
  ...[2, 0x11].map((tag) => wav([...formatChunk({ tag, numChannels: 2, bits: 4, bytesPerFrame: 22 }), ...chunk("data", data)])),
  wav([...formatChunk({ tag: 0x31, bits: 0, bytesPerFrame: 65 }), ...chunk("data", data)]),
];
const dictionary = [
  "FORM",
  "AIFC",
  "COMM",
  "SSND",
  "ima4",
  "alaw",
  "caff",
  "desc",
  "data",
  "RIFX",
  "16SV",
  "BODY",
  "CHAN",
  "end_head",
  "\xff\xff\xff\xff",
];

fuzz({ name: "containers of samples", seeds, dictionary, share: 0.3, parse: (bytes) => decodeAudio(bytes) });
