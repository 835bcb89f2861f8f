// @vitest-environment happy-dom
import { flushPromises } from '@vue/test-utils'
import { afterEach, describe, expect, it } from 'vitest'
import { fail } from '@shared/result'
import DecisionSheet from '@/components/DecisionSheet.vue'
import PairingDesk from '@/components/PairingDesk.vue'
import PairingPrompt from '@/components/PairingPrompt.vue'
import PeerDetail from '@/components/PeerDetail.vue'
import { useNoticesStore } from '@/stores/notices'
import { usePairingStore } from '@/stores/pairing'
import { nodeIdOf, richField, type Recorded } from '../window/recorded'
import { asking, endedPairing, pairingIn } from '../window/recorded-pairing'
import type { PairingStatus } from '@shared/model'
import { mountPart, type Mounted } from './mounting'

const asker = nodeIdOf(8)
const name = 'Polizia Locale Trieste 4'

function buttons(): readonly string[] {
  return [...document.querySelectorAll('button')].map((item) => item.textContent?.trim() ?? '')
}

function button(words: string): HTMLButtonElement {
  const found = [...document.querySelectorAll('button')].find((item) => item.textContent?.trim() === words)
  if (found === undefined) throw new Error(`there is no button "${words}" among ${buttons().join(', ')}`)
  return found
}

function withPairing(pairing: PairingStatus): Recorded {
  const recorded = richField(Date.now())
  return { ...recorded, overview: { ...recorded.overview, pairing } }
}

let mounted: Mounted | undefined
afterEach(() => {
  mounted?.wrapper.unmount()
  mounted = undefined
  document.body.innerHTML = ''
})

async function desk(pairing: PairingStatus): Promise<Mounted> {
  mounted = await mountPart(PairingDesk, { recorded: withPairing(pairing) })
  await flushPromises()
  return mounted
}

async function turn(value: PairingStatus): Promise<void> {
  mounted?.say({ slice: 'pairing', value })
  await flushPromises()
}

function enterOn(element: HTMLElement): boolean {
  const enter = new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true })
  element.dispatchEvent(enter)
  return enter.defaultPrevented
}

describe('the sheet of a pairing', () => {
  it('shows the code in digits and words, and the digits one by one to whoever hears them', async () => {
    await desk(pairingIn(asker, 'comparing', Date.now()))
    expect(document.body.textContent).toContain('105 006')
    expect(document.body.textContent).toContain('1, 0, 5, 0, 0, 6')
    for (const word of ['elegant', 'table', 'novel']) expect(document.body.textContent).toContain(word)
    expect(document.body.textContent).toContain('2 missions, 156 items go to Polizia Locale Trieste 4.')
    expect(document.activeElement).toBe(button('Cancel'))
  })

  it('has no yes before there is a code, nor after it was given', async () => {
    for (const state of ['reaching', 'calling', 'answered', 'agreed', 'done'] as const) {
      await desk(pairingIn(asker, state, Date.now()))
      expect(buttons(), state).toEqual([state === 'done' ? 'Close' : 'Cancel'])
      mounted?.wrapper.unmount()
    }
  })

  it('does not say yes with Enter, and says it with what was chosen', async () => {
    const { called } = await desk(pairingIn(asker, 'they-agreed', Date.now()))
    expect(document.body.textContent).toContain('Their person says that the codes are equal.')
    const grant = button('Codes are equal, trust')
    expect(enterOn(grant)).toBe(true)
    expect(called).toEqual([])
    document.querySelectorAll<HTMLInputElement>('.list input')[1]?.click()
    await flushPromises()
    grant.click()
    await flushPromises()
    const { scope, until, ...rest } = called[0]?.argument as { scope: { out: string[] }; until: number }
    expect(called[0]?.name).toBe('answerPairing')
    expect(rest).toEqual({ nodeId: asker, equal: true })
    expect(scope.out.every((pattern) => pattern.startsWith('id:'))).toBe(true)
    expect(Math.round((until - Date.now()) / 86_400_000)).toBe(30)
  })

  it('says what was given as the engine knows it, also in a window that was opened later', async () => {
    const now = Date.now()
    const agreed = pairingIn(asker, 'agreed', now)
    const scope = { out: [], in: ['*'], access: 'read' as const }
    await desk({ ...agreed, ...(agreed.current && { current: { ...agreed.current, scope } }) })
    expect(document.body.textContent).toContain('Once their person says so, too, it gets: ')
    expect(document.body.textContent).not.toContain('all missions, also future ones')
  })

  it('says that they differ', async () => {
    const { called } = await desk(pairingIn(asker, 'comparing', Date.now()))
    button('They differ, report it').click()
    await flushPromises()
    expect(called).toEqual([{ name: 'answerPairing', argument: { nodeId: asker, equal: false } }])
  })

  it('is put aside by Escape, decides nothing, and comes back with the result', async () => {
    const { called } = await desk(pairingIn(asker, 'comparing', Date.now()))
    document.activeElement?.dispatchEvent(
      new KeyboardEvent('keydown', { key: 'Escape', bubbles: true, cancelable: true })
    )
    await flushPromises()
    expect(called).toEqual([])
    expect(document.querySelector('[role=dialog]')).toBeNull()
    usePairingStore().takeUp()
    await flushPromises()
    expect(document.body.textContent).toContain('105 006')
    usePairingStore().putAside()
    await turn(endedPairing(asker, 'pairing-expired', 1))
    expect(document.body.textContent).toContain('PAI-06')
    expect(document.body.textContent).toContain('1 code in the last hour was not confirmed.')
    button('Start again').click()
    await flushPromises()
    expect(called).toEqual([{ name: 'startPairing', argument: { nodeId: asker } }])
  })

  it('does not offer to go on where the codes differed, and says how long pairing pauses', async () => {
    const until = Date.now() + 600_000
    await desk({ ...endedPairing(asker, 'pairing-differ'), pausedUntil: until })
    expect(buttons()).toEqual(['Close'])
    expect(document.body.textContent).toContain('PAI-11')
    expect(document.body.textContent).toContain('Pairing pauses until')
  })

  it('shows why the engine refuses a yes, and stays', async () => {
    const { answer } = await desk(pairingIn(asker, 'comparing', Date.now()))
    answer('answerPairing', fail('pairing-none'))
    button('Codes are equal, trust').click()
    await flushPromises()
    expect(document.body.textContent).toContain('PAI-01')
    expect(document.body.textContent).toContain('105 006')
  })
})

describe('the prompt of a request', () => {
  async function prompt(pairing: PairingStatus): Promise<Mounted> {
    mounted = await mountPart(PairingPrompt, { recorded: withPairing(pairing) })
    await flushPromises()
    return mounted
  }

  it('takes no focus, has Reject first, and is not answered by Enter', async () => {
    const before = document.createElement('textarea')
    document.body.append(before)
    before.focus()
    const { called } = await prompt(asking([asker], Date.now()))
    expect(document.activeElement).toBe(before)
    expect(useNoticesStore().urgent).toBe(`${name} asks to compare codes.`)
    expect(buttons()).toEqual(['Reject', 'Compare codes'])
    expect(enterOn(button('Compare codes'))).toBe(true)
    button('Reject').click()
    await flushPromises()
    expect(called).toEqual([{ name: 'cancelPairing', argument: { nodeId: asker } }])
  })

  it('opens that very request', async () => {
    const { called } = await prompt(asking([asker, nodeIdOf(1)], Date.now()))
    expect(document.body.textContent).toContain('1 more asks.')
    button('Compare codes').click()
    await flushPromises()
    expect(called).toEqual([{ name: 'openPairing', argument: { nodeId: asker } }])
  })

  it('waits while another pairing runs, and shows the one that was put aside', async () => {
    const runs = pairingIn(nodeIdOf(1), 'calling', Date.now())
    await prompt({ ...runs, requests: asking([asker], Date.now()).requests })
    expect(document.body.textContent).not.toContain('goes on')
    usePairingStore().putAside()
    await flushPromises()
    expect(button('Compare codes').disabled).toBe(true)
    expect(document.body.textContent).toContain('The pairing with Palmanova 1 goes on.')
    button('Show it').click()
    expect(usePairingStore().isShown).toBe(true)
  })
})

describe('a laptop in the list', () => {
  const peerIn = (seed: number) => {
    const found = richField(Date.now()).overview.peers.find(({ nodeId }) => nodeId === nodeIdOf(seed))
    if (found === undefined) throw new Error(String(seed))
    return found
  }

  it('can be compared with, unless it is verified or revoked', async () => {
    for (const [seed, may] of [
      [1, false],
      [2, true],
      [8, true],
      [11, false]
    ] as const) {
      mounted = await mountPart(PeerDetail, { props: { peer: peerIn(seed) } })
      expect(buttons().includes('Compare codes'), String(seed)).toBe(may)
      if (seed === 1) expect(document.body.textContent).toContain('105 006, elegant table novel, compared')
      mounted.wrapper.unmount()
    }
  })

  it('stays verified when what it gets is changed', async () => {
    mounted = await mountPart(DecisionSheet, { props: { peer: peerIn(1), changes: true } })
    await flushPromises()
    expect(document.body.textContent).toContain('so it stays verified')
    expect(document.body.textContent).not.toContain('I compared the words')
    button('Share this').click()
    await flushPromises()
    expect(mounted.called[0]?.argument).not.toHaveProperty('ground')
  })
})
