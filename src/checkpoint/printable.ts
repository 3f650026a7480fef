const maxLength = 100;

/** Text from a file, fit for a message: cut where it is long, and without characters that steer a terminal. */
export function printable(text: string): string {
  const short = text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
  return short.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "?");
}
