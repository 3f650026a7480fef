const crc8Table: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc & 0x80 ? 0x07 : 0);
  return crc;
});

/** Polynomial x⁸+x²+x+1; over bytes that end in their own checksum it is 0. Source: RFC 9639, section 9.1.8. */
export function crc8(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) crc = crc8Table[crc ^ byte]!;
  return crc;
}

/** Polynomial x¹⁶+x¹⁵+x²+1, without its highest term. Source: RFC 9639, section 9.3. */
const crc16Polynomial = 0x8005;

const crc16Table: Uint16Array = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = timesX(crc);
  return crc;
});

/** The checksum of a frame that is read forward. */
export class Crc16 {
  /** 0 after bytes that end in their own checksum. */
  value = 0;

  append(byte: number): void {
    this.value = ((this.value << 8) & 0xffff) ^ crc16Table[(this.value >> 8) ^ byte]!;
  }
}

/**
 * Tells of bytes that are read backward, from the last of a frame on, whether those read so far end in their own checksum.
 *
 * A checksum is the remainder of a polynomial, and so a sum: the byte that n bytes follow adds `byte * x^(8n)` to it. Sums
 * may be taken in any order, and so the beginning of a frame can be looked for in one pass over the bytes before its end.
 */
export class Crc16FromEnd {
  /** 0 if they do. */
  value = 0;
  /** x^(8n) for the n bytes read so far. */
  #weight = 1;

  prepend(byte: number): void {
    for (let bit = 0; bit < 8; bit++) {
      if (byte & (1 << bit)) this.value ^= this.#weight;
      this.#weight = timesX(this.#weight);
    }
  }
}

function timesX(remainder: number): number {
  return ((remainder << 1) ^ (remainder & 0x8000 ? crc16Polynomial : 0)) & 0xffff;
}
