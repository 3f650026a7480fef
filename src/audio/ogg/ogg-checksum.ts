const checksumTable: Uint32Array = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  return crc;
});

/**
 * CRC-32 of an Ogg page with its own checksum field taken as zero: polynomial 0x04c11db7, high bit first, from 0.
 * Source: RFC 3533, section 6.
 */
export function pageChecksum(page: Uint8Array): number {
  let crc = 0;
  for (let i = 0; i < page.length; i++) {
    const byte = i >= 22 && i < 26 ? 0 : page[i]!;
    crc = (crc << 8) ^ checksumTable[(crc >>> 24) ^ byte]!;
  }
  return crc >>> 0;
}
