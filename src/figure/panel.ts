import { element, label, line } from "./svg.ts";
import type { Attributes } from "./svg.ts";

/** A rectangle in user units. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Colours of everything that is not data. */
export const colours = { text: "#1f2430", faint: "#6b7280", rule: "#e5e7eb", frame: "#9ca3af" } as const;

/** A figure of that size on white, with the font and colour of its texts, as an SVG document. */
export function figureDocument(width: number, height: number, ...children: readonly string[]): string {
  const attributes: Attributes = {
    xmlns: "http://www.w3.org/2000/svg",
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    role: "img",
    "font-family": "Helvetica, Arial, 'Liberation Sans', sans-serif",
    "font-size": 12,
    fill: colours.text,
  };
  return `${element("svg", attributes, element("rect", { width, height, fill: "#ffffff" }), ...children)}\n`;
}

/** The border of a panel. */
export function frame(box: Box): string {
  return element("rect", { x: box.left, y: box.top, width: box.width, height: box.height, fill: "none", stroke: colours.frame });
}

/** What a panel shows, above its left corner. */
export function panelName(name: string, box: Box): string {
  return label(name, box.left, box.top - 9, { "font-weight": 600 });
}

/** The name of a panel's vertical axis, turned to be read from the right. */
export function axisName(name: string, box: Box): string {
  const y = box.top + box.height / 2;
  return label(name, 26, y, { "text-anchor": "middle", transform: `rotate(-90 26 ${y})` });
}

/** A mark with its label to the left of a panel. */
export function leftTick(text: string, y: number, box: Box, kind: string): string {
  return (
    line(box.left - 4, y, box.left, y, { stroke: colours.faint }) + label(text, box.left - 8, y + 4, { "text-anchor": "end", class: kind })
  );
}

/** A mark with its label to the right of a panel. */
export function rightTick(text: string, y: number, box: Box, kind: string): string {
  const right = box.left + box.width;
  return line(right, y, right + 4, y, { stroke: colours.faint }) + label(text, right + 8, y + 4, { class: kind });
}
