import { cpus, loadavg, totalmem } from 'node:os';

/** The machine that figures come from, and how busy it was. */
export interface Host {
  readonly cpu: string;
  readonly cores: number;
  readonly memory_bytes: number;
  readonly platform: string;
  readonly node: string;
  /** Processes that ran or wanted to, on average over the last minute; 0 on Windows, which does not say. */
  readonly load: number;
}

export function thisHost(): Host {
  const cores = cpus();
  const [load = 0] = loadavg();
  return {
    cpu: cores[0]?.model.trim() ?? 'unknown',
    cores: cores.length,
    memory_bytes: totalmem(),
    platform: `${process.platform} ${process.arch}`,
    node: process.versions.node,
    load,
  };
}
