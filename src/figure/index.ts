export { renderCodesFigure } from "./codes-figure.ts";
export type { CodesFigureOptions } from "./codes-figure.ts";
export { renderPatternFigure } from "./pattern-figure.ts";
export type { PatternFigureOptions } from "./pattern-figure.ts";
export { renderDatasetFigure } from "./dataset-figure.ts";
export type { DatasetFigureOptions, FigureHistogram } from "./dataset-figure.ts";
