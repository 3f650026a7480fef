import { parseTokenDatasetInfo } from "../../src/files/token-dataset-files.ts";
import { parseCodes } from "../../src/storage/index.ts";
import { fuzz } from "./fuzz.ts";

const fields = '"sample_rate":8,"channels":1,"hop_length":4,"codebook_size":9,"bandwidth":1,"model":"\\u0041é"';
const text = (json: string): Uint8Array => new TextEncoder().encode(json);

fuzz({
  name: "JSON codes",
  seeds: [
    text(`{${fields},"num_samples":7,"scales":null,"codes":[[[1,2],\n[3, 4]]]}`),
    text(`{${fields},"num_samples":14,"segment_length":8,"segment_stride":7,"scales":[1.5,2e-1],"codes":[[[1,2]],[[3,4]]]}`),
  ],
  dictionary: ['"codes":', '"scales":', "[[", "]]", "[]", "{}", "null", '"kind":', '"numCodebooks":', "1e5", "-0", "\ufeff"],
  parse: (bytes) => parseCodes(bytes, { format: "json" }),
});

fuzz({
  name: "JSON of token datasets",
  seeds: [
    text(
      '{"format":"encodec-tokenizer/tokens","version":1,"stream_format":"flat","dtype":"uint16","byte_order":"little","vocabulary_size":9,"eos_token":8,"num_documents":1,"num_tokens":3,"longest_document":2,"metadata":{"a":[1]}}',
    ),
  ],
  dictionary: ['"megatron"', '"int32"', '"uint32"', "65536"],
  parse: (bytes) => parseTokenDatasetInfo(bytes, "fuzz"),
});
