import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * Writes a program that stands in for ffmpeg: it says its version, and otherwise leaves its arguments in `calls.txt`, one line a call, and runs `script`.
 * @param script Plain JavaScript with `input()`, the bytes of the file that ffmpeg would read, and `au(rate, channels, samples)`, which are written as an AU file of floats.
 * @returns The program's path.
 */
export async function fakeFfmpeg(folder: string, script: string): Promise<string> {
  const path = join(folder, "fake ffmpeg.cjs");
  await writeFile(
    path,
    `#!${process.execPath}
const { appendFileSync, readFileSync, writeSync } = require("node:fs");
const parameters = process.argv.slice(2);
if (parameters.includes("-version")) {
  console.log("ffmpeg version 9.9-fake Copyright (c) nobody");
  process.exit();
}
appendFileSync(__dirname + "/calls.txt", JSON.stringify(parameters) + "\\n");
const input = () => readFileSync(parameters[parameters.indexOf("-i") + 1].slice("file:".length));
const write = (bytes) => {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(1, bytes, at);
    } catch (error) {
      if (error.code === "EPIPE") process.exit(1);
      if (error.code !== "EAGAIN") throw error;
    }
  }
};
const au = (rate, channels, samples) => {
  const bytes = Buffer.alloc(32 + 4 * samples.length);
  bytes.write(".snd");
  [32, 0xffffffff, 6, rate, channels].forEach((value, i) => bytes.writeUInt32BE(value, 4 + 4 * i));
  samples.forEach((sample, i) => bytes.writeFloatBE(sample, 32 + 4 * i));
  write(bytes);
};
${script}
`,
  );
  await chmod(path, 0o755);
  return path;
}
