import { decodeAudio, parseWav } from "../../src/audio/index.ts";
import { chunk, extensibleFields, formatChunk, int16s, littleEndian, wav } from "../audio/wav-bytes.ts";
import { fuzz } from "./fuzz.ts";

const seeds = [
  wav([...formatChunk(), ...chunk("data", int16s(0, 1, -1, 32767))]),
  wav([
    ...formatChunk({ tag: 0xfffe, bits: 24, numChannels: 3, extension: extensibleFields(24, 1) }),
    ...chunk(
      "data",
      Array.from({ length: 18 }, (_, i) => i),
    ),
  ]),
  wav([
    ...chunk("LIST", [1, 2, 3]),
    ...formatChunk({ tag: 3, bits: 64 }),
    ...chunk("fact", littleEndian(2, 4)),
    ...chunk(
      "data",
      Array.from({ length: 16 }, () => 0),
    ),
  ]),
  wav([...chunk("ds64", littleEndian(8, 28)), ...formatChunk({ bits: 8 }), ...chunk("data", [1, 2, 3, 4], 0xffffffff)], {
    magic: "RF64",
    riffSize: 0xffffffff,
  }),
];
const dictionary = ["RIFF", "RF64", "BW64", "WAVE", "fmt ", "data", "ds64", "LIST", "\xff\xff\xff\xff"];

fuzz({ name: "wav", seeds, dictionary, parse: (bytes) => parseWav(bytes) });
fuzz({ name: "wav, piece by piece", seeds, dictionary, share: 0.1, parse: (bytes) => decodeAudio(bytes) });
