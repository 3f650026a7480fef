export { renderCodesFigure } from "./codes-figure.ts";
export type { CodesFigureOptions } from "./codes-figure.ts";
export { renderPatternFigure } from "./pattern-figure.ts";
export type { PatternFigureOptions } from "./pattern-figure.ts";
