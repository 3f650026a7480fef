import { expect, test } from "vitest";
import { histogramTable } from "../../src/cli/shared/histogram-table.ts";

const edges = [-20, -10, 0, 10, 20];

test("bins between the edges that are shown are added up, and empty rows at both ends left out", () => {
  expect(histogramTable("dB", edges, [0, 3, 4, 0, 1, 0], (edge) => edge % 20 === 0)).toEqual([
    "      dB   clips",
    "−20 to 0       7   ████████████████████",
    " 0 to 20       1   ███",
  ]);
});

test("values outside all edges have rows of their own, and a few among very many are still seen", () => {
  expect(histogramTable("dB", edges, [1, 0, 0, 0, 0, 2000], (edge) => edge % 20 === 0)).toEqual([
    "       dB   clips",
    "below −20       1   █",
    " −20 to 0       0",
    "  0 to 20       0",
    "  from 20   2,000   ████████████████████",
  ]);
});

test("where nothing was counted it says so", () => {
  expect(histogramTable("dB", edges, [0, 0, 0, 0, 0, 0], () => true)).toEqual(["not measured"]);
});
