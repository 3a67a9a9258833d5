/** Addresses of other programs on the server's machine, as the page can reach them. */

/** Node's names for all addresses of a machine. */
const ANY = new Set(["0.0.0.0", "[::]"]);
const LOOPBACK = /^(?:localhost|127\.[\d.]+|\[::1\])$/;

/**
 * `url` as a page of `pageHost` reaches it: what listens on all addresses has the page's own. `undefined` where the URL
 * is of the server's machine alone, and the page came from another one.
 */
export function neighbourUrl(url: string, pageHost: string): string | undefined {
  const found = new URL(url);
  if (LOOPBACK.test(found.hostname)) return LOOPBACK.test(pageHost) ? url : undefined;
  if (ANY.has(found.hostname)) found.hostname = pageHost;
  return found.href;
}
