export { codesFormatOf, codesFormats } from "./codes-format.ts";
export type { CodesFormat } from "./codes-format.ts";
export { formatCodes, parseCodes } from "./store-codes.ts";
export type { ParseCodesOptions } from "./store-codes.ts";
