// @vitest-environment happy-dom
import { flushPromises } from '@vue/test-utils'
import { afterEach, describe, expect, it } from 'vitest'
import type { PeerSummary, RevocationStatement } from '@shared/model'
import DecisionSheet from '@/components/DecisionSheet.vue'
import PeerDetail from '@/components/PeerDetail.vue'
import { nodeIdOf, richField } from '../window/recorded'
import { mountPart, type Mounted } from './mounting'

const { peers } = richField(Date.now()).overview

function peer(level: PeerSummary['level'], ...statements: readonly RevocationStatement[]): PeerSummary {
  const found = peers.find((one) => one.level === level && one.decision !== undefined)
  if (found === undefined) throw new Error(`no ${level} peer is recorded`)
  return { ...found, ...(statements.length === 0 ? {} : { statements }) }
}

const said = (effect: RevocationStatement['effect']): RevocationStatement => ({
  ...{ nodeId: nodeIdOf(3), callsign: 'BRAVO', at: Date.now() - 3_600_000, reason: 'laptop lost', effect }
})

let mounted: Mounted | undefined
afterEach(() => {
  mounted?.wrapper.unmount()
  document.body.innerHTML = ''
})

/** @param told what the engine says that others signed. */
async function show(shown: PeerSummary, told = shown.statements ?? []): Promise<string> {
  mounted = await mountPart(PeerDetail, { props: { peer: shown } })
  mounted.answer('trustStory', {
    ok: true,
    value: {
      ...{ firstMet: shown.firstMet, statements: told, given: shown.given, missions: [] },
      entries: [
        { seq: 7, at: shown.firstMet, kind: 'decision', nodeId: shown.nodeId, callsign: 'X', decision: shown.decision }
      ],
      revoking: { endsLink: true, missions: 2, cuts: 1 }
    }
  })
  await mounted.wrapper.setProps({ peer: { ...shown, decision: { ...shown.decision, at: 5 } } })
  await flushPromises()
  return mounted.wrapper.text()
}

const hasButton = (words: string) => mounted?.wrapper.findAll('button').some((one) => one.text() === words)

describe('the story of a peer', () => {
  it('says who decided, and what revoking it would stop', async () => {
    const text = await show(peer('trusted'))
    expect(text).toContain('How it came to this')
    expect(text).toMatch(/trusted|compared codes|vouches/)
    expect(text).toContain('the link now, and 2 missions')
    expect(text).toContain('its part in one mission of ours')
  })

  it('shows advice as such, with who said it and why', async () => {
    const text = await show(peer('trusted', said('advice')))
    expect(text).toContain('BRAVO revoked it')
    expect(text).toContain('laptop lost')
    expect(text).toContain('Advice: nothing changed here.')
  })

  it('offers our own revocation beside that of another, and nothing at all for who retired', async () => {
    const revoked = peer('revoked', said('counts'))
    if (revoked.decision === undefined) throw new Error('it is decided')
    await show({ ...revoked, decision: { ...revoked.decision, ground: 'statement' } })
    expect([hasButton('Decide again'), hasButton('Revoke here, too')]).toEqual([true, true])
    mounted?.wrapper.unmount()
    await show(peer('revoked', said('retired')))
    expect([hasButton('Decide again'), hasButton('Revoke here, too')]).toEqual([false, false])
  })
})

describe('the right to revoke', () => {
  it('is given only when it was chosen', async () => {
    for (const chosen of [false, true]) {
      mounted = await mountPart(DecisionSheet, { props: { peer: peer('trusted'), changes: true } })
      await flushPromises()
      const label = [...document.querySelectorAll('label')].find((one) =>
        one.textContent?.includes('Whom it revokes is revoked here')
      )
      if (chosen) label?.querySelector('input')?.click()
      await flushPromises()
      const save = [...document.querySelectorAll('button')].find((one) => one.className.includes('primary'))
      save?.click()
      await flushPromises()
      const [request] = mounted.called.filter(({ name }) => name === 'decide')
      expect(request?.argument).toMatchObject({ level: 'trusted' })
      expect((request?.argument as { mayRevoke?: true }).mayRevoke).toBe(chosen ? true : undefined)
      mounted.wrapper.unmount()
      document.body.innerHTML = ''
    }
  })
})
