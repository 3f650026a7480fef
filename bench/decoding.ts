import { cpus } from "node:os";
import { pathToFileURL } from "node:url";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { decodeAudio } from "../src/audio/index.ts";
import { longFile, longFiles } from "../test/audio/long-files.ts";

/*
 * How many seconds of audio are decoded in a second of processor time, by format. With --against, another checkout of this project decodes
 * the same files in turns with this one.
 * Usage: npx tsx bench/decoding.ts [--seconds 120] [--rounds 7] [--against ../earlier]
 */

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "120" },
    rounds: { type: "string", default: "7" },
    against: { type: "string" },
  },
});

type Decode = typeof decodeAudio;
const decoders: Decode[] = [decodeAudio];
if (values.against !== undefined) {
  const other = (await import(pathToFileURL(resolve(values.against, "src/audio/index.ts")).href)) as { readonly decodeAudio: Decode };
  decoders.push(other.decodeAudio);
}

console.log(`${cpus()[0]?.model.trim()}, Node ${process.versions.node}`);
console.log(`| format | × real time${decoders.length > 1 ? " | this : other" : ""} |\n| --- | ---${decoders.length > 1 ? " | ---" : ""} |`);
for (const format of Object.keys(longFiles)) {
  const bytes = await longFile(format, Number(values.seconds));
  const speeds: number[][] = decoders.map(() => []);
  for (let round = -1; round < Number(values.rounds); round++) {
    for (const [i, decode] of decoders.entries()) {
      const before = process.cpuUsage();
      const { channelData, sampleRate } = await decode(bytes);
      const { user, system } = process.cpuUsage(before);
      if (round >= 0) speeds[i]!.push(channelData[0]!.length / sampleRate / ((user + system) / 1e6)); // the first round loads
    }
  }
  const [ours, theirs] = speeds.map(median);
  console.log(`| ${format} | ${ours!.toFixed(0)}${theirs === undefined ? "" : ` | ${(ours! / theirs).toFixed(2)}`} |`);
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
}
