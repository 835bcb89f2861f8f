/**
 * A bundle on its way in, wherever it came from: looked at, and taken only when a person says so. And receipts, which
 * come back for bundles that went out.
 */
import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import type { BundleOrder, ChosenFile } from '@shared/contract'
import type { BundlePreview, BundleTaken, NodeId } from '@shared/model'
import { fail, type Problem, type Result } from '@shared/result'
import type { WrittenFor } from '../bundle-host'
import { useFeedStore } from './feed'

interface Looked {
  readonly id: string
  readonly name: string
  readonly preview: BundlePreview
}

export type BundleState =
  | { readonly stage: 'closed' }
  /** In bytes; `total` is 0 where nothing has to be sent first. */
  | { readonly stage: 'reading'; readonly name: string; readonly done: number; readonly total: number }
  | { readonly stage: 'refused'; readonly name: string; readonly problem: Problem }
  | (Looked & { readonly stage: 'seen'; readonly problem?: Problem })
  | (Looked & { readonly stage: 'taking' })
  | { readonly stage: 'taken'; readonly preview: BundlePreview; readonly taken: BundleTaken }
  | { readonly stage: 'receipt'; readonly name: string; readonly data: string; readonly problem?: Problem }
  | { readonly stage: 'receipt-taken'; readonly nodeId: NodeId; readonly missions: number }

export const useBundleStore = defineStore('bundle', () => {
  const feed = useFeedStore()
  const state = shallowRef<BundleState>({ stage: 'closed' })
  /** Grows with every choice: an answer about an earlier one is dropped. */
  let turn = 0

  function begin(name: string, total: number): number {
    leave()
    state.value = { stage: 'reading', name, done: 0, total }
    return turn
  }

  /** By the system's dialog; nothing is shown before something was chosen. */
  async function choose(): Promise<Result<null>> {
    const chosen = await feed.bundles()?.choose?.()
    if (chosen === undefined) return fail('engine-lost')
    if (!chosen.ok) return chosen
    if (chosen.value !== null) await look(chosen.value)
    return { ok: true, value: null }
  }

  async function open(files: readonly File[]): Promise<void> {
    const name = files[0]?.name ?? ''
    const mine = begin(
      name,
      files.reduce((sum, { size }) => sum + size, 0)
    )
    const host = feed.bundles()
    if (host === undefined) return
    const opened = await host.open(files, (bytes) => {
      if (mine !== turn || state.value.stage !== 'reading') return false
      state.value = { ...state.value, done: state.value.done + bytes }
      return true
    })
    if (mine !== turn) {
      if (opened.ok && opened.value.kind === 'bundle') host.leave(opened.value.id)
      return
    }
    if (opened.ok) await look(opened.value)
    else state.value = { stage: 'refused', name, problem: opened.problem }
  }

  async function look(chosen: ChosenFile): Promise<void> {
    const { name } = chosen
    const mine = begin(name, 0)
    if (chosen.kind === 'receipt') {
      state.value = { stage: 'receipt', name, data: chosen.data }
      return
    }
    const seen = await feed.bundles()?.preview(chosen.id)
    if (mine !== turn || seen === undefined) return
    if (seen.ok) state.value = { stage: 'seen', id: chosen.id, name, preview: seen.value }
    else {
      feed.bundles()?.leave(chosen.id)
      state.value = { stage: 'refused', name, problem: seen.problem }
    }
  }

  async function take(): Promise<void> {
    if (state.value.stage !== 'seen') return
    const { id, name, preview } = state.value
    state.value = { stage: 'taking', id, name, preview }
    const taken = await feed.bundles()?.take(id)
    if (taken === undefined) return
    state.value = taken.ok
      ? { stage: 'taken', preview, taken: taken.value }
      : { stage: 'seen', id, name, preview, problem: taken.problem }
  }

  async function takeReceipt(): Promise<void> {
    if (state.value.stage !== 'receipt') return
    const { name, data } = state.value
    const taken = await feed.call('takeReceipt', { data })
    state.value = taken.ok
      ? { stage: 'receipt-taken', ...taken.value }
      : { stage: 'receipt', name, data, problem: taken.problem }
  }

  function leave(): void {
    turn++
    if (state.value.stage === 'seen') feed.bundles()?.leave(state.value.id)
    state.value = { stage: 'closed' }
  }

  async function write(order: BundleOrder): Promise<Result<WrittenFor | null>> {
    return feed.bundles()?.write(order) ?? fail('engine-lost')
  }

  return {
    state,
    hasDialog: computed(() => feed.bundles()?.choose !== undefined),
    choose,
    open,
    look,
    take,
    takeReceipt,
    leave,
    write,
    cancel: () => feed.call('cancelBundle', null),
    progress: () => feed.call('bundleProgress', null),
    onOpened: () => feed.bundles()?.onOpened((chosen) => void look(chosen))
  }
})
