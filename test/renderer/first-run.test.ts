// @vitest-environment happy-dom
import { flushPromises } from '@vue/test-utils'
import { afterEach, describe, expect, it } from 'vitest'
import { fail } from '@shared/result'
import App from '@/App.vue'
import { firstRunField } from '../window/recorded-trust'
import { mountPart, type Mounted } from './mounting'

let mounted: Mounted | undefined
afterEach(() => {
  mounted?.wrapper.unmount()
  document.body.innerHTML = ''
})

async function open(): Promise<Mounted> {
  const made = await mountPart(App, { path: '/peers', recorded: firstRunField(Date.now()) })
  await flushPromises()
  return made
}

async function press(words: string): Promise<void> {
  const found = [...document.querySelectorAll('button')].find((item) => item.textContent?.includes(words))
  if (found === undefined) throw new Error(`there is no button "${words}"`)
  found.click()
  await flushPromises()
}

async function fill(label: string, text: string): Promise<void> {
  const id = [...document.querySelectorAll('label')].find((item) => item.textContent === label)?.htmlFor ?? ''
  const input = document.getElementById(id) as HTMLInputElement
  input.value = text
  input.dispatchEvent(new Event('input', { bubbles: true }))
  await flushPromises()
}

const shown = (): string => document.body.textContent ?? ''

describe('the first steps', () => {
  it('have no rail and no strip, and start with the names that this laptop has', async () => {
    mounted = await open()
    expect(document.querySelector('.rail, .strip')).toBeNull()
    expect([...document.querySelectorAll('input')].map((input) => input.value)).toEqual(['toughbook-4', '', 'field'])
    expect(shown()).toContain('Step 1 of 3.')
  })

  it('keep the names, show the words, and end where the person wants to begin', async () => {
    mounted = await open()
    await fill('Callsign', ' OSC Sežana ')
    await fill('Laptop', 'Toughbook 4')
    await press('Continue')
    expect(shown()).toContain('These four words are this laptop')
    expect(shown()).toContain('Next, the system may ask about the firewall or the local network.')
    expect(shown()).toContain('OSC Sežana, on “Toughbook 4”')
    await press('Continue')
    expect(shown()).toContain('How do you want to begin?')
    await press('Work alone for now')
    expect(mounted.called).toEqual([
      {
        name: 'changeSettings',
        argument: { callsign: 'OSC Sežana', laptop: 'Toughbook 4', federation: 'field' }
      },
      { name: 'changeSettings', argument: { isSetUp: true } }
    ])
    const { node } = firstRunField(Date.now()).overview
    mounted.say({ slice: 'node', value: { ...node, isFirstRun: false } })
    await flushPromises()
    expect(document.querySelector('.rail')).not.toBeNull()
    expect(document.querySelector('[role=dialog]')?.textContent).toContain('New mission')
  })

  it('do not go on without a callsign, and say so at the field', async () => {
    mounted = await open()
    await fill('Callsign', '  ')
    await press('Continue')
    expect(shown()).toContain('Write a callsign of 1 to 64 characters.')
    expect(mounted.called).toEqual([])
    expect(document.activeElement?.getAttribute('aria-invalid')).toBe('true')
  })

  it('stay where they are when the engine refuses', async () => {
    mounted = await open()
    mounted.answer('changeSettings', fail('bad-setting', 'federation'))
    await press('Continue')
    expect(shown()).toContain('SET-01')
    expect(shown()).toContain('What do others call you?')
  })

  it('go back with what was typed', async () => {
    mounted = await open()
    await fill('Callsign', 'Falke 2')
    await press('Continue')
    await press('Back')
    expect(document.querySelector('input')?.value).toBe('Falke 2')
  })
})
