/** Structured log lines for whoever runs a node. Never keys, tokens, or mission text; peers by the first digits of their ID. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export interface Log {
  (level: LogLevel, event: string, facts?: Readonly<Record<string, string | number | boolean | undefined>>): void
}

export const silentLog: Log = () => undefined

export function shortId(id: string): string {
  return id.slice(0, 8)
}
