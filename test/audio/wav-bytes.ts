/** A number of little-endian bytes. */
export function littleEndian(value: number | bigint, numBytes: number): number[] {
  return Array.from({ length: numBytes }, (_, i) => Number((BigInt(value) >> BigInt(8 * i)) & 0xffn));
}

export function ascii(text: string): number[] {
  return Array.from(text, (character) => character.charCodeAt(0));
}

/** A chunk with its padding byte; `size` is what its header claims. */
export function chunk(name: string, body: readonly number[], size: number = body.length): number[] {
  return [...ascii(name), ...littleEndian(size, 4), ...body, ...(body.length % 2 === 1 ? [0] : [])];
}

export interface FormatFields {
  readonly tag?: number;
  readonly numChannels?: number;
  readonly sampleRate?: number;
  readonly bits?: number;
  readonly bytesPerFrame?: number;
  readonly extension?: readonly number[];
}

/** A `fmt ` chunk; mono 16-bit PCM at 16 kHz unless told otherwise. */
export function formatChunk(fields: FormatFields = {}): number[] {
  const { tag = 1, numChannels = 1, sampleRate = 16_000, bits = 16, extension = [] } = fields;
  const { bytesPerFrame = (numChannels * bits) / 8 } = fields;
  return chunk("fmt ", [
    ...littleEndian(tag, 2),
    ...littleEndian(numChannels, 2),
    ...littleEndian(sampleRate, 4),
    ...littleEndian(sampleRate * bytesPerFrame, 4),
    ...littleEndian(bytesPerFrame, 2),
    ...littleEndian(bits, 2),
    ...extension,
  ]);
}

/** The extension of WAVE_FORMAT_EXTENSIBLE with a sub-format tag. */
export function extensibleFields(validBits: number, tag: number): number[] {
  const tail = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71];
  return [...littleEndian(22, 2), ...littleEndian(validBits, 2), ...littleEndian(0, 4), ...littleEndian(tag, 2), ...tail];
}

/** A WAV file; `riffSize` is what its header claims. */
export function wav(chunks: readonly number[], { magic = "RIFF", riffSize = chunks.length + 4 } = {}): Uint8Array {
  return Uint8Array.from([...ascii(magic), ...littleEndian(riffSize, 4), ...ascii("WAVE"), ...chunks]);
}

/** 16-bit samples as bytes. */
export function int16s(...values: readonly number[]): number[] {
  return values.flatMap((value) => littleEndian(value & 0xffff, 2));
}
