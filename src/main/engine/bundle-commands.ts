/** Commands about bundles. Which path a page may name is its host's to decide (shell/confirm.ts). */
import type { CommandHandlers } from '@shared/contract.js'
import { ok } from '@shared/result.js'
import type { Bundles } from './bundles/bundles.js'

type Handled =
  'estimateBundle' | 'writeBundle' | 'previewBundle' | 'takeBundle' | 'takeReceipt' | 'bundleProgress' | 'cancelBundle'

export function createBundleCommands(bundles: Bundles): Pick<CommandHandlers, Handled> {
  return {
    estimateBundle: async (request) => ok({ missions: await bundles.estimate(request) }),
    writeBundle: (request) => bundles.write(request),
    previewBundle: ({ path }) => bundles.preview(path),
    takeBundle: ({ path }) => bundles.take(path),
    takeReceipt: ({ data }) => bundles.takeReceipt(Buffer.from(data, 'base64')),
    async bundleProgress() {
      return Promise.resolve(ok(bundles.progress))
    },
    async cancelBundle() {
      bundles.cancel()
      return Promise.resolve(ok(null))
    }
  }
}
