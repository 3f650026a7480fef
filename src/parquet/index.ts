export { ParquetFile } from "./parquet-file.ts";
export type { ParquetColumn } from "./parquet-file.ts";
