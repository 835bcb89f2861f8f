/**
 * Some start scripts turn Chromium's sandbox off in silence (docs/decisions/0009-appimage.md). A packaged Muster does not
 * run so: its window shows what strangers on the network send. While developing, whoever starts it knows what they do.
 */
import { problem, type Problem } from '@shared/result.js'

export function sandboxProblem(hasSwitch: (name: string) => boolean, isPackaged: boolean): Problem | undefined {
  return isPackaged && hasSwitch('no-sandbox') ? problem('no-sandbox') : undefined
}
