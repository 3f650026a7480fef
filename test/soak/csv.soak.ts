import { rowsOfCsv } from "../../src/dataset/inputs/read-csv-manifest.ts";
import { fuzz } from "./fuzz.ts";

const seeds = {
  ",": [
    'path,start,end,id,text\na.wav,,,1,"say ""hi"",\nleave"\r\nb.wav,1.5,3,x,\rc.wav,0,1\n',
    '"path",offset,duration\nx/a.wav,2,0.5\n\nb.wav,1,',
    "\ufeffpath,text\nä.wav,x\n",
  ],
  "\t": ['path\ttext\na.wav\t"so\r\n', "path\tstart\nx/a.wav\t2\n\nb.wav\t", "\ufeffpath\ttext\nä.wav\tx\n"],
} as const;

for (const [name, delimiter] of [
  ["CSV", ","],
  ["TSV", "\t"],
] as const) {
  fuzz({
    name,
    seeds: seeds[delimiter].map((text) => Buffer.from(text, text.startsWith("\ufeff") ? "utf16le" : "utf8")),
    dictionary: ["path", "start", "offset", '"', '""', "\r\n", delimiter],
    share: 0.5,
    async parse(bytes) {
      const open = async function* (): AsyncGenerator<Uint8Array, void> {
        yield bytes.subarray(0, 20);
        yield bytes.subarray(20);
      };
      for await (const row of rowsOfCsv(open, "fuzz.csv", { input: 0, prefix: "" }, delimiter)) JSON.stringify(row);
    },
  });
}
