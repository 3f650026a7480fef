/** The parts that one of several machines works on: part p belongs to the one whose `index` is p % `count`. */
export interface Share {
  /** Which of the shares it is, from 0. */
  readonly index: number;
  readonly count: number;
}

/** All parts. */
export const wholeShare: Share = { index: 0, count: 1 };

/**
 * Reads a share. Machines count from 0, as Slurm and Kubernetes do: `0/4`, `1/4`, `2/4` and `3/4` are four machines' work.
 *
 * `auto` takes both numbers from a Slurm array job. `auto/8` takes only the index from the job, Slurm's
 * SLURM_ARRAY_TASK_ID (`--array=0-7`) or Kubernetes' JOB_COMPLETION_INDEX (`completions: 8`); it stays right when single
 * tasks of an array are run again, and Kubernetes does not tell how many there are.
 * @param env The environment's variables.
 * @throws RangeError for all other texts, an index that is not below its count, and a job that does not say.
 */
export function parseShare(text: string, env: Readonly<Record<string, string | undefined>>): Share {
  if (text === "auto") return shareOfJob(env);
  const { index, count } = /^(?<index>\d{1,7}|auto)\/(?<count>\d{1,7})$/u.exec(text)?.groups ?? {};
  if (index === undefined)
    throw new RangeError(
      `a share is i/n, such as 0/4 for the first of four, or auto or auto/n within an array job; received ${JSON.stringify(text)}`,
    );
  if (index !== "auto") return checkShare(Number(index), Number(count), text);
  const job = indexOfJob(env);
  return checkShare(job.index, Number(count), `${job.variable}=${job.index} of ${count}`);
}

/** Tells whether a part belongs to a share. */
export function isInShare({ index, count }: Share, part: number): boolean {
  return part % count === index;
}

/** The parts of a share, in order. */
export function* partsOfShare({ index, count }: Share, numParts: number): Generator<number> {
  for (let part = index; part < numParts; part += count) yield part;
}

/** Tells whether two shares have any part in common: whether i + n·x = j + m·y has a solution. */
export function sharesOverlap(a: Share, b: Share): boolean {
  return (a.index - b.index) % greatestCommonDivisor(a.count, b.count) === 0;
}

/** Checks a share. @throws RangeError. */
export function checkShare(index: number, count: number, shown: string = `${index}/${count}`): Share {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(count) || count < 1 || index < 0 || index >= count) {
    const range = count > 1 ? `0/${count} to ${count - 1}/${count}` : "0/1 and nothing else";
    throw new RangeError(`share ${shown} does not exist; shares count from 0, so there are ${range}`);
  }
  return { index, count };
}

/** Slurm's array may start anywhere and have steps, but no gaps: 5-20:5 is four tasks. */
function shareOfJob(env: Readonly<Record<string, string | undefined>>): Share {
  const [id, count, min, step] = ["ID", "COUNT", "MIN", "STEP"].map((name) => wholeNumber(env, `SLURM_ARRAY_TASK_${name}`));
  if (id === undefined || count === undefined) {
    const hint =
      env["JOB_COMPLETION_INDEX"] === undefined
        ? "start it with sbatch --array, or give i/n"
        : "a Kubernetes job does not tell its completions; give auto/n";
    throw new RangeError(`share auto needs SLURM_ARRAY_TASK_ID and SLURM_ARRAY_TASK_COUNT; ${hint}`);
  }
  const index = (id - (min ?? 0)) / (step || 1);
  if (!Number.isInteger(index) || index < 0 || index >= count) {
    throw new RangeError(
      `task ${id} is none of ${count} that follow one another from ${min ?? 0}${step ? ` by ${step}` : ""}; give auto/n with --array=0-<n-1>`,
    );
  }
  return { index, count };
}

function indexOfJob(env: Readonly<Record<string, string | undefined>>): { readonly index: number; readonly variable: string } {
  for (const variable of ["SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX"]) {
    const index = wholeNumber(env, variable);
    if (index !== undefined) return { index, variable };
  }
  throw new RangeError("share auto/n needs SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX; run it within an array job, or give i/n");
}

function wholeNumber(env: Readonly<Record<string, string | undefined>>, variable: string): number | undefined {
  const text = env[variable];
  if (text === undefined || text === "") return undefined;
  if (!/^\d{1,15}$/u.test(text)) throw new RangeError(`${variable} is ${JSON.stringify(text)}; expected a whole number`);
  return Number(text);
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
