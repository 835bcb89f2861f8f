/**
 * The random name of this copy of the data. Another one after every restore, in every copy of the folder and after
 * damage: what was promised about the data under the old name holds no more (docs/protocol/disk.md).
 */
import * as v from 'valibot'
import { HashSchema } from '../bytes/ids.js'
import type { Disk } from './disk.js'
import { openDocument, type Document } from './document.js'

const StoreFile = v.object({
  /** 32 random bytes, hex. */
  storeId: HashSchema,
  /** Where the folder lay when it got this ID. */
  place: v.string(),
  /** The journal of decisions is one that a snapshot had: newer ones may be missing from it. */
  trustFrom: v.optional(v.string())
})
type StoreFile = v.InferOutput<typeof StoreFile>

export interface StoreRandom {
  bytes(count: number): Buffer
}

export interface Store {
  readonly storeId: string
  readonly trustFrom: string | undefined
  /** After damage, or a restore; `trustFrom` names the snapshot that gave the journal of decisions. */
  renew(trustFrom?: string): Promise<void>
}

export async function openStore(disk: Disk, random: StoreRandom): Promise<Store> {
  // exactOptionalPropertyTypes: valibot leaves absent keys absent, which its types do not say.
  const schema = StoreFile as unknown as v.GenericSchema<unknown, StoreFile>
  const document: Document<StoreFile> = openDocument(disk, 'store.json', schema)
  const read = await document.read()
  const place = await disk.place()
  let file: StoreFile | undefined = read.ok ? read.value : undefined
  const renew = async (trustFrom = file?.trustFrom): Promise<StoreFile> => {
    const next = {
      storeId: random.bytes(32).toString('hex'),
      place,
      ...(trustFrom === undefined ? {} : { trustFrom })
    }
    await document.write(next)
    file = next
    return next
  }
  let current = file?.place === place ? file : await renew()
  return {
    get storeId() {
      return current.storeId
    },
    get trustFrom() {
      return current.trustFrom
    },
    async renew(trustFrom) {
      current = await renew(trustFrom)
    }
  }
}
