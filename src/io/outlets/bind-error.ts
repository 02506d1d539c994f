import { describeError, RtapError } from '../../domain/errors.ts';

/** What the operating system said when an address could not be opened, as one sentence that names it. */
export function bindError(thrown: unknown, owner: string, address: string): RtapError {
  const code = errorCodeOf(thrown);
  if (code === 'EADDRINUSE') {
    return new RtapError(
      'PORT_IN_USE',
      `${owner} cannot listen on ${address}: the port is in use by another process.`,
      { address, owner },
    );
  }
  return new RtapError(
    'PORT_DENIED',
    `${owner} cannot listen on ${address}: ${reasonOf(code, thrown)}.`,
    { address, owner, reason: code },
  );
}

/** The `code` of a system error, or an empty string. */
export function errorCodeOf(thrown: unknown): string {
  if (!(thrown instanceof Error) || !('code' in thrown)) return '';
  return typeof thrown.code === 'string' ? thrown.code : '';
}

/** `host:port`, with an IPv6 host in brackets. */
export function hostAndPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function reasonOf(code: string, thrown: unknown): string {
  switch (code) {
    case 'EACCES':
      return 'permission denied';
    case 'EADDRNOTAVAIL':
    case 'ENODEV':
      return 'this machine has no such address';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the host name cannot be resolved';
    default:
      return describeError(thrown);
  }
}
