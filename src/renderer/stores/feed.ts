/** The window's copy of the overview: written by the feed only, through applyFeed. A gap subscribes anew. */
import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import type { ArgumentOf, AnswerOf, CommandName } from '@shared/contract'
import { applyFeed, type FeedMessage, type FeedState } from '@shared/feed'
import { fail, type Result } from '@shared/result'
import type { Connection, WindowClient } from '../engine-client'

export const useFeedStore = defineStore('feed', () => {
  const state = shallowRef<FeedState>()
  const connection = shallowRef<Connection>({ state: 'connecting' })
  /** When the newest message of the feed came: what is on screen is not newer than this. */
  const heardAt = shallowRef(0)
  let client: WindowClient | undefined
  let unsubscribe: (() => void) | undefined

  function start(newClient: WindowClient): void {
    client = newClient
    client.onConnection((next) => {
      connection.value = next
    })
    unsubscribe = client.subscribe(receive)
  }

  function receive(message: FeedMessage): void {
    const next = applyFeed(state.value, message)
    if (next === undefined) {
      unsubscribe?.()
      unsubscribe = client?.subscribe(receive)
      return
    }
    state.value = next
    heardAt.value = Date.now()
  }

  async function call<Name extends CommandName>(
    name: Name,
    argument: ArgumentOf<Name>
  ): Promise<Result<AnswerOf<Name>>> {
    if (client === undefined) return fail('engine-lost')
    return client.call(name, argument)
  }

  async function tile(...place: Parameters<WindowClient['tile']>): Promise<ArrayBuffer | undefined> {
    return client?.tile(...place)
  }

  return {
    overview: computed(() => state.value?.overview),
    revision: computed(() => state.value?.revision ?? 0),
    connection,
    heardAt,
    start,
    call,
    tile,
    reconnect: () => client?.reconnect(),
    files: () => client?.files,
    bundles: () => client?.bundles
  }
})
