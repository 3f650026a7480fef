import { pickle, torchFileOf, zipOf } from "../checkpoint/torch-writer.ts";
import { fuzz } from "./fuzz.ts";
import { readTorchFile, tensors } from "./read-torch-file.ts";

fuzz({
  name: "torch zip",
  seeds: [torchFileOf(tensors), zipOf([{ name: "a/data.pkl", data: pickle.file(pickle.dict([])) }], "PK\u0005\u0006")],
  dictionary: ["PK\u0001\u0002", "PK\u0003\u0004", "PK\u0005\u0006", "PK\u0006\u0006", "PK\u0006\u0007", "data/0", "byteorder", "big"],
  parse: readTorchFile,
});
