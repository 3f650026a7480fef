import { InvalidArgumentError } from "commander";

/** A bandwidth in kbps. */
export function parseBandwidth(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value > 0)) throw new InvalidArgumentError("It must be a number of kbps above 0.");
  return value;
}

/** A whole number from 1. */
export function parseCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("It must be a whole number, 1 or more.");
  return Number(text);
}

/** A whole number from 0. */
export function parseThreads(text: string): number {
  if (!/^\d{1,4}$/.test(text)) throw new InvalidArgumentError("It must be a whole number; 0 means one per core.");
  return Number(text);
}
