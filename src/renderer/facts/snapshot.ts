/** Why a snapshot was made, in words. */
import type { SnapshotKind } from '@shared/model'
import type { MessageKey } from '../i18n'

export const snapshotKinds: Readonly<Record<SnapshotKind, MessageKey>> = {
  hourly: 'snapshots.hourly',
  daily: 'snapshots.daily',
  migration: 'snapshots.migration',
  import: 'snapshots.import',
  restore: 'snapshots.restore',
  asked: 'snapshots.asked'
}
