import { CodecError } from "../../src/core/index.ts";
import { parsePartJob, partResultOf } from "../../src/queue/part-job.ts";
import { fuzz } from "./fuzz.ts";

const dataset = "0123456789ab";
const numParts = 1000;

fuzz({
  name: "job data",
  seeds: [
    { dataset, part: 12, rows: 1000 },
    { dataset, part: 0, rows: 1 },
  ].map((job) => Buffer.from(JSON.stringify(job))),
  dictionary: ['"dataset"', '"part"', '"rows"', '"__proto__"', "null", "1e3", "-0", "0.5", '"../../x"', "[", "{", "}", "]", ",", ":", '"'],
  parse(bytes) {
    const data = jsonOf(bytes);
    partResultOf(data);
    const job = parsePartJob(data, { dataset, numParts });
    if (!Number.isSafeInteger(job.part) || job.part < 0 || job.part >= numParts || job.dataset !== dataset)
      throw new Error(`a part that is none: ${JSON.stringify(job)}`);
    if (
      Object.keys(data as object)
        .toSorted()
        .join() !== "dataset,part,rows"
    )
      throw new Error("something else in a job");
  },
});

/** What BullMQ hands over; it is the one to refuse what is no JSON. */
function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new CodecError("JSON", "no JSON", { cause });
  }
}
