import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { downloadText, startDownload } from "../../src/cli/shared/download-progress.ts";
import type { Terminal } from "../../src/cli/shared/terminal.ts";
import { TransferRate } from "../../src/cli/shared/transfer-rate.ts";

/** A download whose lines are kept, on a clock that the test turns. */
function watched(quiet = false) {
  const lines: string[] = [];
  const clock = { now: 0 };
  const stderr = new Writable({ write: (part: Buffer, _, done) => (lines.push(part.toString()), done()) });
  const terminal: Terminal = { stdin: (async function* () {})(), stdout: stderr, stderr, signal: new AbortController().signal };
  const bar = startDownload(terminal, "org/codec", quiet, () => clock.now);
  const report = (time: number, done: number, total = 100e6) => {
    clock.now = time;
    bar.show({ stage: "load", done, total });
  };
  return { lines, report };
}

test("amounts come with rate and time left, as soon as these are known", () => {
  expect([
    downloadText(0, 93_119_608, null),
    downloadText(12_300_000, 93_119_608, 4_500_000),
    downloadText(1_000, 2_360_000_000, 1_000_000),
    downloadText(0, 8_040_000_000, 1_000_000),
    downloadText(93_119_608, 93_119_608, 4_500_000),
  ]).toEqual([
    "0 bytes of 93.1 MB",
    "12.3 MB of 93.1 MB, 4.50 MB/s, 18 s left",
    "1.00 kB of 2.36 GB, 1.00 MB/s, 39 min 20 s left",
    "0 bytes of 8.04 GB, 1.00 MB/s, 2 h 14 min left",
    "93.1 MB, 4.50 MB/s",
  ]);
});

test("without a terminal there is a line now and then", () => {
  const { lines, report } = watched();
  for (let second = 0; second <= 20; second++) report(second, second * 5e6);
  expect(lines).toEqual([
    "org/codec: downloading 100 MB\n",
    "org/codec: 25.0 MB of 100 MB, 5.00 MB/s, 15 s left\n",
    "org/codec: 50.0 MB of 100 MB, 5.00 MB/s, 10 s left\n",
    "org/codec: 75.0 MB of 100 MB, 5.00 MB/s, 5 s left\n",
    "org/codec: 100 MB, 5.00 MB/s\n",
  ]);
});

test("weights that are there already, and a quiet command, show nothing", () => {
  for (const { lines, report } of [watched(), watched(true)]) {
    report(0, 100e6);
    expect(lines).toEqual([]);
  }
  const quiet = watched(true);
  quiet.report(0, 1);
  expect(quiet.lines).toEqual([]);
});

test("the rate is that of the last seconds, without what an earlier attempt left", () => {
  const rate = new TransferRate();
  expect(rate.bytesPerSecond).toBeNull();
  rate.add(50e6, 0);
  expect(rate.bytesPerSecond).toBeNull();
  for (let second = 1; second <= 10; second++) rate.add(50e6 + second * 1e6, second);
  expect(rate.bytesPerSecond).toBe(1e6);
  for (let second = 11; second <= 20; second++) rate.add(60e6 + (second - 10) * 3e6, second);
  expect(rate.bytesPerSecond).toBe(3e6);
});
