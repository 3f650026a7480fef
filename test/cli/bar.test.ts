import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { progressTexts } from "../../src/cli/commands/tokenize/tokenize-progress.ts";
import { Bar } from "../../src/cli/shared/bar.ts";
import type { Terminal } from "../../src/cli/shared/terminal.ts";

/** A bar on a terminal of that width, and what it writes there. */
function barOfWidth(columns: number) {
  let written = "";
  const stderr = Object.assign(new Writable({ write: (part: Buffer, _, done) => ((written += part.toString()), done()) }), {
    isTTY: true,
    columns,
  });
  const terminal: Terminal = { stdin: (async function* () {})(), stdout: stderr, stderr, signal: new AbortController().signal };
  const bar = new Bar(terminal);
  return { bar, written: () => written, [Symbol.dispose]: () => bar.stop() };
}

/** Lines as people see them. */
function linesOf(written: string): readonly string[] {
  // oxlint-disable-next-line no-control-regex
  return written.split(/\u001B(?:\[[\d;?]*[A-Za-z]|[78])|\n/u).filter((line) => line !== "");
}

const counts = { rows: 1_234_567, clips: 1_234_567, errors: 1234, seconds: 12_345_678, warnings: 0, damaged: 0 };
const texts = progressTexts({ before: counts, run: { rows: 1000, errors: 1, seconds: 6000 }, total: 6_000_000, elapsed: 150 });

test("what is most wanted fits every width", () => {
  const shown = [160, 120, 80, 50, 20].map((columns) => {
    using display = barOfWidth(columns);
    display.bar.show(1_235_567, 6_000_000, { texts });
    return linesOf(display.written())[0]!;
  });
  expect(shown).toEqual([
    "█████░░░░░░░░░░░░░░░░░░░ 20 %  1,235,567 of 6,000,000 files, 3,431.0 h, 40 × real time, 1235 errors, 198 h 31 min left",
    "█████░░░░░░░░░░░░░░░░░░░ 20 %  1,235,567 of 6,000,000 files, 3,431.0 h, 40 × real time, 1235 errors, 198 h 31 min left",
    "██░░░░░░░░░░ 20 %  1,235,567 of 6,000,000 files, 1235 errors, 198 h 31 min left",
    "20 %  1,235,567 of 6,000,000, 198 h 31 min left",
    "20 %  1,235,567 of ",
  ]);
});

test("a bar gives way to words, and so does the start of a name", () => {
  for (let columns = 12; columns < 120; columns++) {
    using display = barOfWidth(columns);
    display.bar.show(1, 3, { name: "speech.wav", texts: ["1 of 3 files, 12 s left", "1 of 3"] });
    const [line] = linesOf(display.written());
    expect(line!.length).toBeLessThan(columns);
    if (columns > "speech.wav  33 %  1 of 3".length) expect(line).toMatch(/^speech\.wav .* ?33 % {2}1 of 3/u);
    else if (columns > "….wav  33 %  1 of 3".length) expect(line).toMatch(/^….*\.wav {2}33 % {2}1 of 3$/u);
  }
});

test("notes stay above the bar, which comes back to where they end", () => {
  using display = barOfWidth(80);
  display.bar.show(0, 3, { texts: ["none"] });
  display.bar.note("first");
  display.bar.note("second");
  display.bar.show(3, 3, { texts: ["all"] });
  display.bar.stop();
  display.bar.note("last");
  expect(linesOf(display.written())).toEqual(expect.arrayContaining(["first", "second", "last"]));
  expect(display.written()).toMatch(/last\n$/u);
  // The cursor is put back only to where no line has come in between.
  // oxlint-disable-next-line no-control-regex
  for (const [stretch] of display.written().matchAll(/\u001B7[^]*?\u001B8/gu)) expect(stretch).not.toContain("\n");
});

test("the terminal wraps lines all the time, so that it still does when the process is gone at once", () => {
  using display = barOfWidth(80);
  display.bar.show(1, 3, { texts: ["x".repeat(200)] });
  expect(display.written()).not.toContain("\u001B[?7l");
});
