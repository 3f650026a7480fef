import { visibleLine } from "../core/index.ts";

/** Attributes of an element; numbers are rounded to a hundredth. */
export type Attributes = Readonly<Record<string, string | number>>;

/** An SVG element as text. Children are markup already: texts go through `escapeText` first. */
export function element(name: string, attributes: Attributes, ...children: readonly string[]): string {
  const pairs = Object.entries(attributes).map(
    ([key, value]) => ` ${key}="${typeof value === "number" ? formatNumber(value) : escapeText(value)}"`,
  );
  const opening = `<${name}${pairs.join("")}`;
  return children.length === 0 ? `${opening}/>` : `${opening}>${children.join("")}</${name}>`;
}

/** A `<text>` element. */
export function label(text: string, x: number, y: number, attributes: Attributes = {}): string {
  return element("text", { x, y, ...attributes }, escapeText(text));
}

/** A straight line. */
export function line(x1: number, y1: number, x2: number, y2: number, attributes: Attributes): string {
  return element("path", { d: `M${formatNumber(x1)} ${formatNumber(y1)}L${formatNumber(x2)} ${formatNumber(y2)}`, ...attributes });
}

/** Text as XML content or attribute value. Control characters, which XML cannot hold, are left out; what else cannot be seen is written as an escape. */
function escapeText(text: string): string {
  return visibleLine(text.replaceAll(/\p{Cc}/gu, ""))
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/** A coordinate with at most two decimals. */
export function formatNumber(value: number): string {
  return String(Math.round(value * 100) / 100);
}
