import { DatasetError } from "../../src/dataset/folder/dataset-error.ts";
import { rowsOfJsonl } from "../../src/dataset/inputs/read-jsonl-manifest.ts";
import { fuzz } from "./fuzz.ts";

const texts = [
  '{"path":"a.wav"}\n{"path":"x/b.wav","start":1.5,"end":3,"id":"speaker.1/utt","text":"h\\u00e9","n":7,"ok":true,"tags":["x",{"y":null}]}\r\n\n',
  '\ufeff{"path":"/abs/c.wav","offset":2,"duration":0.5,"id":9}\n{"path":"d.wav","duration":4.2,"x":0.1234567890123456}',
];

fuzz({
  name: "JSONL",
  seeds: texts.map((text) => Buffer.from(text)),
  dictionary: [
    '"path":',
    '"id":',
    '"start":',
    '"offset":',
    '"duration":',
    "{",
    "}",
    "[[",
    "\\u",
    "\n",
    "1e400",
    "12345678901234567890",
    '"__proto__":',
  ],
  async parse(bytes) {
    const chunks = (async function* () {
      yield bytes.subarray(0, 30);
      yield bytes.subarray(30);
    })();
    let numBad = 0;
    for await (const row of rowsOfJsonl(chunks, { input: 0, path: "fuzz.jsonl", prefix: "" })) {
      JSON.stringify(row);
      if (row.problem !== undefined) numBad++;
    }
    // A bad line is a row: that is how a manifest refuses it.
    if (numBad > 0) throw new DatasetError("DATASET_INPUT", `${numBad} bad lines`);
  },
});
