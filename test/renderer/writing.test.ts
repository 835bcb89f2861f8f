// @vitest-environment happy-dom
import { flushPromises } from '@vue/test-utils'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { ChangeName, FieldView } from '@shared/model'
import { fail, ok } from '@shared/result'
import ConflictPair from '@/components/ConflictPair.vue'
import EditText from '@/components/EditText.vue'
import LogComposer from '@/components/LogComposer.vue'
import { nodeIdOf, richField } from '../window/recorded'
import { mountPart, type Mounted } from './mounting'

const [mission] = richField(Date.now()).overview.missions

function field(...texts: readonly string[]): FieldView {
  const values = texts.map((text) => ({
    name: `name of ${text}` as ChangeName,
    value: text,
    author: nodeIdOf(1),
    authorName: 'Palmanova 1',
    at: 0
  }))
  return { field: 'text', values }
}

let mounted: Mounted | undefined
afterEach(() => mounted?.wrapper.unmount())

describe('writing to the log', () => {
  it('says saved only after the engine said so, and empties the field', async () => {
    mounted = await mountPart(LogComposer, { props: { mission } })
    const { wrapper, called } = mounted
    await wrapper.find('textarea').setValue(' Water tender at the gate ')
    await wrapper.find('form').trigger('submit')
    expect(wrapper.find('[role="status"]').text()).toBe('Saving')
    await flushPromises()
    expect(wrapper.find('[role="status"]').text()).toMatch(/^Saved \d\d:\d\d:\d\d$/)
    expect(wrapper.find('textarea').element.value).toBe('')
    const { changes } = called[0]?.argument as { changes: { entity: string }[] }
    expect(changes).toMatchObject([{ field: 'text', value: 'Water tender at the gate', seen: [] }])
    expect(changes[0]?.entity).toMatch(/^log\/[0-9a-f]{16}$/)
  })

  it('keeps the text and the name of the entry when saving fails', async () => {
    mounted = await mountPart(LogComposer, { props: { mission } })
    const { wrapper, called, answer } = mounted
    answer('write', fail('disk-full'))
    await wrapper.find('textarea').setValue('Water tender at the gate')
    await wrapper.find('form').trigger('submit')
    await flushPromises()
    expect(wrapper.find('textarea').element.value).toBe('Water tender at the gate')
    expect(wrapper.text()).toContain('DSK-01')
    expect(wrapper.text()).not.toContain('Saved')
    await wrapper.find('form').trigger('submit')
    await flushPromises()
    const names = called.map((call) => (call.argument as { changes: { entity: string }[] }).changes[0]?.entity)
    expect(names[1]).toBe(names[0])
  })
})

describe('editing a text', () => {
  async function edit(before: FieldView) {
    const save = vi.fn(async (_text: string, _seen: readonly ChangeName[]) => ok(null))
    mounted = await mountPart(EditText, { props: { label: 'Text', field: before, save } })
    await mounted.wrapper.find('input').setValue('Road 617 closed, both lanes')
    return { wrapper: mounted.wrapper, save }
  }

  it('never replaces what is being typed, says that another value came, and keeps both', async () => {
    const { wrapper, save } = await edit(field('Road 617 closed'))
    await wrapper.setProps({ field: field('Road 617 open') })
    expect(wrapper.find('input').element.value).toBe('Road 617 closed, both lanes')
    expect(wrapper.text()).toContain('Another value arrived while you were writing.')
    expect(wrapper.text()).toContain('“Road 617 open” by Palmanova 1')
    await wrapper.find('form').trigger('submit')
    await flushPromises()
    expect(save).toHaveBeenCalledWith('Road 617 closed, both lanes', ['name of Road 617 closed'])
  })

  it('replaces the other value when the person says so', async () => {
    const { wrapper, save } = await edit(field('Road 617 closed'))
    await wrapper.setProps({ field: field('Road 617 open') })
    await wrapper
      .findAll('button')
      .find((item) => item.text() === 'Mine replaces it')
      ?.trigger('click')
    expect(wrapper.text()).not.toContain('Another value arrived')
    await wrapper.find('form').trigger('submit')
    await flushPromises()
    expect(save).toHaveBeenCalledWith('Road 617 closed, both lanes', [
      'name of Road 617 closed',
      'name of Road 617 open'
    ])
  })

  it('keeps the text when saving fails', async () => {
    const { wrapper, save } = await edit(field('Road 617 closed'))
    save.mockResolvedValueOnce(fail('disk-failed') as never)
    await wrapper.find('form').trigger('submit')
    await flushPromises()
    expect(wrapper.text()).toContain('DSK-03')
    expect(wrapper.find('input').element.value).toBe('Road 617 closed, both lanes')
    expect(wrapper.emitted('saved')).toBeUndefined()
  })

  it('does not throw typed text away with Escape', async () => {
    const { wrapper } = await edit(field('Road 617 closed'))
    await wrapper.find('form').trigger('keydown', { key: 'Escape' })
    expect(wrapper.emitted('cancel')).toBeUndefined()
  })
})

describe('settling a conflict', () => {
  const conflict = { entity: 'log/a4', createdAt: 0, field: field('Wind 320°', 'Wind 230°', 'Wind 310°') }

  it('chooses nothing by itself and names every value it replaces', async () => {
    mounted = await mountPart(ConflictPair, { props: { mission, conflict } })
    const { wrapper, called } = mounted
    const settle = () => wrapper.findAll('button').at(-1)
    expect(settle()?.text()).toBe('Choose a side')
    expect(settle()?.attributes('disabled')).toBeDefined()
    document.dispatchEvent(new KeyboardEvent('keydown', { key: '2' }))
    await flushPromises()
    expect(settle()?.text()).toBe('Keep Palmanova 1’s text')
    await settle()?.trigger('click')
    await flushPromises()
    const seen = conflict.field.values.map((value) => value.name)
    expect(called).toMatchObject([
      { name: 'write', argument: { changes: [{ entity: 'log/a4', field: 'text', value: 'Wind 230°', seen }] } }
    ])
  })

  it('takes another text, starting from all', async () => {
    mounted = await mountPart(ConflictPair, { props: { mission, conflict } })
    const { wrapper, called } = mounted
    document.dispatchEvent(new KeyboardEvent('keydown', { key: 'e' }))
    await flushPromises()
    expect(wrapper.find('textarea').element.value).toBe('Wind 320°\nWind 230°\nWind 310°')
    await wrapper.find('textarea').setValue('Wind turns, 230° to 320°')
    await wrapper.findAll('button').at(-1)?.trigger('click')
    await flushPromises()
    expect(called).toMatchObject([{ argument: { changes: [{ value: 'Wind turns, 230° to 320°' }] } }])
  })

  it('settles nothing that came after the person looked', async () => {
    mounted = await mountPart(ConflictPair, { props: { mission, conflict } })
    const { wrapper } = mounted
    document.dispatchEvent(new KeyboardEvent('keydown', { key: '1' }))
    await wrapper.setProps({ conflict: { ...conflict, field: field('Wind 320°', 'Wind 230°', 'Wind 300°') } })
    expect(wrapper.text()).toContain('The sides have changed since you opened this.')
    expect(wrapper.findAll('button').at(-1)?.attributes('disabled')).toBeDefined()
  })
})
