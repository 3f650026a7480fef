/** Whether values lie within each other more than `depth` deep. It goes no deeper itself. */
export function isDeeperThan(depth: number, value: unknown): boolean {
  return (
    typeof value === "object" && value !== null && (depth === 0 || Object.values(value).some((inner) => isDeeperThan(depth - 1, inner)))
  );
}
