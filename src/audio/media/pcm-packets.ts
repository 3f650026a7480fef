import type { PacketCodec } from "../ogg/packet-codec.ts";
import type { SampleEncoding } from "../pcm/pcm-layout.ts";
import { checkHeader } from "../pcm/pcm-layout.ts";
import { codecOf } from "../pcm/codec-of.ts";
import type { AudioForm } from "../reading/audio-form.ts";
import { runDecoder } from "../reading/wasm-decoder.ts";
import type { WasmDecoder } from "../reading/wasm-decoder.ts";
import type { CodecPacket } from "../ogg/packet-codec.ts";

/**
 * Opens plain samples, of which a packet has any number.
 * @param format Name of the format in messages.
 * @throws AudioFormatError as `decodeAudio` does.
 */
export function openPcmPackets(format: string, form: AudioForm, encoding: SampleEncoding): PacketCodec {
  const sampleRate = Math.round(form.sampleRate);
  const { channels } = form;
  checkHeader(format, channels, sampleRate);
  const { samplesIn, bytesPerBlock } = codecOf(encoding, channels);
  return {
    format,
    sampleRate,
    channels,
    preSkip: 0,
    bytesPerBlock,
    samplesIn: ({ length }) => samplesIn(length),
    decode: (packets, pace) =>
      runDecoder({ format, sampleRate, channels }, async () => plainDecoder({ sampleRate, channels }, encoding), packets, pace),
  };
}

function plainDecoder({ sampleRate, channels }: AudioForm, encoding: SampleEncoding): WasmDecoder<CodecPacket> {
  const codec = codecOf(encoding, channels);
  return {
    ready: Promise.resolve(),
    decode({ bytes, numSamples }) {
      const channelData = Array.from({ length: channels }, () => new Float32Array(numSamples));
      codec.read(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), channelData);
      return { channelData, samplesDecoded: numSamples, sampleRate, errors: [] };
    },
    free() {},
  };
}
