import type { AudioCodes } from "../core/index.ts";
import { drawCodeGrid } from "./code-grid.ts";
import { axisName, colours, frame, leftTick, panelName, rightTick } from "./panel.ts";
import type { Box } from "./panel.ts";
import { element, label } from "./svg.ts";
import { viridis } from "./viridis.ts";

/** Least distance between the numbers of two codebooks. */
const lineHeight = 13;

/** The grid of codes over time, a row for each codebook, and its colour bar on the right. */
export function codesPanel(codes: AudioCodes, box: Box, seconds: number): string {
  const { png, seconds: pictured } = drawCodeGrid(codes);
  const picture = element("image", {
    x: box.left,
    y: box.top,
    width: (pictured / seconds) * box.width,
    height: box.height,
    preserveAspectRatio: "none",
    // Viewers that do not know the property go by the attribute.
    "image-rendering": "optimizeSpeed",
    style: "image-rendering: pixelated",
    href: `data:image/png;base64,${base64(png)}`,
  });
  // The last frame may reach beyond the end of the clip, and so of the axis.
  const clip = element("clipPath", { id: "codes" }, element("rect", { x: box.left, y: box.top, width: box.width, height: box.height }));
  return [
    panelName("Codes", box),
    clip,
    element("g", { "clip-path": "url(#codes)" }, picture),
    codebookNumbers(codes.numCodebooks, box),
    frame(box),
    axisName("codebook", box),
    colourBar(codes.codebookSize, { left: box.left + box.width + 18, top: box.top, width: 14, height: box.height }),
  ].join("");
}

/** Codebooks are numbered from 1, top to bottom; where rows are narrow, not all get their number. */
function codebookNumbers(numCodebooks: number, box: Box): string {
  const rowHeight = box.height / numCodebooks;
  const step = Math.ceil(lineHeight / rowHeight);
  const numbers = Array.from({ length: numCodebooks }, (_, k) => k + 1).filter(
    (number) => number === 1 || (number % step === 0 && (number - 1) * rowHeight >= lineHeight),
  );
  return numbers.map((number) => leftTick(String(number), box.top + (number - 0.5) * rowHeight, box, "codebook")).join("");
}

function colourBar(codebookSize: number, bar: Box): string {
  const stops = Array.from({ length: 17 }, (_, index) =>
    element("stop", { offset: `${(100 * index) / 16}%`, "stop-color": `rgb(${viridis(index / 16).join(", ")})` }),
  );
  const largest = codebookSize - 1;
  const values = new Set([0, 0.25, 0.5, 0.75, 1].map((share) => Math.min(largest, Math.round(share * codebookSize))));
  const ticks = [...values].map((value) =>
    rightTick(String(value), bar.top + bar.height * (1 - value / Math.max(1, largest)), bar, "code"),
  );
  return [
    element("linearGradient", { id: "viridis", x1: 0, y1: 1, x2: 0, y2: 0 }, ...stops),
    element("rect", { x: bar.left, y: bar.top, width: bar.width, height: bar.height, fill: "url(#viridis)" }),
    frame(bar),
    label("code", bar.left, bar.top - 9, { fill: colours.faint }),
    ...ticks,
  ].join("");
}

function base64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}
