import { Writable } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import { startProgress } from "../../src/cli/shared/progress.ts";
import type { Terminal } from "../../src/cli/shared/terminal.ts";

/** What a terminal is shown of a clip, on a clock that the test turns. */
function watched(name: string = "a.mp3", columns?: number) {
  const clock = { now: 0 };
  let shown = "";
  const stderr = Object.assign(new Writable({ write: (part: Buffer, _, done) => ((shown += part.toString()), done()) }), {
    isTTY: true,
    ...(columns && { columns }),
  });
  const terminal: Terminal = { stdin: (async function* () {})(), stdout: stderr, stderr, signal: new AbortController().signal };
  const bar = startProgress(terminal, name, false, () => clock.now);
  const report = (now: number, stage: "load" | "encode" | "decode", done: number, total: number | undefined): string => {
    clock.now = now;
    shown = "";
    bar.show({ stage, done, total });
    return shown;
  };
  return { report, [Symbol.dispose]: () => bar[Symbol.dispose]() };
}

test("the time left is known with the first report: the clock runs since the start of the work", () => {
  using clip = watched();
  expect(clip.report(10, "encode", 20, 80)).toMatch(/a\.mp3 {2}encode .* 25 % {2}30 s left/u);
});

test("loading does not count as encoding, nor encoding as decoding", () => {
  using clip = watched();
  expect(clip.report(100, "load", 5, 5)).toBe("");
  expect(clip.report(104, "encode", 20, 80)).toContain("12 s left");
  clip.report(116, "encode", 80, 80);
  expect(clip.report(126, "decode", 40, 80)).toMatch(/decode .* 50 % {2}10 s left/u);
});

test.each([
  [80, "a".repeat(5)],
  [80, `${"long-".repeat(12)}name.mp3`],
  [60, "lecture on\nthe 1st.mp3"],
  [45, `${"long-".repeat(12)}name.mp3`],
])("the time left has its place in %i columns beside %j", (columns, name) => {
  using clip = watched(name, columns);
  const line = stripVTControlCharacters(clip.report(3541, "encode", 1, 2)).replaceAll("\r", "");
  expect(line).toContain(" 50 %  59 min 1 s left");
  expect(line).toMatch(/(?:aaaaa|name\.mp3|lecture on the 1st\.mp3) {2}encode [█░ ]* 50 %/u);
  expect(line.length).toBeLessThanOrEqual(columns);
});

test("where the length is not known, it tells what is done and how long that took", () => {
  using clip = watched();
  const text = clip.report(12, "encode", 65, undefined);
  expect(text).toContain("a.mp3  encode  1 min 5 s of audio in 12 s");
  expect(text).not.toMatch(/%|left/u);
});
