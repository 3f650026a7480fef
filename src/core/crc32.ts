const table: Uint32Array = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? 0xedb88320 : 0);
  return remainder;
});

/**
 * The CRC-32 of zip entries and PNG chunks. Source: PNG specification, annex D; PKWARE APPNOTE 4.4.7.
 * @param before That of the bytes which come before these. By default 0, there are none.
 */
export function crc32(bytes: Uint8Array, before: number = 0): number {
  let remainder = ~before;
  for (const byte of bytes) remainder = (remainder >>> 8) ^ table[(remainder ^ byte) & 0xff]!;
  return ~remainder >>> 0;
}
