import { createHash } from "node:crypto";
import { mkdir, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { makeFolderInside, syncFolder } from "../../files/index.ts";
import { DatasetError } from "../folder/dataset-error.ts";
import { writingError } from "../folder/disk-space.ts";
import { createDurable, writeDurably } from "../folder/durable-file.ts";
import type { JsonObject } from "../folder/json-value.ts";
import { LockFile } from "../folder/lock-file.ts";
import { isLockName, planLockName } from "../folder/run-lock.ts";
import { listRows } from "../inputs/list-rows.ts";
import { unpackedName } from "../inputs/packed-input.ts";
import type { DatasetInput } from "../inputs/resolve-inputs.ts";
import { openPlan } from "./dataset-plan.ts";
import type { DatasetPlan } from "./dataset-plan.ts";
import { mismatchError, planDifferences } from "./plan-differences.ts";
import {
  checkSettings,
  formatPlanFile,
  formatPlannedInputs,
  planFiles,
  readPlanFile,
  readPlannedInputs,
  unpackedFolder,
} from "./plan-files.ts";
import type { PlanFile, PlannedInputs } from "./plan-files.ts";
import { digestRows, writePlanRows } from "./write-plan-rows.ts";

export interface PreparePlanOptions {
  /** The dataset's folder; it is made if it is not there. */
  readonly folder: string;
  readonly inputs: readonly DatasetInput[];
  /** Everything that shapes the result besides the rows, as JSON: model, codec, clips, outputs, version of the tool. */
  readonly settings: JsonObject;
  /** Rows of a part. @default 1000 */
  readonly partRows?: number | undefined;
  /** Whether rows with the same bytes and range as an earlier one are marked; all files are read for that. @default false */
  readonly dedupe?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told the number of rows listed so far, every now and then. */
  readonly onRows?: ((count: number) => void) | undefined;
}

/** How often a run looks whether the plan that another one makes is there, in milliseconds. */
const pollInterval = 500;

/**
 * The plan of a dataset: made now, or the one with which the folder was begun, if it is what these options would make.
 *
 * The rows are listed once. Later the inputs are listed again only where they seem to be others (another place, a
 * manifest of another length or time, standard input), and they do if they list the same rows. Files that are added to
 * a folder afterwards are therefore not seen. Runs that begin one folder at the same time wait for the first of them.
 * Memory holds some 40 MiB for 100 million rows, and with `dedupe` 34 to 69 bytes a row besides.
 * @throws DatasetError with code DATASET_MISMATCH, naming each difference, DATASET_INPUT for inputs without rows or a manifest
 * without usable columns, DATASET_FORMAT for a damaged plan and for a folder that holds something else, DATASET_DISK_FULL.
 */
export async function preparePlan(options: PreparePlanOptions): Promise<DatasetPlan> {
  const { folder, signal } = options;
  checkOptions(options);
  await makeFolder(folder);
  for (;;) {
    signal?.throwIfAborted();
    if ((await readPlanFile(folder)) !== undefined) return await reopenPlan(options);
    await refuseForeignFolder(folder);
    const lock = await LockFile.acquire(join(folder, planLockName)).catch((error: unknown) => {
      if (error instanceof DatasetError && error.code === "DATASET_LOCKED") return undefined;
      throw error;
    });
    if (lock === undefined) {
      await sleep(pollInterval, undefined, { signal });
      continue;
    }
    await using _ = lock;
    if ((await readPlanFile(folder)) === undefined) return await createPlan(options);
  }
}

async function createPlan({
  folder,
  inputs,
  settings,
  partRows = 1000,
  dedupe = false,
  signal,
  onRows,
}: PreparePlanOptions): Promise<DatasetPlan> {
  checkSettings(settings);
  await makeFolderInside(folder, "plan").catch((error: unknown) => {
    throw writingError(folder, error);
  });
  await syncFolder(folder);
  const roots = inputs.map(({ root }) => root);
  const described = await describeInputs(inputs);
  const remembered = formatPlannedInputs(described);
  const leftOut = new LeftOutCounts();
  const listed = listRows(inputs, {
    signal,
    onLeftOut: (what) => leftOut.add(what),
    unpack: (input, tar) => writeUnpacked(folder, input, tar),
  });
  const rows = await writePlanRows(folder, listed, { partRows, dedupe, roots, signal, onRows });
  await writeDurably(join(folder, planFiles.inputs), remembered);
  await writeDurably(join(folder, planFiles.plan), formatPlanFile({ settings, rows: { ...rows, ...leftOut.counts() } }));
  return await openPlan(folder);
}

/** Keeps what an input unpacks to. @returns Its path. */
async function writeUnpacked(folder: string, input: number, tar: AsyncIterable<Uint8Array>): Promise<string> {
  const path = join(folder, unpackedFolder, unpackedName(input));
  await makeFolderInside(folder, unpackedFolder).catch((error: unknown) => {
    throw writingError(path, error);
  });
  await using file = await createDurable(path);
  for await (const piece of tar) await file.write(piece);
  await file.publish();
  return path;
}

/** Most kinds of things that are told one by one. */
const maxKindsLeftOut = 50;

/** Counts what no row has. */
class LeftOutCounts {
  readonly #counts = new Map<string, number>();

  add(what: string): void {
    const kind = this.#counts.has(what) || this.#counts.size < maxKindsLeftOut ? what : "others";
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
  }

  counts(): Pick<PlanFile["rows"], "leftOut"> {
    return this.#counts.size === 0 ? {} : { leftOut: Object.fromEntries(this.#counts) };
  }
}

async function reopenPlan({ folder, inputs, settings, partRows = 1000, dedupe = false, signal }: PreparePlanOptions): Promise<DatasetPlan> {
  const plan = await openPlan(folder);
  const { rows } = plan;
  const differences = [
    ...planDifferences(plan.settings, JSON.parse(JSON.stringify(settings)) as JsonObject),
    ...planDifferences({ partRows: rows.partRows, dedupe: rows.dedupe }, { partRows, dedupe }),
  ];
  if (differences.length > 0) throw mismatchError(folder, differences);
  const described = await describeInputs(inputs);
  const isAsBefore =
    !inputs.some(({ kind }) => kind === "list") && JSON.stringify(described) === JSON.stringify(await readPlannedInputs(folder));
  if (isAsBefore) return plan;
  const digest = await digestRows(listRows(inputs, { signal }));
  if (digest !== rows.sha256) {
    throw mismatchError(folder, [
      {
        option: "inputs",
        found: `${rows.count} rows with digest ${rows.sha256.slice(0, 12)}`,
        expected: `other rows, with digest ${digest.slice(0, 12)}`,
      },
    ]);
  }
  return plan.at(inputs.map(({ root }) => root));
}

/** What tells inputs apart without listing them. */
async function describeInputs(inputs: readonly DatasetInput[]): Promise<PlannedInputs> {
  const described: PlannedInputs[number][] = [];
  for (const input of inputs) {
    const { kind, root, ...details } = knownOf(input);
    const stats = "path" in input ? await stat(input.path) : undefined;
    described.push({ kind, root, details: { ...details, ...(stats === undefined ? {} : { bytes: stats.size, modified: stats.mtimeMs }) } });
  }
  return described;
}

/** What of an input is remembered: of what may be any amount, a digest or nothing; not what was to be told. */
function knownOf(input: DatasetInput): JsonObject & Pick<DatasetInput, "kind" | "root"> {
  if (input.kind === "list") return { ...input, lines: null };
  if (input.kind === "files") return { ...input, paths: digestOf(input.paths) };
  if (!("note" in input)) return { ...input };
  const { note: _, ...known } = input;
  return known;
}

/** There may be any number of them. */
function digestOf(paths: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(paths)).digest("hex");
}

/** A folder with somebody's files in it is not the place for a dataset. */
async function refuseForeignFolder(folder: string): Promise<void> {
  const names = await readdir(folder);
  const foreign = names.find((name) => name !== "plan" && !isLockName(name) && !name.startsWith("."));
  // Between the two looks another run may have made the plan.
  if (foreign === undefined || (await readPlanFile(folder)) !== undefined) return;
  throw new DatasetError(
    "DATASET_FORMAT",
    `${folder} is no dataset and not empty (it has ${foreign}); choose a new folder or an empty one`,
  );
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw writingError(folder, error);
  }
}

function checkOptions({ partRows = 1000, inputs }: PreparePlanOptions): void {
  if (!Number.isInteger(partRows) || partRows < 1 || partRows > 10 ** 6)
    throw new RangeError(`partRows must be a whole number from 1 to 1000000; received ${partRows}`);
  if (inputs.length === 0) throw new RangeError("there are no inputs; see resolveInputs");
}
