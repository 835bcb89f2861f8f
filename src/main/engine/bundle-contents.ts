/** The files of missions as bundles ask for them. */
import { ok } from '@shared/result.js'
import type { ContentPort } from './bundles/content-port.js'
import type { Contents } from './content/contents.js'
import type { ContentStore } from './content/store.js'

export function createContentPort(store: ContentStore, contents: Contents): ContentPort {
  return {
    async of(mission) {
      return store.of(mission).map((sha256) => ({ sha256, size: store.sizeOf(sha256) ?? 0 }))
    },
    read: (sha256) => store.read(sha256, 0, store.sizeOf(sha256) ?? 0),
    has: (mission, sha256) => store.of(mission).includes(sha256),
    async take(mission, { sha256, size }, bytes) {
      const added = await store.add(mission, bytes, size, sha256)
      if (!added.ok) return added
      contents.entered(mission, sha256)
      return ok(null)
    }
  }
}
