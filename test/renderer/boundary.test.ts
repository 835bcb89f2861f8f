// @vitest-environment happy-dom
import { flushPromises } from '@vue/test-utils'
import { afterEach, describe, expect, it } from 'vitest'
import { openPolicy, type Boundary } from '@shared/boundary'
import type { BoundaryEffect } from '@shared/model'
import { ok, problem } from '@shared/result'
import App from '@/App.vue'
import { effectGroups, nameError, withFederation, withoutFederation } from '@/facts/boundary'
import { missionIdOf, nodeIdOf, richField, type Recorded } from '../window/recorded'
import { mountPart, type Mounted } from './mounting'

let mounted: Mounted | undefined
afterEach(() => {
  mounted?.wrapper.unmount()
  document.body.innerHTML = ''
})

const drava = { name: 'drava', ...openPolicy, out: ['Flood*'], in: ['Flood*'] }
const listed: Boundary = { mode: 'bridging', federations: [drava] }

function fieldWith(boundary: Boundary): Recorded {
  const recorded = richField(Date.now())
  const { overview } = recorded
  return { ...recorded, overview: { ...overview, node: { ...overview.node, boundary } } }
}

function button(words: string): HTMLButtonElement {
  const found = [...document.querySelectorAll('button')].find((item) =>
    (item.getAttribute('aria-label') ?? item.textContent?.trim())?.startsWith(words)
  )
  if (found === undefined) throw new Error(`there is no button "${words}"`)
  return found
}

function field<Element extends HTMLElement>(words: string): Element {
  const label = [...document.querySelectorAll('label')].find((item) => item.textContent?.trim().startsWith(words))
  const found = label?.htmlFor ? document.getElementById(label.htmlFor) : label?.querySelector('input')
  if (!found) throw new Error(`there is no field "${words}"`)
  return found as Element
}

async function press(element: HTMLElement): Promise<void> {
  element.click()
  await flushPromises()
}

async function type(words: string, text: string): Promise<void> {
  const input = field<HTMLInputElement>(words)
  input.value = text
  input.dispatchEvent(new Event('input'))
  await flushPromises()
}

const shown = (selector = 'body'): string => document.querySelector(selector)?.textContent ?? ''
const setTo = () => mounted?.called.filter(({ name }) => name === 'setBoundary').map(({ argument }) => argument)

const effectOf = (over: Partial<BoundaryEffect>): BoundaryEffect => ({
  ...{ nodeId: nodeIdOf(3), callsign: 'delta', federation: 'drava', mayLink: [true, true], missions: [2, 2] },
  ...over
})

describe('the boundary of the federation', () => {
  it('changes only after a person has seen whom that touches', async () => {
    mounted = await mountPart(App, { path: '/trust', recorded: fieldWith(listed) })
    await flushPromises()
    mounted.hold('previewBoundary')
    mounted.answer(
      'previewBoundary',
      ok({ total: 1, effects: [effectOf({ mayLink: [true, false], missions: [2, 0] })] })
    )
    await press(button('Only kras-2026'))
    const sheet = '[role=alertdialog]'
    expect(shown(sheet)).toContain('Looking whom this touches.')
    expect(button('Deal only with kras-2026').disabled).toBe(true)
    mounted.release()
    await flushPromises()
    expect(shown(sheet)).toMatch(/Links end\s*delta \(drava\)/)
    expect(setTo()).toEqual([])
    await press(button('Deal only with kras-2026'))
    expect(setTo()).toEqual([{ ...listed, mode: 'strict' }])
    expect(document.querySelector(sheet)).toBeNull()
  })

  it('stays as it is when the person does not say yes, and when the effect cannot be said', async () => {
    mounted = await mountPart(App, { path: '/trust', recorded: fieldWith(listed) })
    await flushPromises()
    mounted.answer('previewBoundary', { ok: false, problem: problem('disk-full') })
    await press(button('Any'))
    expect(shown('[role=alertdialog]')).toContain('DSK-01')
    expect(button('Deal with any').disabled).toBe(true)
    await press(button('Leave it as it is'))
    expect(button('Also those listed').getAttribute('aria-pressed')).toBe('true')
    expect(setTo()).toEqual([])
  })

  it('takes a federation into the list with a policy, under a name that can be one', async () => {
    mounted = await mountPart(App, { path: '/trust', recorded: fieldWith(listed) })
    await flushPromises()
    await press(button('Add a federation'))
    await type('Its name', 'kras-2026')
    await press(button('Add it'))
    expect(shown('[role=dialog]')).toContain('That is the federation of this laptop.')
    expect(setTo()).toEqual([])
    mounted.answer(
      'previewBoundary',
      ok({ total: 1, effects: [effectOf({ mayLink: [false, true], missions: [0, 3] })] })
    )
    await type('Its name', 'sava')
    expect(shown('[role=dialog]')).toMatch(/May link\s*delta/)
    await press(field('Its members may delete'))
    await press(button('Add it'))
    const sava = { name: 'sava', ...openPolicy, deletions: 'count' }
    expect(setTo()).toEqual([{ mode: 'bridging', federations: [drava, sava] }])
  })

  it('keeps patterns that it does not show while other things are changed', async () => {
    mounted = await mountPart(App, { path: '/trust', recorded: fieldWith(listed) })
    await flushPromises()
    await press(button('Change drava'))
    await press(field('Read only'))
    await press(button('Save drava'))
    expect(setTo()).toEqual([{ mode: 'bridging', federations: [{ ...drava, access: 'read' }] }])
  })

  it('takes one off the list', async () => {
    mounted = await mountPart(App, { path: '/trust', recorded: fieldWith(listed) })
    await flushPromises()
    await press(button('Remove drava'))
    expect(shown('[role=alertdialog]')).toContain('Nobody that is trusted today.')
    await press(
      [...document.querySelectorAll('button')].filter((one) => one.textContent?.trim() === 'Remove drava').at(-1)!
    )
    expect(setTo()).toEqual([{ mode: 'bridging', federations: [] }])
  })

  it('is said with a peer of another federation, and why it is not linked', async () => {
    const recorded = fieldWith({ mode: 'strict', federations: [drava] })
    const { overview } = recorded
    const [first, ...others] = overview.peers
    if (first === undefined) throw new Error('no peer in the field')
    const peer = {
      ...first,
      federation: 'drava',
      level: 'trusted' as const,
      link: { state: 'down' as const, since: Date.now(), reason: 'federation-refused' as const }
    }
    mounted = await mountPart(App, {
      path: `/peers/${first.nodeId}`,
      recorded: { ...recorded, overview: { ...overview, peers: [peer, ...others] } }
    })
    await flushPromises()
    expect(shown()).toContain('TRU-31')
    expect(shown()).toContain('Laptops of drava are not dealt with.')
    mounted.say({ slice: 'node', value: { ...overview.node, boundary: listed } })
    await flushPromises()
    expect(shown()).toContain('what its members delete is a request')
  })
})

describe('who may pass a mission on', () => {
  it('is chosen for a new mission, inside the federation if nobody chooses', async () => {
    mounted = await mountPart(App, { path: '/missions', recorded: fieldWith(listed) })
    const choices = { first: 'federation', second: 'none' } as const
    for (const [name, onward] of Object.entries(choices)) {
      await press(button('New mission'))
      await type('Name', name)
      const select = field<HTMLSelectElement>('Who may pass it on')
      expect([...select.options].map(({ text }) => text)).toContain('Whoever has it, inside kras-2026')
      expect(select.value).toBe('federation')
      select.value = onward
      select.dispatchEvent(new Event('change'))
      mounted.answer('createMission', ok({ id: missionIdOf(1) }))
      await press(button('Create mission'))
      await mounted.wrapper.vm.$router.push('/missions')
      await flushPromises()
    }
    const made = mounted.called.filter(({ name }) => name === 'createMission').map(({ argument }) => argument)
    expect(made).toEqual(Object.entries(choices).map(([name, onward]) => ({ name, onward })))
  })
})

describe('facts of a boundary', () => {
  it('change one federation in its place, add it at the end, and take it away', () => {
    const both = withFederation(listed, { ...drava, name: 'sava' })
    expect(both.federations.map(({ name }) => name)).toEqual(['drava', 'sava'])
    expect(withFederation(both, { ...drava, vouching: true }).federations.map(({ vouching }) => vouching)).toEqual([
      true,
      false
    ])
    expect(withoutFederation(both, 'drava').federations.map(({ name }) => name)).toEqual(['sava'])
  })

  it('tell names that cannot be added', () => {
    const errors = [' ', 'x'.repeat(65), 'kras', 'drava', 'Drava'].map((name) => nameError(name, 'kras', listed))
    expect(errors).toEqual([
      'settings.nameError',
      'settings.nameError',
      'boundary.nameOwn',
      'boundary.nameListed',
      undefined
    ])
  })

  it('group what changes by what it means, losses first', () => {
    const effects = [
      effectOf({ missions: [1, 2] }),
      effectOf({ mayLink: [false, true], missions: [0, 2] }),
      effectOf({ missions: [2, 1] }),
      effectOf({ mayLink: [true, false], missions: [2, 0] })
    ]
    expect(effectGroups(effects).map(({ kind, effects: some }) => [kind, some.length])).toEqual([
      ['ends', 1],
      ['fewer', 1],
      ['begins', 1],
      ['more', 1]
    ])
  })
})
