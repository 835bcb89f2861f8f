/** What bundles ask of wherever the files of missions are kept. Without one, files are left out, and the manifest counts them. */
import type { MissionId } from '@shared/model.js'
import type { Result } from '@shared/result.js'

export interface ContentFacts {
  readonly sha256: string
  readonly size: number
}

export interface ContentPort {
  /** Files that belong to a mission and are whole here. */
  of(mission: MissionId): Promise<readonly ContentFacts[]>
  /** Rejects when the disk does not give it, or gives something else. */
  read(sha256: string): AsyncIterable<Buffer>
  has(mission: MissionId, sha256: string): boolean
  /** Keeps a file for a mission: durable and verified on return. Reads `bytes` to their end, or not at all. */
  take(mission: MissionId, facts: ContentFacts, bytes: AsyncIterable<Buffer>): Promise<Result<null>>
}
