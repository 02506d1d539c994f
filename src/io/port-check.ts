import { createServer } from 'node:net';
import { bindError } from './outlets/bind-error.ts';

/**
 * Binds an address and lets it go again. Rejects with `PORT_IN_USE` or `PORT_DENIED`, naming the configuration key
 * and the address. Somebody may still take the port afterwards; whoever opens it for good must say so too.
 */
export async function checkPort(key: string, host: string, port: number): Promise<void> {
  if (port === 0) return;
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', (thrown) => {
      reject(bindError(thrown, key, `${host}:${String(port)}`));
    });
    server.listen({ host, port, exclusive: true }, () => {
      server.close(() => {
        resolve();
      });
    });
  });
}
