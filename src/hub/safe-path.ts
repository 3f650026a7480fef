import { HubError, relativePathProblem } from "../core/index.ts";

/**
 * The parts of a path that comes from outside (the name of a file in a repository, or of a branch), once they are known to lead downwards on
 * every system.
 * @throws HubError with code HUB_UNSAFE_NAME for all others (see `relativePathProblem`).
 */
export function safePathParts(path: string): readonly string[] {
  const problem = relativePathProblem(path);
  if (problem === undefined) return path.split("/");
  throw new HubError("HUB_UNSAFE_NAME", `${JSON.stringify(path.slice(0, 200))} is not used as a path in the cache: ${problem}`);
}
