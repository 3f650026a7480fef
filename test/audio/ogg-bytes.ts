/** Offsets at which the pages of a whole Ogg file start. */
export function pageOffsets(bytes: Uint8Array): number[] {
  const offsets: number[] = [];
  for (let offset = 0; offset + 27 <= bytes.length; offset = pageEnd(bytes, offset)) offsets.push(offset);
  return offsets;
}

/** A copy with the right checksum on every page, so that what was changed gets past the container to the codec. */
export function withChecksums(bytes: Uint8Array): Uint8Array {
  const sealed = bytes.slice();
  for (const offset of pageOffsets(sealed)) {
    const page = sealed.subarray(offset, pageEnd(sealed, offset));
    page.fill(0, 22, 26);
    new DataView(page.buffer, page.byteOffset).setUint32(22, checksum(page), true);
  }
  return sealed;
}

/** A copy whose last page ends at `granule`. */
export function withEndGranule(bytes: Uint8Array, granule: number): Uint8Array {
  const copy = bytes.slice();
  new DataView(copy.buffer).setBigInt64(pageOffsets(copy).at(-1)! + 6, BigInt(granule), true);
  return withChecksums(copy);
}

function pageEnd(bytes: Uint8Array, offset: number): number {
  const numSegments = bytes[offset + 26]!;
  const lengths = bytes.subarray(offset + 27, offset + 27 + numSegments);
  return Math.min(offset + 27 + numSegments + lengths.reduce((sum, length) => sum + length, 0), bytes.length);
}

/** RFC 3533's CRC-32, bit by bit. */
function checksum(page: Uint8Array): number {
  let crc = 0;
  for (const byte of page) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  }
  return crc >>> 0;
}
