/** The system's key store behind the engine's contract: Keychain, DPAPI, or a keyring of the Linux desktop. */
import { safeStorage } from 'electron'
import { problem, type Problem } from '@shared/result.js'
import type { KeyStore } from '../engine/index.js'

/**
 * Whether there is a store at all, told by its name, without touching it: touching opens a prompt where it is locked
 * (electron issue 51981). Good only once the app is ready. Pure.
 */
export function keyStoreProblem(
  platform: NodeJS.Platform,
  backend: () => ReturnType<typeof safeStorage.getSelectedStorageBackend>
): Problem | undefined {
  if (platform !== 'linux') return undefined
  const name = backend()
  // `basic_text` wraps with a password that is the same in every program: it only looks like protection.
  return name === 'basic_text' || name === 'unknown'
    ? problem('no-key-store', `This desktop offers no keyring (${name}).`)
    : undefined
}

/**
 * The functions without `Async` are deprecated in Electron 45 but there; the engine reads its keys in one step at start.
 * safeStorage keeps texts, so bytes go as base64.
 */
export function createKeyStore(): KeyStore {
  /** It did not open when it was used; a person can try again after a new start. */
  let failed: Problem | undefined
  const found = () => failed ?? keyStoreProblem(process.platform, () => safeStorage.getSelectedStorageBackend())
  return {
    problem: found,
    wrap(secret) {
      if (found() === undefined && !safeStorage.isEncryptionAvailable())
        failed = problem('no-key-store', 'The key store of this system did not open.')
      const why = found()
      if (why !== undefined) throw new Error(`${why.message} ${why.detail ?? ''}`)
      return safeStorage.encryptString(secret.toString('base64'))
    },
    unwrap(wrapped) {
      try {
        return Buffer.from(safeStorage.decryptString(wrapped), 'base64')
      } catch {
        return undefined
      }
    }
  }
}
