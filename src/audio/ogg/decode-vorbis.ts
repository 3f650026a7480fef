import { AudioFormatError } from "../../core/index.ts";
import { hasAscii } from "../reading/ascii.ts";
import type { WasmDecoder } from "../reading/wasm-decoder.ts";
import { runDecoder } from "../reading/wasm-decoder.ts";
import type { CodecPacket, PacketCodec } from "./packet-codec.ts";
import { parseVorbisModes } from "./vorbis-setup.ts";

/**
 * Opens a Vorbis stream by its headers. A packet is a block that overlaps with the one before, and gives half of both.
 * Source: Vorbis I specification, sections 1.3.2 and 4.
 * @param format Name of the format in messages.
 * @param head The first header packet.
 * @param setup The third, undefined if it is not there.
 * @throws AudioFormatError as `decodeAudio` does.
 */
export function openVorbis(format: string, head: Uint8Array, setup: Uint8Array | undefined): PacketCodec {
  if (head.length !== 30 || setup === undefined || !hasAscii(setup, 0, "\x05vorbis")) {
    throw new AudioFormatError("AUDIO_CORRUPT", `damaged ${format} file: its three header packets are not in place`);
  }
  const channels = head[11]!;
  const sampleRate = new DataView(head.buffer, head.byteOffset).getUint32(12, true);
  const [shortBlock, longBlock] = [2 ** (head[28]! & 0xf), 2 ** (head[28]! >> 4)];
  if (channels === 0 || sampleRate === 0) {
    throw new AudioFormatError("AUDIO_CORRUPT", `damaged ${format} file: its header gives ${channels} channels at ${sampleRate} Hz`);
  }
  if (shortBlock < 64 || longBlock < shortBlock || longBlock > 8192) {
    throw new AudioFormatError(
      "AUDIO_CORRUPT",
      `damaged ${format} file: its header gives blocks of ${shortBlock} and ${longBlock} samples`,
    );
  }
  const modes = parseVorbisModes(setup, channels);
  const blockOf = (packet: Uint8Array): number | undefined => {
    const isLong = isAudioPacket(packet) ? modes[(packet[0]! >> 1) & (2 ** modeBits(modes) - 1)] : undefined;
    if (isLong === undefined) return undefined;
    return isLong ? longBlock : shortBlock;
  };
  return {
    format,
    sampleRate,
    channels,
    preSkip: 0,
    samplesIn(packet, previous) {
      const block = blockOf(packet);
      const before = previous === undefined ? undefined : blockOf(previous);
      if (block === undefined) return undefined;
      return before === undefined ? 0 : (before + block) / 4;
    },
    decode: (steps, pace) => runDecoder({ format, sampleRate, channels }, () => createVorbisDecoder(head, setup), steps, pace),
  };
}

/** The first bit of a packet tells headers from audio. Source: Vorbis I specification, sections 4.2.1 and 4.3.1. */
function isAudioPacket(packet: Uint8Array): boolean {
  return packet.length > 0 && (packet[0]! & 1) === 0;
}

/** Bits of a packet that number its mode. */
function modeBits(modes: readonly boolean[]): number {
  return 32 - Math.clz32(modes.length - 1);
}

/** It takes pages of a certain parser, of which it reads the packets; so it is given those. */
async function createVorbisDecoder(head: Uint8Array, setup: Uint8Array): Promise<WasmDecoder<CodecPacket>> {
  const { OggVorbisDecoder } = await import("@wasm-audio-decoders/ogg-vorbis");
  const decoder = new OggVorbisDecoder();
  let hasHeaders = false;
  return {
    ready: decoder.ready,
    decode({ bytes, isContinuation }) {
      const pages = [{ data: new Uint8Array(), codecFrames: [{ data: bytes, header: { vorbisSetup: setup } }] }];
      if (!hasHeaders) pages.unshift({ data: new Uint8Array(head), codecFrames: [] });
      hasHeaders = true;
      const decoding = decoder.decodeOggPages(pages as unknown as Parameters<typeof decoder.decodeOggPages>[0]);
      // The block before this one is lost, so what overlaps with another is not what it was.
      return isContinuation ? decoding : decoding.then((decoded) => ({ ...decoded, samplesDecoded: 0 }));
    },
    free: () => decoder.free(),
  };
}
