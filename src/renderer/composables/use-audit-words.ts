import type { AuditEntry } from '@shared/model'
import { auditLine, auditTitle } from '../facts/audit'
import { groundSaying } from '../facts/peer-status'
import { useText } from '../i18n'
import { useNodeNames } from './use-node-names'
import { usePeerName } from './use-peer-name'

/** An entry of the audit log as a sentence and a second line, in the language of the window. */
export function useAuditWords() {
  const { say } = useText()
  const nameOf = usePeerName()
  const { nameOfId } = useNodeNames()

  function titleOf(entry: AuditEntry): string {
    const { nodeId, callsign } = entry
    if (nodeId === undefined) return say(auditTitle(entry))
    // The name of that day, not today's: the log says what was.
    const name = callsign === undefined || callsign === '' ? nameOfId(nodeId) : nameOf({ nodeId, callsign })
    return say(auditTitle(entry, name))
  }

  function lineOf(entry: AuditEntry): string {
    const ground = entry.decision?.level === 'trusted' ? say(groundSaying(entry.decision)) : ''
    return [auditLine(entry), ground].filter((part) => part !== '').join(', ')
  }

  return { titleOf, lineOf }
}
