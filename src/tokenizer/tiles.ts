import type { Context } from "../graph/index.ts";

/** A stretch of frames that is computed in one go. */
export interface Tile {
  /** Frames that the tile is for. */
  readonly start: number;
  readonly end: number;
  /** Frames that are computed for it: the same, and the context around them as far as the clip goes. */
  readonly from: number;
  readonly to: number;
}

/**
 * Cuts a clip into tiles of about equal length, so that memory does not grow with the clip and tensors stay in the cache.
 * What the tiles' own frames come to is what the whole clip would give.
 * @param context In frames; null where nothing but the whole will do.
 * @param longest In frames; a context of that size or more makes tiles longer, since no tile may be shorter than what
 * reflection at a clip's ends reaches inwards, which is as far as padding reaches outwards.
 */
export function tilesOf(numFrames: number, context: Context | null, longest: number): Tile[] {
  if (context === null) return [{ start: 0, end: numFrames, from: 0, to: numFrames }];
  const least = Math.max(context.left, context.right) + 1;
  const count = Math.max(1, Math.min(Math.ceil(numFrames / longest), Math.floor(numFrames / least)));
  return Array.from({ length: count }, (_, index) => {
    const start = Math.floor((index * numFrames) / count);
    const end = Math.floor(((index + 1) * numFrames) / count);
    return { start, end, from: Math.max(0, start - context.left), to: Math.min(numFrames, end + context.right) };
  });
}
