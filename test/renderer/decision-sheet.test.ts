// @vitest-environment happy-dom
import { flushPromises } from '@vue/test-utils'
import { afterEach, describe, expect, it } from 'vitest'
import { fail } from '@shared/result'
import DecisionSheet from '@/components/DecisionSheet.vue'
import RevokeSheet from '@/components/RevokeSheet.vue'
import { missionIdOf, nodeIdOf, richField } from '../window/recorded'
import { mountPart, type Mounted } from './mounting'

const { peers } = richField(Date.now()).overview

function peer(seed: number) {
  return peers.find((item) => item.nodeId === nodeIdOf(seed))
}

function button(words: string): HTMLButtonElement {
  const found = [...document.querySelectorAll('button')].find((item) => item.textContent?.trim() === words)
  if (found === undefined) throw new Error(`there is no button "${words}"`)
  return found
}

function box(words: string): HTMLInputElement {
  const label = [...document.querySelectorAll('label')].find((item) => item.textContent?.includes(words))
  const found = label?.querySelector('input')
  if (!found) throw new Error(`there is no box "${words}"`)
  return found
}

async function open(seed = 8, changes = false): Promise<Mounted> {
  const mounted = await mountPart(DecisionSheet, { props: { peer: peer(seed), changes } })
  await flushPromises()
  return mounted
}

let mounted: Mounted | undefined
afterEach(() => {
  mounted?.wrapper.unmount()
  document.body.innerHTML = ''
})

describe('the decision sheet', () => {
  it('starts at Reject, with everything shared and nothing compared', async () => {
    mounted = await open()
    expect(document.activeElement).toBe(button('Reject'))
    expect(box('All missions').checked).toBe(true)
    expect(box('I compared').checked).toBe(false)
    expect(document.body.textContent).toContain('2 missions, 156 items go to Polizia Locale Trieste 4.')
    expect(document.body.textContent).toContain('A copy once given cannot be called back.')
    expect(document.body.textContent).toContain('Also needs a yes from their person.')
  })

  it('says while it is edited what a yes would do', async () => {
    mounted = await open()
    const effect = () => document.querySelector('.effect')?.textContent ?? ''
    expect(effect()).toContain('192 changes that it lacks, about')
    expect(effect()).toContain('Later missions go there, too.')
    expect(effect()).toContain('Stays here, its creator does not want it passed on: ')
    box('Kras: air operations').click()
    await flushPromises()
    expect(effect()).toContain('1 mission,')
    expect(effect()).not.toContain('Later missions go there, too.')
    expect(effect()).toContain('Missions that it offers later are taken.')
    const [first, second] = mounted.previewed
    expect(first).toEqual({ nodeId: nodeIdOf(8), scope: { out: ['*'], in: ['*'], access: 'write' } })
    expect(second?.scope.out).toHaveLength(2)
  })

  it('says what a change ends, and what is there already', async () => {
    mounted = await open(1, true)
    const effect = () => document.querySelector('.effect')?.textContent ?? ''
    expect(effect()).not.toContain('No longer')
    box('Kras: air operations').click()
    await flushPromises()
    expect(effect()).toContain('No longer: Kras: air operations. What it has of it stays there.')
  })

  it('says why it cannot say what a yes would do', async () => {
    mounted = await open()
    mounted.answer('previewScope', fail('bad-scope'))
    box('Kras: air operations').click()
    await flushPromises()
    expect(document.querySelector('.effect')).toBeNull()
    expect(document.querySelector('[role=alert]')).not.toBeNull()
  })

  it('takes the newest answer only', async () => {
    mounted = await open()
    mounted.hold('previewScope')
    box('Kras: air operations').click()
    await flushPromises()
    box('All missions').click()
    await flushPromises()
    mounted.release()
    await flushPromises()
    expect(document.querySelector('.effect')?.textContent).toContain('2 missions,')
  })

  it('does not grant with Enter', async () => {
    mounted = await open()
    const grant = button('Trust unseen')
    const enter = new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true })
    grant.dispatchEvent(enter)
    await flushPromises()
    expect(enter.defaultPrevented).toBe(true)
    expect(mounted.called).toEqual([])
  })

  it('says unseen when nothing was compared, for thirty days', async () => {
    mounted = await open()
    button('Trust unseen').click()
    await flushPromises()
    expect(mounted.called).toMatchObject([
      {
        name: 'decide',
        argument: { level: 'trusted', ground: 'unseen', scope: { out: ['*'], in: ['*'], access: 'write' } }
      }
    ])
    const { until } = mounted.called[0]?.argument as { until: number }
    expect(Math.round((until - Date.now()) / 86_400_000)).toBe(30)
    expect(mounted.wrapper.emitted('close')).toHaveLength(1)
  })

  it('sends what the boxes say', async () => {
    mounted = await open()
    for (const words of ['I compared', 'Kras: air operations', 'Read only', 'No end']) {
      box(words).click()
      await flushPromises()
    }
    expect(document.body.textContent).toContain('1 mission, 60 items go to')
    expect(box('All missions').checked).toBe(false)
    button('Words are equal, trust').click()
    await flushPromises()
    const { scope, ...rest } = mounted.called[0]?.argument as { scope: { out: string[]; in: string[]; access: string } }
    expect(rest).toEqual({ nodeId: nodeIdOf(8), level: 'trusted', ground: 'words' })
    expect(scope.out.sort()).toEqual([`id:${missionIdOf(1)}`, `id:${missionIdOf(2)}`].sort())
    expect(scope).toMatchObject({ in: ['*'], access: 'read' })
  })

  it('lets it introduce others only when a person says so, and never to more than it gets itself', async () => {
    mounted = await open()
    const select = document.querySelector('select')
    if (select === null) throw new Error('there is nothing to choose')
    expect(select.value).toBe('nobody')
    box('Read only').click()
    for (const value of ['suggests', 'write'] as const) {
      select.value = value
      select.dispatchEvent(new Event('change'))
      await flushPromises()
    }
    expect(document.body.textContent).toContain('gets in without asking you')
    button('Trust unseen').click()
    await flushPromises()
    const scope = { out: ['*'], in: ['*'], access: 'read' }
    expect(mounted.called[0]?.argument).toMatchObject({ scope, mayIntroduce: { letsIn: scope } })
  })

  it('says what others said of it, what speaks against it first', async () => {
    const at = Date.now() - 60_000
    const of8 = peer(8)
    if (of8 === undefined) throw new Error('nobody there')
    const said = { nodeId: nodeIdOf(1), since: at, ground: 'code' } as const
    const told = {
      ...of8,
      introductions: [
        { ...said, callsign: 'bravo', effect: 'suggests' },
        { ...said, callsign: 'delta', effect: 'differs' }
      ],
      statements: [
        { nodeId: nodeIdOf(3), callsign: 'charlie', at, reason: 'lost', effect: 'advice' },
        { nodeId: nodeIdOf(3), callsign: 'echo', at, effect: 'overridden' }
      ]
    }
    mounted = await mountPart(DecisionSheet, { props: { peer: told, changes: false } })
    await flushPromises()
    const lines = [...document.querySelectorAll('.advice li')].map((item) => item.textContent)
    expect(lines).toHaveLength(3)
    expect(lines[0]).toMatch(/^charlie revoked it .*: lost\. Ask them first\.$/)
    expect(lines[1]).toContain('delta knows it by another key or federation')
    expect(lines[2]).toMatch(/^bravo trusts it since .*, and compared codes with it\.$/)
  })

  it('rejects as untrusted', async () => {
    mounted = await open()
    button('Reject').click()
    await flushPromises()
    expect(mounted.called).toEqual([{ name: 'decide', argument: { nodeId: nodeIdOf(8), level: 'untrusted' } }])
  })

  it('decides nothing with Escape', async () => {
    mounted = await open()
    document.activeElement?.dispatchEvent(
      new KeyboardEvent('keydown', { key: 'Escape', bubbles: true, cancelable: true })
    )
    await flushPromises()
    expect(mounted.called).toEqual([])
    expect(mounted.wrapper.emitted('close')).toHaveLength(1)
  })

  it('stays open with the reason when the engine refuses', async () => {
    mounted = await open()
    mounted.answer('decide', fail('bad-scope'))
    button('Trust unseen').click()
    await flushPromises()
    expect(document.body.textContent).toContain('TRU-13')
    expect(mounted.wrapper.emitted('close')).toBeUndefined()
  })

  it('opens a change with what was decided, and leaves it with its first button', async () => {
    mounted = await open(4, true)
    expect(box('Karst Ridge Fire').checked).toBe(true)
    expect(box('Host nation support').checked).toBe(false)
    button('Leave as it is').click()
    await flushPromises()
    expect(mounted.called).toEqual([])
    expect(mounted.wrapper.emitted('close')).toHaveLength(1)
  })

  it('keeps the end of a decision that is changed', async () => {
    mounted = await open(4, true)
    const until = peer(4)?.decision?.until
    button('Share this').click()
    await flushPromises()
    expect(mounted.called[0]?.argument).toMatchObject({ until, scope: { out: [`id:${missionIdOf(1)}`] } })
  })
})

describe('the revoke sheet', () => {
  it('starts at the safe button and repeats verb and name on the other', async () => {
    mounted = await mountPart(RevokeSheet, { props: { peer: peer(1) } })
    await flushPromises()
    expect(document.activeElement).toBe(button('Keep trusting'))
    button('Revoke Palmanova 1').click()
    await flushPromises()
    expect(mounted.called).toEqual([{ name: 'decide', argument: { nodeId: nodeIdOf(1), level: 'revoked' } }])
  })

  it('asks what becomes of those whom it introduced', async () => {
    const by = [{ nodeId: nodeIdOf(1), callsign: 'Palmanova 1' }]
    const rich = richField(Date.now())
    const introduced = rich.overview.peers.map((one) => {
      if (one.decision === undefined) return one
      if (one.nodeId === nodeIdOf(2))
        return { ...one, decision: { ...one.decision, ground: 'introduced', introducedBy: by } } as const
      return one.nodeId === nodeIdOf(3) ? { ...one, decision: { ...one.decision, introducedBy: by } } : one
    })
    mounted = await mountPart(RevokeSheet, {
      props: { peer: peer(1) },
      recorded: { ...rich, overview: { ...rich.overview, peers: introduced } }
    })
    await flushPromises()
    expect([box('GFFF-V Polska 1').checked, box('DVD Umag').checked]).toEqual([false, true])
    for (const name of ['GFFF-V Polska 1', 'DVD Umag']) {
      box(name).click()
      await flushPromises()
    }
    button('Revoke Palmanova 1').click()
    await flushPromises()
    expect(mounted.called[0]?.argument).toMatchObject({
      introduced: { keep: [nodeIdOf(2)], takeBack: [nodeIdOf(3)] }
    })
  })

  it('says what ends in missions, unless a person lets that go on', async () => {
    mounted = await mountPart(RevokeSheet, { props: { peer: peer(1) } })
    await flushPromises()
    expect(document.body.textContent).toContain('nothing newer counts')
    document.querySelector<HTMLInputElement>('input[type=checkbox]')?.click()
    await flushPromises()
    expect(document.body.textContent).not.toContain('nothing newer counts')
    button('Revoke Palmanova 1').click()
    await flushPromises()
    expect(mounted.called).toEqual([
      { name: 'decide', argument: { nodeId: nodeIdOf(1), level: 'revoked', keepsChanges: true } }
    ])
  })
})
