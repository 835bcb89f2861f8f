/**
 * Certificate files on their way in, wherever they came from: a file dialog, a drop, or opened from outside. The files may
 * hold a private key, so nothing of them stays once the pane is left.
 */
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import type { AnswerOf, OpenedFiles } from '@shared/contract'
import type { CertificatePreview, ImportAs } from '@shared/model'
import { fail, problem, type Problem, type Result } from '@shared/result'
import type { Scope } from '@shared/scope'
import { lengthOf, toBase64 } from '../display/base64'
import { useFeedStore } from './feed'

export interface ChosenFiles {
  readonly names: readonly string[]
  readonly bytes: number
  /** Base64. */
  readonly data: readonly string[]
}

export type ImportState =
  | { readonly stage: 'choose' }
  | { readonly stage: 'reading'; readonly names: readonly string[] }
  /** A password is needed, or the last one was wrong: the problem says which. */
  | {
      readonly stage: 'locked'
      readonly files: ChosenFiles
      readonly problem: Problem
      /** Of a package: what was looked at before. */
      readonly before?: CertificatePreview
    }
  | { readonly stage: 'refused'; readonly names: readonly string[]; readonly problem: Problem }
  | { readonly stage: 'seen'; readonly files: ChosenFiles; readonly preview: CertificatePreview }

export interface Grant {
  readonly as: ImportAs
  readonly scope?: Scope
  readonly until?: number
  readonly needsList?: boolean
}

/** Checked before a byte is read, so that a wrong drop of a film costs nothing; the engine counts again. */
export const importLimits = { bytes: 1024 * 1024, files: 10 } as const

export const useImportStore = defineStore('import', () => {
  const feed = useFeedStore()
  const state = shallowRef<ImportState>({ stage: 'choose' })
  let password: string | undefined
  let member: string | undefined
  /** Grows with every choice of files: an answer about earlier ones is dropped. */
  let turn = 0

  async function open(files: readonly File[]): Promise<void> {
    const mine = begin(files.map((file) => file.name))
    const tooMuch = refuse(files)
    if (tooMuch !== undefined) return show(mine, { stage: 'refused', names: names(files), problem: tooMuch })
    try {
      const data = await Promise.all(files.map(async (file) => toBase64(new Uint8Array(await file.arrayBuffer()))))
      await preview(mine, { names: names(files), bytes: sizeOf(files), data })
    } catch (error) {
      // A folder, or a file that went away between choosing and reading.
      const unread = problem('certificate-damaged', error instanceof Error ? error.message : String(error))
      show(mine, { stage: 'refused', names: names(files), problem: unread })
    }
  }

  function openRead({ names: fileNames, files }: OpenedFiles): Promise<void> {
    const mine = begin(fileNames)
    const bytes = files.reduce((sum, file) => sum + lengthOf(file), 0)
    return preview(mine, { names: fileNames, bytes, data: files })
  }

  async function unlock(typed: string): Promise<void> {
    if (state.value.stage !== 'locked') return
    password = typed
    await preview(turn, state.value.files, state.value.before)
  }

  /** Another file of the package that is looked at. */
  async function choose(name: string): Promise<void> {
    if (state.value.stage !== 'seen') return
    member = name
    await preview(turn, state.value.files, state.value.preview)
  }

  /** To what was looked at before a file of the package asked for its password. */
  function back(): void {
    if (state.value.stage !== 'locked' || state.value.before === undefined) return
    const { files, before } = state.value
    member = before.package?.member
    state.value = { stage: 'seen', files, preview: before }
  }

  async function preview(mine: number, files: ChosenFiles, before?: CertificatePreview): Promise<void> {
    const result = await feed.call('previewCertificates', argumentOf(files))
    if (result.ok) {
      member = result.value.package?.member
      return show(mine, { stage: 'seen', files, preview: result.value })
    }
    const isLocked = result.problem.code === 'password-needed' || result.problem.code === 'wrong-password'
    const more = before === undefined ? {} : { before }
    if (isLocked) return show(mine, { stage: 'locked', files, problem: result.problem, ...more })
    show(mine, { stage: 'refused', names: files.names, problem: result.problem })
  }

  async function confirm(grant: Grant): Promise<Result<AnswerOf<'importCertificates'>>> {
    if (state.value.stage !== 'seen') return fail('not-found', 'no files were looked at')
    return feed.call('importCertificates', { ...argumentOf(state.value.files), ...grant })
  }

  function argumentOf(files: ChosenFiles) {
    return {
      files: files.data,
      ...(password === undefined ? {} : { password }),
      ...(member === undefined ? {} : { member })
    }
  }

  function begin(fileNames: readonly string[]): number {
    password = member = undefined
    state.value = { stage: 'reading', names: fileNames }
    return ++turn
  }

  function show(mine: number, next: ImportState): void {
    if (mine === turn) state.value = next
  }

  function leave(): void {
    turn++
    password = member = undefined
    state.value = { stage: 'choose' }
  }

  return { state, open, openRead, unlock, choose, back, confirm, leave }
})

function refuse(files: readonly File[]): Problem | undefined {
  if (files.length > importLimits.files) return problem('chain-too-long', `${files.length} files`)
  return sizeOf(files) > importLimits.bytes ? problem('certificate-file-too-large') : undefined
}

function sizeOf(files: readonly File[]): number {
  return files.reduce((sum, file) => sum + file.size, 0)
}

function names(files: readonly File[]): readonly string[] {
  return files.map((file) => file.name)
}
