import { AudioFormatError } from "../../core/index.ts";
import type { ByteWindow } from "../reading/byte-window.ts";
import type { Flaw } from "../reading/decoded-piece.ts";
import { elementAt, findElement, readInteger, readUnsigned, splitLaces, vintAt } from "./ebml.ts";
import { enteredElements, matroskaIds, maxBlockLength } from "./matroska-head.ts";
import type { MatroskaHead, MatroskaTrack } from "./matroska-head.ts";
import { maxDiscarded } from "./media-audio.ts";
import type { MediaPacket } from "./media-track.ts";

/** A block's frames, which wait for what may follow of their group. */
interface Block {
  readonly frames: readonly Uint8Array[];
  readonly timestamp: number;
  numDiscarded: number;
  readonly flaw: Flaw | undefined;
}

/** Reads a track's packets in order. Where a file is damaged, the next cluster is looked for. */
export async function* readMatroskaBlocks(
  source: ByteWindow,
  { clustersStart, timestampScale }: MatroskaHead,
  track: MatroskaTrack,
  sampleRate: number,
): AsyncGenerator<MediaPacket, void> {
  const secondsOf = (timestamp: number): number => (timestamp * timestampScale) / 1e9;
  let clusterTimestamp = 0;
  let block: Block | undefined;
  let flaw: Flaw | undefined;
  for (let offset = clustersStart; offset < source.size;) {
    const element = await elementAt(source, offset);
    if (element === undefined || (element.end > source.size && !enteredElements.has(element.id))) {
      const message =
        element === undefined
          ? `damaged Matroska file: no element starts at byte ${offset}`
          : `truncated Matroska file: it ends within the element that starts at byte ${offset}`;
      flaw ??= { code: "AUDIO_GAP", message };
      offset = await findElement(source, offset + 1, matroskaIds.cluster);
      continue;
    }
    const isGroupEnd =
      element.id === matroskaIds.simpleBlock || element.id === matroskaIds.blockGroup || element.id === matroskaIds.cluster;
    if (isGroupEnd && block !== undefined) {
      yield* packetsOf(block, secondsOf(block.timestamp), track);
      block = undefined;
    }
    if (element.id === matroskaIds.timestamp) clusterTimestamp = await readUnsigned(source, element);
    else if (element.id === matroskaIds.simpleBlock || element.id === matroskaIds.block) {
      const head = await source.bytes(element.start, Math.min(12, element.end - element.start));
      const number = vintAt(head, 0);
      if (number !== undefined && number.value === track.number && head.length >= number.length + 3) {
        if (element.end - element.start > maxBlockLength)
          throw new AudioFormatError("AUDIO_CORRUPT", `damaged Matroska file: a block of audio has ${element.end - element.start} bytes`);
        const body = await source.bytes(element.start, element.end - element.start);
        const frames = splitLaces(body.subarray(number.length + 3), (body[number.length + 2]! >> 1) & 3);
        const relative = new DataView(body.buffer, body.byteOffset + number.length, 2).getInt16(0);
        if (frames === undefined)
          flaw ??= { code: "AUDIO_GAP", message: `damaged Matroska file: the block at byte ${offset} has frames that do not fit` };
        else {
          block = { frames, timestamp: clusterTimestamp + relative, numDiscarded: 0, flaw };
          flaw = undefined;
        }
      }
    } else if (element.id === matroskaIds.discardPadding && block !== undefined) {
      const padding = Math.round(((await readInteger(source, element)) * sampleRate) / 1e9);
      block.numDiscarded = Math.min(Math.max(0, padding), maxDiscarded);
    }
    await source.pace.spend(elementWork);
    offset = enteredElements.has(element.id) ? element.start : element.end;
  }
  if (block !== undefined) yield* packetsOf(block, secondsOf(block.timestamp), track);
  if (flaw !== undefined) {
    yield { bytes: undefined, time: undefined, numDiscarded: 0, flaw: { code: "AUDIO_TRUNCATED", message: flaw.message } };
  }
}

/** What an element costs, in bytes that could be read instead. */
const elementWork = 32;

function* packetsOf({ frames, numDiscarded, flaw }: Block, time: number, { strippedBytes }: MatroskaTrack): Generator<MediaPacket, void> {
  for (const [index, frame] of frames.entries()) {
    const bytes = strippedBytes.length === 0 ? frame : Uint8Array.from([...strippedBytes, ...frame]);
    const isFirst = index === 0;
    yield { bytes, time: isFirst ? time : undefined, numDiscarded, flaw: isFirst ? flaw : undefined };
  }
}
