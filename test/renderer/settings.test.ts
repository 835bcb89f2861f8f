// @vitest-environment happy-dom
import { readFileSync } from 'node:fs'
import { flushPromises } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DesktopBridge } from '@shared/contract'
import type { NodeStatus } from '@shared/model'
import { fail, ok, problem } from '@shared/result'
import type { Settings } from '@shared/settings'
import { thirdParty } from '@/facts/third-party'
import { readLinkPort, readName } from '@/display/setting'
import { localeOf } from '@/i18n'
import { usePreferencesStore } from '@/stores/preferences'
import SettingsView from '@/views/SettingsView.vue'
import { brokenField, nodeIdOf, richField, type Recorded } from '../window/recorded'
import { mountPart, type Mounted } from './mounting'

function withNode(over: Partial<NodeStatus>): Recorded {
  const recorded = richField(Date.now())
  return { ...recorded, overview: { ...recorded.overview, node: { ...recorded.overview.node, ...over } } }
}

function kept(over: Partial<Settings>): NodeStatus {
  const { node } = richField(Date.now()).overview
  return { ...node, settings: { ...node.settings, ...over } }
}

function button(words: string): HTMLButtonElement {
  const found = [...document.querySelectorAll('button')].find((item) => item.textContent?.trim() === words)
  if (found === undefined) throw new Error(`there is no button "${words}"`)
  return found
}

function field(words: string): HTMLInputElement {
  const label = [...document.querySelectorAll('label')].find((item) => item.textContent === words)
  const found = document.getElementById(label?.htmlFor ?? '')
  if (!(found instanceof HTMLInputElement)) throw new Error(`there is no field "${words}"`)
  return found
}

function option(words: string): HTMLInputElement {
  const label = [...document.querySelectorAll('label')].find((item) => item.textContent?.trim() === words)
  const found = label?.querySelector('input')
  if (!found) throw new Error(`there is no choice "${words}"`)
  return found
}

function toggle(words: string): HTMLElement {
  const found = [...document.querySelectorAll<HTMLElement>('[role=switch]')].find(
    (item) => document.getElementById(item.getAttribute('aria-labelledby') ?? '')?.textContent === words
  )
  if (found === undefined) throw new Error(`there is no switch "${words}"`)
  return found
}

async function write(input: HTMLInputElement, text: string): Promise<void> {
  input.value = text
  input.dispatchEvent(new Event('input', { bubbles: true }))
  input.dispatchEvent(new Event('change', { bubbles: true }))
  await flushPromises()
}

let mounted: Mounted | undefined
/** What a person caused; the screen asks for its list by itself. */
const asked = () => mounted?.called.filter(({ name }) => name !== 'listSnapshots')
beforeEach(() => localStorage.clear())
afterEach(() => {
  mounted?.wrapper.unmount()
  document.body.innerHTML = ''
  Reflect.deleteProperty(window, 'muster')
})

describe('a field', () => {
  it('is kept on leaving it, and called saved only after the answer', async () => {
    mounted = await mountPart(SettingsView)
    await write(field('Callsign'), '  OSC Koper ')
    expect(asked()).toEqual([{ name: 'changeSettings', argument: { callsign: 'OSC Koper' } }])
    expect(document.body.textContent).toMatch(/Saved \d\d:\d\d:\d\d/)
  })

  it('says Saving, never saved, while there is no answer', async () => {
    mounted = await mountPart(SettingsView)
    mounted.hold('changeSettings')
    await write(field('Laptop'), 'Toughbook 9')
    expect(document.body.textContent).toContain('Saving')
    expect(document.body.textContent).not.toMatch(/Saved \d/)
    mounted.release()
    await flushPromises()
    expect(document.body.textContent).toMatch(/Saved \d/)
  })

  it('keeps the text and says what is allowed, without asking the engine', async () => {
    mounted = await mountPart(SettingsView)
    await write(field('Callsign'), '   ')
    await write(field('Link port'), '70000')
    expect(asked()).toEqual([])
    expect(field('Link port').value).toBe('70000')
    expect(field('Link port').getAttribute('aria-invalid')).toBe('true')
    expect(document.body.textContent).toContain('0 to 65535.')
  })

  it('shows why the engine refused, at the field, and keeps the text', async () => {
    mounted = await mountPart(SettingsView)
    mounted.answer('changeSettings', fail('bad-setting', 'callsign'))
    await write(field('Callsign'), 'X')
    expect(document.body.textContent).toContain('SET-01')
    expect(document.body.textContent).not.toMatch(/Saved \d/)
    expect(field('Callsign').value).toBe('X')
  })

  it('follows a change from elsewhere, but never over a text that is being written', async () => {
    mounted = await mountPart(SettingsView)
    field('Callsign').value = 'half a na'
    field('Callsign').dispatchEvent(new Event('input', { bubbles: true }))
    mounted.say({ slice: 'node', value: kept({ callsign: 'Elsewhere', laptop: 'Other' }) })
    await flushPromises()
    expect(field('Callsign').value).toBe('half a na')
    expect(field('Laptop').value).toBe('Other')
  })
})

describe('the federation', () => {
  it('changes only after a question that starts at staying', async () => {
    mounted = await mountPart(SettingsView)
    await write(field('Federation'), 'kras-2027')
    expect(asked()).toEqual([])
    button('Change the federation').click()
    await flushPromises()
    expect(document.body.textContent).toContain('every link with laptops of kras-2026: 5 now')
    expect(document.activeElement).toBe(button('Stay in kras-2026'))
    button('Change to kras-2027').click()
    await flushPromises()
    expect(asked()).toEqual([{ name: 'changeSettings', argument: { federation: 'kras-2027' } }])
  })

  it('stays when the question is left', async () => {
    mounted = await mountPart(SettingsView)
    await write(field('Federation'), 'kras-2027')
    button('Change the federation').click()
    await flushPromises()
    button('Stay in kras-2026').click()
    await flushPromises()
    expect(asked()).toEqual([])
  })
})

describe('switches', () => {
  it('change one setting each', async () => {
    mounted = await mountPart(SettingsView)
    toggle('Tell strangers who this is').click()
    toggle('Look for others, and be found').click()
    toggle('Single letters are keys').click()
    await flushPromises()
    expect(asked()?.map(({ argument }) => argument)).toEqual([
      { isShownToStrangers: false },
      { isDiscoverable: false },
      { hasSingleKeys: false }
    ])
  })

  it('show what is kept again when the engine refuses', async () => {
    mounted = await mountPart(SettingsView)
    mounted.answer('changeSettings', fail('disk-full'))
    toggle('Tell strangers who this is').click()
    await flushPromises()
    expect(toggle('Tell strangers who this is').getAttribute('aria-checked')).toBe('true')
    expect(document.body.textContent).toContain('DSK-01')
  })
})

describe('look and language', () => {
  it('come from the engine, and the browser keeps a copy for the first paint', async () => {
    mounted = await mountPart(SettingsView, { recorded: withNode(kept({ theme: 'sunlight', hasSingleKeys: false })) })
    const preferences = usePreferencesStore()
    expect(preferences.theme).toBe('sunlight')
    expect(preferences.singleKeys).toBe(false)
    expect(document.documentElement.className).toContain('sunlight')
    await flushPromises()
    expect(localStorage.getItem('muster.theme')).toBe('sunlight')
  })

  it('change at once and are kept by the engine', async () => {
    mounted = await mountPart(SettingsView)
    option('Night red').click()
    await flushPromises()
    expect(document.documentElement.className).toContain('night')
    expect(asked()).toEqual([{ name: 'changeSettings', argument: { theme: 'night' } }])
    mounted.say({ slice: 'node', value: kept({ theme: 'night' }) })
    expect(usePreferencesStore().choice).toBe('night')
  })

  it('darken the window also when the engine does not answer', async () => {
    mounted = await mountPart(SettingsView, { recorded: withNode(kept({ theme: 'light' })) })
    mounted.answer('changeSettings', fail('engine-lost'))
    option('Night red').click()
    await flushPromises()
    expect(usePreferencesStore().theme).toBe('night')
    expect(document.body.textContent).toContain('REQ-09')
    expect(localStorage.getItem('muster.theme')).toBe('light')
  })

  it('find a language for what the system asks for', () => {
    expect(localeOf('system', ['sl-SI', 'en-GB'])).toBe('en')
    expect(localeOf('pseudo', ['en'])).toBe('pseudo')
    expect(localeOf('klingon', [])).toBe('en')
  })
})

describe('keys and limits', () => {
  it('locks the keys, or says why that cannot be', async () => {
    mounted = await mountPart(SettingsView)
    button('Lock with the system’s key store').click()
    await flushPromises()
    expect(asked()).toEqual([{ name: 'lockKeys', argument: { lock: true } }])
    mounted.say({ slice: 'node', value: { ...kept({}), keys: { state: 'file', problem: problem('no-key-store') } } })
    await flushPromises()
    expect(document.body.textContent).toContain('DSK-09')
    expect(() => button('Lock with the system’s key store')).toThrow()
  })

  it('says first what limits this laptop', async () => {
    mounted = await mountPart(SettingsView, { recorded: brokenField(Date.now()) })
    expect(document.querySelector('section')?.textContent).toContain('DSK-01')
    expect(document.querySelector('section')?.textContent).toContain('TRU-11')
  })

  it('lists the network among what limits this laptop', async () => {
    const { network } = richField(Date.now()).overview
    mounted = await mountPart(SettingsView)
    expect(document.querySelector('section')?.textContent).not.toContain('NET-03')
    mounted.say({ slice: 'network', value: { ...network, finding: problem('no-interface') } })
    await flushPromises()
    expect(document.querySelector('section')?.textContent).toContain('NET-03')
  })
})

describe('the desktop', () => {
  it('has what a browser has not', async () => {
    mounted = await mountPart(SettingsView)
    expect(document.body.textContent).not.toContain('Closing the window')
    mounted.wrapper.unmount()
    let shown = 0
    const bridge: Partial<DesktopBridge> = {
      showDataFolder: async () => {
        shown++
        return ok(null)
      }
    }
    Object.assign(window, { muster: bridge })
    mounted = await mountPart(SettingsView)
    button('Show').click()
    option('Go on in the tray').click()
    toggle('Let programs on this laptop use Muster').click()
    await flushPromises()
    expect(shown).toBe(1)
    expect(asked()?.map(({ argument }) => argument)).toEqual([{ closing: 'tray' }, { hasLocalApi: false }])
  })
})

describe('readers', () => {
  it('take what can be kept and nothing else', () => {
    expect(readName(' a ', 1)).toBe('a')
    expect(readName('', 0)).toBe('')
    expect(readName('x'.repeat(65), 0)).toBeUndefined()
    expect(['0', '47110', '65536', '', '1.5', '-1'].map(readLinkPort)).toEqual([
      0,
      47110,
      undefined,
      undefined,
      undefined,
      undefined
    ])
  })
})

it('names every library that Muster ships, with the licence it says itself', () => {
  const read = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as { license: string; dependencies: object }
  const names = Object.keys(read('package.json').dependencies).sort()
  expect(thirdParty.map(([name]) => name)).toEqual(names)
  for (const [name, licence] of thirdParty)
    expect(read(`node_modules/${name}/package.json`).license, name).toBe(licence)
})

it('counts only linked laptops of the federation that is left', async () => {
  const recorded = richField(Date.now())
  const peers = recorded.overview.peers.map((peer) =>
    peer.nodeId === nodeIdOf(1) ? { ...peer, federation: 'other' } : peer
  )
  mounted = await mountPart(SettingsView, { recorded: { ...recorded, overview: { ...recorded.overview, peers } } })
  await write(field('Federation'), 'new')
  button('Change the federation').click()
  await flushPromises()
  expect(document.body.textContent).toContain('every link with laptops of kras-2026: 4 now')
})

describe('snapshots', () => {
  it('are listed with when, why and what, the newest few first', async () => {
    const recorded = richField(Date.now())
    const [one] = recorded.snapshots
    if (one === undefined) throw new Error('no snapshots recorded')
    const many = Array.from({ length: 9 }, (_, index) => ({ ...one, name: `00001${String(index)}-asked` }))
    mounted = await mountPart(SettingsView, { recorded: { ...recorded, snapshots: many } })
    await flushPromises()
    expect(document.querySelectorAll('tbody tr')).toHaveLength(5)
    expect(document.querySelector('tbody tr')?.textContent).toMatch(/\d\d:\d\d.*asked for.*4 missions.*5.*MB/s)
    button('Show all 9').click()
    await flushPromises()
    expect(document.querySelectorAll('tbody tr')).toHaveLength(9)
  })

  it('are gone back to only after the sheet said what comes, goes and stays', async () => {
    mounted = await mountPart(SettingsView)
    await flushPromises()
    document.querySelector<HTMLButtonElement>('tbody tr:nth-child(2) button')?.click()
    await flushPromises()
    const sheet = document.querySelector('[role=dialog], [role=alertdialog]')
    for (const words of ['Comes back', 'Goes', 'Stays', 'revocations', 'open.html'])
      expect(sheet?.textContent).toContain(words)
    expect(asked()).toEqual([])
    const confirm = [...document.querySelectorAll('button')].find((item) => /^Go back to /.test(item.textContent ?? ''))
    confirm?.click()
    await flushPromises()
    expect(asked()).toEqual([{ name: 'restoreSnapshot', argument: { name: '000003-hourly' } }])
  })

  it('that cannot be made say why', async () => {
    mounted = await mountPart(SettingsView)
    await flushPromises()
    mounted.answer('takeSnapshot', fail('no-room-for-snapshot'))
    button('Make one now').click()
    await flushPromises()
    expect(document.body.textContent).toContain('DSK-11')
  })

  it('are only looked at in a folder that is not written', async () => {
    mounted = await mountPart(SettingsView, { recorded: withNode({ readOnly: 'newer-data' }) })
    await flushPromises()
    expect(button('Make one now').getAttribute('aria-disabled') ?? String(button('Make one now').disabled)).toBe('true')
  })
})
