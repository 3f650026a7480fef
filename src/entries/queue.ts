/**
 * The parts of a dataset on a queue of BullMQ, for workers on any machines.
 * @module encodec-tokenizer/queue
 */
export type { CodecError } from "../core/index.ts";
export type { DatasetEvent, DatasetInfo, DatasetWorkOptions, JsonObject, RowCounts } from "../dataset/index.ts";
export {
  checkRedis,
  datasetQueueStatus,
  defaultRedisUrl,
  enqueueDataset,
  QueueError,
  readQueueRecord,
  redisUrlVariable,
  workOnDataset,
} from "../queue/index.ts";
export type {
  ConnectionEvent,
  DatasetQueueStatus,
  DatasetQueueStatusOptions,
  EnqueueDatasetOptions,
  EnqueueEvent,
  EnqueueReport,
  JobRefusedEvent,
  PartFailedEvent,
  PartReturnedEvent,
  QueueCounts,
  QueueErrorCode,
  QueueRecord,
  RedisAddress,
  RefusalEvent,
  WorkEvent,
  WorkOnDatasetOptions,
  WorkReport,
} from "../queue/index.ts";
