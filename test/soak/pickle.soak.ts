import { pickle, pickledTensor, zipOf } from "../checkpoint/torch-writer.ts";
import { fuzz } from "./fuzz.ts";
import { readTorchFile, tensors } from "./read-torch-file.ts";

fuzz({
  name: "pickle",
  seeds: [
    pickle.file(pickle.dict([...tensors].map(([name, tensor], key) => [name, pickledTensor(tensor, String(key))]))),
    pickle.file(
      pickle.dict([
        ["best_state", pickle.bytes("}q\u0001(", pickle.text("x"), "]q\u0002h\u0002a", "u")],
        ["n", pickle.bytes(0x8a, 2, 1, 2)],
      ]),
    ),
  ],
  dictionary: [
    "ctorch._utils\n_rebuild_tensor_v2\n",
    "ctorch\nHalfStorage\n",
    "ccollections\nOrderedDict\n",
    "q\u0001",
    "h\u0001",
    "]",
    "}",
    "(",
    "t",
    "u",
    "e",
    "R",
    "Q",
    "b",
    "\u0085",
    "\u0093",
    "\u0094",
  ],
  parse: (bytes) =>
    readTorchFile(
      zipOf([
        { name: "a/data.pkl", data: bytes },
        ...[4, 8].map((size, key) => ({ name: `a/data/${key}`, data: new Uint8Array(size).fill(63) })),
      ]),
    ),
});
