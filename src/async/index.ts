export { Budget } from "./budget.ts";
export type { Lease } from "./budget.ts";
export { eventsOf } from "./event-queue.ts";
export type { Emit } from "./event-queue.ts";
export { inOrder } from "./in-order.ts";
export { inParallel } from "./in-parallel.ts";
export { onAbort, orAborted } from "./on-abort.ts";
export { whileAlive } from "./while-alive.ts";
