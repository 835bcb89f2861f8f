/**
 * What the engine asks of the system's key store (Electron's safeStorage on the desktop): to wrap secrets, so that the
 * data folder alone gives no keys away. A host without one leaves it out, and the keys lie in a file that only this
 * account can read.
 */
import type { Problem } from '@shared/result.js'

export interface KeyStore {
  /** Why it cannot protect anything here. Asking may open a prompt of the system, so it is asked when needed only. */
  problem(): Problem | undefined
  wrap(secret: Buffer): Buffer
  /** `undefined` when the store does not open what it wrapped: another account, another machine, a reset store. */
  unwrap(wrapped: Buffer): Buffer | undefined
}
