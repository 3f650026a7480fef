import { concatBytes } from "./concat-bytes.ts";
import { pageChecksum } from "../../src/audio/ogg/ogg-checksum.ts";

const headerLength = 27;
/** So that a decoder that is handed a page makes a second or so of it. */
const maxPacketsPerPage = 32;

/**
 * Packs packets into a plain Ogg stream: the first on a page of its own, the second too, no end mark, and all granule
 * positions 0. Decoders that are handed such a stream have nothing to skip, to misread or to trim.
 * @returns Whole pages, as soon as they are full.
 */
export async function* formatOgg(packets: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  let numPackets = 0;
  let numPages = 0;
  let numOnPage = 0;
  let lacing: number[] = [];
  let body: Uint8Array[] = [];
  let isContinued = false;
  const finishPage = (endsWithinPacket: boolean): Uint8Array => {
    const page = formatPage(numPages, isContinued, lacing, concatBytes(body));
    numPages++;
    numOnPage = 0;
    lacing = [];
    body = [];
    isContinued = endsWithinPacket;
    return page;
  };
  for await (const packet of packets) {
    for (let offset = 0; offset <= packet.length; offset += 255) {
      if (lacing.length === 255) yield finishPage(offset > 0);
      const piece = packet.subarray(offset, offset + 255);
      lacing.push(piece.length);
      body.push(piece);
    }
    numPackets++;
    numOnPage++;
    if (numPackets <= 2 || numOnPage === maxPacketsPerPage) yield finishPage(false);
  }
  if (lacing.length > 0) yield finishPage(false);
}

function formatPage(sequence: number, isContinued: boolean, lacing: readonly number[], body: Uint8Array): Uint8Array {
  const page = new Uint8Array(headerLength + lacing.length + body.length);
  const view = new DataView(page.buffer);
  page.set([0x4f, 0x67, 0x67, 0x53, 0, (isContinued ? 1 : 0) + (sequence === 0 ? 2 : 0)]); // "OggS", version, flags
  view.setUint32(18, sequence, true);
  page[26] = lacing.length;
  page.set(lacing, headerLength);
  page.set(body, headerLength + lacing.length);
  view.setUint32(22, pageChecksum(page), true);
  return page;
}
