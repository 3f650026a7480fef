import { decodeAudio } from "../../src/audio/index.ts";
import { openOpus } from "../../src/audio/ogg/decode-opus.ts";
import { openVorbis } from "../../src/audio/ogg/decode-vorbis.ts";
import { parseVorbisModes } from "../../src/audio/ogg/vorbis-setup.ts";
import { constantFlacFrame, flacHeader } from "../audio/flac-bytes.ts";
import { oggFile, openOggBytes, withChecksums, withEndGranule } from "../audio/ogg-bytes.ts";
import { silentOpus } from "../audio/opus-bytes.ts";
import { silentVorbis, vorbisHeaders } from "../audio/vorbis-bytes.ts";
import { ascii } from "../audio/wav-bytes.ts";
import { fuzz } from "./fuzz.ts";
import { shortOgg } from "./short-fixtures.ts";

const small = { blockSize: 16 };
const vorbis = [await silentVorbis(4), await silentVorbis(3, { channels: 2 })];
const opus = [await silentOpus(3), await silentOpus(2, { channels: 3 })];
const flacHead = Uint8Array.from([0x7f, ...ascii("FLAC"), 1, 0, 0, 0, ...flacHeader(32, small)]);
const flac = [withEndGranule(await oggFile([flacHead, constantFlacFrame(0, 7, small), constantFlacFrame(1, -7, small)]), 32)];
const dictionary = ["OggS", "OpusHead", "OpusTags", "\x01vorbis", "\x05vorbis", "\x7fFLAC", "BCV", "fLaC"];

/** All that is read before a decoder gets a packet. */
async function readPackets(bytes: Uint8Array): Promise<void> {
  const link = await openOggBytes(bytes);
  if (link === undefined) return;
  let total = 0;
  const packets: Uint8Array[] = [];
  for await (const group of link.groups()) {
    packets.push(...group.packets);
    for (const packet of group.packets) total += packet.length;
  }
  if (link.head[0] === 0x4f) openOpus("Ogg Opus", link.head);
  else openVorbis("Ogg Vorbis", link.head, packets[2]);
  if (total > bytes.length) throw new Error(`packets of ${total} bytes in a file of ${bytes.length}`);
}

const plain = [...vorbis, ...opus];
fuzz({ name: "ogg pages", seeds: plain, dictionary, share: 0.5, parse: readPackets });
fuzz({ name: "ogg pages with right checksums", seeds: plain, dictionary, parse: (bytes) => readPackets(withChecksums(bytes)) });
fuzz({ name: "vorbis setup", seeds: [vorbisHeaders()[2]!], dictionary: ["BCV"], parse: (bytes) => parseVorbisModes(bytes, 2) });
// Each file has a decoder of its own, which takes milliseconds to make.
fuzz({
  name: "ogg vorbis",
  seeds: [...vorbis, await shortOgg("mono.ogg", 6, 100)],
  dictionary,
  share: 0.01,
  parse: (bytes) => decodeAudio(withChecksums(bytes)),
});
fuzz({
  name: "ogg opus",
  seeds: [...opus, await shortOgg("stereo.opus", 5, 400)],
  dictionary,
  share: 0.01,
  parse: (bytes) => decodeAudio(withChecksums(bytes)),
});
fuzz({ name: "ogg flac", seeds: flac, dictionary, share: 0.01, parse: (bytes) => decodeAudio(withChecksums(bytes)) });
