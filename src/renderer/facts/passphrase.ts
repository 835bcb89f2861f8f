/** As the engine asks it of a new passphrase; the engine looks again. */
export const passphraseLeast = 10

export function isLongEnough(passphrase: string): boolean {
  return [...passphrase.normalize('NFC')].length >= passphraseLeast
}
