// @vitest-environment happy-dom
import { flushPromises, mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { defineComponent, nextTick, ref } from 'vue'
import { describe, expect, it } from 'vitest'
import type { EntityView } from '@shared/model'
import { ok } from '@shared/result'
import { useEntities, type EntityList } from '@/composables/use-entities'
import type { WindowClient } from '@/engine-client'
import { useFeedStore } from '@/stores/feed'
import { missionIdOf, nodeIdOf } from '../window/recorded'
import { noBundles } from './no-bundles'

function entry(id: string): EntityView {
  return { entity: `log/${id}`, createdAt: 0, createdBy: nodeIdOf(1), createdByName: '', deleted: false, fields: [] }
}

function listOver(count: number) {
  const entries = Array.from({ length: count }, (_, index) => entry(String(index)))
  const asked: { offset: number; filter?: string }[] = []
  const client = {
    call: async (_name: string, argument: { offset: number; limit: number; filter?: string }) => {
      asked.push(argument)
      const found = entries.filter((item) => argument.filter === undefined || item.entity.includes(argument.filter))
      return ok({
        version: 1,
        total: found.length,
        offset: argument.offset,
        items: found.slice(argument.offset, argument.offset + argument.limit)
      })
    },
    subscribe: () => () => undefined,
    onConnection: () => () => undefined,
    reconnect: () => undefined,
    bundles: noBundles
  } as unknown as WindowClient
  setActivePinia(createPinia())
  useFeedStore().start(client)
  const version = ref(1)
  const filter = ref('')
  let list: EntityList | undefined
  mount(
    defineComponent(() => {
      list = useEntities(
        () => ({ missionId: missionIdOf(1), type: 'log', order: 'newest', filter: filter.value }),
        () => version.value
      )
      return () => null
    })
  )
  if (list === undefined) throw new Error('not mounted')
  return { list, entries, asked, version, filter }
}

describe('a list of any length', () => {
  it('asks for what is looked at, not for everything', async () => {
    const { list, asked } = listOver(100_000)
    await flushPromises()
    expect(list.total.value).toBe(100_000)
    list.show(70_010, 70_030)
    await flushPromises()
    expect(list.at(70_020)?.entity).toBe('log/70020')
    expect(list.at(3)).toBeUndefined()
    expect(asked.map((item) => item.offset)).toEqual([0, 70_000])
  })

  it('asks for both pages where the view crosses two', async () => {
    const { list } = listOver(500)
    await flushPromises()
    list.show(95, 105)
    await flushPromises()
    expect([list.at(99)?.entity, list.at(100)?.entity]).toEqual(['log/99', 'log/100'])
  })

  it('shows new entries at once while the top is looked at', async () => {
    const { list, entries, version } = listOver(60)
    await flushPromises()
    entries.unshift(entry('new'))
    version.value++
    await flushPromises()
    expect(list.at(0)?.entity).toBe('log/new')
    expect(list.waiting.value).toBe(0)
  })

  it('holds new entries back while somebody reads, until asked', async () => {
    const { list, entries, version } = listOver(200)
    await flushPromises()
    list.hold(true)
    list.show(120, 130)
    await flushPromises()
    entries.unshift(entry('new 1'), entry('new 2'))
    version.value++
    await flushPromises()
    expect(list.waiting.value).toBe(2)
    expect(list.total.value).toBe(200)
    expect(list.at(125)?.entity).toBe('log/125')
    list.release()
    await flushPromises()
    expect(list.waiting.value).toBe(0)
    expect(list.at(0)?.entity).toBe('log/new 1')
    expect(list.total.value).toBe(202)
  })

  it('ends with the newest state when changes come faster than answers', async () => {
    const { list, entries, version } = listOver(10)
    for (let index = 0; index < 20; index++) {
      entries.unshift(entry(`burst ${index}`))
      version.value++
      await nextTick()
    }
    await flushPromises()
    expect(list.total.value).toBe(30)
    expect(list.at(0)?.entity).toBe('log/burst 19')
  })

  it('starts again when the filter changes', async () => {
    const { list, filter, asked } = listOver(300)
    await flushPromises()
    filter.value = '29'
    await flushPromises()
    expect(asked.at(-1)?.filter).toBe('29')
    expect(list.total.value).toBe(13)
  })
})
