/** Names that come from outside, parsed: each is SHA-256 as 64 hexadecimal digits (docs/protocol/bytes.md). */
import * as v from 'valibot'
import type { MissionId, NodeId } from '@shared/model.js'
import { isHex } from './hash.js'

export const NodeIdSchema = v.custom<NodeId>((value) => isHex(value, 32), 'a node ID: 64 hexadecimal digits')
export const MissionIdSchema = v.custom<MissionId>((value) => isHex(value, 32), 'a mission ID: 64 hexadecimal digits')
export const HashSchema = v.custom<string>((value) => isHex(value, 32), 'SHA-256: 64 hexadecimal digits')
