export { renderCodesFigure } from "./codes-figure.ts";
export type { CodesFigureOptions } from "./codes-figure.ts";
