import { printable } from "../../core/index.ts";
import type { Turns } from "../../core/index.ts";
import { applyGlobal, isPickledDict, malformed, resolveGlobal, resolvePersistentId, unsafe } from "./pickle-globals.ts";
import { PickleReader } from "./pickle-reader.ts";
import type { PickleValue } from "./pickle-values.ts";

/** Most operations of one pickle; a model of 1000 tensors takes about 25,000. Each keeps at most one new value alive. */
const maxOperations = 2_000_000;

/** Most lists, tuples and dicts, which take two hundred bytes each; a model of 1000 tensors has about 5000. */
const maxContainers = 400_000;

/** Operations of some milliseconds. */
const operationsPerTurn = 20_000;

/** Deepest the stack may grow; torch flushes dicts every 1000 entries. */
const maxStack = 100_000;

/** Start of the items that a later operation collects into a list, tuple or dict. */
const mark = Symbol("mark");

type StackItem = PickleValue | typeof mark;

/**
 * Reads the pickle of a torch file as data. This is not an unpickler: names resolve through a short list to records of
 * ours, calls build tensor records and empty dicts, and everything else is refused. No code is looked up or run.
 *
 * Operations are those that Python's protocols 2 to 5 write for dicts, lists, tuples, text, numbers and tensors.
 * @param bytes The pickle.
 * @param what Name for messages, such as `model.bin: data.pkl`.
 * @throws CheckpointError with code CHECKPOINT_UNSAFE if the pickle asks for a name or a call beyond those of tensors,
 * CHECKPOINT_FORMAT if it is cut short, malformed, or exceeds the limits on operations (2,000,000), lists and dicts
 * (400,000) and stack (100,000).
 * Source: CPython `Lib/pickletools.py` for the operations.
 */
export function readPickle(bytes: Uint8Array, what: string): Turns<PickleValue> {
  return new PickleMachine(bytes, what).run();
}

class PickleMachine {
  readonly #reader: PickleReader;
  readonly #what: string;
  readonly #stack: StackItem[] = [];
  readonly #memo = new Map<number, PickleValue>();
  #numContainers = 0;

  constructor(bytes: Uint8Array, what: string) {
    this.#reader = new PickleReader(bytes, what);
    this.#what = what;
  }

  *run(): Turns<PickleValue> {
    for (let operations = 0; operations < maxOperations; operations++) {
      if (operations % operationsPerTurn === operationsPerTurn - 1) yield;
      const code = this.#reader.uint8();
      if (code === 0x2e /* STOP */) return this.#pop();
      this.#step(code);
      if (this.#stack.length > maxStack) throw malformed(this.#what, `stacks more than ${maxStack} values`);
    }
    throw malformed(this.#what, `has more than ${maxOperations} operations`);
  }

  #step(code: number): void {
    switch (code) {
      case 0x80 /* PROTO */:
        return this.#protocol(this.#reader.uint8());
      case 0x95 /* FRAME: a hint about buffering */:
        return this.#reader.skip(8);

      case 0x4e /* NONE */:
        return this.#push(null);
      case 0x88 /* NEWTRUE */:
        return this.#push(true);
      case 0x89 /* NEWFALSE */:
        return this.#push(false);
      case 0x4b /* BININT1 */:
        return this.#push(this.#reader.uint8());
      case 0x4d /* BININT2 */:
        return this.#push(this.#reader.uint16());
      case 0x4a /* BININT */:
        return this.#push(this.#reader.int32());
      case 0x8a /* LONG1 */:
        return this.#push(this.#reader.long(this.#reader.uint8()));
      case 0x47 /* BINFLOAT */:
        return this.#push(this.#reader.float64());
      case 0x8c /* SHORT_BINUNICODE */:
        return this.#push(this.#reader.text(this.#reader.uint8()));
      case 0x58 /* BINUNICODE */:
        return this.#push(this.#reader.text(this.#reader.uint32()));

      case 0x28 /* MARK */:
        return void this.#stack.push(mark);
      case 0x29 /* EMPTY_TUPLE */:
        return this.#pushContainer([]);
      case 0x85 /* TUPLE1 */:
        return this.#pushContainer(this.#popItems(1));
      case 0x86 /* TUPLE2 */:
        return this.#pushContainer(this.#popItems(2));
      case 0x87 /* TUPLE3 */:
        return this.#pushContainer(this.#popItems(3));
      case 0x74 /* TUPLE */:
        return this.#pushContainer(this.#popToMark());
      case 0x5d /* EMPTY_LIST */:
        return this.#pushContainer([]);
      case 0x61 /* APPEND */:
        return this.#append(this.#popItems(1));
      case 0x65 /* APPENDS */:
        return this.#append(this.#popToMark());
      case 0x7d /* EMPTY_DICT */:
        return this.#pushContainer(new Map());
      case 0x73 /* SETITEM */:
        return this.#setItems(this.#popItems(2));
      case 0x75 /* SETITEMS */:
        return this.#setItems(this.#popToMark());

      case 0x71 /* BINPUT */:
        return this.#memoize(this.#reader.uint8());
      case 0x72 /* LONG_BINPUT */:
        return this.#memoize(this.#reader.uint32());
      case 0x94 /* MEMOIZE */:
        return this.#memoize(this.#memo.size);
      case 0x68 /* BINGET */:
        return this.#recall(this.#reader.uint8());
      case 0x6a /* LONG_BINGET */:
        return this.#recall(this.#reader.uint32());

      case 0x63 /* GLOBAL */:
        return this.#push(resolveGlobal(this.#reader.line(), this.#reader.line(), this.#what));
      case 0x93 /* STACK_GLOBAL */:
        return this.#stackGlobal();
      case 0x52 /* REDUCE */:
        return this.#reduce();
      case 0x62 /* BUILD */:
        return this.#build();
      case 0x51 /* BINPERSID */:
        return this.#push(resolvePersistentId(this.#pop(), this.#what));
      default:
        return this.#refuse(code);
    }
  }

  #protocol(version: number): void {
    if (version < 2 || version > 5) {
      throw malformed(this.#what, `is of pickle protocol ${version}; protocols 2 to 5 are read`);
    }
  }

  #stackGlobal(): void {
    const [module, name] = this.#popItems(2);
    if (typeof module !== "string" || typeof name !== "string") {
      throw malformed(this.#what, "refers to a name that is not text");
    }
    this.#push(resolveGlobal(module, name, this.#what));
  }

  #reduce(): void {
    const [callee, args] = this.#popItems(2);
    this.#pushContainer(applyGlobal(callee!, args!, this.#what));
  }

  /** Sets an object's attributes. State dicts carry `_metadata` (module versions), which says nothing about the tensors. */
  #build(): void {
    const [object, state] = this.#popItems(2);
    if (!isPickledDict(object) || !isPickledDict(state)) {
      throw unsafe(this.#what, "sets the state of an object that is not a dict");
    }
    this.#push(object);
  }

  /** Operations that make or call objects of any class are refused as unsafe, the rest as foreign. */
  #refuse(code: number): never {
    const calling = callingOperations.get(code);
    if (calling !== undefined) {
      throw unsafe(this.#what, `uses the operation ${calling}, which makes or looks up objects of any class`);
    }
    throw malformed(
      this.#what,
      `has the operation 0x${code.toString(16).padStart(2, "0")} at byte ${this.#reader.offset - 1}, which torch does not write`,
    );
  }

  #append(items: readonly PickleValue[]): void {
    const list = this.#top();
    if (!Array.isArray(list)) throw malformed(this.#what, "appends to something that is not a list");
    for (const item of items) list.push(item);
  }

  #setItems(items: readonly PickleValue[]): void {
    const dict = this.#top();
    if (!isPickledDict(dict) || items.length % 2 !== 0) {
      throw malformed(this.#what, "sets items of something that is not a dict");
    }
    const entries = dict as Map<PickleValue, PickleValue>;
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i]!;
      if (typeof key === "object" && key !== null) {
        throw malformed(this.#what, "has a dict key that is neither text nor a number");
      }
      if (entries.has(key)) throw malformed(this.#what, `has the dict key ${printable(String(key))} twice`);
      entries.set(key, items[i + 1]!);
    }
  }

  #memoize(index: number): void {
    this.#memo.set(index, this.#top());
  }

  #recall(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) throw malformed(this.#what, `refers to value ${index} before it is defined`);
    this.#push(value);
  }

  #push(value: PickleValue): void {
    this.#stack.push(value);
  }

  #pushContainer(value: PickleValue): void {
    if (++this.#numContainers > maxContainers) throw malformed(this.#what, `has more than ${maxContainers} lists and dicts`);
    this.#push(value);
  }

  #top(): PickleValue {
    const item = this.#stack.at(-1);
    if (item === undefined || item === mark) throw malformed(this.#what, "takes a value that is not there");
    return item;
  }

  #pop(): PickleValue {
    const item = this.#top();
    this.#stack.pop();
    return item;
  }

  /** The topmost `count` values, the lowest first. */
  #popItems(count: number): PickleValue[] {
    const items: PickleValue[] = [];
    for (let i = 0; i < count; i++) items.unshift(this.#pop());
    return items;
  }

  #popToMark(): PickleValue[] {
    const begin = this.#stack.lastIndexOf(mark);
    if (begin < 0) throw malformed(this.#what, "collects values without a beginning");
    return this.#stack.splice(begin).slice(1) as PickleValue[];
  }
}

/** Operations that instantiate classes or reach for extension registries. */
const callingOperations: ReadonlyMap<number, string> = new Map([
  [0x69, "INST"],
  [0x6f, "OBJ"],
  [0x81, "NEWOBJ"],
  [0x92, "NEWOBJ_EX"],
  [0x82, "EXT1"],
  [0x83, "EXT2"],
  [0x84, "EXT4"],
  [0x50, "PERSID"],
]);
