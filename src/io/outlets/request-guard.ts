import { isIP } from 'node:net';

/**
 * Whether a Host header may be answered: an IP literal, a loopback name or a name that was
 * configured. Any other name may be a foreign one that was made to resolve to this machine.
 */
export function isHostAllowed(
  header: string | undefined,
  allowedHosts: readonly string[],
): boolean {
  if (header === undefined) return false;
  const host = hostnameOf(`http://${header}`);
  if (host === null) return false;
  return isIP(host) !== 0 || isLoopback(host) || includesName(allowedHosts, host);
}

/**
 * Whether a browser's page may connect: a page from loopback, one that was served under the same
 * host as this request, or a configured origin. No Origin header means no browser.
 */
export function isOriginAllowed(
  origin: string | undefined,
  hostHeader: string | undefined,
  allowedOrigins: readonly string[],
): boolean {
  if (origin === undefined) return true;
  if (allowedOrigins.some((allowed) => allowed.toLowerCase() === origin.toLowerCase())) return true;
  let page: URL;
  try {
    page = new URL(origin);
  } catch {
    return false;
  }
  if (page.protocol !== 'http:' && page.protocol !== 'https:') return false;
  if (isLoopback(page.hostname.replace(/^\[|\]$/g, ''))) return true;
  return hostHeader !== undefined && page.host === hostHeader.toLowerCase();
}

function hostnameOf(url: string): string | null {
  try {
    return new URL(url).hostname.replace(/^\[|\]$/g, '');
  } catch {
    return null;
  }
}

function isLoopback(host: string): boolean {
  if (host === 'localhost' || host.endsWith('.localhost')) return true;
  return isIP(host) === 4 ? host.startsWith('127.') : host === '::1';
}

function includesName(names: readonly string[], host: string): boolean {
  return names.some((name) => name.toLowerCase() === host.toLowerCase());
}
