/** More of an address helps nobody. */
const maxLength = 200;

/**
 * An address as it may be shown: its scheme, host, port and path, without user, password, query and fragment. Of text that is not plainly an
 * address nothing is shown, since a password may be anywhere in it.
 */
export function shownAddress(address: string): string {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  // A password with `/` or `#` in it ends what is read as the host, and the rest of it looks like a path.
  if (url === undefined || url.host === "" || /@|%40/iu.test(url.pathname + url.search + url.hash)) return "(an address that is not shown)";
  const path = url.pathname === "/" ? "" : url.pathname;
  return `${url.protocol}//${url.host}${path}`.slice(0, maxLength);
}

/** Whether a text is an address, such as `s3://…` or `file:///…`, rather than a path. A drive, `C:\` or `c://`, is none; a path that looks like one begins with `./`. */
export function isAddress(text: string): boolean {
  return /^(?:file:\/|[a-z][a-z\d+.-]+:\/\/)/iu.test(text);
}
